"""Mask secrets in arguments, responses and tracebacks.

A traceback may be shown with the local variables of its frames. What is secret is a `Secret` in all
frames of this package, from the first line of the method that takes it; and the frames of the
libraries below, which hold requests as they are sent, are taken out of the errors that pass here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from vantage6.bindings.secret import HIDDEN, Secret, SecretBytes, is_secret, scrub, shaded

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from types import TracebackType

    from .route import Cert

    Proxy = str | Literal[False]

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)
# The operations that are answered with something secret. Of users, servers tell the second factor.
SECRET_OPERATIONS = frozenset(
    {
        "create_container_token",
        "create_node",
        "create_node_token",
        "create_user",
        "create_user_token",
        "get_user",
        "list_users",
        "refresh_token",
        "request",  # that of client.request, which may be any
        "reset_api_key",
        "reset_two_factor",
        "update_user",
    }
)
# Their frames have requests and answers in them as they are: headers, bodies, bytes.
LIBRARIES = frozenset(
    {
        "anyio",
        "asyncio",
        "encodings",
        "h11",
        "httpcore",
        "httpx",
        "json",
        "socket",
        "socksio",
        "ssl",
    }
)
# So have those of this package that do their work, between the libraries and the HTTP client.
OWN_MODULES = frozenset(
    {
        "contextlib",
        "vantage6.client._async.core.pools",
        "vantage6.client._http.limits",
        "vantage6.client._http.network",
        "vantage6.client._sync.core.pools",
    }
)


def secret(text: str, argument: str) -> Secret:
    """Accept a secret that a user gave."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - users' own
        raise InvalidInputError(f"{argument} must be a str, not {type(text).__name__}")
    return Secret(text)


def secret_bytes(text: str | bytes | None) -> SecretBytes | None:
    """Accept a passphrase."""
    if text is None:
        return None
    if not isinstance(text, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"passphrase must be a str or bytes, not {type(text).__name__}")
    return SecretBytes(text.encode() if isinstance(text, str) else text)


def mask_route(cert: Cert | None, proxy: Proxy | None) -> tuple[Cert | None, Proxy | None]:
    """Accept how to get to a server: a proxy may want a login, and a key a passphrase."""
    if isinstance(cert, tuple) and len(cert) == 3:
        cert = (cert[0], cert[1], Secret(cert[2]))
    return cert, Secret(proxy) if isinstance(proxy, str) and "@" in proxy else proxy


def mask_response(operation: str, body: T) -> T:
    """Hide what is secret in an answer."""
    return shaded(body) if operation in SECRET_OPERATIONS else body


def redact(body: object) -> object:
    """Take out what is secret in the body of a refusal: nobody needs it, and errors go far."""
    if isinstance(body, str):
        return scrub(body)
    if isinstance(body, dict):
        fields = cast("dict[str, object]", body)
        return {
            name: HIDDEN if is_secret(name) and value else redact(value)
            for name, value in fields.items()
        }
    if isinstance(body, list):
        return [redact(inner) for inner in cast("list[object]", body)]
    return body


def strip_library_frames(error: E) -> E:
    """Take the frames of the HTTP libraries out of an error, and secrets out of their messages."""
    for each in _chain(error):
        kept = [part for part in _frames(each.__traceback__) if not _is_library(part)]
        each.__traceback__ = None
        for part in reversed(kept):
            part.tb_next, each.__traceback__ = each.__traceback__, part
        each.args = tuple(
            scrub(arg) if isinstance(arg, str) else arg for arg in cast("tuple[object]", each.args)
        )
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that led to it."""
    pending, seen = [error], set[int]()
    while pending:
        each = pending.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            pending += [each.__cause__, each.__context__]


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_library(part: TracebackType) -> bool:
    name = str(part.tb_frame.f_globals.get("__name__"))
    return name.partition(".")[0] in LIBRARIES or name in OWN_MODULES
