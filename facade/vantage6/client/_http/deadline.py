"""When a call must end, and how long each part of it may still take."""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .timeouts import Timeouts


class Deadline:
    """The moment at which a call is to be over, with all its attempts."""

    __slots__ = ("_until", "timeouts")

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self.restart()

    def restart(self) -> None:
        """Begin anew, as each MiB of what is streamed does."""
        total = self.timeouts.total
        self._until = inf if total is None else monotonic() + total

    @property
    def left(self) -> float:
        """How many seconds are left; 0 or less when the time is up."""
        return self._until - monotonic()

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return monotonic() >= self._until

    def parts(self) -> dict[str, Seconds]:
        """Return the timeouts of the next attempt, in the form that the HTTP library takes."""
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
    """A timeout that knows when the whole call must be over."""

    # The HTTP library hands it on as the number that it is, down to each read and write; there
    # `clip` takes into account what has passed meanwhile. So a byte now and then buys no time.

    __slots__ = ("deadline",)
    deadline: Deadline

    def __new__(cls, seconds: float, deadline: Deadline) -> Seconds:
        """Create one; a float takes its value here."""
        made = super().__new__(cls, seconds)
        made.deadline = deadline
        return made


def clip(timeout: float | None, otherwise: float | None = None) -> float | None:
    """Return how long a read or write may take now."""
    if timeout is None:
        timeout = otherwise
    return min(timeout, timeout.deadline.left) if isinstance(timeout, Seconds) else timeout
