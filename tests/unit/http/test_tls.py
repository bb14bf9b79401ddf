"""Test certificates, as docs/connections.md has them."""

import asyncio
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

VERSION = {"version": "4.15.2"}


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
            with pytest.raises(TLSError, match=r"authority that is not known.*verify='path/to/ca"):
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
        ({"by_itself": True}, "signed by itself.*verify='path/to/server.pem'"),
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
def test_certificate_rejected_by_strict_checks_can_be_accepted(
    ask: Ask, server: ScriptedServer, authority: CertificateAuthority
) -> None:
    strict = ssl.create_default_context(cafile=authority.file)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT  # as Python 3.13 has it
    with front(server, authority.context(authority.issue("127.0.0.1"))) as seen:
        assert ask(seen.port, verify=strict) == VERSION
    files = authority.issue("127.0.0.1", to_standard=False)
    with front(server, authority.context(files)) as seen:
        with pytest.raises(TLSError, match=r"not made to the standard.*VERIFY_X509_STRICT"):
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
        with pytest.raises(TLSError, match=r"wants a certificate from the client.*cert="):
            ask(seen.port, verify=authority.file)


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
