"""Base classes, shared options and parameter types of the commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, cast, get_args

import click

from . import _connection as connection
from ._completers import ResourceKind, complete_names, complete_profiles
from ._connection import OPTION_PREFIX, ConnectionOptions, TrustMode
from ._output import print_json, print_row, print_rows, print_text
from ._values import ValueParseError, parse_json, parse_pair, unique_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vantage6.client import Client, Rows

T = TypeVar("T")
CONNECTION = "Connection"


class CommandContext:
    """Context object of a command: its client and its output format."""

    def __init__(self, options: ConnectionOptions, *, as_json: bool) -> None:
        self.options = options
        self.as_json = as_json

    @cached_property
    def client(self) -> Client:
        """The client, connected on first use and closed with the command."""
        return self._close_with_context(connection.connect(self.options))

    @cached_property
    def client_or_anonymous(self) -> Client:
        """The client, without a login if none is available."""
        return self._close_with_context(connection.connect_or_anonymous(self.options))

    def _close_with_context(self, client: Client) -> Client:
        click.get_current_context().call_on_close(client.close)
        return client

    def print_rows(self, rows: Rows[Any]) -> None:
        """Print rows."""
        print_rows(rows, as_json=self.as_json)

    def print_row(self, row: Mapping[str, Any]) -> None:
        """Print one row."""
        print_row(row, as_json=self.as_json)

    def print_secret(self, row: Mapping[str, Any]) -> None:
        """Print a row with the secret that the server sends only once."""
        print_row(row, as_json=self.as_json, secrets=True)

    def print_change(self, method: str, kind: str, response: Any) -> None:
        """Print the outcome of a change: the server's message, or the row with its secret."""
        if isinstance(response, list):  # the organizations that are members from now on
            members = cast("list[Any]", response)
            names = ", ".join(str(row["name"]) for row in members)
            self.print_message(f"organizations of the {kind}: {names}", members)
        elif secrets := [name for name in ("api_key", "client_secret") if response.get(name)]:
            fields = [name for name in ("id", "name", "username", *secrets) if response.get(name)]
            self.print_secret({name: response[name] for name in fields})
        elif "id" not in response:
            self.print_message(response["msg"], response)
        else:
            name = response.get("name") or response.get("username")
            done = "created" if method == "create" else "changed"
            self.print_message(f"{done} {kind} {response['id']}, {name!r}", response)

    def print_message(self, text: str, document: object) -> None:
        """Print a message, or the document with --json."""
        if self.as_json:
            print_json(document)
        else:
            print_text(text)


class ConnectionOption(click.Option):
    """Connection option; the help lists these in a section of their own."""


class Command(click.Command):
    """Command with the connection options; passes a `CommandContext` as the context object."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(["--json", f"{OPTION_PREFIX}json"], is_flag=True, help="Print JSON."),
            *connection_options({name for param in self.params for name in param.opts}),
        ]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command with its `CommandContext`."""
        options = ConnectionOptions.pop_from(ctx.params, ctx.find_root().params)
        ctx.obj = CommandContext(options, as_json=ctx.params.pop(f"{OPTION_PREFIX}json"))
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, connection options last."""
        titles = {False: "Options", True: CONNECTION}
        for is_connecting, title in titles.items():
            lines = [
                line
                for param in self.get_params(ctx)
                if isinstance(param, click.Option)
                and isinstance(param, ConnectionOption) is is_connecting
                and (line := param.get_help_record(ctx))
            ]
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


def connection_options(taken: set[str]) -> list[click.Option]:
    """Create the connection options, except those that the command defines itself."""
    options = [
        _connection_option(
            "-p",
            "profile",
            "Profile to connect with.",
            metavar="NAME",
            shell_complete=complete_profiles,
        ),
        _connection_option(
            "-s", "server", "Server API address, such as https://host/api.", metavar="URL"
        ),
        _connection_option("-u", "username", "Username.", metavar="NAME"),
        _connection_option(
            "-c",
            "collaboration",
            "Collaboration.",
            metavar="NAME",
            shell_complete=complete_names("collaboration"),
        ),
        _connection_option(
            "-k",
            "private_key",
            "Private key of your organization: a file, or its text.",
            metavar="FILE",
            type=click.Path(),
        ),
        ConnectionOption(
            ["--trust", f"{OPTION_PREFIX}trust"],
            type=click.Choice(get_args(TrustMode)),
            help="How far to trust the server about public keys; the strictest setting applies.",
        ),
        _connection_option("-v", "verbose", "Log what the client does.", is_flag=True),
    ]
    return [option for option in options if not taken & set(option.opts)]


def _connection_option(short: str, name: str, help_: str, **others: Any) -> click.Option:
    return ConnectionOption(
        [short, f"--{name.replace('_', '-')}", OPTION_PREFIX + name], help=help_, **others
    )


class Group(click.Group):
    """Group that suggests similar split_names for an unknown command."""

    command_class = Command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; raise an error with suggestions if it is unknown."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise UnknownCommandError(name, self.list_commands(ctx), ctx)
        return super().resolve_command(ctx, args)


class UnknownCommandError(click.UsageError):
    """No command has this name."""

    def __init__(self, name: str, known: Sequence[str], ctx: click.Context) -> None:
        near = get_close_matches(name, known, n=5, cutoff=0.5)
        hint = f" Use one of: {', '.join(known)}." if len(known) < 30 else ""
        if near:
            hint = f" Did you mean {' or '.join(map(repr, near))}?"
        super().__init__(f"unknown command {name!r}.{hint}", ctx)


# -- parameter types and options ------------------------------------------------------------------
def split_names(word: str) -> list[str]:
    """Split a comma-separated list of split_names."""
    return [name for name in (part.strip() for part in word.split(",")) if name]


def option_type(parse: Callable[[str], T]) -> Callable[[str], T]:
    """Create the type of an option from a function that may raise a `ValueParseError`."""

    def convert(word: str) -> T:
        try:
            return parse(word)
        except ValueParseError as error:
            raise click.BadParameter(str(error)) from None

    return convert


def read_document(file: str, option: str) -> object:
    """Parse a JSON document from a file, or from standard input for "-"."""
    try:
        with click.open_file(file, "rb") as stream:
            content = stream.read()
        return parse_json(content, "standard input" if file == "-" else file)
    except OSError as error:
        raise click.BadParameter(f"{file}: {error.strerror}", param_hint=option) from None
    except ValueParseError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def name_option(
    kind: ResourceKind, *names: str, **settings: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add an option that takes a name and completes it."""
    complete = complete_names(kind)
    return click.option(*names, metavar="NAME", shell_complete=complete, **settings)


def kwarg_option(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the option of keyword arguments."""
    return click.option(
        "--kwarg",
        name,
        type=option_type(parse_pair),
        callback=_unique,
        multiple=True,
        metavar="NAME=VALUE",
        help="Keyword argument: JSON or text; repeatable.",
    )


def _unique(
    _context: click.Context, _option: click.Parameter, pairs: Iterable[tuple[str, object]]
) -> dict[str, object]:
    """Return keyword arguments as a dict; each may be passed once."""
    try:
        return unique_pairs(pairs)
    except ValueParseError as error:
        raise click.BadParameter(str(error)) from None


def list_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that all list commands share."""
    fields_ = click.option("--fields", type=split_names, metavar="A,B", help="Fields to include.")
    limit = click.option(
        "--limit", type=click.IntRange(1), metavar="N", help="Maximum number of rows."
    )
    return limit(fields_(function))


class PageArguments(TypedDict, total=False):
    """Paging arguments of the client's `list` methods."""

    page: int
    per_page: int


def page_arguments(limit: int | None) -> PageArguments:
    """Return the paging arguments for a limit."""
    return {} if limit is None else {"page": 1, "per_page": limit}
