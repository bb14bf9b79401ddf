"""The times of a task and its subtasks, as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from shutil import get_terminal_size

from .._utils.text import sanitize, truncate
from .._utils.time import format_time
from .._waiting.progress import (
    NAME_WIDTH,
    STATUS_LABELS,
    RunProgress,
    status_text,
    summarize,
)
from .picture import Line, draw, draw_text, in_notebook
from .progress import style_of

DAY, TIME = "%Y-%m-%d %H:%M:%S", "%H:%M:%S"


@dataclass(frozen=True)
class TimelineTask:
    """The times of one task.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    name : str
        Name of the task.
    status : str
        Status of the task, such as ``"active"``.
    depth : int
        0 for the task itself, 1 for its subtasks, 2 for their subtasks.
    created : float or None
        When the organizations were asked, in seconds since the epoch; None if unknown.
    runs : tuple of RunProgress
        Its runs, in the order of the requested organizations.
    """

    task_id: int
    name: str
    status: str
    depth: int
    created: float | None
    runs: tuple[RunProgress, ...]


@dataclass(frozen=True, repr=False)
class Timeline:
    """The times of a task and its subtasks: who was asked, waited, ran and ended, when and how.

    ``print(timeline)`` draws it as text, and a notebook displays a picture. All times are the
    server's.

    Attributes
    ----------
    tasks : tuple of TimelineTask
        The task, and each subtask after its parent.
    server_time : float
        Time of the server's clock when it was asked, in seconds since the epoch.
    """

    tasks: tuple[TimelineTask, ...]
    server_time: float

    def text(self, width: int = 80) -> str:
        """Draw the timeline as text.

        Parameters
        ----------
        width : int
            Maximum width in characters.

        Returns
        -------
        str
            The lines: dots for the time in the queue, blocks for the time of the run.

        Examples
        --------
        >>> print(client.task.timeline("average age").text(70))
        average age (task ...): 2 of 2 done, since ... UTC
        ...
        IKNL     ...█  done in ...
        Maastro  ...█  done in ...
        """
        return draw_text(self._lines, self._head, width)

    def svg(self) -> str:
        """Draw the timeline as a picture.

        Returns
        -------
        str
            The text of an SVG file.

        Examples
        --------
        >>> from pathlib import Path
        >>> size = Path("timeline.svg").write_text(client.task.timeline("average age").svg())
        """
        return draw(self._lines, self._head)

    def __str__(self) -> str:
        return self.text(get_terminal_size().columns)

    __repr__ = __str__

    def _repr_svg_(self) -> str:
        return self.svg()

    def _repr_html_(self) -> str:
        return in_notebook(self.svg())

    @property
    def _head(self) -> str:
        root = self.tasks[0]
        state = summarize(root.runs) if root.runs else _state(root.status)
        since = f", since {format_time(root.created, DAY)}" if root.created is not None else ""
        return f"{_title(root)}: {state}{since}"

    @cached_property
    def _lines(self) -> list[Line]:
        known = [
            time
            for task in self.tasks
            for time in (task.created, *(run.started for run in task.runs))
            if time is not None
        ]
        return list(self._draw_lines(min(known, default=self.server_time)))

    def _draw_lines(self, origin: float) -> Iterator[Line]:
        for task in self.tasks:
            if task.depth:
                note = summarize(task.runs) if task.runs else _state(task.status)
                yield Line(task.depth - 1, _title(task), note)
            for run in task.runs:
                times = _times(task, run, self.server_time)
                yield Line(
                    task.depth,
                    truncate(sanitize(run.organization), NAME_WIDTH),
                    status_text(run, self.server_time),
                    style_of(run),
                    times and (times[0] - origin, times[1] - origin, times[2] - origin),
                    _hint(task, run),
                )


def _title(task: TimelineTask) -> str:
    name = truncate(sanitize(task.name), NAME_WIDTH)
    return f"{name} (task {task.task_id})" if name else f"task {task.task_id}"


def _state(status: str) -> str:
    return sanitize(STATUS_LABELS.get(status, status))


def _times(task: TimelineTask, run: RunProgress, now: float) -> tuple[float, float, float] | None:
    """Return when a run was asked for, began and ended, as far as that is known, in order."""
    asked = task.created if task.created is not None else run.started
    if asked is None:
        return None
    end = run.finished if run.is_over else now
    began = run.started if run.started is not None else end
    began = asked if began is None else max(asked, began)
    return asked, began, max(began, end if end is not None else began)


def _hint(task: TimelineTask, run: RunProgress) -> str:
    times = (("asked", task.created), ("started", run.started), ("ended", run.finished))
    return ", ".join(f"{word} {format_time(at, TIME)}" for word, at in times if at is not None)
