# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/timeline.py instead.
"""Request what the timeline of a task shows."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..._display.timeline import Timeline, TimelineTask
from ..._utils.time import server_time, to_timestamp
from ..._waiting.tracker import TaskTracker
from .watch import runs_of

if TYPE_CHECKING:
    from ..._backend.rows import Task
    from ..core.core import Core


def timeline_of(core: Core, task_id: int) -> Timeline:
    """Return the times of a task and its subtasks."""
    row, response = core.exchange(core.backend.server.get_task(task_id))
    below: dict[int, list[Task]] = {}
    if (job_id := row.get("job_id")) is not None:
        job = core.rows(partial(core.backend.server.list_tasks, job_id=job_id))
        for task in sorted(job, key=lambda each: each["id"]):
            # A subtask is newer than its parent, so that no server can make a circle.
            if (parent := task.get("parent")) and parent["id"] < task["id"]:
                below.setdefault(parent["id"], []).append(task)
    tracker = TaskTracker([task_id], 0, 1, None)
    tasks: list[TimelineTask] = []
    waiting: list[tuple[Task, int]] = [(row, 0)]
    while waiting:
        task, depth = waiting.pop()
        rows = runs_of(core, task["id"])
        tracker.update_runs(task["id"], rows)
        asked = [at["id"] for run in rows if (at := run.get("organization"))]
        names = core.names.organizations(asked)
        runs = tracker.runs_of(task["id"])
        named = (
            replace(run, organization=names.get(run.organization_id or 0, "?")) for run in runs
        )
        created = to_timestamp(task.get("created_at"))
        name, status = task.get("name") or "", task.get("status") or ""
        tasks.append(TimelineTask(task["id"], name, status, depth, created, tuple(named)))
        waiting += [(each, depth + 1) for each in reversed(below.get(task["id"], ()))]
    return Timeline(tuple(tasks), server_time(response.date, time.time()))
