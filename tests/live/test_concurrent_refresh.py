"""Test many threads and tasks that share a login with short-lived tokens."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.tampering_proxy import TamperingProxy, tampering_proxy
from vantage6.client import AsyncClient, Client
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

# Long enough for the last of 64 to be answered on a busy machine, since each is signed before it
# waits for a connection, and for the server.
LIFE = 15
# Servers tell the end of a token in whole seconds, and the client renews it somewhat earlier.
SHORTEST = 0.9 * LIFE - 1


@pytest.fixture(scope="module")
def hasty_network() -> Iterator[LocalNetwork]:
    with LocalNetwork(organizations=1, token_seconds=LIFE) as net:
        yield net


def renewals(proxy: TamperingProxy) -> int:
    return proxy.paths.count("/api/token/refresh")


def test_64_threads_refresh_once(hasty_network: LocalNetwork) -> None:
    user = hasty_network.users["researcher"]
    with tampering_proxy(hasty_network.port) as proxy:
        with Client("http://127.0.0.1", proxy.port, log_level=None) as client:
            client.authenticate(user.username, user.password)
            time.sleep(LIFE)
            began = time.monotonic()
            with ThreadPoolExecutor(64) as pool:
                assert all(pool.map(lambda _: client.role.get(1)["id"], range(64)))
            lives = 1 + int((time.monotonic() - began) / SHORTEST)
    assert 1 <= renewals(proxy) <= lives, "once for each life of a token"


async def test_64_tasks_refresh_once(hasty_network: LocalNetwork) -> None:
    user = hasty_network.users["researcher"]
    with tampering_proxy(hasty_network.port) as proxy:
        async with AsyncClient("http://127.0.0.1", proxy.port, log_level=None) as client:
            await client.authenticate(user.username, user.password)
            await asyncio.sleep(LIFE)
            began = time.monotonic()
            rows = await asyncio.gather(*[client.role.get(1) for _ in range(64)])
            lives = 1 + int((time.monotonic() - began) / SHORTEST)
    assert len(rows) == 64
    assert 1 <= renewals(proxy) <= lives, "once for each life of a token"
