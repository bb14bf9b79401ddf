"""Choose the columns and cell texts of tables of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeAlias, cast

from vantage6.bindings.secret import NAMES as SECRETS
from vantage6.bindings.secret import SecretRow, conceal

from .._utils.table import WIDE, Column, Table
from .._utils.text import ELLIPSIS, sanitize, sanitize_lines, truncate
from .._utils.time import is_time, parse_time

Fields: TypeAlias = "Mapping[str, object]"
Items: TypeAlias = "list[object]"
Names: TypeAlias = "Mapping[int, str]"
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
# The fields of a row inside another that is only a reference.
REFERENCE = {"id", "link", "methods"}
# Fields that refer to organizations.
ORGANIZATIONS = {"organization", "organizations", "init_org"}
# A row inside another is shown as the first of these fields that it has.
NAMES = ("name", "username", "label", "key", "url", "id")
# A short table of more rows shows only the first and the last ones.
MOST, HEAD, TAIL = 50, 20, 10
# Maximum length of a cell in a short table of one row.
LONG = 500


def table_of_rows(
    rows: Sequence[object],
    fields: Sequence[str] | None,
    total: int,
    names: Names,
    *,
    is_whole: bool,
    hint: str = "rows.show() shows everything",
) -> Table:
    """Build a table of rows: whole, or short with a hint how to see the rest."""
    is_cut = not is_whole and len(rows) > MOST
    selected = [*rows[:HEAD], *rows[-TAIL:]] if is_cut else rows
    shown = [_fields(row) for row in selected]
    secret = {name for row in selected if isinstance(row, SecretRow) for name in row} & SECRETS
    known = list(dict.fromkeys(name for row in shown for name in row))
    main = known if fields is not None else _main_columns(known, shown)
    main = [name for name in main if name not in secret]
    others = [name for name in known if name not in main]
    visible = [*main]
    if is_whole:
        visible += [
            name
            for name in others
            if name not in secret and any(_has_content(row.get(name)) for row in shown)
        ]
    limit = None if is_whole else 2 * WIDE
    columns = [_column(name, [row.get(name) for row in shown], names, limit) for name in visible]
    if is_whole and fields is None:  # cells that reach beyond their column shift no other ones
        columns.sort(key=lambda column: max(map(len, column.cells), default=0) > WIDE)
    short = columns if is_whole else [_shortened(column, has_gap=is_cut) for column in columns]
    hidden = [sanitize(name) for name in others if name not in visible]
    size = _size(len(rows), total) + (f", {HEAD + TAIL} of them shown" if is_cut else "")
    is_short = not is_whole and (short != columns or bool(hidden))
    return Table(short, size, hidden, hint, is_cut=is_short)


def table_of_row(row: Fields, names: Names, *, is_whole: bool) -> Table:
    """Build a table of one row, with a line for each field and line of text, but no links."""
    heads: list[str] = []
    cells: list[str] = []
    is_cut = False
    for name in dict.fromkeys([*_main_columns(list(row), [row]), *row]):
        if _is_link(row[name]):
            continue
        column = _column(name, [row[name]], names, None if is_whole else LONG + 1, sanitize_lines)
        (cell,) = column.cells
        if not is_whole and len(cell) > LONG:
            cell, is_cut = cell[:LONG] + ELLIPSIS, True
        first, *others = cell.split("\n")
        heads += [column.head, *[""] * len(others)]
        cells += [first, *others]
    columns = [Column("", "", heads, is_firm=True), Column("", "", cells)]
    return Table(columns, hint="print(row) shows everything", is_cut=is_cut, title="")


def _fields(row: object) -> Fields:
    """Return the fields of a row, without the text of its secrets."""
    if isinstance(row, SecretRow):
        return conceal(dict(row))
    return cast("Fields", row) if isinstance(row, Mapping) else {"": row}


def _main_columns(known: Sequence[str], rows: Sequence[Fields]) -> list[str]:
    """Choose the most useful columns of whole rows."""
    kind = next((names for mark, names in KINDS.items() if mark in known), known)
    return [
        name for name in kind if name in known and not any(_is_link(row.get(name)) for row in rows)
    ] or list(known)


def _has_content(value: object) -> bool:
    return value not in (None, "", [], {}) and not _is_link(value)


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and "?" in value


def _size(count: int, total: int) -> str:
    rows = "row" if total == 1 else "rows"
    return f"{count} of {total} {rows}" if count != total else f"{count or 'no'} {rows}"


def _column(
    name: str,
    values: Iterable[object],
    names: Names,
    limit: int | None,
    clean: Callable[[str], str] = sanitize,
) -> Column:
    """Return a column of whole cells, or of the first characters up to a limit."""
    known: Names = names if name in ORGANIZATIONS else {}
    shown = [_display_value(value, known, limit) for value in values]
    present = [value for value in shown if value is not None]
    is_number = bool(present) and all(type(value) in (int, float) for value in present)
    head, is_firm = name, is_number or name == "status"
    times = [parse_time(value) for value in shown] if is_time(name) else []
    if times and all(time or value is None for time, value in zip(times, shown, strict=True)):
        form = "%Y-%m-%d %H:%M:%S" if limit is None else "%Y-%m-%d %H:%M"
        shown = [time.strftime(form) if time else None for time in times]
        head, is_firm = f"{name} (UTC)", True
    cells = [clean(_text(value, known, limit)[:limit]) for value in shown]
    return Column(sanitize(name), sanitize(head), cells, is_number, is_firm)


def _shortened(column: Column, *, has_gap: bool) -> Column:
    """Return a column with short cells, and a gap where rows are left out."""
    cells = [truncate(cell, WIDE) for cell in column.cells]
    if has_gap:
        cells.insert(HEAD, ELLIPSIS)
    return replace(column, head=truncate(column.head, WIDE), cells=cells)


def _display_value(value: object, names: Names, limit: int | None) -> object:
    """Return what stands for a row inside another; other values unchanged."""
    if not isinstance(value, Mapping):
        return value
    row = cast("Fields", value)
    id_ = row.get("id")
    if isinstance(id_, int) and id_ in names:
        return f"{names[id_]} ({id_})"
    if limit is None and len(row) > 1 and not row.keys() <= REFERENCE:
        return row or None
    return next((row[name] for name in NAMES if row.get(name) is not None), row or None)


def _text(value: object, names: Names, limit: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    with suppress(RecursionError, ValueError):  # nested too deeply, or with too many digits
        if isinstance(value, list):
            items = [_display_value(item, names, limit) for item in cast("Items", value)[:limit]]
            return ", ".join(_text(item, names, limit) for item in items)
        return value if isinstance(value, str) else str(value)
    return ELLIPSIS
