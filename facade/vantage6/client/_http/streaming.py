"""Stream bodies: the time they may take, and how a broken download resumes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import RequestContext

# Bytes of a streamed body that may take the time of a call.
BYTES_PER_TIMEOUT = 1 << 20


class TransferClock:
    """Restarts the deadline of a call for each MiB of a streamed body."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Count a piece that was received or is about to be sent."""
        before = self._size // BYTES_PER_TIMEOUT
        self._size += len(piece)
        if self._size // BYTES_PER_TIMEOUT > before:
            self._context.deadline.restart()


class ResumableBody:
    """One body from several responses to the same request, each of which may be interrupted."""

    # The server ignores Range: it sends each blob from the beginning, without its length or an ETag
    # (seen with 4.13.7 and 4.15.2). So the part received before arrives again, and is skipped. A
    # digest shows that it is the same: the result equals the last response, byte for byte, and is
    # never the beginning of one and the end of another.

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self.size = 0
        self._digest = sha256()
        self.begin()

    def begin(self) -> None:
        """Start with the next response."""
        self._seen = 0
        self._repeated = sha256()
        self._clock = TransferClock(self._context)

    def take(self, piece: bytes) -> bytes | None:
        """Return the new part of a piece; None if the response differs from those before."""
        self._clock.add(piece)
        known = piece[: self.size - self._seen]
        self._seen += len(piece)
        if known:
            self._repeated.update(known)
            if self.is_here and self._repeated.digest() != self._digest.digest():
                return None
        new = piece[len(known) :]
        self._digest.update(new)
        self.size += len(new)
        self._context.received = self.size
        return new

    @property
    def is_here(self) -> bool:
        """Whether this response has got as far as those before it."""
        return self._seen >= self.size
