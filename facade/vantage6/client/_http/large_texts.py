"""Texts of a JSON body that are too large to hold: made while the body is sent."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from concurrent.futures import Future

    from typing_extensions import Self

# Makes the next piece of a body.
Job: TypeAlias = Callable[[], bytes]
# Receives the number of bytes transferred so far and the total, or None if it is unknown.
OnTransfer: TypeAlias = Callable[[int, "int | None"], object]
# Bodies from this size on are made in threads, each of which makes a piece ahead of what is sent.
MIN_THREADED_BYTES = 8 << 20
MAX_THREADS = 4
_PLACEHOLDER = re.compile(rb"<\d+ characters [0-9a-f]{32}>")


class LargeText(str):
    """A text that is made while it is sent, the same each time; as a `str`, its placeholder.

    The characters are ASCII, and none is escaped in JSON.
    """

    size: int

    def __new__(cls, size: int) -> Self:
        """Create the placeholder, which is all that contract, logs and errors see."""
        made = super().__new__(cls, f"<{size} characters {os.urandom(16).hex()}>")
        made.size = size
        return made

    def jobs(self) -> Iterator[Job]:
        """Yield what makes the pieces of the text, in this order; each may run in any thread."""
        raise NotImplementedError

    def is_same(self, text: object) -> bool:
        """Return whether this is the text that was sent."""
        if not isinstance(text, str) or len(text) != self.size:
            return False
        start = 0
        for job in self.jobs():
            piece = job().decode("ascii")
            if not text.startswith(piece, start):
                return False
            start += len(piece)
        return True


def is_same_text(sent: object, received: object) -> bool:
    """Return whether a received text is the one that was sent."""
    return sent.is_same(received) if isinstance(sent, LargeText) else sent == received


class LargeBody:
    """A JSON body with large texts; each iteration yields the same pieces."""

    def __init__(self, parts: Sequence[bytes | LargeText], report: OnTransfer | None) -> None:
        self._parts = parts
        self._report = report
        self.size = sum(part.size if isinstance(part, LargeText) else len(part) for part in parts)

    @classmethod
    def of(cls, body: object, report: OnTransfer | None = None) -> Self | None:
        """Return a body with large texts; None for any other body."""
        texts = {text.encode(): text for text in _texts_in(body)}
        if not texts:
            return None
        from json import dumps

        # The options are those of httpx.
        text = dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        parts, start = list[bytes | LargeText](), 0
        for match in _PLACEHOLDER.finditer(text):
            if match[0] in texts:
                parts += text[start : match.start()], texts[match[0]]
                start = match.end()
        return cls([*parts, text[start:]], report)

    def __iter__(self) -> Iterator[bytes]:
        done = 0
        for piece in _in_threads(self._jobs(), self.size):
            yield piece
            done += len(piece)
            if self._report:
                self._report(done, self.size)

    def _jobs(self) -> Iterator[Job]:
        for part in self._parts:
            if isinstance(part, LargeText):
                yield from part.jobs()
            else:
                yield lambda part=part: part


def _in_threads(jobs: Iterator[Job], size: int) -> Iterator[bytes]:
    """Yield the pieces that jobs make; of a large body, some are made while others are sent."""
    threads = min(MAX_THREADS, os.cpu_count() or 1)
    if threads < 2 or size < MIN_THREADED_BYTES:
        yield from (job() for job in jobs)
        return
    from concurrent.futures import ThreadPoolExecutor

    pool, ahead = ThreadPoolExecutor(threads, "vantage6-encrypt"), deque["Future[bytes]"]()
    try:
        for job in jobs:
            ahead.append(pool.submit(job))
            if len(ahead) > 2 * threads:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _texts_in(body: object) -> Iterator[LargeText]:
    """Yield the large texts of a body."""
    if isinstance(body, LargeText):
        yield body
    elif isinstance(body, Mapping):
        for value in cast("Mapping[str, object]", body).values():
            yield from _texts_in(value)
    elif isinstance(body, list | tuple):
        for value in cast("Sequence[object]", body):
            yield from _texts_in(value)
