"""The clients of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.scripted_hq import Hq
from tests.support.scripted_realm import ScriptedRealm
from tests.support.scripted_server import ScriptedServer
from vantage6.client import AsyncClient


@pytest_asyncio.fixture
async def client(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """Make a client of the scripted server, before its login; it knows of nothing yet."""
    known = tmp_path / "known_organizations"
    async with AsyncClient(
        "http://127.0.0.1", server.port, log_level=None, known_organizations=known
    ) as client:
        yield client


@pytest.fixture
def hq() -> Hq:
    """Make an HQ, which `hq_client` calls."""
    return Hq()


@pytest_asyncio.fixture
async def hq_client(server: ScriptedServer, hq: Hq, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    """Make a client of HQ, after its login, with a chosen collaboration."""
    realm = ScriptedRealm(server, hq=hq)
    async with AsyncClient(
        realm.url, auth_url=realm.url, log_level=None, known_organizations=tmp_path / "known"
    ) as client:
        await client.authenticate("ada", "the-password")
        await client.setup_collaboration(1)
        hq.sent.clear()
        yield client
