"""Test that what clients store about a local network ends with it, and nothing else does."""

import time
from pathlib import Path

import pytest

from vantage6.client._auth.saved_login import (
    Account,
    StoredLogin,
    logins_folder,
    write_login,
)
from vantage6.localnet._client_files import own_address

URL = "http://127.0.0.1:7601"
OTHER = "https://server.example/api organization 3 SHA256:hVDV Maastro\n"
EARLIER = f"{URL}/api organization 1 SHA256:aaaa Earlier\n"
NEW = f"{URL}/api organization 1 SHA256:bbbb New\n"


@pytest.fixture
def known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(tmp_path / "data" / "known"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "data" / "known"


def save_login(url: str, username: str, saved_at: float) -> Path:
    path = logins_folder() / Account(url, username, None).file_name
    # {"sub": 1}
    token = "e30.eyJzdWIiOjF9.c2ln"
    write_login(StoredLogin(url, username, token, token, saved_at, None), path)
    return path


def test_nothing_is_created_where_nothing_is_known(known: Path) -> None:
    with own_address(URL):
        assert not known.parent.exists()
    assert not known.parent.exists()
    assert not logins_folder().exists()


def test_keys_of_a_network_are_forgotten_with_it(known: Path) -> None:
    with own_address(URL):
        known.parent.mkdir()
        known.write_text(OTHER + NEW + NEW.replace("127.0.0.1", "localhost"))
    assert known.read_text() == OTHER


def test_keys_of_another_server_at_the_address_are_restored(known: Path) -> None:
    known.parent.mkdir()
    known.write_text(EARLIER + OTHER)
    with own_address(URL):
        assert known.read_text() == OTHER
        known.write_text(OTHER + NEW)
    assert known.read_text() == OTHER + EARLIER


def test_network_starts_although_the_known_keys_cannot_be_changed(
    known: Path, caplog: pytest.LogCaptureFixture
) -> None:
    known.mkdir(parents=True)
    with own_address(URL):
        pass
    assert "cannot be removed" in caplog.text


@pytest.mark.usefixtures("known")
def test_saved_logins_of_a_network_are_deleted_with_it() -> None:
    now = time.time()
    earlier = save_login(f"{URL}/api", "before", now - 60)
    elsewhere = save_login("http://127.0.0.1:7602/api", "researcher", now + 1)
    with own_address(URL):
        mine = save_login(f"{URL}/api", "researcher", now + 1)
        (logins_folder() / "127.0.0.1-broken.json").write_text("{}")
        assert mine.exists()
    assert not mine.exists()
    assert earlier.exists()
    assert elsewhere.exists()
