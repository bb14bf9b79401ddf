"""Test that an algorithm store receives the login that it needs, and nothing else does."""

import logging

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer, with_login
from vantage6.bindings.server import calls
from vantage6.client import (
    AsyncClient,
    ConfigurationError,
    ConnectionFailedError,
    InvalidInputError,
    LoginExpiredError,
    WaitTimeoutError,
)
from vantage6.client._utils.pauses import Backoff

POLICIES: Reply = (200, {"min_reviewers": 1})
LAPSED: Reply = (401, {"msg": "Token is not valid"})


async def choose(client: AsyncClient, server: ScriptedServer, url: str) -> None:
    """Log in at a server that knows of a store at this address, and choose that."""
    row = {"id": 4, "name": "store", "url": url, "collaborations": None}
    server.reply = with_login(lambda _: (200, row))
    await client.authenticate("researcher", "secret")
    await client.store.set(4)
    server.seen.clear()


def at(script: ScriptedServer) -> str:
    return f"http://127.0.0.1:{script.port}/api"


async def test_store_receives_token_and_server(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, at(store))
    assert store.seen == [], "nothing is sent before it is needed"
    store.reply = lambda _: POLICIES
    assert await client.store.policy.get() == {"min_reviewers": 1}
    (seen,) = store.seen
    assert (seen.path, seen.server_url) == ("/api/policy", client.base_path)
    assert seen.authorization == f"Bearer {client.token}"
    assert server.seen == []
    await client.organization.get(3)
    assert server.seen[-1].server_url is None


async def test_public_store_data_needs_no_token(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, at(store))
    store.reply = lambda _: POLICIES
    await client.store.policy.get(public=True)
    assert (store.seen[-1].path, store.seen[-1].authorization) == ("/api/policy/public", None)


async def test_token_expired_at_the_store_is_refreshed_at_the_server(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, at(store))
    before = client.token
    answers = [LAPSED, POLICIES, LAPSED, LAPSED]
    store.reply = lambda _: answers.pop(0)
    assert await client.store.policy.get() == {"min_reviewers": 1}
    assert server.paths == ["POST /api/token/refresh"]
    assert server.seen[0].server_url is None
    assert client.token != before
    with pytest.raises(LoginExpiredError, match="authenticate"):
        await client.store.policy.get()


async def test_second_store_replaces_the_first(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, at(server).replace("127.0.0.1", "localhost"))
    first = client.store.url
    await choose(client, server, at(store))
    assert (client.store.url, client.store.store_id) == (at(store), 4)
    assert client.store.url != first
    store.reply = lambda _: POLICIES
    await client.store.policy.get()
    assert len(store.seen) == 1
    assert server.seen == []


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("http://store.example/api", "plain http"),
        ("http://10.0.0.1:7602/api", "plain http"),
        ("https://me:secret@store.example/api", "credentials"),
        ("file:///etc/passwd", "https://"),
        ("", "https://"),
    ],
)
async def test_token_is_not_sent_to_unsafe_addresses(
    client: AsyncClient, server: ScriptedServer, url: str, hint: str
) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        await choose(client, server, url)
    assert client.store.url is None
    with pytest.raises(ConfigurationError, match=r"store\.set"):
        await client.algorithm.get(1)


async def test_custom_request_to_the_store(
    client: AsyncClient, server: ScriptedServer, store: ScriptedServer
) -> None:
    await choose(client, server, at(store))
    store.reply = lambda request: (200, {"path": request.path})
    answer = await client.request("thing", is_for_algorithm_store=True)
    assert answer == {"path": "/api/thing"}
    assert client.generate_path_to("thing", True) == f"{at(store)}/thing"


# -- how a request is sent -------------------------------------------------------------------
async def test_custom_request_without_refresh(client: AsyncClient, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (401, {"msg": "Token has expired"}))
    await client.authenticate("researcher", "secret")
    for choice in ({"retry": False}, {"first_try": False}):
        server.seen.clear()
        with pytest.raises(LoginExpiredError):
            await client.request("thing", **choice)
        assert server.paths == ["GET /api/thing"]


async def test_attempts_on_timeout_sets_the_number_of_attempts(
    client: AsyncClient, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vantage6.client._http.retry.RETRY", Backoff((0.0,)))
    tries: list[Request] = []

    def busy(request: Request) -> Reply:
        tries.append(request)
        return 503, {"msg": "away for a moment"}

    server.reply = busy
    for wanted, attempts in ((None, 4), (0, 1), (5, 6)):
        tries.clear()
        with pytest.raises(Exception, match="away"):
            await client.util.get_server_version(wanted)
        assert len(tries) == attempts
    with pytest.raises(InvalidInputError, match="attempts_on_timeout"):
        await client.request("version", attempts_on_timeout=-1)
    async with AsyncClient("http://127.0.0.1", 1, log_level=None) as nowhere:
        with pytest.raises(ConnectionFailedError):
            await nowhere.request("version", attempts_on_timeout=0)


# -- waiting without results ------------------------------------------------------------------
async def test_wait_for_task_completion_with_custom_request(
    client: AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "vantage6.client")
    path = calls.get_task_status(12).path
    for log_animation, lines in ((True, 2), (False, 4)):
        statuses = ["pending", "pending", "pending", "crashed"]

        async def ask(asked: str, statuses: list[str] = statuses) -> dict[str, str]:
            assert asked == path
            return {"status": statuses.pop(0)}

        caplog.clear()
        assert await client.wait_for_task_completion(ask, 12, 0.1, log_animation) == "crashed"
        assert len(caplog.messages) == lines


async def test_wait_for_task_completion_times_out(client: AsyncClient) -> None:
    async def ask(_: str) -> dict[str, str]:
        return {"status": "active"}

    with pytest.raises(WaitTimeoutError, match="The task continues"):
        await client.wait_for_task_completion(ask, 12, 0.1, timeout=0.2)
