"""Test what `v6c doctor` concludes, also from faults, and that it shows no secret."""

import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.scripted_realm import ScriptedRealm
from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client._encryption.key_files import write_private_key
from vantage6.client._encryption.keys import generate_private_key, private_key_to_pem, public_key_of
from vantage6.v6c._diagnosis import check_clock, check_key, check_proxy, check_tls, check_versions
from vantage6.v6c._main import run

KEY, OTHER = generate_private_key(2048), generate_private_key(2048)
NOON = 1795867200.0
PASSWORD = "not-to-be-shown"
URL = "https://server.example/api"


# -- conclusions ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("url", "verify", "state"),
    [
        (URL, True, "ok"),
        (URL, "ca.pem", "ok"),
        (URL, False, "warning"),
        ("http://server.example", True, "warning"),
        ("http://localhost:7601/api", True, "ok"),
        ("http://127.0.0.1:7601/api", False, "ok"),
    ],
)
def test_tls(url: str, verify: object, state: str) -> None:
    assert check_tls(url, verify).state == state


@pytest.mark.parametrize(
    ("proxies", "chosen", "bypassed", "text"),
    [
        ({}, None, False, "none is used"),
        ({"https": "http://me:secret@proxy:3128"}, None, False, "http://proxy:3128 is used"),
        ({"all": "me:secret@proxy"}, None, False, "http://proxy is used"),
        ({"https": "http://proxy:3128"}, None, True, "none is used"),
        ({"https": "http://proxy:3128"}, False, False, "none is used"),
        ({"http": "http://proxy:3128"}, None, False, "none is used"),
        ({}, "socks5://a:1", True, "socks5://a:1 is used"),
        ({"https": "http://me:secret@proxy:x"}, None, False, "an address with an invalid port"),
    ],
)
def test_proxy_is_shown_without_its_login(
    proxies: dict[str, str], chosen: Any, bypassed: bool, text: str
) -> None:
    check = check_proxy(URL, proxies, chosen, is_bypassed=bypassed)
    assert check.text.startswith(text)
    assert "secret" not in check.text


@pytest.mark.parametrize(
    ("date", "state"),
    [
        (formatdate(NOON, usegmt=True), "ok"),
        (formatdate(NOON - 59, usegmt=True), "ok"),
        (formatdate(NOON + 3600, usegmt=True), "warning"),
        (formatdate(NOON - 86400, usegmt=True), "warning"),
        (None, "unknown"),
        ("yesterday", "unknown"),
        ("Sat, 28 Nov 99999 12:00:00 GMT", "unknown"),
    ],
)
def test_clock(date: str | None, state: str) -> None:
    check = check_clock(date, NOON)
    assert check.state == state
    assert bool(check.remedy) == (state == "warning")


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("4.7.1", "ok"),
        ("4.15.2", "ok"),
        ("5.0.3", "ok"),
        ("4.6.0", "warning"),
        ("5.1.0", "warning"),
        ("?", "warning"),
    ],
)
def test_versions(version: str, state: str) -> None:
    assert check_versions("0.1", version).state == state


def test_key_states() -> None:
    states = [
        check and check.state
        for has, registered, needs in [
            (False, True, True),
            (False, False, False),
            (True, False, False),
            (True, True, True),
        ]
        if (check := check_key(has_key=has, is_registered=registered, needs_key=needs)) or True
    ]
    assert states == ["warning", "ok", "warning", None]


# -- the command ----------------------------------------------------------------------------------
class World:
    """A server without stores and events."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply] = {}
        self.is_encrypted = True
        self.date = time.time()

    def __call__(self, request: Request) -> Reply:
        path = urlsplit(request.path).path.removeprefix("/api")
        rows: list[dict[str, Any]] = [{"id": 1, "name": "demo", "encrypted": self.is_encrypted}]
        if path == "/collaboration":
            return page(rows, 1, 250)
        if path == "/version":
            return 200, {"version": "4.15.2"}, {"date": formatdate(self.date, usegmt=True)}
        return page([], 1, 250) if path == "/algorithmstore" else (404, b"<html>")

    def reply(self, request: Request) -> Reply:
        path = urlsplit(request.path).path.removeprefix("/api")
        return self.answers.get(path) or with_login(self)(request)


@pytest.fixture
def world(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    world = World()
    server.reply = world.reply
    for name in ("PROFILE", "PRIVATE_KEY", "CA", "COLLABORATION", "CLIENT_SECRET", "AUTH_URL"):
        monkeypatch.delenv(f"VANTAGE6_{name}", raising=False)
    monkeypatch.setenv("VANTAGE6_PROFILES", str(tmp_path / "profiles"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("VANTAGE6_SERVER", f"http://127.0.0.1:{server.port}/api")
    monkeypatch.setenv("VANTAGE6_USERNAME", "researcher")
    monkeypatch.setenv("VANTAGE6_PASSWORD", PASSWORD)
    return world


def examine(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, dict[str, Any]]:
    """Return the exit code of `v6c doctor`, and the checks by name."""
    code = run(["doctor", "--json", *options])
    out, err = capsys.readouterr()
    assert PASSWORD not in out + err
    assert "PRIVATE KEY" not in out + err
    return code, {check["name"]: check for check in json.loads(out)}


def states(found: dict[str, Any]) -> dict[str, str]:
    return {name: check["state"] for name, check in found.items()}


def test_all_is_well_but_the_key_and_the_events(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = examine(capsys)
    assert code == 0
    assert list(states(found).items()) == [
        ("proxy", "ok"),
        ("address", "ok"),
        ("tls", "ok"),
        ("clock", "ok"),
        ("versions", "ok"),
        ("login", "ok"),
        ("key", "warning"),
        ("store", "ok"),
        ("events", "warning"),
    ]
    world.is_encrypted = False
    assert examine(capsys)[1]["key"]["state"] == "ok"


def test_clock_that_is_off(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.date -= 3 * 86400
    code, found = examine(capsys)
    assert (code, found["clock"]["state"]) == (0, "warning")
    assert found["clock"]["text"].endswith("s ahead of the server's")


def test_key_is_compared_and_nothing_is_changed(
    world: World, server: ScriptedServer, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name, key in (("own.pem", KEY), ("other.pem", OTHER)):
        write_private_key(tmp_path / name, private_key_to_pem(key))
    own, other = str(tmp_path / "own.pem"), str(tmp_path / "other.pem")
    code, found = examine(capsys, "--private-key", own)
    assert (code, found["key"]["state"]) == (0, "warning"), "no key is registered"
    world.answers["/organization/3"] = (
        200,
        {"id": 3, "name": "IKNL", "public_key": public_key_of(KEY)},
    )
    assert examine(capsys, "--private-key", own)[1]["key"]["state"] == "ok"
    code, found = examine(capsys, "--private-key", other)
    assert (code, found["key"]["state"]) == (11, "failure")
    assert {path for path in server.paths if not path.startswith("GET")} == {"POST /api/token/user"}


def test_refused_login_is_the_last_check(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.answers["/token/user"] = (401, {"msg": "Username or password is invalid"})
    code, found = examine(capsys)
    assert code == 3
    assert list(found)[-1] == "login"
    assert found["login"]["state"] == "failure"


def test_missing_rights_are_no_guess(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    refused: Reply = (401, {"msg": "You lack the permission to do that!"})
    world.answers |= {"/collaboration": refused, "/algorithmstore": refused}
    code, found = examine(capsys)
    assert (code, found["key"]["state"], found["store"]["state"]) == (0, "unknown", "unknown")


def test_unreachable_server_is_the_last_check(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_SERVER", "http://127.0.0.1:9/api")
    code, found = examine(capsys)
    assert (code, list(found)) == (8, ["proxy", "address"])


def test_without_login_and_without_server(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VANTAGE6_PASSWORD")
    code, found = examine(capsys)
    assert (code, found["login"]["state"]) == (3, "failure")
    monkeypatch.delenv("VANTAGE6_SERVER")
    code, found = examine(capsys)
    assert (code, list(found)) == (2, ["address"])


def test_lines_for_people(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == "ok       tls       not used on this machine"
    assert lines[6:8] == [
        "warning  key       none, but a collaboration is encrypted",
        "                   pass --private-key FILE, or set VANTAGE6_PRIVATE_KEY",
    ]


# -- what is sent where ----------------------------------------------------------------------------
def test_stores_get_no_login(
    world: World,
    server: ScriptedServer,
    store: ScriptedServer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The server lists them: the login is only for the stores that a user chooses."""
    url = f"http://127.0.0.1:{store.port}"
    store.reply = lambda _: (200, {"version": "4.15.2"})
    rows = [
        {"id": 1, "name": "central", "url": url},
        {"id": 2, "name": "gone", "url": "http://127.0.0.1:9"},
        {"id": 3, "name": "file", "url": "file:///etc/passwd#"},
    ]
    world.answers["/algorithmstore"] = page(rows, 1, 250)
    assert run(["doctor"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "store" in line.split()]
    assert [line.split()[0] for line in lines] == ["ok", "warning", "warning"]
    assert [each.authorization for each in store.seen] == [None]


def test_password_goes_to_the_realm_of_the_profile(
    world: World,
    server: ScriptedServer,
    store: ScriptedServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    realm = ScriptedRealm(server)
    store.reply = realm.reply  # HQ, at an origin of its own
    text = f"[default]\nserver = http://127.0.0.1:{store.port}/hq\nauth_url = {realm.url}\n"
    (tmp_path / "profiles").write_text(f"{text}username = ada\nauth_client = ours\n")
    (tmp_path / "profiles").chmod(0o600)
    for name in ("SERVER", "USERNAME"):
        monkeypatch.delenv(f"VANTAGE6_{name}")
    _, found = examine(capsys)
    assert found["login"]["state"] == "ok"
    assert realm.forms[0]["password"] == PASSWORD
    assert realm.forms[0]["client_id"] == "ours"
    assert PASSWORD not in str(store.seen)
