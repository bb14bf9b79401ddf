"""Limits on the memory, the time and the redirects of the event socket."""

from __future__ import annotations

from http import HTTPStatus
from math import inf
from time import monotonic
from typing import Any

# Maximum bytes of the handshake, or of one message in any number of frames. A server accepts 1 MB
# of log from a node, and escaping makes that at most three times as large.
MAX_BYTES = 4 << 20
# Maximum memory of one message once it is decoded; see `decoded_size`.
MAX_DECODED_BYTES = 4 * MAX_BYTES
# Cost of each read in addition to its bytes: a message may arrive in a million pieces.
READ_COST = 64
# Maximum seconds from the first byte of a message to its last.
MAX_SECONDS = 60.0
# Maximum number of pings beyond one per second; a server pings every half a minute, and pongs pile
# up if it does not read them.
MAX_PINGS = 1000
TOO_LARGE = f"the server sent more than {MAX_BYTES} bytes without completing a message"
TOO_SLOW = f"a message was not complete after {MAX_SECONDS:g} seconds"
TOO_BUSY = "the server sent too many pings"
REDIRECTED = "the server redirects the event connection, and redirects are not followed"
UNKNOWN = "the server sent a message of a type that events do not use"


class EventSocketError(Exception):
    """Message that ends the event connection."""


class MeteredSocket:
    """A socket that raises an error when one message is too large or takes too long."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._patience: float | None = None  # the timeout that `recv` has shortened
        self.start()

    def start(self) -> None:
        """Reset the counters for the next message."""
        self._used, self._began = 0, inf
        if self._patience is not None:
            self.settimeout(self._patience)

    def recv(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        if self._began < inf:
            self._shorten_timeout(self._began + MAX_SECONDS - monotonic())
        try:
            data: bytes = self._socket.recv(size)
        except TimeoutError:
            if monotonic() - self._began < MAX_SECONDS:
                raise
            raise EventSocketError(TOO_SLOW) from None
        self._began = min(self._began, monotonic())
        self._used += len(data) + READ_COST
        if self._used > MAX_BYTES:
            raise EventSocketError(TOO_LARGE)
        if monotonic() - self._began > MAX_SECONDS:
            raise EventSocketError(TOO_SLOW)
        return data

    def settimeout(self, seconds: float | None) -> None:
        """Set the timeout for each read and write."""
        self._patience = None
        self._socket.settimeout(seconds)

    def _shorten_timeout(self, left: float) -> None:
        timeout: float | None = self._socket.gettimeout()
        if timeout is None or timeout > left:
            self._patience = timeout if self._patience is None else self._patience
            self._socket.settimeout(max(left, 0.001))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def limited_websocket_class(library: Any) -> type[Any]:
    """Create a websocket class that limits messages in size and time, and follows no redirect."""

    class Limited(library.WebSocket):
        @property
        def sock(self) -> MeteredSocket | None:
            return self._metered

        @sock.setter
        def sock(self, socket: Any) -> None:  # the library sets it before the handshake
            self._metered = socket and MeteredSocket(socket)

        def connect(self, url: str, **options: Any) -> None:
            base: Any = super()
            try:  # a redirect would send the token to any address that the response names
                base.connect(url, **options, redirect_limit=0)
            finally:
                if self.getstatus() not in (None, HTTPStatus.SWITCHING_PROTOCOLS):
                    self.shutdown()
                    raise EventSocketError(REDIRECTED)

        def recv(self) -> str | bytes:
            if self._metered:
                self._metered.start()
            base: Any = super()
            return base.recv()

    return Limited
