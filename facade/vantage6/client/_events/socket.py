"""The connection to the server's events, shared by all waiting callers of a client.

Both clients use it: a thread holds the connection and puts events into the mailboxes of the
callers. It never reconnects by itself: a caller renews the token first, then opens a new
connection.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

from vantage6.bindings.secret import scrub

from .._http.request import bearer_header
from .._utils.locks import Lock, reset_after_fork
from .._utils.memory import decoded_size
from .limits import (
    MAX_DECODED_BYTES,
    MAX_PINGS,
    TOO_BUSY,
    TOO_LARGE,
    UNKNOWN,
    EventSocketError,
    limited_websocket_class,
)
from .types import Connected, Joined, Lost, Received, Refused

if TYPE_CHECKING:
    from .._http.address import Address
    from .mailbox import AsyncMailbox, Mailbox

PATH = "/socket.io/?transport=websocket&EIO=4"
# Types of the packets that are exchanged; a message of Engine.IO (4) holds a packet of Socket.IO.
OPEN, CLOSE, PING, PONG, NOOP = "0", "1", "2", "3", "6"
CONNECT, DISCONNECT, EVENT, REFUSE = "40", "41", "42", "44"
CLOSED = "the server closed the connection"
# Maximum characters of the reason for a lost connection, which can quote the server, and what the
# library puts between the status of a response and its headers and body.
MAX_REASON = 200
HEADERS_FOLLOW = " -+-+- "


def can_connect() -> bool:
    """Return whether the library for the event socket is installed."""
    return importlib.util.find_spec("websocket") is not None


class EventProtocol(Protocol):
    """How a generation announces events; see `Backend`."""

    @property
    def event_namespace(self) -> str: ...

    def parse_event(self, name: str, data: object) -> Received | None: ...


class Socket:
    """The event connection of a client, open as long as it has a mailbox."""

    def __init__(
        self,
        address: Address,
        options: Callable[[], dict[str, object]],
        seconds: float,
        protocol: EventProtocol,
    ) -> None:
        self._protocol = protocol
        port = f":{address.port}" if address.port else ""
        self._url = f"{address.host}{port}"
        self._options = options
        self._seconds = seconds
        self._lock = Lock()
        self._is_closed = False
        reset_after_fork(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Reset to closed: the thread with the connection exists only in the parent process."""
        self._mailboxes: list[Mailbox | AsyncMailbox] = []
        self._thread: _SocketThread | None = None
        self._joined: set[int] = set()  # ids of collaborations

    def join(self, mailbox: Mailbox | AsyncMailbox) -> None:
        """Deliver events to this mailbox, starting with a `Joined` per joined collaboration."""
        with self._lock:
            if self._is_closed:
                mailbox.end()
                return
            if mailbox in self._mailboxes:
                return
            self._mailboxes.append(mailbox)
            for collaboration_id in self._joined:
                mailbox.put(Joined(collaboration_id))

    def leave(self, mailbox: Mailbox | AsyncMailbox) -> None:
        """Stop delivering to this mailbox; close the connection with the last one."""
        with self._lock:
            if mailbox in self._mailboxes:
                self._mailboxes.remove(mailbox)
            if not self._mailboxes:
                self._disconnect()

    def open(self, token: str) -> None:
        """Connect, unless connected or connecting; the result is delivered to the mailboxes."""
        with self._lock:
            if self._thread is None and not self._is_closed:
                self._thread = _SocketThread(
                    self._url, token, self._options, self._seconds, self._protocol, self._hear
                )

    def close(self) -> None:
        """Close the connection for good and end all mailboxes."""
        with self._lock:
            self._is_closed = True
            self._disconnect()
            while self._mailboxes:
                self._mailboxes.pop().end()

    def _disconnect(self) -> None:
        if self._thread:
            self._thread.close()
        self._thread = None
        self._joined.clear()

    def _hear(self, thread: _SocketThread, item: Received) -> None:
        with self._lock:
            if thread is not self._thread:
                return  # that connection was closed
            if isinstance(item, Joined):
                self._joined.add(item.collaboration_id)
            if isinstance(item, Lost | Refused):
                self._disconnect()
            for mailbox in list(self._mailboxes):
                if mailbox.is_full:  # its owner may join again
                    self._mailboxes.remove(mailbox)
                    mailbox.put(Lost("too many unread events"))
                else:
                    mailbox.put(item)


class _SocketThread:
    """One connection and its thread, which ends with the connection."""

    def __init__(
        self,
        url: str,
        token: str,
        options: Callable[[], dict[str, object]],
        seconds: float,
        protocol: EventProtocol,
        deliver: Callable[[_SocketThread, Received], None],
    ) -> None:
        self._url, self._token, self._options, self._seconds = url, token, options, seconds
        self._protocol = protocol
        self._hear = deliver
        self._ended = threading.Event()
        self._websocket: Any = None  # the library is untyped
        threading.Thread(target=self._hold, name="vantage6-events", daemon=True).start()

    def close(self) -> None:
        """End the connection without waiting for it."""
        self._ended.set()
        if self._websocket:
            with suppress(Exception):  # it is ending in any case
                self._websocket.abort()  # wakes the thread

    def _hold(self) -> None:
        """Stay connected until `close` is called or the connection is lost."""
        reason = CLOSED
        try:
            self._websocket = self._connect()
            self._listen()
        except Exception as error:  # any error of the library, or that a server can cause
            text = str(error).partition(HEADERS_FOLLOW)[0]
            reason = scrub(text)[:MAX_REASON] or type(error).__name__
        finally:
            if self._websocket:
                self._websocket.shutdown()
        self._hear(self, Lost(reason))

    def _connect(self) -> Any:
        library: Any = importlib.import_module("websocket")
        return library.create_connection(
            f"ws{self._url.removeprefix('http')}{PATH}",
            timeout=self._seconds,
            header=bearer_header(self._token),
            class_=limited_websocket_class(library),
            **self._options(),
        )

    def _listen(self) -> None:
        """Exchange the packets of Engine.IO 4 and Socket.IO 5 that events consist of."""
        namespace = self._protocol.event_namespace
        greeting = json.loads(self._receive().removeprefix(OPEN))
        patience = (greeting["pingInterval"] + greeting["pingTimeout"]) / 1000
        self._websocket.send(f"{CONNECT}{namespace},")
        began, pings = monotonic(), 0
        while not self._ended.is_set():
            packet = self._receive()
            kind, in_namespace, content = packet.partition(f"{namespace},")
            if packet == PING:
                pings += 1
                if pings > MAX_PINGS + monotonic() - began:
                    raise EventSocketError(TOO_BUSY)
                self._websocket.send(PONG)
            elif packet in ("", CLOSE) or (in_namespace and kind in (DISCONNECT, REFUSE)):
                return
            elif in_namespace and kind == CONNECT:
                self._websocket.settimeout(patience)
                self._hear(self, Connected())
            elif in_namespace and kind == EVENT:
                self._deliver(content)
            elif packet != NOOP:
                raise EventSocketError(UNKNOWN)

    def _receive(self) -> str:
        packet = self._websocket.recv()
        if not isinstance(packet, str):
            raise EventSocketError(UNKNOWN)
        return packet

    def _deliver(self, content: str) -> None:
        if decoded_size(content) > MAX_DECODED_BYTES:
            raise EventSocketError(TOO_LARGE)
        name, *data = json.loads(content)
        item = self._protocol.parse_event(name, data[0] if data else None)
        if item is not None:
            self._hear(self, item)
