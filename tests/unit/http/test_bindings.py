"""Test that the bindings share the client's connections and login."""

from typing import Any

from tests.support.scripted_server import Reply, ScriptedServer, with_login
from vantage6.bindings.server.api.organization import list_organizations
from vantage6.client import AsyncClient, Client

EMPTY: Reply = (200, {"data": [], "links": {"first": "a", "self": "a"}}, {"total-count": "0"})


def test_bindings_share_login_and_connections(client: Client, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: EMPTY)
    client.authenticate("researcher", "secret")
    answer: Any = list_organizations.sync(client=client.api, name="x")
    assert answer.data == []
    assert server.seen[-1].authorization == f"Bearer {client.token}"
    assert len(server.connections) == 1


async def test_bindings_share_them_in_the_async_client(server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: EMPTY)
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        answer: Any = await list_organizations.asyncio(client=client.api)
        assert server.seen[-1].authorization == f"Bearer {client.token}"
    assert answer.data == []
