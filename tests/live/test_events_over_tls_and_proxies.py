"""Test waits and events on a real server behind TLS and proxies."""

import asyncio
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import NAME, CertificateAuthority
from tests.support.maybe_await import maybe_await
from tests.support.proxies import Proxy, http_proxy, socks_proxy
from vantage6.client import AsyncClient, Client, LogWritten, TLSError
from vantage6.localnet import LocalNetwork

pytestmark = [pytest.mark.live, pytest.mark.parametrize("kind", [Client, AsyncClient])]

# Without events, an end is noticed a tenth of this later.
NEVER = 6000.0
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextmanager
def tls_front(port: int, context: ssl.SSLContext) -> Iterator[int]:
    """Speak TLS in front of a port of this machine; return the port where that is."""
    loop = asyncio.new_event_loop()

    async def serve(near: asyncio.StreamReader, answer: asyncio.StreamWriter) -> None:
        far, ask = await asyncio.open_connection("127.0.0.1", port)

        async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(1 << 16):
                    target.write(data)
                    await target.drain()
            except OSError:
                pass  # it is over
            finally:
                target.close()

        try:
            await asyncio.gather(pump(near, ask), pump(far, answer))
        finally:
            ask.transport.abort()
            answer.transport.abort()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(listen(), loop).result()
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.1)  # until what was aborted is closed


async def hears_and_waits(kind: type[Any], network: LocalNetwork, *at: Any, **options: Any) -> None:
    """Hear of a task by an event, and of another one's end."""
    client = kind(*at, log_level=None, **options)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*plain http")
            who = network.users["researcher"]
            await maybe_await(client.authenticate(who.username, who.password))

        async def start(seconds: int) -> Any:
            how = {"method": "sleep", "kwargs": {"seconds": seconds}}
            return await maybe_await(client.task.create([1], "slow", "localnet/slow", "", how, 1))

        # It is at work until it is heard, however long that takes.
        task = await start(300)
        events = client.events(1, task, "log", timeout=50)
        if kind is Client:
            heard = next(iter(events))
        else:
            async with aclosing(events):
                heard = await anext(events)
        assert isinstance(heard, LogWritten)
        network.client("admin").task.kill(task["id"])
        brief = await start(1)
        rows = await maybe_await(client.wait_for_results(brief, NEVER, timeout=55, progress=False))
        assert rows.outputs == [{"slept": 1}]
    finally:
        await maybe_await(client.close())


async def test_events_use_the_given_certificate(
    kind: type[Any], network: LocalNetwork, tmp_path: Path
) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.context(authority.issue("127.0.0.1"))
    with tls_front(network.port, context) as port:
        at = ("https://127.0.0.1", port)
        await hears_and_waits(kind, network, *at, verify=authority.file)
        with pytest.raises(TLSError):
            await hears_and_waits(kind, network, *at)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_events_use_the_proxy_of_the_environment(
    kind: type[Any],
    network: LocalNetwork,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.context(authority.issue(NAME))
    with tls_front(network.port, context) as front:
        with http_proxy(front if scheme == "https" else network.port) as proxy:
            monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://127.0.0.1:{proxy.port}")
            await hears_and_waits(kind, network, f"{scheme}://{NAME}", None, verify=authority.file)
    tunnel = f"CONNECT {NAME}:{443 if scheme == 'https' else 80}"
    assert tunnel in proxy.asked, "plain requests need no tunnel, but events do"


@pytest.mark.parametrize("through", [http_proxy, socks_proxy])
async def test_events_use_the_proxy_of_the_client(
    kind: type[Any], network: LocalNetwork, through: Callable[[int], Any]
) -> None:
    with through(network.port) as proxy:
        assert isinstance(proxy, Proxy)
        scheme = "http" if through is http_proxy else "socks5h"
        address = f"{scheme}://127.0.0.1:{proxy.port}"
        await hears_and_waits(kind, network, f"http://{NAME}", None, proxy=address)
        assert any(asked.endswith(f"{NAME}:80") for asked in proxy.asked)


async def test_events_bypass_the_proxy_for_no_proxy_hosts(
    kind: type[Any], network: LocalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def here(host: Any, *more: Any, **options: Any) -> Any:
        """Stand in for the name server, which knows nothing of this name."""
        return resolve("127.0.0.1" if host in (NAME, NAME.encode()) else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    with http_proxy(network.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", f"other.example,{NAME}")
        await hears_and_waits(kind, network, f"http://{NAME}", network.port)
        assert not proxy.asked
