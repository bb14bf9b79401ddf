"""Limits on what the event socket may consume."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Any

# So many bytes may come before there is a message: those of the opening, or of one message in any
# number of frames. A server takes in 1 MB from a node, where logs come from; that is three times as
# much at most when it is escaped on its way to here.
MAX_BYTES = 4 << 20
# What each piece costs beside its bytes: a message may come in a million of them.
PIECE_COST = 64
# How long that may take, in seconds from its first byte.
MAX_SECONDS = 60.0
# So many answers to the server's pings may wait to be sent; it asks every half a minute.
MAX_PENDING_PONGS = 1000
TOO_LARGE = f"the server sent more than {MAX_BYTES} bytes that make no message"
TOO_SLOW = f"a message did not come to its end within {MAX_SECONDS:g} seconds"
TOO_BUSY = "the server asks and asks, and takes in no answer"
UNKNOWN = "the server sent a message of a kind that it has no events of"


class MeteredSocket:
    """A socket that counts what is read of it, and ends when it is too much or takes too long."""

    def __init__(self, socket: Any, end: Callable[[str], None]) -> None:
        self._socket = socket
        self._end = end
        self.start()

    def start(self) -> None:
        """Begin with the next message."""
        self._taken, self._began = 0, inf

    def recv(self, size: int) -> bytes:
        """Read some bytes, as a socket does."""
        data: bytes = self._socket.recv(size)
        self._began = min(self._began, monotonic())
        self._taken += len(data) + PIECE_COST
        if self._taken > MAX_BYTES:
            self._end(TOO_LARGE)
        if monotonic() - self._began > MAX_SECONDS:
            self._end(TOO_SLOW)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


def limited_websocket_class(
    library: Any,
    waiting: Callable[[], int],
    tell: Callable[[str], None],
    keep: Callable[[Any], None],
) -> type[Any]:
    """Create a kind of websocket that takes in no more at once than a server may have to say."""

    class Bounded(library.WebSocket):
        def __init__(self, *things: Any, **more: Any) -> None:
            base: Any = super()
            base.__init__(*things, **more)
            keep(self)

        @property
        def sock(self) -> MeteredSocket | None:
            return self._metered

        @sock.setter
        def sock(self, socket: Any) -> None:  # the library sets it, before it opens the connection
            self._metered = socket and MeteredSocket(socket, self._end)

        def recv(self) -> str | bytes:
            if self._metered:
                self._metered.start()
            if waiting() > MAX_PENDING_PONGS:
                self._end(TOO_BUSY)
            base: Any = super()
            return base.recv()

        def _end(self, reason: str) -> None:
            tell(reason)
            self.shutdown()
            # What has come goes now, and not when some day all that is unused is looked for.
            self.frame_buffer.recv_buffer, self.cont_frame.cont_data = [], None
            raise library.WebSocketConnectionClosedException(reason)

    return Bounded


def plain_packet_class(library: Any, namespace: str) -> type[Any]:
    """Create a kind of packet that refuses what would be kept until more comes."""
    # That is one with attachments, and one for a namespace that nobody asked for. What wants an
    # answer is refused as well: who takes in none would let them pile up.
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
