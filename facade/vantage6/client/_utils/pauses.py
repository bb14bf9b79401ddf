"""Delays between attempts: one policy, with a value for each purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Delays in seconds before the first, second, ... further attempt; the last one repeats."""

    delays: tuple[float, ...] = ()
    # The share of a delay that is random, so that many clients do not move in step.
    jitter: float = 0.0
    # Delays that grow with the time waited so far: this fraction of it, between two multiples of
    # the caller's interval.
    fraction: float = 0.0
    bounds: tuple[float, float] = (0.0, 0.0)

    def delay(self, attempt: int) -> float:
        """Return the delay before a further attempt, counted from 0."""
        delay = self.delays[min(attempt, len(self.delays) - 1)]
        if not self.jitter:
            return delay
        import random  # rarely needed, and takes time to load

        return delay * random.uniform(1 - self.jitter, 1)  # noqa: S311 - no secret depends on it

    def after(self, waited: float, interval: float) -> float:
        """Return the delay before the next attempt after waiting some seconds."""
        shortest, longest = self.bounds
        return min(max(self.fraction * waited, shortest * interval), longest * interval)


# Send a request again.
RETRY = Backoff((0.1, 0.4, 1.6, 6.4, 10.0), jitter=0.5)
# Reconnect to the events, or poll again, after the server did not respond.
RECONNECT = Backoff((0.2, 0.5, 1.0, 2.0, 5.0, 10.0))
# Poll again where an event came a moment before the change that it announces.
RECHECK = Backoff((0.03, 0.1, 0.3, 1.0, 3.0, 10.0))
# Poll runs that may have ended without an event: each change of a run causes two events, one of the
# server, and one of the node with the status. If only the first arrives, the run may have ended.
SUSPECT = Backoff((2.0, 10.0))
# Look for a task whose creation got no response: the server may still be at it.
LOST_RESPONSE = Backoff((0.5, 1.0, 2.0, 4.0))
# Poll tasks without events.
POLL = Backoff(fraction=0.1, bounds=(0.1, 3.0))
# Poll a task after events about its progress, for those who watch it.
SHOW = Backoff(fraction=0.05, bounds=(0.2, 2.0))
