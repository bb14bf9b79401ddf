"""Render progress as lines for a terminal and as HTML for a notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from html import escape

from .._utils.table import TABLE
from .._utils.text import display_width, sanitize, truncate
from .._waiting.progress import (
    NAME_WIDTH,
    STATUS_LABELS,
    Progress,
    RunProgress,
    format_duration,
    organization_text,
    status_text,
    summarize,
    task_title,
)

# A part of a line, and its style in the words of rich.
StyledText = tuple[str, str]
# What is left out first where there is no room for all.
HIDE_FIRST = {"completed": 3, "pending": 2}
BAR_WIDTH = 30
BLOCKS, ASCII = ("█", "░"), ("#", "-")


def style_of(run: RunProgress) -> str:
    """Choose the color for a run."""
    if run.is_bad:
        return "red"
    if run.is_good:
        return "green"
    return "dim" if run.status == "pending" else "yellow"


# -- a terminal ------------------------------------------------------------------------------------
def render_lines(
    tasks: Sequence[Progress], now: float, height: int, blocks: tuple[str, str] = BLOCKS
) -> list[list[StyledText]]:
    """Draw tasks for a terminal: a line for each organization, and a bar over all."""
    runs = [run for task in tasks for run in task.runs]
    room = max(1, height - len(tasks) - 2)
    kept = set(map(id, runs))
    if len(runs) > room:
        dullest_last = sorted(runs, key=lambda run: HIDE_FIRST.get(run.status, 1))
        kept = set(map(id, dullest_last[:room]))
    shown = [run for run in runs if id(run) in kept]
    width = max((display_width(_name(run)) for run in shown), default=0)
    lines: list[list[StyledText]] = []
    for task in tasks:
        of_task = [run for run in task.runs if id(run) in kept]
        if of_task or len(tasks) == 1:
            lines.append([(task_title(task), "bold")])
        lines += [_line(run, width, now) for run in of_task]
    if len(shown) < len(runs):
        lines.append([(_summarize_hidden(run for run in runs if id(run) not in kept), "dim")])
    lines.append(_bar(runs, blocks))
    return lines


def _name(run: RunProgress) -> str:
    """Name the organization of a run, those of subtasks further to the right."""
    indent = "    " if run.is_subtask else "  "
    return indent + truncate(sanitize(run.organization), NAME_WIDTH)


def _line(run: RunProgress, width: int, now: float) -> list[StyledText]:
    name, words = _name(run), status_text(run)
    if run.status == "active" and run.started is not None:
        words += f" for {format_duration(now - run.started)}"
    return [(name + " " * (width - display_width(name) + 2), ""), (words, style_of(run))]


def _summarize_hidden(runs: Iterable[RunProgress]) -> str:
    counts = Counter(sanitize(STATUS_LABELS.get(run.status, run.status)) for run in runs)
    parts = ", ".join(f"{count} {words}" for words, count in counts.items())
    return f"  and {sum(counts.values())} more: {parts}"


def _bar(runs: Sequence[RunProgress], blocks: tuple[str, str]) -> list[StyledText]:
    full, empty = blocks
    total = len(runs) or 1
    good = BAR_WIDTH * sum(run.is_good for run in runs) // total
    over = BAR_WIDTH * sum(run.is_over for run in runs) // total
    return [
        ("  ", ""),
        (full * good, "green"),
        (full * (over - good), "red"),
        (empty * (BAR_WIDTH - over), "dim"),
        (f"  {summarize(runs)}", ""),
    ]


# -- a line per change -----------------------------------------------------------------------------
def render_change(task: Progress, run: RunProgress) -> list[StyledText]:
    """Report that a run has come to stand elsewhere."""
    count = f" ({summarize(task.runs)})" if run.is_over else ""
    words = (status_text(run), style_of(run))
    return [(f"{task_title(task)}: {organization_text(run)}: ", ""), words, (count, "")]


# -- a notebook ------------------------------------------------------------------------------------
def render_html(tasks: Sequence[Progress]) -> str:
    """Draw tasks for a notebook, without colors of its own."""
    runs = [run for task in tasks for run in task.runs]
    over, total = sum(run.is_over for run in runs), len(runs) or 1
    count = summarize(runs)
    bar = f'<progress value="{over}" max="{total}" aria-label="{count}"></progress> {count}'
    return "\n".join([*map(_html_table, tasks), f"<div>{bar}</div>"])


def _html_table(task: Progress) -> str:
    lines = "\n".join(map(_html_line, task.runs))
    caption = f'<caption style="text-align: left">{escape(task_title(task))}</caption>'
    return f"{TABLE}\n{caption}\n<tbody>\n{lines}\n</tbody>\n</table>"


def _html_line(run: RunProgress) -> str:
    words = status_text(run)
    if run.status == "active" and run.started is not None:  # a duration would soon be wrong
        words += f" since {datetime.fromtimestamp(run.started, timezone.utc):%H:%M:%S} UTC"
    side = f"text-align: left; padding-left: {3 if run.is_subtask else 1}em"
    return (
        f'<tr><th scope="row" style="{side}">{escape(sanitize(run.organization))}</th>'
        f'<td style="text-align: left">{escape(words)}</td></tr>'
    )
