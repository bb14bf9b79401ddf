"""The command line `v6c`: what the client does, in a shell.

Nothing here is for import: `v6c --help` tells what there is, and docs/cli.md more. It is not called
`vantage6.cli`, which is a package of the platform's own command line.
"""
