"""Test the file of a saved login: its content, its permissions, its owner."""

import json
import math
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.scripted_server import token
from vantage6.client import ConfigurationError
from vantage6.client._auth.realm import Realm
from vantage6.client._auth.saved_login import (
    Account,
    StoredLogin,
    check_owner,
    delete_login,
    find_login,
    logins_folder,
    parse_login,
    read_login,
    saved_logins,
    write_login,
)
from vantage6.client._auth.tokens import Tokens

URL = "https://server.example/api"
ACCESS = token(0, 100)
REALM = Realm("https://auth.example/realms/vantage6")
SAVED = StoredLogin(URL, "ada", ACCESS, "refresh", saved_at=1000.0, renew_in=50.0)
POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows has no such permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_login_round_trips() -> None:
    tokens = Tokens(ACCESS, "refresh", renew_at=150.0)
    saved = StoredLogin.of(
        Account("https://server.example:443/api", "ada", None), tokens, 100.0, 1000.0
    )
    assert saved == SAVED
    assert parse_login(saved.written(), Path("x")) == saved
    assert f"StoredLogin(server='{URL}', username='ada', saved_at=1000.0" in repr(saved)
    assert ACCESS not in repr(saved)
    assert "refresh" not in repr(saved.tokens(0, 0))


@pytest.mark.parametrize(
    ("now", "renew_at"),
    [(1000.0, 5050.0), (1030.0, 5020.0), (1060.0, 4990.0), (900.0, 5000.0)],
)
def test_saved_tokens_age(now: float, renew_at: float) -> None:
    assert SAVED.tokens(5000.0, now).renew_at == renew_at


def test_token_without_expiry_stays_valid() -> None:
    saved = StoredLogin.of(Account(URL, "ada", None), Tokens(ACCESS, "r", math.inf), 1.0, 2.0)
    assert parse_login(saved.written(), Path("x")).tokens(5.0, 9.0).renew_at == math.inf


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"1",
        b"{}",
        b"[" * 100_000,
        json.dumps({**json.loads(SAVED.written()), "format": 2}).encode(),
        json.dumps({**json.loads(SAVED.written()), "format": 3}).encode(),
        json.dumps({**json.loads(SAVED.written()), "access_token": None}).encode(),
        json.dumps({**json.loads(SAVED.written()), "access_token": "no token"}).encode(),
        json.dumps({**json.loads(SAVED.written()), "saved_at": None}).encode(),
        json.dumps({**json.loads(SAVED.written()), "renew_in": "soon"}).encode(),
    ],
)
def test_malformed_saved_login_is_rejected(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"s.json: expected a saved login"):
        parse_login(content, Path("s.json"))


def test_file_is_named_after_server_and_user() -> None:
    names = {
        Account(url, user, realm).file_name
        for url in (URL, "https://server.example/v6", "http://server.example/api")
        for user in ("ada", "Ada", "a/da", "a_da")
        for realm in (None, REALM, replace(REALM, client="other"))
    }
    assert len(names) == 36
    assert all("/" not in name and name.startswith("server.example-") for name in names)
    same = Account("https://server.example:443/api", "ada", None)
    assert Account(URL, "ada", None).file_name == same.file_name
    for long in ("x" * 1000, "\N{HANGUL SYLLABLE GAG}" * 1000, "\ud800"):
        assert len(Account(URL, long, None).file_name.encode()) < 120


def test_login_at_hq_keeps_its_realm() -> None:
    account = Account("https://server.example/hq", "ada", REALM)
    saved = StoredLogin.of(account, Tokens("access", "refresh", 50.0), 0.0, 1000.0)
    read = parse_login(saved.written(), Path("s.json"))
    assert read == saved
    assert read.realm == REALM
    assert read.is_login_of(account)
    for other in (None, replace(REALM, client="other"), replace(REALM, url="https://x.example")):
        assert not read.is_login_of(replace(account, realm=other))


def test_saved_login_of_another_user_is_rejected() -> None:
    check_owner(SAVED, Path("x"), "https://server.example:443/api", "ada")
    check_owner(SAVED, Path("x"), None, None)
    with pytest.raises(
        ConfigurationError,
        match=r"expected the login of joan.* got the login of ada at https://server.example/api",
    ):
        check_owner(SAVED, Path("x"), None, "joan")
    with pytest.raises(
        ConfigurationError, match=r"expected the login of ada at https://other.example/api"
    ):
        check_owner(SAVED, Path("x"), "https://other.example/api", "ada")


def test_find_one_of_several_saved_logins() -> None:
    other = StoredLogin(URL, "joan", "a", "r", 0.0, None)
    both = [(Path("a"), SAVED), (Path("b"), other)]
    assert find_login(both, URL, "joan") == (Path("b"), other)
    assert find_login(both, "https://else.example", None) is None
    with pytest.raises(ConfigurationError, match=r"ada at .* \(a\), joan at"):
        find_login(both, URL, None)


@POSIX
def test_file_is_readable_by_owner_only(home: Path) -> None:
    folder = logins_folder()
    assert folder == home / "state" / "vantage6" / "sessions"
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    path = folder / "s.json"
    path.write_text("old")
    path.chmod(0o666)
    write_login(SAVED, path)
    assert (mode(folder), mode(path)) == (0o700, 0o600)
    assert list(folder.iterdir()) == [path]
    assert list(saved_logins()) == [(path, SAVED)]
    assert delete_login(path)
    assert not delete_login(path)


@pytest.mark.posix
@POSIX
def test_file_readable_by_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    write_login(SAVED, path)
    assert read_login(path) == SAVED
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match=r"got 0640.*chmod 600"):
        read_login(path)


@pytest.mark.posix
@POSIX
def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    write_login(SAVED, target)
    before = target.read_bytes()
    link.symlink_to(target)
    with pytest.raises(ConfigurationError, match=r"it is a link"):
        read_login(link)
    write_login(StoredLogin(URL, "joan", "a", "r", 0.0, None), link)
    assert target.read_bytes() == before
    assert not link.is_symlink()


@pytest.mark.posix
@POSIX
def test_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.json", 0o600)
    with pytest.raises(ConfigurationError, match=r"it is not a regular file that you own"):
        read_login(tmp_path / "s.json")


@pytest.mark.posix
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"
)
def test_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    write_login(SAVED, path)
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigurationError, match=r"it is not a regular file that you own"):
        read_login(path)


def test_unreadable_or_unwritable_login_is_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read a saved login from .*nowhere"):
        read_login(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"cannot save the login to .*nowhere"):
        write_login(SAVED, tmp_path / "nowhere" / "s.json")
    folder = logins_folder()
    write_login(SAVED, folder / "good.json")
    (folder / "bad.json").touch(0o600)
    assert [path.name for path, _ in saved_logins()] == ["good.json"]
    assert "bad.json" in caplog.text
