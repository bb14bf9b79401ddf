"""A server on loopback for tests of what goes over the wire."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest

from vantage6.client import Client

from .scripted import Handler, Script


@contextmanager
def serving() -> Iterator[Script]:
    """Run a server."""
    handler = type("ScriptedHandler", (Handler,), {})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    httpd.daemon_threads = True
    script = handler.script = Script(httpd.server_address[1])
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield script
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def server() -> Iterator[Script]:
    """Run the server for one test."""
    with serving() as script:
        yield script


@pytest.fixture
def store() -> Iterator[Script]:
    """Run an algorithm store for one test."""
    with serving() as script:
        yield script


@pytest.fixture
def client(server: Script) -> Iterator[Client]:
    """Make a client of the scripted server, before its login."""
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        yield client
