"""Watch tasks: receive events where possible, poll otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from ..._events.mailbox import AsyncMailbox
from ..._events.types import (
    Connected,
    Joined,
    LogWritten,
    Lost,
    Refused,
    RunStatusChanged,
    RunUpdated,
)
from ..._utils.logging import LOGGER
from ..._utils.pauses import RECONNECT
from ..._waiting.failure import wait_timeout_error
from ..._waiting.logs import LogLine, LogMerger
from ..._waiting.progress import Progress
from ..._waiting.statuses import has_failed, has_finished
from ..._waiting.tracker import TaskTracker
from ...errors import InvalidResponseError, ServerError, TooManyRequestsError, TransportError
from .poll import Poller

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..._backend.rows import Run, Task
    from ..._events.types import Received
    from ..._waiting.tracker import TaskState
    from ..core.core import Core

News: TypeAlias = "Progress | LogLine"
# The server reports the permitted events a moment after it accepted the connection.
JOIN_SECONDS = 1.5
QUIET_SECONDS = 0.02
# Events that repeat lines of a poll arrive within this time.
SETTLE_SECONDS = 2.0
# Maximum number of events to process before the next poll.
MAX_EVENTS_AT_ONCE = 1000
# Errors that may be temporary, such as a proxy's maintenance page; the wait continues.
TRANSIENT_ERRORS = (TransportError, ServerError, TooManyRequestsError, InvalidResponseError)


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
        run_id: int | None = None,
    ) -> None:
        self._core = core
        self.tracker = TaskTracker(task_ids, time.monotonic(), interval, timeout, each=each)
        self._closely, self._logs = closely, logs
        self._until_last_run, self._run_id = until_last_run, run_id
        self._poller = Poller(core, self.tracker)
        self._mailbox = AsyncMailbox()
        self._timeout = timeout
        self._connects = 0
        self._connect_at: float | None = None
        self._has_polled = False
        self._polled_at = 0.0
        self._log_mergers: dict[int, LogMerger] = {}
        self._names: Mapping[int, str] = {}
        self.ended_runs: set[int] = set()

    async def __aenter__(self) -> Self:
        if self._core.socket:
            self._core.socket.join(self._mailbox)
            await self._listen()
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._core.socket:
            self._core.socket.leave(self._mailbox)

    async def step(self) -> list[News]:
        """Wait for events or the next poll, and return the changes."""
        if not self._has_polled:
            return await self._poll()
        now = time.monotonic()
        seconds = min(self.tracker.seconds_until_poll(now), self.tracker.seconds_left(now))
        if self._connect_at is not None:
            seconds = min(seconds, self._connect_at - now)
        news: list[News] = []
        event = await self._mailbox.get(seconds)
        for _ in range(MAX_EVENTS_AT_ONCE):  # one poll for all events that have arrived
            if event is None:
                break
            news += await self._take(event)
            event = await self._mailbox.get(0)
        now = time.monotonic()
        if self._connect_at is not None and self._connect_at <= now:
            await self._connect()
        if self.tracker.seconds_until_poll(now) <= 0:
            news += await self._poll()
            now = time.monotonic()  # the poll may have lasted beyond the timeout
        if self.tracker.open_tasks and self.tracker.seconds_left(now) <= 0:
            raise wait_timeout_error(self.tracker.open_tasks, self._timeout)
        return news

    # ---- events ---------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Connect, and wait a moment for the confirmation, so that no later event is missed."""
        await self._connect()
        until = time.monotonic() + JOIN_SECONDS
        while (seconds := until - time.monotonic()) > 0:
            event = await self._mailbox.get(seconds)
            # The log of the first poll includes all lines written until now.
            if event is not None and not isinstance(event, LogWritten):
                await self._take(event)
            if isinstance(event, Joined):
                until = min(until, time.monotonic() + QUIET_SECONDS)
            if event is None or isinstance(event, Lost | Refused):
                return

    async def _connect(self) -> None:
        self._connect_at = None
        try:
            token = await self._core.fresh_token()
        except TRANSIENT_ERRORS:
            self._connect_later()
            return
        if self._core.socket:
            self._core.socket.join(self._mailbox)
            self._core.socket.open(token)

    def _connect_later(self) -> None:
        pause = RECONNECT.delay(self._connects)
        self._connects += 1
        self._connect_at = time.monotonic() + pause

    async def _take(self, event: Received) -> list[News]:
        """Process an event, and return the changes."""
        now = time.monotonic()
        if isinstance(event, LogWritten):
            return self._log_written(event, now)
        if isinstance(event, Lost | Refused):
            LOGGER.debug("Events are unavailable: %s", event)
            self._connect_later()
        if isinstance(event, Connected):
            self._connects = 0
        changed = self.tracker.heard(event, now, time.time())
        if isinstance(event, RunStatusChanged | RunUpdated) and self._matters_at_once(event):
            self.tracker.poll_soon(now)
        return [self._progress(changed)] if changed is not None and self._closely else []

    def _matters_at_once(self, event: RunStatusChanged | RunUpdated) -> bool:
        """Return whether an event may report the end or the result of the requested run."""
        is_reported = isinstance(event, RunStatusChanged) or self.tracker.has_ended(event.run_id)
        return is_reported and event.run_id == self._run_id

    def _log_written(self, event: LogWritten, now: float) -> list[News]:
        if not self._closely or self.tracker.root_of(event.task_id) is None:
            return []
        track = self._log_mergers.setdefault(event.run_id, LogMerger())
        if now - self._polled_at > SETTLE_SECONDS:
            track.settle()
        return self._lines(event.run_id, event.task_id, track.wrote(event.text))

    # ---- polls ----------------------------------------------------------------------------------

    async def _poll(self) -> list[News]:
        """Request the state of the tasks; without a response, retry later."""
        try:
            news = await self._request_state()
        except TRANSIENT_ERRORS as error:
            if not self._has_polled or not self.tracker.poll_failed(time.monotonic()):
                raise
            LOGGER.debug("No response while waiting: %s", error)
            return []
        self._has_polled = True
        self._polled_at = time.monotonic()
        return news

    async def _request_state(self) -> list[News]:
        before = self.tracker.tasks_to_poll(time.monotonic())
        ids = {task.task_id for task in before}
        # The first poll includes the runs, the last one their results.
        with_results = {
            id_ for id_ in ids if not self._has_polled or self.tracker.has_all_results(id_)
        }
        runs = ("runs",) if self._closely else ()
        # Events have already reported the runs; only their logs may be incomplete.
        last = runs if self._logs or not self._has_polled else ()
        rows = await self._poller.rows(with_results, "results", *last)
        rows += await self._poller.rows(ids - with_results, *runs)
        for row in rows:
            self.tracker.update_task(row)
        news: list[News] = []
        if self._closely:
            news = await self._poll_details(rows)
        for task in before:
            task.is_over = has_finished(task.status) and await self._is_over(task)
        self.tracker.looked(ids, time.monotonic())
        return news

    async def complete(self, task_ids: Iterable[int]) -> None:
        """Request the missing results and organizations of finished tasks."""
        tasks = [self.tracker.tasks[id_] for id_ in task_ids]
        # Results received together with a failure may be older than the end of the last run.
        missing = {
            task.task_id for task in tasks if task.results is None or has_failed(task.status)
        }
        include = ["results"]
        if not all(self.tracker.knows_organizations(id_) for id_ in missing):
            include.append("runs")
        for row in await self._poller.rows(missing, *include):
            self.tracker.update_task(row)
        ids = (task.task_id for task in tasks)
        incomplete = {id_ for id_ in ids if not self.tracker.knows_organizations(id_)}
        for row in await self._poller.rows(incomplete, "runs"):
            if not isinstance(runs := row.get("runs", ""), str):
                self.tracker.update_runs(row["id"], runs)

    async def _is_over(self, task: TaskState) -> bool:
        """Return whether the wait for a finished task is over."""
        if not (self._until_last_run and has_failed(task.status)):
            return True
        runs = await self._runs(task.task_id)
        self.tracker.update_runs(task.task_id, runs)
        return all(has_finished(run.get("status")) for run in runs)

    async def _runs(self, task_id: int) -> Sequence[Run]:
        return await runs_of(self._core, task_id)

    async def _poll_details(self, rows: Sequence[Task]) -> list[News]:
        """Request the subtasks of tasks, and return the changes in runs and logs."""
        news: list[News] = []
        seen = [row for row in rows if not isinstance(row["runs"], str)]
        for subtask in await self._poller.subtasks([row["id"] for row in seen]):
            self.tracker.update_subtask(subtask)
        for row in seen:
            if not isinstance(runs := row["runs"], str):
                news += await self._logs_of(row["id"], sorted(runs, key=lambda run: run["id"]))
            for id_ in self.tracker.subtask_ids(row["id"]):
                known = {run.run_id for run in self.tracker.runs.values() if run.task_id == id_}
                if not known or known - self.ended_runs:
                    runs = await self._runs(id_)
                    self.tracker.update_runs(id_, runs)
                    news += await self._logs_of(id_, runs)
        return news + [self._progress(row["id"]) for row in rows]

    async def _logs_of(self, task_id: int, runs: Iterable[Run]) -> list[News]:
        """Return the new lines in the logs of a task's runs."""
        news: list[News] = []
        ids = {run["organization"]["id"] for run in runs if run["organization"]}
        self._names = await self._core.names.organizations(ids)
        for run in runs:
            track = self._log_mergers.setdefault(run["id"], LogMerger())
            news += self._lines(run["id"], task_id, track.looked(run["log"]))
            if has_finished(run["status"]):
                self.ended_runs.add(run["id"])
        return news

    # ---- changes --------------------------------------------------------------------------------

    def _organization(self, id_: int | None) -> str:
        if id_ is None:
            return "?"
        return self._names.get(id_, f"organization {id_}")

    def _progress(self, task_id: int) -> Progress:
        return self.tracker.progress(task_id, time.monotonic(), self._organization)

    def _lines(self, run_id: int, task_id: int, lines: Iterable[str]) -> list[News]:
        run = self.tracker.runs.get(run_id)
        organization_id = run.organization_id if run else None
        name = self._organization(organization_id)
        return [LogLine(run_id, task_id, organization_id, name, line) for line in lines]


async def runs_of(core: Core, task_id: int) -> Sequence[Run]:
    """Return the runs of a task, in the order of the requested organizations."""
    rows = await core.rows(partial(core.backend.server.list_runs, task_id=task_id))
    return rows[::-1]
