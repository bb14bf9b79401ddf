"""Read an id from a number, a text of digits or a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, SupportsIndex, TypeAlias, TypeGuard, cast

from ..errors import InvalidInputError

# Arguments that identify an object: an id, a name, or a row of a listing.
IdOrRow: TypeAlias = "SupportsIndex | Mapping[str, Any]"
Ref: TypeAlias = "SupportsIndex | str | Mapping[str, Any]"
# The largest integer of databases.
MAX_ID = 2**63 - 1


def id_of(ref: IdOrRow, kind: str) -> int:
    """Return the id of an argument that cannot be a name."""
    value = cast("object", ref)
    row = _as_row(value)
    if row is not None:
        row = _referenced(row, kind)
        if "id" not in row:
            fields = f"one with only {', '.join(map(repr, row))}" if row else "an empty row"
            raise InvalidInputError(f"{kind}: expected a row with an 'id', got {fields}")
        value = row["id"]
    number = as_integer(value)
    if number is None:
        raise InvalidInputError(f"{kind}: expected an id, which is a whole number, got {value!r}")
    if number < 0:
        raise InvalidInputError(f"{kind}: expected an id of 1 or more, got {number}")
    if number > MAX_ID:
        raise InvalidInputError(f"{kind}: expected an id, got a number with too many digits")
    return number


def as_integer(value: object) -> int | None:
    """Return a whole number, such as one of numpy, as an int; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return value.__index__()
    except TypeError:  # arrays of numpy have the method, but only some are a number
        return None


def _referenced(row: Mapping[str, object], kind: str) -> Mapping[str, object]:
    """Return the row that another row refers to, or the row itself if it is of this kind."""
    # No row contains another row of its own kind.
    field = kind.replace(" ", "_")
    if field not in row:
        return row
    inner = _as_row(row[field])
    if inner is None:
        raise InvalidInputError(
            f"{kind}: expected a row that refers to one, got a row of another kind that does not"
        )
    return inner


def _as_row(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def parse_id(text: str) -> int | None:
    """Parse an id from text of ASCII digits; return None for a name."""
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if len(digits) <= len(str(MAX_ID)) else MAX_ID + 1


def given_id(ref: Ref, kind: str) -> int | None:
    """Return the id of an argument; None for a name, which has to be looked up."""
    # Text of digits is always an id: anyone may give an object of theirs a number as its name.
    if not isinstance(ref, str):
        return id_of(ref, kind)
    number = parse_id(ref)
    return None if number is None else id_of(number, kind)


def references(refs: Iterable[Ref], argument: str) -> list[Ref]:
    """Check an argument that is a list of references."""
    value = cast("object", refs)
    if is_collection(value):
        return list(value)
    hint, shown = "Pass at least one in a list.", type(value).__name__  # a frame or row is long
    if value is None or isinstance(value, str | int):
        shown = repr(value)
        hint = f"Pass a list, such as [{shown}]." if value is not None else hint
    raise InvalidInputError(f"{argument}: expected a list of ids or names, got {shown}. {hint}")


def is_collection(refs: object) -> TypeGuard[Iterable[Any]]:
    """Return whether a value is a collection of references instead of one reference."""
    # The items of bytes are numbers, and those of a data frame the names of its columns.
    is_one = isinstance(refs, str | bytes | bytearray | memoryview | Mapping)
    dimensions = getattr(refs, "ndim", 1)  # of arrays, series and data frames
    return isinstance(refs, Iterable) and not is_one and dimensions == 1
