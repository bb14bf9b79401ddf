"""The connection to the server's events.

It is the same for both kinds of client: a thread holds it and puts what it hears into mailboxes,
each of which belongs to one that waits, in a program or in an event loop. It never reconnects by
itself: who waits renews the token first, then asks for a new connection.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from vantage6.bindings.secret import scrub

from .._http.request import bearer_header
from .._utils.locks import Lock, reset_after_fork
from .limits import limited_websocket_class, plain_packet_class
from .types import Connected, Joined, Lost, Received, Refused

if TYPE_CHECKING:
    from .._http.address import Address
    from .mailbox import AsyncMailbox, Mailbox

# How a message begins by which the server closes the connection.
CLOSE_PACKET = "1"


def can_connect() -> bool:
    """Return whether the libraries are there that hold such a connection."""
    return all(importlib.util.find_spec(name) for name in ("socketio", "websocket"))


class EventProtocol(Protocol):
    """How a generation announces events; see `Backend`."""

    @property
    def event_namespace(self) -> str: ...

    def parse_event(self, name: str, data: object) -> Received | None: ...


class Socket:
    """The connection that all who wait on one client share, open as long as anyone does."""

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
        """Be closed: the thread that holds the connection is the parent's."""
        self._mailboxes: list[Mailbox | AsyncMailbox] = []
        self._line: _SocketThread | None = None
        self._rooms: set[int] = set()

    def join(self, mailbox: Mailbox | AsyncMailbox) -> None:
        """Deliver events to this mailbox from now on, beginning with what is joined."""
        with self._lock:
            if self._is_closed:
                mailbox.end()
                return
            if mailbox in self._mailboxes:
                return
            self._mailboxes.append(mailbox)
            for room in self._rooms:
                mailbox.put(Joined(room))

    def leave(self, mailbox: Mailbox | AsyncMailbox) -> None:
        """Convert nothing more into this mailbox; the last to leave closes the connection."""
        with self._lock:
            if mailbox in self._mailboxes:
                self._mailboxes.remove(mailbox)
            if not self._mailboxes:
                self._disconnect()

    def open(self, token: str) -> None:
        """Connect, unless that is done or under way; the mailboxes hear what comes of it."""
        with self._lock:
            if self._line is None and not self._is_closed:
                self._line = _SocketThread(
                    self._url, token, self._options, self._seconds, self._protocol, self._hear
                )

    def close(self) -> None:
        """Close the connection for good, and let all that wait know at once."""
        with self._lock:
            self._is_closed = True
            self._disconnect()
            while self._mailboxes:
                self._mailboxes.pop().end()

    def _disconnect(self) -> None:
        if self._line:
            self._line.close()
        self._line = None
        self._rooms.clear()

    def _hear(self, line: _SocketThread, item: Received) -> None:
        with self._lock:
            if line is not self._line:
                return  # it was closed
            if isinstance(item, Joined):
                self._rooms.add(item.collaboration_id)
            if isinstance(item, Lost | Refused):
                self._disconnect()
            for mailbox in list(self._mailboxes):
                if mailbox.is_full:  # until its owner joins again
                    self._mailboxes.remove(mailbox)
                    mailbox.put(Lost("more events came than were taken in"))
                else:
                    mailbox.put(item)


class _SocketThread:
    """One connection, from its opening to its end; its thread ends with it."""

    def __init__(
        self,
        url: str,
        token: str,
        options: Callable[[], dict[str, object]],
        seconds: float,
        protocol: EventProtocol,
        hear: Callable[[_SocketThread, Received], None],
    ) -> None:
        self._url, self._token, self._options, self._seconds = url, token, options, seconds
        self._protocol, self._namespace = protocol, protocol.event_namespace
        self._hear = hear
        self._ended = threading.Event()
        self._websockets: list[Any] = []
        threading.Thread(target=self._hold, name="vantage6-events", daemon=True).start()

    def close(self) -> None:
        """End the connection, without waiting for that."""
        self._ended.set()

    def _hold(self) -> None:
        """Connect, and stay until told to end, or until the connection is lost."""
        try:
            self._stay()
        finally:
            # The libraries leave one open that was reset, or on which something strange came first.
            for websocket in self._websockets:
                websocket.shutdown()

    def _stay(self) -> None:
        try:
            client = self._client()
            client.connect(
                self._url,
                headers=bearer_header(self._token),
                namespaces=[self._namespace],
                transports=["websocket"],
                wait_timeout=self._seconds,
            )
        except Exception as error:  # of any of three libraries; whoever waits goes on by itself
            self._hear(self, Lost(scrub(str(error)) or type(error).__name__))
            return
        self._hear(self, Connected())
        self._ended.wait()
        with suppress(Exception):  # it is over, one way or the other
            client.disconnect()

    def _client(self) -> Any:
        """Create the library's client, which has no types."""
        library: Any = importlib.import_module("socketio")
        websocket = importlib.import_module("websocket")
        kind = limited_websocket_class(
            websocket, lambda: client.eio.queue.qsize(), self._lose, self._websockets.append
        )
        client: Any = library.Client(
            reconnection=False,
            handle_sigint=False,
            serializer=plain_packet_class(
                importlib.import_module("socketio.packet"), self._namespace
            ),
            request_timeout=self._seconds,
            websocket_extra_options={**self._options(), "class_": kind},
        )
        client.on("*", self._on_event, namespace=self._namespace)
        self._handle_in_order(client.eio)
        self._detect_every_end(client)
        return client

    def _detect_every_end(self, client: Any) -> None:
        """Hear of an end that comes while the connection is opened; the library keeps it back."""
        # It tells of an end only once `connect` has returned, which may be after the end, and waits
        # in `connect` for what an ended connection can no longer bring.
        tidy = client.eio.handlers["disconnect"]

        def is_open() -> None:
            client.connected = True

        def has_ended(*reason: object) -> None:
            tidy(*reason)
            self._lose(str(reason[0]) if reason else "the server is gone")

        client.on("connect", is_open, namespace=self._namespace)
        client.eio.on("disconnect", has_ended)

    def _on_event(self, name: str, *data: object) -> None:
        item = self._protocol.parse_event(name, data[0] if data else None)
        if item is not None:
            self._hear(self, item)

    def _lose(self, reason: str) -> None:
        """End the connection, which cannot bring anything more."""
        self._hear(self, Lost(reason))
        self._ended.set()

    def _handle_in_order(self, transport: Any) -> None:
        """Handle messages in order; the library would start a thread for each."""
        # What cannot be handled would end the thread that reads, and nobody would hear of it.
        start = transport.start_background_task

        def handle(target: Callable[..., object], *args: object) -> object:
            try:
                return target(*args)
            except Exception as error:  # whatever a server can bring about
                return self._lose(scrub(str(error)) or type(error).__name__)

        def start_or_do(target: Callable[..., object], *args: object, **kwargs: object) -> object:
            if target not in transport.handlers.values():
                return start(target, *args, **kwargs)
            # With a farewell the library waits until the thread that reads has ended, so that this
            # cannot be done on it.
            if args and str(args[0]).startswith(CLOSE_PACKET):
                return start(handle, target, *args)
            return handle(target, *args)

        transport.start_background_task = start_or_do
