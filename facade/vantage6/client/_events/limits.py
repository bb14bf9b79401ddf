"""Limits on the memory, the time and the redirects of the event socket."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from math import inf
from time import monotonic
from typing import Any

# Maximum bytes of the handshake, or of one message in any number of frames. A server accepts 1 MB
# of log from a node, and escaping makes that at most three times as large.
MAX_BYTES = 4 << 20
# Cost of each read in addition to its bytes: a message may arrive in a million pieces.
READ_COST = 64
# Maximum seconds from the first byte of a message to its last.
MAX_SECONDS = 60.0
# Maximum number of unsent pongs; the server pings every half a minute.
MAX_PENDING_PONGS = 1000
TOO_LARGE = f"the server sent more than {MAX_BYTES} bytes without completing a message"
TOO_SLOW = f"a message was not complete after {MAX_SECONDS:g} seconds"
TOO_BUSY = "the server keeps sending pings without reading the pongs"
REDIRECTED = "the server redirects the event connection, and redirects are not followed"
UNKNOWN = "the server sent a message of a type that events do not use"


class MeteredSocket:
    """A socket that ends when one message is too large or takes too long."""

    def __init__(self, socket: Any, end: Callable[[str], None]) -> None:
        self._socket = socket
        self._end = end
        self.start()

    def start(self) -> None:
        """Reset the counters for the next message."""
        self._used, self._began = 0, inf

    def recv(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        data: bytes = self._socket.recv(size)
        self._began = min(self._began, monotonic())
        self._used += len(data) + READ_COST
        if self._used > MAX_BYTES:
            self._end(TOO_LARGE)
        if monotonic() - self._began > MAX_SECONDS:
            self._end(TOO_SLOW)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def limited_websocket_class(
    library: Any,
    pending_pongs: Callable[[], int],
    on_limit: Callable[[str], None],
    on_create: Callable[[Any], None],
) -> type[Any]:
    """Create a websocket class that limits messages in size and time, and follows no redirect."""

    class Bounded(library.WebSocket):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            base: Any = super()
            base.__init__(*args, **kwargs)
            on_create(self)

        @property
        def sock(self) -> MeteredSocket | None:
            return self._metered

        @sock.setter
        def sock(self, socket: Any) -> None:  # the library sets it before the handshake
            self._metered = socket and MeteredSocket(socket, self._end)

        def connect(self, url: str, **options: Any) -> None:
            base: Any = super()
            try:  # a redirect would send the token to any address that the response names
                base.connect(url, **options, redirect_limit=0)
            finally:
                if self.getstatus() not in (None, HTTPStatus.SWITCHING_PROTOCOLS):
                    self._end(REDIRECTED)

        def recv(self) -> str | bytes:
            if self._metered:
                self._metered.start()
            if pending_pongs() > MAX_PENDING_PONGS:
                self._end(TOO_BUSY)
            base: Any = super()
            return base.recv()

        def _end(self, reason: str) -> None:
            on_limit(reason)
            self.shutdown()
            # Free the buffers now instead of at the next garbage collection.
            self.frame_buffer.recv_buffer, self.cont_frame.cont_data = [], None
            raise library.WebSocketConnectionClosedException(reason)

    return Bounded


def plain_packet_class(library: Any, namespace: str) -> type[Any]:
    """Create a packet class that rejects packets which the library would buffer."""
    # Rejected: packets with attachments or of another namespace, and packets that request an
    # acknowledgment, because acknowledgments pile up if the server does not read them.
    binary = (library.BINARY_EVENT, library.BINARY_ACK)

    class Plain(library.Packet):
        def decode(self, encoded_packet: Any) -> int:
            base: Any = super()
            attachments: int = base.decode(encoded_packet)
            is_plain = self.packet_type not in binary and self.id is None
            if attachments or not is_plain or self.namespace != namespace:
                raise ValueError(UNKNOWN)
            return attachments

    return Plain
