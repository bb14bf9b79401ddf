# Derived by unasync.py: edit tests/replay/_async/test_tls_and_proxies.py instead.
"""Test certificates, proxies and limits against servers on this machine."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import DAY, NAME, NOW, CertificateAuthority
from tests.support.proxies import http_proxy, socks_proxy
from tests.support.raw_server import RawServer, raw_server, read_request, send_slowly
from vantage6.client import (
    Client,
    ClientClosedError,
    ConfigurationError,
    ConnectionFailedError,
    EndpointNotFoundError,
    InvalidResponseError,
    MissingDependencyError,
    RequestTimeoutError,
    Timeouts,
    TLSError,
)
from vantage6.client._http.proxy import socket_options
from vantage6.client._http.route import Route

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

VERSION = b'{"version": "4.15.2"}'


def saying(body: bytes, status: bytes = b"200 OK", *headers: bytes) -> Callable[..., None]:
    """Answer each request on a connection with the same."""
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body]

    def serve(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(b"\r\n".join(lines))

    return serve


@contextmanager
def secured(authority: CertificateAuthority, **facts: Any) -> Iterator[RawServer]:
    """Serve the version to clients with a certificate of the authority."""
    context = authority.context(authority.issue("127.0.0.1", NAME, **facts), authority.file)
    with raw_server(saying(VERSION), context) as seen:
        yield seen


def ask(host: str, port: int | None, **options: Any) -> object:
    with Client(host, port, log_level=None, **options) as client:
        return (client.util.get_server_version())["version"]


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


def test_custom_certificates(authority: CertificateAuthority) -> None:
    crt, key = authority.issue("me", passphrase="a passphrase")
    cert = (crt, key, "a passphrase")
    context = ssl.create_default_context(cafile=authority.file)
    context.load_cert_chain(*cert)
    with secured(authority) as seen:
        address = "https://127.0.0.1", seen.port
        assert ask(*address, verify=authority.file, cert=cert) == "4.15.2"
        assert ask(*address, verify=context) == "4.15.2"
        with pytest.warns(UserWarning, match="not checked"):
            assert ask(*address, verify=False, cert=cert) == "4.15.2"
        with pytest.raises(TLSError, match="cert="):
            ask(*address, verify=authority.file)
        with pytest.raises(TLSError, match="not known here"):
            ask(*address, cert=cert)
        with pytest.raises(ConfigurationError, match="cert:"):
            ask(*address, cert=(crt, key))
    with secured(authority, ends=NOW - DAY / 2) as seen:
        with pytest.raises(TLSError, match="has expired"):
            ask("https://127.0.0.1", seen.port, verify=authority.file, cert=cert)
    assert len(seen.connections) == 1


def test_proxies(authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    options: dict[str, Any] = {"verify": authority.file, "cert": authority.issue("me")}
    with secured(authority) as seen, http_proxy(seen.port) as proxy, socks_proxy(seen.port) as sock:
        monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{proxy.port}")
        assert ask(f"https://{NAME}", None, **options) == "4.15.2"
        assert proxy.asked == [f"CONNECT {NAME}:443"]
        options["proxy"] = f"socks5://127.0.0.1:{sock.port}"
        assert ask(f"https://{NAME}", None, **options) == "4.15.2"
        assert sock.asked == [f"{NAME}:443"]
        events = socket_options(f"https://{NAME}/api", Route(authority.file))
        assert events["http_proxy_port"] == proxy.port
    with http_proxy(seen.port, b"407 No") as proxy:
        with pytest.raises(ConnectionFailedError, match="the proxy did not let"):
            ask(f"https://{NAME}", None, proxy=f"http://127.0.0.1:{proxy.port}")
    for bad in ("proxy", "http://["):
        with pytest.raises(ConfigurationError, match="proxy="):
            ask(f"https://{NAME}", None, proxy=bad)
    way = Route(proxy="socks5://user:word@proxy.example")
    assert socket_options(f"http://{NAME}", way)["http_proxy_auth"] == ("user", "word")
    monkeypatch.setattr("vantage6.client._http.proxy.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match="socks"):
        ask(f"http://{NAME}", None, proxy="socks5://proxy.example")


def test_oversized_and_oddly_compressed_responses() -> None:
    with raw_server(saying(VERSION)) as seen:
        with pytest.raises(InvalidResponseError, match="max_response_bytes"):
            ask("http://127.0.0.1", seen.port, max_response_bytes=10)
    with raw_server(saying(VERSION, b"200 OK", b"Content-Encoding: br")) as seen:
        with pytest.raises(InvalidResponseError, match="content-encoding"):
            ask("http://127.0.0.1", seen.port)
    with raw_server(saying(b"not JSON " * 10000, b"404 Not Here")) as seen:
        with pytest.raises(EndpointNotFoundError):
            ask("http://127.0.0.1", seen.port)
    with raw_server(saying(VERSION, b"200 OK", b"Content-Encoding: gzip")) as seen:
        with pytest.raises(ConnectionFailedError, match="damaged"):
            ask("http://127.0.0.1", seen.port)


def test_timeout_errors_name_the_option() -> None:
    slow = send_slowly(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99, 0.05)
    with raw_server(slow) as seen:
        with pytest.raises(RequestTimeoutError, match="total timeout"):
            ask("http://127.0.0.1", seen.port, timeout=Timeouts(total=0.3))
    with raw_server(lambda connection: seen.ended.wait(5) and None) as seen:
        with pytest.raises(RequestTimeoutError, match="read timeout"):
            ask("http://127.0.0.1", seen.port, timeout=Timeouts(read=0.3))
        body = {"name": "x" * 50_000_000}
        with Client(
            "http://127.0.0.1", seen.port, log_level=None, timeout=Timeouts(write=0.3)
        ) as client:
            with pytest.raises(RequestTimeoutError, match="write timeout"):
                client.request("task", body, "post")
        seen.ended.set()
    for bad in ({"timeout": -1}, {"max_retries": -1}):
        with pytest.raises(ConfigurationError, match=next(iter(bad))):
            ask("http://127.0.0.1", 1, **bad)


def test_with_options_has_own_limits_and_closes_with_the_client() -> None:
    with raw_server(saying(b"", b"503 Busy")) as seen:
        with Client("http://127.0.0.1", seen.port, log_level=None) as client:
            view = client.with_options(timeout=5, max_retries=0, max_response_bytes=1000)
            with view:
                with pytest.raises(Exception, match="503"):
                    view.util.get_server_version()
        with pytest.raises(ClientClosedError):
            view.util.get_server_version()
