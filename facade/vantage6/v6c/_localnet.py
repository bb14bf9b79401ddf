"""Command `v6c localnet`."""

from __future__ import annotations

import runpy
import sys

import click


@click.command(
    "localnet",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def localnet(arguments: tuple[str, ...]) -> int:
    """Run a server and nodes on this machine: up, run, demo."""
    sys.argv = ["v6c localnet", *(arguments or ["--help"])]
    try:
        # As __main__, because that also installs the signal handlers.
        runpy.run_module("vantage6.localnet", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0
