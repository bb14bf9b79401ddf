# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/watch.py instead.
"""Watch tasks: poll them, at once after an event that calls for it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from ..._events.types import Joined, Lost, Refused
from ..._utils.logging import LOGGER
from ..._utils.time import to_timestamp
from ..._waiting.logs import LogLine, LogMerger
from ..._waiting.progress import Progress, describe_offline
from ..._waiting.statuses import has_failed, has_finished
from ..._waiting.tracker import TaskTracker
from ...errors import PermissionDeniedError
from .events import TRANSIENT_ERRORS, Subscription
from .fetch import Fetcher

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..._backend.rows import Run, Task
    from ..._waiting.arguments import Enough
    from ..._waiting.progress import RunProgress
    from ..._waiting.tracker import TaskState
    from ..core.core import Core

News: TypeAlias = "Progress | LogLine"
# The server reports the permitted events a moment after it accepted the connection.
JOIN_SECONDS = 1.5
QUIET_SECONDS = 0.02
# Names of organizations are requested while runs are under way, not after the last result.
NAMES_SECONDS = 30.0
# Maximum number of events to process before the next poll.
MAX_EVENTS_AT_ONCE = 1000


class TaskWatcher:
    """Watches tasks until all of them have ended."""

    def __init__(
        self,
        core: Core,
        task_ids: Sequence[int],
        interval: float = 1,
        timeout: float | None = None,
        *,
        each: bool = False,
        closely: bool = False,
        logs: bool = False,
        until_last_run: bool = False,
        shown: bool = False,
        enough: Enough | None = None,
        organizations: Collection[int] | None = None,
    ) -> None:
        self._core = core
        # Those whose runs must have ended, by default all.
        self._organizations = organizations
        self.tracker = TaskTracker(
            task_ids,
            time.monotonic(),
            interval,
            timeout,
            each=each,
            closely=closely,
            logs=logs,
            enough=enough,
            stores_before_status=core.backend.stores_before_status,
        )
        self._closely, self._logs, self._is_shown = closely, logs, shown
        self._until_last_run = until_last_run
        self._fetcher = Fetcher(core, self.tracker)
        self._events = Subscription(core)
        self._has_polled = False
        self._lines: list[LogLine] = []  # not yet returned
        self._logs_of: dict[int, LogMerger] = {}
        self.names: Mapping[int, str] = {}
        self._named = -inf  # when the names were requested in this wait
        self.ended_runs: set[int] = set()
        self._absent: set[int] = set()  # runs whose node is offline

    def __enter__(self) -> Self:
        """Listen, and wait a moment for the confirmation, so that no later event is missed."""
        until = time.monotonic() + (JOIN_SECONDS if self._core.socket else 0)
        while (seconds := until - time.monotonic()) > 0:
            event = self._events.get(seconds)
            if event:
                self.tracker.heard(event, time.monotonic())
            if isinstance(event, Joined):
                until = min(until, time.monotonic() + QUIET_SECONDS)
            if event is None or isinstance(event, Lost | Refused):
                break
        return self

    def __exit__(self, *error: object) -> None:
        self._events.__exit__(*error)

    @property
    def has_timed_out(self) -> bool:
        """Whether tasks are open after the timeout."""
        is_late = self.tracker.seconds_left(time.monotonic()) <= 0
        return self._has_polled and is_late and bool(self.tracker.open_tasks)

    def step(self) -> list[News]:
        """Wait for events or the next poll, and return the changes."""
        if self._has_polled:
            now = time.monotonic()
            wait = min(self.tracker.seconds_until_poll(now), self.tracker.seconds_left(now))
            event = self._events.get(wait)
            for _ in range(MAX_EVENTS_AT_ONCE):  # one poll for all events that have arrived
                if event is None:
                    break
                self.tracker.heard(event, time.monotonic())
                event = self._events.get(0)
            if self.tracker.seconds_until_poll(time.monotonic()) > 0:
                return []
        due = self.tracker.tasks_to_poll(time.monotonic())
        try:
            self._poll(due)
        except TRANSIENT_ERRORS as error:
            if not self._has_polled or not self.tracker.poll_failed(time.monotonic()):
                raise
            LOGGER.debug("No response while waiting: %s", error)
        lines, self._lines = self._lines, []
        return [*lines, *self.pictures(due)] if self._closely else []

    # ---- polls ----------------------------------------------------------------------------------

    def _poll(self, due: Sequence[TaskState]) -> None:
        """Request the state of the tasks that are due."""
        began = time.monotonic()
        ids = {task.task_id for task in due}
        # The first poll and the last one include all, the others no results, which may be large.
        whole = not self._has_polled or self.tracker.is_last(began)
        # Where nothing is shown, the poll after the last event includes them, too.
        with_results = {
            id_ for id_ in ids if whole or (not self._closely and self.tracker.has_all_results(id_))
        }
        runs = ("runs",) if whole or self._closely or self.tracker.enough else ()
        rows = self._fetcher.rows(with_results, "results", *runs)
        rows += self._fetcher.rows(ids - with_results, *runs)
        for row in rows:
            self.tracker.update_task(row)
        if self._closely:
            self._details(rows)
        self._find_offline(due)
        for task in due:
            task.is_over = (
                task.error is not None or self._is_over_where_wanted(task) or self._is_over(task)
            )
        self.tracker.looked(ids, time.monotonic(), began)
        self._has_polled = True
        if not self._logs and began - self._named > NAMES_SECONDS:
            open_ids = [task.task_id for task in self.tracker.open_tasks]
            if runs := self.tracker.runs_of(*open_ids):
                self.name_runs(runs, began)
                self._named = began

    @property
    def names_since(self) -> float:
        """When names must have been requested to label results."""
        return time.monotonic() if self._named == -inf else self._named

    def has_failed(self, task: TaskState) -> bool:
        """Return whether a task that is over has failed, or too many of its runs have."""
        is_enough = self.tracker.is_enough(task.task_id, time.monotonic())
        return has_failed(task.status) if is_enough is None else not is_enough

    def complete(self, tasks: Iterable[TaskState]) -> None:
        """Request the missing results and organizations of finished tasks."""
        missing = {task.task_id for task in tasks if not (task.is_whole or task.error)}
        runs = ("runs",) if self.tracker.enough else ()
        for row in self._fetcher.rows(missing, "results", *runs):
            self.tracker.update_task(row)

    def _is_over_where_wanted(self, task: TaskState) -> bool:
        """Return whether the runs at the organizations that the wait is for have ended."""
        runs = self.tracker.runs_of(task.task_id)
        ended = {run.organization_id for run in runs if has_finished(run.status)}
        return self._organizations is not None and ended >= {*self._organizations}

    def _is_over(self, task: TaskState) -> bool:
        """Return whether the wait for a task is over."""
        if self.tracker.enough:
            return self.tracker.is_enough(task.task_id, time.monotonic()) is not None
        if not has_finished(task.status):
            return False
        if not (self._until_last_run and has_failed(task.status)):
            return True
        runs = runs_of(self._core, task.task_id)
        self.tracker.update_runs(task.task_id, runs)
        return all(has_finished(run.get("status")) for run in runs)

    def _details(self, rows: Sequence[Task]) -> None:
        """Request the subtasks of tasks, and keep the new lines of all logs."""
        listed = self._fetcher.subtasks([row["id"] for row in rows])
        for subtask in listed:
            self.tracker.update_subtask(subtask)
        subtasks = {subtask["id"] for subtask in listed}
        for row in rows:
            if not isinstance(runs := row["runs"], str):
                self._read_logs(row["id"], sorted(runs, key=lambda run: run["id"]))
            for id_ in sorted(subtasks.intersection(self.tracker.subtask_ids(row["id"]))):
                known = {run.run_id for run in self.tracker.runs_of(id_)}
                if not known or known - self.ended_runs:
                    runs = runs_of(self._core, id_)
                    self.tracker.update_runs(id_, runs)
                    self._read_logs(id_, runs)

    def _read_logs(self, task_id: int, runs: Iterable[Run]) -> None:
        """Keep the new lines in the logs of a task's runs."""
        self._name(run["organization"]["id"] for run in runs if run["organization"])
        for run in runs:
            id_ = run["organization"]["id"] if run["organization"] else None
            merger = self._logs_of.setdefault(run["id"], LogMerger())
            for text in merger.looked(run["log"]) if self._logs else ():
                self._lines.append(LogLine(run["id"], task_id, id_, self._name_of(id_), text))
            if has_finished(run["status"]):
                self.ended_runs.add(run["id"])

    def _find_offline(self, tasks: Iterable[TaskState]) -> None:
        """Find out since when the nodes of unfinished runs are offline, and warn once."""
        tracker, seen = self.tracker, dict[int | None, dict[int, float | None]]()
        for task in tasks:
            runs = tracker.runs_of(task.task_id, *tracker.subtask_ids(task.task_id))
            absent = {run.run_id: run for run in runs if run.is_offline}
            new = [run for id_, run in absent.items() if id_ not in self._absent]
            if new and task.collaboration_id not in seen:
                seen[task.collaboration_id] = self._offline_nodes(task.collaboration_id)
            names, alike = self.name_runs(new), dict[str, list[str]]()
            for run in new:
                last_seen = seen[task.collaboration_id].get(run.organization_id or 0)
                tracker.runs[run.run_id] = replace(run, last_seen=last_seen)
                alike.setdefault(describe_offline(last_seen), []).append(names.get(run.run_id, "?"))
            for state, where in alike.items() if not self._is_shown else ():
                LOGGER.warning("Task %s waits for %s: %s", task.task_id, ", ".join(where), state)
            self._absent = self._absent - {run.run_id for run in runs} | absent.keys()

    def _offline_nodes(self, collaboration_id: int | None) -> dict[int, float | None]:
        """Return when the offline nodes of organizations were last seen, if that is visible."""
        list_nodes = self._core.backend.server.list_nodes
        try:
            rows = self._core.rows(
                partial(list_nodes, collaboration_id=collaboration_id, status="offline")
            )
        except PermissionDeniedError:
            return {}
        found = {row["organization"]["id"]: to_timestamp(row["last_seen"]) for row in rows}
        self._core.state.offline[collaboration_id] = frozenset(found), time.monotonic()
        return found

    # ---- changes --------------------------------------------------------------------------------

    def _name(self, organization_ids: Iterable[int], since: float = 0.0) -> None:
        if self.tracker.is_silent:
            self.names = self._core.names.known_organizations()
        else:
            self.names = self._core.names.organizations(set(organization_ids), since)

    def _name_of(self, id_: int | None) -> str:
        return "?" if id_ is None else self.names.get(id_, f"organization {id_}")

    def pictures(self, tasks: Iterable[TaskState]) -> list[News]:
        """Return the progress of tasks."""
        now = time.monotonic()
        return [self.tracker.progress(task.task_id, now, self._name_of) for task in tasks]

    def name_runs(self, runs: Iterable[RunProgress], since: float = 0.0) -> dict[int, str]:
        """Return the name of the organization of each run by id, requested after `since`."""
        ids = {run.run_id: run.organization_id for run in runs if run.organization_id is not None}
        self._name(ids.values(), since)
        return {run_id: self.names.get(id_) or str(id_) for run_id, id_ in ids.items()}


def runs_of(core: Core, task_id: int) -> Sequence[Run]:
    """Return the runs of a task, in the order of the requested organizations."""
    rows = core.rows(partial(core.backend.server.list_runs, task_id=task_id))
    return rows[::-1]
