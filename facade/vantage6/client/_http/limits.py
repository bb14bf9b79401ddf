"""Limits of a call: timeouts, retries, response size."""

from __future__ import annotations

from dataclasses import dataclass, field

from vantage6.bindings.secret import scrub

from ..errors import ConfigurationError, InvalidResponseError
from .timeouts import Timeouts


@dataclass(frozen=True)
class Limits:
    """What a call may cost: time, attempts and memory."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    max_retries: int = 3
    max_response_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name, least in (("max_retries", 0), ("max_response_bytes", 1)):
            value: object = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigurationError(
                    f"{name} must be a whole number from {least} on, not {value!r}"
                )

    def but(
        self,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
    ) -> Limits:
        """Return the same limits, but for those that are named."""
        return Limits(
            self.timeouts if timeout is None else Timeouts.of(timeout),
            self.max_retries if max_retries is None else max_retries,
            self.max_response_bytes if max_response_bytes is None else max_response_bytes,
        )


# So much of what is no JSON, in bytes, is kept to be shown.
SHOWN_BYTES = 1 << 16
# A refusal says why in far less.
MAX_ERROR_BYTES = 1 << 20
# The first byte of JSON, or of a mark of its encoding.
JSON_STARTS = frozenset(b'{["-0123456789tfnNI\xef\xfe\xff')
SPACE = b" \t\r\n"
# What the server sends a blob as.
BLOB = "application/octet-stream"
# What was asked for, and unpacks to at most a thousand times as much.
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})


def is_blob(content_type: str | None) -> bool:
    """Return whether an answer can be a blob."""
    return (content_type or BLOB).partition(";")[0].strip().lower() == BLOB


class ResponseLimiter:
    """Decides after each piece of an answer whether to read on."""

    def __init__(
        self,
        method: str,
        url: str,
        status: int,
        packing: str,
        most: int | None,
        content_type: str | None = None,
    ) -> None:
        self._facts = method, url, status
        self._most = most
        # So is a page in place of a blob: no more of it is of use than can be shown.
        self._is_refusal = not 200 <= status < 300 or (most is None and not is_blob(content_type))
        self._size = 0
        self._is_json: bool | None = None
        self._packing = packing.strip().lower()
        self.is_over = False

    def start(self) -> None:
        """Look at what is known before the body comes."""
        if self._packing not in ENCODINGS:
            raise self._error(
                f"the body is packed as {self._packing[:40]!r}: nobody asked for that"
            )

    def take(self, piece: bytes) -> bytes:
        """Accept a piece."""
        if self._most is None and not self._is_refusal:
            return piece
        if self._is_json is None and (text := piece.lstrip(SPACE)):
            self._is_json = text[0] in JSON_STARTS
        before = self._size
        self._size += len(piece)
        if not self._is_json or self._is_refusal:
            room = (MAX_ERROR_BYTES if self._is_json else SHOWN_BYTES) - before
            self.is_over = len(piece) > room
            return piece[:room]
        if self._most is not None and self._size > self._most:
            raise self._error(
                f"the body has more than the {self._most} bytes that this client takes in: give it "
                "a larger max_response_bytes, or ask for less at once (per_page)",
                piece,
            )
        return piece

    def _error(self, reason: str, body: bytes = b"") -> InvalidResponseError:
        method, url, status = self._facts
        text = scrub(body[:SHOWN_BYTES].decode(errors="replace"))
        return InvalidResponseError(reason, method=method, url=url, status=status, body=text)
