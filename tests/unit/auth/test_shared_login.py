"""Test that a login is renewed once for all who share it, and that a logout is final."""

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer, token, with_login
from vantage6.client import (
    AsyncClient,
    Client,
    ConfigurationError,
    LoginExpiredError,
    RequestTimeoutError,
)
from vantage6.client._auth.saved_login import read_login, write_login
from vantage6.client._storage.files import file_lock
from vantage6.client._utils.locks import AsyncLock

NODE = {"id": 1, "name": "node"}
FORKS = pytest.mark.posix


@pytest.fixture
def spent(server: ScriptedServer) -> Counter[str]:
    """Accept each refresh token once, as Keycloak can be set; return how often each was sent.

    Of the access tokens, only the first has expired at once.
    """
    sent: Counter[str] = Counter()
    tokens = with_login(lambda _: (200, NODE), lives=[0])

    def reply(request: Request) -> Reply:
        if request.path == "/api/token/refresh":
            sent[request.authorization or ""] += 1
            time.sleep(0.3)  # long enough for all others to want new tokens meanwhile
            if sent[request.authorization or ""] > 1:
                return 401, {"msg": "Token has been revoked"}
        return tokens(request)

    server.reply = reply
    return sent


def at_once(*calls: Callable[[], object]) -> None:
    """Make calls in threads, all at once."""
    start = threading.Barrier(len(calls))

    def call(function: Callable[[], object]) -> None:
        start.wait(30)
        function()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(call, calls))


@pytest.fixture
def file(client: Client, spent: Counter[str], tmp_path: Path) -> Path:
    """Save a login whose access token has expired."""
    client.authenticate("researcher", "secret")
    return client.saved_login.save(tmp_path / "login.json")


def expire(file: Path) -> None:
    """Replace the access token in a file by one that has expired."""
    now = time.time()
    access = token(now - 9, now - 1)
    write_login(replace(read_login(file), access_token=access, renew_in=0.0), file)


# -- in one process --------------------------------------------------------------------------------
def test_requests_and_event_connections_renew_once(client: Client, spent: Counter[str]) -> None:
    client.authenticate("researcher", "secret")
    core = client._core  # pyright: ignore[reportPrivateUsage]
    request = lambda: client.node.get(1)  # noqa: E731
    at_once(request, core.fresh_token, core.fresh_token, client.refresh_token, request)
    assert list(spent.values()) == [1]


@pytest.mark.usefixtures("_ended_loops")
def test_event_loops_of_a_client_renew_once(server: ScriptedServer, spent: Counter[str]) -> None:
    client = AsyncClient("http://127.0.0.1", server.port, log_level=None)
    asyncio.run(client.authenticate("researcher", "secret"))

    async def several() -> None:
        await asyncio.gather(*[client.node.get(1) for _ in range(4)])

    at_once(*[lambda: asyncio.run(several())] * 3)
    assert list(spent.values()) == [1]
    asyncio.run(client.close())


@pytest.fixture
def _ended_loops() -> Iterator[None]:
    """Expect that what a loop leaves open is closed, with a warning, by the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def test_abandoned_event_loop_does_not_keep_a_lock() -> None:
    lock, abandoned = AsyncLock(), asyncio.new_event_loop()
    assert abandoned.run_until_complete(lock.acquire(1))

    async def acquire() -> bool:
        acquired = await lock.acquire(1)
        lock.release()
        return acquired

    assert asyncio.run(acquire())
    abandoned.run_until_complete(asyncio.wait_for(acquire_twice(lock), 30))
    abandoned.close()


async def test_cancellation_is_not_lost_to_a_lock_that_becomes_free() -> None:
    lock = AsyncLock()
    assert await lock.acquire(1)
    waiting = asyncio.create_task(lock.acquire(60))
    await asyncio.sleep(0.01)
    lock.release()
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await lock.acquire(1)
    lock.release()


async def acquire_twice(lock: AsyncLock) -> None:
    """Release a lock that another event loop took over, and acquire it again."""
    lock.release()
    async with lock:
        assert not await lock.acquire(0.01)


# -- in several processes --------------------------------------------------------------------------
def test_programs_with_one_saved_login_renew_once(
    server: ScriptedServer, spent: Counter[str], file: Path
) -> None:
    code = (
        "import sys; from vantage6.client import Client\n"
        f"with Client.from_saved_login({str(file)!r}, log_level=None) as client:\n"
        "    sys.exit(client.node.get(1)['id'] != 1)"
    )
    programs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    assert [program.wait(60) for program in programs] == [0, 0, 0]
    assert list(spent.values()) == [1]
    with Client.from_saved_login(file, log_level=None) as client:
        client.refresh_token()
    assert list(spent.values()) == [1, 1]


def test_clients_with_one_saved_login_renew_once(
    server: ScriptedServer, spent: Counter[str], file: Path
) -> None:
    content = file.read_bytes()
    with ExitStack() as stack:
        clients = [
            stack.enter_context(Client.from_saved_login(file, log_level=None)) for _ in range(3)
        ]
        assert list(spent.values()) == [1], "the first of them"
        assert file.read_bytes() != content
        for each in clients:
            each._core.auth.tokens = clients[0]._core.auth.tokens  # pyright: ignore[reportPrivateUsage]
        at_once(*[each.refresh_token for each in clients])
        assert max(spent.values()) == 1
        assert clients[0].token != clients[1].token != clients[2].token


async def test_tasks_with_one_saved_login_renew_once(
    server: ScriptedServer, spent: Counter[str], file: Path
) -> None:
    async def program() -> None:
        async with await AsyncClient.from_saved_login(file, log_level=None) as client:
            await client.node.get(1)

    await asyncio.gather(program(), program(), program())
    assert list(spent.values()) == [1]


@FORKS
@pytest.mark.parametrize("is_saved", [False, True])
def test_forked_children_renew_once(
    client: Client, spent: Counter[str], tmp_path: Path, is_saved: bool
) -> None:
    client.authenticate("researcher", "secret")
    if is_saved:
        client.saved_login.save(tmp_path / "login.json")
    children: list[int] = []
    for _ in range(3):
        child = os.fork()
        if not child:
            status = 1
            try:
                status = int(client.node.get(1)["id"] != 1)
            finally:
                os._exit(status)
        children.append(child)
    assert client.node.get(1) == NODE
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0, 0, 0]
    assert list(spent.values()) == [1]
    client.refresh_token()
    assert list(spent.values()) == [1, 1]


@FORKS
@pytest.mark.parametrize("is_saved", [False, True])
def test_child_forked_during_a_renewal_waits_for_it(
    client: Client, spent: Counter[str], tmp_path: Path, is_saved: bool
) -> None:
    client.authenticate("researcher", "secret")
    if is_saved:
        client.saved_login.save(tmp_path / "login.json")
    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(client.node.get, 1)
        while not spent:
            time.sleep(0.01)
        child = os.fork()
        if not child:
            status = 1
            try:
                status = int(client.node.get(1)["id"] != 1)
            finally:
                os._exit(status)
        assert renewal.result() == NODE
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(spent.values()) == [1]


@FORKS
def test_child_with_another_login_keeps_it(client: Client, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret")
    child = os.fork()
    if not child:
        status = 1
        try:
            client.authenticate("researcher", "secret")
            client.refresh_token()
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.refresh_token()
    used = [each.authorization for each in server.seen if each.path.endswith("/refresh")]
    assert used == ["Bearer refresh-2", "Bearer refresh-1"]


def test_refused_tokens_of_another_program_are_renewed(
    server: ScriptedServer, spent: Counter[str], file: Path
) -> None:
    """Another program renewed them, and they have been refused since."""
    with Client.from_saved_login(file, log_level=None) as client:
        mine = client._core.auth.tokens  # pyright: ignore[reportPrivateUsage]
        assert mine
        with Client.from_saved_login(file, log_level=None) as other:
            other.refresh_token()
            refused = {f"Bearer {client.token}", f"Bearer {other.token}"}
        answer = server.reply
        server.reply = lambda request: (
            (401, {"msg": "Token has expired"})
            if request.authorization in refused
            else answer(request)
        )
        assert client.node.get(1) == NODE
    assert list(spent.values()) == [1, 1, 1]


def test_wait_for_another_program_ends_with_the_timeout(file: Path) -> None:
    with file_lock(file.with_name("login.json.renewal")):
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError, match="renewed"):
            Client.from_saved_login(file, log_level=None, timeout=0.3)
        assert time.monotonic() - began < 9


# -- logout ----------------------------------------------------------------------------------------
def test_logout_is_not_undone_by_a_renewal_elsewhere(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    with Client.from_saved_login(file, log_level=None) as other:
        assert other.saved_login.forget()
    client.refresh_token()
    assert not file.exists()
    with pytest.raises(ConfigurationError, match="cannot read a saved login"):
        Client.from_saved_login(file, log_level=None)
    assert client.saved_login.path is None
    client.authenticate("researcher", "secret")
    client.refresh_token()
    assert not file.exists()
    assert client.saved_login.save(file) == file, "unless it is saved again"
    client.refresh_token()
    assert read_login(file).access_token == client.token


def test_logout_during_a_renewal_is_final(
    client: Client, server: ScriptedServer, spent: Counter[str], tmp_path: Path
) -> None:
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    with ThreadPoolExecutor(1) as pool:
        renewal = pool.submit(client.node.get, 1)
        while not spent:
            time.sleep(0.01)
        with Client("http://127.0.0.1", server.port, log_level=None) as other:
            other._core.auth.saved = client._core.auth.saved  # pyright: ignore[reportPrivateUsage]
            assert other.saved_login.forget()
        assert renewal.result() == NODE
    assert not file.exists()


def test_login_of_another_user_is_not_replaced_by_a_renewal(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    with Client("http://127.0.0.1", server.port, log_level=None) as other:
        other.authenticate("viewer", "secret")
        other.saved_login.save(file)
        content = file.read_bytes()
        client.refresh_token()
    assert file.read_bytes() == content
    assert client.saved_login.path is None


def test_expired_login_of_another_program_is_renewed_with_its_own_tokens(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    with Client.from_saved_login(file, log_level=None) as other:
        other.refresh_token()
    expire(file)
    with Client.from_saved_login(file, log_level=None) as other:
        assert other.node.get(1) == NODE
    used: list[Any] = [r.authorization for r in server.seen if r.path.endswith("/refresh")]
    assert used == ["Bearer refresh-1", "Bearer refresh-2"]
    server.reply = lambda _: (401, {"msg": "Token has expired"})
    with pytest.raises(LoginExpiredError):
        client.refresh_token()
