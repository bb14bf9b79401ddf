"""Test that a call is limited in time and memory as a whole."""

import asyncio
import contextlib
import gc
import gzip
import json
import os
import socket
import threading
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import Any

import pytest

from tests.support.raw_server import HEAD, RawServer, raw_server, read_request, send_slowly
from tests.support.scripted_server import PassTime, Reply, Request, ScriptedServer, with_login
from vantage6.client import (
    AsyncClient,
    Client,
    ClientClosedError,
    ConfigurationError,
    EndpointNotFoundError,
    InvalidResponseError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    Timeouts,
)

VERSION = {"version": "4.15.2"}
Options = dict[str, Any]


def ask(port: int, options: Options, host: str = "http://127.0.0.1") -> object:
    with Client(host, port, log_level=None, **options) as client:
        return client.util.get_server_version()


def ask_async(port: int, options: Options, host: str = "http://127.0.0.1") -> object:
    async def run() -> object:
        async with AsyncClient(host, port, log_level=None, **options) as client:
            return await client.util.get_server_version()

    return asyncio.run(run())


Ask = Callable[..., object]
both = pytest.mark.parametrize("ask", [ask, ask_async], ids=["sync", "async"])
LONG = HEAD + b"Content-Length: 1000\r\n\r\n" + b'{"a": "' + b"x" * 990
ENDLESS_HEAD = HEAD + b"X-Slow: " + b"y" * 2000


@both
@pytest.mark.parametrize("data", [ENDLESS_HEAD, LONG], ids=["headers", "body"])
def test_slow_bytes_do_not_extend_the_total_timeout(ask: Ask, data: bytes) -> None:
    with raw_server(send_slowly(data, 0.05)) as seen:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError, match=r"within the 0\.6 seconds .*total"):
            ask(seen.port, {"timeout": Timeouts(total=0.6)})
        assert 0.5 < time.monotonic() - began < 20, "the whole takes 50"
    assert len(seen.connections) == 1


@both
def test_no_retry_starts_after_the_deadline(ask: Ask, server: ScriptedServer) -> None:
    server.reply = lambda _: (503, b"busy")
    began = time.monotonic()
    with pytest.raises(ServerError):
        ask(server.port, {"max_retries": 100, "timeout": Timeouts(total=3)})
    assert time.monotonic() - began < 30, "a hundred attempts take a quarter of an hour"
    assert 2 <= len(server.seen) < 6


@both
def test_retry_after_beyond_the_deadline_is_an_error(ask: Ask, server: ScriptedServer) -> None:
    server.reply = lambda _: (429, {"msg": "later"}, {"retry-after": "29"})
    began = time.monotonic()
    with pytest.raises(Exception, match="later"):
        ask(server.port, {"timeout": Timeouts(total=25)})
    assert time.monotonic() - began < 20
    assert len(server.seen) == 1


@both
def test_timeout_error_names_the_phase(ask: Ask) -> None:
    seen: RawServer

    def serve(connection: socket.socket) -> None:
        connection.recv(1)
        seen.ended.wait(30)

    with raw_server(serve) as seen:
        with pytest.raises(RequestTimeoutError, match=r"read timeout of 0\.3 seconds"):
            ask(seen.port, {"timeout": Timeouts(read=0.3)})


def test_total_timeout_includes_slow_upload() -> None:
    def sip(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        while connection.recv(2048):
            time.sleep(0.02)

    body = {"name": "x" * 20_000_000}
    with raw_server(sip) as seen:
        with Client("http://127.0.0.1", seen.port, log_level=None, timeout=1) as client:
            began = time.monotonic()
            with pytest.raises(RequestTimeoutError, match="within the 1 seconds"):
                client.request("task", body, "post")
            assert time.monotonic() - began < 30, "the whole takes minutes"


# ---- connecting ---------------------------------------------------------------------------------

LookUp = Callable[..., list[Any]]


@contextlib.contextmanager
def silent_listener(host: str = "127.0.0.1", port: int = 0) -> Iterator[Any]:
    """Yield the address of a listener that accepts no connection, because its queue is full."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(3):
            caller = sockets.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(listener.getsockname())
        yield listener.getsockname()


def stream_to(address: Any) -> Any:
    """Return what a lookup finds for an address."""
    return (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)


def look_up(monkeypatch: pytest.MonkeyPatch, find: LookUp) -> None:
    """Let a function find the addresses of server.test."""
    real = socket.getaddrinfo

    def replaced(host: Any, *args: Any, **kwargs: Any) -> Any:
        return find() if host in ("server.test", b"server.test") else real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", replaced)


def time_to_fail(
    is_async: bool, timeout: Timeouts, port: int = 1, after: Callable[[], None] = lambda: None
) -> float:
    """Return the seconds until a call fails with a timeout."""
    options: Options = {"log_level": None, "max_retries": 0, "timeout": timeout}

    async def run() -> float:
        async with AsyncClient("http://server.test", port, **options) as client:
            began = time.monotonic()
            with pytest.raises(RequestTimeoutError):
                await client.util.get_server_version()
            after()
            return time.monotonic() - began

    if is_async:
        return asyncio.run(run())
    with Client("http://server.test", port, **options) as client:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            client.util.get_server_version()
        after()
        return time.monotonic() - began


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("timeout", [Timeouts(connect=1, total=9), Timeouts(total=1)])
def test_timeouts_include_all_addresses_of_a_host(
    monkeypatch: pytest.MonkeyPatch, timeout: Timeouts, is_async: bool
) -> None:
    with silent_listener() as address:
        look_up(monkeypatch, lambda: [stream_to(address)] * 6)
        assert 0.5 < time_to_fail(is_async, timeout, address[1]) < 3, "six addresses, a second each"


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_timeouts_include_the_lookup_of_a_host(
    monkeypatch: pytest.MonkeyPatch, is_async: bool
) -> None:
    done = threading.Event()

    def find() -> list[Any]:
        done.wait(20)
        return []

    look_up(monkeypatch, find)
    assert 0.5 < time_to_fail(is_async, Timeouts(total=1), after=done.set) < 10


@both
def test_silent_address_leaves_time_for_the_next(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, server: ScriptedServer
) -> None:
    server.reply = lambda _: (200, VERSION)
    addresses = [(host, server.port) for host in ("127.0.0.2", "127.0.0.1")]
    look_up(monkeypatch, lambda: list(map(stream_to, addresses)))
    with silent_listener(*addresses[0]):
        options = {"timeout": Timeouts(connect=4), "max_retries": 0}
        assert ask(server.port, options, "http://server.test") == VERSION


# ---- memory -------------------------------------------------------------------------------------


def zeros(status: bytes, size: int) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in repeat(None, size // 65536):
            connection.sendall(bytes(65536))

    return serve


@both
@pytest.mark.parametrize(
    ("status", "kind"), [(b"200 OK", InvalidResponseError), (b"500 Oops", ServerError)]
)
def test_compressed_zeros_are_not_read_into_memory(
    ask: Ask, status: bytes, kind: type[Exception]
) -> None:
    with raw_server(zeros(status, 100 << 20)) as seen:
        tracemalloc.start()
        try:
            with pytest.raises(kind) as caught:
                ask(seen.port, {"max_retries": 0})
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 10 << 20, "a tenth of what was sent"
    assert len(getattr(caught.value, "body", "")) <= 1 << 16


@both
@pytest.mark.parametrize("is_packed", [False, True])
def test_oversized_response_is_rejected(ask: Ask, server: ScriptedServer, is_packed: bool) -> None:
    body = b'{"version": "' + b"4" * 2_000_000 + b'"}'
    headers = {"content-encoding": "gzip"} if is_packed else {}
    data = gzip.compress(body) if is_packed else body
    headers["content-length"] = str(len(data))
    server.reply = lambda _: (200, data, headers)
    with pytest.raises(InvalidResponseError, match="at most 1000000 bytes once decoded"):
        ask(server.port, {"max_response_bytes": 1_000_000})
    assert ask(server.port, {"max_response_bytes": 2_100_000})
    assert len(server.seen) == 2


@both
@pytest.mark.parametrize("packing", ["br", "zstd", "gzip, gzip", "rot13"])
def test_unrequested_compression_is_not_decoded(
    ask: Ask, server: ScriptedServer, packing: str
) -> None:
    server.reply = lambda _: (200, VERSION, {"content-encoding": packing})
    with pytest.raises(InvalidResponseError, match="content-encoding: expected gzip"):
        ask(server.port, {})


@both
def test_long_error_body_is_truncated(ask: Ask, server: ScriptedServer) -> None:
    server.reply = lambda _: (404, b"<html>" + b"no " * 100_000 + b"</html>")
    with pytest.raises(EndpointNotFoundError) as caught:
        ask(server.port, {})
    assert isinstance(caught.value.body, str)
    assert 60_000 < len(caught.value.body) <= 1 << 16
    server.reply = lambda _: (404, {"msg": "none"})
    with pytest.raises(NotFoundError, match="none"):
        ask(server.port, {})


@both
@pytest.mark.parametrize("value", [{}, {"a": 1}, [], 1000, "ab"], ids=repr)
def test_memory_of_many_small_values_is_limited(
    ask: Ask, server: ScriptedServer, value: object
) -> None:
    """Decoded, such a body takes up to thirty times its size."""
    body = {"version": "4", "more": [value] * 100_000}
    server.reply = lambda _: (200, body)
    size = len(json.dumps(body))
    with pytest.raises(InvalidResponseError, match=r"once decoded.*max_response_bytes"):
        ask(server.port, {"max_response_bytes": 2 * size})
    assert ask(server.port, {"max_response_bytes": 80 * size}) == body


# ---- other limits for some calls ----------------------------------------------------------------


def test_with_options_does_not_change_the_client(server: ScriptedServer) -> None:
    server.reply = lambda _: (503, b"")
    with Client("http://127.0.0.1", server.port, log_level=None, max_retries=1) as client:
        once = client.with_options(max_retries=0)
        for seen, some in ((1, once), (2, client), (1, once)):
            server.seen.clear()
            with pytest.raises(ServerError):
                some.util.get_server_version()
            assert len(server.seen) == seen
        assert once.with_options(timeout=1)._core.http.limits.max_retries == 0


def test_with_options_shares_login_and_choices(server: ScriptedServer) -> None:
    def others(request: Request) -> Reply:
        return 200, {"id": 5, "name": "demo", "encrypted": False}

    server.reply = with_login(others)
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        view = client.with_options(timeout=5)
        assert type(view) is Client
        client.authenticate("researcher", "secret")
        assert view.whoami == client.whoami
        view.setup_collaboration(5)
        assert client.collaboration_id == view.collaboration_id == 5
        view.authenticate("researcher", "secret")
        assert client.token == view.token
        with view:
            view.collaboration.get(5)
        assert client.collaboration.get(5)["id"] == 5, "the client is open still"
        assert len(server.connections) == 1
    with pytest.raises(ClientClosedError, match="closed"):
        view.collaboration.get(5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"timeout": 0}, "connect timeout"),
        ({"timeout": float("nan")}, "connect timeout"),
        ({"timeout": float("inf")}, "connect timeout"),
        ({"timeout": True}, "connect timeout"),
        ({"timeout": "5"}, "connect timeout"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 1.5}, "max_retries"),
        ({"max_response_bytes": 0}, "max_response_bytes"),
    ],
)
def test_invalid_limits_are_rejected(options: Options, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Client("http://localhost", 1, log_level=None, **options)
    with Client("http://localhost", 1, log_level=None) as client:
        with pytest.raises(ConfigurationError, match=said):
            client.with_options(**options)


def test_total_timeout_may_be_none() -> None:
    assert Timeouts(total=None).total is None
    with pytest.raises(ConfigurationError, match="read timeout"):
        Timeouts(read=None)  # type: ignore[arg-type]


# ---- threads, processes, loops ------------------------------------------------------------------


def test_many_threads_share_a_client(server: ScriptedServer, pass_time: PassTime) -> None:
    server.reply = with_login(lambda _: (200, VERSION), lives=[600])
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        client.authenticate("researcher", "secret")
        pass_time(600)
        with ThreadPoolExecutor(64) as pool:
            found = list(pool.map(lambda _: client.util.get_server_version(), range(320)))
    assert found == [VERSION] * 320
    assert server.paths.count("POST /api/token/refresh") <= 1
    assert len(server.connections) <= 65


async def test_many_tasks_share_a_client(server: ScriptedServer, pass_time: PassTime) -> None:
    server.reply = with_login(lambda _: (200, {"id": 1, "name": "node"}), lives=[600])
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        pass_time(600)
        rows = await asyncio.gather(*[client.node.get(1) for _ in range(64)])
    assert len(rows) == 64
    assert server.paths.count("POST /api/token/refresh") == 1


@pytest.mark.posix
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_child_process_has_own_connections_and_the_login(server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (200, {"id": 1, "name": "node"}))
    with Client("http://127.0.0.1", server.port, log_level=None) as client:
        client.authenticate("researcher", "secret")
        lock = client._core.auth._lock
        held, free = threading.Event(), threading.Event()

        def renewing() -> None:  # just when the process forks
            with lock:
                held.set()
                free.wait(30)

        thread = threading.Thread(target=renewing)
        thread.start()
        assert held.wait(30)
        child = os.fork()
        if not child:
            status = 1
            try:
                with lock:
                    status = 0 if client.node.get(1)["id"] == 1 else 2
            finally:
                os._exit(status)
        free.set()
        thread.join()
        stopper = threading.Timer(60, os.kill, (child, 9))
        stopper.start()
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        stopper.cancel()
        assert client.node.get(1)["id"] == 1
    assert len(server.connections) == 2, "one each"
    assert server.paths.count("POST /api/token/user") == 1


@pytest.fixture
def _ended_loops() -> Iterator[None]:
    """Expect that what a loop leaves open is closed, with a warning, by the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


@pytest.mark.usefixtures("_ended_loops")
def test_client_works_in_successive_event_loops(
    server: ScriptedServer, pass_time: PassTime
) -> None:
    server.reply = with_login(lambda _: (200, {"id": 1, "name": "node"}), lives=[600])
    client = AsyncClient("http://127.0.0.1", server.port, log_level=None)

    async def several() -> int:
        return len(await asyncio.gather(*[client.node.get(1) for _ in range(8)]))

    asyncio.run(client.authenticate("researcher", "secret"))
    pass_time(600)
    assert asyncio.run(several()) == 8
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: asyncio.run(several()), range(4))) == [8] * 4
    asyncio.run(client.close())
    with pytest.raises(ClientClosedError):
        asyncio.run(several())
    assert server.paths.count("POST /api/token/refresh") == 1


def test_silent_server_does_not_block_token_users() -> None:
    """One call renews the token, which takes too long; others end in their own time."""
    seen: RawServer
    held = threading.Event()

    def serve(connection: socket.socket) -> None:
        read_request(connection)
        held.set()
        seen.ended.wait(30)

    with raw_server(serve) as seen:
        with Client("http://127.0.0.1", seen.port, log_level=None, timeout=10) as client:
            from vantage6.client._auth.tokens import Tokens

            client._core.auth.tokens = Tokens("access", "refresh", 0.0)  # type: ignore[arg-type]
            with ThreadPoolExecutor(1) as pool:
                slow = pool.submit(client.node.get, 1)
                assert held.wait(30)
                began = time.monotonic()
                with pytest.raises(RequestTimeoutError, match="renewed"):
                    client.with_options(timeout=0.3).node.get(1)
                assert time.monotonic() - began < 9
                with pytest.raises(RequestTimeoutError):
                    slow.result()
