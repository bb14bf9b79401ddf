"""Fetch the rows of tasks that are waited for, several in one request where possible."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from ..._rows.pages import PAGE_SIZE, SORT
from ..._utils.time import server_time
from ..._waiting.arguments import page_depth
from ...errors import (
    EndpointNotFoundError,
    NotFoundError,
    PermissionDeniedError,
    RequestTimeoutError,
)

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ..._backend.rows import Task
    from ..._waiting.tracker import TaskTracker
    from ..core.core import Core

T = TypeVar("T")
# A few others may have been created in between.
SLACK = 10
# Tasks to request at once with their results, which may be large.
RESULTS_PAGE = 50


class Fetcher:
    """Fetches the tasks of a tracker."""

    # The server lists the newest tasks first, without a filter by id. So enough of the newest are
    # requested, but with results only if that includes no results of tasks not waited for.

    def __init__(self, core: Core, tracker: TaskTracker) -> None:
        self._core, self._tracker = core, tracker
        # The user whose tasks are listed, without subtasks; if None, all tasks with subtasks.
        self._creator_id: int | None = core.whoami.id_
        self._listed: list[int] = []
        self._is_separate = False

    async def rows(self, ids: Collection[int], *include: str) -> list[Task]:
        """Return the rows of tasks; record those of several that are gone."""
        wanted = set(ids)
        rows = await self._rows_at_once(wanted, include) if len(wanted) > 1 else []
        found = [row for row in rows if row["id"] in wanted]
        for id_ in sorted(wanted - _ids(found)):
            try:
                call = self._core.backend.server.get_task(id_, include=include or None)
                found.append(await self._send(call))
            except (NotFoundError, PermissionDeniedError) as error:
                if len(self._tracker.tasks) == 1 or isinstance(error, EndpointNotFoundError):
                    raise
                self._tracker.lose(id_, error)
        return found

    async def subtasks(self, ids: Collection[int]) -> list[Task]:
        """Return the subtasks of tasks that the tracker knows, and possibly other tasks."""
        tasks = [self._tracker.tasks[id_] for id_ in ids]
        # As long as a task is pending, none of its runs can have created a subtask.
        jobs = {task.job_id for task in tasks if task.status != "pending"} - {None}
        rows: list[Task] = []
        if len(jobs) > 1 and self._creator_id is not None:
            rows, is_complete = await self._pages(len(jobs), PAGE_SIZE, 0, oldest=min(ids))
            if is_complete:
                jobs = set[int]()
        for job in sorted(job for job in jobs if job is not None):
            rows += await self._core.rows(partial(self._core.backend.server.list_tasks, job_id=job))
        return sorted(rows, key=lambda row: row["id"])

    async def _rows_at_once(self, wanted: set[int], include: tuple[str, ...]) -> list[Task]:
        """Return the rows that fit into one listing."""
        if not include or not self._listed:
            rows = await self._list(wanted)
            self._listed = [row["id"] for row in rows]
            if not include:
                return rows
        if self._is_separate:
            return []
        own = self._tracker.open_tasks if "results" in include else self._tracker.tasks.values()
        harmless = {task.task_id for task in own}
        return await self._newest(page_depth(self._listed, wanted, harmless), include)

    async def _list(self, wanted: set[int]) -> list[Task]:
        """List the newest tasks: the user's, or all users' if those include more wanted ones."""
        count = len(wanted) + SLACK
        rows = await self._newest(count)
        if self._creator_id is None or self._listed or wanted <= _ids(rows):
            return rows
        creator_id, self._creator_id = self._creator_id, None
        others = await self._newest(count)
        if len(wanted & _ids(others)) > len(wanted & _ids(rows)):
            return others
        self._creator_id = creator_id
        return rows

    async def _newest(self, count: int, include: tuple[str, ...] = ()) -> list[Task]:
        """Return a number of newest tasks; none if the server refuses to list them."""
        pages = ceil(count / (RESULTS_PAGE if include else PAGE_SIZE))
        try:
            return (await self._pages(pages, ceil(count / (pages or 1)), 1, include))[0]
        except (PermissionDeniedError, RequestTimeoutError) as error:
            # The permission to view tasks does not include their results, and all results
            # together may take too long. Requesting one task at a time avoids both.
            if isinstance(error, RequestTimeoutError) and not include:
                raise
            self._is_separate = True
            return []

    async def _pages(
        self, pages: int, size: int, by_users: int, include: tuple[str, ...] = (), oldest: int = 0
    ) -> tuple[list[Task], bool]:
        """Return pages of the newest tasks, and whether all newer than the oldest are included."""
        rows: list[Task] = []
        for page in range(1, pages + 1):
            call = self._core.backend.server.list_tasks(
                page=page,
                per_page=size,
                sort=SORT,
                include=include or None,
                init_user_id=self._creator_id,
                is_user_created=None if self._creator_id is None else by_users,
            )
            body = await self._send(call)
            rows += body["data"]
            if "next" not in body["links"] or min(_ids(rows), default=0) < oldest:
                return rows, True
        return rows, False

    async def _send(self, call: Call[T]) -> T:
        """Send a call, and record the time of the server."""
        body, response = await self._core.exchange(call, self._core.blobs.receiving())
        self._tracker.clock = server_time(response.date, time.time()) - time.monotonic()
        return body


def _ids(rows: Iterable[Task]) -> set[int]:
    return {row["id"] for row in rows}
