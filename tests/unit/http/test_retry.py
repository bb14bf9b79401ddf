"""Test which requests are retried, and the errors of those that fail."""

import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import (
    AsyncClient,
    Client,
    ConfigurationError,
    ConnectionFailedError,
    EndpointNotFoundError,
    NotFoundError,
    RequestTimeoutError,
    ServerError,
    StatusError,
    Timeouts,
    TLSError,
    TooManyRequestsError,
)
from vantage6.client._http.limits import Limits
from vantage6.client._http.retry import Retries, translate

VERSION = {"version": "4.15.2"}
REQUEST = httpx.Request("GET", "https://server/api/version")


def refusal(status: int, retry_after: str | None = None) -> httpx.Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return httpx.Response(status, headers=headers, request=REQUEST)


def replies(*first: Reply) -> Any:
    """Answer these in turn, then well."""
    left = chain(first, repeat((200, VERSION)))
    return lambda _: next(left)


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_temporary_gateway_failure_is_retried(
    client: Client, server: ScriptedServer, status: int
) -> None:
    server.reply = replies((status, b"<html>busy</html>"), (status, b""))
    assert client.util.get_server_version() == VERSION
    assert len(server.seen) == 3


GONE = (404, {"msg": "Role id=5 not found"})


@pytest.mark.parametrize("status", [502, 504])
def test_repeated_delete_of_deleted_row_succeeds(
    client: Client, server: ScriptedServer, status: int
) -> None:
    server.reply = replies((status, b"<html>busy</html>"), GONE)
    assert client.role.delete(5) == GONE[1]
    assert server.paths == ["DELETE /api/role/5"] * 2


@pytest.mark.parametrize(
    "first", [[], [(503, b"")], [(429, b"")]], ids=["at once", "after 503", "after 429"]
)
def test_delete_of_missing_row_fails(
    client: Client, server: ScriptedServer, first: list[Reply]
) -> None:
    server.reply = replies(*first, GONE)
    with pytest.raises(NotFoundError, match="not found"):
        client.role.delete(5)


def test_missing_row_counts_as_deleted_only_for_delete(
    client: Client, server: ScriptedServer
) -> None:
    server.reply = replies((502, b""), GONE)
    with pytest.raises(NotFoundError):
        client.role.get(5)
    server.reply = replies((502, b""), (404, b"<html>no such address</html>"))
    with pytest.raises(EndpointNotFoundError):
        client.role.delete(5)


async def test_async_client_retries_too(server: ScriptedServer) -> None:
    server.reply = replies((503, b""), (503, b""))
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        assert await client.util.get_server_version() == VERSION
    assert len(server.seen) == 3


def test_permanent_failure_is_reported_after_some_retries(
    client: Client, server: ScriptedServer
) -> None:
    server.reply = lambda _: (503, b"<html>busy</html>")
    with pytest.raises(ServerError, match="503: Service Unavailable"):
        client.util.get_server_version()
    assert len(server.seen) == 4


@pytest.mark.parametrize("method", ["post", "patch"])
def test_unsafe_request_is_never_sent_twice(
    client: Client, server: ScriptedServer, method: str
) -> None:
    server.reply = lambda _: (502, b"")
    with pytest.raises(ServerError):
        client.request("task", json={}, method=method)
    assert len(server.seen) == 1


def test_internal_server_error_is_not_retried(client: Client, server: ScriptedServer) -> None:
    server.reply = lambda _: (500, {"msg": "oops"})
    with pytest.raises(ServerError, match="oops"):
        client.util.get_server_version()
    assert len(server.seen) == 1


def test_redirect_is_reported_and_not_followed(client: Client, server: ScriptedServer) -> None:
    server.reply = lambda _: (301, b"", {"location": "https://elsewhere/api"})
    with pytest.raises(StatusError, match="https://elsewhere/api"):
        client.util.get_server_version()
    assert len(server.seen) == 1


def test_slow_response_times_out_without_retry(server: ScriptedServer) -> None:
    def reply(_: Request) -> Reply:
        time.sleep(0.5)
        return 200, VERSION

    server.reply = reply
    timeouts = Timeouts(read=0.1)
    with (
        Client("http://127.0.0.1", server.port, log_level=None, timeout=timeouts) as client,
        pytest.raises(RequestTimeoutError, match="no response within"),
    ):
        client.util.get_server_version()
    assert len(server.seen) == 1


@pytest.fixture
def rude_port() -> Iterator[tuple[int, list[int]]]:
    """Accept connections and close them at the first byte; count them."""
    taken: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1)
                    taken.append(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], taken
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_broken_connection_is_retried_if_safe(
    rude_port: tuple[int, list[int]],
) -> None:
    port, taken = rude_port
    with Client("http://127.0.0.1", port, log_level=None) as client:
        with pytest.raises(ConnectionFailedError, match="connection broke"):
            client.util.get_server_version()
        assert len(taken) == 4
        taken.clear()
        with pytest.raises(ConnectionFailedError, match="connection broke"):
            client.authenticate("researcher", "secret")
        assert len(taken) == 1


def test_post_is_retried_only_before_connecting() -> None:
    post = httpx.Request("POST", "https://server/api/task")
    delay = Retries(post, Limits()).after_error(httpx.ConnectError("refused", request=post))
    assert isinstance(delay, float)
    assert delay > 0
    error = Retries(post, Limits()).after_error(httpx.ReadError("reset", request=post))
    assert isinstance(error, ConnectionFailedError)


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("2", 2, 2),
        (" 0", 0.05, 0.1),
        ("soon", 0.05, 0.1),
        ("", 0.05, 0.1),
    ],
)
def test_too_many_requests_is_retried_later(asked: str, least: float, most: float) -> None:
    pause = Retries(REQUEST, Limits()).after_response(refusal(429, asked))
    assert pause is not None
    assert least <= pause <= most


@pytest.mark.parametrize(("seconds", "least", "most"), [(20, 10, 20), (-86400, 0.05, 0.1)])
def test_retry_after_is_respected(seconds: int, least: float, most: float) -> None:
    asked = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds))
    pause = Retries(REQUEST, Limits()).after_response(refusal(429, asked))
    assert pause is not None
    assert least <= pause <= most


def test_long_retry_after_is_an_error(client: Client, server: ScriptedServer) -> None:
    server.reply = lambda _: (429, {"msg": "later"}, {"retry-after": "3600"})
    with pytest.raises(TooManyRequestsError, match="later"):
        client.util.get_server_version()
    assert len(server.seen) == 1


def test_retry_pauses_grow_and_end() -> None:
    attempts = Retries(REQUEST, Limits())
    pauses = [attempts.after_response(refusal(503)) for _ in range(4)]
    assert pauses[3] is None
    assert 0 < (pauses[0] or 0) < (pauses[1] or 0) < (pauses[2] or 0) < 2
    assert sum(pause or 0 for pause in pauses) > 1, "enough for a moment"


def test_untrusted_certificate_is_not_retried() -> None:
    error = httpx.ConnectError("certificate verify failed", request=REQUEST)
    error.__cause__ = ssl.SSLCertVerificationError("certificate verify failed")
    assert isinstance(translate(error), TLSError)
    raised = Retries(REQUEST, Limits()).after_error(error)
    assert isinstance(raised, TLSError)
    assert "verify=" in str(raised)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectTimeout, RequestTimeoutError, "no connection"),
        (httpx.ReadTimeout, RequestTimeoutError, "no response"),
        (httpx.PoolTimeout, RequestTimeoutError, "busy"),
        (httpx.ConnectError, ConnectionFailedError, "cannot connect"),
        (httpx.RemoteProtocolError, ConnectionFailedError, "connection broke"),
    ],
)
def test_transport_failures_have_our_messages(
    error: type[httpx.RequestError], kind: type[Exception], words: str
) -> None:
    told = translate(error("", request=REQUEST))
    assert isinstance(told, kind)
    assert words in str(told)
    assert "GET https://server/api/version" in str(told)


def test_disabled_verification_warns_at_the_callers_line() -> None:
    unchecked = "certificate of https://server.example:443/api is not checked"
    with pytest.warns(UserWarning, match=unchecked) as caught:
        Client("https://server.example", 443, log_level=None, verify=False)
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=unchecked) as caught:
        AsyncClient("https://server.example", 443, log_level=None, verify=False)
    assert caught[0].filename == __file__


def test_unreadable_certificates_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    for path in (tmp_path / "bad.pem", tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError, match="verify: expected a file"):
            Client("https://server.example", 443, log_level=None, verify=path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Client("https://server.example", 443, log_level=None, verify=tmp_path)


def test_connections_are_reused_and_closed(client: Client, server: ScriptedServer) -> None:
    server.reply = replies()
    for _ in range(3):
        client.util.get_server_version()
    assert len(server.connections) == 1
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.util.get_server_version()
