"""The click application: the root group with all commands."""

from __future__ import annotations

import click

from ._account import login, logout, version, whoami
from ._api import api
from ._command import Group
from ._completion import completion
from ._exit_codes import exit_code_table
from ._localnet import localnet
from ._resources import GROUPS
from ._result import result
from ._task import task


class App(Group):
    """Root group; its help ends with the table of exit codes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of exit codes."""
        with formatter.section("Exit codes"):
            formatter.write_dl(exit_code_table())


app = App(
    "v6c",
    help="""
    Federated learning with vantage6, from a shell.

    Arguments take names or ids. Commands that print tables print JSON with --json. Log in first,
    or set VANTAGE6_SERVER, VANTAGE6_USERNAME and VANTAGE6_PASSWORD.
    """,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
for command in (
    login,
    logout,
    whoami,
    *GROUPS,
    task,
    result,
    api,
    localnet,
    completion,
    version,
):
    app.add_command(command)
