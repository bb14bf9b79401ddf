# Derived by unasync.py: edit tests/unit/_async/conftest.py instead.
"""The client of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scripted_server import ScriptedServer
from vantage6.client import Client


@pytest.fixture
def client(server: ScriptedServer, tmp_path: Path) -> Iterator[Client]:
    """Make a client of the scripted server, before its login; it knows of nothing yet."""
    known = tmp_path / "known_organizations"
    with Client(
        "http://127.0.0.1", server.port, log_level=None, known_organizations=known
    ) as client:
        yield client
