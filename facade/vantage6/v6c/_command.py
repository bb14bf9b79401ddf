"""What the commands have in common: their options, their way to the client, and their help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import click

from ._complete import Kind, names_of, names_of_profiles
from ._connect import OWN, Options
from ._output import say, show_json, show_row, show_rows
from ._values import NotAValueError, document_of, pair_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vantage6.client import Client, Rows

CONNECTION = "Connection"


class Shell:
    """What a command works with: the client, and where its output goes.

    Parameters
    ----------
    options : Options
        How to connect.
    as_json : bool
        Whether the output is JSON.
    """

    def __init__(self, options: Options, *, as_json: bool) -> None:
        self.options = options
        self.as_json = as_json

    @cached_property
    def client(self) -> Client:
        """The client, connected when it is first used, and closed when the command ends."""
        from ._connect import connect

        return self._closing(connect(self.options))

    @cached_property
    def client_of_anyone(self) -> Client:
        """The same, but without a login where there is none."""
        from ._connect import connect_at_all

        return self._closing(connect_at_all(self.options))

    def _closing(self, client: Client) -> Client:
        click.get_current_context().call_on_close(client.close)
        return client

    def rows(self, rows: Rows[Any]) -> None:
        """Show rows."""
        show_rows(rows, as_json=self.as_json)

    def row(self, row: Mapping[str, Any]) -> None:
        """Show one row."""
        show_row(row, as_json=self.as_json)

    def tell(self, text: str, document: object) -> None:
        """Tell people what was done, and programs the same as a document."""
        if self.as_json:
            show_json(document)
        else:
            say(text)


class Connecting(click.Option):
    """An option that says how to connect; the help lists these apart."""


class Command(click.Command):
    """A command that may talk to a server: it has the options for that, and gets a `Shell`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(["--json", f"{OWN}json"], is_flag=True, help="Give JSON, for programs."),
            *_connection_options({name for param in self.params for name in param.opts}),
        ]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command with its `Shell`."""
        ctx.obj = Shell(Options.taken_from(ctx.params), as_json=ctx.params.pop(f"{OWN}json"))
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, those for the connection last."""
        named = {False: "Options", True: CONNECTION}
        for is_connecting, title in named.items():
            lines = [
                line
                for param in self.get_params(ctx)
                if isinstance(param, click.Option)
                and isinstance(param, Connecting) is is_connecting
                and (line := param.get_help_record(ctx))
            ]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


def _connection_options(taken: set[str]) -> list[click.Option]:
    """Make the options for the connection, but for those that a command has itself."""
    file = click.Path(dir_okay=False, path_type=Path)
    options = [
        _connecting(
            "-p",
            "profile",
            "Connect as this profile says.",
            metavar="NAME",
            shell_complete=names_of_profiles,
        ),
        _connecting("-s", "server", "The server's API: https://host/api.", metavar="URL"),
        _connecting("-u", "username", "The user.", metavar="NAME"),
        _connecting(
            "-c",
            "collaboration",
            "The collaboration.",
            metavar="NAME",
            shell_complete=names_of("collaboration"),
        ),
        _connecting("-k", "private_key", "Your organization's key.", metavar="FILE", type=file),
        _connecting("-v", "verbose", "Tell what the client does.", is_flag=True),
    ]
    return [option for option in options if not taken & set(option.opts)]


def _connecting(short: str, name: str, help_: str, **others: Any) -> click.Option:
    return Connecting([short, f"--{name.replace('_', '-')}", OWN + name], help=help_, **others)


class Group(click.Group):
    """Commands about one kind of thing; a wrong name is answered with those that are near."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which there is."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise NoSuchCommand(name, self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)


class NoSuchCommand(click.UsageError):
    """There is no command of this name."""

    def __init__(self, name: str, known: Sequence[str], ctx: click.Context) -> None:
        near = get_close_matches(name, known, n=5, cutoff=0.5)
        there = near or (known if len(known) < 20 else ())
        told = f"; there is {', '.join(there)}" if there else ""
        super().__init__(f"there is no command {name!r}{told}", ctx)


# -- words ----------------------------------------------------------------------------------------
def names(word: str) -> list[str]:
    """Read names with commas between them."""
    return [name for name in (part.strip() for part in word.split(",")) if name]


def pair(word: str) -> tuple[str, object]:
    """Read NAME=VALUE."""
    try:
        return pair_of(word)
    except NotAValueError as error:
        raise click.BadParameter(str(error)) from None


def read_document(file: str, option: str) -> object:
    """Read a JSON document from a file or from standard input.

    Parameters
    ----------
    file : str
        Name of the file; ``-`` for standard input.
    option : str
        The option that names it.

    Returns
    -------
    object
        What the document stands for.

    Raises
    ------
    click.BadParameter
        When there is no such file, or no JSON in it.
    """
    try:
        with click.open_file(file, "rb") as stream:
            content = stream.read()
        return document_of(content, "standard input" if file == "-" else file)
    except (OSError, NotAValueError) as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def named(
    kind: Kind, *names: str, **settings: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command an option that takes the name of something, and completes it."""
    complete = names_of(kind)
    return click.option(*names, metavar="NAME", shell_complete=complete, **settings)


def listing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that lists rows the options that all of these have."""
    fields_ = click.option("--fields", type=names, metavar="A,B", help="Only these fields.")
    limit = click.option("--limit", type=click.IntRange(1), metavar="N", help="Only so many rows.")
    return limit(fields_(function))


class Page(TypedDict, total=False):
    """The client's words for a part of a listing."""

    page: int
    per_page: int


def paged(limit: int | None) -> Page:
    """Say in the client's words how many rows are wanted."""
    return {} if limit is None else {"page": 1, "per_page": limit}
