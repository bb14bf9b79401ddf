"""Test certificates and proxies on the way to the realm, which has an origin of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.certificates import CertificateAuthority
from tests.support.proxies import forward_to_port, http_proxy
from tests.support.raw_server import raw_server
from tests.support.scripted_realm import ScriptedRealm
from tests.support.scripted_server import ScriptedServer
from vantage6.client import Client, TLSError

NAME = "auth.example"


@pytest.fixture
def realm(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedRealm:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    return ScriptedRealm(server)


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority(tmp_path)


@pytest.fixture
def secure(realm: ScriptedRealm, authority: CertificateAuthority) -> Iterator[str]:
    """Serve the realm over TLS, while HQ is on plain http; return its address."""
    context = authority.context(authority.issue("127.0.0.1"))
    with raw_server(forward_to_port(realm.server.port), context) as front:
        yield f"https://127.0.0.1:{front.port}"


def log_in(realm: ScriptedRealm, auth_url: str, **options: Any) -> str:
    with Client(realm.url, auth_url=auth_url, log_level=None, **options) as client:
        client.authenticate("ada", "the-password")
        return client.name


def test_realm_has_certificates_of_its_own(
    realm: ScriptedRealm, authority: CertificateAuthority, secure: str
) -> None:
    assert log_in(realm, secure, auth_verify=authority.file) == "ada"
    with pytest.raises(TLSError, match="unknown authority"):
        log_in(realm, secure)
    assert realm.forms == realm.forms[:1], "no password went there"


def test_certificates_of_hq_are_not_for_the_realm(
    realm: ScriptedRealm, authority: CertificateAuthority, secure: str
) -> None:
    for verify in (authority.file, False):
        with pytest.raises(TLSError, match="unknown authority"):
            log_in(realm, secure, verify=verify)


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_bundle_of_the_environment_holds_for_the_realm(
    realm: ScriptedRealm,
    authority: CertificateAuthority,
    secure: str,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
) -> None:
    monkeypatch.setenv(variable, str(authority.file))
    assert log_in(realm, secure) == "ada"


def test_proxy_of_the_environment_holds_for_the_realm(
    realm: ScriptedRealm, authority: CertificateAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = authority.context(authority.issue(NAME))
    with (
        raw_server(forward_to_port(realm.server.port), context) as front,
        http_proxy(front.port) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert log_in(realm, f"https://{NAME}", auth_verify=authority.file) == "ada"
        assert proxy.asked == [f"CONNECT {NAME}:443"]
