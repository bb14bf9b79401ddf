"""Read an id from whatever stands for one: a number, text or a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex, TypeAlias, cast

from ..errors import InvalidInputError

# What takes the place of an identifier: the number, a name, or a row of a listing.
IdOrRow: TypeAlias = "SupportsIndex | Mapping[str, Any]"
Ref: TypeAlias = "SupportsIndex | str | Mapping[str, Any]"
# What databases count to.
MAX_ID = 2**63 - 1


def id_of(ref: IdOrRow, word: str) -> int:
    """Return the identifier that is meant, where no name will do."""
    given = cast("object", ref)
    row = _as_row(given)
    if row is not None:
        row = _inside(row, word)
        if "id" not in row:
            there_is = f"only {', '.join(map(repr, row))}" if row else "it is empty"
            raise InvalidInputError(f"{word}: this row has no 'id', {there_is}")
        given = row["id"]
    if isinstance(given, bool) or not isinstance(given, SupportsIndex):
        raise InvalidInputError(f"{word}: {given!r} is no identifier, which is a whole number")
    number = given.__index__()
    if number < 0:
        raise InvalidInputError(f"{word}: {number} is no identifier: those begin at 1")
    if number > MAX_ID:
        raise InvalidInputError(
            f"{word}: no identifier has as many digits as the number that is given"
        )
    return number


def _inside(row: Mapping[str, object], word: str) -> Mapping[str, object]:
    """Return the row that is meant: no row has one of its own kind in it."""
    field = word.replace(" ", "_")
    if field not in row:
        return row
    inner = _as_row(row[field])
    if inner is None:
        raise InvalidInputError(
            f"{word}: the row that is given is of something else, and names none"
        )
    return inner


def _as_row(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def parse_id(text: str) -> int | None:
    """Read an identifier that is given as text."""
    return int(text) if text.isdecimal() and len(text) < len(str(MAX_ID)) else None


def references(refs: Iterable[Ref], argument: str) -> list[Ref]:
    """Check an argument that takes several references."""
    given = cast("object", refs)
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InvalidInputError(
            f"{argument} takes a list, of identifiers or names, such as [{given!r}]; "
            f"not {given!r} alone"
        )
    return list(cast("Iterable[Ref]", given))
