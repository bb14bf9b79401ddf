"""Build requests and reject malformed ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, unquote

from vantage6.bindings.call import Call, given
from vantage6.bindings.secret import Secret, hide_keys

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from vantage6.bindings.call import QueryValue


def without_none(**fields: object) -> Any:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"([!-~]([ -~\t]*[!-~])?)?")


def check_arguments(endpoint: object, method: object, params: object, headers: object) -> None:
    """Reject arguments of a request that have the wrong type."""
    for name, text, example in (("endpoint", endpoint, "task/12"), ("method", method, "get")):
        if not isinstance(text, str):
            raise InvalidInputError(
                f"{name}: expected a str such as {example!r}, got {_kind(text)}"
            )
    _check_names("params", params, "{'per_page': 5}")
    _check_names("headers", headers, "{'Accept-Language': 'nl'}")
    for name, value in cast("Mapping[str, object]", headers or {}).items():
        if not isinstance(value, str):
            raise InvalidInputError(f"header {name!r}: expected a str, got {_kind(value)}")


def _check_names(argument: str, value: object, example: str) -> None:
    if value is None:
        return
    expected = f"{argument}: expected a dict with names that are str, such as {example}"
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"{expected}, got {_kind(value)}")
    for name in cast("Mapping[object, object]", value):
        if not isinstance(name, str):
            raise InvalidInputError(f"{expected}, got the name {name!r}, which is {_kind(name)}")


def _kind(value: object) -> str:
    return type(value).__name__


def custom_call(
    method: str, endpoint: str, params: Mapping[str, QueryValue | None] | None, body: object
) -> Call[object]:
    """Create a call for a request that is not one of the contract's operations."""
    path, query = "/" + endpoint.lstrip("/"), given(**params or {})
    if query and "?" in path:  # otherwise the HTTP library drops the query in the path
        path, _, own = path.partition("?")
        query = parse_qs(own.partition("#")[0], keep_blank_values=True) | query
    return Call("request", method.upper(), path, query, body)


def check_request(method: str, path: str, headers: Mapping[str, str]) -> None:
    """Reject values that would change the request, such as '..' in the path."""
    if not (method.isascii() and method.isalpha()):
        raise InvalidInputError(f"method: expected a name such as 'get', got {method!r}")
    if "/." in path or "%" in path or "\\" in path:
        parts = unquote(path.partition("?")[0]).replace("\\", "/").split("/")
        if not {".", ".."}.isdisjoint(parts):
            raise InvalidInputError(f"endpoint: expected a path without '.' and '..', got {path!r}")
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not HEADER_VALUE.fullmatch(value):
            raise InvalidInputError(
                f"header {name!r}: expected one line of ASCII, got other characters"
            )


def holds_key(*values: object) -> bool:
    """Return whether one of these values, or a part of it, is the text of a private key."""
    for value in values:
        if isinstance(value, str) and hide_keys(value) != value:
            return True
        if isinstance(value, Mapping):
            value = tuple(cast("Mapping[object, object]", value).values())
        if isinstance(value, list | tuple) and holds_key(*cast("Sequence[object]", value)):
            return True
    return False


def bearer_header(token: str) -> dict[str, str]:
    """Return the header that signs a request with a token; its repr hides the token."""
    return {"Authorization": Secret(f"Bearer {token}")}
