"""Limits of a call: timeouts, retries, response size."""

from __future__ import annotations

from dataclasses import dataclass, field

from vantage6.bindings.secret import scrub

from .._utils.memory import decoded_size
from ..errors import ConfigurationError, InvalidResponseError
from .timeouts import Timeouts


@dataclass(frozen=True)
class Limits:
    """Limits of a call: time, retries and memory."""

    timeouts: Timeouts = field(default_factory=Timeouts)
    max_retries: int = 3
    max_response_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        for name, least in (("max_retries", 0), ("max_response_bytes", 1)):
            value: object = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigurationError(
                    f"{name}: expected a whole number of {least} or more, got {value!r}"
                )

    def but(
        self,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
    ) -> Limits:
        """Return the same limits, except for those that are given."""
        return Limits(
            self.timeouts if timeout is None else Timeouts.of(timeout),
            self.max_retries if max_retries is None else max_retries,
            self.max_response_bytes if max_response_bytes is None else max_response_bytes,
        )


# Bytes of a response that is not JSON to keep, for the error that shows it.
SHOWN_BYTES = 1 << 16
# An error response states its reason in far fewer bytes.
MAX_ERROR_BYTES = 1 << 20
# The first byte of JSON, or of a byte order mark.
JSON_STARTS = frozenset(b'{["-0123456789tfnNI\xef\xfe\xff')
SPACE = b" \t\r\n"
# The content type of a blob.
BLOB = "application/octet-stream"
# The encodings that the client requests; a body expands to at most a thousand times its size.
ENCODINGS = frozenset({"", "identity", "gzip", "deflate"})


def is_blob(content_type: str | None) -> bool:
    """Return whether a response can be a blob."""
    return (content_type or BLOB).partition(";")[0].strip().lower() == BLOB


class ResponseLimiter:
    """Decides after each piece of a response whether to read on."""

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
        # Only the beginning of an error response is useful, and of a page in place of a blob.
        self._is_error = not 200 <= status < 300 or (most is None and not is_blob(content_type))
        self._size = self._decoded_size = 0
        self._is_json: bool | None = None
        self._packing = packing.strip().lower()
        self.is_over = False

    def start(self) -> None:
        """Check the headers, before the body is read."""
        if self._packing not in ENCODINGS:
            raise self._error(
                f"content-encoding: expected gzip or deflate, got {self._packing[:40]!r}"
            )

    def take(self, piece: bytes) -> bytes:
        """Count a piece; return the part of it to keep."""
        if self._most is None and not self._is_error:
            return piece
        if self._is_json is None and (text := piece.lstrip(SPACE)):
            self._is_json = text[0] in JSON_STARTS
        before = self._size
        self._size += len(piece)
        if not self._is_json or self._is_error:
            room = (MAX_ERROR_BYTES if self._is_json else SHOWN_BYTES) - before
            self.is_over = len(piece) > room
            return piece[:room]
        self._decoded_size += decoded_size(piece)
        if self._most is not None and self._decoded_size > self._most:
            raise self._error(
                f"body: expected at most {self._most} bytes once decoded, got more. Set a larger "
                "max_response_bytes, or request fewer rows at once (per_page)",
                piece,
            )
        return piece

    def _error(self, reason: str, body: bytes = b"") -> InvalidResponseError:
        method, url, status = self._facts
        text = scrub(body[:SHOWN_BYTES].decode(errors="replace"))
        return InvalidResponseError(reason, method=method, url=url, status=status, body=text)
