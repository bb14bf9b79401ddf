"""The client of these tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

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
