"""Test the bindings: their connections and login, statuses, copies and nullable parts."""

import copy
import pickle
from typing import Any

import pytest

from tests.support.scripted_server import Reply, ScriptedServer, with_login
from vantage6.bindings.server.api.organization import list_organizations
from vantage6.bindings.server.models import Node, TaskInput, TaskOrganization
from vantage6.bindings.server.types import UNSET
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


@pytest.mark.parametrize("status", [299, 520, 502])
def test_any_status_is_returned(client: Client, server: ScriptedServer, status: int) -> None:
    server.reply = with_login(lambda _: (status, b"{}"))
    client.authenticate("researcher", "secret")
    answer = list_organizations.sync_detailed(client=client.api)
    assert (answer.status_code, answer.parsed, answer.content) == (status, None, b"{}")
    assert list_organizations.sync(client=client.api) is None


def pickled(model: Any) -> Any:
    return pickle.loads(pickle.dumps(model))  # noqa: S301 - written here


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
def test_copied_model_serializes(copied: Any) -> None:
    body = TaskInput(
        collaboration_id=1, image="i", organizations=[TaskOrganization(id=1, input_="e30=")]
    )
    assert body.name is UNSET
    assert copied(body) == body
    assert copied(body).to_dict() == body.to_dict()


NODE = {"id": 1, "config": [], "ip": None, "last_seen": None, "name": "n", "status": "online"}
NODE |= {"organization": {"id": 1, "link": "", "methods": []}, "type": "node"}


def test_nullable_part_that_does_not_fit_raises() -> None:
    assert Node.from_dict({**NODE, "collaboration": None}).collaboration is None
    whole = Node.from_dict({**NODE, "collaboration": NODE["organization"]})
    assert whole.collaboration == whole.organization
    for wrong in ({"id": 1}, "text"):
        with pytest.raises((KeyError, TypeError)):
            Node.from_dict({**NODE, "collaboration": wrong})
