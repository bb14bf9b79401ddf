"""The deadline of a call, and the time that is left for each part of it."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .timeouts import Timeouts


class Deadline:
    """The moment by which a call must end, retries included."""

    __slots__ = ("_until", "timeouts")

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self.restart()

    def restart(self) -> None:
        """Start the whole time again, as each MiB of a streamed body does."""
        total = self.timeouts.total
        self._until = inf if total is None else monotonic() + total

    @property
    def left(self) -> float:
        """Seconds that are left; 0 or less when the time is up."""
        return self._until - monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return monotonic() >= self._until

    def parts(self) -> dict[str, Seconds]:
        """Return the timeouts of the next request, in the form that httpx accepts."""
        timeouts, left = self.timeouts, max(0.0, self.left)
        return {
            name: Seconds(min(seconds, left), self)
            for name, seconds in (
                ("connect", timeouts.connect),
                ("read", timeouts.read),
                ("write", timeouts.write),
                ("pool", timeouts.pool),
            )
        }


class Seconds(float):
    """A timeout with the deadline of the whole call."""

    # httpx passes it as a number down to each read and write. There, `clip` subtracts the time that
    # has passed, so a server cannot extend a call by sending a byte now and then.

    __slots__ = ("deadline",)
    deadline: Deadline

    def __new__(cls, seconds: float, deadline: Deadline) -> Seconds:
        """Create a float, whose value is set here."""
        made = super().__new__(cls, seconds)
        made.deadline = deadline
        return made


def clip(timeout: float | None, otherwise: float | None = None) -> float | None:
    """Return the seconds that a read or write may take now."""
    if timeout is None:
        timeout = otherwise
    return min(timeout, timeout.deadline.left) if isinstance(timeout, Seconds) else timeout
