"""A server on loopback for tests of what goes over the wire."""

from collections.abc import Iterator
from time import monotonic

import pytest
from scripted import PassTime, Script, serving

from vantage6.client import Client


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


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> PassTime:
    """Give what lets tokens grow older by some seconds, at once."""

    def older(seconds: float) -> None:
        for module in ("_auth.bearer", "_auth.password"):
            monkeypatch.setattr(
                f"vantage6.client.{module}.monotonic", lambda: monotonic() + seconds
            )

    return older
