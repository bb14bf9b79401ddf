"""Test that endless handshakes and messages are limited."""

import base64
import gc
import hashlib
import queue
import re
import socket
import struct
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.support.raw_server import raw_server, read_request, send_slowly
from vantage6.client._backend.v4 import V4
from vantage6.client._events import limits
from vantage6.client._events.limits import MAX_BYTES, TOO_LARGE, TOO_SLOW
from vantage6.client._events.socket import _SocketThread
from vantage6.client._events.types import Lost

UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\n"
# What a server makes of the key of a websocket, to show that it speaks of that.
SALT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
ABRUPT = struct.pack("ii", 1, 0)  # closing resets the connection
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
def test_endless_handshake_is_not_a_connection(first: bytes, then: bytes) -> None:
    taken: queue.Queue[int] = queue.Queue()

    def flood(connection: socket.socket) -> None:
        read_request(connection)
        sent = 0
        with suppress(OSError):
            connection.sendall(first)
            while sent < MAX_BYTES + 2 * BUFFERS:
                connection.sendall(then)
                sent += len(then)
        taken.put(sent)

    with raw_server(flood) as seen:
        assert _first_heard(seen.port) == Lost(TOO_LARGE)
        assert taken.get(timeout=30) < MAX_BYTES + BUFFERS


def test_slow_handshake_is_not_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.5)
    with raw_server(send_slowly(UPGRADE * 1000, 0.05)) as seen:
        began = time.monotonic()
        assert _first_heard(seen.port) == Lost(TOO_SLOW)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("said", [b"", b"no opening"], ids=["a reset", "no opening"])
def test_failed_connection_is_closed(said: bytes) -> None:
    """The libraries leave it open, until some day all that is unused is looked for."""

    def begin(connection: socket.socket) -> None:
        (key,) = re.findall(rb"(?i)Sec-WebSocket-Key: (\S+)", read_request(connection))
        proof = base64.b64encode(hashlib.sha1(key + SALT).digest())  # noqa: S324 - no secret
        head = UPGRADE + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
        connection.sendall(head + proof + b"\r\n\r\n" + (said and b"\x81%c" % len(said) + said))
        if said:
            connection.recv(1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPT)

    with warnings.catch_warnings(record=True) as caught, raw_server(begin) as seen:
        warnings.simplefilter("always")
        assert isinstance(_first_heard(seen.port), Lost)
        gc.collect()
    assert [str(one.message) for one in caught] == []


def test_failed_handshake_is_described_without_headers_and_body() -> None:
    def refuse(connection: socket.socket) -> None:
        read_request(connection)
        body = b"token " * 10_000
        head = b"HTTP/1.1 500 Oh\r\nX: secret\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)
        connection.recv(1)

    with raw_server(refuse) as seen:
        assert _first_heard(seen.port) == Lost("Handshake status 500 Oh")


def _first_heard(port: int) -> object:
    """Connect, and return what is heard of it; nothing of it is left then."""
    heard: queue.Queue[object] = queue.Queue()
    line = _SocketThread(
        f"http://127.0.0.1:{port}", "t", dict, 20, V4(), lambda _, item: heard.put(item)
    )
    item = heard.get(timeout=30)
    line.close()
    _until(lambda: not [one for one in threading.enumerate() if one.name == "vantage6-events"])
    return item


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_started_message_that_stops_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SECONDS", 0.3)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        metered = limits.MeteredSocket(ours)
        metered.settimeout(30)
        theirs.send(b"x")
        assert metered.recv(10) == b"x"
        with pytest.raises(limits.EventSocketError, match="not complete after"):
            metered.recv(10)
        metered.start()
        assert ours.gettimeout() == 30
