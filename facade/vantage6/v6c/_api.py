"""`v6c api`: every operation of the bindings, with the parameters of its contract."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._command import Command, Group, Shell, read_document
from ._connect import OWN
from ._operations import SERVICES, Operation, Parameter, Service, operations
from ._output import say, show_json
from ._values import NotAValueError, document_of, looks_like_json

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

TYPES: Mapping[str, type[object]] = {"int": int, "bool": bool, "str": str}


class Operations(Group):
    """The operations of the server, and with --store those of an algorithm store."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all operations."""
        return sorted({name for service in SERVICES for name in operations(service)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make the command of an operation."""
        order: list[Service] = ["store", "server"] if ctx.meta.get("store") else ["server", "store"]
        name = cmd_name.replace("-", "_")
        for service in order:
            if name in operations(service):
                return _command(operations(service)[name])
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the operation; where both services have one, --store says which is meant."""
        ctx.meta["store"] = any(arg.split("=")[0] == "--store" for arg in args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Leave the operations to --list: there are many."""


def _list(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    known = [operation for service in SERVICES for operation in operations(service).values()]
    width = max(len(operation.name) for operation in known)
    for operation in known:
        say(f"{operation.service:<6}  {operation.name:<{width}}  {operation.summary}")
    ctx.exit()


@click.group(
    "api",
    cls=Operations,
    no_args_is_help=True,
    subcommand_metavar="OPERATION [OPTIONS]",
)
@click.option(
    "--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List them all."
)
def api() -> None:
    """Use any operation of the API; the answer is JSON.

    It is that of the server or, with --store, of an algorithm store.

    v6c api OPERATION --help tells what one takes. Here there are ids, and no names.

    \b
      v6c api list_tasks --collaboration-id 1 --per-page 5
      v6c api update_node --id 3 --body '{"name": "ours"}'
      v6c api list_algorithms --store "local store"
    """  # noqa: D301 - the mark is a character for click


def _command(operation: Operation) -> click.Command:
    """Make the command of an operation."""
    options: list[click.Parameter] = [_option(parameter) for parameter in operation.parameters]
    if operation.body == "bytes":
        told = "A file with what to send, or - for standard input."
        options.append(_own("body", told, required=True, metavar="FILE"))
    elif operation.body:
        told = "JSON, a file with it, or - for standard input."
        options.append(_own("body", told, required=True, metavar="JSON"))
    if operation.service == "store":
        options.append(_own("store", "The algorithm store to ask.", required=True, metavar="NAME"))
    if operation.answer == "bytes":
        file = click.Path(dir_okay=False, path_type=Path)
        options.append(
            _own("output", "Where to write it, for you alone.", type=file, metavar="FILE")
        )
    options.append(
        _own("show_secrets", "Show tokens, keys and the like as they are.", is_flag=True)
    )

    @click.pass_obj
    def use(shell: Shell, **given: Any) -> None:
        _use(operation, shell, given)

    return Command(
        operation.name,
        callback=use,
        params=options,
        help="\n\n".join(filter(None, (operation.summary, operation.details, _told(operation)))),
        short_help=operation.summary,
    )


def _own(name: str, help_: str, **others: Any) -> click.Option:
    """Make an option that is none of the operation's parameters."""
    return click.Option([f"--{name.replace('_', '-')}", OWN + name], help=help_, **others)


def _option(parameter: Parameter) -> click.Option:
    return click.Option(
        [f"--{parameter.name.replace('_', '-')}", parameter.name],
        type=TYPES[parameter.type],
        multiple=parameter.is_list,
        required=parameter.is_required,
        help=parameter.help,
    )


def _told(operation: Operation) -> str:
    """Tell what the body holds and what the answer is."""
    lines = [f"{name}: {type_}" for name, type_ in operation.fields]
    body = "\n".join(("\b", "The body (? may be left out):", *(f"  {line}" for line in lines)))
    return "\n\n".join((*([body] if lines else []), f"It answers {operation.answer}."))


def _use(operation: Operation, shell: Shell, given: dict[str, Any]) -> None:
    """Send a request, and show the answer."""
    body, store, output, secrets = (
        given.pop(OWN + name, None) for name in ("body", "store", "output", "show_secrets")
    )
    given = {name: value for name, value in given.items() if value not in (None, ())}
    if operation.body == "bytes":
        call = operation.call(**given, body=b"")
        answer = _exchange(shell, call, _bytes_of(body))
    elif operation.answer == "bytes":
        if output is None and sys.stdout.isatty():
            raise click.UsageError("these are bytes: give --output FILE")
        _write(lambda: _exchange(shell, operation.call(**given), None), output)
        return
    else:
        if operation.body:
            given["body"] = _body(body or "")
        call = operation.call(**given)
        if store is not None:
            shell.client_of_anyone.store.set(store)
        answer = shell.client_of_anyone.request(
            call.path,
            call.body,
            call.method,
            call.query,
            is_for_algorithm_store=store is not None,
        )
    show_json(answer, secrets=bool(secrets))


def _body(given: str) -> object:
    """Read a body: JSON itself, or a file with it."""
    if not looks_like_json(given):
        return read_document(given, "--body")
    try:
        return document_of(given, "this")
    except NotAValueError as error:
        raise click.BadParameter(str(error), param_hint="--body") from None


def _bytes_of(file: str | None) -> bytes:
    try:
        with click.open_file(file or "-", "rb") as stream:
            return stream.read()
    except OSError as error:
        raise click.BadParameter(str(error), param_hint="--body") from None


def _exchange(shell: Shell, call: Call[object], content: bytes | None) -> Any:
    """Send a request whose body or answer is bytes; give bytes, or what JSON stands for."""
    sender = shell.client_of_anyone.api.get_httpx_client()
    headers = {} if content is None else {"Content-Type": "application/octet-stream"}
    answer = sender.request(call.method, call.path, content=content, headers=headers)
    if answer.is_success:
        return answer.content if content is None else answer.json()
    raise _refused(answer.status_code, answer.text, f"{answer.url}", call.method)


def _refused(status: int, text: str, url: str, method: str) -> Exception:
    from vantage6.client import NotFoundError, PermissionDeniedError, ServerError, StatusError

    kinds: dict[int, type[StatusError]] = {
        401: PermissionDeniedError,
        403: PermissionDeniedError,
        404: NotFoundError,
    }
    kind = kinds.get(status, ServerError if status >= 500 else StatusError)
    return kind(text.strip(), method=method, url=url, status=status, body=text)


def _write(fetch: Callable[[], bytes], file: Path | None) -> None:
    """Write bytes to a file, which is looked at before they are fetched, or to standard output."""
    from vantage6.client._storage.files import atomic_write

    if file is None:
        sys.stdout.buffer.write(fetch())
        return
    with atomic_write(file) as target:
        size = target.write(fetch())
    say(f"{file} has {size} bytes")
