"""Test servers that are offline, silent, busy, or something else."""

import pickle
import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from vantage6.client import (
    AsyncClient,
    ConnectionFailedError,
    RequestTimeoutError,
    StatusError,
    TLSError,
)

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Listen on a port, and accept connections without a response."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return listener.getsockname()[1]


async def test_connection_refused() -> None:
    with socket.socket() as taken:  # bound, not listening: the port stays closed
        taken.bind(("127.0.0.1", 0))
        async with AsyncClient("http://127.0.0.1", port_of(taken), log_level=None) as client:
            with pytest.raises(ConnectionFailedError, match="that the server is up") as caught:
                await client.util.get_server_version()
            assert (caught.value.method, "/api/version" in caught.value.url) == ("GET", True)
            with pytest.raises(ConnectionFailedError):
                await client.authenticate("researcher", "password")


async def test_silent_server_times_out(silent: socket.socket) -> None:
    port = port_of(silent)
    async with AsyncClient("http://127.0.0.1", port, log_level=None, timeout=0.05) as client:
        with pytest.raises(RequestTimeoutError, match="no response within"):
            await client.util.get_server_version()


def answering(listener: socket.socket, *answers: bytes) -> Thread:
    """Return these answers, each on a connection of its own."""

    def answer() -> None:
        for each in answers:
            with listener.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(each)

    thread = Thread(target=answer)
    thread.start()
    return thread


async def test_plain_http_server_at_https_address(silent: socket.socket) -> None:
    thread = answering(silent, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    async with AsyncClient("https://127.0.0.1", port_of(silent), log_level=None) as client:
        with pytest.raises(TLSError, match="no secure connection"):
            await client.util.get_server_version()
    thread.join()


async def test_busy_server_is_retried(silent: socket.socket) -> None:
    busy = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    ready = b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"version": "4.15.2"}'
    past = busy.replace(b"After: 1", b"After: Wed, 21 Oct 2015 07:28:00 GMT")
    thread = answering(silent, busy, b"", past, ready)
    async with AsyncClient("http://127.0.0.1", port_of(silent), log_level=None) as client:
        assert await client.util.get_server_version() == {"version": "4.15.2"}
    thread.join()


async def test_unknown_status_is_an_error(silent: socket.socket) -> None:
    thread = answering(silent, b"HTTP/1.1 499 \r\nConnection: close\r\n\r\n<html>")
    async with AsyncClient("http://127.0.0.1", port_of(silent), log_level=None) as client:
        with pytest.raises(StatusError, match="499: an unknown status"):
            await client.util.get_server_version()
    thread.join()


async def test_redirect_names_the_other_address(silent: socket.socket) -> None:
    away = b"HTTP/1.1 301 Moved\r\nLocation: https://elsewhere/api\r\nConnection: close\r\n\r\n"
    thread = answering(silent, away)
    async with AsyncClient("http://127.0.0.1", port_of(silent), log_level=None) as client:
        with pytest.raises(StatusError, match="https://elsewhere/api") as caught:
            await client.util.get_server_version()
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - as worker processes do
    assert (str(copy), copy.status) == (str(caught.value), 301)
    thread.join()
