"""Waiting as callers know it: for one task or several, to their results or to an error."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from vantage6.bindings.server import calls

from .._drawing import Drawing
from .._finished import Finished
from .._opening import open_results
from .._progress import Progress
from .._results import ResultRows
from .._settings import LOGGER
from .._waiting import check_manner, check_times, failure, has_failed, how_to_go_on
from ..errors import DecryptionError, PermissionDeniedError, TaskFailedError
from ._watch import Watch, runs_of
from .result import results_of

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import PageLinks, Run

    from .._drawing import Watcher
    from .._ledger import Ledger, TaskState
    from .._logs import LogLine
    from .._resolve import Ref
    from .._waiting import OnFailure
    from ._session import Session


async def wait_for(
    session: Session,
    tasks: Sequence[Ref],
    interval: float = 1,
    timeout: float | None = None,
    on_failure: OnFailure = "raise",
    progress: Watcher = None,
    logs: bool = False,
) -> list[ResultRows]:
    """Wait until all of some tasks have ended; the parameters are those of `wait_for_results`."""
    check_times(interval, timeout)
    check_manner(on_failure, progress)
    task_ids = await _ids(session, tasks)
    drawing = Drawing(progress, logs)
    watch = Watch(
        session,
        task_ids,
        interval,
        timeout,
        closely=drawing.is_wanted,
        logs=logs,
        to_the_last=on_failure == "return",
    )
    with _telling(task_ids), drawing:
        found = await _to_the_end(session, watch, drawing, on_failure)
    return [found[id_] for id_ in task_ids]


async def _to_the_end(
    session: Session, watch: Watch, drawing: Drawing, on_failure: OnFailure
) -> dict[int, ResultRows]:
    async with watch:
        while watch.ledger.open_tasks:
            for item in await watch.step():
                drawing.take(item)
            for task in watch.ledger.tasks.values():
                if on_failure == "raise" and task.is_over and has_failed(task.status):
                    raise await _error(session, task)
    ids = watch.ledger.tasks.keys()
    await watch.complete(ids)
    return {id_: await _opened(session, watch.ledger, id_) for id_ in ids}


async def as_they_end(
    session: Session, tasks: Sequence[Ref], interval: float, timeout: float | None
) -> AsyncIterator[Finished]:
    """Give tasks as they end; the parameters are those of `as_completed`."""
    task_ids = await _ids(session, tasks)
    async with Watch(session, task_ids, interval, timeout, each=True, to_the_last=True) as watch:
        told: set[int] = set()
        while len(told) < len(watch.ledger.tasks):
            if still_open := [task.task_id for task in watch.ledger.open_tasks]:
                with _telling(still_open):
                    await watch.step()
            ended = [
                task for id_, task in watch.ledger.tasks.items() if task.is_over and id_ not in told
            ]
            await watch.complete(task.task_id for task in ended if not has_failed(task.status))
            for task in ended:
                told.add(task.task_id)
                done = await _finished(session, watch.ledger, task)
                task.results = None  # they may be large
                yield done


async def stream_logs(
    session: Session, task: Ref | None, run_id: int | None = None
) -> AsyncIterator[LogLine]:
    """Give the lines of a task's logs, or of one run's, until it has ended."""
    if run_id is not None:
        task = (await session.send(calls.get_run(run_id)))["task"]["id"]
    (task_id,) = await _ids(session, () if task is None else (task,))
    async with Watch(
        session, [task_id], closely=True, logs=True, to_the_last=True, run_id=run_id
    ) as watch:
        while watch.ledger.open_tasks and run_id not in watch.ended_runs:
            for item in await watch.step():
                if not isinstance(item, Progress) and run_id in (None, item.run_id):
                    yield item


async def _ids(session: Session, tasks: Sequence[Ref]) -> list[int]:
    return [await session.id_of("task", task) for task in tasks]


@contextmanager
def _telling(task_ids: Sequence[int]) -> Generator[None]:
    """Say how to go on, should the wait be broken off from outside."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write(f"\n{how_to_go_on(task_ids)}\n")
        raise
    except Exception:
        raise
    except BaseException:  # an event loop that is interrupted cancels what runs in it
        LOGGER.info("%s", how_to_go_on(task_ids))
        raise


async def _finished(session: Session, ledger: Ledger, task: TaskState) -> Finished:
    if has_failed(task.status):
        failed = await _error(session, task)
        return Finished(task.task_id, task.status, failed.results, failed)
    try:
        return Finished(task.task_id, task.status, await _opened(session, ledger, task.task_id))
    except DecryptionError as error:
        return Finished(task.task_id, task.status, _readable(error), error)


async def _error(session: Session, task: TaskState) -> TaskFailedError:
    """Make the error for a task that failed, with all there is to know about it."""
    runs = await runs_of(session, task.task_id)
    below = await _subtask_runs(session, task)
    places = (run.get("organization") for run in (*runs, *below))
    names = await session.names.organizations([place["id"] for place in places if place])
    reason = failure(task.task_id, task.status, runs, below, names)
    try:
        results = await results_of(session, task.task_id, runs)
    except DecryptionError as error:
        reason, results = f"{reason}\n  and {error}", _readable(error)
    return TaskFailedError(
        reason,
        task_id=task.task_id,
        status=task.status,
        runs=runs,
        results=results,
        subtask_runs=below,
    )


def _readable(error: DecryptionError) -> ResultRows:
    """Give the results of which some could not be read: the others are not to be lost."""
    if error.results is None:
        raise error
    return error.results


async def _subtask_runs(session: Session, task: TaskState) -> list[Run]:
    try:
        rows = await session.rows(partial(calls.list_tasks, parent_id=task.task_id))
    except PermissionDeniedError:
        return []
    return [run for row in rows[::-1] for run in await runs_of(session, row["id"])]


async def _opened(session: Session, ledger: Ledger, task_id: int) -> ResultRows:
    organizations = ledger.organizations(task_id)
    names = await session.names.organizations(organizations.values())
    where = {run_id: names.get(id_) or str(id_) for run_id, id_ in organizations.items()}
    links: PageLinks = {"first": "", "self": ""}
    results = ResultRows(ledger.tasks[task_id].results or (), links, organizations=where)
    return open_results(results, await session.blobs.results(results))
