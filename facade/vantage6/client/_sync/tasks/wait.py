# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/wait.py instead.
"""Wait for tasks until they have results or an error."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, cast

from ..._display.notify import notifier
from ..._display.views import ProgressDisplay
from ..._rows.results import ResultRows
from ..._utils.logging import LOGGER
from ..._waiting.arguments import Enough, check_display_options, check_times, enough_of
from ..._waiting.failure_text import (
    describe_failure,
    describe_failures,
    describe_timeout,
    resume_hint,
)
from ..._waiting.finished import Finished
from ..._waiting.progress import Progress
from ...errors import (
    BadRequestError,
    DecryptionError,
    LoginExpiredError,
    NotFoundError,
    PermissionDeniedError,
    TaskFailedError,
    WaitTimeoutError,
)
from .events import TRANSIENT_ERRORS
from .results import fetch_results, open_readable
from .watch import TaskWatcher, runs_of

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import PageLinks

    from ..._backend.rows import Run
    from ..._display.notify import NotifyOption
    from ..._display.views import ProgressOption
    from ..._rows.references import Ref
    from ..._waiting.arguments import OnFailure
    from ..._waiting.logs import LogLine
    from ..._waiting.tracker import TaskState
    from ..core.core import Core

FIRST_PAGE: PageLinks = {"first": "", "self": ""}


def wait_for(
    core: Core,
    tasks: Sequence[Ref],
    interval: float = 1,
    timeout: float | None = None,
    on_failure: OnFailure = "raise",
    progress: ProgressOption = None,
    logs: bool = False,
    at_least: int | None = None,
    after: float = 0,
    notify: NotifyOption = None,
    organizations: Collection[int] | None = None,
) -> list[ResultRows]:
    """Wait until tasks have ended, or their runs at some organizations; see `wait_for_results`."""
    check_times(interval, timeout)
    check_display_options(on_failure, progress)
    enough = enough_of(at_least, after)
    task_ids = _ids(core, tasks)
    # One task that fails ends the wait for it, but not that for others.
    to_end = on_failure == "return" or len(task_ids) > 1
    options = (interval, timeout, progress, enough, notify)
    ends = _iterate(core, task_ids, *options, logs=logs, to_end=to_end, organizations=organizations)
    found = {done.task_id: done for done in ends}
    finished = [found[id_] for id_ in task_ids]
    failed = [done for done in found.values() if done.error]
    unread = [done for done in failed if isinstance(done.error, DecryptionError)]
    for done in unread if on_failure == "return" else failed:
        if done.error and len(found) == 1:
            raise done.error
        raise TaskFailedError(
            describe_failures((str(done.error) for done in failed), len(found)),
            task_id=done.task_id,
            status=done.status,
            runs=getattr(done.error, "runs", None) or (),
            results=done.results,
            subtask_runs=getattr(done.error, "subtask_runs", ()),
            finished=finished,
        ) from done.error
    return [done.results for done in finished]


def iterate_completed(
    core: Core,
    tasks: Sequence[Ref],
    interval: float,
    timeout: float | None,
    progress: ProgressOption = None,
    enough: Enough | None = None,
    notify: NotifyOption = None,
) -> Iterator[Finished]:
    """Yield tasks as they end; the parameters are those of `as_completed`."""
    options = (interval, timeout, progress, enough, notify)
    return _iterate(core, tasks, *options, each=True, to_end=True)


def _iterate(
    core: Core,
    tasks: Sequence[Ref],
    interval: float,
    timeout: float | None,
    progress: ProgressOption,
    enough: Enough | None,
    notify: NotifyOption,
    *,
    logs: bool = False,
    each: bool = False,
    to_end: bool,
    organizations: Collection[int] | None = None,
) -> Iterator[Finished]:
    """Yield each task as it ends, or all of them at the end; `to_end` of their last runs."""
    tell = notifier(notify)
    display = ProgressDisplay(progress, logs)
    watch = TaskWatcher(
        core,
        _ids(core, tasks),
        interval,
        timeout,
        each=each,
        closely=display.is_wanted or organizations is not None,
        logs=logs,
        until_last_run=to_end or core.backend.waits_for_all_runs,
        shown=display.shows_progress,
        enough=enough,
        organizations=organizations,
    )
    waiting = dict(watch.tracker.tasks)
    with watch:
        try:
            while waiting:
                with _hint_on_interrupt(list(waiting), display):
                    if watch.tracker.open_tasks:
                        for item in watch.step():
                            display.take(item)
                    is_due = each or not watch.tracker.open_tasks
                    ended = [task for task in waiting.values() if task.is_over and is_due]
                    watch.complete(task for task in ended if not watch.has_failed(task))
                    since = watch.names_since
                    found = [_finished(core, watch, task, since) for task in ended]
                    error = None
                    if watch.has_timed_out and not found:
                        error = _timeout_error(core, watch, list(waiting.values()))
                    # The last picture shows the state that the errors are made of.
                    failed = [task for task in ended if watch.has_failed(task)]
                    last = watch.tracker.open_tasks if error else failed
                    for item in watch.pictures(last) if display.is_wanted else ():
                        display.take(item)
                    if error:
                        there = cast("ResultRows", error.results or ResultRows((), FIRST_PAGE))
                        tell(Finished(error.task_id, error.status, there, error))
                        raise error
                if found:
                    display.stop(erase=bool(watch.tracker.open_tasks))
                for done in found:
                    waiting.pop(done.task_id).results = None  # they may be large
                    tell(done)
                    yield done
        finally:
            display.stop()


def stream_logs(core: Core, task: Ref | None, run_id: int | None = None) -> Iterator[LogLine]:
    """Yield the lines of a task's logs, or of one run's, until it has ended."""
    if run_id is not None:
        task = (core.send(core.backend.server.get_run(run_id)))["task"]["id"]
    (task_id,) = _ids(core, () if task is None else (task,))
    with TaskWatcher(core, [task_id], closely=True, logs=True, until_last_run=True) as watch:
        while watch.tracker.open_tasks and run_id not in watch.ended_runs:
            for item in watch.step():
                if not isinstance(item, Progress) and run_id in (None, item.run_id):
                    yield item


def _ids(core: Core, tasks: Sequence[Ref]) -> list[int]:
    return [core.id_of("task", task) for task in tasks]


@contextmanager
def _hint_on_interrupt(task_ids: Sequence[int], display: ProgressDisplay) -> Generator[None]:
    """Show how to continue, below the display, if the wait is interrupted."""
    try:
        yield
    except KeyboardInterrupt as error:
        display.stop()
        error.args = error.args or (resume_hint(task_ids),)  # the last line of the traceback
        raise
    except LoginExpiredError as error:  # the wait has outlived the login
        error.args = (f"{error} {resume_hint(task_ids)}",)
        raise
    except Exception:
        raise
    except BaseException:  # an interrupted event loop cancels its tasks
        display.stop()
        LOGGER.info("%s", resume_hint(task_ids))
        raise


def _finished(core: Core, watch: TaskWatcher, task: TaskState, since: float = 0.0) -> Finished:
    """Return an ended task, with names requested after `since`."""
    error = task.error
    try:
        if error is None and watch.has_failed(task):
            return _failed(core, watch, task, since)
    except (NotFoundError, BadRequestError) as gone:  # it was deleted in the meantime
        watch.tracker.lose(task.task_id, gone)
        error = gone
    results = _results(core, watch, task, since)
    if any(run.is_bad for run in watch.tracker.runs_of(task.task_id)):  # the others are enough
        runs = runs_of(core, task.task_id)
        results.reasons = watch.tracker.reasons(task.task_id, monotonic(), runs)
    return Finished(task.task_id, task.status, results, error or open_readable(core, results))


def _failed(core: Core, watch: TaskWatcher, task: TaskState, since: float) -> Finished:
    """Return a failed task, with its available results."""
    runs = runs_of(core, task.task_id)
    watch.tracker.update_runs(task.task_id, runs)
    subtask_runs = _subtask_runs(core, watch, task)
    rows = (run.get("organization") for run in (*runs, *subtask_runs))
    names = core.names.organizations([row["id"] for row in rows if row], since)
    reason = describe_failure(task.task_id, task.status, runs, subtask_runs, names)
    if watch.tracker.enough:
        reason += f"\n  at_least={watch.tracker.enough.at_least} can no longer be reached"
    results = fetch_results(core, task.task_id, runs, since)
    results.reasons = watch.tracker.reasons(task.task_id, monotonic(), runs)
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
    return Finished(task.task_id, task.status, results, error)


def _subtask_runs(core: Core, watch: TaskWatcher, task: TaskState) -> list[Run]:
    try:
        rows = core.rows(partial(core.backend.server.list_tasks, parent_id=task.task_id))
    except PermissionDeniedError:
        return []
    found: list[Run] = []
    for row in rows[::-1]:
        runs = runs_of(core, row["id"])
        watch.tracker.update_subtask(row)
        watch.tracker.update_runs(row["id"], runs)
        found += runs
    return found


def _results(core: Core, watch: TaskWatcher, task: TaskState, since: float = 0.0) -> ResultRows:
    """Return the results of a task, still encoded."""
    organizations = watch.name_runs(watch.tracker.runs_of(task.task_id), since)
    rows, limit = task.results or (), core.http.limits.max_response_bytes
    results = ResultRows(rows, FIRST_PAGE, organizations=organizations, max_bytes=limit)
    results.reasons = watch.tracker.reasons(task.task_id, monotonic())
    return results


def _timeout_error(
    core: Core, watch: TaskWatcher, waiting: Sequence[TaskState]
) -> WaitTimeoutError:
    """Return the error for tasks that did not end in time, with the results that are there."""
    tracker, results, finished = watch.tracker, None, list[Finished]()
    open_tasks = tracker.open_tasks
    try:
        watch.name_runs(run for task in open_tasks for run in tracker.runs_of(task.task_id))
        if open_tasks[0].results is not None:
            results = _results(core, watch, open_tasks[0])
            open_readable(core, results)
        ended = [task for task in waiting if task.is_over]
        if not tracker.is_silent:
            watch.complete(task for task in ended if not watch.has_failed(task))
            finished = [_finished(core, watch, task) for task in ended]
    except TRANSIENT_ERRORS as error:
        LOGGER.debug("No response after the timeout: %s", error)
    pictures = [item for item in watch.pictures(open_tasks) if isinstance(item, Progress)]
    return WaitTimeoutError(
        describe_timeout(pictures, tracker.timeout),
        task_id=open_tasks[0].task_id,
        status=open_tasks[0].status,
        results=results,
        finished=finished,
    )
