"""Test profiles, and their order with arguments and environment."""

import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.support.doc_pages import blocks
from vantage6.client import ConfigurationError, Profile, profiles
from vantage6.client._config.options import ClientOptions, ConnectOptions
from vantage6.client._config.plan import ConnectionPlan, require_complete, resolve
from vantage6.client._config.profiles import (
    choose_profile,
    find_profile,
    profiles_path,
    read_profiles,
    save_profile,
    update_profile_text,
)
from vantage6.client._sync.client import Client

FILE = Path("/somewhere/profiles.ini")
WHOLE = """
# where I work
[demo]
server = https://server.example/api
username = ada
collaboration = breast cancer %(1)s
private-key = keys/iknl.pem
verify = ca.pem
cert = ~/me.pem
proxy = socks5://proxy.example:1080
save = yes
trust = strict

[home]
server = http://localhost:7601
verify = false
proxy = off
"""


def test_read_profile() -> None:
    found = read_profiles(WHOLE, FILE)
    assert found == {
        "demo": Profile(
            name="demo",
            server="https://server.example/api",
            username="ada",
            collaboration="breast cancer %(1)s",
            private_key=Path("/somewhere/keys/iknl.pem"),
            verify=Path("/somewhere/ca.pem"),
            cert=Path.home() / "me.pem",
            proxy="socks5://proxy.example:1080",
            save=True,
            trust="strict",
        ),
        "home": Profile("home", server="http://localhost:7601", verify=False, proxy=False),
    }


def test_path_may_start_with_home_or_root() -> None:
    text = "[a]\nprivate_key = ~/k.pem\nverify = /etc/ca"
    found = read_profiles(text, FILE)["a"]
    assert found.private_key == Path.home() / "k.pem"
    assert found.verify == Path("/etc/ca")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[a]\npassword = hush", "'password' does not belong"),
        ("[a]\nprivate-key-passphrase = hush", "does not belong"),
        ("[a]\nMy_Password = hush", "does not belong"),
        ("[a]\nuser_name = hush", "Did you mean 'username'"),
        ("[a]\nmotto = hush", "Use one of: server, username"),
        ("[a]\nserver = hush", "profile \\[a\\]: host: expected an address that starts"),
        ("[a]\nproxy = http://u:password-hush@h:1", "proxy's username .*proxy= or .*HTTPS_PROXY"),
        ("[a]\nproxy = password-hush", "\\[a\\]: proxy: expected the address of a proxy"),
        ("[a]\nproxy = true", "proxy: expected the address of a proxy"),
        ("[a]\nsave = hushed", "true or false"),
        ("[a]\ntrust = hushed", "trust: expected one of 'first-use', 'strict', 'off'"),
        ("[a]\nserver = https://server.example\n  username = hush", "must not be indented"),
        ("password = hush", "line 1: expected a profile"),
        ("[a]\n\nhush", "line 3: expected a profile"),
        ("[a]\n[a]\n", "line 2: .* got a duplicate"),
        ("[a]\nusername = hush\nusername = hush", "line 3: .* got a duplicate"),
    ],
)
def test_unknown_entries_are_rejected(text: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint) as caught:
        read_profiles(text, FILE)
    assert str(FILE) in str(caught.value)
    if "password" in text.lower() or "passphrase" in text:
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("there", "name", "chosen", "expected"),
    [
        ("a b", "b", "a", "b"),
        ("a b", None, "a", "a"),
        ("a", None, None, "a"),
        ("a default", None, None, "default"),
    ],
)
def test_profile_is_selected(
    there: str, name: str | None, chosen: str | None, expected: str
) -> None:
    known = {name: Profile(name) for name in there.split()}
    assert choose_profile(known, name, FILE, chosen).name == expected


@pytest.mark.parametrize(
    ("there", "name", "hint"),
    [
        ("", None, "no profiles yet. Create one with client.save_profile\\('default'\\)"),
        ("", "demo", "no profiles yet. Create one with client.save_profile\\('demo'\\)"),
        ("demo work", "demmo", "Did you mean 'demo'"),
        ("demo work", "xyz", "Use one of: demo, work"),
        ("demo work", None, "expected the name of a profile, .* demo, work"),
    ],
)
def test_missing_profile_is_reported(there: str, name: str | None, hint: str) -> None:
    known = {name: Profile(name) for name in there.split()}
    with pytest.raises(ConfigurationError, match=hint):
        choose_profile(known, name, FILE, None)


def test_profile_is_written_and_the_rest_is_kept() -> None:
    demo = Profile("demo", server="https://other.example/api", verify=False, save=True)
    written = update_profile_text(WHOLE, demo, FILE)
    assert read_profiles(written, FILE) == {**read_profiles(WHOLE, FILE), "demo": demo}
    assert written.startswith("# where I work\n")
    route = Path("/ca"), Path("/c"), "http://h:1"
    full = Profile("n", "https://h/api", "u", "c", Path("/k"), *route, False, "strict")
    assert read_profiles(update_profile_text(written, full, FILE), FILE)["n"] == full
    assert update_profile_text(written, demo, FILE) == written


@pytest.mark.parametrize(
    ("profile", "hint"),
    [
        (Profile("a]"), "profile name: expected letters"),
        (Profile(""), "profile name: expected letters"),
        (Profile("a", username="x\ny = z"), "username: expected printable text"),
        (Profile("a", username=" x"), "username: expected printable text"),
        *(
            (
                Profile("a", **{key: f"x{end}[b]{end}server = https://evil.example"}),
                "expected printable text",
            )
            for key in ("username", "collaboration")
            for end in "\r\v\f\x1c\x1d\x1e\x85\u2028\u2029\0\ud800"
        ),
        (Profile("a", proxy="http://u:p@proxy.example"), "profile 'a': a proxy's username"),
        (Profile("a", server="nowhere"), "starts with https"),
    ],
)
def test_unreadable_profile_is_not_written(profile: Profile, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=hint):
        update_profile_text("", profile, FILE)
    with pytest.raises(ConfigurationError, match="line 1"):
        update_profile_text("what is this", Profile("a"), FILE)


def test_profiles_file_location(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert profiles() == {}
    path = save_profile(Profile("demo", server="https://server.example/api"))
    assert path == home / "config" / "vantage6" / "profiles.ini"
    assert find_profile(None).server == "https://server.example/api"
    monkeypatch.setenv("VANTAGE6_PROFILES", str(home / "mine.ini"))
    assert profiles_path() == home / "mine.ini"
    assert profiles() == {}
    save_profile(Profile("a"))
    save_profile(Profile("b"))
    assert profiles() == {"a": Profile("a"), "b": Profile("b")}
    monkeypatch.setenv("VANTAGE6_PROFILE", "b")
    assert find_profile(None) == Profile("b")


def test_unreadable_or_unwritable_file_is_reported(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "folder").mkdir()
    (home / "file").write_bytes(b"\xff")
    for place in ("folder", "file"):
        monkeypatch.setenv("VANTAGE6_PROFILES", str(home / place))
        with pytest.raises(ConfigurationError, match="cannot be read"):
            profiles()
    monkeypatch.setenv("VANTAGE6_PROFILES", str(home / "file" / "profiles.ini"))
    assert profiles() == {}
    with pytest.raises(ConfigurationError, match="cannot be written"):
        save_profile(Profile("a"))


def plan(
    given: ConnectOptions | None = None, environ: dict[str, str] | None = None, **profile: Any
) -> ConnectionPlan:
    known = Profile("p", **profile) if profile else None
    return resolve(given or {}, None, None, None, environ or {}, known)


def test_arguments_override_environment_overrides_profile() -> None:
    file = {"server": "https://file.example/api", "username": "file", "verify": False}
    environ = {"VANTAGE6_SERVER": "https://env.example/v6", "VANTAGE6_USERNAME": ""}
    from_file, from_env = plan(**file), plan({}, {**environ, "VANTAGE6_CA": "ca.pem"})
    given = plan({"server": "https://arg.example", "username": "arg", "verify": True}, environ)
    assert [p.address and p.address.url for p in (from_file, from_env, given)] == [
        "https://file.example/api",
        "https://env.example/v6",
        "https://arg.example/api",
    ]
    assert [p.username for p in (from_file, from_env, given)] == ["file", None, "arg"]
    verify = [p.options.get("verify") for p in (from_file, from_env, given)]
    assert verify == [False, Path("ca.pem"), True]
    environ = {"VANTAGE6_USERNAME": "env", "VANTAGE6_CA": "ca.pem"}
    from_env, given = plan({}, environ, **file), plan({"username": "arg"}, environ, **file)
    assert [p.username for p in (from_env, given)] == ["env", "arg"]
    assert from_env.options.get("verify") == Path("ca.pem")


LENT: dict[str, Any] = {
    "username": "ada",
    "collaboration": "demo",
    "private_key": Path("/iknl.pem"),
    "verify": False,
    "cert": Path("/me.pem"),
    "proxy": "http://proxy.example:1",
    "save": True,
    "trust": "strict",
}
REALM: dict[str, Any] = {
    "auth_url": "https://keycloak.example",
    "auth_realm": "hospitals",
    "auth_client": "ours",
    "auth_verify": False,
    "service_account": "robot",
    "client_secret_file": Path("/secret"),
}


@pytest.mark.parametrize(
    ("given", "environ"),
    [
        ({"server": "https://other.example/api"}, {}),
        ({}, {"VANTAGE6_SERVER": "https://other.example/api"}),
        ({"server": "https://server.example/other"}, {}),
        ({"server": "http://server.example/api"}, {}),
        ({"server": "https://server.example:8443/api"}, {}),
    ],
)
def test_profile_lends_nothing_to_another_server(
    given: ConnectOptions, environ: dict[str, str]
) -> None:
    with pytest.warns(UserWarning, match=r"profile 'p': expected its server, https://server.ex"):
        found = plan(given, environ, server="https://server.example/api", **LENT, **REALM)
    assert found == plan(given, environ)
    assert {"name", "server", *LENT, *REALM} == {field.name for field in fields(Profile)}


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("the-client-secret")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    ("given", "environ"),
    [
        ({"auth_url": "https://other.example"}, {}),
        ({"auth_url": "https://other.example/realms/hospitals"}, {}),
        ({"auth_url": "https://keycloak.example:8443"}, {}),
        ({"auth_url": "https://keycloak.example/auth"}, {}),
        ({"auth_url": "https://keycloak.example/realms/other"}, {}),
        ({"auth_realm": "other"}, {}),
        ({}, {"VANTAGE6_AUTH_URL": "https://other.example"}),
        ({}, {"VANTAGE6_AUTH_REALM": "other"}),
    ],
)
def test_profile_lends_nothing_to_another_realm(
    given: ConnectOptions, environ: dict[str, str], secret_file: Path
) -> None:
    """Neither the secret of the service account, nor certificates that are not verified."""
    server = {"server": "https://server.example/hq"}
    with pytest.warns(UserWarning, match=r"profile 'p': expected its realm, https://keycloak"):
        found = plan(given, environ, **server, **REALM | {"client_secret_file": secret_file})
    alone = {"VANTAGE6_AUTH_URL": REALM["auth_url"], **environ}
    assert found == plan(given, alone, **server)
    assert (found.client_secret, found.service_account) == (None, None)
    assert found.options.get("auth_verify") is True
    environ = {**environ, "VANTAGE6_SERVICE_ACCOUNT": "robot"}
    with (
        pytest.warns(UserWarning, match="expected its realm"),
        pytest.raises(ConfigurationError, match="expected its secret in VANTAGE6_CLIENT_SECRET"),
    ):
        plan(given, environ, **server, **REALM | {"client_secret_file": secret_file})


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ({}, {}),
        ({}, {"auth_url": "https://KEYCLOAK.example:443/"}),
        ({}, {"auth_url": "https://keycloak.example/realms/hospitals"}),
        ({}, {"auth_realm": "hospitals"}),
        (
            {"auth_url": "https://keycloak.example/realms/hospitals", "auth_realm": None},
            {"auth_url": "https://keycloak.example", "auth_realm": "hospitals"},
        ),
        ({"auth_url": None}, {"auth_url": "https://other.example"}),
    ],
)
def test_profile_applies_to_its_own_realm(
    own: dict[str, Any], given: ConnectOptions, secret_file: Path
) -> None:
    known = REALM | own | {"client_secret_file": secret_file}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = plan(given, server="https://server.example/hq", **known)
    assert (found.service_account, found.client_secret) == ("robot", "the-client-secret")
    assert (found.options.get("auth_client"), found.options.get("auth_verify")) == ("ours", False)


@pytest.mark.parametrize(
    ("own", "server"),
    [
        ("https://server.example", "https://SERVER.example:443/api/"),
        ("https://server.example:443/api", "https://server.example"),
        (None, "https://other.example/api"),
    ],
)
def test_profile_applies_to_its_own_server(own: str | None, server: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = plan({"server": server}, server=own, **LENT)
    assert (found.username, found.private_key) == ("ada", LENT["private_key"])
    assert found.options == {name: LENT[name] for name in ("verify", "cert", "proxy", "trust")}


def test_profile_sets_connection_options() -> None:
    file = {"server": "https://h", "cert": Path("/c.pem"), "proxy": "http://proxy.example:1"}
    found = plan(**file)
    assert (found.options.get("cert"), found.options.get("proxy")) == (file["cert"], file["proxy"])
    given = plan({"cert": None, "proxy": False}, **file)
    assert (given.options.get("cert"), given.options.get("proxy")) == (None, False)
    assert plan(**{**file, "proxy": False}).options.get("proxy") is False
    assert "proxy" not in plan(server="https://h").options


@pytest.mark.parametrize(
    ("argument", "variable", "profile", "applies"),
    [
        (None, "", None, None),
        (None, "strict", None, "strict"),
        (None, "", "strict", "strict"),
        ("off", "", "strict", "strict"),
        ("strict", "off", "first-use", "strict"),
        ("off", "first-use", None, "first-use"),
        (None, "off", None, "off"),
    ],
)
def test_strictest_trust_applies(
    argument: Any, variable: str, profile: Any, applies: str | None
) -> None:
    given: ConnectOptions = {"trust": argument} if argument else {}
    found = plan(given, {"VANTAGE6_TRUST": variable}, server="https://h", trust=profile)
    assert found.options.get("trust") == applies


def test_strict_environment_applies_to_every_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with Client("https://h", log_level=None) as client:
        assert client._core.trust.mode == "first-use"
    monkeypatch.setenv("VANTAGE6_TRUST", "off")
    with Client("https://h", log_level=None) as client:
        assert client._core.trust.mode == "first-use", "only settings of the client may lower it"
    monkeypatch.setenv("VANTAGE6_TRUST", "strict")
    with Client("https://h", log_level=None, trust="off") as client:
        assert client._core.trust.mode == "strict"
    monkeypatch.setenv("VANTAGE6_TRUST", "always")
    with pytest.raises(ConfigurationError, match="VANTAGE6_TRUST: expected one of"):
        Client("https://h", log_level=None)


def test_every_variable_is_read() -> None:
    names = ["SERVER", "USERNAME", "PASSWORD", "MFA_CODE", "COLLABORATION", "PRIVATE_KEY", "CA"]
    environ = {f"VANTAGE6_{name}": name.lower() for name in names}
    environ |= {"VANTAGE6_SERVER": "https://h", "VANTAGE6_PRIVATE_KEY_PASSPHRASE": "hush"}
    found = plan({"timeout": 3}, environ)
    assert found.address
    assert found.address.url == "https://h/api"
    assert (found.username, found.password, found.mfa_code) == ("username", "password", "mfa_code")
    assert (found.collaboration, found.private_key) == ("collaboration", Path("private_key"))
    assert found.passphrase == "hush"
    assert found.options == {"timeout": 3, "verify": Path("ca")}
    for secret in ("hush", "password", "mfa_code"):
        assert f"'{secret}'" not in repr(found)


def test_all_missing_settings_are_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_complete(plan(), can_ask=False)
    for name in ("SERVER", "USERNAME", "PASSWORD"):
        assert f"VANTAGE6_{name}" in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        require_complete(plan(server="https://server.example"), can_ask=True)
    assert "SERVER" not in str(caught.value)
    assert "PASSWORD" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="USERNAME"):
        require_complete(plan({}, {"VANTAGE6_SERVER": "https://h"}), can_ask=True)


def test_unknown_option_suggests_a_name() -> None:
    with pytest.raises(TypeError, match=r"'user_name'\. Did you mean 'username'"):
        plan({"user_name": "ada"})  # type: ignore[typeddict-unknown-key]


def test_options_match_the_client() -> None:
    import inspect

    taken = inspect.signature(Client).parameters.keys() - {"host", "hq_url", "port", "path"}
    assert ClientOptions.__annotations__.keys() == taken


def test_profiles_of_the_page_are_of_both_generations() -> None:
    (block,) = (block for block in blocks("docs/login.md") if block.kind == "ini")
    old, new = read_profiles(block.code, FILE).values()
    empty: dict[str, str] = {}
    before = resolve({}, None, None, None, empty, old)
    after = resolve({}, None, None, None, empty, new)
    assert before.address
    assert after.address
    assert (before.address.url, before.options.get("auth_url")) == (old.server, None)
    assert (after.address.url, after.options.get("auth_url")) == (new.server, new.auth_url)
    assert before.collaboration == after.collaboration == "demo"
    assert before.private_key == after.private_key is not None
