"""The state of the tasks waited for, as the API returns it, and when to poll it again.

Events do not change the state: they make polls due. All times are seconds on a monotonic clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

from .._events.types import (
    Joined,
    KillRequested,
    LogWritten,
    Lost,
    NodeOffline,
    NodeOnline,
    Received,
    Refused,
    RunStatusChanged,
    RunUpdated,
    TaskCreated,
)
from .._utils.pauses import POLL, RECHECK, RECONNECT, SHOW, SUSPECT
from .._utils.time import to_timestamp
from ..errors import InvalidInputError
from .failure_text import describe_missing
from .progress import Progress, RunProgress
from .statuses import COMPLETED, has_failed, has_finished

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result, Run, Task

    from ..errors import Vantage6Error
    from .arguments import Enough

# Time between polls while events arrive: an event may get lost, and a kill causes none.
SAFETY_SECONDS = 60.0
# A last poll is made this long before the timeout, or a tenth of it: an event may have got lost.
LAST_SECONDS = 1.0
# A node reports "completed", then sends the result, which the server announces too. If that event
# does not arrive, a poll is made after this time.
UPDATE_SECONDS = 1.0
# The wait fails if the server sends no response for this long.
OUTAGE_SECONDS = 900.0
# Reasons for polls, beside the runs that may have ended: the end of a task, and other changes.
END, NEWS = "end", "news"


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
    # The results of the last poll that included them, and whether that was the last poll.
    results: Sequence[Result] | None = None
    is_whole: bool = False
    # Runs whose end was reported, by an event or the API, and those whose results are stored.
    reported: set[int] = field(default_factory=set[int])
    stored: set[int] = field(default_factory=set[int])
    error: Vantage6Error | None = None  # it was deleted, or is not visible
    is_over: bool = False
    polled: float = -inf
    # When to poll, by reason: a run that may have ended, END or NEWS.
    polls: dict[int | str, list[float]] = field(default_factory=dict[int | str, list[float]])

    @property
    def next_poll(self) -> float:
        """When to poll this task, for any of these reasons."""
        return min((at for times in self.polls.values() for at in times), default=inf)

    def plan(self, reason: int | str, first: float, *later: float) -> None:
        """Poll at these times, or earlier if that was planned."""
        self.polls[reason] = [min((first, *self.polls.get(reason, ()))), *later]

    def seems_done(self, runs: set[int]) -> bool:
        """Return whether these are all runs, or some if their number is unknown."""
        return runs >= set(self.run_ids) if self.run_ids else bool(runs)


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
        closely: bool = False,
        logs: bool = False,
        enough: Enough | None = None,
        stores_before_status: bool = False,
    ) -> None:
        self._stores_before_status = stores_before_status
        self.tasks = {id_: TaskState(id_) for id_ in task_ids}
        self.runs: dict[int, RunProgress] = {}  # without the names of the organizations
        self._run_ids: dict[int, set[int]] = {}  # of each task and subtask
        self.rooms: set[int] = set()
        self.clock = 0.0  # what the server's clock is ahead of the monotonic one
        self._roots = {id_: id_ for id_ in self.tasks}
        self._subtasks: dict[int, list[int]] = {}
        self._began, self._interval, self.timeout, self._each = now, interval, timeout, each
        self._closely, self._logs, self.enough = closely or bool(enough), logs, enough
        self._last_poll = self._last_response = self._due = now  # for all tasks
        self._failures = 0
        self._had_last = False  # the poll before the timeout
        if enough and enough.after:
            for task in self.tasks.values():
                task.plan(NEWS, now + enough.after)

    # ---- state ----------------------------------------------------------------------------------

    @property
    def open_tasks(self) -> list[TaskState]:
        """The tasks that have not ended yet."""
        return [task for task in self.tasks.values() if not task.is_over]

    @property
    def is_live(self) -> bool:
        """Whether the events of all unfinished tasks arrive."""
        return all(task.collaboration_id in self.rooms for task in self.open_tasks)

    @property
    def is_silent(self) -> bool:
        """Whether the server did not respond to the last poll."""
        return self._failures > 0

    def subtask_ids(self, task_id: int) -> list[int]:
        """Return the known subtasks of a task."""
        return list(self._subtasks.get(task_id, ()))

    def runs_of(self, *task_ids: int) -> list[RunProgress]:
        """Return the known runs of tasks, in the order of the requested organizations."""
        ids = (run_id for id_ in task_ids for run_id in sorted(self._run_ids.get(id_, ())))
        return [self.runs[run_id] for run_id in ids]

    def progress(self, task_id: int, now: float, name_of: Callable[[int | None], str]) -> Progress:
        """Return the progress of a task, with the runs of its subtasks."""
        task = self.tasks[task_id]
        runs = self.runs_of(task_id, *self.subtask_ids(task_id))
        return Progress(
            task_id=task_id,
            name=task.name,
            status=task.status,
            runs=tuple(replace(run, organization=name_of(run.organization_id)) for run in runs),
            waited=now - self._began,
            server_time=now + self.clock,
            silent_for=now - self._last_response if self.is_silent else None,
        )

    def reasons(self, task_id: int, now: float, rows: Iterable[Run] = ()) -> dict[int, str]:
        """Return why runs have no result, by id; the rows have the logs."""
        logs = {row["id"]: row["log"] for row in rows}
        is_completed = self.tasks[task_id].status == COMPLETED
        return {
            run.run_id: describe_missing(run, logs.get(run.run_id), now + self.clock)
            for run in self.runs_of(task_id)
            if run.is_over or not is_completed  # otherwise it is known from an earlier poll only
        }

    def has_all_results(self, task_id: int) -> bool:
        """Return whether the server has the results of all runs, according to the events."""
        task = self.tasks[task_id]
        return bool(task.run_ids) and task.seems_done(task.stored)

    def is_enough(self, task_id: int, now: float) -> bool | None:
        """Return whether there are enough results; False if there never will be, None if unknown.

        Without a number that suffices, it is always unknown.
        """
        runs = self.runs_of(task_id)
        if not (self.enough and runs):
            return None
        if len(runs) < self.enough.at_least:
            raise InvalidInputError(
                f"at_least: expected at most {len(runs)}, the number of runs of task {task_id}, "
                f"got {self.enough.at_least}"
            )
        is_late = now >= self._began + self.enough.after or all(run.is_over for run in runs)
        if is_late and sum(run.is_good for run in runs) >= self.enough.at_least:
            return True
        possible = sum(not run.is_bad for run in runs)
        return False if possible < self.enough.at_least else None

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
        results, runs = row.get("results", ""), row.get("runs", "")
        task.is_whole = not isinstance(results, str)
        if not isinstance(results, str):
            task.results = sorted(results, key=lambda result: result["run"]["id"])
            task.run_ids = [result["run"]["id"] for result in task.results]
            task.stored.update(row["run"]["id"] for row in results if row["result"] is not None)
        if not isinstance(runs, str):
            self.update_runs(task.task_id, runs)

    def update_subtask(self, row: Task) -> None:
        """Add a task that may be a subtask; the caller adds parents before their subtasks."""
        if row["parent"]:
            self._add_subtask(row["id"], row["parent"]["id"])

    def update_runs(self, task_id: int, rows: Sequence[Run]) -> None:
        """Update the runs of a task from the rows of all of them."""
        for row in rows:
            before, status = self.runs.get(row["id"]), row.get("status") or "pending"
            if status == "pending" and row.get("started_at"):  # so does HQ report a started run
                status = "initializing"
            organization = row.get("organization")
            is_offline = row.get("node", {}).get("status") == "offline"
            if before and before.task_id != task_id:
                self._run_ids[before.task_id].discard(row["id"])
            self._run_ids.setdefault(task_id, set()).add(row["id"])
            self.runs[row["id"]] = RunProgress(
                run_id=row["id"],
                task_id=task_id,
                organization_id=organization["id"] if organization else None,
                organization="",
                status=status,
                is_subtask=task_id not in self.tasks,
                started=to_timestamp(row.get("started_at")),
                finished=to_timestamp(row.get("finished_at")),
                is_offline=is_offline and not has_finished(status),
                last_seen=before.last_seen if before and before.is_offline else None,
            )
        if task := self.tasks.get(task_id):
            task.run_ids = sorted(row["id"] for row in rows)
            ended = {id_ for id_ in task.run_ids if self.runs[id_].is_over}
            task.reported |= ended
            task.stored |= ended

    def lose(self, task_id: int, error: Vantage6Error) -> None:
        """Record that a task is gone: it was deleted, or is not visible."""
        task = self.tasks[task_id]
        task.status = "not found" if task.polled == -inf else "deleted"
        task.error, task.is_over, task.results = error, True, None
        for id_ in (task_id, *self.subtask_ids(task_id)):
            for run_id in self._run_ids.pop(id_, ()):
                self.runs.pop(run_id, None)
        task.run_ids = []

    def looked(self, task_ids: Iterable[int], now: float, began: float | None = None) -> None:
        """Record a successful poll of some tasks, which began earlier, and reschedule them."""
        polled = {id_: self.tasks[id_] for id_ in task_ids}
        self._last_response, self._failures = now, 0
        began = now if began is None else began
        if all(task.task_id in polled for task in self.open_tasks):
            self._last_poll, self._due = now, inf
            self._had_last = self.is_last(began)
        for task in polled.values():
            task.polled = now
            if task.run_ids:  # what other runs announced is not about this task
                task.polls = {
                    reason: times
                    for reason, times in task.polls.items()
                    if reason in (END, NEWS, *task.run_ids)
                }
            else:  # the number of runs is unknown: wait for other results
                task.stored.clear()
            for times in task.polls.values():
                times[:] = [at for at in times if at > began]
        # If all tasks must end, polls of those that seemed to have ended were postponed until now.
        done = self._apparently_done(now, lambda task: task.reported | task.stored)
        self._poll_end(
            (task for task in done if task.task_id not in polled and not task.polls), now
        )

    def poll_failed(self, now: float) -> bool:
        """Record a poll without a response; return whether to retry."""
        self._last_poll = now
        self._due = now + RECONNECT.delay(self._failures)
        self._failures += 1
        return now - self._last_response < OUTAGE_SECONDS

    # ---- events ---------------------------------------------------------------------------------

    def heard(self, event: Received, now: float) -> None:
        """Plan the polls that an event calls for."""
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
                self._show(task_id, now)
            case RunStatusChanged():
                self._status_changed(event, now)
            case RunUpdated(run_id):
                self._run_updated(run_id, now)
            case LogWritten(task_id=task_id) if self._logs:
                self._show(task_id, now)
            case NodeOnline() | NodeOffline():
                for task in self.open_tasks:
                    self._show(task.task_id, now)
            case KillRequested(task_ids=task_ids):
                self._poll_end((self.tasks[id_] for id_ in task_ids if id_ in self.tasks), now)
            case _:
                pass

    def _run_updated(self, run_id: int, now: float) -> None:
        for task in self.open_tasks:
            if run_id in task.reported:
                task.stored.add(run_id)
                self._poll_end(self._apparently_done(now, lambda task: task.stored), now)
            elif run_id not in task.stored and (not task.run_ids or run_id in task.run_ids):
                # It may have ended, unless its status explains the event.
                task.polls[run_id] = [now + seconds for seconds in SUSPECT.delays]
        if run := self.runs.get(run_id):
            self._show(run.task_id, now)

    def _status_changed(self, event: RunStatusChanged, now: float) -> None:
        if event.parent_id is not None:
            self._add_subtask(event.task_id, event.parent_id)
        if task := self.tasks.get(event.task_id):
            task.polls.pop(event.run_id, None)
            if has_finished(event.status):
                task.reported.add(event.run_id)
            if has_failed(event.status):
                task.stored.add(event.run_id)  # nothing more will come
                self._poll_end((task,), now)
            elif event.status == COMPLETED and self._stores_before_status:
                task.stored.add(event.run_id)
                self._poll_end(self._apparently_done(now, lambda task: task.stored), now)
            elif event.status == COMPLETED:
                done = self._apparently_done(now, lambda task: task.reported | task.stored)
                self._poll_end(done, now + UPDATE_SECONDS)
        self._show(event.task_id, now)

    def _apparently_done(
        self, now: float, runs: Callable[[TaskState], set[int]]
    ) -> list[TaskState]:
        """Return the tasks to poll because, according to the events, they seem to have ended."""
        enough = self.enough if self.enough and now >= self._began + self.enough.after else None
        found = [
            task
            for task in self.open_tasks
            if task.seems_done(runs(task)) or (enough and len(runs(task)) >= enough.at_least)
        ]
        return found if self._each or len(found) == len(self.open_tasks) else []

    def _poll_end(self, tasks: Iterable[TaskState], at: float) -> None:
        """Poll tasks that may have ended, and again if that was too early."""
        for task in tasks:
            task.plan(END, at, *(at + seconds for seconds in accumulate(RECHECK.delays)))

    def _show(self, task_id: int, now: float) -> None:
        """Poll a task whose progress has changed, and once more: the event may be early."""
        task = self.tasks.get(self._roots.get(task_id, 0))
        if task and self._closely and not task.is_over:
            pause = SHOW.after(now - self._began, 1)
            first = max(now, task.polled + pause)
            task.plan(NEWS, first, first + pause)

    def _add_subtask(self, task_id: int, parent_id: int) -> None:
        if (root := self._roots.get(parent_id)) and task_id not in self._roots:
            self._roots[task_id] = root
            self._subtasks.setdefault(root, []).append(task_id)

    # ---- schedule -------------------------------------------------------------------------------

    def seconds_until_poll(self, now: float) -> float:
        """Return the seconds until the next poll, or 0 if it is due."""
        planned = () if self.is_silent else (task.next_poll for task in self.open_tasks)
        return max(0.0, min((self._all_due(now), *planned)) - now)

    def tasks_to_poll(self, now: float) -> list[TaskState]:
        """Return the tasks to poll now: all of them, or those that seem to have ended."""
        are_all_due = self._all_due(now) <= now
        return [task for task in self.open_tasks if are_all_due or task.next_poll <= now]

    def _all_due(self, now: float) -> float:
        """Return when to poll all tasks, regardless of their events."""
        if self.is_silent:
            return self._due
        pace = POLL.after(now - self._began, self._interval)
        due = min(self._due, self._last_poll + (SAFETY_SECONDS if self.is_live else pace))
        return due if self._had_last else min(due, self._last)

    @property
    def _last(self) -> float:
        """When to poll for the last time before the timeout."""
        if self.timeout is None:
            return inf
        return self._began + self.timeout - min(LAST_SECONDS, self.timeout / 10)

    def is_last(self, now: float) -> bool:
        """Return whether a poll is the last one before the timeout."""
        return now >= self._last

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the timeout; 0 or less once it has passed."""
        return inf if self.timeout is None else self._began + self.timeout - now
