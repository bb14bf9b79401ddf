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

# Maximum width of a cell, and the minimum to which narrow terminals reduce it, in characters.
WIDE, NARROW = 60, 8
# The classes turn off formulas: notebooks render text between dollar signs as a formula, which can
# contain links and hide text.
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
        """Width of the full text, in characters."""
        return max(display_width(self.head), self._inner)

    @property
    def least(self) -> int:
        """Minimum width after truncation, in characters; the cells of a firm column stay whole."""
        least = min(self.width, NARROW)
        return max(self._inner, least) if self.is_firm else least

    @property
    def _inner(self) -> int:
        return max(map(display_width, self.cells), default=0)


@dataclass(frozen=True)
class Table:
    """The visible part of some rows."""

    columns: Sequence[Column]
    hidden: list[str]
    size: str
    gap: int | None

    @property
    def note(self) -> str:
        """Text below the table."""
        return f"{self.size}; not shown: {', '.join(self.hidden)}" if self.hidden else self.size


def as_text(table: Table, width: int | None) -> str:
    """Write a table as aligned lines."""
    return "\n".join("".join(text for text, _ in line).rstrip() for line in _lines(table, width))


def _lines(table: Table, width: int | None) -> Iterator[list[tuple[str, str]]]:
    """Return the lines of a table, as pairs of text and style."""
    table, widths = _fit(table, width)
    columns = table.columns

    def line(cells: Iterable[str], style: str = "") -> list[tuple[str, str]]:
        pieces: list[tuple[str, str]] = []
        for cell, cell_width, column in zip(cells, widths, columns, strict=True):
            text = _pad(truncate(cell, cell_width), cell_width, to_right=column.is_number)
            is_status = column.field == "status" and not style
            pieces += [(text, STATUS_STYLES.get(cell, "") if is_status else style), (GAP, "")]
        return pieces[:-1]

    if columns:
        yield line([column.head for column in columns], "bold")
        yield line(["-" * cell_width for cell_width in widths], "dim")
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
    """Drop the columns that do not fit, and return the widths of the others."""
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
        # The widest shrinks first, until all have their minimum width.
        shrinkable = [i for i in range(count) if widths[i] > least[i]]
        if not shrinkable:
            break
        widths[max(shrinkable, key=widths.__getitem__)] -= 1
    return replace(table, columns=table.columns[:count], hidden=[*dropped, *table.hidden]), widths


def _sum(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _wrapped(note: str, width: int | None) -> Iterator[str]:
    """Wrap a note between words."""
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
    # Screen readers read the caption first; it is visible below the table.
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
    """Write a table for rich: the lines of `as_text`, with colors; requires rich."""
    from rich.text import Text

    lines = (Text.assemble(*pieces) for pieces in _lines(table, width))
    text = Text("\n", no_wrap=True, overflow="crop").join(lines)
    text.no_wrap = True
    return text
