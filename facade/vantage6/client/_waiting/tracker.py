"""Track the tasks that are waited for, and decide when to poll next.

Only the API is the source of a task's status. Events trigger polls, and they keep the displayed
progress up to date between two polls. All times are seconds on a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from .._events.types import (
    Joined,
    KillRequested,
    Lost,
    Received,
    Refused,
    RunStatusChanged,
    RunUpdated,
    TaskCreated,
)
from .._utils.pauses import POLL, RECHECK, RECONNECT, SUSPECT
from .._utils.time import to_timestamp
from .progress import Progress, RunProgress
from .statuses import COMPLETED, has_failed, has_finished

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result, Run, Task

# Time between polls while events arrive: an event may get lost, and a kill causes none.
SAFETY_SECONDS = 60.0
# A last poll is made this long before the timeout, or a tenth of it: an event may have got lost.
LAST_SECONDS = 1.0
# A node reports "completed", then sends the result, which the server announces too. If that event
# does not arrive, a poll is made after this time.
UPDATE_SECONDS = 1.0
# The wait fails if the server sends no response for this long.
OUTAGE_SECONDS = 900.0


@dataclass
class RunState:
    """The known state of a run."""

    run_id: int
    task_id: int
    organization_id: int | None = None
    status: str = "pending"
    started: float | None = None
    finished: float | None = None
    is_reported: bool = False  # a node or the API reported "completed"
    has_result: bool = False  # the server has, or has announced, the result


@dataclass
class TaskState:
    """The known state of a task that is waited for."""

    task_id: int
    name: str = ""
    status: str = "pending"
    collaboration_id: int | None = None
    job_id: int | None = None
    # In the order of the requested organizations; empty as long as they are unknown.
    run_ids: list[int] = field(default_factory=list[int])
    # The stored results, if the last poll included them.
    results: Sequence[Result] | None = None
    is_over: bool = False
    # When an event makes a poll due, and the delays of further polls if that one is too early.
    due: float = inf
    rechecks: list[float] = field(default_factory=list[float])
    # When to poll for runs whose end may have been missed.
    doubts: dict[int, list[float]] = field(default_factory=dict[int, list[float]])

    @property
    def next_due(self) -> float:
        """When to poll this task, for any of these reasons."""
        return min((self.due, *(at for times in self.doubts.values() for at in times)))


class TaskTracker:
    """The state of the tasks waited for, and the schedule of their polls."""

    def __init__(
        self,
        task_ids: Iterable[int],
        now: float,
        interval: float,
        timeout: float | None,
        *,
        each: bool = False,
    ) -> None:
        self.tasks = {id_: TaskState(id_) for id_ in task_ids}
        self.runs: dict[int, RunState] = {}
        self.rooms: set[int] = set()
        self._updated_early: set[int] = set()  # runs whose task is still unknown
        self._roots = {id_: id_ for id_ in self.tasks}
        self._began, self._interval, self._timeout, self._each = now, interval, timeout, each
        self._last_poll = now
        self._due = now  # for all tasks
        self._failures = 0
        self._last_response = now

    # ---- state ----------------------------------------------------------------------------------

    @property
    def open_tasks(self) -> list[TaskState]:
        """The tasks that have not ended yet."""
        return [task for task in self.tasks.values() if not task.is_over]

    @property
    def is_live(self) -> bool:
        """Whether the events of all unfinished tasks arrive."""
        return all(task.collaboration_id in self.rooms for task in self.open_tasks)

    def waited(self, now: float) -> float:
        """Return the seconds since the wait began."""
        return now - self._began

    def root_of(self, task_id: int) -> int | None:
        """Return the task waited for that a task is or belongs to as a subtask, or None."""
        return self._roots.get(task_id)

    def subtask_ids(self, task_id: int) -> list[int]:
        """Return the known subtasks of a task."""
        return [id_ for id_, root in self._roots.items() if root == task_id and id_ != root]

    def progress(self, task_id: int, now: float, name_of: Callable[[int | None], str]) -> Progress:
        """Return the progress of a task, with the runs of its subtasks."""
        task = self.tasks[task_id]
        own = [self.runs[id_] for id_ in task.run_ids if id_ in self.runs]
        all_runs = [run for run in self.runs.values() if self.root_of(run.task_id) == task_id]
        others = sorted((run for run in all_runs if run not in own), key=lambda run: run.run_id)
        return Progress(
            task_id=task_id,
            name=task.name,
            status=task.status,
            runs=tuple(
                RunProgress(
                    run_id=run.run_id,
                    task_id=run.task_id,
                    organization_id=run.organization_id,
                    organization=name_of(run.organization_id),
                    status=run.status,
                    is_subtask=run.task_id != task_id,
                    started=run.started,
                    finished=run.finished,
                )
                for run in (*own, *others)
            ),
            waited=self.waited(now),
        )

    # ---- updates from the API -------------------------------------------------------------------

    def update_task(self, row: Task) -> None:
        """Update a task from its row, and its runs from the included runs or results."""
        task = self.tasks.get(row["id"])
        if task is None:  # not requested
            return
        task.name, task.status = row.get("name") or "", row["status"]
        task.job_id = row.get("job_id")
        collaboration = row.get("collaboration")
        task.collaboration_id = collaboration["id"] if collaboration else None
        if not isinstance(runs := row.get("runs", ""), str):
            self.update_runs(task.task_id, runs)
        results = row.get("results", "")
        task.results = None
        if not isinstance(results, str):
            task.results = sorted(results, key=lambda result: result["run"]["id"])
            task.run_ids = sorted(result["run"]["id"] for result in results)
            for result in results:
                run = self._run(result["run"]["id"], task.task_id)
                run.has_result = run.has_result or result["result"] is not None

    def has_all_results(self, task_id: int) -> bool:
        """Return whether the server has the results of all runs, according to the events."""
        ids = self.tasks[task_id].run_ids
        return bool(ids) and all(id_ in self.runs and self.runs[id_].has_result for id_ in ids)

    def knows_organizations(self, task_id: int) -> bool:
        """Return whether the organizations of all runs of a task are known."""
        ids = self.tasks[task_id].run_ids
        return bool(ids) and self.organizations(task_id).keys() >= set(ids)

    def organizations(self, task_id: int) -> dict[int, int]:
        """Return the known organizations of a task's runs by run id."""
        return {
            run.run_id: run.organization_id
            for run in self.runs.values()
            if run.task_id == task_id and run.organization_id is not None
        }

    def update_subtask(self, row: Task) -> None:
        """Add a task that may be a subtask; the caller adds parents before their subtasks."""
        if row["parent"]:
            self._add_subtask(row["id"], row["parent"]["id"])

    def update_runs(self, task_id: int, rows: Sequence[Run]) -> None:
        """Update the runs of a task from the rows of all of them."""
        if task_id in self.tasks:
            self.tasks[task_id].run_ids = sorted(row["id"] for row in rows)
        for row in rows:
            run = self._run(row["id"], task_id)
            status = row.get("status") or "pending"
            # The row may be older than an event that reported the end, and no run restarts.
            if has_finished(status) or not has_finished(run.status):
                run.status = status
            if status == COMPLETED:
                run.is_reported = run.has_result = True
            organization = row.get("organization")
            run.organization_id = organization["id"] if organization else None
            run.started = to_timestamp(row.get("started_at")) or run.started
            run.finished = to_timestamp(row.get("finished_at")) or run.finished

    def looked(self, task_ids: Iterable[int], now: float) -> None:
        """Record a successful poll of some tasks and reschedule them."""
        polled = [self.tasks[id_] for id_ in task_ids]
        self._last_response, self._failures = now, 0
        if all(task in polled for task in self.open_tasks):
            self._last_poll, self._due = now, inf
        for task in polled:
            task.due = now + task.rechecks.pop(0) if task.rechecks else inf
            left = {id_: [at for at in times if at > now] for id_, times in task.doubts.items()}
            task.doubts = {id_: times for id_, times in left.items() if times}
            for run_id in self._updated_early.intersection(task.run_ids):
                self._run_updated(self._run(run_id, task.task_id), now)
            if not task.run_ids:  # the number of runs is unknown: wait for other results
                for run in self.runs.values():
                    run.has_result = run.has_result and run.task_id != task.task_id
        self._updated_early.clear()
        # If all tasks must end, polls of those that seemed to have ended were postponed until now.
        done = self._apparently_done(lambda run: run.is_reported or run.has_result)
        self._schedule_poll((task for task in done if task not in polled and task.due == inf), now)

    def poll_failed(self, now: float) -> bool:
        """Record a poll without a response; return whether to retry."""
        self._last_poll = now
        self._due = now + RECONNECT.delay(self._failures)
        self._failures += 1
        return now - self._last_response < OUTAGE_SECONDS

    # ---- updates from events --------------------------------------------------------------------

    def heard(self, event: Received, now: float, clock: float) -> int | None:
        """Process an event; return the task waited for if its progress changed."""
        match event:
            case Joined(collaboration_id):
                was_live = self.is_live
                self.rooms.add(collaboration_id)
                if self.is_live and not was_live:
                    self._due = now  # earlier events are not repeated
            case Lost() | Refused():
                self.rooms.clear()
                self._due = now
            case TaskCreated(task_id, parent_id) if parent_id is not None:
                self._add_subtask(task_id, parent_id)
            case RunStatusChanged():
                return self._status_changed(event, now, clock)
            case RunUpdated(run_id) if run_id in self.runs:
                self._run_updated(self.runs[run_id], now)
            case RunUpdated(run_id) if not all(task.run_ids for task in self.open_tasks):
                self._updated_early.add(run_id)
            case KillRequested(task_ids=task_ids):
                self._schedule_poll((self.tasks[id_] for id_ in task_ids if id_ in self.tasks), now)
            case _:
                pass
        return None

    def has_ended(self, run_id: int) -> bool:
        """Return whether a run is known to have ended."""
        return run_id in self.runs and has_finished(self.runs[run_id].status)

    def _run_updated(self, run: RunState, now: float) -> None:
        if run.is_reported:
            run.has_result = True
            self._schedule_poll(self._apparently_done(lambda run: run.has_result), now)
        elif run.task_id in self.tasks and not run.has_result:
            times = [now + seconds for seconds in SUSPECT.delays]
            self.tasks[run.task_id].doubts[run.run_id] = times

    def _status_changed(self, event: RunStatusChanged, now: float, clock: float) -> int | None:
        if event.parent_id is not None:
            self._add_subtask(event.task_id, event.parent_id)
        root = self.root_of(event.task_id)
        if root is None:
            return None
        run = self._run(event.run_id, event.task_id)
        run.status, run.organization_id = event.status, event.organization_id
        run.started = run.started or clock
        if has_finished(event.status):
            run.finished = clock
        if event.task_id != root:
            return root
        task = self.tasks[root]
        task.doubts.pop(event.run_id, None)
        self._updated_early.discard(event.run_id)
        if has_failed(event.status):
            self._schedule_poll((task,), now)
        elif event.status == COMPLETED:
            run.is_reported = True
            done = self._apparently_done(lambda run: run.is_reported or run.has_result)
            self._schedule_poll(done, now + UPDATE_SECONDS)
        elif task.status == "pending":
            task.status = event.status
        return root

    def _apparently_done(self, is_done: Callable[[RunState], bool]) -> list[TaskState]:
        """Return the tasks to poll because, according to the events, they seem to have ended."""

        def seems_done(task: TaskState) -> bool:
            if task.run_ids:
                runs = [self._run(id_, task.task_id) for id_ in task.run_ids]
                return all(is_done(run) or has_failed(run.status) for run in runs)
            return any(is_done(run) for run in self.runs.values() if run.task_id == task.task_id)

        found = [task for task in self.open_tasks if seems_done(task)]
        return found if self._each or len(found) == len(self.open_tasks) else []

    def _schedule_poll(self, tasks: Iterable[TaskState], at: float) -> None:
        for task in tasks:
            task.due = min(task.due, at)
            task.rechecks = list(RECHECK.delays)

    def _run(self, run_id: int, task_id: int) -> RunState:
        return self.runs.setdefault(run_id, RunState(run_id, task_id))

    def _add_subtask(self, task_id: int, parent_id: int) -> None:
        root = self.root_of(parent_id)
        if root is not None:
            self._roots.setdefault(task_id, root)

    def poll_soon(self, now: float) -> None:
        """Schedule a poll at once, and rechecks in case the tasks have not ended yet."""
        self._schedule_poll(self.open_tasks, now)

    # ---- schedule -------------------------------------------------------------------------------

    def seconds_until_poll(self, now: float) -> float:
        """Return the seconds until the next poll, or 0 if it is due."""
        dues = () if self._failures else (task.next_due for task in self.open_tasks)
        return max(0.0, min((self._all_due(now), *dues)) - now)

    def tasks_to_poll(self, now: float) -> list[TaskState]:
        """Return the tasks to poll now: all of them, or those that seem to have ended."""
        are_all_due = self._all_due(now) <= now
        return [task for task in self.open_tasks if are_all_due or task.next_due <= now]

    def _all_due(self, now: float) -> float:
        """Return when to poll all tasks, regardless of their events."""
        if self._failures:
            return self._due
        pace = POLL.after(self.waited(now), self._interval)
        due = min(self._due, self._last_poll + (SAFETY_SECONDS if self.is_live else pace))
        if self._timeout is None:
            return due
        last = self._began + self._timeout - min(LAST_SECONDS, self._timeout / 10)
        return min(due, last) if self._last_poll < last else due

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the timeout; 0 or less once it has passed."""
        return inf if self._timeout is None else self._began + self._timeout - now
