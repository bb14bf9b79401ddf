"""Fixtures for tests with a scripted server."""

from collections.abc import Iterator
from time import monotonic

import pytest

from tests.support.scripted_server import PassTime, ScriptedServer, scripted_server
from vantage6.client import Client


@pytest.fixture
def store() -> Iterator[ScriptedServer]:
    """Run an algorithm store for one test."""
    with scripted_server() as script:
        yield script


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[Client]:
    """Make a client of the scripted server, before its login."""
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        yield client


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> PassTime:
    """Return a function that lets tokens age by some seconds."""

    def older(seconds: float) -> None:
        for module in ("_auth.bearer", "_auth.password"):
            monkeypatch.setattr(
                f"vantage6.client.{module}.monotonic", lambda: monotonic() + seconds
            )

    return older
