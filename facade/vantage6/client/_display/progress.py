"""Render progress as lines for a terminal and as HTML for a notebook."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .._utils.colors import BAD, BUSY, GOOD, WAITING
from .._utils.table import Column, Table
from .._utils.text import display_width, sanitize, truncate
from .._utils.time import format_time
from .._waiting.progress import (
    NAME_WIDTH,
    STATUS_LABELS,
    Progress,
    RunProgress,
    organization_text,
    silence_text,
    status_text,
    summarize,
    task_title,
)

# A part of a line and its rich style.
StyledText = tuple[str, str]
# Runs to hide first if not all of them fit; the highest number goes first.
HIDE_FIRST = {"completed": 3, "pending": 2}
BAR_WIDTH = 30
BLOCKS, ASCII = ("█", "░"), ("#", "-")


def style_of(run: RunProgress) -> str:
    """Return the style of a run."""
    if run.is_bad:
        return BAD
    if run.is_good:
        return GOOD
    return WAITING if run.status == "pending" else BUSY


# ---- terminal ------------------------------------------------------------------------------------


def render_lines(
    tasks: Sequence[Progress], waited: float, height: int, blocks: tuple[str, str] = BLOCKS
) -> list[list[StyledText]]:
    """Render tasks for a terminal: a line for each run, and one bar for all of them."""
    # `waited` is when this is drawn, in seconds since the wait began.
    runs = [run for task in tasks for run in task.runs]
    silence = _silence(tasks, waited)
    max_runs = max(1, height - len(tasks) - 2 - bool(silence))
    shown_ids = set(map(id, runs))
    if len(runs) > max_runs:
        by_priority = sorted(runs, key=lambda run: HIDE_FIRST.get(run.status, 1))
        shown_ids = set(map(id, by_priority[:max_runs]))
    shown = [run for run in runs if id(run) in shown_ids]
    width = max((display_width(_name(run)) for run in shown), default=0)
    lines: list[list[StyledText]] = []
    for task in tasks:
        shown_runs = [run for run in task.runs if id(run) in shown_ids]
        if shown_runs or len(tasks) == 1 or not task.runs:
            status = "" if task.runs or not task.is_over else f": {sanitize(task.status)}"
            lines.append([(task_title(task) + status, "bold")])
        age = max(0.0, waited - task.waited)
        now = task.server_time + age if task.silent_for is None else None
        lines += [_line(run, width, now) for run in shown_runs]
    if len(shown) < len(runs):
        lines.append([(_summarize_hidden(run for run in runs if id(run) not in shown_ids), "dim")])
    if silence:
        lines.append([(f"  {silence}", BAD)])
    lines.append(_bar(runs, blocks))
    return lines


def _silence(tasks: Sequence[Progress], waited: float) -> str:
    """Return for how long the server has not responded, as text, if it does not respond."""
    times = [t.silent_for + waited - t.waited for t in tasks if t.silent_for is not None]
    return silence_text(max(times)) if times else ""


def _name(run: RunProgress) -> str:
    """Return the organization of a run, indented further for a subtask."""
    indent = "    " if run.is_subtask else "  "
    return indent + truncate(sanitize(run.organization), NAME_WIDTH)


def _line(run: RunProgress, width: int, now: float | None) -> list[StyledText]:
    name = _name(run)
    padding = " " * (width - display_width(name) + 2)
    return [(name + padding, ""), (status_text(run, now), style_of(run))]


def _summarize_hidden(runs: Iterable[RunProgress]) -> str:
    counts = Counter(
        sanitize(STATUS_LABELS.get(run.status, run.status)) + ", node offline" * run.is_offline
        for run in runs
    )
    parts = ", ".join(f"{count} {label}" for label, count in counts.items())
    return f"  and {sum(counts.values())} more: {parts}"


def _bar(runs: Sequence[RunProgress], blocks: tuple[str, str]) -> list[StyledText]:
    full, empty = blocks
    total = len(runs) or 1
    good = BAR_WIDTH * sum(run.is_good for run in runs) // total
    over = BAR_WIDTH * sum(run.is_over for run in runs) // total
    return [
        ("  ", ""),
        (full * good, GOOD),
        (full * (over - good), BAD),
        (empty * (BAR_WIDTH - over), "dim"),
        (f"  {summarize(runs)}", ""),
    ]


# ---- lines ---------------------------------------------------------------------------------------


def render_change(task: Progress, run: RunProgress) -> list[StyledText]:
    """Render a status change of a run as one line."""
    count = f" ({summarize(task.runs)})" if run.is_over else ""
    status = (status_text(run), style_of(run))
    return [(f"{task_title(task)}: {organization_text(run)}: ", ""), status, (count, "")]


# ---- notebook ------------------------------------------------------------------------------------


def render_html(tasks: Sequence[Progress]) -> str:
    """Render tasks as HTML for a notebook, in the notebook's own colors."""
    runs = [run for task in tasks for run in task.runs]
    over, total = sum(run.is_over for run in runs), len(runs) or 1
    count = summarize(runs)
    bar = f'<progress value="{over}" max="{total}" aria-label="{count}"></progress> {count}'
    silence = _silence(tasks, max((task.waited for task in tasks), default=0.0))
    parts = [*map(_html_table, tasks), f"<div>{bar}</div>"]
    return "\n".join([*parts, f"<div>{silence}</div>"] if silence else parts)


def _html_table(task: Progress) -> str:
    names = [
        ("\N{NO-BREAK SPACE}" * 4 if run.is_subtask else "") + sanitize(run.organization)
        for run in task.runs
    ]
    columns = [Column("", "", names), Column("", "", list(map(_html_status, task.runs)))]
    return Table(columns, title=task_title(task) if task.runs else str(task)).html()


def _html_status(run: RunProgress) -> str:
    status = status_text(run)
    if run.status == "active" and run.started is not None and not run.is_offline:
        status += f" since {format_time(run.started, '%H:%M:%S')}"  # a duration soon is outdated
    return status
