"""Track the tasks that are waited for, and decide when to poll next.

The API alone says how a task stands. Events tell when to ask it, and between two looks they keep
the picture for whoever watches up to date. All times are seconds on one clock that nobody sets.
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
from .._utils.backoff import POLL, RECHECK, RECONNECT, SUSPECT
from .._utils.time import to_timestamp
from .progress import Progress, RunProgress
from .statuses import COMPLETED, has_failed, has_finished

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result, Run, Task

# With events, a look is made this often all the same: an event may get lost, a kill has none.
SAFETY_SECONDS = 60.0
# So long before the time is up, or a tenth of it, a last look is made: an event may have got lost.
LAST_SECONDS = 1.0
# A node says "completed", then sends the result, which the server announces too; should that not be
# heard, a look is made this long after.
UPDATE_SECONDS = 1.0
# Each change of a run is announced twice: by the server, and by the node, which says what it was.
# Where only the server was heard, an end may have been: nodes that say so before they send the
# result may have done it before anybody listened. Looks after so long tell.
# Without an answer for this long, the server is given up.
OUTAGE_SECONDS = 900.0


@dataclass
class RunState:
    """What is known of a run; `is_said` and `is_sent` tell of its end, and of what it gave."""

    run_id: int
    task_id: int
    organization_id: int | None = None
    status: str = "pending"
    started: float | None = None
    finished: float | None = None
    is_reported: bool = False
    has_result: bool = False


@dataclass
class TaskState:
    """What is known of a task that is waited for."""

    task_id: int
    name: str = ""
    status: str = "pending"
    collaboration_id: int | None = None
    job_id: int | None = None
    # In the order of the organizations asked; empty as long as they are not known.
    run_ids: list[int] = field(default_factory=list[int])
    # As they are stored, if the last look brought them.
    results: Sequence[Result] | None = None
    is_over: bool = False
    # When to look at this task, by what was announced of it, and when again if that is too early.
    due: float = inf
    rechecks: list[float] = field(default_factory=list[float])
    # When to look because of runs that may have ended unheard.
    doubts: dict[int, list[float]] = field(default_factory=dict[int, list[float]])

    @property
    def next_due(self) -> float:
        """When to look at this task, for any of these reasons."""
        return min((self.due, *(at for times in self.doubts.values() for at in times)))


class TaskTracker:
    """The tasks waited for."""

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
        self._updated_early: set[int] = set()  # runs, whosoever they are
        self._roots = {id_: id_ for id_ in self.tasks}
        self._began, self._interval, self._timeout, self._each = now, interval, timeout, each
        self._looked = now
        self._due = now  # all of them
        self._failures = 0
        self._answered = now

    # ---- what is known --------------------------------------------------------------------------

    @property
    def open_tasks(self) -> list[TaskState]:
        """The tasks that have not ended yet."""
        return [task for task in self.tasks.values() if not task.is_over]

    @property
    def is_live(self) -> bool:
        """Whether the events of all these tasks are heard."""
        return all(task.collaboration_id in self.rooms for task in self.open_tasks)

    def waited(self, now: float) -> float:
        """Return the seconds since waiting began."""
        return now - self._began

    def root_of(self, task_id: int) -> int | None:
        """Return the task waited for that a task is, or is a subtask of; None for all others."""
        return self._roots.get(task_id)

    def subtask_ids(self, task_id: int) -> list[int]:
        """Return the subtasks of a task that are known."""
        return [id_ for id_, root in self._roots.items() if root == task_id and id_ != root]

    def progress(self, task_id: int, now: float, name_of: Callable[[int | None], str]) -> Progress:
        """Draw the picture of a task."""
        task = self.tasks[task_id]
        own = [self.runs[id_] for id_ in task.run_ids if id_ in self.runs]
        below = [run for run in self.runs.values() if self.root_of(run.task_id) == task_id]
        others = sorted((run for run in below if run not in own), key=lambda run: run.run_id)
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

    # ---- what the API says ----------------------------------------------------------------------

    def update_task(self, row: Task) -> None:
        """Accept a row of a task; its results, if they are included, tell which runs it has."""
        task = self.tasks.get(row["id"])
        if task is None:  # not what was asked for
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
        """Report whether, by what was announced, the server has the results of all runs."""
        ids = self.tasks[task_id].run_ids
        return bool(ids) and all(id_ in self.runs and self.runs[id_].has_result for id_ in ids)

    def knows_organizations(self, task_id: int) -> bool:
        """Return whether it is known where all runs of a task are."""
        ids = self.tasks[task_id].run_ids
        return bool(ids) and self.organizations(task_id).keys() >= set(ids)

    def organizations(self, task_id: int) -> dict[int, int]:
        """Return the organizations of a task's runs by the runs, as far as they are known."""
        return {
            run.run_id: run.organization_id
            for run in self.runs.values()
            if run.task_id == task_id and run.organization_id is not None
        }

    def update_subtask(self, row: Task) -> None:
        """Accept a task that may be a subtask; one whose parent is a subtask comes after that."""
        if row["parent"]:
            self._add_subtask(row["id"], row["parent"]["id"])

    def update_runs(self, task_id: int, rows: Sequence[Run]) -> None:
        """Accept all runs of a task."""
        if task_id in self.tasks:
            self.tasks[task_id].run_ids = sorted(row["id"] for row in rows)
        for row in rows:
            run = self._run(row["id"], task_id)
            status = row.get("status") or "pending"
            # The server announces an end a moment before it has it, and no run begins anew.
            if has_finished(status) or not has_finished(run.status):
                run.status = status
            if status == COMPLETED:
                run.is_reported = run.has_result = True
            organization = row.get("organization")
            run.organization_id = organization["id"] if organization else None
            run.started = to_timestamp(row.get("started_at")) or run.started
            run.finished = to_timestamp(row.get("finished_at")) or run.finished

    def looked(self, task_ids: Iterable[int], now: float) -> None:
        """Note that a look was made at some tasks."""
        seen = [self.tasks[id_] for id_ in task_ids]
        self._answered, self._failures = now, 0
        if all(task in seen for task in self.open_tasks):
            self._looked, self._due = now, inf
        for task in seen:
            task.due = now + task.rechecks.pop(0) if task.rechecks else inf
            left = {id_: [at for at in times if at > now] for id_, times in task.doubts.items()}
            task.doubts = {id_: times for id_, times in left.items() if times}
            for run_id in self._updated_early.intersection(task.run_ids):
                self._run_updated(self._run(run_id, task.task_id), now)
            if not task.run_ids:  # their number is not known: others are waited for now
                for run in self.runs.values():
                    run.has_result = run.has_result and run.task_id != task.task_id
        self._updated_early.clear()
        # Where all have to end, those that had were let wait for those that have ended now.
        done = self._apparently_done(lambda run: run.is_reported or run.has_result)
        self._schedule_poll((task for task in done if task not in seen and task.due == inf), now)

    def poll_failed(self, now: float) -> bool:
        """Note that the server gave no answer; tell whether it is worth trying on."""
        self._looked = now
        self._due = now + RECONNECT.delay(self._failures)
        self._failures += 1
        return now - self._answered < OUTAGE_SECONDS

    # ---- what is announced ----------------------------------------------------------------------

    def heard(self, event: Received, now: float, clock: float) -> int | None:
        """Accept an event."""
        match event:
            case Joined(collaboration_id):
                was_live = self.is_live
                self.rooms.add(collaboration_id)
                if self.is_live and not was_live:
                    self._due = now  # what was announced before is not repeated
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
        """Return whether a node has said that a run has ended."""
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
            said = self._apparently_done(lambda run: run.is_reported or run.has_result)
            self._schedule_poll(said, now + UPDATE_SECONDS)
        elif task.status == "pending":
            task.status = event.status
        return root

    def _apparently_done(self, done: Callable[[RunState], bool]) -> list[TaskState]:
        """Return the tasks that it is time to look at, by what was announced."""

        def seems(task: TaskState) -> bool:
            if task.run_ids:
                runs = [self._run(id_, task.task_id) for id_ in task.run_ids]
                return all(done(run) or has_failed(run.status) for run in runs)
            return any(done(run) for run in self.runs.values() if run.task_id == task.task_id)

        found = [task for task in self.open_tasks if seems(task)]
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
        """Look at once, and again a few times should there be no end to see yet."""
        self._schedule_poll(self.open_tasks, now)

    # ---- when to ask ----------------------------------------------------------------------------

    def seconds_until_poll(self, now: float) -> float:
        """Return how many seconds are left until the next look; none when it is due."""
        dues = () if self._failures else (task.next_due for task in self.open_tasks)
        return max(0.0, min((self._all_due(now), *dues)) - now)

    def tasks_to_poll(self, now: float) -> list[TaskState]:
        """Return the tasks that are to be looked at now: all, or those that seem to have ended."""
        is_all = self._all_due(now) <= now
        return [task for task in self.open_tasks if is_all or task.next_due <= now]

    def _all_due(self, now: float) -> float:
        """Return when all tasks are to be looked at, whatever is announced of each."""
        if self._failures:
            return self._due
        pace = POLL.after(self.waited(now), self._interval)
        due = min(self._due, self._looked + (SAFETY_SECONDS if self.is_live else pace))
        if self._timeout is None:
            return due
        last = self._began + self._timeout - min(LAST_SECONDS, self._timeout / 10)
        return min(due, last) if self._looked < last else due

    def seconds_left(self, now: float) -> float:
        """Return how many seconds are left in all; not above zero when the time is up."""
        return inf if self._timeout is None else self._began + self._timeout - now
