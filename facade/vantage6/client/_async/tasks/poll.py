"""Poll tasks, several in one request where possible."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from ..._rows.pages import PAGE_SIZE, SORT
from ..._waiting.arguments import page_depth
from ..._waiting.statuses import has_finished
from ...errors import PermissionDeniedError, RequestTimeoutError

if TYPE_CHECKING:
    from ..._backend.rows import Task
    from ..._waiting.tracker import TaskTracker
    from ..core.core import Core

# A few others may have been created in between.
SLACK = 10
# Tasks to request at once with their results, which may be large.
RESULTS_PAGE = 50


class Poller:
    """Polls the tasks of a tracker."""

    # The server lists the newest tasks first, without a filter by id. So enough of the newest are
    # requested, but with results only if that includes no results of tasks not waited for.

    def __init__(self, core: Core, tracker: TaskTracker) -> None:
        self._core, self._tracker = core, tracker
        # The user whose tasks are listed, without subtasks; if None, all tasks with subtasks.
        self._creator_id: int | None = core.whoami.id_
        self._listed: list[int] = []
        self._is_separate = False

    async def rows(self, ids: Collection[int], *include: str) -> list[Task]:
        """Return the rows of tasks."""
        wanted = set(ids)
        found = await self._rows_at_once(wanted, include) if len(wanted) > 1 else []
        for id_ in sorted(wanted - _ids(found)):
            call = self._core.backend.server.get_task(id_, include=include or None)
            found.append(await self._core.send(call))
        return [row for row in found if row["id"] in wanted]

    async def subtasks(self, ids: Collection[int]) -> list[Task]:
        """Return the subtasks of tasks that the tracker knows, and possibly other tasks."""
        tasks = [self._tracker.tasks[id_] for id_ in ids]
        # As long as a task is pending, none of its runs can have created a subtask.
        jobs = {task.job_id for task in tasks if task.status != "pending"} - {None}
        rows: list[Task] = []
        if len(jobs) > 1 and self._creator_id is not None:
            rows, is_complete = await self._newest_subtasks(min(ids), len(jobs))
            if is_complete:
                jobs = set[int]()
        for job in sorted(job for job in jobs if job is not None):
            rows += await self._core.rows(partial(self._core.backend.server.list_tasks, job_id=job))
        return sorted(rows, key=lambda row: row["id"])

    async def _newest_subtasks(self, oldest: int, pages: int) -> tuple[list[Task], bool]:
        """Return subtasks of the user's tasks, and whether all newer than a task are included."""
        rows: list[Task] = []
        for page in range(1, pages + 1):
            call = self._core.backend.server.list_tasks(
                page=page,
                per_page=PAGE_SIZE,
                sort=SORT,
                init_user_id=self._creator_id,
                is_user_created=0,
            )
            body = await self._core.send(call)
            rows += body["data"]
            if "next" not in body["links"] or min(_ids(rows), default=0) < oldest:
                return rows, True
        return rows, False

    async def _rows_at_once(self, wanted: set[int], include: tuple[str, ...]) -> list[Task]:
        """Return the rows that fit into one listing."""
        rows: list[Task] = []
        if not include or not self._listed:
            rows = await self._list(wanted)
            self._listed = [row["id"] for row in rows]
            if include and any(row["id"] in wanted and has_finished(row["status"]) for row in rows):
                include = (*include, "runs")  # no more events will report their organizations
        if not include or self._is_separate:
            return [] if include else rows
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
        """Return a number of newest tasks; fewer if the server refuses to list them."""
        rows: list[Task] = []
        pages = ceil(count / (RESULTS_PAGE if include else PAGE_SIZE))
        for page in range(1, pages + 1):
            call = self._core.backend.server.list_tasks(
                page=page,
                per_page=ceil(count / pages),
                sort=SORT,
                include=include or None,
                init_user_id=self._creator_id,
                is_user_created=None if self._creator_id is None else 1,
            )
            try:
                body = await self._core.send(call)
            except (PermissionDeniedError, RequestTimeoutError) as error:
                # The permission to view tasks does not include their results, and all results
                # together may take too long. Requesting one task at a time avoids both.
                if isinstance(error, RequestTimeoutError) and not include:
                    raise
                self._is_separate = True
                break
            rows += body["data"]
            if "next" not in body["links"]:
                break
        return rows


def _ids(rows: Collection[Task]) -> set[int]:
    return {row["id"] for row in rows}
