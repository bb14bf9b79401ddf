"""A server on loopback for tests of what goes over the wire."""

from collections.abc import Iterator

import pytest
from scripted import Script, serving

from vantage6.client import Client


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
