"""Translate error responses to exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from vantage6.bindings.secret import scrub

from ..errors import (
    BadRequestError,
    ConflictError,
    EndpointNotFoundError,
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    StatusError,
    TooManyRequestsError,
    UnauthorizedError,
    Vantage6Error,
)
from .response import json_or_text, message_in
from .secrets import redact

if TYPE_CHECKING:
    from .response import Response

# A refused permission and a lapsed login have the same status: only these words tell them apart.
EXPIRED = "Token has expired"
NOT_LOGGED_IN = "Missing Authorization Header"
EXPIRED_AT_STORE = "Token is not valid"  # it asks the server, and tells no more than that
# Of a login that is refused the server says little.
LOGIN_HINT = (
    "the username or the password is not right, or the account is locked: after some wrong "
    "passwords in a row (5 by default) even the right one is refused for a while (15 minutes by "
    "default). The server does not tell which, but sends a mail to the owner of a locked account"
)
CODE_HINT = (
    "a code is good for about a minute: give the one that the authenticator app shows now for this "
    "account, on a device whose clock is right"
)
WRONG_CODE = "two-factor"
LOGIN_LOST = (EXPIRED, EXPIRED_AT_STORE, "Token has been revoked", "Error loading the user")
BY_STATUS: dict[int, type[StatusError]] = {
    400: BadRequestError,
    401: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: EndpointNotFoundError,  # the address is there, but not for this method
    409: ConflictError,
    422: LoginExpiredError,  # the token is not one of this server's (any more)
    429: TooManyRequestsError,
}


def is_expired(status: int, content: bytes) -> bool:
    """Return whether an answer says that the access token must be renewed."""
    if status != HTTPStatus.UNAUTHORIZED:
        return False
    return message_in(json_or_text(content)) in (EXPIRED, EXPIRED_AT_STORE)


def error_for(
    response: Response, refused: type[UnauthorizedError] = PermissionDeniedError
) -> Vantage6Error:
    """Create the error for an answer outside 200 to 299."""
    body = json_or_text(response.content)
    message = message_in(body)
    if message == NOT_LOGGED_IN:
        return NotAuthenticatedError(
            f"{response.method} {response.url} needs a login: call authenticate() first"
        )
    if response.status == HTTPStatus.UNAUTHORIZED:
        lost = message is not None and message.startswith(LOGIN_LOST)
        kind: type[StatusError] = LoginExpiredError if lost else refused
    elif response.status == HTTPStatus.NOT_FOUND and message is None:
        kind = EndpointNotFoundError
        message = (
            "the server has no such address; is the API's path right, and does this version of "
            "the server have this operation?"
        )
    elif response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = ServerError
    else:
        kind = BY_STATUS.get(response.status, StatusError)
    if kind is LoginExpiredError:
        message = f"{message or 'the login is not valid'}; call authenticate() again"
    elif kind is LoginFailedError and message:
        message = f"{message}: {CODE_HINT if WRONG_CODE in message else LOGIN_HINT}"
    elif response.location:
        message = f"the server points to {response.location}; give the client that address instead"
    shown, errors = _redacted(body)
    return kind(
        scrub(message or _phrase(response.status)),
        method=response.method,
        url=response.url,
        status=response.status,
        body=shown,
        errors=errors,
    )


def _redacted(body: object) -> tuple[object, dict[str, list[str]]]:
    """Return what an error keeps of a body, and what that says of fields."""
    with suppress(RecursionError):
        return redact(body), _field_errors(body)
    return "a body that is nested more deeply than anything that the API says", {}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "an unknown status"


def _field_errors(body: object) -> dict[str, list[str]]:
    errors = cast("Mapping[str, object]", body).get("errors") if isinstance(body, Mapping) else None
    found: dict[str, list[str]] = {}
    if errors:
        for name, reason in _reasons(errors, ""):
            found.setdefault(name, []).append(reason)
    return found


def _reasons(errors: object, place: str) -> Iterator[tuple[str, str]]:
    """Yield (field, reason), also of fields inside fields: ``organizations.0.id``."""
    if isinstance(errors, Mapping):
        for name, inner in cast("Mapping[object, object]", errors).items():
            yield from _reasons(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(errors, list):
        for inner in cast("list[object]", errors):
            yield from _reasons(inner, place)
    else:
        yield place or "request", str(errors)
