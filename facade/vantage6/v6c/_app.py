"""The click application: the root group with all commands."""

from __future__ import annotations

import click

from ._account import login, logout, version, whoami
from ._api import api
from ._command import Group, connection_options
from ._completion import completion
from ._doctor import doctor
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


@click.command("help")
@click.argument("words", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...]) -> None:
    """Show the help of a command."""
    context = ctx.find_root()
    for word in words:
        group = context.command
        if not isinstance(group, click.Group):
            raise click.UsageError(f"{context.command_path}: expected no further command.", ctx)
        name, command, _ = group.resolve_command(context, [word])
        if command is not None:
            context = click.Context(command, parent=context, info_name=name)
    click.echo(context.get_help())


app = App(
    "v6c",
    params=[*connection_options(set())],
    help="""
    Federated learning with vantage6, from a shell.

    Arguments take names or ids. Commands that print tables print JSON with --json. Log in first,
    or set VANTAGE6_SERVER, VANTAGE6_USERNAME and VANTAGE6_PASSWORD. The options of the connection
    come before or after a command.
    """,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
click.version_option(package_name="vantage6-sdk", message="%(prog)s %(version)s")(app)
for command in (
    login,
    logout,
    whoami,
    doctor,
    *GROUPS,
    task,
    result,
    api,
    localnet,
    completion,
    version,
    help_,
):
    app.add_command(command)
