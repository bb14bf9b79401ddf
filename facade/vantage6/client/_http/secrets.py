"""Mask secrets in arguments, responses, errors and log messages.

Tracebacks may be displayed with the local variables of their frames. In the frames of this package,
secrets are `Secret`s. The frames and errors of the HTTP libraries, which hold requests as they are
sent, are not part of any error that leaves this package.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeVar, cast

from vantage6.bindings.secret import (
    HIDDEN,
    Secret,
    SecretBytes,
    is_secret,
    scrub,
    scrub_log,
    shaded,
)

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from .route import Cert

    Proxy = str | Literal[False]

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)
# Operations whose responses contain secrets; rows of users contain the second factor.
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
        "request",  # client.request, which may send any request
        "reset_api_key",
        "reset_two_factor",
        "update_user",
    }
)
# Loggers of the libraries that handle requests: at level debug they log headers and logins.
LOGGERS = (
    "anyio.streams.tls",
    "asyncio",
    "engineio.client",
    "engineio.server",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "httpx",
    "requests",
    "socketio",
    "socketio.client",
    "socketio.server",
    "urllib3",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "websocket",
)


def scrub_logs() -> None:
    """Remove secrets from the log messages of the libraries."""
    for name in LOGGERS:
        scrub_log(name)


def secret(text: str, argument: str) -> Secret:
    """Return a secret that the caller passed as an argument."""
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"{argument}: expected a str, got {type(text).__name__}")
    return Secret(text)


def secret_bytes(text: str | bytes | None) -> SecretBytes | None:
    """Return a passphrase that the caller passed as an argument."""
    if text is None:
        return None
    if not isinstance(text, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidInputError(f"passphrase: expected a str or bytes, got {type(text).__name__}")
    return SecretBytes(text.encode() if isinstance(text, str) else text)


def mask_route(cert: Cert | None, proxy: Proxy | None) -> tuple[Cert | None, Proxy | None]:
    """Return the certificate and the proxy with passphrase and login as secrets."""
    if isinstance(cert, tuple) and len(cert) == 3:
        cert = (cert[0], cert[1], Secret(cert[2]))
    return cert, Secret(proxy) if isinstance(proxy, str) and "@" in proxy else proxy


def mask_response(operation: str, body: T) -> T:
    """Mask the secrets in a response body."""
    return shaded(body) if operation in SECRET_OPERATIONS else body


def redact(body: object) -> object:
    """Remove the secrets from the body of an error response."""
    if isinstance(body, str):
        return scrub(body)
    if isinstance(body, dict):
        fields = cast("dict[str, object]", body)
        return {
            # a number is never a secret, but "code" may be a status
            name: HIDDEN if value and is_secret(name) and type(value) is not int else redact(value)
            for name, value in fields.items()
        }
    if isinstance(body, list):
        return [redact(inner) for inner in cast("list[object]", body)]
    return body


def detach(error: E) -> E:
    """Remove the traceback and the earlier errors, which hold requests as they are sent."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


class CallerError(Exception):
    """Carries an error of the caller's own code, with its traceback, through the HTTP library."""

    def __init__(self, error: Exception) -> None:
        self.error = error


@contextmanager
def calling_back() -> Generator[None]:
    """Run code of the caller that the HTTP library calls."""
    try:
        yield
    except Exception as error:
        raise CallerError(error) from None
