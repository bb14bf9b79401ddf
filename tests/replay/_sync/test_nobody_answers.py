# Derived from tests/replay/_async/test_nobody_answers.py by unasync.py: edit that instead.
"""What cannot be recorded, since there is no answer: addresses of this machine that give none."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest

from vantage6.client import Client, ConnectionFailed, RequestTimeout, TLSError

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """Take a port on which connections are taken, and nothing else is done."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def port_of(listener: socket.socket) -> int:
    return listener.getsockname()[1]


def test_nobody_is_there() -> None:
    with socket.socket() as taken:  # so that nobody else takes the port, and yet nobody listens
        taken.bind(("127.0.0.1", 0))
        with Client("http://127.0.0.1", port_of(taken), log_level=None) as client:
            with pytest.raises(ConnectionFailed, match="is the server up") as caught:
                client.util.get_server_version()
            assert (caught.value.method, "/api/version" in caught.value.url) == ("GET", True)
            with pytest.raises(ConnectionFailed):
                client.authenticate("researcher", "password")


def test_somebody_is_there_and_silent(silent: socket.socket) -> None:
    port = port_of(silent)
    with Client("http://127.0.0.1", port, log_level=None, timeout=0.05) as client:
        with pytest.raises(RequestTimeout, match="no answer within"):
            client.util.get_server_version()


def test_somebody_speaks_plain_http_where_a_certificate_is_due(silent: socket.socket) -> None:
    def answer() -> None:
        with silent.accept()[0] as connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = Thread(target=answer)
    thread.start()
    with Client("https://127.0.0.1", port_of(silent), log_level=None) as client:
        with pytest.raises(TLSError, match="no secure connection"):
            client.util.get_server_version()
    thread.join()
