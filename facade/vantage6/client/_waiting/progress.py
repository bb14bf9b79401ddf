"""The progress of a task, and its description as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._utils.text import sanitize, truncate
from .._utils.time import format_time
from .statuses import COMPLETED, has_failed, has_finished


@dataclass(frozen=True)
class RunProgress:
    """The progress of one run.

    Attributes
    ----------
    run_id : int
        Identifier of the run.
    task_id : int
        Identifier of its task: the task waited for or one of its subtasks.
    organization_id : int or None
        Identifier of the organization.
    organization : str
        Name of the organization, or its identifier as text if the name is unknown.
    status : str
        Status of the run, such as ``"pending"``, ``"active"`` or ``"crashed"``.
    is_subtask : bool
        Whether the run belongs to a subtask.
    started, finished : float or None
        Start and end of the run in seconds since the epoch; None if unknown.
    is_offline : bool
        Whether the node of a run that has not ended is offline.
    last_seen : float or None
        When that node was last online, in seconds since the epoch; None if unknown.
    """

    run_id: int
    task_id: int
    organization_id: int | None
    organization: str
    status: str
    is_subtask: bool = False
    started: float | None = None
    finished: float | None = None
    is_offline: bool = False
    last_seen: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, with or without a result."""
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
    """The progress of a task.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    name : str
        Name of the task.
    status : str
        Status of the task, such as ``"active"``.
    runs : tuple of RunProgress
        Runs of the task, in the order of the requested organizations, then those of its subtasks.
    waited : float
        Seconds since the wait began.
    server_time : float
        Time of the server's clock, in seconds since the epoch.
    silent_for : float or None
        Seconds since the last response of the server, if it does not respond; otherwise None.
    """

    task_id: int
    name: str
    status: str
    runs: tuple[RunProgress, ...]
    waited: float
    server_time: float = 0.0
    silent_for: float | None = None

    def __str__(self) -> str:
        return describe(self)

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, with or without results."""
        return has_finished(self.status)


STATUS_LABELS = {
    "pending": "queued",
    "initializing": "starting",
    "active": "running",
    "completed": "done",
}
NAME_WIDTH = 40


def status_text(run: RunProgress, now: float | None = None) -> str:
    """Return the status of a run as text, with its duration; `now` is the server's time."""
    text = sanitize(STATUS_LABELS.get(run.status, run.status))
    if run.is_offline:
        return f"{text}, {describe_offline(run.last_seen)}"
    if run.started is None:
        return text
    if run.status == "active" and now is not None:
        return f"{text} for {format_duration(now - run.started)}"
    if not run.is_over or run.finished is None:
        return text
    return (
        f"{text} {'in' if run.is_good else 'after'} {format_duration(run.finished - run.started)}"
    )


def describe_offline(last_seen: float | None) -> str:
    """Return since when a node is offline, as text."""
    since = "" if last_seen is None else f" since {format_time(last_seen, '%Y-%m-%d %H:%M')}"
    return f"node offline{since}"


def silence_text(seconds: float) -> str:
    """Return for how long the server has not responded, as text."""
    return f"no response from the server for {format_duration(seconds)}, retrying"


def format_duration(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def task_title(task: Progress) -> str:
    """Return the name and id of a task as text."""
    name = truncate(sanitize(task.name), NAME_WIDTH)
    return f"{name} (task {task.task_id})" if name else f"task {task.task_id}"


def summarize(runs: Iterable[RunProgress]) -> str:
    """Return how many runs are done and how many failed."""
    runs = list(runs)
    failed = sum(run.is_bad for run in runs)
    count = f"{sum(run.is_good for run in runs)} of {len(runs)} done"
    return f"{count}, {failed} failed" if failed else count


def describe(task: Progress) -> str:
    """Return the progress of a task and all its runs in one line."""
    parts = [f"{organization_text(run)} {status_text(run)}" for run in task.runs]
    state = f"{', '.join(parts)} ({summarize(task.runs)})" if parts else sanitize(task.status)
    silence = "" if task.silent_for is None else f"; {silence_text(task.silent_for)}"
    return f"{task_title(task)}: {state}{silence}"


def organization_text(run: RunProgress) -> str:
    return sanitize(run.organization) + (" (subtask)" if run.is_subtask else "")
