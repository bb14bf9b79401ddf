"""One request of the API, described but not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

T = TypeVar("T", covariant=True)

QueryValue = str | int | bool | Sequence[str] | Sequence[int]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and the type ``T`` of the body that answers it.

    Attributes
    ----------
    operation : str
        The operation's name in the contract.
    method : str
        The HTTP method, in capitals.
    path : str
        The path below the API's address, with its parameters filled in.
    query : Mapping[str, QueryValue]
        The query parameters that are to be sent.
    body : object
        What is to be sent as JSON, or None. ``repr`` leaves it out: it may hold a password, or be
        huge.
    """

    operation: str
    method: str
    path: str
    query: Mapping[str, QueryValue]
    body: object = field(default=None, repr=False)


def given(**query: QueryValue | None) -> dict[str, QueryValue]:
    """Leave out what was not given."""
    # Where a number is asked, a truth value is one too: 1 is understood, "true" is not.
    return {
        name: int(value) if isinstance(value, bool) else value
        for name, value in query.items()
        if value is not None
    }


def flag(value: bool | None) -> str | None:
    """Write a parameter that means yes by being there."""
    return "true" if value else None


def segment(value: str | int) -> str:
    """Write a path parameter so that it stays one segment."""
    return quote(str(value), safe="")
