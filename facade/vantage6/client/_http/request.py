"""Build requests and refuse malformed ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, unquote

from vantage6.bindings.call import Call, given
from vantage6.bindings.secret import Secret

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from vantage6.bindings.call import QueryValue


def without_none(**fields: object) -> Any:
    """Leave out what was not given, so that it stays as it is."""
    return {name: value for name, value in fields.items() if value is not None}


HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HEADER_VALUE = re.compile(r"([!-~]([ -~\t]*[!-~])?)?")


def check_arguments(endpoint: object, method: object, params: object, headers: object) -> None:
    """Reject arguments of a request that are of another kind than they have to be."""
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


def custom_call(
    method: str, endpoint: str, params: Mapping[str, QueryValue | None] | None, body: object
) -> Call[object]:
    """Describe a request that is none of the contract's operations."""
    path, query = "/" + endpoint.lstrip("/"), given(**params or {})
    if query and "?" in path:  # or the HTTP library would forget the query in the path
        path, _, own = path.partition("?")
        query = parse_qs(own.partition("#")[0], keep_blank_values=True) | query
    return Call("request", method.upper(), path, query, body)


def check_request(method: str, path: str, headers: Mapping[str, str]) -> None:
    """Reject what could become another request than it looks like."""
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


def bearer_header(token: str) -> dict[str, str]:
    """Return the header that signs a request with a token; its repr hides the token."""
    return {"Authorization": Secret(f"Bearer {token}")}
