"""Test the mailboxes of the event socket: limits, lost events, closing."""

import asyncio
import inspect
import queue
import socket as network
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.raw_server import raw_server, read_request
from vantage6.client import ClientClosedError
from vantage6.client._auth.realm import Realm
from vantage6.client._backend.protocol import Backend
from vantage6.client._backend.v4 import V4
from vantage6.client._backend.v5 import V5
from vantage6.client._events import mailbox as mailboxes
from vantage6.client._events import socket as sockets
from vantage6.client._events.mailbox import AsyncMailbox, Mailbox
from vantage6.client._events.socket import Socket
from vantage6.client._events.types import Joined, KillRequested, LogWritten, Lost, NodeOffline
from vantage6.client._http.address import Address


def test_slow_reader_is_told_of_lost_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "MAX_PENDING_EVENTS", 10)
    lines: queue.Queue[Any] = queue.Queue()

    def hold(line: Any) -> None:
        lines.put(line)
        line._ended.wait(10)
        lines.put("ended")

    monkeypatch.setattr(sockets._SocketThread, "_hold", hold)
    socket = Socket(Address("http://localhost", 1, ""), dict, 1, V4())
    busy, other = Mailbox(), Mailbox()
    for mailbox in (busy, other, other):
        socket.join(mailbox)
    socket.open("token")
    line = lines.get(timeout=10)
    socket._hear(line, Joined(4))
    assert [busy.get(0), other.get(0), other.get(0)] == [Joined(4), Joined(4), None]
    for number in range(1000):
        socket._hear(line, NodeOffline(number, "n", None))
        assert other.get(0) == NodeOffline(number, "n", None), "the other mailbox loses nothing"
    heard = [busy.get(0) for _ in range(12)]
    lost = Lost("too many unread events")
    assert heard == [*(NodeOffline(number, "n", None) for number in range(10)), lost, None]
    socket.join(busy)
    socket.open("token")
    socket._hear(line, NodeOffline(1, "n", None))
    assert [busy.get(0), busy.get(0)] == [Joined(4), NodeOffline(1, "n", None)]
    socket.leave(busy)
    socket.leave(other)
    assert lines.get(timeout=10) == "ended"


@pytest.mark.parametrize("backend", [V4(), V5(Realm("https://auth.example"))], ids=["4", "5"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_event_connection_follows_no_redirect(status: int, backend: Backend) -> None:
    with raw_server(lambda connection: None) as stranger:
        head = (
            f"HTTP/1.1 {status} Away\r\nLocation: ws://127.0.0.1:{stranger.port}/elsewhere\r\n\r\n"
        )

        received: list[bytes] = []

        def redirect(connection: network.socket) -> None:
            received.append(read_request(connection))
            connection.sendall(head.encode())

        with raw_server(redirect) as server:
            socket = Socket(Address("http://127.0.0.1", server.port, "/hq"), dict, 5, backend)
            mailbox = Mailbox()
            socket.join(mailbox)
            socket.open("the-token")
            lost = mailbox.get(10)
            socket.close()
        assert len(server.connections) == 1
        assert stranger.connections == []
    assert [b"Bearer the-token" in request for request in received] == [True]
    assert isinstance(lost, Lost)
    assert "the-token" not in lost.reason
    assert "redirects are not followed" in lost.reason


async def test_long_text_counts_as_several_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailboxes, "MAX_PENDING_EVENTS", 10)
    long = LogWritten(1, 1, "x" * 4000)
    for mailbox in (Mailbox(), AsyncMailbox()):
        mailbox.put(long)
        assert not mailbox.is_full
        mailbox.put(KillRequested(4, tuple(range(4000)), (), None))
        assert mailbox.is_full
        taken = mailbox.get(0)
        assert (await taken if inspect.isawaitable(taken) else taken) == long
        assert not mailbox.is_full


async def test_closing_the_client_ends_a_wait_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets._SocketThread, "_hold", lambda _: None)
    socket = Socket(Address("http://localhost", 1, ""), dict, 1, V4())
    waiting, late, listening = Mailbox(), Mailbox(), AsyncMailbox()
    socket.join(waiting)
    socket.join(listening)
    socket.open("token")
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(waiting.get, 60)
        socket.close()
        began = time.monotonic()
        with pytest.raises(ClientClosedError):
            heard.result()
    with pytest.raises(ClientClosedError):
        await listening.get(60)
    socket.join(late)
    socket.open("token")
    with pytest.raises(ClientClosedError):
        late.get(60)
    assert time.monotonic() - began < 30


async def test_cancellation_is_not_lost_to_an_event_at_the_same_moment() -> None:
    mailbox = AsyncMailbox()
    waiting = asyncio.create_task(mailbox.get(60))
    await asyncio.sleep(0)
    mailbox.put(LogWritten(1, 1, "x"))
    asyncio.get_running_loop().call_soon(waiting.cancel)
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await mailbox.get(0) == LogWritten(1, 1, "x")


async def test_waiting_event_loop_wakes_every_second() -> None:
    loop, heard = asyncio.get_running_loop(), list[float]()
    waiting = asyncio.create_task(AsyncMailbox().get(60))
    await asyncio.sleep(0)
    # As the kernel of a notebook does: the handler of a signal wakes no event loop.
    timer = threading.Timer(0.1, lambda: loop.call_soon(lambda: heard.append(loop.time())))
    began = loop.time()
    timer.start()
    await asyncio.wait({waiting}, timeout=5)
    assert heard[0] - began < 3
    waiting.cancel()
