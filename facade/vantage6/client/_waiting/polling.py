"""How often to poll, and checks of the arguments of a wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from numbers import Real
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from .._rows.references import Ref

OnFailure: TypeAlias = Literal["raise", "return"]
# The pause before the next look is this part of the time waited so far ...
PAUSE_FRACTION = 0.1
# ... but never below or above these multiples of the interval that the caller gives.
SHORTEST, LONGEST = 0.1, 3.0


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
    return min(max(PAUSE_FRACTION * waited, SHORTEST * interval), LONGEST * interval)


def page_depth(listed: Iterable[int], wanted: Set[int], harmless: Set[int]) -> int:
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


def is_list(tasks: Ref | Iterable[Ref]) -> bool:
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


def as_list(tasks: Ref | Iterable[Ref]) -> list[Ref]:
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
    given = list(cast("Iterable[Ref]", tasks)) if is_list(tasks) else [cast("Ref", tasks)]
    if not given:
        raise InvalidInputError("there is no task to wait for: give at least one")
    return given


def check_display_options(on_failure: object, progress: object) -> None:
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
