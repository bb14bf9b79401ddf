# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/wait.py instead.
"""Wait for tasks until they have results or an error."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from ..._display.views import ProgressDisplay
from ..._encryption.payloads import open_results
from ..._rows.results import ResultRows
from ..._utils.logging import LOGGER
from ..._waiting.arguments import check_display_options, check_times
from ..._waiting.failure import describe_failure, resume_hint
from ..._waiting.finished import Finished
from ..._waiting.progress import Progress
from ..._waiting.statuses import has_failed
from ...errors import DecryptionError, PermissionDeniedError, TaskFailedError
from .results import fetch_results, open_readable
from .watch import TaskWatcher, runs_of

if TYPE_CHECKING:
    from ..._backend.rows import PageLinks, Run
    from ..._display.views import ProgressOption
    from ..._rows.references import Ref
    from ..._waiting.arguments import OnFailure
    from ..._waiting.logs import LogLine
    from ..._waiting.tracker import TaskState, TaskTracker
    from ..core.core import Core


def wait_for(
    core: Core,
    tasks: Sequence[Ref],
    interval: float = 1,
    timeout: float | None = None,
    on_failure: OnFailure = "raise",
    progress: ProgressOption = None,
    logs: bool = False,
) -> list[ResultRows]:
    """Wait until all tasks have ended; the parameters are those of `wait_for_results`."""
    check_times(interval, timeout)
    check_display_options(on_failure, progress)
    task_ids = _ids(core, tasks)
    display = ProgressDisplay(progress, logs)
    watch = TaskWatcher(
        core,
        task_ids,
        interval,
        timeout,
        closely=display.is_wanted,
        logs=logs,
        until_last_run=on_failure == "return" or core.backend.waits_for_all_runs,
    )
    with _hint_on_interrupt(task_ids), display:
        found = _run_to_end(core, watch, display, on_failure)
    return [found[id_] for id_ in task_ids]


def _run_to_end(
    core: Core, watch: TaskWatcher, display: ProgressDisplay, on_failure: OnFailure
) -> dict[int, ResultRows]:
    with watch:
        while watch.tracker.open_tasks:
            for item in watch.step():
                display.take(item)
            for task in watch.tracker.tasks.values():
                if on_failure == "raise" and task.is_over and has_failed(task.status):
                    raise (_failed(core, task))[0]
    ids = watch.tracker.tasks.keys()
    watch.complete(ids)
    ended = monotonic()
    found = {id_: _results(core, watch.tracker, id_, ended) for id_ in ids}
    for results in found.values():
        open_results(results, core.blobs.results(results))
    return found


def iterate_completed(
    core: Core, tasks: Sequence[Ref], interval: float, timeout: float | None
) -> Iterator[Finished]:
    """Yield tasks as they end; the parameters are those of `as_completed`."""
    task_ids = _ids(core, tasks)
    with TaskWatcher(core, task_ids, interval, timeout, each=True, until_last_run=True) as watch:
        yielded: set[int] = set()
        while len(yielded) < len(watch.tracker.tasks):
            if still_open := [task.task_id for task in watch.tracker.open_tasks]:
                with _hint_on_interrupt(still_open):
                    watch.step()
            ended = [
                task
                for id_, task in watch.tracker.tasks.items()
                if task.is_over and id_ not in yielded
            ]
            watch.complete(task.task_id for task in ended if not has_failed(task.status))
            since = monotonic()
            for task in ended:
                yielded.add(task.task_id)
                done = _finished(core, watch.tracker, task, since)
                task.results = None  # they may be large
                yield done


def stream_logs(core: Core, task: Ref | None, run_id: int | None = None) -> Iterator[LogLine]:
    """Yield the lines of a task's logs, or of one run's, until it has ended."""
    if run_id is not None:
        task = (core.send(core.backend.server.get_run(run_id)))["task"]["id"]
    (task_id,) = _ids(core, () if task is None else (task,))
    with TaskWatcher(
        core, [task_id], closely=True, logs=True, until_last_run=True, run_id=run_id
    ) as watch:
        while watch.tracker.open_tasks and run_id not in watch.ended_runs:
            for item in watch.step():
                if not isinstance(item, Progress) and run_id in (None, item.run_id):
                    yield item


def _ids(core: Core, tasks: Sequence[Ref]) -> list[int]:
    return [core.id_of("task", task) for task in tasks]


@contextmanager
def _hint_on_interrupt(task_ids: Sequence[int]) -> Generator[None]:
    """Show how to continue if the wait is interrupted."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{resume_hint(task_ids)}\n")
        raise
    except Exception:
        raise
    except BaseException:  # an interrupted event loop cancels its tasks
        LOGGER.info("%s", resume_hint(task_ids))
        raise


def _finished(core: Core, tracker: TaskTracker, task: TaskState, since: float) -> Finished:
    error: TaskFailedError | DecryptionError | None
    if has_failed(task.status):
        error, results = _failed(core, task)
    else:
        results = _results(core, tracker, task.task_id, since)
        error = open_readable(core, results)
    return Finished(task.task_id, task.status, results, error)


def _failed(core: Core, task: TaskState) -> tuple[TaskFailedError, ResultRows]:
    """Return the error for a failed task, and its available results."""
    since = monotonic()
    runs = runs_of(core, task.task_id)
    subtask_runs = _subtask_runs(core, task)
    rows = (run.get("organization") for run in (*runs, *subtask_runs))
    names = core.names.organizations([row["id"] for row in rows if row], since)
    reason = describe_failure(task.task_id, task.status, runs, subtask_runs, names)
    results = fetch_results(core, task.task_id, runs, since)
    if unreadable := open_readable(core, results):
        reason = f"{reason}\n  and {unreadable}"
    error = TaskFailedError(
        reason,
        task_id=task.task_id,
        status=task.status,
        runs=runs,
        results=results,
        subtask_runs=subtask_runs,
    )
    return error, results


def _subtask_runs(core: Core, task: TaskState) -> list[Run]:
    try:
        rows = core.rows(partial(core.backend.server.list_tasks, parent_id=task.task_id))
    except PermissionDeniedError:
        return []
    return [run for row in rows[::-1] for run in runs_of(core, row["id"])]


def _results(core: Core, tracker: TaskTracker, task_id: int, since: float) -> ResultRows:
    """Return the results of a finished task, still encoded, with names requested after `since`."""
    organizations = tracker.organizations(task_id)
    names = core.names.organizations(organizations.values(), since)
    by_run = {run_id: names.get(id_) or str(id_) for run_id, id_ in organizations.items()}
    links: PageLinks = {"first": "", "self": ""}
    rows, limit = tracker.tasks[task_id].results or (), core.http.limits.max_response_bytes
    return ResultRows(rows, links, organizations=by_run, max_bytes=limit)
