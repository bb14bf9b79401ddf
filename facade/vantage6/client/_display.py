"""How rows show themselves: as a table in plain text, in HTML and for rich (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from html import escape
from typing import TYPE_CHECKING, cast
from unicodedata import category, east_asian_width

from ._inert import inert

if TYPE_CHECKING:
    from rich.text import Text

# The columns that people look for in whole rows. The first field that a row has tells its kind.
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
# By the first of these that it has, a row inside another is called.
NAMES = ("name", "username", "label", "key", "url", "id")

# Beyond so many rows the head and the tail are shown.
MOST, HEAD, TAIL = 50, 20, 10
# A cell is cut at so many columns of text, and to no less than so many where room is scarce.
WIDE, NARROW = 60, 8
CUT = "…"
# Notebooks take what stands between dollar signs for a formula, which may hold links and hide text.
TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
GAP = "  "

# How the words are colored by which things tell how they stand.
STATUS_STYLES: Mapping[str, str] = {
    "completed": "green",
    "online": "green",
    "approved": "green",
    "active": "yellow",
    "initializing": "yellow",
    "offline": "red",
    "failed": "red",
    "crashed": "red",
    "start failed": "red",
    "not allowed": "red",
    "non-existing Docker image": "red",
    "unknown error": "red",
    "killed by user": "red",
    "rejected": "red",
}


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Parameters
    ----------
    field : str
        The field of the rows that it shows.
    head : str
        Its heading.
    cells : list of str
        Its cells: printable, of one line, and not too long.
    is_number : bool
        Whether it holds numbers, so that it is aligned to the right.
    is_firm : bool
        Whether a cell that is cut would mislead, as half a number does.
    """

    field: str
    head: str
    cells: list[str]
    is_number: bool
    is_firm: bool

    @property
    def width(self) -> int:
        """How many columns of text it needs."""
        return max(width_of(self.head), self._inner)

    @property
    def least(self) -> int:
        """How many columns of text it needs when what may be cut is cut."""
        least = min(self.width, NARROW)
        return max(self._inner, least) if self.is_firm else least

    @property
    def _inner(self) -> int:
        return max(map(width_of, self.cells), default=0)


@dataclass(frozen=True)
class Table:
    """What is shown of some rows.

    Parameters
    ----------
    columns : sequence of Column
        The columns, from left to right.
    hidden : list of str
        The fields that the rows have besides.
    size : str
        How many rows there are, in words.
    gap : int or None
        Before which row of the table some were left out.
    """

    columns: Sequence[Column]
    hidden: list[str]
    size: str
    gap: int | None

    @property
    def note(self) -> str:
        """What stands below the table."""
        return f"{self.size}; not shown: {', '.join(self.hidden)}" if self.hidden else self.size


def table_of(rows: Sequence[object], fields: Sequence[str] | None, total: int) -> Table:
    """Choose what to show of some rows.

    Parameters
    ----------
    rows : sequence of dict
        The rows.
    fields : sequence of str or None
        The fields that the user asked for: all of them are shown. None stands for whole rows.
    total : int
        How many rows there are on all pages.

    Returns
    -------
    Table
        What to show.
    """
    is_cut = len(rows) > MOST
    chosen = [*rows[:HEAD], *rows[-TAIL:]] if is_cut else rows
    shown = [
        cast("Mapping[str, object]", row) if isinstance(row, Mapping) else {"": row}
        for row in chosen
    ]
    known = list(dict.fromkeys(name for row in shown for name in row))
    wanted = _columns(known, shown) if fields is None else known
    columns = [_column(name, [row.get(name) for row in shown]) for name in wanted]
    hidden = [inert(name) for name in known if name not in wanted]
    size = _size(len(rows), total) + (f", {HEAD + TAIL} of them shown" if is_cut else "")
    return Table(columns, hidden, size, HEAD if is_cut else None)


def _columns(known: Sequence[str], rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Choose the columns of whole rows."""
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
    called = [_called(value) for value in values]
    given = [value for value in called if value is not None]
    times = [moment(value) for value in called] if is_time(name) else []
    is_number = bool(given) and all(type(value) in (int, float) for value in given)
    if times and all(time or value is None for time, value in zip(times, called, strict=True)):
        cells = [f"{time:%Y-%m-%d %H:%M}" if time else "" for time in times]
        return Column(name, inert(f"{name} (UTC)"), cells, is_number=False, is_firm=True)
    cells = [cut(inert(_text(value)), WIDE) for value in called]
    is_firm = is_number or name == "status"
    return Column(name, cut(inert(name), WIDE), cells, is_number, is_firm)


def _called(value: object) -> object:
    """Give what stands for a value: of a row inside another its name, or else its identifier."""
    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        return next((row[name] for name in NAMES if row.get(name) is not None), row or None)
    return value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        items = cast("list[object]", value)[:WIDE]  # more of them would be cut off anyway
        return ", ".join(_text(_called(item)) for item in items)
    # Results may be huge; what is left suffices for a cell.
    if isinstance(value, str):
        return value[: 2 * WIDE]
    with suppress(RecursionError, ValueError):  # nested too deeply, or a number of too many digits
        return str(value)[: 2 * WIDE]
    return CUT


def is_time(field: str) -> bool:
    """Tell whether a field holds moments, by its name.

    Parameters
    ----------
    field : str
        Its name.

    Returns
    -------
    bool
        True for ``created_at``, ``last_seen`` and the like.
    """
    return field.endswith(("_at", "_seen", "_sent"))


def moment(value: object) -> datetime | None:
    """Read a time as the server writes it: in UTC, without saying so.

    Parameters
    ----------
    value : object
        What stands in a row.

    Returns
    -------
    datetime or None
        The moment, in UTC; None for what is no time.
    """
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except OverflowError:  # an offset that leads out of the years there are
        return None


# -- text ------------------------------------------------------------------------------------------
def width_of(text: str) -> int:
    """Count the columns that a text takes in a terminal.

    Parameters
    ----------
    text : str
        Printable text.

    Returns
    -------
    int
        Two for each wide character, none for a mark above or below another.
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def cut(text: str, width: int) -> str:
    """Cut a text that is too wide, and mark it as cut.

    Parameters
    ----------
    text : str
        Printable text.
    width : int
        How many columns it may take, 1 at least.

    Returns
    -------
    str
        The text, or its beginning and "…".
    """
    if width_of(text) <= width:
        return text
    kept, left = "", width - 1
    for character in text:
        left -= _columns_of(character)
        if left < 0:
            break
        kept += character
    return kept + CUT


def as_text(table: Table, width: int | None) -> str:
    """Write a table as aligned lines.

    Parameters
    ----------
    table : Table
        What to show.
    width : int or None
        How many columns of text there are; None for as many as it takes.

    Returns
    -------
    str
        Heading, a rule, the rows, and how many there are.
    """
    return "\n".join("".join(text for text, _ in line).rstrip() for line in _lines(table, width))


def _lines(table: Table, width: int | None) -> Iterator[list[tuple[str, str]]]:
    """Give the lines of a table, in pieces that have a style each."""
    table, widths = _fit(table, width)
    columns = table.columns

    def line(cells: Iterable[str], style: str = "") -> list[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        for cell, room, column in zip(cells, widths, columns, strict=True):
            text = _pad(cut(cell, room), room, to_right=column.is_number)
            is_status = column.field == "status" and not style
            pieces += [(text, STATUS_STYLES.get(cell, "") if is_status else style), (GAP, "")]
        return pieces[:-1]

    if columns:
        yield line([column.head for column in columns], "bold")
        yield line(["-" * room for room in widths], "dim")
        for number, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
            if number == table.gap:
                yield line([CUT] * len(columns))
            yield line(cells)
        yield []
    for text in _wrapped(table.note, width):
        yield [(text, "dim")]


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - width_of(text))
    return space + text if to_right else text + space


def _fit(table: Table, width: int | None) -> tuple[Table, list[int]]:
    """Leave out the columns that there is no room for, and say how wide the others are."""
    widths = [column.width for column in table.columns]
    if width is None or _sum(widths) <= width:
        return table, widths
    least = [column.least for column in table.columns]
    count = len(widths)
    while count > 1 and _sum(least[:count]) > width:
        count -= 1
    dropped = [inert(column.field) for column in table.columns[count:]]
    widths = widths[:count]
    while _sum(widths) > width:
        # The widest gives way first; there may be none left that can.
        spare = [i for i in range(count) if widths[i] > least[i]]
        if not spare:
            break
        widths[max(spare, key=widths.__getitem__)] -= 1
    return replace(table, columns=table.columns[:count], hidden=[*dropped, *table.hidden]), widths


def _sum(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _wrapped(note: str, width: int | None) -> Iterator[str]:
    """Break a note between words where it is too wide."""
    if width is None:
        yield note
        return
    line, *words = (cut(word, max(width - len(GAP), NARROW)) for word in note.split())
    for word in words:
        if width_of(line) + 1 + width_of(word) <= width:
            line += f" {word}"
        else:
            yield line
            line = GAP + word
    yield line


# -- HTML ------------------------------------------------------------------------------------------
def as_html(table: Table) -> str:
    """Write a table for a notebook, without colors of its own.

    Parameters
    ----------
    table : Table
        What to show.

    Returns
    -------
    str
        A ``<table>``; nothing of the rows is taken for HTML.
    """
    heads = "".join(f'<th scope="col"{_side(c)}>{escape(c.head)}</th>' for c in table.columns)
    cells = zip(*(column.cells for column in table.columns), strict=True)
    lines = [_html_line(row, table.columns) for row in cells]
    if table.gap is not None:
        lines.insert(table.gap, _html_line([CUT] * len(table.columns), table.columns))
    # The caption is read out first, and is seen below.
    caption = f'<caption style="caption-side: bottom; text-align: left">{escape(table.note)}'
    body = "\n".join(lines)
    return (
        f"{TABLE}\n{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>"
    )


def _html_line(cells: Sequence[str], columns: Sequence[Column]) -> str:
    texts = (
        f"<td{_side(column)}>{escape(cell)}</td>"
        for cell, column in zip(cells, columns, strict=True)
    )
    return f"<tr>{''.join(texts)}</tr>"


def _side(column: Column) -> str:
    return f' style="text-align: {"right" if column.is_number else "left"}"'


# -- rich ------------------------------------------------------------------------------------------
def as_rich(table: Table, width: int) -> Text:
    """Write a table for rich, as `as_text` does, but colored; only called where rich is there.

    Parameters
    ----------
    table : Table
        What to show.
    width : int
        How many columns of text there are.

    Returns
    -------
    rich.text.Text
        The lines; nothing of the rows is taken for markup.
    """
    from rich.text import Text

    lines = (Text.assemble(*pieces) for pieces in _lines(table, width))
    made = Text("\n", no_wrap=True, overflow="crop").join(lines)
    made.no_wrap = True
    return made
