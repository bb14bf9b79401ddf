"""From the server's answer to a value, or to the error that says why not (pure)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import parse_qs, unquote

from vantage6.bindings.call import Call, given
from vantage6.bindings.secret import scrub

from ._secrets import answered, harmless
from ._shape import trouble_in
from .errors import (
    BadRequestError,
    ConflictError,
    EndpointNotFoundError,
    InvalidInputError,
    InvalidResponseError,
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

if TYPE_CHECKING:
    from vantage6.bindings.call import QueryValue

T = TypeVar("T")

# A header with more digits than this counts nothing.
LONGEST_COUNT = 18

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"([!-~]([ -~\t]*[!-~])?)?")

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
LOST = (EXPIRED, EXPIRED_AT_STORE, "Token has been revoked", "Error loading the user")

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


@dataclass(frozen=True)
class Answer:
    """What came back for a request.

    Attributes
    ----------
    method, url : str
        The request.
    status : int
        The HTTP status.
    content : bytes
        The body.
    location : str or None
        Where a redirect points to.
    total : int or None
        How many rows a listing has on all its pages.
    date : str or None
        When it was sent, by the clock of the server: its header of that name.
    is_second : bool
        Whether the server may have carried out the request before, at an attempt whose answer was
        lost.
    """

    method: str
    url: str
    status: int
    content: bytes = field(repr=False)
    location: str | None = None
    total: int | None = None
    date: str | None = None
    is_second: bool = False


def count_of(header: str) -> int | None:
    """Read the header that tells how many rows there are.

    Parameters
    ----------
    header : str
        Its text.

    Returns
    -------
    int or None
        The number; None where there is none.
    """
    is_number = header.isascii() and header.isdigit() and len(header) <= LONGEST_COUNT
    return int(header) if is_number else None


def read(
    call: Call[T], answer: Answer, refused: type[UnauthorizedError] = PermissionDeniedError
) -> T:
    """Give the value that a call was made for.

    Parameters
    ----------
    call : Call of T
        The call, which knows the type of its value.
    answer : Answer
        What came back.
    refused : type of UnauthorizedError
        The error for a 401 that is not about the token.

    Returns
    -------
    T
        The decoded body. Where something was to be deleted, and is not there any more once that was
        asked for again, it is the server's message that says so.

    Raises
    ------
    StatusError
        When the server refused; its subclasses tell why.
    InvalidResponseError
        When the body is not JSON, or lacks what the client needs of it.
    """
    trouble: str | None = "it is nested more deeply than anything that the API says"
    with suppress(RecursionError):
        if _is_deleted(call, answer):
            answer = replace(answer, status=HTTPStatus.OK)
        body = answered(call.operation, decode(answer, refused))
        trouble = trouble_in(body, call.operation)
        if trouble is None:
            return cast("T", body)
    raise undecodable(f"{trouble}; the server does not keep to its contract", answer)


def _is_deleted(call: Call[object], answer: Answer) -> bool:
    """Tell whether the API has not found what it was asked to delete a second time."""
    is_gone = answer.is_second and answer.status == HTTPStatus.NOT_FOUND
    if not (is_gone and call.operation.startswith("delete_")):
        return False
    return _message(_json_or_text(answer.content)) is not None


def decode(answer: Answer, refused: type[UnauthorizedError] = PermissionDeniedError) -> object:
    """Decode the body of an answer, whatever it was the answer to.

    Parameters
    ----------
    answer : Answer
        What came back.
    refused : type of UnauthorizedError
        The error for a 401 that is not about the token.

    Returns
    -------
    object
        The JSON value.

    Raises
    ------
    StatusError
        When the server refused.
    InvalidResponseError
        When the body is not JSON.
    """
    if not 200 <= answer.status < 300:
        raise fault(answer, refused)
    with suppress(ValueError, RecursionError):
        return json.loads(answer.content)
    # Not where that error is at hand, which has the whole body in it.
    raise undecodable(
        "the body is not JSON; perhaps this is not the API, or something between here and the "
        "server answered in its place",
        answer,
    )


def undecodable(reason: str, answer: Answer) -> InvalidResponseError:
    """Make the error for an answer that is not what the API says.

    Parameters
    ----------
    reason : str
        What is wrong with it.
    answer : Answer
        The answer.

    Returns
    -------
    InvalidResponseError
        The error, to be raised.
    """
    return InvalidResponseError(
        reason,
        method=answer.method,
        url=answer.url,
        status=answer.status,
        body=scrub(answer.content.decode(errors="replace")),
    )


def check_arguments(endpoint: object, method: object, params: object, headers: object) -> None:
    """Refuse arguments of a request that are of another kind than they have to be.

    Parameters
    ----------
    endpoint, method, params, headers : object
        What was given; None for `params` or `headers` that were not.

    Raises
    ------
    InvalidInputError
        When one is of another kind. The error has no value in it: it may be a secret.
    """
    for name, text, example in (("endpoint", endpoint, "task/12"), ("method", method, "get")):
        if not isinstance(text, str):
            raise InvalidInputError(f"{name} must be a str such as {example!r}, not {_kind(text)}")
    _check_names("params", params, "{'per_page': 5}")
    _check_names("headers", headers, "{'Accept-Language': 'nl'}")
    for name, value in cast("Mapping[str, object]", headers or {}).items():
        if not isinstance(value, str):
            raise InvalidInputError(f"the header {name!r} must be a str, not {_kind(value)}")


def _check_names(argument: str, given: object, example: str) -> None:
    if given is None:
        return
    right = f"{argument} must be a dict with names that are str, such as {example}"
    if not isinstance(given, Mapping):
        raise InvalidInputError(f"{right}, not {_kind(given)}")
    for name in cast("Mapping[object, object]", given):
        if not isinstance(name, str):
            raise InvalidInputError(f"{right}: {name!r} is {_kind(name)}")


def _kind(value: object) -> str:
    return type(value).__name__


def request_of(
    method: str, endpoint: str, params: Mapping[str, QueryValue | None] | None, body: object
) -> Call[object]:
    """Describe a request that is none of the contract's operations.

    Parameters
    ----------
    method : str
        The HTTP method.
    endpoint : str
        The path below that of the API, perhaps with a query.
    params : dict, optional
        Further query parameters; those that are None are not sent.
    body : object
        What is to be sent as JSON, or None.

    Returns
    -------
    Call
        The request.
    """
    path, query = "/" + endpoint.lstrip("/"), given(**params or {})
    if query and "?" in path:  # or the HTTP library would forget the query in the path
        path, _, own = path.partition("?")
        query = parse_qs(own.partition("#")[0], keep_blank_values=True) | query
    return Call("request", method.upper(), path, query, body)


def check_request(method: str, path: str, headers: Mapping[str, str]) -> None:
    """Refuse what could become another request than it looks like.

    Parameters
    ----------
    method, path : str
        The request's.
    headers : dict
        What is sent along.

    Raises
    ------
    InvalidInputError
        When the method is no word, the path climbs out of that of the API, or a header could
        become several.
    """
    if not (method.isascii() and method.isalpha()):
        raise InvalidInputError(f"no method is called {method!r}: use a word such as 'get'")
    if "/." in path or "%" in path:
        parts = unquote(path.partition("?")[0]).replace("\\", "/").split("/")
        if not {".", ".."}.isdisjoint(parts):
            raise InvalidInputError(f"{path!r} leads to another address: leave out '.' and '..'")
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise InvalidInputError(
                f"the header {name!r} cannot be sent: it must be one line of ASCII"
            )


def sending(repeats: int | None, *, renew: bool = True) -> dict[str, object]:
    """Say how a request is to be sent.

    Parameters
    ----------
    repeats : int or None
        How often to try again when no connection can be made; None for what is usual.
    renew : bool
        Whether an expired token may be renewed for it.

    Returns
    -------
    dict
        The extensions of the request.

    Raises
    ------
    InvalidInputError
        When the number makes no sense.
    """
    if repeats is None:
        return {"renew": renew}
    if not _is_count(repeats):
        raise InvalidInputError(
            f"attempts_on_timeout must be a whole number from 0 on, or None, not {repeats!r}"
        )
    return {"renew": renew, "repeats": repeats}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_expired(status: int, content: bytes) -> bool:
    """Tell whether an answer says that the access token must be renewed.

    Parameters
    ----------
    status : int
        The HTTP status.
    content : bytes
        The body.

    Returns
    -------
    bool
        False as well for every other refusal, a missing permission for instance.
    """
    if status != HTTPStatus.UNAUTHORIZED:
        return False
    return _message(_json_or_text(content)) in (EXPIRED, EXPIRED_AT_STORE)


def fault(
    answer: Answer, refused: type[UnauthorizedError] = PermissionDeniedError
) -> Vantage6Error:
    """Make the error for an answer outside 200 to 299.

    Parameters
    ----------
    answer : Answer
        What came back.
    refused : type of UnauthorizedError
        The error for a 401 that is not about the token.

    Returns
    -------
    Vantage6Error
        The error, to be raised.
    """
    body = _json_or_text(answer.content)
    message = _message(body)
    if message == NOT_LOGGED_IN:
        return NotAuthenticatedError(
            f"{answer.method} {answer.url} needs a login: call authenticate() first"
        )
    if answer.status == HTTPStatus.UNAUTHORIZED:
        lost = message is not None and message.startswith(LOST)
        kind: type[StatusError] = LoginExpiredError if lost else refused
    elif answer.status == HTTPStatus.NOT_FOUND and message is None:
        kind = EndpointNotFoundError
        message = (
            "the server has no such address; is the API's path right, and does this version of "
            "the server have this operation?"
        )
    elif answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        kind = ServerError
    else:
        kind = BY_STATUS.get(answer.status, StatusError)
    if kind is LoginExpiredError:
        message = f"{message or 'the login is not valid'}; call authenticate() again"
    elif kind is LoginFailedError and message:
        message = f"{message}: {CODE_HINT if WRONG_CODE in message else LOGIN_HINT}"
    elif answer.location:
        message = f"the server points to {answer.location}; give the client that address instead"
    shown, errors = _shown(body)
    return kind(
        scrub(message or _phrase(answer.status)),
        method=answer.method,
        url=answer.url,
        status=answer.status,
        body=shown,
        errors=errors,
    )


def _shown(body: object) -> tuple[object, dict[str, list[str]]]:
    """Give what an error keeps of a body, and what that says of fields."""
    with suppress(RecursionError):
        return harmless(body), _field_errors(body)
    return "a body that is nested more deeply than anything that the API says", {}


def _json_or_text(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")


def _message(body: object) -> str | None:
    if isinstance(body, Mapping):
        fields = cast("Mapping[str, object]", body)
        for name in ("msg", "message"):
            if isinstance(fields.get(name), str):
                return str(fields[name]).strip()
    return None


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
