"""Describe failed and unfinished tasks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .._utils.text import sanitize
from .progress import silence_text, status_text
from .statuses import has_failed, has_finished

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Run

    from .progress import Progress, RunProgress

LOG_LINES = 5
# The line of a traceback that names the exception.
EXCEPTION = re.compile(r"[\w.]+(Error|Exception)\b")


def describe_timeout(tasks: Sequence[Progress], timeout: float | None) -> str:
    """Describe tasks that did not end in time: whose results are missing, and why."""
    (first, *others) = tasks
    text = f"task {first.task_id}: expected to end within {timeout} s, got status {first.status!r}"
    missing: dict[str, list[str]] = {}
    for task in tasks:
        for run in task.runs:
            if not run.is_good and (run.task_id == task.task_id or not run.is_over):
                state = status_text(run, task.server_time)
                missing.setdefault(state, []).append(repr(run.organization))
    if missing:
        text += "; no result from " + ", ".join(
            f"{', '.join(dict.fromkeys(names))} ({state})" for state, names in missing.items()
        )
    if others:
        text += f"; {len(others)} more have not ended either"
    if first.silent_for is not None:
        text += f"; {silence_text(first.silent_for).removesuffix(', retrying')}"
    return f"{text}. The task continues. Wait again, or stop it with task.kill({first.task_id})."


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
    failed = [run for run in runs if has_failed(run.get("status"))]
    summary = f"{status!r}: {len(failed)} of {len(runs)} runs failed"
    if unfinished := sum(not has_finished(run.get("status")) for run in runs):
        hint = "Use on_failure='return' to wait for all runs."
        lines = [f"task {task_id} has status {summary}, {unfinished} not finished. {hint}"]
    else:
        lines = [f"task {task_id} ended with status {summary}"]
    # Runs that ended in the same way are described once: a killed task can have hundreds of them.
    alike: dict[tuple[bool, tuple[str, ...]], list[Run]] = {}
    for run in (*failed, *subtask_runs):
        if has_failed(run.get("status")):
            alike.setdefault((run in subtask_runs, _end(run)), []).append(run)
    for (is_subtask, (ended, *log)), (run, *others) in alike.items():
        place = f"run {run['id']}{_location(run, names or {})}"
        if others:
            places = (_organization(run, names or {}) for run in (run, *others))
            of = " of subtasks" if is_subtask else ""
            place = f"{len(others) + 1} runs{of} at {', '.join(dict.fromkeys(places))}"
        elif is_subtask:
            place = f"subtask {run['task']['id']}, {place}"
        lines += [f"  {place}: {ended}", *(f"    | {line}" for line in log)]
    return "\n".join(lines)


def _end(run: Run) -> tuple[str, ...]:
    """Return the status of a run and the last lines of its log, without control characters."""
    log = [line.rstrip() for line in (run.get("log") or "").splitlines() if line.strip()]
    return tuple(map(sanitize, (str(run.get("status")), *log[-LOG_LINES:])))


def _location(run: Run, names: Mapping[int, str]) -> str:
    """Return the location of a run."""
    organization, node = run.get("organization"), run.get("node", {}).get("name")
    first = _organization(run, names) if organization else ""
    others = [f"organization {organization['id']}"] if organization else []
    others += [f"node {node!r}"] if node else []
    first, *others = dict.fromkeys(([first] if first else []) + others) or [""]
    at = f" at {first}" if first else ""
    return f"{at} ({', '.join(others)})" if others else at


def _organization(run: Run, names: Mapping[int, str]) -> str:
    """Return the organization of a run; names are quoted, since others chose them."""
    organization = run.get("organization")
    id_ = organization["id"] if organization else 0
    return repr(names[id_]) if id_ in names else f"organization {id_}"


def describe_missing(run: RunProgress, log: str | None, now: float) -> str:
    """Describe why a run has no result; `now` is the server's time."""
    text = f"{status_text(run, now)}{', without a result' if run.is_good else ''}"
    lines = [line.strip() for line in (log or "").splitlines() if line.strip()]
    # The wrapper of algorithms writes more lines below the exception.
    told = [line for line in lines if EXCEPTION.match(line)] or lines
    return f"{text}: {sanitize(told[-1])}" if told and run.is_bad else text


def describe_failures(reasons: Iterable[str], count: int) -> str:
    """Describe several tasks, some of which failed."""
    lines = list(reasons)
    return "\n".join([f"{len(lines)} of {count} tasks failed", *lines])
