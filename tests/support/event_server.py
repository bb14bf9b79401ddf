"""A server on loopback that sends recorded events, which are not in cassettes."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, islice
from socket import SHUT_RDWR, SO_RCVBUF, SOL_SOCKET
from threading import Event, Thread
from typing import Any

import simple_websocket

# Number of responses before the event, its name, and its data.
RecordedEvent = tuple[int, str, Any]
# Names for the end of a connection: broken, broken before the first message, or closed.
CUT, MUTE, CLOSED = "", "mute", "closed"
# Name for raw bytes: the first ones, and those repeated after them.
RAW = "raw"

NAMESPACE = "/tasks"
# The message types of both protocols that are sent here.
OPEN, CONNECT, DISCONNECT, EVENT = "0", *(f"4{kind}{NAMESPACE}," for kind in (0, 1, 2))
GREETING = {"sid": "1", "upgrades": [], "pingInterval": 60_000, "pingTimeout": 60_000}
MOMENT = 0.002
PATIENCE = 2.0


class EventHandler(BaseHTTPRequestHandler):
    """Sends the recorded events on each connection, each after its request."""

    protocol_version = "HTTP/1.1"
    tape: Iterator[RecordedEvent]  # the next connection continues where the last one broke
    answered: Callable[[], int]
    taken: list[int]  # the number of messages of each flood that were sent

    def do_GET(self) -> None:
        """Hold one connection until it is closed."""
        headers = {f"HTTP_{key.upper().replace('-', '_')}": v for key, v in self.headers.items()}
        self.close_connection = True
        line = simple_websocket.Server({**headers, "werkzeug.socket": self.connection})
        with suppress(simple_websocket.ConnectionClosed):
            line.send(OPEN + json.dumps(GREETING))
            line.receive()
            first = list(islice(self.tape, 1))
            if not first or first[0][1] != MUTE:
                line.send(CONNECT + json.dumps({"sid": "2"}))
            for after, name, data in chain(first, self.tape):
                while type(self).answered() < after and line.connected:
                    Event().wait(MOMENT)
                if name in (CUT, MUTE):
                    self.connection.shutdown(SHUT_RDWR)
                    return
                if name == RAW:
                    self.flood(*data)
                    break
                if name == CLOSED:
                    line.send(DISCONNECT)
                    break
                line.send(EVENT + json.dumps([name, data]))
            while True:
                line.receive()

    def flood(self, first: bytes, then: bytes) -> None:
        """Send malformed bytes, followed by an endless message."""
        # Responses are not read; a small buffer shortens the test.
        self.connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        self.connection.sendall(first)
        sent = 0
        with suppress(OSError):
            while then:
                self.connection.sendall(then)
                sent += len(then)
        self.taken.append(sent)

    def log_message(self, format: str, *args: Any) -> None:
        """Ignore log messages."""


@contextmanager
def event_server(tape: Iterable[RecordedEvent], answered: Callable[[], int]) -> Iterator[int]:
    """Send recorded events at the same point among the requests; yield the port.

    How many requests a client makes between two events depends on time, too. Where it makes fewer
    than in the recording, the next event comes after a pause.
    """
    last = 0, time.monotonic()

    def count() -> int:
        nonlocal last
        if answered() != last[0]:
            last = answered(), time.monotonic()
        return last[0] if time.monotonic() < last[1] + PATIENCE else sys.maxsize

    handler = type(
        "Handler", (EventHandler,), {"tape": iter(tape), "answered": staticmethod(count)}
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
