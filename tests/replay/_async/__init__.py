"""Tests of the asynchronous client, and the source that _sync is derived from."""

from typing import TYPE_CHECKING

from vantage6.client import AsyncClient

if TYPE_CHECKING:
    from ..conftest import Recorded


async def logged_in(recorded: "Recorded", user: str) -> AsyncClient:
    """Make a client that is logged in."""
    client = AsyncClient("http://127.0.0.1", recorded.port, "/api")
    await client.authenticate(user, recorded.passwords[user])
    return client
