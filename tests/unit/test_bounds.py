"""What the server's events may take up: openings and messages that do not end."""

import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from dripping import drip, raw_server, read_request

from vantage6.client import _bounds
from vantage6.client._bounds import MOST_BYTES, TOO_LARGE, TOO_SLOW
from vantage6.client._events import Lost
from vantage6.client._socket import _Line

UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\n"
BUFFERS = 16 << 20  # of two sockets, and more


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"", b"x" * 65536),
        (UPGRADE + b"X: ", b"x" * 65536),
        (UPGRADE, b"X: y\r\n" * 10_000),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: %d\r\n\r\n" % 2**40, b"x" * 65536),
    ],
    ids=["a status", "a header", "headers", "an error"],
)
def test_an_opening_that_does_not_end_is_no_connection(first: bytes, then: bytes) -> None:
    taken: queue.Queue[int] = queue.Queue()

    def flood(connection: socket.socket) -> None:
        read_request(connection)
        sent = 0
        with suppress(OSError):
            connection.sendall(first)
            while sent < MOST_BYTES + 2 * BUFFERS:
                connection.sendall(then)
                sent += len(then)
        taken.put(sent)

    with raw_server(flood) as seen:
        assert _first_heard(seen.port) == Lost(TOO_LARGE)
        assert taken.get(timeout=30) < MOST_BYTES + BUFFERS


def test_an_opening_that_drips_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_bounds, "MOST_SECONDS", 0.5)
    with raw_server(drip(UPGRADE * 1000, 0.05)) as seen:
        began = time.monotonic()
        assert _first_heard(seen.port) == Lost(TOO_SLOW)
        assert time.monotonic() - began < 10


def _first_heard(port: int) -> object:
    """Connect, and give what is heard of it; nothing of it is left then."""
    heard: queue.Queue[object] = queue.Queue()
    line = _Line(f"http://127.0.0.1:{port}", "t", dict, 20, lambda _, item: heard.put(item))
    item = heard.get(timeout=30)
    line.close()
    _until(lambda: not [one for one in threading.enumerate() if one.name == "vantage6-events"])
    return item


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)
