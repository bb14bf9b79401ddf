"""Description of an API request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T", covariant=True)

QueryValue = str | int | bool | Sequence[str] | Sequence[int]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and the type ``T`` of its response body.

    Attributes
    ----------
    operation : str
        Name of the operation in the contract.
    method : str
        HTTP method, in capitals.
    path : str
        Path relative to the API's address, with its parameters filled in.
    query : Mapping[str, QueryValue]
        Query parameters to send.
    body : object
        JSON body to send, or None. ``repr`` omits it, because it may be large or contain a
        password.
    row_id : int or None
        Id of the row that the path names; the row in the response must have it, too.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, QueryValue]
    body: object = field(default=None, repr=False)
    row_id: int | None = None


def given(**query: QueryValue | None) -> dict[str, QueryValue]:
    """Return the query parameters that are not None."""
    # Services parse booleans as integers: they accept 1, but not "true".
    return {
        name: int(value) if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }


def flag(value: bool | None) -> str | None:
    """Return the value of a flag, which is true if present."""
    return "true" if value else None


def segment(value: str | int) -> str:
    """Quote a path parameter as a single segment."""
    return quote(str(value), safe="")
