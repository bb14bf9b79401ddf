"""Test proxies of the environment and of the client, as docs/connections.md has them."""

import asyncio
import base64
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import NAME, CertificateAuthority
from tests.support.proxies import forward_to_port, http_proxy, socks_proxy
from tests.support.raw_server import raw_server
from tests.support.scripted_server import ScriptedServer, with_login
from vantage6.client import (
    AsyncClient,
    Client,
    ConfigurationError,
    ConnectionFailedError,
    MissingDependencyError,
)
from vantage6.client._http.proxy import socket_options
from vantage6.client._http.route import Route

VERSION = {"version": "4.15.2"}
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def ask(host: str, **options: Any) -> object:
    with Client(host, None, log_level=None, **options) as client:
        return client.util.get_server_version()


def ask_async(host: str, **options: Any) -> object:
    async def run() -> object:
        async with AsyncClient(host, None, log_level=None, **options) as client:
            return await client.util.get_server_version()

    return asyncio.run(run())


both = pytest.mark.parametrize("ask", [ask, ask_async], ids=["sync", "async"])
Ask = Callable[..., object]


@pytest.fixture(autouse=True)
def _answers(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.reply = with_login(lambda _: (200, VERSION))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@both
def test_plain_http_uses_the_proxy_of_the_environment(
    ask: Ask, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_proxy(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"127.0.0.1:{proxy.port}")
        assert ask(f"http://{NAME}") == VERSION
        assert proxy.asked == [f"GET http://{NAME}/api/version"]
        assert ask(f"http://127.0.0.1:{server.port}") == VERSION, "this machine needs none"
        assert len(proxy.asked) == 1


@both
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "ALL_PROXY", None])
def test_tls_uses_a_tunnel(
    ask: Ask,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str | None,
) -> None:
    authority = CertificateAuthority(tmp_path)
    context = authority.context(authority.issue(NAME))
    with (
        raw_server(forward_to_port(server.port), context) as front,
        http_proxy(front.port) as proxy,
    ):
        options: dict[str, Any] = {"verify": authority.file}
        if variable:
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        else:
            options["proxy"] = f"http://user:pass%20word@127.0.0.1:{proxy.port}"
        assert ask(f"https://{NAME}", **options) == VERSION
        assert proxy.asked == [f"CONNECT {NAME}:443"]
        assert len(proxy.credentials) == (0 if variable else 1)


@both
def test_no_proxy_hosts_are_reached_directly(
    ask: Ask, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_proxy(server.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        for excepted in ("example", f"{NAME},other", "*"):
            monkeypatch.setenv("NO_PROXY", excepted)
            with pytest.raises(ConnectionFailedError, match="cannot connect"):
                ask(f"http://{NAME}", max_retries=0)
        monkeypatch.delenv("NO_PROXY")
        with pytest.raises(ConnectionFailedError, match="cannot connect"):
            ask(f"http://{NAME}", max_retries=0, proxy=False)
        assert not proxy.asked


@both
def test_explicit_proxy_applies_to_localhost(ask: Ask, server: ScriptedServer) -> None:
    with http_proxy(server.port) as proxy:
        address = f"http://127.0.0.1:{server.port}"
        assert ask(address, proxy=f"http://127.0.0.1:{proxy.port}") == VERSION
        assert proxy.asked == [f"GET {address}/api/version"]


@both
@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_socks_proxy(ask: Ask, server: ScriptedServer, scheme: str) -> None:
    with socks_proxy(server.port) as proxy:
        assert ask(f"http://{NAME}", proxy=f"{scheme}://127.0.0.1:{proxy.port}") == VERSION
        assert proxy.asked == [f"{NAME}:80"], "the proxy looks the name up"


@both
@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_proxy_login_is_not_logged(
    ask: Ask, server: ScriptedServer, scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    word = "Proxy-Password-1843"
    login = base64.b64encode(f"ada:{word}".encode()).decode()
    with (socks_proxy if scheme == "socks5" else http_proxy)(server.port) as proxy:
        assert ask(f"http://{NAME}", proxy=f"{scheme}://ada:{word}@127.0.0.1:{proxy.port}")
    assert proxy.credentials[0] in (f"ada:{word}", f"Proxy-Authorization: Basic {login}")
    assert "httpcore.http11" in {record.name for record in caplog.records}
    assert word not in caplog.text
    assert login not in caplog.text


def test_missing_socks_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setattr("vantage6.client._http.proxy.find_spec", lambda _: None)
    for kind in (Client, AsyncClient):
        with pytest.raises(MissingDependencyError, match=r"vantage6-sdk\[socks\]"):
            kind(f"http://{NAME}", None, log_level=None, proxy="socks5://proxy.example")


@both
@pytest.mark.parametrize(
    ("refusal", "times"), [(b"407 Proxy Authentication Required", 1), (b"503 Busy", 2)]
)
def test_proxy_rejection_differs_from_a_server_error(
    ask: Ask, server: ScriptedServer, refusal: bytes, times: int
) -> None:
    with http_proxy(server.port, refusal) as proxy:
        with pytest.raises(ConnectionFailedError, match=r"proxy did not let .*(407|503)"):
            ask(f"https://{NAME}", proxy=f"http://127.0.0.1:{proxy.port}", max_retries=1)
        assert len(proxy.asked) == times
    assert not server.seen


@both
def test_silent_socks_proxy_times_out(ask: Ask) -> None:
    with raw_server(
        lambda connection: connection.recv(99) and connection.recv(99) and None
    ) as seen:
        from vantage6.client import RequestTimeoutError

        with pytest.raises(RequestTimeoutError):
            ask(f"http://{NAME}", proxy=f"socks5://127.0.0.1:{seen.port}", timeout=0.5)


@pytest.mark.parametrize(
    "proxy", ["proxy.example:3128", "ftp://proxy.example", "http://", "http://[", "http://a:0"]
)
def test_invalid_proxy_is_rejected_without_being_shown(proxy: str) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(ConfigurationError, match="proxy: expected the address") as caught:
            kind(f"https://{NAME}", None, log_level=None, proxy=proxy)
        assert proxy not in str(caught.value).replace("'http://proxy.example:3128'", "").split()


def test_events_use_the_same_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = CertificateAuthority(tmp_path)
    route = Route(authority.file, authority.issue("me"), "http://user:a%20b@proxy.example:3128")
    options = socket_options(f"https://{NAME}/api", route)
    assert options.pop("sslopt")["context"].get_ca_certs()  # type: ignore[index]
    assert options == {
        "http_proxy_host": "proxy.example",
        "http_proxy_port": 3128,
        "http_proxy_auth": ("user", "a b"),
        "http_no_proxy": ["none.invalid"],
    }
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    assert socket_options(f"http://{NAME}", Route())["http_proxy_port"] == 3128
    assert socket_options("http://localhost", Route())["http_no_proxy"] == ["*"]
    socks = socket_options(f"http://{NAME}", Route(proxy="socks5://proxy.example"))
    assert (socks["proxy_type"], socks["http_proxy_port"]) == ("socks5h", 1080)


def test_events_send_no_login_to_an_https_proxy() -> None:
    route = Route(proxy="https://user:password@proxy.example:3128")
    with pytest.raises(ConfigurationError, match="carry events"):
        socket_options(f"http://{NAME}", route)
