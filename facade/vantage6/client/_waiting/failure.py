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
    more = f"; {len(others)} more tasks have not ended either" if others else ""
    return WaitTimeoutError(
        f"task {first.task_id}: expected to end within {timeout} s, got status {first.status!r}"
        f"{more}. The task continues. Wait again, or stop it with task.kill({first.task_id}).",
        task_id=first.task_id,
        status=first.status,
    )


def resume_hint(ids: Sequence[int]) -> str:
    """Return a hint for tasks that are no longer waited for."""
    if len(ids) > 1:
        return (
            f"Tasks {', '.join(map(str, ids))} continue. Wait again, or stop each with task.kill()."
        )
    return (
        f"Task {ids[0]} continues. Wait again with wait_for_results({ids[0]}), or stop it with "
        f"task.kill({ids[0]})."
    )


def describe_failure(
    task_id: int,
    status: str,
    runs: Sequence[Run],
    subtask_runs: Sequence[Run] = (),
    names: Mapping[int, str] | None = None,
) -> str:
    """Describe a failed task: the failed runs, their statuses, and the end of their logs."""
    names = names or {}
    failed = [run for run in runs if has_failed(run.get("status"))]
    summary = f"{status!r}: {len(failed)} of {len(runs)} runs failed"
    if unfinished := sum(not has_finished(run.get("status")) for run in runs):
        hint = "Use on_failure='return' to wait for all runs."
        lines = [f"task {task_id} has status {summary}, {unfinished} not finished. {hint}"]
    else:
        lines = [f"task {task_id} ended with status {summary}"]
    for run in failed:
        lines += _describe_end(f"  run {run['id']}", run, names)
    for run in subtask_runs:
        if has_failed(run.get("status")):
            lines += _describe_end(f"  subtask {run['task']['id']}, run {run['id']}", run, names)
    return "\n".join(lines)


def _describe_end(title: str, run: Run, names: Mapping[int, str]) -> Iterable[str]:
    yield f"{title}{_location(run, names)}: {sanitize(str(run.get('status')))}"
    yield from (f"    | {line}" for line in _last_lines(run.get("log")))


def _location(run: Run, names: Mapping[int, str]) -> str:
    """Return the location of a run; names are quoted, since others chose them."""
    organization = run.get("organization")
    node = run.get("node", {}).get("name")
    parts = [f"organization {organization['id']}"] if organization else []
    name = names.get(organization["id"]) if organization else None
    if name:
        parts.insert(0, repr(name))
    if node:
        parts.append(f"node {node!r}")
    first, *others = parts or [""]
    at = f" at {first}" if first else ""
    return f"{at} ({', '.join(others)})" if others else at


def _last_lines(log: str | None) -> Iterable[str]:
    """Return the last lines of a log without terminal control characters."""
    lines = [line.rstrip() for line in (log or "").splitlines() if line.strip()]
    return (sanitize(line) for line in lines[-LOG_LINES:])
