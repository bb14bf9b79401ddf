"""Announces what a server has announced: events come over a socket, which no cassette has."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, islice
from socket import SHUT_RDWR, SO_RCVBUF, SOL_SOCKET
from threading import Event, Thread
from typing import Any

import simple_websocket

# How many requests had been answered when the server said this, its name, and what went along.
RecordedEvent = tuple[int, str, Any]
# Names where a connection ended: it broke, broke before anything was said, or was closed politely.
CUT, MUTE, CLOSED = "", "mute", "closed"
# Names what is sent as it is: the bytes, and what comes again and again after them.
RAW = "raw"

NAMESPACE = "/tasks"
# Of the two protocols, the message types that are sent here.
OPEN, CONNECT, DISCONNECT, EVENT = "0", *(f"4{kind}{NAMESPACE}," for kind in (0, 1, 2))
GREETING = {"sid": "1", "upgrades": [], "pingInterval": 60_000, "pingTimeout": 60_000}
MOMENT = 0.002


class EventHandler(BaseHTTPRequestHandler):
    """Takes each connection, and announces what it is told to, none of it too early."""

    protocol_version = "HTTP/1.1"
    tape: Iterator[RecordedEvent]  # the next connection goes on where one broke
    answered: Callable[[], int]
    taken: list[int]  # how much of each flood got through

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
        """Send bytes that no library would; what comes after the first ones never ends."""
        # Answers are not read, and the fewer fit in between, the sooner it is over.
        self.connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        self.connection.sendall(first)
        sent = 0
        with suppress(OSError):
            while then:
                self.connection.sendall(then)
                sent += len(then)
        self.taken.append(sent)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay quiet."""


@contextmanager
def event_server(tape: Iterable[RecordedEvent], answered: Callable[[], int]) -> Iterator[int]:
    """Announce what is on the tape, at the same place among the requests; give the port."""
    handler = type(
        "Handler", (EventHandler,), {"tape": iter(tape), "answered": staticmethod(answered)}
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
