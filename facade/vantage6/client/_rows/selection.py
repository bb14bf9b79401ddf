"""Filter rows and select their fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, cast

from ..errors import InvalidInputError
from .rows import Rows, displayable

if TYPE_CHECKING:
    from .rows import Row


class Selection:
    """The filters and fields to apply to received rows."""

    def __init__(
        self,
        field: str | None = None,
        fields: Sequence[str] | None = None,
        filter_: tuple[str, object] | None = None,
        filters: Sequence[tuple[str, object]] | None = None,
    ) -> None:
        one = [] if field is None else [field]
        self.names: list[str] = [*one, *_items("fields", fields, "names of fields")]
        for name in cast("list[object]", self.names):
            if not isinstance(name, str):
                raise InvalidInputError(f"fields: expected names of fields, got {name!r}")
        pairs = _items("filters", filters, "pairs (field, value)")
        self.pairs: list[tuple[str, object]] = [*([] if filter_ is None else [filter_]), *pairs]
        for pair in cast("list[object]", self.pairs):
            if not isinstance(pair, tuple | list) or len(cast("list[object]", pair)) != 2:
                raise InvalidInputError(f"filter: expected a pair (field, value), got {pair!r}")

    def of_row(self, row: Row, names: Mapping[int, str]) -> Row:
        """Return a row with only the selected fields, to display with names of organizations."""
        columns, fields = cast("dict[str, object]", row), self.names
        kept = {name: columns[name] for name in fields if name in columns} if fields else columns
        return displayable(cast("Row", kept), names)

    def of_rows(self, rows: Rows[Row]) -> Rows[Row]:
        """Return the rows that pass the filters, with only the selected fields."""
        filters = self.pairs

        def passes(row: Row) -> bool:
            columns = cast("dict[str, object]", row)
            return all(name in columns and columns[name] == value for name, value in filters)

        kept = filter_rows(rows, passes)
        kept[:] = [self.of_row(row, rows.names) for row in kept]
        kept.fields = self.names or rows.fields
        return kept


def _items(argument: str, items: Iterable[Any] | None, content: str) -> list[Any]:
    value = cast("object", () if items is None else items)
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise InvalidInputError(
            f"{argument}: expected a list of {content}, got {value!r}. Pass {argument}=[{value!r}]."
        )
    return list(cast("Iterable[Any]", value))


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
    first, last = (time and str(time) for time in cast("list[str | date | None]", pair))
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
