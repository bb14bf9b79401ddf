"""Progress of a task, and its description in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._utils.text import sanitize, truncate
from .statuses import COMPLETED, has_failed, has_finished


@dataclass(frozen=True)
class RunProgress:
    """Where the run of one organization stands.

    Attributes
    ----------
    run_id : int
        Identifier of the run.
    task_id : int
        The task it belongs to: the one waited for, or a subtask of it.
    organization_id : int or None
        Identifier of the organization.
    organization : str
        Its name, or its identifier as text where the name is not known.
    status : str
        Its status, such as ``"pending"``, ``"active"`` or ``"crashed"``.
    is_subtask : bool
        Whether it belongs to a subtask.
    started, finished : float or None
        When it began and ended, as far as known: seconds since the epoch.
    """

    run_id: int
    task_id: int
    organization_id: int | None
    organization: str
    status: str
    is_subtask: bool = False
    started: float | None = None
    finished: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, well or not."""
        return has_finished(self.status)

    @property
    def is_good(self) -> bool:
        """Whether the run has ended with a result."""
        return self.status == COMPLETED

    @property
    def is_bad(self) -> bool:
        """Whether the run has ended without a result."""
        return has_failed(self.status)


@dataclass(frozen=True)
class Progress:
    """Where a task stands.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    name : str
        Its name.
    status : str
        Its status, such as ``"active"``.
    runs : tuple of RunProgress
        Its runs, in the order of the organizations asked, then those of its subtasks.
    waited : float
        Seconds since waiting began.
    """

    task_id: int
    name: str
    status: str
    runs: tuple[RunProgress, ...]
    waited: float

    def __str__(self) -> str:

        return describe(self)

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, well or not."""
        return has_finished(self.status)


STATUS_LABELS = {
    "pending": "queued",
    "initializing": "starting",
    "active": "running",
    "completed": "done",
}
NAME_WIDTH = 40


def status_text(run: RunProgress) -> str:
    """Return where a run stands."""
    words = sanitize(STATUS_LABELS.get(run.status, run.status))
    if not run.is_over or run.started is None or run.finished is None:
        return words
    return (
        f"{words} {'in' if run.is_good else 'after'} {format_duration(run.finished - run.started)}"
    )


def format_duration(seconds: float) -> str:
    """Write how long something took."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def task_title(task: Progress) -> str:
    """Name a task, for people."""
    name = truncate(sanitize(task.name), NAME_WIDTH)
    return f"{name} (task {task.task_id})" if name else f"task {task.task_id}"


def summarize(runs: Iterable[RunProgress]) -> str:
    """Return how many runs are done."""
    runs = list(runs)
    failed = sum(run.is_bad for run in runs)
    count = f"{sum(run.is_good for run in runs)} of {len(runs)} done"
    return f"{count}, {failed} failed" if failed else count


def describe(task: Progress) -> str:
    """Return where a task and all its runs stand."""
    parts = [f"{organization_text(run)} {status_text(run)}" for run in task.runs]
    told = f"{', '.join(parts)} ({summarize(task.runs)})" if parts else sanitize(task.status)
    return f"{task_title(task)}: {told}"


def organization_text(run: RunProgress) -> str:
    return sanitize(run.organization) + (" (subtask)" if run.is_subtask else "")
