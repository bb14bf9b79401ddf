"""Test the errors for features that an older server or store lacks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer, with_login
from vantage6.client import AsyncClient, EndpointNotFoundError, UnsupportedServerVersionError

GONE: Reply = (404, b"<html>not here</html>")
TASK: dict[str, Any] = {"name": "x", "image": "y", "description": "", "collaboration": 1}


def of_version(version: str, others: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
    """Answer as a server of a version, which also knows a store."""

    def reply(request: Request) -> Reply:
        if request.path == "/api/version":
            return 200, {"version": version}
        if request.path == "/api/collaboration/1":
            return 200, {"id": 1, "name": "demo", "encrypted": False}
        return others(request)

    return with_login(reply)


async def choose(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer, path: str = "/api"
) -> None:
    """Log in at a server, and choose a store."""
    row = {"id": 4, "name": "store", "url": f"http://127.0.0.1:{store.port}{path}"}
    server.reply = of_version("4.7.1", lambda _: (200, row))
    await client.authenticate("researcher", "secret")
    await client.store.set(4)


async def test_version_is_requested_once_and_only_if_needed(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, store)
    assert "GET /api/version" not in server.paths
    not_here: Reply = (405, {"message": "The method is not allowed for the requested URL."})
    store.reply = of_version("4.9.1", lambda _: not_here)
    for _ in range(2):
        with pytest.raises(
            UnsupportedServerVersionError, match=r"store of version 4\.10\.0 or later, got 4\.9\.1"
        ):
            await client.store.role.create("watcher", "", [1])
    with pytest.raises(UnsupportedServerVersionError) as caught:
        await client.store.role.delete(1)
    error = caught.value
    assert (error.operation, error.server, error.needed) == ("delete_role", "4.9.1", "4.10.0")
    assert (error.method, error.status) == ("DELETE", 405)
    asked = [request for request in store.seen if request.path == "/api/version"]
    assert [request.authorization for request in asked] == [None]


async def test_nothing_unsupported_is_sent_to_the_store(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, store)
    store.reply = of_version("4.7.1", lambda _: (201, {"id": 1}))
    rest = {"name": "x", "description": "", "image": "y", "vantage6_version": "4", "code_url": "z"}
    function: Any = {"name": "mean", "type": "central"}
    await client.algorithm.create(**rest, partitioning="horizontal", functions=[function])
    assert store.paths == ["POST /api/algorithm"]
    late: Any = {**function, "arguments": [{"name": "a", "type": "string", "default_value": "b"}]}
    with pytest.raises(UnsupportedServerVersionError, match=r"functions\.arguments\.default_value"):
        await client.algorithm.create(**rest, partitioning="horizontal", functions=[late])
    assert store.paths == ["POST /api/algorithm", "GET /api/version"]


@pytest.mark.parametrize(
    ("version", "sent"), [("4.7.1", "query"), ("4.8.2", "body"), ("4.15.2", "body")]
)
async def test_location_of_server_url_depends_on_the_version(
    client: AsyncClient, server: ScriptedServer, version: str, sent: str
) -> None:
    server.reply = of_version(version, lambda _: (201, {"id": 1}))
    await client.authenticate("researcher", "secret")
    await client.task.create([1], **TASK, method="f", server_url="https://here.example")
    request = server.seen[-1]
    assert ("server_url=https%3A%2F%2Fhere.example" in request.path) == (sent == "query")
    assert ("server_url" in request.body) == (sent == "body")


async def test_missing_endpoint_of_a_current_version_is_not_called_old(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, store)
    for reply in (of_version("4.15.2", lambda _: GONE), lambda _: GONE):
        store.reply = reply
        with pytest.raises(EndpointNotFoundError, match="no such address") as caught:
            await client.store.role.delete(1)
        assert not isinstance(caught.value, UnsupportedServerVersionError)


async def test_store_path_is_added_for_servers_that_omit_it(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, store, path="")
    assert client.store.url == f"http://127.0.0.1:{store.port}/api"
    assert server.paths.count("GET /api/version") == 1
