"""Test that positional arguments are read in the order of the connected generation."""

from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from tests.support.scripted_hq import Hq
from tests.support.scripted_server import Reply, Request, ScriptedServer, with_login
from vantage6.client import AsyncClient, UnsupportedServerVersionError, Vantage6Error

N = None
# The method, its positional arguments at HQ, and what is sent there.
AT_HQ: list[tuple[str, list[Any], str, dict[str, Any]]] = [
    ("task.create", [[1], "t", "i", "d", "f", {}, 4, 1, N, N, [1], "central_compute"], "POST /task",
     {"method": "f", "session_id": 4, "collaboration_id": 1, "action": "central_compute",
      "databases": [[{"type": "dataframe", "dataframe_id": 1}]]}),
    ("task.list", [*[N] * 15, 4, 1], "GET /task", {"session_id": "4", "dataframe_id": "1"}),
    ("user.create", ["bob", "Secret-1", 3, [2], [1]], "POST /user",
     {"username": "bob", "password": "Secret-1", "organization_id": 3, "roles": [2], "rules": [1]}),
    ("user.create", ["robot", N, 3, N, N, True], "POST /user",
     {"username": "robot", "organization_id": 3, "is_service_account": True, "roles": []}),
    ("user.list", ["bob", 3, 2, 1], "GET /user",
     {"username": "bob", "organization_id": "3", "role_id": "2", "rule_id": "1"}),
    ("user.update", [7, [1], [2]], "PATCH /user/7", {"rules": [1], "roles": [2]}),
    ("store.create", ["s", "https://s.example", "/store", 1], "POST /algorithmstore",
     {"name": "s", "algorithm_store_url": "https://s.example", "api_path": "/store",
      "collaboration_id": 1}),
    ("node.list", [N, 3, 1, N, True, "2026-01-01", "2026-01-02"], "GET /node",
     {"organization_id": "3", "last_seen_from": "2026-01-01", "last_seen_till": "2026-01-02"}),
    ("collaboration.create", ["c", [3], False, True], "POST /collaboration",
     {"session_restrict_to_same_image": True}),
    ("store.rule.list", [N, N, N, 5, True], "GET /rule", {"user_id": "5", "current_user": "true"}),
    ("request", ["task", N, "get", N, N, True, True, N, False, True], "GET /task", {}),
]  # fmt: skip
# The same on servers 4.x.
AT_4: list[tuple[str, list[Any], str, dict[str, Any]]] = [
    ("task.create", [[1], "t", "i", "d", {"method": "f"}, 4, N, 2, N, [{"label": "a"}]],
     "POST /task", {"collaboration_id": 4, "store_id": 2, "databases": [{"label": "a"}]}),
    ("task.list", [*[N] * 15, 2, 5], "GET /task", {"page": "2", "per_page": "5"}),
    ("user.create", ["bob", "Bob", "Jones", "Secret-1", "bob@example.org", 3, [2], [1]],
     "POST /user",
     {"username": "bob", "firstname": "Bob", "lastname": "Jones", "password": "Secret-1",
      "email": "bob@example.org", "organization_id": 3, "roles": [2], "rules": [1]}),
    ("user.list", ["bob", 3, "Bob", "Jones", "bob@example.org", 2, 1], "GET /user",
     {"organization_id": "3", "firstname": "Bob", "lastname": "Jones",
      "email": "bob@example.org", "role_id": "2", "rule_id": "1"}),
    ("user.update", [8, "Ada", "Lovelace", 3, [1], [2], "ada@example.org"], "PATCH /user/8",
     {"firstname": "Ada", "lastname": "Lovelace", "rules": [1], "roles": [2],
      "email": "ada@example.org"}),
    ("store.create", ["https://s.example", "s", 1, False, True], "POST /algorithmstore",
     {"algorithm_store_url": "https://s.example", "name": "s", "collaboration_id": 1,
      "force": True}),
    ("node.list", [N, 3, 1, N, True, "10.0.0.1", "2026-01-01", "2026-01-02"], "GET /node",
     {"ip": "10.0.0.1", "last_seen_from": "2026-01-01", "last_seen_till": "2026-01-02"}),
    ("store.rule.list", [N, N, N, "ada", "https://server.example"], "GET /rule",
     {"username": "ada", "server_url": "https://server.example"}),
]  # fmt: skip
# The same by the names of both generations.
BY_NAME: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("task.create", {"organizations": [1], "name": "t", "image": "i", "input_": {"method": "f"},
                     "action": "central_compute", "session": 4},
     "POST /task", {"method": "f", "session_id": 4}),
    ("task.list", {"status": "completed", "session": 4}, "GET /task", {"session_id": "4"}),
    ("user.create", {"username": "bob", "password": "Secret-1", "organization": 3}, "POST /user",
     {"username": "bob", "password": "Secret-1"}),
    ("user.list", {"role": 2}, "GET /user", {"role_id": "2"}),
    ("user.update", {"id_": 7, "roles": [2]}, "PATCH /user/7", {"roles": [2]}),
    ("store.create", {"algorithm_store_url": "https://s.example/store", "name": "s",
                      "collaboration": 1}, "POST /algorithmstore",
     {"algorithm_store_url": "https://s.example", "api_path": "/store"}),
    ("node.list", {"last_seen_from": "2026-01-01"}, "GET /node",
     {"last_seen_from": "2026-01-01"}),
]  # fmt: skip


@pytest_asyncio.fixture
async def client(hq_client: AsyncClient, hq: Hq) -> AsyncClient:
    hq.store_url = hq_client.base_path
    await hq_client.store.set(1)
    hq.sent.clear()
    return hq_client


def find(client: AsyncClient, name: str) -> Any:
    found: Any = client
    for part in name.split("."):
        found = getattr(found, part)
    return found


def sent_to(sent: list[tuple[str, str, Any]], request: str) -> dict[str, Any]:
    """Return the query or the body of the last request of this kind."""
    for method, path, body in reversed(sent):
        parts = urlsplit(path)
        if f"{method} {parts.path}" == request:
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            return query if body is None else body
    raise AssertionError(sent)


@pytest.mark.parametrize(("name", "values", "request_", "expected"), AT_HQ)
async def test_positions_at_hq_are_those_of_version_5(
    client: AsyncClient,
    hq: Hq,
    name: str,
    values: list[Any],
    request_: str,
    expected: dict[str, Any],
) -> None:
    with suppress(Vantage6Error):  # the scripted HQ answers few of these requests
        await find(client, name)(*values)
    sent = sent_to(hq.sent, request_)
    assert {key: sent.get(key) for key in expected} == expected


@pytest.mark.parametrize(("name", "values", "request_", "expected"), AT_4)
async def test_positions_on_servers_4_are_those_of_version_4(
    server: ScriptedServer,
    name: str,
    values: list[Any],
    request_: str,
    expected: dict[str, Any],
) -> None:
    sent: list[tuple[str, str, Any]] = []

    def reply(request: Request) -> Reply:
        path = request.path.removeprefix("/api")
        sent.append((request.method, path, request.body))
        if path == "/collaboration/4":
            return 200, {"id": 4, "name": "demo", "encrypted": False}
        if path == "/user/8":
            return 200, {"id": 8, "username": "ada", "organization": {"id": 3}}
        if path.startswith("/algorithmstore/1"):
            return 200, {"id": 1, "name": "s", "url": f"http://127.0.0.1:{server.port}/api"}
        return 404, {"msg": "not found"}

    server.reply = with_login(reply)
    async with AsyncClient(f"http://127.0.0.1:{server.port}", log_level=None) as client:
        await client.authenticate("researcher", "secret")
        await client.store.set(1)
        with suppress(Vantage6Error):
            await find(client, name)(*values)
    found = sent_to(sent, request_)
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(("name", "values", "request_", "expected"), BY_NAME)
async def test_names_always_work_at_hq(
    client: AsyncClient,
    hq: Hq,
    name: str,
    values: dict[str, Any],
    request_: str,
    expected: dict[str, Any],
) -> None:
    with suppress(Vantage6Error):
        await find(client, name)(**values)
    sent = sent_to(hq.sent, request_)
    assert {key: sent.get(key) for key in expected} == expected


async def test_wrong_positions_are_explained(client: AsyncClient) -> None:
    with pytest.raises(TypeError, match=r"update\(\) takes up to 3 positional arguments at HQ"):
        await client.user.update(7, "Ada", "Lovelace", 3)
    with pytest.raises(TypeError, match="multiple values for argument 'rules'"):
        await client.user.update(7, [1], rules=[2])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("user.create", {"username": "b", "password": "Secret-1", "firstname": "Bob"}),
        ("user.update", {"id_": 7, "email": "ada@example.org"}),
        ("user.list", {"firstname": "Ada"}),
        ("node.list", {"ip": "10.0.0.1"}),
        ("node.update", {"id_": 7, "clear_ip": True}),
        ("store.create", {"algorithm_store_url": "https://s.example", "name": "s", "force": True}),
    ],
)
async def test_what_hq_lacks_is_an_error(
    client: AsyncClient, hq: Hq, name: str, values: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedServerVersionError, match="HQ has no such"):
        await find(client, name)(**values)
    assert not [method for method, _, _ in hq.sent if method != "GET"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("user.create", {"username": "b", "is_service_account": True, "organization": 1}),
        ("user.get_own_user", {"include_permissions": True}),
        ("task.list", {"session": 4}),
        ("collaboration.create",
         {"name": "c", "organizations": [1], "session_restrict_to_same_image": True}),
        ("store.create", {"algorithm_store_url": "https://s.example", "name": "s",
                          "api_path": "/store", "collaboration": 1}),
    ],
)  # fmt: skip
async def test_what_servers_4_lack_is_an_error(
    server: ScriptedServer, name: str, values: dict[str, Any]
) -> None:
    async with AsyncClient(f"http://127.0.0.1:{server.port}", log_level=None) as client:
        with pytest.raises(UnsupportedServerVersionError, match=r"generation 4\.x"):
            await find(client, name)(**values)
    assert not server.seen
