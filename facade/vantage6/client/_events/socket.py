"""The event connection of a client, shared by all callers that wait.

Both kinds of client use it: a thread holds the connection and puts events into the mailboxes of the
callers. It never reconnects by itself, and follows no redirect: a caller first renews the token,
then opens a new connection.
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

# First character of the message with which the server closes the connection.
CLOSE_PACKET = "1"


def can_connect() -> bool:
    """Return whether the libraries for the event socket are installed."""
    return all(importlib.util.find_spec(name) for name in ("socketio", "websocket"))


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
        self._protocol, self._namespace = protocol, protocol.event_namespace
        self._hear = deliver
        self._ended = threading.Event()
        self._websockets: list[Any] = []
        threading.Thread(target=self._hold, name="vantage6-events", daemon=True).start()

    def close(self) -> None:
        """End the connection without waiting for it."""
        self._ended.set()

    def _hold(self) -> None:
        try:
            self._connect()
        finally:
            # The libraries leave a websocket open that was reset or began with invalid data.
            for websocket in self._websockets:
                websocket.shutdown()

    def _connect(self) -> None:
        """Connect, and stay connected until `close` is called or the connection is lost."""
        try:
            client = self._client()
            client.connect(
                self._url,
                headers=bearer_header(self._token),
                namespaces=[self._namespace],
                transports=["websocket"],
                wait_timeout=self._seconds,
            )
        except Exception as error:  # of any of three libraries; the callers continue without events
            self._hear(self, Lost(scrub(str(error)) or type(error).__name__))
            return
        self._hear(self, Connected())
        self._ended.wait()
        with suppress(Exception):  # the connection is over in any case
            client.disconnect()

    def _client(self) -> Any:
        """Create the socketio client, which is untyped."""
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
        """Report an end during the handshake too, which the library does not."""
        # The library reports an end only after `connect` has returned, and `connect` itself waits
        # for messages that an ended connection can no longer deliver.
        clean_up = client.eio.handlers["disconnect"]

        def is_open() -> None:
            client.connected = True

        def has_ended(*reason: object) -> None:
            clean_up(*reason)
            self._lose(str(reason[0]) if reason else "the server closed the connection")

        client.on("connect", is_open, namespace=self._namespace)
        client.eio.on("disconnect", has_ended)

    def _on_event(self, name: str, *data: object) -> None:
        item = self._protocol.parse_event(name, data[0] if data else None)
        if item is not None:
            self._hear(self, item)

    def _lose(self, reason: str) -> None:
        """Report the connection as lost and end it."""
        self._hear(self, Lost(reason))
        self._ended.set()

    def _handle_in_order(self, transport: Any) -> None:
        """Handle messages in order; the library would start a thread for each."""
        # An exception in a handler would end the reading thread without any report.
        start = transport.start_background_task

        def handle(target: Callable[..., object], *args: object) -> object:
            try:
                return target(*args)
            except Exception as error:  # any error that a server can cause
                return self._lose(scrub(str(error)) or type(error).__name__)

        def start_or_do(target: Callable[..., object], *args: object, **kwargs: object) -> object:
            if target not in transport.handlers.values():
                return start(target, *args, **kwargs)
            # For a close packet the library waits until the reading thread has ended, so another
            # thread has to handle it.
            if args and str(args[0]).startswith(CLOSE_PACKET):
                return start(handle, target, *args)
            return handle(target, *args)

        transport.start_background_task = start_or_do
