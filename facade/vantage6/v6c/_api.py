"""Command `v6c api`: call any operation of the bindings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._command import Command, CommandContext, Group, read_document
from ._connection import OPTION_PREFIX, is_at_hq
from ._operations import HQ_SERVICES, SERVICES, Operation, Parameter, Service, operations
from ._output import print_json, print_text
from ._values import ValueParseError, looks_like_json, parse_json

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

TYPES: Mapping[str, type[object]] = {"int": int, "bool": bool, "str": str}


class Operations(Group):
    """Group with one command per operation of the server and the algorithm stores."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all operations."""
        services = (*SERVICES, *HQ_SERVICES)
        return sorted({name for service in services for name in operations(service)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Create the command for an operation."""
        # An operation of the other generation is found, too: the server says if it lacks it.
        own, other = (HQ_SERVICES, SERVICES) if ctx.meta.get("hq") else (SERVICES, HQ_SERVICES)
        order: list[Service] = [own[0], other[0], own[1], other[1]]
        if ctx.meta.get("store"):
            order = order[2:] + order[:2]
        name = cmd_name.replace("-", "_")
        for service in order:
            if name in operations(service):
                return _create_command(operations(service)[name])
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve the operation; --store selects the one of the algorithm store."""
        ctx.meta["store"] = any(arg.split("=")[0] == "--store" for arg in args)
        before = ctx.find_root().params
        profile = _value_of(args, "-p", "--profile") or before.get(f"{OPTION_PREFIX}profile")
        server = _value_of(args, "-s", "--server") or before.get(f"{OPTION_PREFIX}server")
        ctx.meta["hq"] = is_at_hq(profile, server)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write nothing: --list prints the operations."""


def _value_of(args: list[str], *names: str) -> str | None:
    """Return the value of an option, before its command is known."""
    for arg, following in zip(args, [*args[1:], None], strict=True):
        name, equals, value = arg.partition("=")
        if name in names:
            return value if equals else following
    return None


def _list_operations(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if not value or ctx.resilient_parsing:
        return
    services = HQ_SERVICES if is_at_hq() else SERVICES
    all_operations = [
        operation for service in services for operation in operations(service).values()
    ]
    width = max(len(operation.name) for operation in all_operations)
    column = max(map(len, services))
    for operation in all_operations:
        print_text(f"{operation.service:<{column}}  {operation.name:<{width}}  {operation.summary}")
    ctx.exit()


@click.group(
    "api",
    cls=Operations,
    no_args_is_help=True,
    subcommand_metavar="OPERATION [OPTIONS]",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_operations,
    help="List all operations.",
)
def api() -> None:
    """Call any operation of the API and print the JSON response.

    The operation is one of the server or, with --store, of an algorithm store.

    With a profile of HQ or VANTAGE6_AUTH_URL, the operations are those of version 5.

    v6c api OPERATION --help lists its parameters. Pass ids; names are not resolved here.

    \b
      v6c api list_tasks --collaboration-id 1 --per-page 5
      v6c api update_node --id 3 --body '{"name": "ours"}'
      v6c api list_algorithms --store "local store"
    """  # noqa: D301 - click reads "\b" as "do not rewrap"


def _create_command(operation: Operation) -> click.Command:
    """Create the command for an operation."""
    options: list[click.Parameter] = [
        _create_option(parameter) for parameter in operation.parameters
    ]
    if operation.body == "bytes":
        help_ = "File to send; - is standard input."
        options.append(_command_option("body", help_, required=True, metavar="FILE"))
    elif operation.body:
        help_ = "JSON, or a JSON file; - is standard input."
        options.append(_command_option("body", help_, required=True, metavar="JSON"))
    if operation.is_of_store:
        options.append(_command_option("store", "Algorithm store.", required=True, metavar="NAME"))
    if operation.response_type == "bytes":
        file = click.Path(dir_okay=False, path_type=Path)
        options.append(
            _command_option(
                "output", "Output file, readable only by you.", type=file, metavar="FILE"
            )
        )
    options.append(
        _command_option(
            "show_secrets", "Print tokens, keys and other secrets unmasked.", is_flag=True
        )
    )

    @click.pass_obj
    def call(context: CommandContext, **values: Any) -> None:
        _call_operation(operation, context, values)

    return Command(
        operation.name,
        callback=call,
        params=options,
        help="\n\n".join(
            filter(None, (operation.summary, operation.details, _format_types(operation)))
        ),
        short_help=operation.summary,
    )


def _command_option(name: str, help_: str, **others: Any) -> click.Option:
    """Create an option that is not a parameter of the operation."""
    return click.Option([f"--{name.replace('_', '-')}", OPTION_PREFIX + name], help=help_, **others)


def _create_option(parameter: Parameter) -> click.Option:
    return click.Option(
        [f"--{parameter.name.replace('_', '-')}", parameter.name],
        type=TYPES[parameter.type],
        multiple=parameter.is_list,
        required=parameter.is_required,
        help=parameter.help,
    )


def _format_types(operation: Operation) -> str:
    """Return the help text for the request body and the response."""
    lines = [f"{name}: {type_}" for name, type_ in operation.fields]
    body = "\n".join(
        ("\b", "Request body (? marks optional fields):", *(f"  {line}" for line in lines))
    )
    return "\n\n".join((*([body] if lines else []), f"Response: {operation.response_type}."))


def _call_operation(operation: Operation, context: CommandContext, values: dict[str, Any]) -> None:
    """Send the request and print the response."""
    body, store, output, secrets = (
        values.pop(OPTION_PREFIX + name, None)
        for name in ("body", "store", "output", "show_secrets")
    )
    values = {name: value for name, value in values.items() if value not in (None, ())}
    if operation.body == "bytes":
        call = operation.call(**values, body=b"")
        response = _send_binary(context, call, _read_bytes(body))
    elif operation.response_type == "bytes":
        if output is None and sys.stdout.isatty():
            raise click.UsageError(
                "cannot print a binary response to a terminal. Pass --output FILE."
            )
        _write_output(lambda: _send_binary(context, operation.call(**values), None), output)
        return
    else:
        if operation.body:
            values["body"] = _parse_body(body or "")
        call = operation.call(**values)
        if store is not None:
            context.client_or_anonymous.store.set(store)
        response = context.client_or_anonymous.request(
            call.path,
            call.body,
            call.method,
            call.query,
            is_for_algorithm_store=store is not None,
        )
    print_json(response, secrets=bool(secrets))


def _parse_body(text: str) -> object:
    """Parse a body from JSON text or from a JSON file."""
    if not looks_like_json(text):
        return read_document(text, "--body")
    try:
        return parse_json(text, "value")
    except ValueParseError as error:
        raise click.BadParameter(str(error), param_hint="--body") from None


def _read_bytes(file: str | None) -> bytes:
    try:
        with click.open_file(file or "-", "rb") as stream:
            return stream.read()
    except OSError as error:
        raise click.BadParameter(f"{file}: {error.strerror}", param_hint="--body") from None


def _send_binary(context: CommandContext, call: Call[object], content: bytes | None) -> Any:
    """Send a request with a binary body or a binary response."""
    from vantage6.bindings.secret import hide_keys
    from vantage6.client import InvalidInputError

    if hide_keys(call.path) != call.path:
        raise InvalidInputError("path: expected no private key, got the text of one")
    sender = context.client_or_anonymous.api.get_httpx_client()
    headers = {} if content is None else {"Content-Type": "application/octet-stream"}
    response = sender.request(call.method, call.path, content=content, headers=headers)
    if response.is_success:
        return response.content if content is None else response.json()
    raise _status_error(response.status_code, response.text, f"{response.url}", call.method)


def _status_error(status: int, text: str, url: str, method: str) -> Exception:
    from vantage6.bindings.secret import scrub
    from vantage6.client import NotFoundError, PermissionDeniedError, ServerError, StatusError

    kinds: dict[int, type[StatusError]] = {
        401: PermissionDeniedError,
        403: PermissionDeniedError,
        404: NotFoundError,
    }
    text = scrub(text)
    kind = kinds.get(status, ServerError if status >= 500 else StatusError)
    return kind(text.strip(), method=method, url=url, status=status, body=text)


def _write_output(fetch: Callable[[], bytes], file: Path | None) -> None:
    """Write downloaded bytes to a file or to standard output."""
    # The file is checked before the download starts.
    from vantage6.client._storage.files import atomic_write

    if file is None:
        sys.stdout.buffer.write(fetch())
        return
    with atomic_write(file) as target:
        size = target.write(fetch())
    print_text(f"wrote {size} bytes to {file}")
