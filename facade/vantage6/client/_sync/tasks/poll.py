# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/poll.py instead.
"""Poll tasks, several in one request where possible."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from ..._rows.pages import PAGE_SIZE, SORT
from ..._waiting.polling import page_depth
from ..._waiting.statuses import has_finished
from ...errors import PermissionDeniedError, RequestTimeoutError

if TYPE_CHECKING:
    from ..._backend.rows import Task
    from ..._waiting.tracker import TaskTracker
    from ..core.core import Core

# A few others may have been created in between.
SLACK = 10
# So many are asked for at once with what they gave, which may be large.
RESULTS_PAGE = 50


class Poller:
    """Looks at the tasks of a ledger."""

    # The server lists tasks from the newest on, and cannot be told which. So it is asked for as
    # many as it takes, but with their results only where none come along that nobody waits for.

    def __init__(self, core: Core, tracker: TaskTracker) -> None:
        self._core, self._tracker = core, tracker
        # Whose tasks are listed, without subtasks; those of all, with subtasks, if it is nobody.
        self._whose: int | None = core.whoami.id_
        self._listed: list[int] = []
        self._is_apart = False

    def rows(self, ids: Collection[int], *include: str) -> list[Task]:
        """Get the rows of tasks."""
        wanted = set(ids)
        found = self._together(wanted, include) if len(wanted) > 1 else []
        for id_ in sorted(wanted - _ids(found)):
            call = self._core.backend.server.get_task(id_, include=include or None)
            found.append(self._core.send(call))
        return [row for row in found if row["id"] in wanted]

    def subtasks(self, ids: Collection[int]) -> list[Task]:
        """Get the subtasks of tasks that are known to the ledger, and perhaps more."""
        tasks = [self._tracker.tasks[id_] for id_ in ids]
        # As long as a task is pending, none of its runs can have asked for anything.
        jobs = {task.job_id for task in tasks if task.status != "pending"} - {None}
        rows: list[Task] = []
        if len(jobs) > 1 and self._whose is not None:
            rows, is_whole = self._newest_subtasks(min(ids), len(jobs))
            if is_whole:
                jobs = set[int]()
        for job in sorted(job for job in jobs if job is not None):
            rows += self._core.rows(partial(self._core.backend.server.list_tasks, job_id=job))
        return sorted(rows, key=lambda row: row["id"])

    def _newest_subtasks(self, oldest: int, pages: int) -> tuple[list[Task], bool]:
        """Get subtasks of one's own tasks, and whether all are there that are newer than a task."""
        rows: list[Task] = []
        for page in range(1, pages + 1):
            call = self._core.backend.server.list_tasks(
                page=page,
                per_page=PAGE_SIZE,
                sort=SORT,
                init_user_id=self._whose,
                is_user_created=0,
            )
            body = self._core.send(call)
            rows += body["data"]
            if "next" not in body["links"] or min(_ids(rows), default=0) < oldest:
                return rows, True
        return rows, False

    def _together(self, wanted: set[int], include: tuple[str, ...]) -> list[Task]:
        """Get those rows that can be had together."""
        rows: list[Task] = []
        if not include or not self._listed:
            rows = self._list(wanted)
            self._listed = [row["id"] for row in rows]
            if include and any(row["id"] in wanted and has_finished(row["status"]) for row in rows):
                include = (*include, "runs")  # where those ran will not be announced any more
        if not include or self._is_apart:
            return [] if include else rows
        own = self._tracker.open_tasks if "results" in include else self._tracker.tasks.values()
        harmless = {task.task_id for task in own}
        return self._newest(page_depth(self._listed, wanted, harmless), include)

    def _list(self, wanted: set[int]) -> list[Task]:
        """List the newest tasks: one's own, or everybody's if more of those wanted are there."""
        count = len(wanted) + SLACK
        rows = self._newest(count)
        if self._whose is None or self._listed or wanted <= _ids(rows):
            return rows
        whose, self._whose = self._whose, None
        others = self._newest(count)
        if len(wanted & _ids(others)) > len(wanted & _ids(rows)):
            return others
        self._whose = whose
        return rows

    def _newest(self, count: int, include: tuple[str, ...] = ()) -> list[Task]:
        """Get the newest tasks, so many; fewer where the server does not want to give them."""
        rows: list[Task] = []
        pages = ceil(count / (RESULTS_PAGE if include else PAGE_SIZE))
        for page in range(1, pages + 1):
            call = self._core.backend.server.list_tasks(
                page=page,
                per_page=ceil(count / pages),
                sort=SORT,
                include=include or None,
                init_user_id=self._whose,
                is_user_created=None if self._whose is None else 1,
            )
            try:
                body = self._core.send(call)
            except (PermissionDeniedError, RequestTimeoutError) as error:
                # Whose results one may see is another question than whose tasks; and all results
                # together may be too much for one answer. One by one tells.
                if isinstance(error, RequestTimeoutError) and not include:
                    raise
                self._is_apart = True
                break
            rows += body["data"]
            if "next" not in body["links"]:
                break
        return rows


def _ids(rows: Collection[Task]) -> set[int]:
    return {row["id"] for row in rows}
