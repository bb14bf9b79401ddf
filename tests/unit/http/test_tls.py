"""Test certificates, as docs/connections.md has them."""

import asyncio
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import DAY, NOW, CertificateAuthority
from tests.support.proxies import forward_to_port
from tests.support.raw_server import RawServer, raw_server
from tests.support.scripted_server import ScriptedServer, with_login
from vantage6.client import AsyncClient, Client, ConfigurationError, ConnectionFailedError, TLSError
from vantage6.client._http.proxy import socket_options
from vantage6.client._http.route import Route

VERSION = {"version": "4.15.2"}
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


def ask(port: int, **options: Any) -> object:
    with Client("https://127.0.0.1", port, log_level=None, **options) as client:
        return client.util.get_server_version()


def ask_async(port: int, **options: Any) -> object:
    async def run() -> object:
        async with AsyncClient("https://127.0.0.1", port, log_level=None, **options) as client:
            return await client.util.get_server_version()

    return asyncio.run(run())


both = pytest.mark.parametrize("ask", [ask, ask_async], ids=["sync", "async"])
Ask = Callable[..., object]


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


@pytest.fixture(autouse=True)
def _no_bundles(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in BUNDLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def _answers(server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (200, VERSION))


@contextmanager
def front(server: ScriptedServer, context: ssl.SSLContext) -> Iterator[RawServer]:
    with raw_server(forward_to_port(server.port), context) as seen:
        yield seen


@both
def test_custom_authority_is_the_only_trusted_one(
    ask: Ask, server: ScriptedServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    stranger = CertificateAuthority(tmp_path, "stranger")
    with front(server, authority.context(authority.issue("127.0.0.1"))) as seen:
        assert ask(seen.port, verify=authority.file) == VERSION
        own = ssl.create_default_context(cafile=authority.file)
        assert ask(seen.port, verify=own) == VERSION
        for verify in (True, stranger.file):
            seen.connections.clear()
            with pytest.raises(TLSError, match=r"unknown authority.*verify='path/to/ca"):
                ask(seen.port, verify=verify)
            assert len(seen.connections) == 1, "it is not tried again"


@both
@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"ends": NOW - DAY / 2}, "has expired.*renew it"),
        ({"begins": NOW + DAY / 2}, "not valid yet.*clock"),
        ({"names": ("127.0.0.2",)}, "for another name.*address"),
        ({"names": ("server.example",)}, "for another name.*address"),
        ({"by_itself": True}, "self-signed.*verify='path/to/server.pem'"),
    ],
)
def test_certificate_errors_explain_what_to_do(
    ask: Ask,
    server: ScriptedServer,
    authority: CertificateAuthority,
    facts: dict[str, Any],
    said: str,
) -> None:
    names = facts.get("names", ("127.0.0.1",))
    facts = {name: fact for name, fact in facts.items() if name != "names"}
    with front(server, authority.context(authority.issue(*names, **facts))) as seen:
        with pytest.raises(TLSError, match=said):
            ask(seen.port, verify=authority.file)
    assert len(seen.connections) == 1
    assert not server.seen


@both
@pytest.mark.parametrize("variable", BUNDLES)
def test_bundle_of_the_environment_is_trusted(
    ask: Ask,
    server: ScriptedServer,
    authority: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    stranger = CertificateAuthority(tmp_path, "stranger")
    with front(server, authority.context(authority.issue("127.0.0.1"))) as seen:
        monkeypatch.setenv(variable, str(authority.file))
        assert ask(seen.port) == VERSION
        with pytest.raises(TLSError, match="unknown authority"):
            ask(seen.port, verify=stranger.file)  # an argument takes precedence
        monkeypatch.setenv(variable, str(stranger.file))
        with pytest.raises(TLSError, match=rf"unknown authority.*{variable}='.*stranger"):
            ask(seen.port)
        assert ask(seen.port, verify=authority.file) == VERSION


def test_first_bundle_of_the_environment_applies(
    server: ScriptedServer,
    authority: CertificateAuthority,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in BUNDLES[1:]:
        monkeypatch.setenv(name, str(tmp_path / "missing.pem"))
    with pytest.raises(ConfigurationError, match=r"CURL_CA_BUNDLE: expected a file.*missing\.pem"):
        Client("https://127.0.0.1", 1, log_level=None).request("version")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file))
    with front(server, authority.context(authority.issue("127.0.0.1"))) as seen:
        assert ask(seen.port) == VERSION
        authority.file.chmod(0o666)
        with pytest.raises(ConfigurationError, match=r"REQUESTS_CA_BUNDLE=.*chmod go-w"):
            ask(seen.port)


@both
def test_certificate_rejected_by_strict_checks_can_be_accepted(
    ask: Ask, server: ScriptedServer, authority: CertificateAuthority
) -> None:
    strict = ssl.create_default_context(cafile=authority.file)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 has it
    with front(server, authority.context(authority.issue("127.0.0.1"))) as seen:
        assert ask(seen.port, verify=strict) == VERSION
    files = authority.issue("127.0.0.1", to_standard=False)
    with front(server, authority.context(files)) as seen:
        with pytest.raises(TLSError, match=r"does not conform to the standard.*VERIFY_X509_STRICT"):
            ask(seen.port, verify=strict)
        strict.verify_flags &= ~ssl.VERIFY_X509_STRICT
        assert ask(seen.port, verify=strict) == VERSION


@both
def test_self_signed_certificate_can_be_trusted(
    ask: Ask, server: ScriptedServer, authority: CertificateAuthority
) -> None:
    files = authority.issue("127.0.0.1", by_itself=True)
    with front(server, authority.context(files)) as seen:
        assert ask(seen.port, verify=files[0]) == VERSION


@both
def test_client_certificate_is_sent_on_request(
    ask: Ask, server: ScriptedServer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    crt, key = authority.issue("researcher")
    whole = tmp_path / "whole.pem"
    whole.write_bytes(crt.read_bytes() + key.read_bytes())
    whole.chmod(0o600)
    locked = authority.issue("researcher", passphrase="a passphrase")
    context = authority.context(authority.issue("127.0.0.1"), clients=authority.file)
    with front(server, context) as seen:
        for cert in (whole, (crt, key), (*locked, "a passphrase")):
            assert ask(seen.port, verify=authority.file, cert=cert) == VERSION
        with pytest.raises(TLSError, match=r"requires a client certificate.*cert="):
            ask(seen.port, verify=authority.file)


class Watched(ssl.SSLContext):
    """A context that counts the changes to it."""

    changes = 0

    def set_alpn_protocols(self, alpn_protocols: Any) -> None:
        self.changes += 1
        super().set_alpn_protocols(alpn_protocols)

    def load_cert_chain(self, *args: Any, **options: Any) -> None:
        self.changes += 1
        super().load_cert_chain(*args, **options)


@both
def test_callers_context_is_not_changed(
    ask: Ask, server: ScriptedServer, authority: CertificateAuthority
) -> None:
    own = Watched(ssl.PROTOCOL_TLS_CLIENT)
    own.load_verify_locations(authority.file)
    with front(server, authority.context(authority.issue("127.0.0.1"))) as seen:
        assert ask(seen.port, verify=own) == VERSION
        with pytest.raises(ConfigurationError, match="cert: expected None with an SSLContext"):
            ask(seen.port, verify=own, cert=authority.issue("me"))
        options = socket_options(f"https://127.0.0.1:{seen.port}", Route(own))
        events: Any = options["sslopt"]
        plain = socket.create_connection(("127.0.0.1", seen.port))
        with events["context"].wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            assert secure.version()
    assert own.changes == 0


@contextmanager
def store_elsewhere(
    server: ScriptedServer, authority: CertificateAuthority
) -> Iterator[tuple[RawServer, list[object]]]:
    """Serve a store at an origin of its own, and record the client certificates it is shown."""
    context = authority.context(authority.issue("127.0.0.1"))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(authority.file)
    shown: list[object] = []

    def serve(connection: Any) -> None:
        shown.append(connection.getpeercert())
        forward_to_port(server.port)(connection)

    def reply(request: Any) -> tuple[int, object]:
        if request.path == "/api/algorithmstore/4":
            url = f"https://127.0.0.1:{seen.port}/api"
            return 200, {"id": 4, "name": "store", "url": url, "collaborations": None}
        return 200, {"min_reviewers": 1} if request.path == "/api/policy" else VERSION

    with raw_server(serve, context) as seen:
        server.reply = with_login(reply)
        yield seen, shown


def test_store_elsewhere_has_tls_options_of_its_own(
    server: ScriptedServer, authority: CertificateAuthority
) -> None:
    cert = authority.issue("me")
    with store_elsewhere(server, authority) as (store, shown):

        def policy(client: Client, **options: Any) -> object:
            client.store.set(4, **options)
            return client.store.policy.get()

        with front(server, authority.context(authority.issue("127.0.0.1"))) as main:
            for options in ({"verify": False}, {"verify": authority.file}):
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    client = Client("https://127.0.0.1", main.port, cert=cert, **options)
                    with client:
                        client.authenticate("ada", "secret")
                        with pytest.raises(TLSError, match="unknown authority"):
                            policy(client)
                        assert policy(client, verify=authority.file) == {"min_reviewers": 1}
                        assert shown == [None], "no client certificate"
                        assert policy(client, verify=authority.file, cert=cert)
                        assert policy(client, verify=False) == {"min_reviewers": 1}
                        client.store.set(4)
                        with pytest.raises(TLSError, match="unknown authority"):
                            client.store.policy.get()
                        assert client.util.get_server_version() == VERSION
                assert [bool(one) for one in shown] == [False, True, False]
                shown.clear()
                unchecked = [
                    str(one.message) for one in caught if "not checked" in str(one.message)
                ]
                ports = [store.port] if options["verify"] else [main.port, store.port]
                assert len(unchecked) == len(ports)
                for port, text in zip(ports, unchecked, strict=True):
                    assert f"https://127.0.0.1:{port}/api is not checked" in text


async def test_async_store_elsewhere_has_tls_options_of_its_own(
    server: ScriptedServer, authority: CertificateAuthority
) -> None:
    cert = authority.issue("me")
    with (
        store_elsewhere(server, authority) as (_, shown),
        front(server, authority.context(authority.issue("127.0.0.1"))) as main,
    ):
        with pytest.warns(UserWarning, match="is not checked"):
            client = AsyncClient("https://127.0.0.1", main.port, cert=cert, verify=False)
        async with client:
            await client.authenticate("ada", "secret")
            await client.store.set(4)
            with pytest.raises(TLSError, match="unknown authority"):
                await client.store.policy.get()
            await client.store.set(4, verify=authority.file)
            assert await client.store.policy.get() == {"min_reviewers": 1}
    assert shown == [None]


def test_store_at_the_server_has_the_servers_tls_options(
    server: ScriptedServer, authority: CertificateAuthority
) -> None:
    with front(server, authority.context(authority.issue("127.0.0.1"))) as main:
        url = f"https://127.0.0.1:{main.port}/store"
        row = {"id": 4, "name": "store", "url": url, "collaborations": None}
        server.reply = with_login(lambda _: (200, row))
        with Client("https://127.0.0.1", main.port, verify=authority.file) as client:
            client.authenticate("ada", "secret")
            client.store.set(4)
            assert client.store.get(4)["url"] == url
            with pytest.raises(ConfigurationError, match="verify, cert: expected none"):
                client.store.set(4, verify=False)


def test_invalid_client_certificate_is_rejected(
    authority: CertificateAuthority,
) -> None:
    crt, key = authority.issue("researcher", passphrase="a passphrase")
    _, other = authority.issue("researcher")
    for cert in (crt, (crt, key), (crt, key, "wrong"), (crt, other), "nowhere.pem"):
        for kind in (Client, AsyncClient):
            with pytest.raises(ConfigurationError, match="cert: no certificate") as caught:
                kind("https://127.0.0.1", 1, log_level=None, cert=cert)
            assert "passphrase)" in str(caught.value)
            assert "wrong" not in str(caught.value)


@both
def test_plain_http_instead_of_tls_is_reported(ask: Ask, server: ScriptedServer) -> None:
    with pytest.raises(TLSError, match=r"does not speak TLS.*http://"):
        ask(server.port)


@both
def test_closed_connection_is_not_a_certificate_error(ask: Ask) -> None:
    with raw_server(lambda connection: None) as seen:
        with pytest.raises(ConnectionFailedError):
            ask(seen.port, max_retries=1)
    assert len(seen.connections) == 2, "it is tried again"


def test_disabled_verification_always_warns(
    server: ScriptedServer, authority: CertificateAuthority
) -> None:
    files = authority.issue("127.0.0.1", by_itself=True)
    with front(server, authority.context(files)) as seen:
        with warnings.catch_warnings(record=True) as caught:
            warnings.resetwarnings()
            warnings.simplefilter("default")
            for _ in range(3):
                assert ask(seen.port, verify=False) == VERSION
    assert [str(each.category.__name__) for each in caught] == ["UserWarning"] * 3
    assert {each.filename for each in caught} == {__file__}
