"""The connection to the server's events: one for all that wait, on a thread of its own.

It is the same for both kinds of client: a thread holds it and puts what it hears into mailboxes,
each of which belongs to one that waits, in a program or in an event loop. It never reconnects by
itself: who waits renews the token first, then asks for a new connection.
"""

from __future__ import annotations

import importlib
import importlib.util
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vantage6.bindings.secret import scrub

from ._bounds import NAMESPACE, bounded_websocket, plain_packet
from ._events import Connected, Heard, Joined, Lost, Refused, parse, weight
from ._identity import signing
from ._locks import Lock, renew_in_child
from .errors import ClientClosedError

if TYPE_CHECKING:
    from ._settings import Address

# How a message begins by which the server closes the connection.
FAREWELL = "1"
# Who takes in nothing while so many events come has lost the thread, and is told so. One with a
# long text counts as several.
MOST = 100_000


def can_connect() -> bool:
    """Tell whether the libraries are there that hold such a connection."""
    return all(importlib.util.find_spec(name) for name in ("socketio", "websocket"))


class _Box:
    """What both kinds of mailbox have alike: it may be full, and its owner's client be closed."""

    def __init__(self) -> None:
        self._put = self._got = 0  # each is counted by one thread at a time

    @property
    def is_full(self) -> bool:
        """Whether there is to be no more until some is taken out."""
        return self._put - self._got >= MOST

    def put(self, item: Heard) -> None:
        """Add an item; one thread at a time may."""
        self._put += weight(item)
        self._add(item)

    def end(self) -> None:
        """Let the owner know that the client was closed."""
        self._add(ClientClosedError())

    def _add(self, item: Heard | ClientClosedError) -> None:
        raise NotImplementedError

    def _taken(self, item: Heard | ClientClosedError) -> Heard:
        if isinstance(item, ClientClosedError):
            raise item
        self._got += weight(item)
        return item


class Mailbox(_Box):
    """Where one that waits in a program hears what the connection brings."""

    def __init__(self) -> None:
        super().__init__()
        self._items: queue.SimpleQueue[Heard | ClientClosedError] = queue.SimpleQueue()

    def _add(self, item: Heard | ClientClosedError) -> None:
        self._items.put(item)

    def get(self, seconds: float) -> Heard | None:
        """Wait for the next item, but no longer than this; None if there was none."""
        try:
            item = self._items.get(timeout=max(0.0, min(seconds, threading.TIMEOUT_MAX)))
        except queue.Empty:
            return None
        return self._taken(item)


class AsyncMailbox(_Box):
    """Where one that waits in an event loop hears what the connection brings."""

    def __init__(self) -> None:
        import asyncio  # only asynchronous programs need it, and it takes time to load

        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._items: deque[Heard | ClientClosedError] = deque()

    def _add(self, item: Heard | ClientClosedError) -> None:
        self._items.append(item)
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def get(self, seconds: float) -> Heard | None:
        """Wait for the next item, but no longer than this; None if there was none."""
        import asyncio

        if not self._items:
            self._event.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._event.wait(), max(0.0, min(seconds, 1e8)))
        return self._taken(self._items.popleft()) if self._items else None


class Socket:
    """The connection that all who wait on one client share, open as long as anyone does.

    Parameters
    ----------
    address : Address
        Where the API is; the events are at the root of the same server.
    options : callable
        Gives the certificates to trust, and the proxy to go through.
    seconds : float
        How long connecting may take.
    """

    def __init__(
        self, address: Address, options: Callable[[], dict[str, object]], seconds: float
    ) -> None:
        port = f":{address.port}" if address.port else ""
        self._url = f"{address.host}{port}"
        self._options = options
        self._seconds = seconds
        self._lock = Lock()
        self._is_closed = False
        renew_in_child(self)
        self.after_fork()

    def after_fork(self) -> None:
        """Be closed: the thread that holds the connection is the parent's."""
        self._mailboxes: list[Mailbox | AsyncMailbox] = []
        self._line: _Line | None = None
        self._rooms: set[int] = set()

    def join(self, mailbox: Mailbox | AsyncMailbox) -> None:
        """Put what is heard from now on into this mailbox, beginning with what is joined now."""
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
        """Put nothing more into this mailbox; the last to leave closes the connection."""
        with self._lock:
            if mailbox in self._mailboxes:
                self._mailboxes.remove(mailbox)
            if not self._mailboxes:
                self._hang_up()

    def open(self, token: str) -> None:
        """Connect, unless that is done or under way; the mailboxes hear what comes of it."""
        with self._lock:
            if self._line is None and not self._is_closed:
                self._line = _Line(self._url, token, self._options, self._seconds, self._hear)

    def close(self) -> None:
        """Close the connection for good, and let all that wait know at once."""
        with self._lock:
            self._is_closed = True
            self._hang_up()
            while self._mailboxes:
                self._mailboxes.pop().end()

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
        self._line = None
        self._rooms.clear()

    def _hear(self, line: _Line, item: Heard) -> None:
        with self._lock:
            if line is not self._line:
                return  # it was closed
            if isinstance(item, Joined):
                self._rooms.add(item.collaboration_id)
            if isinstance(item, Lost | Refused):
                self._hang_up()
            for mailbox in list(self._mailboxes):
                if mailbox.is_full:  # until its owner joins again
                    self._mailboxes.remove(mailbox)
                    mailbox.put(Lost("more events came than were taken in"))
                else:
                    mailbox.put(item)


class _Line:
    """One connection, from its opening to its end; its thread ends with it."""

    def __init__(
        self,
        url: str,
        token: str,
        options: Callable[[], dict[str, object]],
        seconds: float,
        hear: Callable[[_Line, Heard], None],
    ) -> None:
        self._url, self._token, self._options, self._seconds = url, token, options, seconds
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
                headers=signing(self._token),
                namespaces=[NAMESPACE],
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
        """Make the library's client, which has no types."""
        library: Any = importlib.import_module("socketio")
        websocket = importlib.import_module("websocket")
        kind = bounded_websocket(
            websocket, lambda: client.eio.queue.qsize(), self._lose, self._websockets.append
        )
        client: Any = library.Client(
            reconnection=False,
            handle_sigint=False,
            serializer=plain_packet(importlib.import_module("socketio.packet")),
            request_timeout=self._seconds,
            websocket_extra_options={**self._options(), "class_": kind},
        )
        client.on("*", self._on_event, namespace=NAMESPACE)
        self._keep_order(client.eio)
        self._hear_every_end(client)
        return client

    def _hear_every_end(self, client: Any) -> None:
        """Hear of an end that comes while the connection is opened; the library keeps it back.

        It tells of an end only once `connect` has returned, which may be after the end, and waits
        in `connect` for what an ended connection can no longer bring.
        """
        tidy = client.eio.handlers["disconnect"]

        def is_open() -> None:
            client.connected = True

        def has_ended(*reason: object) -> None:
            tidy(*reason)
            self._lose(str(reason[0]) if reason else "the server is gone")

        client.on("connect", is_open, namespace=NAMESPACE)
        client.eio.on("disconnect", has_ended)

    def _on_event(self, name: str, *data: object) -> None:
        item = parse(name, data[0] if data else None)
        if item is not None:
            self._hear(self, item)

    def _lose(self, reason: str) -> None:
        """End the connection, which cannot bring anything more."""
        self._hear(self, Lost(reason))
        self._ended.set()

    def _keep_order(self, transport: Any) -> None:
        """Handle messages one after the other: the library would start a thread for each of them.

        What cannot be handled would end the thread that reads, and nobody would hear of it.
        """
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
            if args and str(args[0]).startswith(FAREWELL):
                return start(handle, target, *args)
            return handle(target, *args)

        transport.start_background_task = start_or_do
