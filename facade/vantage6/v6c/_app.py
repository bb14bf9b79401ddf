"""The command line: all commands, and the help above them."""

from __future__ import annotations

import click

from ._account import login, logout, version, whoami
from ._api import api
from ._codes import table_of_codes
from ._command import Group
from ._other import completion, localnet
from ._resources import GROUPS
from ._result import result
from ._task import task


class App(Group):
    """The program; its help tells the exit codes, too."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the exit codes below all else."""
        with formatter.section("Exit codes"):
            formatter.write_dl(table_of_codes())


app = App(
    "v6c",
    help="""
    Federated learning with vantage6, from a shell.

    Things go by their names, or by their ids. Where a command prints a table, --json gives the
    same to programs. Log in first, or set VANTAGE6_SERVER, VANTAGE6_USERNAME and VANTAGE6_PASSWORD.
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
