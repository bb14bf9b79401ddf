"""Command-line interface `v6c`; run `v6c --help`."""

# Not `vantage6.cli`: that is a package of the platform's own command line.
