"""Filter rows and select their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast

from ..errors import InvalidInputError
from .rows import Rows, displayable

if TYPE_CHECKING:
    from .rows import Row


@dataclass(frozen=True)
class Selection:
    """The filters and fields to apply to received rows."""

    field: str | None = None
    fields: Sequence[str] | None = None
    filter_: tuple[str, object] | None = None
    filters: Sequence[tuple[str, object]] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.fields, str):
            raise InvalidInputError(
                f"fields: expected a list of names, got {self.fields!r}. "
                f"Pass fields=[{self.fields!r}], or field={self.fields!r} for a single one."
            )
        for pair in cast("list[object]", self._filters):
            if not isinstance(pair, tuple | list) or len(cast("list[object]", pair)) != 2:
                raise InvalidInputError(f"filter: expected a pair (field, value), got {pair!r}")

    @property
    def _filters(self) -> list[tuple[str, object]]:
        return ([self.filter_] if self.filter_ else []) + list(self.filters or ())

    @property
    def _fields(self) -> list[str]:
        return ([self.field] if self.field else []) + list(self.fields or ())

    def of_row(self, row: Row, names: Mapping[int, str]) -> Row:
        """Return a row with only the selected fields, to display with names of organizations."""
        columns, fields = cast("dict[str, object]", row), self._fields
        kept = {name: columns[name] for name in fields if name in columns} if fields else columns
        return displayable(cast("Row", kept), names)

    def of_rows(self, rows: Rows[Row]) -> Rows[Row]:
        """Return the rows that pass the filters, with only the selected fields."""
        filters = self._filters
        for name, _ in filters:
            _require_field(name, rows)

        def passes(row: Row) -> bool:
            columns = cast("dict[str, object]", row)
            return all(name in columns and columns[name] == value for name, value in filters)

        kept = filter_rows(rows, passes)
        kept[:] = [self.of_row(row, rows.names) for row in kept]
        kept.fields = self._fields or rows.fields
        return kept


def check_period(
    name: str, ends: tuple[str | None, str | None] | None
) -> tuple[str | None, str | None]:
    """Check the first and the last time of a filter; servers find no rows for an invalid one."""
    pair = cast("object", (None, None) if ends is None else ends)
    if not isinstance(pair, tuple | list) or len(cast("list[object]", pair)) != 2:
        raise InvalidInputError(f"{name}: expected the first and the last time, got {pair!r}")
    for time in cast("list[object]", pair):
        if time is not None and not isinstance(time, date) and not _is_time(time):
            raise InvalidInputError(
                f"{name}: expected a time, such as '2026-11-26' or '2026-11-26T12:00:00', got "
                f"{time!r}"
            )
    first, last = cast("list[str | None]", pair)
    return first, last


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(datetime.fromisoformat(value))
    except ValueError:
        return False


def filter_rows(rows: Rows[Row], passes: Callable[[Row], bool]) -> Rows[Row]:
    """Return the rows that pass a test, with the total adapted if these were all rows."""
    kept = [row for row in rows if passes(row)]
    is_whole = rows.total == len(rows)
    return Rows(kept, rows.links, len(kept) if is_whole else rows.total, rows.fields, rows.names)


def _require_field(name: str, rows: Sequence[object]) -> None:
    known = {column for row in rows for column in cast("dict[str, object]", row)}
    if known and name not in known:
        similar = get_close_matches(name, known) or sorted(known)
        raise InvalidInputError(
            f"filter: expected a field of the rows, such as {', '.join(similar)}, got {name!r}"
        )
