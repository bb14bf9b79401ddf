"""Check the arguments of a wait, and decide how many tasks one request covers."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from .._rows.references import is_collection
from ..errors import InvalidInputError

if TYPE_CHECKING:
    from .._rows.references import Ref

OnFailure: TypeAlias = Literal["raise", "return"]


@dataclass(frozen=True)
class Enough:
    """How many results of each task suffice, and after how many seconds."""

    at_least: int
    after: float = 0.0


def enough_of(at_least: int | None, after: float, count: int | None = None) -> Enough | None:
    """Return how many of a number of results suffice; None if all are wanted."""
    if not (_is_number(after) and after >= 0):
        raise InvalidInputError(f"after: expected a number of seconds of at least 0, got {after!r}")
    if at_least is None:
        if after:
            raise InvalidInputError(f"after: expected 0 without at_least, got {after!r}")
        return None
    if isinstance(at_least, bool) or not isinstance(at_least, Integral) or at_least < 1:
        raise InvalidInputError(
            f"at_least: expected a number of results of at least 1, or None, got {at_least!r}"
        )
    if count is not None and at_least > count:
        raise InvalidInputError(
            f"at_least: expected at most {count}, the number of organizations, got {at_least}"
        )
    return Enough(int(at_least), after)


def page_depth(listed: Iterable[int], wanted: Set[int], harmless: Set[int]) -> int:
    """Return how many of the newest tasks to request to get several wanted tasks at once."""
    found = last = 0
    for rank, id_ in enumerate(listed, 1):
        if id_ in wanted:
            found, last = found + 1, rank
        elif id_ not in harmless:
            break
    return last if found > 1 else 0


def check_times(interval: float, timeout: float | None) -> None:
    """Reject an invalid interval or timeout."""
    if not (_is_number(interval) and interval > 0):
        raise InvalidInputError(f"interval: expected a number of seconds above 0, got {interval!r}")
    check_timeout(timeout)


def check_timeout(timeout: float | None) -> None:
    """Reject an invalid timeout."""
    if timeout is not None and not (_is_number(timeout) and timeout >= 0):
        raise InvalidInputError(
            f"timeout: expected a number of seconds of at least 0, or None, got {timeout!r}"
        )


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def as_list(tasks: Ref | Iterable[Ref]) -> list[Ref]:
    """Return the tasks to wait for as a list, which must not be empty."""
    refs = list(tasks) if is_collection(tasks) else [cast("Ref", tasks)]
    if not refs:
        raise InvalidInputError("tasks: expected at least one task to wait for, got none")
    return refs


def check_display_options(on_failure: object, progress: object) -> None:
    """Reject invalid values of `on_failure` and `progress`."""
    if on_failure not in ("raise", "return"):
        raise InvalidInputError(f"on_failure: expected 'raise' or 'return', got {on_failure!r}")
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidInputError(
            f"progress: expected True, False, None or a function, got {progress!r}"
        )
