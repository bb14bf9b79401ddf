"""The client that these tests are about."""

from collections.abc import AsyncIterator

import pytest_asyncio

from vantage6.client import AsyncClient

from ..scripted import Script


@pytest_asyncio.fixture
async def client(server: Script) -> AsyncIterator[AsyncClient]:
    """Make a client of the scripted server, before its login."""
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        yield client
