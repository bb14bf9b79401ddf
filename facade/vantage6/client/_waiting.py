"""When a task has ended, how long to wait between two looks, and how a failure reads (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from numbers import Real
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from ._inert import inert
from .errors import InvalidInputError, WaitTimeoutError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Run

    from ._ledger import TaskState
    from ._resolve import Ref

OnFailure: TypeAlias = Literal["raise", "return"]

# Every other status is a way to fail, newer ones of later servers included.
UNDER_WAY = frozenset({"pending", "initializing", "active"})
COMPLETED = "completed"

# The pause before the next look is this part of the time waited so far ...
PACE = 0.1
# ... but never below or above these multiples of the interval that the caller gives.
SHORTEST, LONGEST = 0.1, 3.0

LOG_LINES = 5


def has_finished(status: str | None) -> bool:
    """Tell whether a task or run has come to its end, good or bad.

    Parameters
    ----------
    status : str or None
        Its status; a run that no node has taken up yet may have none.

    Returns
    -------
    bool
        False while it may still produce a result.
    """
    return status is not None and status not in UNDER_WAY


def has_failed(status: str | None) -> bool:
    """Tell whether a task or run has ended without a result.

    Parameters
    ----------
    status : str or None
        Its status.

    Returns
    -------
    bool
        True for every ending but ``"completed"``.
    """
    return has_finished(status) and status != COMPLETED


def pause(waited: float, interval: float) -> float:
    """Decide how long to wait before the next look.

    Short tasks are noticed at once and long ones do not burden the server: a task is noticed at
    most a tenth of its duration late.

    Parameters
    ----------
    waited : float
        Seconds since waiting began.
    interval : float
        The pace that the caller asked for, in seconds.

    Returns
    -------
    float
        Seconds until the next look.
    """
    return min(max(PACE * waited, SHORTEST * interval), LONGEST * interval)


def depth(listed: Iterable[int], wanted: Set[int], harmless: Set[int]) -> int:
    """Tell how many of the newest tasks to ask for, to have several that are wanted together.

    Parameters
    ----------
    listed : iterable of int
        The tasks there are, the newest first.
    wanted : set of int
        Those to have.
    harmless : set of int
        Those that may come along: they have no results yet, which would cost time for nothing.

    Returns
    -------
    int
        0 if that brings fewer than two.
    """
    found = last = 0
    for rank, id_ in enumerate(listed, 1):
        if id_ in wanted:
            found, last = found + 1, rank
        elif id_ not in harmless:
            break
    return last if found > 1 else 0


def check_times(interval: float, timeout: float | None) -> None:
    """Refuse times that make no sense.

    Parameters
    ----------
    interval, timeout : float
        What the caller gave.

    Raises
    ------
    InvalidInputError
        When the interval is not above zero, or as for `check_timeout`.
    """
    if not (_is_number(interval) and interval > 0):
        raise InvalidInputError(f"interval must be a number of seconds above 0, not {interval!r}")
    check_timeout(timeout)


def check_timeout(timeout: float | None) -> None:
    """Refuse an end that makes no sense.

    Parameters
    ----------
    timeout : float or None
        What the caller gave.

    Raises
    ------
    InvalidInputError
        When it is below zero, or no number.
    """
    if timeout is not None and not (_is_number(timeout) and timeout >= 0):
        raise InvalidInputError(
            f"timeout must be a number of seconds from 0 on, or None, not {timeout!r}"
        )


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def is_several(tasks: Ref | Iterable[Ref]) -> bool:
    """Tell whether several tasks are meant, be it one in a list.

    Parameters
    ----------
    tasks : int, str, row, or iterable of these
        What the caller gave.

    Returns
    -------
    bool
        False for an identifier, a name or a row.
    """
    return isinstance(tasks, Iterable) and not isinstance(tasks, str | Mapping)


def several(tasks: Ref | Iterable[Ref]) -> list[Ref]:
    """Put into a list what is to be waited for.

    Parameters
    ----------
    tasks : int, str, row, or iterable of these
        What the caller gave.

    Returns
    -------
    list
        At least one.

    Raises
    ------
    InvalidInputError
        When there is no task.
    """
    given = list(cast("Iterable[Ref]", tasks)) if is_several(tasks) else [cast("Ref", tasks)]
    if not given:
        raise InvalidInputError("there is no task to wait for: give at least one")
    return given


def check_manner(on_failure: object, progress: object) -> None:
    """Refuse a way to end, or to show progress, that there is not.

    Parameters
    ----------
    on_failure, progress : object
        What the caller gave.

    Raises
    ------
    InvalidInputError
        When there is no such way.
    """
    if on_failure not in ("raise", "return"):
        raise InvalidInputError(f"on_failure must be 'raise' or 'return', not {on_failure!r}")
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidInputError(
            f"progress must be True, False, None or a function, not {progress!r}"
        )


def out_of_time(tasks: Sequence[TaskState], timeout: float | None) -> WaitTimeoutError:
    """Make the error for tasks that did not end in time.

    Parameters
    ----------
    tasks : sequence of TaskState
        Those that have not ended.
    timeout : float or None
        The seconds there were.

    Returns
    -------
    WaitTimeoutError
        The error, to be raised.
    """
    (first, *others) = tasks
    more = f", and {len(others)} more have not ended either" if others else ""
    return WaitTimeoutError(
        f"task {first.task_id} is still {first.status!r} after {timeout} s{more}; it runs on: wait "
        f"again, or stop it with task.kill({first.task_id})",
        task_id=first.task_id,
        status=first.status,
    )


def how_to_go_on(ids: Sequence[int]) -> str:
    """Say what can be done about tasks that are not waited for any more.

    Parameters
    ----------
    ids : sequence of int
        The tasks.

    Returns
    -------
    str
        One line.
    """
    if len(ids) > 1:
        return f"tasks {', '.join(map(str, ids))} run on: wait again, or stop each with task.kill()"
    return (
        f"task {ids[0]} runs on: wait again with wait_for_results({ids[0]}), or stop it with "
        f"task.kill({ids[0]})"
    )


def failure(
    task_id: int,
    status: str,
    runs: Sequence[Run],
    subtask_runs: Sequence[Run] = (),
    names: Mapping[int, str] | None = None,
) -> str:
    """Describe a failed task: which runs, how they ended, and the last lines they logged.

    The others may still be under way.

    Parameters
    ----------
    task_id : int
        The task.
    status : str
        Its status.
    runs : sequence of Run
        All its runs.
    subtask_runs : sequence of Run
        The runs of its subtasks.
    names : dict of int to str, optional
        What organizations are called, as far as it is known.

    Returns
    -------
    str
        One line, then a few for each run that failed.
    """
    called = names or {}
    failed = [run for run in runs if has_failed(run.get("status"))]
    told = f"{status!r}: {len(failed)} of {len(runs)} runs failed"
    if going_on := sum(not has_finished(run.get("status")) for run in runs):
        waits = "on_failure='return' waits for all of them"
        lines = [f"task {task_id} is {told}, {going_on} still under way: {waits}"]
    else:
        lines = [f"task {task_id} ended as {told}"]
    for run in failed:
        lines += _ending(f"  run {run['id']}", run, called)
    for run in subtask_runs:
        if has_failed(run.get("status")):
            lines += _ending(f"  subtask {run['task']['id']}, run {run['id']}", run, called)
    return "\n".join(lines)


def _ending(what: str, run: Run, names: Mapping[int, str]) -> Iterable[str]:
    yield f"{what}{_where(run, names)}: {run.get('status')}"
    yield from (f"    | {line}" for line in _tail(run.get("log")))


def _where(run: Run, names: Mapping[int, str]) -> str:
    """Say where a run was: names are quoted, since somebody else chose them."""
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


def _tail(log: str | None) -> Iterable[str]:
    """Give the last lines of a log, without the characters that would steer a terminal."""
    lines = [line.rstrip() for line in (log or "").splitlines() if line.strip()]
    return (inert(line) for line in lines[-LOG_LINES:])
