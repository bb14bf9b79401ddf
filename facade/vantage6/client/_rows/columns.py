"""Choose the columns and cell texts of a table of rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import cast

from .._utils.table import WIDE, Column, Table
from .._utils.text import ELLIPSIS, sanitize, truncate
from .._utils.time import is_time, parse_time

# The default columns of each kind of row. The first of these fields that a row has identifies it.
KINDS: Mapping[str, Sequence[str]] = {
    "job_id": ("id", "name", "status", "image", "created_at", "finished_at"),
    "reviewer": ("id", "algorithm_id", "status", "reviewer", "submitted_at", "comment"),
    "functions": ("id", "name", "status", "image", "partitioning", "functions"),
    "started_at": ("id", "task", "organization", "node", "status", "started_at", "finished_at"),
    "result": ("organization", "run", "task", "result"),
    "username": ("id", "username", "firstname", "lastname", "email", "organization", "last_seen"),
    "operation": ("id", "name", "operation", "scope", "description"),
    "is_default_role": ("id", "name", "description", "organization"),
    "encrypted": ("id", "name", "encrypted", "organizations"),
    "last_seen": ("id", "name", "status", "organization", "collaboration", "last_seen"),
    "public_key": ("id", "name", "domain", "country"),
    "url": ("id", "name", "url"),
    "organizations": ("id", "name", "collaboration", "organizations"),
}
# A row inside another is shown as the first of these fields that it has.
NAMES = ("name", "username", "label", "key", "url", "id")
# A table of more rows shows only its head and tail.
MOST, HEAD, TAIL = 50, 20, 10


def build_table(rows: Sequence[object], fields: Sequence[str] | None, total: int) -> Table:
    """Build a table of some rows."""
    is_cut = len(rows) > MOST
    shown = [
        cast("Mapping[str, object]", row) if isinstance(row, Mapping) else {"": row}
        for row in ([*rows[:HEAD], *rows[-TAIL:]] if is_cut else rows)
    ]
    known = list(dict.fromkeys(name for row in shown for name in row))
    visible = _columns(known, shown) if fields is None else known
    columns = [_column(name, [row.get(name) for row in shown]) for name in visible]
    hidden = [sanitize(name) for name in known if name not in visible]
    size = _size(len(rows), total) + (f", {HEAD + TAIL} of them shown" if is_cut else "")
    return Table(columns, hidden, size, HEAD if is_cut else None)


def _columns(known: Sequence[str], rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Choose the default columns of whole rows."""
    kind = next((names for mark, names in KINDS.items() if mark in known), known)
    return [
        name for name in kind if name in known and not any(_is_link(row.get(name)) for row in rows)
    ] or list(known)


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and "?" in value


def _size(count: int, total: int) -> str:
    rows = "row" if total == 1 else "rows"
    return f"{count} of {total} {rows}" if count != total else f"{count or 'no'} {rows}"


def _column(name: str, values: Iterable[object]) -> Column:
    shown = [_display_value(value) for value in values]
    present = [value for value in shown if value is not None]
    times = [parse_time(value) for value in shown] if is_time(name) else []
    is_number = bool(present) and all(type(value) in (int, float) for value in present)
    if times and all(time or value is None for time, value in zip(times, shown, strict=True)):
        cells = [f"{time:%Y-%m-%d %H:%M}" if time else "" for time in times]
        return Column(name, sanitize(f"{name} (UTC)"), cells, is_number=False, is_firm=True)
    cells = [truncate(sanitize(_text(value)), WIDE) for value in shown]
    is_firm = is_number or name == "status"
    return Column(name, truncate(sanitize(name), WIDE), cells, is_number, is_firm)


def _display_value(value: object) -> object:
    """Return the name or identifier of a row inside another; other values unchanged."""
    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        return next((row[name] for name in NAMES if row.get(name) is not None), row or None)
    return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        items = cast("list[object]", value)[:WIDE]  # truncation would remove further ones
        return ", ".join(_text(_display_value(item)) for item in items)
    # Results can be huge; this prefix is enough for a cell.
    if isinstance(value, str):
        return value[: 2 * WIDE]
    with suppress(
        RecursionError, ValueError
    ):  # nested too deeply, or a number with too many digits
        return str(value)[: 2 * WIDE]
    return ELLIPSIS
