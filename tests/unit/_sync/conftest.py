# Derived by unasync.py: edit tests/unit/_async/conftest.py instead.
"""The clients of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.scripted_hq import Hq
from tests.support.scripted_realm import ScriptedRealm
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


@pytest.fixture
def hq() -> Hq:
    """Make an HQ, which `hq_client` calls."""
    return Hq()


@pytest.fixture
def hq_client(server: ScriptedServer, hq: Hq, tmp_path: Path) -> Iterator[Client]:
    """Make a client of HQ, after its login, with a chosen collaboration."""
    realm = ScriptedRealm(server, hq=hq)
    with Client(
        realm.url, auth_url=realm.url, log_level=None, known_organizations=tmp_path / "known"
    ) as client:
        client.authenticate("ada", "the-password")
        client.setup_collaboration(1)
        hq.sent.clear()
        yield client
