"""Stream bodies: the time they may take, and how a broken download resumes."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import RequestContext

# What is streamed has the time of a call for so many bytes.
BYTES_PER_TIMEOUT = 1 << 20


class TransferClock:
    """Gives each MiB of what is streamed the time of a call."""

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self._size = 0

    def add(self, piece: bytes) -> None:
        """Count a piece that has come, or is about to go."""
        before = self._size // BYTES_PER_TIMEOUT
        self._size += len(piece)
        if self._size // BYTES_PER_TIMEOUT > before:
            self._context.deadline.restart()


class ResumableBody:
    """Makes one body of several answers to the same request, each of which may break off."""

    # The server heeds no Range: it sends a blob from its beginning whatever is asked for, and tells
    # neither its length nor an ETag (seen with 4.13.7 and 4.15.2). So what is here already comes
    # once more, and is left out. A digest of it shows that it is the same; what is given is then,
    # byte for byte, the last of the answers, and never the beginning of one and the end of another.

    def __init__(self, context: RequestContext) -> None:
        self._context = context
        self.size = 0
        self._digest = sha256()
        self.begin()

    def begin(self) -> None:
        """Begin with another answer."""
        self._seen = 0
        self._repeated = sha256()
        self._clock = TransferClock(self._context)

    def take(self, piece: bytes) -> bytes | None:
        """Accept a piece of the answer."""
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
        """Whether the answer has come as far as one before it."""
        return self._seen >= self.size
