"""How the progress of tasks reads: lines for a terminal, HTML for a notebook (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from html import escape

from ._display import TABLE, cut, width_of
from ._inert import inert
from ._progress import Progress, RunProgress

# A part of a line, and its style in the words of rich.
Piece = tuple[str, str]

WORDS = {"pending": "queued", "initializing": "starting", "active": "running", "completed": "done"}
# What is left out first where there is no room for all.
DULL = {"completed": 3, "pending": 2}
NAME_WIDTH = 40
BAR_WIDTH = 30
BLOCKS, ASCII = ("█", "░"), ("#", "-")


def words_of(run: RunProgress) -> str:
    """Say where a run stands.

    Parameters
    ----------
    run : RunProgress
        The run.

    Returns
    -------
    str
        Such as ``"queued"``, ``"running"``, ``"done in 12 s"`` or ``"crashed after 3 s"``.
    """
    words = inert(WORDS.get(run.status, run.status))
    if not run.is_over or run.started is None or run.finished is None:
        return words
    return f"{words} {'in' if run.is_good else 'after'} {span(run.finished - run.started)}"


def span(seconds: float) -> str:
    """Write how long something took.

    Parameters
    ----------
    seconds : float
        How many seconds; clocks that differ may make it negative, which reads as none.

    Returns
    -------
    str
        Such as ``"12 s"``, ``"3 min 5 s"`` or ``"2 h 10 min"``.
    """
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def style_of(run: RunProgress) -> str:
    """Choose the color for a run.

    Parameters
    ----------
    run : RunProgress
        The run.

    Returns
    -------
    str
        A style, in the words of rich.
    """
    if run.is_bad:
        return "red"
    if run.is_good:
        return "green"
    return "dim" if run.status == "pending" else "yellow"


def title_of(task: Progress) -> str:
    """Name a task, for people.

    Parameters
    ----------
    task : Progress
        The task.

    Returns
    -------
    str
        Its name and identifier.
    """
    name = cut(inert(task.name), NAME_WIDTH)
    return f"{name} (task {task.task_id})" if name else f"task {task.task_id}"


def count_of(runs: Iterable[RunProgress]) -> str:
    """Say how many runs are done.

    Parameters
    ----------
    runs : iterable of RunProgress
        All runs.

    Returns
    -------
    str
        Such as ``"2 of 3 done, 1 failed"``.
    """
    runs = list(runs)
    failed = sum(run.is_bad for run in runs)
    count = f"{sum(run.is_good for run in runs)} of {len(runs)} done"
    return f"{count}, {failed} failed" if failed else count


# -- a terminal ------------------------------------------------------------------------------------
def lines_of(
    tasks: Sequence[Progress], now: float, height: int, blocks: tuple[str, str] = BLOCKS
) -> list[list[Piece]]:
    """Draw tasks for a terminal: a line for each organization, and a bar over all.

    Parameters
    ----------
    tasks : sequence of Progress
        The tasks.
    now : float
        The time, in seconds since the epoch.
    height : int
        How many lines there is room for.
    blocks : tuple of str
        What to draw the bar with: its full and its empty part.

    Returns
    -------
    list of list of Piece
        The lines.
    """
    runs = [run for task in tasks for run in task.runs]
    room = max(1, height - len(tasks) - 2)
    kept = set(map(id, runs))
    if len(runs) > room:
        dullest_last = sorted(runs, key=lambda run: DULL.get(run.status, 1))
        kept = set(map(id, dullest_last[:room]))
    shown = [run for run in runs if id(run) in kept]
    width = max((width_of(_name(run)) for run in shown), default=0)
    lines: list[list[Piece]] = []
    for task in tasks:
        of_task = [run for run in task.runs if id(run) in kept]
        if of_task or len(tasks) == 1:
            lines.append([(title_of(task), "bold")])
        lines += [_line(run, width, now) for run in of_task]
    if len(shown) < len(runs):
        lines.append([(_left_out(run for run in runs if id(run) not in kept), "dim")])
    lines.append(_bar(runs, blocks))
    return lines


def _name(run: RunProgress) -> str:
    """Name the organization of a run, those of subtasks further to the right."""
    indent = "    " if run.is_subtask else "  "
    return indent + cut(inert(run.organization), NAME_WIDTH)


def _line(run: RunProgress, width: int, now: float) -> list[Piece]:
    name, words = _name(run), words_of(run)
    if run.status == "active" and run.started is not None:
        words += f" for {span(now - run.started)}"
    return [(name + " " * (width - width_of(name) + 2), ""), (words, style_of(run))]


def _left_out(runs: Iterable[RunProgress]) -> str:
    counts = Counter(inert(WORDS.get(run.status, run.status)) for run in runs)
    parts = ", ".join(f"{count} {words}" for words, count in counts.items())
    return f"  and {sum(counts.values())} more: {parts}"


def _bar(runs: Sequence[RunProgress], blocks: tuple[str, str]) -> list[Piece]:
    full, empty = blocks
    total = len(runs) or 1
    good = BAR_WIDTH * sum(run.is_good for run in runs) // total
    over = BAR_WIDTH * sum(run.is_over for run in runs) // total
    return [
        ("  ", ""),
        (full * good, "green"),
        (full * (over - good), "red"),
        (empty * (BAR_WIDTH - over), "dim"),
        (f"  {count_of(runs)}", ""),
    ]


# -- a line per change -----------------------------------------------------------------------------
def change_of(task: Progress, run: RunProgress) -> list[Piece]:
    """Tell that a run has come to stand elsewhere.

    Parameters
    ----------
    task : Progress
        The task, as it is now.
    run : RunProgress
        The run.

    Returns
    -------
    list of Piece
        One line.
    """
    count = f" ({count_of(task.runs)})" if run.is_over else ""
    words = (words_of(run), style_of(run))
    return [(f"{title_of(task)}: {_where(run)}: ", ""), words, (count, "")]


def sentence_of(task: Progress) -> str:
    """Tell where a task and all its runs stand.

    Parameters
    ----------
    task : Progress
        The task.

    Returns
    -------
    str
        One line.
    """
    parts = [f"{_where(run)} {words_of(run)}" for run in task.runs]
    told = f"{', '.join(parts)} ({count_of(task.runs)})" if parts else inert(task.status)
    return f"{title_of(task)}: {told}"


def _where(run: RunProgress) -> str:
    return inert(run.organization) + (" (subtask)" if run.is_subtask else "")


# -- a notebook ------------------------------------------------------------------------------------
def html_of(tasks: Sequence[Progress]) -> str:
    """Draw tasks for a notebook, without colors of its own.

    Parameters
    ----------
    tasks : sequence of Progress
        The tasks.

    Returns
    -------
    str
        Tables and a bar; nothing of the names is taken for HTML.
    """
    runs = [run for task in tasks for run in task.runs]
    over, total = sum(run.is_over for run in runs), len(runs) or 1
    count = count_of(runs)
    bar = f'<progress value="{over}" max="{total}" aria-label="{count}"></progress> {count}'
    return "\n".join([*map(_html_table, tasks), f"<div>{bar}</div>"])


def _html_table(task: Progress) -> str:
    lines = "\n".join(map(_html_line, task.runs))
    caption = f'<caption style="text-align: left">{escape(title_of(task))}</caption>'
    return f"{TABLE}\n{caption}\n<tbody>\n{lines}\n</tbody>\n</table>"


def _html_line(run: RunProgress) -> str:
    words = words_of(run)
    if run.status == "active" and run.started is not None:  # a duration would soon be wrong
        words += f" since {datetime.fromtimestamp(run.started, timezone.utc):%H:%M:%S} UTC"
    side = f"text-align: left; padding-left: {3 if run.is_subtask else 1}em"
    return (
        f'<tr><th scope="row" style="{side}">{escape(inert(run.organization))}</th>'
        f'<td style="text-align: left">{escape(words)}</td></tr>'
    )
