"""Describe failed and unfinished tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .._utils.text import sanitize
from ..errors import WaitTimeoutError
from .statuses import has_failed, has_finished

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Run

    from .tracker import TaskState

LOG_LINES = 5


def wait_timeout_error(tasks: Sequence[TaskState], timeout: float | None) -> WaitTimeoutError:
    """Create the error for tasks that did not end in time."""
    (first, *others) = tasks
    more = f", and {len(others)} more have not ended either" if others else ""
    return WaitTimeoutError(
        f"task {first.task_id} is still {first.status!r} after {timeout} s{more}; it runs on: wait "
        f"again, or stop it with task.kill({first.task_id})",
        task_id=first.task_id,
        status=first.status,
    )


def resume_hint(ids: Sequence[int]) -> str:
    """Return what can be done about tasks that are not waited for any more."""
    if len(ids) > 1:
        return f"tasks {', '.join(map(str, ids))} run on: wait again, or stop each with task.kill()"
    return (
        f"task {ids[0]} runs on: wait again with wait_for_results({ids[0]}), or stop it with "
        f"task.kill({ids[0]})"
    )


def describe_failure(
    task_id: int,
    status: str,
    runs: Sequence[Run],
    subtask_runs: Sequence[Run] = (),
    names: Mapping[int, str] | None = None,
) -> str:
    """Describe a failed task: which runs, how they ended, and the last lines they logged."""
    # The others may still be under way.
    called = names or {}
    failed = [run for run in runs if has_failed(run.get("status"))]
    told = f"{status!r}: {len(failed)} of {len(runs)} runs failed"
    if going_on := sum(not has_finished(run.get("status")) for run in runs):
        waits = "on_failure='return' waits for all of them"
        lines = [f"task {task_id} is {told}, {going_on} still under way: {waits}"]
    else:
        lines = [f"task {task_id} ended as {told}"]
    for run in failed:
        lines += _describe_end(f"  run {run['id']}", run, called)
    for run in subtask_runs:
        if has_failed(run.get("status")):
            lines += _describe_end(f"  subtask {run['task']['id']}, run {run['id']}", run, called)
    return "\n".join(lines)


def _describe_end(what: str, run: Run, names: Mapping[int, str]) -> Iterable[str]:
    yield f"{what}{_where(run, names)}: {run.get('status')}"
    yield from (f"    | {line}" for line in _last_lines(run.get("log")))


def _where(run: Run, names: Mapping[int, str]) -> str:
    """Return where a run was: names are quoted, since somebody else chose them."""
    organization = run.get("organization")
    node = run.get("node", {}).get("name")
    places = [f"organization {organization['id']}"] if organization else []
    name = names.get(organization["id"]) if organization else None
    if name:
        places.insert(0, repr(name))
    if node:
        places.append(f"node {node!r}")
    first, *others = places or [""]
    at = f" at {first}" if first else ""
    return f"{at} ({', '.join(others)})" if others else at


def _last_lines(log: str | None) -> Iterable[str]:
    """Return the last lines of a log, without the characters that would steer a terminal."""
    lines = [line.rstrip() for line in (log or "").splitlines() if line.strip()]
    return (sanitize(line) for line in lines[-LOG_LINES:])
