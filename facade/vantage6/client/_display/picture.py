"""Draw lines of text with bars on a time axis, and trees of lines, as text and as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from .._utils.colors import BAD, BUSY, GOOD, STATUS_COLORS
from .._utils.notebook import display, is_notebook
from .._utils.text import display_width, sanitize, truncate

# A title, its status, and the branches below it.
Branch: TypeAlias = "tuple[str, str, Sequence[Branch]]"
# Beginning, change and end of a bar, in seconds: first it waits, then it runs.
Bar: TypeAlias = "tuple[float, float, float]"
GRAY = "#8a8a8a"
COLORS = {GOOD: "#2e9e5b", BUSY: "#d9941a", BAD: "#d64545"}
WAITING, RUNNING = "·", "█"
# Sizes in an SVG, in pixels; a letter is as wide as most are.
ROW, STEP, LETTER, WIDTH, SMALLEST_BAR = 24, 18, 7.2, 760, 2
MOST_LETTERS = 60
STEPS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400)
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
MOST_STEPS = 5


@dataclass(frozen=True)
class Line:
    """A line: its title, indented by its depth, a note, and possibly a bar."""

    depth: int
    title: str
    note: str = ""
    style: str = ""
    bar: Bar | None = None
    hint: str = ""


# -- trees -----------------------------------------------------------------------------------------


def show_tree(title: str, branches: Sequence[Branch]) -> None:
    """Display a tree: as a picture in a notebook, as text elsewhere."""
    lines = [Line(0, sanitize(title)), *_lines_of(branches, 1)]
    text = "\n".join(line.title for line in _connected(lines))
    if is_notebook():
        display({"text/html": in_notebook(draw(lines)), "text/plain": text}, raw=True)
    else:
        print(text)  # noqa: T201 - what the caller asked for


def _lines_of(branches: Sequence[Branch], depth: int) -> Iterator[Line]:
    for title, status, below in branches:
        style = STATUS_COLORS.get(status, BUSY if status else "")
        yield Line(depth, sanitize(title), style=style)
        yield from _lines_of(below, depth + 1)


def _connected(lines: Sequence[Line]) -> Iterator[Line]:
    """Yield the lines with the branches of the tree as part of their titles."""
    for index, line in enumerate(lines):
        parts: list[str] = []
        for depth in range(1, line.depth + 1):
            following = (other.depth for other in lines[index + 1 :] if other.depth <= depth)
            goes_on = next(following, 0) == depth
            if depth == line.depth:
                parts.append("├── " if goes_on else "└── ")
            else:
                parts.append("│   " if goes_on else "    ")
        yield Line(0, "".join(parts) + line.title)


# -- bars ------------------------------------------------------------------------------------------


def draw_text(lines: Sequence[Line], head: str, width: int) -> str:
    """Draw lines as text of at most a width; bars only if there is space for them."""
    names = [truncate("  " * line.depth + line.title, width // 3) for line in lines]
    left = max(map(display_width, names), default=0) + 2
    right = max((display_width(line.note) for line in lines), default=0) + 2
    end = _end(lines)
    space = width - left - right
    if space < MOST_STEPS * 2 or not end:
        space = 0
    drawn = [truncate(head, width)]
    if space:
        marks = list(ticks(end))
        axis = ""
        for time, label in marks:
            place = round(time / end * (space - 1))
            if place >= len(axis) and place + len(label) <= space + right:
                axis += " " * (place - len(axis)) + label + " "
        drawn.append(" " * left + axis.rstrip())
    for name, line in zip(names, lines, strict=True):
        bar = _bar_text(line.bar, end, space) if line.bar and space else ""
        pad = " " * (left - display_width(name))
        note = truncate(line.note, width - left)
        drawn.append(f"{name}{pad}{bar:<{space}}{'  ' if space else ''}{note}".rstrip())
    return "\n".join(drawn)


def _bar_text(bar: Bar, end: float, space: int) -> str:
    first, changed, last = (round(time / end * space) for time in bar)
    if bar[2] > bar[1] and last == changed:  # what ran is visible, however short
        last = min(space, changed + 1)
        changed = min(changed, last - 1)
    return " " * first + WAITING * (changed - first) + RUNNING * (last - changed)


def _end(lines: Sequence[Line]) -> float:
    return max((line.bar[2] for line in lines if line.bar), default=0.0)


def ticks(end: float) -> Iterator[tuple[float, str]]:
    """Yield the times of an axis, with their labels."""
    step: float = next((step for step in STEPS if end / step <= MOST_STEPS), 0)
    step = step or 86400 * (end // (86400 * MOST_STEPS) + 1)
    size, unit = next((size, unit) for size, unit in UNITS if step >= size)
    for number in range(int(end / step) + 1):
        yield number * step, f"{number * step / size:g} {unit}"


# -- SVG -------------------------------------------------------------------------------------------


def draw(lines: Sequence[Line], head: str = "") -> str:
    """Draw lines as SVG, in the color of the text around it."""
    top = ROW * bool(head)
    end = _end(lines)
    left = 16 + max(
        (LETTER * _letters(line.title) + STEP * line.depth for line in lines), default=0
    )
    left = min(left, WIDTH / 2)
    right = 16 + max((LETTER * _letters(line.note) for line in lines), default=0)
    scale = (WIDTH - left - right) / end if end else 0.0
    parts: list[str] = []
    if head:
        parts.append(_text(8, ROW - 8, head, 'font-weight="600"'))
    if end:
        top += ROW
        for time, label in ticks(end):
            x = left + time * scale
            grid = f'x1="{x:.1f}" x2="{x:.1f}" y1="{top - 2}" y2="{top + ROW * len(lines)}"'
            parts.append(f'<line {grid} stroke="currentColor" opacity="0.15"/>')
            parts.append(_text(x, top - 8, label, 'text-anchor="middle" opacity="0.7"'))
    above: dict[int, float] = {}  # where the branch of each depth goes on
    for index, line in enumerate(lines):
        y = top + ROW * index
        middle = y + ROW / 2
        x = 8 + STEP * line.depth
        if line.depth in above:
            path = f"M{x - 10} {above[line.depth]:g}V{middle:g}H{x - 3}"
            parts.append(f'<path d="{path}" fill="none" stroke="currentColor" opacity="0.35"/>')
        above[line.depth + 1] = middle + 10
        if line.depth:
            above[line.depth] = middle
        color = COLORS.get(line.style, GRAY)
        title = truncate(line.title, max(1, int((left - 16 - STEP * line.depth) / LETTER)))
        if line.style and not line.bar:
            parts.append(f'<circle cx="{x + 5}" cy="{middle:g}" r="4" fill="{color}"/>')
            x += 16
        weight = "" if line.bar or line.style else 'font-weight="600"'
        parts.append(_text(x, middle + 4.5, title, weight))
        if line.bar:
            parts += _bar(line, left, scale, y, color)
        parts.append(_text(WIDTH - right + 12, middle + 4.5, line.note, ""))
    height = top + ROW * len(lines) + 6
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" style="max-width: 100%; height: auto" role="img" fill="currentColor" '
        f'font-family="system-ui, sans-serif" font-size="13">\n'
        f"<title>{escape(head or (lines[0].title if lines else ''))}</title>\n{body}\n</svg>"
    )


def _bar(line: Line, left: float, scale: float, y: float, color: str) -> Iterator[str]:
    assert line.bar  # noqa: S101
    first, changed, last = (left + time * scale for time in line.bar)
    hint = f"<title>{escape(line.hint)}</title>"
    waited = f'x="{first:.1f}" y="{y + ROW / 2 - 2:g}" width="{changed - first:.1f}" height="4"'
    yield f'<g>{hint}<rect {waited} fill="currentColor" opacity="0.25"/>'
    if last > changed:
        width = max(last - changed, SMALLEST_BAR)
        ran = f'x="{changed:.1f}" y="{y + 6}" width="{width:.1f}" height="{ROW - 12}" rx="2"'
        yield f'<rect {ran} fill="{color}"/>'
    yield "</g>"


def _text(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:g}" {attributes}>{escape(text)}</text>' if text else ""


def _letters(text: str) -> int:
    return min(display_width(text), MOST_LETTERS)


def in_notebook(svg: str) -> str:
    """Return a picture for a notebook, which is not searched for formulas."""
    return f'<div class="tex2jax_ignore mathjax_ignore">{svg}</div>'
