"""How often to poll, and checks of the arguments of a wait."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from numbers import Real
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from ..errors import InvalidInputError

if TYPE_CHECKING:
    from .._rows.references import Ref

OnFailure: TypeAlias = Literal["raise", "return"]


def page_depth(listed: Iterable[int], wanted: Set[int], harmless: Set[int]) -> int:
    """Return how many of the newest tasks to ask for, to have several that are wanted together."""
    found = last = 0
    for rank, id_ in enumerate(listed, 1):
        if id_ in wanted:
            found, last = found + 1, rank
        elif id_ not in harmless:
            break
    return last if found > 1 else 0


def check_times(interval: float, timeout: float | None) -> None:
    """Reject times that make no sense."""
    if not (_is_number(interval) and interval > 0):
        raise InvalidInputError(f"interval must be a number of seconds above 0, not {interval!r}")
    check_timeout(timeout)


def check_timeout(timeout: float | None) -> None:
    """Reject an end that makes no sense."""
    if timeout is not None and not (_is_number(timeout) and timeout >= 0):
        raise InvalidInputError(
            f"timeout must be a number of seconds from 0 on, or None, not {timeout!r}"
        )


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real)


def is_list(tasks: Ref | Iterable[Ref]) -> bool:
    """Return whether several tasks are meant, be it one in a list."""
    return isinstance(tasks, Iterable) and not isinstance(tasks, str | Mapping)


def as_list(tasks: Ref | Iterable[Ref]) -> list[Ref]:
    """Convert into a list what is to be waited for."""
    given = list(cast("Iterable[Ref]", tasks)) if is_list(tasks) else [cast("Ref", tasks)]
    if not given:
        raise InvalidInputError("there is no task to wait for: give at least one")
    return given


def check_display_options(on_failure: object, progress: object) -> None:
    """Reject a way to end, or to show progress, that there is not."""
    if on_failure not in ("raise", "return"):
        raise InvalidInputError(f"on_failure must be 'raise' or 'return', not {on_failure!r}")
    if not (progress is None or isinstance(progress, bool) or callable(progress)):
        raise InvalidInputError(
            f"progress must be True, False, None or a function, not {progress!r}"
        )
