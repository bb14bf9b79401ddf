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

# A refused permission and an expired login have the same status, but different messages.
EXPIRED = "Token has expired"
NOT_LOGGED_IN = "Missing Authorization Header"
EXPIRED_AT_STORE = "Token is not valid"  # the store reports no more details
# The server does not give the reason for a refused login.
LOGIN_HINT = (
    "the username or password is wrong, or the account is locked. After several wrong passwords in "
    "a row (5 by default), the server refuses even the correct one for a while (15 minutes by "
    "default). It does not report which is the case, but sends an email to the owner of a locked "
    "account."
)
CODE_HINT = (
    "a code is valid for about a minute. Use the current one of this account in the authenticator "
    "app, on a device whose clock is correct."
)
WRONG_CODE = "two-factor"
LOGIN_LOST = (EXPIRED, EXPIRED_AT_STORE, "Token has been revoked", "Error loading the user")
BY_STATUS: dict[int, type[StatusError]] = {
    400: BadRequestError,
    401: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    405: EndpointNotFoundError,  # the address exists, but not for this method
    409: ConflictError,
    422: LoginExpiredError,  # the token is not, or no longer, one of this server
    429: TooManyRequestsError,
}


def is_expired(status: int, content: bytes) -> bool:
    """Return whether a response requires a renewal of the access token."""
    if status != HTTPStatus.UNAUTHORIZED:
        return False
    return message_in(json_or_text(content)) in (EXPIRED, EXPIRED_AT_STORE)


def error_for(
    response: Response, refused: type[UnauthorizedError] = PermissionDeniedError
) -> Vantage6Error:
    """Create the error for a response with a status outside 200 to 299."""
    body = json_or_text(response.content)
    message = message_in(body)
    if message == NOT_LOGGED_IN:
        return NotAuthenticatedError(
            f"{response.method} {response.url}: expected a login, got none. "
            "Call authenticate() first."
        )
    if response.status == HTTPStatus.UNAUTHORIZED:
        lost = message is not None and message.startswith(LOGIN_LOST)
        kind: type[StatusError] = LoginExpiredError if lost else refused
    elif response.status == HTTPStatus.NOT_FOUND and message is None:
        kind = EndpointNotFoundError
        message = (
            "the server has no such address. Check the path of the API, and whether this version "
            "of the server has this operation."
        )
    elif response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = ServerError
    else:
        kind = BY_STATUS.get(response.status, StatusError)
    if kind is LoginExpiredError:
        message = f"{message or 'the login is not valid'}. Call authenticate() again."
    elif kind is LoginFailedError and message:
        message = f"{message}: {CODE_HINT if WRONG_CODE in message else LOGIN_HINT}"
    elif response.location:
        message = f"the server redirects to {response.location}. Use that address for the client."
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
    """Return a body without secrets, and the reasons for each of its fields."""
    with suppress(RecursionError):
        return redact(body), _field_errors(body)
    return "a body that is nested more deeply than any of the API", {}


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


def _reasons(errors: object, path: str) -> Iterator[tuple[str, str]]:
    """Yield (field, reason), also of fields inside fields: ``organizations.0.id``."""
    if isinstance(errors, Mapping):
        for name, inner in cast("Mapping[object, object]", errors).items():
            yield from _reasons(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(errors, list):
        for inner in cast("list[object]", errors):
            yield from _reasons(inner, path)
    else:
        yield path or "request", str(errors)
