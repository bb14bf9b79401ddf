"""Large texts in JSON bodies: made while a request is sent, decoded while a response arrives."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    from concurrent.futures import Future

    from typing_extensions import Self

# Makes the next piece of a body.
Job: TypeAlias = Callable[[], bytes]
# Receives the number of bytes transferred so far and the total, or None if it is unknown.
OnTransfer: TypeAlias = Callable[[int, "int | None"], object]
# Bodies from this size on are made in threads, each of which makes a piece ahead of what is sent.
# More threads would not help: base64 does not let others run (pybase64 1.5).
MIN_THREADED_BYTES = 8 << 20
MAX_THREADS = 2
_PLACEHOLDER = re.compile(rb"<\d+ characters [0-9a-f]{32}>")


def placeholder(size: int) -> str:
    """Return a text that stands for another one, and that no other body contains."""
    return f"<{size} characters {os.urandom(16).hex()}>"


class LargeText(str):
    """A text that is made while it is sent, the same each time; as a `str`, its placeholder.

    The characters are ASCII, and none is escaped in JSON.
    """

    size: int

    def __new__(cls, size: int) -> Self:
        """Create the placeholder, which is all that contract, logs and errors see."""
        made = super().__new__(cls, placeholder(size))
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
            if len(ahead) > threads + 1:
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


class TextSink(Protocol):
    """Takes one large text of a response."""

    def update(self, piece: bytes) -> object:
        """Take the next piece of the text."""
        ...

    def finish(self) -> str:
        """Return what stands for the text in the row, after the last piece."""
        ...


class LargeTexts:
    """Passes the large texts in one field of a response on as they arrive, and keeps the rest."""

    # Texts that are smaller than this are left where they are.
    MIN_BYTES = 1 << 18

    def __init__(
        self, field: str, sink: Callable[[], TextSink], max_response_bytes: int | None = None
    ) -> None:
        self._field = field
        self._key = re.compile(rb'(?<!\\)"%s"\s*:\s*"' % re.escape(field.encode()))
        self._sink = sink
        self.max_response_bytes = max_response_bytes  # None for the client's limit
        self.begin()

    def begin(self) -> None:
        """Start with a response."""
        self.size = 0  # of all large texts together
        self._json = bytearray()
        self._texts: dict[str, str] = {}
        self._from = 0  # where to look for the next text
        self._start: int | None = None  # where the current text starts
        self._open: TextSink | None = None  # what takes it, once it is large

    def take(self, piece: bytes) -> int:
        """Take the next piece of the body; return the number of bytes that are kept."""
        while piece:
            piece = self._take_text(piece, self._open) if self._open else self._take_json(piece)
        return len(self._json)

    def finish(self) -> bytes:
        """Return the JSON with a placeholder for each large text."""
        return bytes(self._json)

    def place(self, row: dict[str, Any]) -> dict[str, Any]:
        """Put the text in place of its placeholder; `json` calls this for each object."""
        value = row.get(self._field)
        if isinstance(value, str) and value in self._texts:
            row[self._field] = self._texts[value]
        return row

    def _take_text(self, piece: bytes, sink: TextSink) -> bytes:
        """Pass on a piece of the current text; return the rest of the piece, after its end."""
        end = piece.find(b'"')
        text = piece if end < 0 else piece[:end]
        self.size += len(text)
        sink.update(text)
        if end < 0:
            return b""
        found, self._open, self._start = sink.finish(), None, None
        self._texts[str(found)] = found
        self._json += str.encode(found)
        self._from = len(self._json)
        return piece[end:]

    def _take_json(self, piece: bytes) -> bytes:
        """Keep a piece; return the part of it that belongs to a large text."""
        self._json += piece
        while True:
            if self._start is None:
                match = self._key.search(self._json, self._from)
                if match is None:
                    # The name of the field may have arrived in part.
                    self._from = max(self._from, len(self._json) - len(self._field) - 16)
                    return b""
                self._start = match.end()
            end = self._json.find(b'"', self._start)
            if end < 0:
                break
            self._from, self._start = end + 1, None
        if len(self._json) - self._start < self.MIN_BYTES:
            return b""
        text = bytes(self._json[self._start :])
        del self._json[self._start :]
        self._open = self._sink()
        return text
