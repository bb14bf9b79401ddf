"""Draw tables as plain text, for rich and as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from .colors import STATUS_COLORS
from .text import display_width, truncate

if TYPE_CHECKING:
    from rich.text import Text

# Maximum width of a column, and the minimum to which narrow terminals reduce it, in characters.
WIDE, NARROW = 60, 8
# The classes turn off formulas: notebooks render text between dollar signs as a formula, which can
# contain links and hide text.
TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
LEFT = "text-align: left"
GAP = "  "


@dataclass(frozen=True)
class Column:
    """A column of a table; the cells of a firm one stay whole in narrow terminals."""

    field: str
    head: str
    cells: Sequence[str]
    is_number: bool = False
    is_firm: bool = False

    @cached_property
    def width(self) -> int:
        """Width in characters; longer cells of a whole table reach beyond it."""
        return min(max(map(display_width, (self.head, *self.cells))), WIDE)

    @property
    def least(self) -> int:
        """Minimum width in a narrow terminal, in characters."""
        least = min(self.width, NARROW)
        return max(map(display_width, self.cells), default=least) if self.is_firm else least


@dataclass(frozen=True)
class Table:
    """Columns of sanitized cells, and the note below them."""

    columns: Sequence[Column]
    size: str = ""
    hidden: Sequence[str] = ()
    # How to see everything, for a table that does not show it.
    hint: str = ""
    is_cut: bool = False
    # Title above a table without a head, in which the first column names the lines.
    title: str | None = None

    def text(self, width: int | None = None) -> str:
        """Return aligned lines: whole, or of at most a width."""
        lines = self._lines(width)
        return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)

    def rich(self, width: int | None = None) -> Text:
        """Return the lines for rich, with colors; requires rich."""
        from rich.text import Text

        lines = (Text.assemble(*line) for line in self._lines(width))
        text = Text("\n").join(lines)
        text.no_wrap = width is not None and self.title is None
        text.overflow = "crop" if text.no_wrap else "fold"
        return text

    def _lines(self, width: int | None) -> Iterator[list[tuple[str, str]]]:
        """Yield lines, as pairs of text and style; those of a table with a title stay whole."""
        width = width if self.title is None else None
        widths = self._fit(width)
        columns = self.columns[: len(widths)]

        def line(cells: Sequence[str], style: str = "") -> list[tuple[str, str]]:
            parts: list[tuple[str, str]] = []
            for cell, size, column in zip(cells, widths, columns, strict=True):
                text = cell if width is None else truncate(cell, size)
                pad = " " * (size - display_width(text))
                is_status = column.field == "status" and not style
                look = STATUS_COLORS.get(cell, "") if is_status else style
                parts += [(pad + text if column.is_number else text + pad, look), (GAP, "")]
            return parts[:-1]

        if columns and self.title is None:
            yield line([column.head for column in columns], "bold")
            yield line(["-" * size for size in widths], "dim")
        yield from map(line, zip(*(column.cells for column in columns), strict=True))
        is_cut = self.is_cut or widths != [column.width for column in self.columns]
        if note := self._note([column.field for column in self.columns[len(widths) :]], is_cut):
            yield []
            yield from ([(text, "dim")] for text in _wrap(note, width))

    def _fit(self, width: int | None) -> list[int]:
        """Return the widths of the columns that fit."""
        widths = [column.width for column in self.columns]
        if width is None:
            return widths
        least = [column.least for column in self.columns]
        while len(least) > 1 and _sum(least) > width:
            least.pop()
        del widths[len(least) :]
        while _sum(widths) > width:
            # The widest shrinks first, until all have their minimum width.
            shrinkable = [i for i, size in enumerate(widths) if size > least[i]]
            if not shrinkable:
                break
            widths[max(shrinkable, key=widths.__getitem__)] -= 1
        return widths

    def _note(self, dropped: Sequence[str], is_cut: bool) -> str:
        hidden = ", ".join([*dropped, *self.hidden])
        parts = (self.size, f"not shown: {hidden}" if hidden else "", self.hint if is_cut else "")
        return "; ".join(filter(None, parts))

    def html(self) -> str:
        """Return the table for a notebook, without colors of its own."""
        heads = "".join(f'<th scope="col"{_side(c)}>{escape(c.head)}</th>' for c in self.columns)
        head = f"<thead><tr>{heads}</tr></thead>\n" if self.title is None else ""
        body = "\n".join(
            f"<tr>{''.join(map(self._html_cell, range(len(cells)), cells))}</tr>"
            for cells in zip(*(column.cells for column in self.columns), strict=True)
        )
        # Screen readers read the caption first; a note is visible below the table.
        side = f"caption-side: bottom; {LEFT}" if not self.title else LEFT
        caption = escape(self.title or self._note([], self.is_cut))
        caption = f'<caption style="{side}">{caption}</caption>\n' if caption else ""
        return f"{TABLE}\n{caption}{head}<tbody>\n{body}\n</tbody>\n</table>"

    def _html_cell(self, index: int, cell: str) -> str:
        side, text = _side(self.columns[index]), escape(cell)
        is_name = self.title is not None and index == 0
        return f'<th scope="row"{side}>{text}</th>' if is_name else f"<td{side}>{text}</td>"


def _sum(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _side(column: Column) -> str:
    return f' style="{"text-align: right" if column.is_number else LEFT}"'


def _wrap(note: str, width: int | None) -> Iterator[str]:
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
