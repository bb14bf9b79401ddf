"""Test that a token is renewed early by one, and by all that wait for it when it is necessary."""

import asyncio
import gc
import os
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_realm import REALM, ScriptedRealm, refusal
from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import (
    AsyncClient,
    Client,
    ConnectionFailedError,
    InvalidResponseError,
    LoginExpiredError,
    ServerError,
    StatusError,
    TooManyRequestsError,
)
from vantage6.client._auth import bearer, tokens
from vantage6.client._sync.core import auth

NODE = {"id": 1, "name": "node"}
WARNING = "The token is valid, but was not renewed"


@pytest.fixture
def realm(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedRealm:
    def sleep(_: float) -> None:
        pass

    monkeypatch.setattr(auth, "sleep", sleep)
    return ScriptedRealm(server, hq=lambda _: (200, NODE))


@pytest.fixture
def client(realm: ScriptedRealm) -> Iterator[Client]:
    with Client(realm.url, auth_url=realm.url, log_level=None) as client:
        client.authenticate(show=lambda _: None, open_browser=False)
        yield client


def age(client: Any) -> None:
    """Let the token reach the second half of its life."""
    signer = client._core.auth
    signer.tokens = replace(signer.tokens, may_renew_at=0.0)


def expire(client: Any) -> None:
    """Let the token reach the moment by which it must be renewed."""
    signer = client._core.auth
    signer.tokens = replace(signer.tokens, renew_at=0.0)


def renewals(realm: ScriptedRealm) -> int:
    return [form["grant_type"] for form in realm.forms].count("refresh_token")


@pytest.mark.parametrize(("life", "may", "must"), [(300, 150, 270), (20, 10, 18), (6, 3, 5.4)])
def test_windows_are_fractions_of_the_life_of_a_token(life: float, may: float, must: float) -> None:
    found = tokens.renewal_times(1000.0, life)
    assert found == pytest.approx((1000 + must, 1000 + may))


@pytest.mark.parametrize("life", [None, "300", 10**400])
def test_token_of_unknown_life_is_renewed_when_it_is_refused(life: object) -> None:
    assert tokens.renewal_times(1000.0, life) == (float("inf"), float("inf"))


def stall(realm: ScriptedRealm) -> tuple[threading.Event, threading.Event]:
    """Let renewals take as long as a test wants; return when one has begun and may end."""
    begun, done, reply = threading.Event(), threading.Event(), realm.reply

    def stalling(request: Request) -> Reply:
        if request.path == f"{REALM}/token":
            begun.set()
            done.wait(30)
        return reply(request)

    realm.server.reply = stalling
    return begun, done


def test_others_go_on_while_one_thread_renews_early(client: Client, realm: ScriptedRealm) -> None:
    begun, done = stall(realm)
    age(client)
    before = client.token
    with ThreadPoolExecutor() as pool:
        one = pool.submit(client.node.get, 1)
        assert begun.wait(30)
        for _ in range(5):
            assert client.node.get(1) == NODE
        assert client.token == before, "they went on with the token"
        assert not one.done()
        done.set()
        assert one.result(30) == NODE
    assert client.token != before
    assert renewals(realm) == 1


def test_all_wait_for_a_renewal_that_is_necessary(client: Client, realm: ScriptedRealm) -> None:
    begun, done = stall(realm)
    expire(client)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(client.node.get, 1) for _ in range(4)]
        assert begun.wait(30)
        time.sleep(0.2)
        assert not any(call.done() for call in calls)
        done.set()
        assert [call.result(30) for call in calls] == [NODE] * 4
    assert renewals(realm) == 1


async def test_tasks_go_on_while_one_renews_early(realm: ScriptedRealm) -> None:
    client = AsyncClient(realm.url, auth_url=realm.url, log_level=None)
    async with client:
        await client.initialize_service_account("the-secret", "nightly")
        await client.authenticate_service_account()
        begun, done = stall(realm)
        age(client)
        one = asyncio.ensure_future(client.node.get(1))
        await asyncio.to_thread(begun.wait, 30)
        assert await client.node.get(1) == NODE
        assert not one.done()
        done.set()
        assert await one == NODE
    assert len(realm.forms) == 2, "the login of the service account, and one early renewal"


@pytest.mark.parametrize(
    ("reply", "later"),
    [
        ((503, b"busy"), ServerError),
        ((200, b"<html>proxy</html>"), InvalidResponseError),
        ((200, {"access_token": "x" * (64 << 20)}), InvalidResponseError),
        (refusal("invalid_grant", "Session not active"), LoginExpiredError),
        ((302, b"", {"location": "/elsewhere"}), StatusError),
        ((429, b"busy"), TooManyRequestsError),
        (ConnectionAbortedError(), ConnectionFailedError),
    ],
    ids=["503", "html", "large", "refused", "redirect", "429", "lost"],
)
def test_early_failure_is_a_warning_once(
    client: Client,
    realm: ScriptedRealm,
    reply: Any,
    later: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = realm.reply

    def fail(request: Request) -> Reply:
        if request.path != f"{REALM}/token":
            return answer(request)
        if isinstance(reply, Exception):
            raise reply
        return reply

    realm.server.reply = fail
    age(client)
    for _ in range(3):
        assert client.node.get(1) == NODE
    assert renewals(realm) == 1, "no storm"
    assert caplog.text.count(WARNING) == 1
    assert "refresh-1" not in caplog.text
    expire(client)
    with pytest.raises(later):
        client.node.get(1)


def test_call_keeps_its_time_when_an_early_renewal_stalls(
    client: Client, realm: ScriptedRealm, caplog: pytest.LogCaptureFixture
) -> None:
    _, done = stall(realm)
    age(client)
    began = time.monotonic()
    assert client.with_options(timeout=2).node.get(1) == NODE
    assert 0.9 < time.monotonic() - began < 2
    assert WARNING in caplog.text
    done.set()


def test_early_refusal_asks_nobody_to_log_in_again(client: Client, realm: ScriptedRealm) -> None:
    shown: list[Any] = []
    client.authenticate(show=shown.append, open_browser=False, auto_relogin=True)
    age(client)
    realm.token_replies = [refusal("invalid_grant", "Session not active")]
    assert client.node.get(1) == NODE
    assert len(shown) == 1, "the token is valid still"
    expire(client)
    realm.token_replies = [refusal("invalid_grant", "Session not active"), None]
    assert client.node.get(1) == NODE
    assert len(shown) == 2


def test_suspension_is_noticed_by_the_date(
    client: Client, realm: ScriptedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.node.get(1) == NODE
    assert renewals(realm) == 0
    monkeypatch.setattr(bearer, "time", lambda: time.time() + 3600)
    assert client.node.get(1) == NODE
    assert renewals(realm) == 1
    # A date that is set back is no reason to wait for longer.
    monkeypatch.setattr(bearer, "time", lambda: time.time() - 3600)
    monkeypatch.setattr(bearer, "monotonic", lambda: time.monotonic() + 299)
    assert client.node.get(1) == NODE
    assert renewals(realm) == 2


def accept_once(realm: ScriptedRealm) -> Counter[str]:
    """Accept each refresh token once, as a realm can be set; return how often each was sent."""
    sent: Counter[str] = Counter()
    reply = realm.reply

    def once(request: Request) -> Reply:
        if request.path == f"{REALM}/token" and request.body["grant_type"] == "refresh_token":
            sent[request.body["refresh_token"]] += 1
            time.sleep(0.2)  # long enough for all others to want new tokens meanwhile
            if sent[request.body["refresh_token"]] > 1:
                return refusal("invalid_grant", "Maximum allowed refresh token reuse exceeded")
        return reply(request)

    realm.server.reply = once
    return sent


@pytest.mark.posix
@pytest.mark.parametrize("is_early", [False, True])
def test_forked_children_renew_once(client: Client, realm: ScriptedRealm, is_early: bool) -> None:
    sent = accept_once(realm)
    signer = client._core.auth
    assert signer.tokens
    aged = {"may_renew_at": 0.0} if is_early else {"renew_at": 0.0}
    signer.use(replace(signer.tokens, **aged), signer.strategy)
    children: list[int] = []
    for _ in range(3):
        child = os.fork()
        if not child:
            status = 1
            try:
                status = int(client.node.get(1) != NODE)
            finally:
                os._exit(status)
        children.append(child)
    assert client.node.get(1) == NODE
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0, 0]
    assert list(sent.values()) == [1]


@pytest.fixture
def _ended_loops() -> Iterator[None]:
    """Expect that what a loop leaves open is closed, with a warning, by the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.usefixtures("_ended_loops")
@pytest.mark.parametrize("is_early", [False, True])
def test_event_loops_renew_once(realm: ScriptedRealm, is_early: bool) -> None:
    client = AsyncClient(realm.url, auth_url=realm.url, log_level=None)
    asyncio.run(client.authenticate("ada", "the-password"))
    sent = accept_once(realm)
    (age if is_early else expire)(client)
    with ThreadPoolExecutor(3) as pool:
        calls = [pool.submit(lambda: asyncio.run(client.node.get(1))) for _ in range(3)]
        assert [call.result(30) for call in calls] == [NODE] * 3
    assert list(sent.values()) == [1]
    asyncio.run(client.close())


def test_other_program_renews_early_for_all(
    client: Client, realm: ScriptedRealm, tmp_path: Path
) -> None:
    file = client.saved_login.save(tmp_path / "login.json")
    with Client.from_saved_login(file, log_level=None) as other:
        age(client)
        assert client.node.get(1) == NODE
        assert renewals(realm) == 1
        age(other)
        assert other.node.get(1) == NODE
        assert renewals(realm) == 1, "the other takes over what was saved"
        assert other.token == client.token
