# Derived from tests/unit/_async/conftest.py by unasync.py: edit that instead.
"""The client that these tests are about."""

from collections.abc import Iterator

import pytest

from vantage6.client import Client

from ..scripted import Script


@pytest.fixture
def client(server: Script) -> Iterator[Client]:
    """Make a client of the scripted server, before its login."""
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        yield client
