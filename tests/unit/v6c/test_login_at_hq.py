"""Test `v6c login`, `logout` and `version` at HQ, and what they write to a profile."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.scripted_realm import REALM, ScriptedRealm
from tests.support.scripted_server import ScriptedServer
from vantage6.bindings.hq.api.session import list_sessions
from vantage6.client import Client, ConnectionFailedError, Profile
from vantage6.client._config.profiles import read_profiles, save_profile
from vantage6.client._encryption.keys import generate_private_key, private_key_to_pem
from vantage6.client._sync.core import auth
from vantage6.v6c import _exit_codes
from vantage6.v6c._connection import ConnectionOptions, connect_without_prompt
from vantage6.v6c._main import run

ELSEWHERE = "https://keycloak.example"
SERVICE = """service_account = ada
client_secret_file = secret
auth_verify = false
"""
COLLABORATION = {"id": 1, "name": "demo", "encrypted": True}


@pytest.fixture
def realm(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedRealm:
    monkeypatch.setattr(auth, "sleep", lambda _: None)
    return ScriptedRealm(server)


@pytest.fixture
def file(home: Path) -> Path:
    """Return the profile file, with a certificate and a private key beside it."""
    file = home / "config" / "vantage6" / "profiles.ini"
    file.parent.mkdir(parents=True, mode=0o700)
    pem = private_key_to_pem(generate_private_key(2048))
    for name in ("me.pem", "ca.pem", "iknl.pem"):
        file.with_name(name).write_bytes(pem)
        file.with_name(name).chmod(0o600)
    return file


def write(file: Path, realm: ScriptedRealm, more: str) -> Profile:
    """Write a profile of the scripted HQ, and return it."""
    file.write_text(f"[default]\nserver = {realm.url}/hq\nauth_url = {realm.url}\n{more}")
    file.chmod(0o600)
    return read_profiles(file.read_text(), file)["default"]


def written(file: Path) -> Profile:
    return read_profiles(file.read_text(), file)["default"]


def log_in(*more: str) -> int:
    return run(["login", "--no-browser", *more])


def test_login_keeps_the_settings_of_the_profile(file: Path, realm: ScriptedRealm) -> None:
    before = write(
        file,
        realm,
        "auth_realm = vantage6\nverify = false\nauth_verify = false\ncert = me.pem\n"
        "proxy = false\ntrust = strict\n",
    )
    assert log_in("--trust", "first-use") == _exit_codes.OK
    found = written(file)
    for key in ("verify", "auth_verify", "cert", "proxy", "trust"):
        assert getattr(found, key) == getattr(before, key), key
    assert (found.username, found.save) == ("ada", True)
    assert found.auth_url == f"{realm.url}/realms/vantage6"
    with Client.from_profile("default", log_level=None) as client:  # with the saved login
        assert client.name == "ada"
        assert client._core.trust.mode == "strict"


def test_login_sets_up_the_key_and_collaboration_of_the_profile(
    file: Path, realm: ScriptedRealm
) -> None:
    rows = {"/hq/collaboration/1": COLLABORATION, "/hq/organization/3": {"id": 3}}
    realm.hq = lambda request: (200, rows[request.path])
    write(file, realm, "collaboration = 1\nprivate_key = iknl.pem\n")
    assert log_in() == _exit_codes.OK
    assert (written(file).collaboration, written(file).private_key) == (
        "demo",
        file.with_name("iknl.pem"),
    )


def test_login_keeps_the_text_of_a_private_key(file: Path, realm: ScriptedRealm) -> None:
    pem = file.with_name("iknl.pem").read_text()
    realm.hq = lambda _: (200, {"id": 3})
    text = "\n  ".join(pem.strip().splitlines())
    before = write(file, realm, f"private_key = {text}\n")
    assert log_in() == _exit_codes.OK
    assert written(file).private_key == before.private_key


def test_private_key_text_is_not_lost_to_another_server(
    file: Path, realm: ScriptedRealm, capsys: pytest.CaptureFixture[str]
) -> None:
    pem = file.with_name("iknl.pem").read_text()
    key = "\n  ".join(pem.strip().splitlines())
    file.write_text(f"[default]\nserver = https://hospital.example/hq\nprivate_key = {key}\n")
    file.chmod(0o600)
    before = file.read_text()
    arguments = ("-p", "default", "-s", f"{realm.url}/hq", "--auth-url", realm.url)
    assert log_in(*arguments) != _exit_codes.OK
    told = capsys.readouterr().err
    assert "would be lost" in told
    assert pem.splitlines()[1] not in told
    assert file.read_text() == before


def test_login_at_another_realm_does_not_replace_the_default_profile(
    file: Path,
    realm: ScriptedRealm,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(file, realm, SERVICE)
    before = file.read_text().replace(f"auth_url = {realm.url}", f"auth_url = {ELSEWHERE}")
    file.write_text(before)
    assert log_in("--auth-url", realm.url) == _exit_codes.USAGE
    monkeypatch.setenv("VANTAGE6_AUTH_URL", realm.url)
    assert log_in() == _exit_codes.USAGE
    monkeypatch.delenv("VANTAGE6_AUTH_URL")
    monkeypatch.setenv("VANTAGE6_AUTH_REALM", "other")
    assert log_in() == _exit_codes.USAGE
    assert "profile 'default': expected its realm, https://keycloak" in capsys.readouterr().err
    assert realm.server.seen == []
    assert file.read_text() == before


@pytest.mark.filterwarnings("default")
def test_login_at_another_realm_uses_nothing_of_the_own_one(
    file: Path, realm: ScriptedRealm, capsys: pytest.CaptureFixture[str]
) -> None:
    """The secret of the service account is for the realm of the profile, and remains with it."""
    file.with_name("secret").write_text("the-client-secret\n")
    file.with_name("secret").chmod(0o600)
    write(file, realm, SERVICE)
    file.write_text(file.read_text().replace(f"auth_url = {realm.url}", f"auth_url = {ELSEWHERE}"))
    assert log_in("-p", "default", "--auth-url", realm.url) == _exit_codes.OK
    assert "warning: profile 'default': expected its realm" in capsys.readouterr().err
    assert "the-client-secret" not in str(realm.server.seen)
    found = written(file)
    assert found == Profile(
        "default",
        f"{realm.url}/hq",
        "ada",
        save=True,
        auth_url=f"{realm.url}/realms/vantage6",
        auth_client="public_client",
    )


def test_profile_of_another_realm_keeps_no_service_account(
    file: Path, realm: ScriptedRealm
) -> None:
    write(file, realm, SERVICE)
    own = written(file)
    same = Profile("default", own.server, "ada", auth_url=f"{realm.url}/realms/vantage6")
    for profile, is_kept in (
        (same, True),
        (replace(same, auth_url=ELSEWHERE), False),
        (replace(same, auth_url=None), False),
    ):
        write(file, realm, SERVICE)
        save_profile(profile)
        assert (written(file).service_account == "ada") is is_kept
        assert (written(file).client_secret_file == own.client_secret_file) is is_kept


def test_certificates_of_a_realm_are_not_for_the_saved_login_of_another(
    file: Path, realm: ScriptedRealm
) -> None:
    write(file, realm, "auth_verify = false\n")
    url = f"http://localhost:{realm.server.port}"  # another origin than that of HQ
    file.write_text(file.read_text().replace(f"auth_url = {realm.url}", f"auth_url = {url}"))
    assert log_in() == _exit_codes.OK

    def verify() -> object:
        with connect_without_prompt(ConnectionOptions()) as client:
            return client._core.http.pools.route_to(url).verify

    assert verify() is False
    file.write_text(file.read_text().replace(f"auth_url = {url}", f"auth_url = {ELSEWHERE}"))
    assert verify() is True


def test_login_uses_the_settings_of_the_environment(
    file: Path, realm: ScriptedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_SERVER", realm.url)
    monkeypatch.setenv("VANTAGE6_AUTH_URL", realm.url)
    monkeypatch.setenv("VANTAGE6_AUTH_CLIENT", "my_client")
    monkeypatch.setenv("VANTAGE6_CA", str(file.with_name("ca.pem")))
    monkeypatch.setenv("VANTAGE6_PASSWORD", "for-another-server")
    assert log_in() == _exit_codes.OK
    assert {form["client_id"] for form in realm.forms} == {"my_client"}
    assert {form["grant_type"] for form in realm.forms} != {"password"}
    assert written(file).verify == file.with_name("ca.pem")
    assert written(file).auth_verify == file.with_name("ca.pem"), "of the environment: for all"


def test_login_again_asks_for_another_code(file: Path, realm: ScriptedRealm) -> None:
    write(file, realm, "")
    codes = f"{REALM}/auth/device"
    for times in (1, 2):
        assert log_in("-s", realm.url) == _exit_codes.OK, "the path of HQ may be left out"
        assert [each.path for each in realm.server.seen].count(codes) == times


def test_service_account_of_a_profile_remains(file: Path, realm: ScriptedRealm) -> None:
    secret = file.with_name("secret")
    secret.write_text("the-client-secret\n")
    secret.chmod(0o600)
    before = write(
        file, realm, "service_account = ada\nclient_secret_file = secret\nsave = false\n"
    )
    assert log_in() == _exit_codes.OK
    assert realm.forms[0]["client_secret"] == "the-client-secret"
    found = written(file)
    assert (found.service_account, found.client_secret_file, found.save) == (
        before.service_account,
        before.client_secret_file,
        before.save,
    )
    assert not list((file.parents[2] / "state").rglob("*.json")), "nothing to save: it has a secret"


def test_logout_and_version_use_the_settings_of_the_profile(
    file: Path, realm: ScriptedRealm, capsys: pytest.CaptureFixture[str]
) -> None:
    write(file, realm, "")
    assert log_in() == _exit_codes.OK
    write(file, realm, "proxy = http://127.0.0.1:9\n")
    assert run(["version"]) == _exit_codes.exit_code(ConnectionFailedError)
    write(file, realm, "username = ada\n")
    file.write_text(file.read_text().replace("/hq\n", "\n"))
    capsys.readouterr()
    assert run(["version"]) == _exit_codes.OK
    assert "5.0.3" in capsys.readouterr().out
    assert run(["logout"]) == _exit_codes.OK
    assert "deleted the saved login" in capsys.readouterr().out


def test_whoami_names_the_source_of_the_login(
    file: Path,
    realm: ScriptedRealm,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def source() -> str:
        capsys.readouterr()
        assert run(["whoami", "--json"]) == _exit_codes.OK
        return json.loads(capsys.readouterr().out)["login"]

    write(file, realm, "")
    assert log_in() == _exit_codes.OK
    (saved,) = (file.parents[2] / "state").rglob("*.json")
    assert source() == f"the saved login in {saved}, profile 'default'"
    secret = file.with_name("secret")
    secret.write_text("the-client-secret\n")
    secret.chmod(0o600)
    write(file, realm, "service_account = nightly\nclient_secret_file = secret\n")
    expected = f"service account 'nightly', secret from {secret}, profile 'default'"
    assert source() == expected
    monkeypatch.setenv("VANTAGE6_CLIENT_SECRET", "the-client-secret")
    assert source() == expected.replace(str(secret), "VANTAGE6_CLIENT_SECRET")
    write(file, realm, "username = ada\n")
    monkeypatch.setenv("VANTAGE6_PASSWORD", "the-password")
    assert source() == "a password from VANTAGE6_PASSWORD, profile 'default'"


def test_bindings_of_hq_use_the_login(realm: ScriptedRealm) -> None:
    realm.hq = lambda _: (200, {"data": [], "links": {"first": "", "self": ""}})
    with Client(realm.url, auth_url=realm.url, log_level=None) as client:
        client.authenticate("ada", "the-password")
        realm.valid.clear()  # it is renewed here, too
        found = list_sessions.sync(client=client.api)
    assert found
    assert found.data == []
    assert type(client.api).__module__ == "vantage6.bindings.hq.client"
    assert realm.forms[-1]["grant_type"] == "refresh_token"


def test_source_of_a_login_is_that_of_the_last_one(realm: ScriptedRealm) -> None:
    with Client(realm.url, auth_url=realm.url, log_level=None) as client:
        assert client.login_source is None
        client.authenticate("ada", "the-password")
        assert client.login_source == "authenticate()"
        client.log_out()
        assert client.login_source is None


@pytest.mark.parametrize(
    "explicit", [{"username": "ada", "password": "the-password"}, {"password": "the-password"}]
)
def test_explicit_credentials_are_not_replaced_by_found_ones(
    realm: ScriptedRealm, monkeypatch: pytest.MonkeyPatch, explicit: dict[str, str]
) -> None:
    for name, value in {
        "SERVER": realm.url,
        "AUTH_URL": realm.url,
        "USERNAME": "ada",
        "PASSWORD": "another-password",
        "SERVICE_ACCOUNT": "nightly",
        "CLIENT_SECRET": "the-client-secret",
    }.items():
        monkeypatch.setenv(f"VANTAGE6_{name}", value)
    with Client.from_env(log_level=None, **explicit) as client:
        assert client.login_source == "a password from an argument"
    assert [form["grant_type"] for form in realm.forms] == ["password"]
    assert realm.forms[0]["password"] == "the-password"
    with Client.from_env(log_level=None, username="nightly") as client:
        assert "VANTAGE6_CLIENT_SECRET" in str(client.login_source)
