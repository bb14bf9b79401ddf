"""Key files and the file of known organizations, on a real disk."""

import os
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support.scripted_server import ScriptedServer, with_login
from vantage6.client import AsyncClient, Client, ConfigurationError, PublicKeyChangedError
from vantage6.client._crypto import fingerprint, generate_private_key, public_key_of
from vantage6.client._trust import Trust, read_private_key, write_private_key

KEYS = [public_key_of(generate_private_key(2048)) for _ in range(3)]
OWN = 1, KEYS[0]
URL = "https://server.example/api"


def organization(id_: int, key: str | None) -> Any:
    return {"id": id_, "name": f"organization {id_}", "public_key": key}


# -- key files -----------------------------------------------------------------------------------
def test_a_key_file_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_private_key(path, b"key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError, match="never overwritten"):
        write_private_key(path, b"other")
    assert read_private_key(path) == b"key"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_file_that_others_may_use_is_warned_of(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    write_private_key(path, b"key")
    path.chmod(mode)
    with pytest.warns(UserWarning, match=rf"key\.pem: its permissions are {mode:04o}.*chmod 600"):
        assert read_private_key(path) == b"key"


async def test_a_key_is_not_made_on_the_event_loop(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers: list[threading.Thread] = []

    def make() -> RSAPrivateKey:
        makers.append(threading.current_thread())
        return generate_private_key(2048)

    monkeypatch.setattr("vantage6.client._crypto.generate_private_key", make)
    server.reply = with_login(lambda request: (200, {"id": 3, **request.body}))
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        await client.util.generate_private_key(tmp_path / "key.pem")
    assert makers != [threading.current_thread()]
    assert len(makers) == 1


# -- what is known -------------------------------------------------------------------------------
def test_what_is_known_outlives_the_client_and_is_of_one_server(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "known"
    Trust(URL, "first-use", path).check_keys([2], [organization(2, KEYS[1])], OWN)
    assert fingerprint(KEYS[1]) in path.read_text()
    changed = [organization(2, KEYS[2])]
    with pytest.raises(PublicKeyChangedError) as caught:
        Trust(URL, "first-use", path).check_keys([2], changed, OWN)
    assert (caught.value.known, caught.value.server) == tuple(map(fingerprint, KEYS[1:]))
    Trust("https://other.example/api", "first-use", path).check_keys([2], changed, OWN)
    Trust(URL, "off", path).check_keys([2], changed, OWN)


def test_of_one_change_nothing_else_is_remembered(tmp_path: Path) -> None:
    trust = Trust(URL, "first-use", tmp_path / "known")
    trust.check_keys([2], [organization(2, KEYS[1])], OWN)
    before = trust.path.read_text()
    members = [organization(3, KEYS[1]), organization(2, KEYS[2])]
    with pytest.raises(PublicKeyChangedError):
        trust.check_keys([3, 2], members, OWN)
    assert trust.path.read_text() == before


def test_only_the_organizations_asked_and_ones_own_are_looked_at(tmp_path: Path) -> None:
    trust = Trust(URL, "first-use", tmp_path / "known")
    members = [organization(1, KEYS[0]), organization(2, KEYS[1]), organization(3, "nonsense")]
    trust.check_keys([2], members, OWN)
    assert trust.path.read_text().count("SHA256:") == 1, "the own key needs no line"
    with pytest.raises(PublicKeyChangedError, match="your own organization 1"):
        trust.check_keys([2], [organization(1, KEYS[2]), *members[1:]], OWN)


def test_the_file_is_chosen_by_argument_then_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(tmp_path / "environment"))
    assert Trust(URL, "off", tmp_path / "argument").path == tmp_path / "argument"
    assert Trust(URL, "off", None).path == tmp_path / "environment"
    monkeypatch.delenv("VANTAGE6_KNOWN_ORGANIZATIONS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    assert Trust(URL, "off", None).path.name == "known_organizations"


def test_what_cannot_be_remembered_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trust = Trust(URL, "first-use", tmp_path / "file" / "known")
    with pytest.raises(ConfigurationError, match="known_organizations"):
        trust.check_keys([2], [organization(2, KEYS[1])], OWN)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "known").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Trust(URL, "strict", tmp_path / "known").check_keys([2], [organization(2, KEYS[1])], OWN)


def test_threads_and_processes_lose_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "known"
    code = (
        "import sys; from pathlib import Path; from vantage6.client._trust import Trust\n"
        "trust = Trust(sys.argv[1], 'first-use', Path(sys.argv[2]))\n"
        "for id_ in range(20):\n"
        "    trust.accept_encryption({'id': id_, 'name': 'x', 'encrypted': True})\n"
    )
    other = subprocess.Popen([sys.executable, "-c", code, "https://other.example/api", str(path)])
    with ThreadPoolExecutor(4) as pool:
        for id_ in range(2, 22):
            trust = Trust(URL, "first-use", path)
            pool.submit(trust.check_keys, [id_], [organization(id_, KEYS[1])], OWN)
    assert other.wait(60) == 0
    lines = path.read_text().splitlines()
    assert sum(line.startswith(f"{URL} organization") for line in lines) == 20
    assert sum(line.startswith("https://other.example/api coll") for line in lines) == 20
    assert [file.name for file in tmp_path.iterdir() if "known" not in file.name] == []


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "known")
    Trust(URL, "first-use", tmp_path / "link").check_keys([2], [organization(2, KEYS[1])], OWN)
    assert (tmp_path / "link").is_symlink()
    assert "SHA256:" in (tmp_path / "known").read_text()


def test_there_are_three_ways_to_trust() -> None:
    with pytest.raises(ConfigurationError, match="'first-use', 'strict', 'off'"):
        Client("http://localhost", 1, trust="always")  # type: ignore[arg-type]


def test_half_a_key_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_private_key(tmp_path / "key", b"key")
    assert list(tmp_path.iterdir()) == []
