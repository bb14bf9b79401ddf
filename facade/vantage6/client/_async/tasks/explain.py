"""Gather what explains the state of a task."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..._utils.time import to_timestamp
from ..._waiting.explain import explain_task, runs_in
from ...errors import PermissionDeniedError

if TYPE_CHECKING:
    from ..._backend.rows import Task
    from ..._waiting.explain import Explanation
    from ..core.core import Core


async def explain(core: Core, task_id: int) -> Explanation:
    """Explain what is the matter with a task; what may not be viewed stays unknown."""
    server = core.backend.server
    row: Any = await core.run_plan(core.backend.get_task(task_id, ["runs"]))
    subtasks: list[Task] = []
    last_seen: dict[int, float | None] = {}
    try:
        subtasks += await core.rows(partial(server.list_tasks, parent_id=task_id, include=["runs"]))
        # HQ leaves some runs out of lists, but not the node of a run.
        if any((run.get("node") or {}).get("status") == "offline" for run in runs_in(row)):
            place = row["collaboration"]
            where = {"collaboration_id": place["id"] if place else None, "status": "offline"}
            for node in await core.rows(partial(server.list_nodes, **where)):
                last_seen[node["organization"]["id"]] = to_timestamp(node["last_seen"])
    except PermissionDeniedError:
        pass
    runs = [run for task in (row, *subtasks) for run in runs_in(task)]
    ids = [place["id"] for run in runs if (place := run["organization"])]
    return explain_task(row, subtasks[::-1], await core.names.organizations(ids), last_seen)
