"""Draw tables as plain text, as HTML and for rich."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

from .styles import STATUS_STYLES
from .text import ELLIPSIS, display_width, sanitize, truncate

if TYPE_CHECKING:
    from rich.text import Text

# A cell is cut at so many columns of text, and to no less than so many where room is scarce.
WIDE, NARROW = 60, 8
# Notebooks take what stands between dollar signs for a formula, which may hold links and hide text.
TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
GAP = "  "


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    field: str
    head: str
    cells: list[str]
    is_number: bool
    is_firm: bool

    @property
    def width(self) -> int:
        """How many columns of text it needs."""
        return max(display_width(self.head), self._inner)

    @property
    def least(self) -> int:
        """How many columns of text it needs when what may be cut is cut."""
        least = min(self.width, NARROW)
        return max(self._inner, least) if self.is_firm else least

    @property
    def _inner(self) -> int:
        return max(map(display_width, self.cells), default=0)


@dataclass(frozen=True)
class Table:
    """What is shown of some rows."""

    columns: Sequence[Column]
    hidden: list[str]
    size: str
    gap: int | None

    @property
    def note(self) -> str:
        """What stands below the table."""
        return f"{self.size}; not shown: {', '.join(self.hidden)}" if self.hidden else self.size


def as_text(table: Table, width: int | None) -> str:
    """Write a table as aligned lines."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in _lines(table, width))


def _lines(table: Table, width: int | None) -> Iterator[list[tuple[str, str]]]:
    """Return the lines of a table, in pieces that have a style each."""
    table, widths = _fit(table, width)
    columns = table.columns

    def line(cells: Iterable[str], style: str = "") -> list[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        for cell, room, column in zip(cells, widths, columns, strict=True):
            text = _pad(truncate(cell, room), room, to_right=column.is_number)
            is_status = column.field == "status" and not style
            pieces += [(text, STATUS_STYLES.get(cell, "") if is_status else style), (GAP, "")]
        return pieces[:-1]

    if columns:
        yield line([column.head for column in columns], "bold")
        yield line(["-" * room for room in widths], "dim")
        for number, cells in enumerate(zip(*(column.cells for column in columns), strict=True)):
            if number == table.gap:
                yield line([ELLIPSIS] * len(columns))
            yield line(cells)
        yield []
    for text in _wrapped(table.note, width):
        yield [(text, "dim")]


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - display_width(text))
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
    dropped = [sanitize(column.field) for column in table.columns[count:]]
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
    line, *words = (truncate(word, max(width - len(GAP), NARROW)) for word in note.split())
    for word in words:
        if display_width(line) + 1 + display_width(word) <= width:
            line += f" {word}"
        else:
            yield line
            line = GAP + word
    yield line


# -- HTML ------------------------------------------------------------------------------------------
def as_html(table: Table) -> str:
    """Write a table for a notebook, without colors of its own."""
    heads = "".join(f'<th scope="col"{_side(c)}>{escape(c.head)}</th>' for c in table.columns)
    cells = zip(*(column.cells for column in table.columns), strict=True)
    lines = [_html_line(row, table.columns) for row in cells]
    if table.gap is not None:
        lines.insert(table.gap, _html_line([ELLIPSIS] * len(table.columns), table.columns))
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
    """Write a table for rich, as `as_text` does, but colored; only called where rich is there."""
    from rich.text import Text

    lines = (Text.assemble(*pieces) for pieces in _lines(table, width))
    made = Text("\n", no_wrap=True, overflow="crop").join(lines)
    made.no_wrap = True
    return made
