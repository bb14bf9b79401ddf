"""Test that key files are private and never overwritten."""

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support.scripted_server import ScriptedServer, with_login
from vantage6.client import AsyncClient
from vantage6.client._encryption.key_files import read_private_key, write_private_key
from vantage6.client._encryption.keys import generate_private_key, public_key_of

KEYS = [public_key_of(generate_private_key(2048)) for _ in range(3)]
OWN = 1, KEYS[0]
URL = "https://server.example/api"


def organization(id_: int, key: str | None) -> Any:
    return {"id": id_, "name": f"organization {id_}", "public_key": key}


def test_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    write_private_key(path, b"key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError, match="never overwritten"):
        write_private_key(path, b"other")
    assert read_private_key(path) == b"key"


@pytest.mark.posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_key_file_accessible_to_others_warns(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "key.pem"
    write_private_key(path, b"key")
    path.chmod(mode)
    with pytest.warns(
        UserWarning, match=rf"key\.pem: expected permissions 0600, got {mode:04o}.*chmod 600"
    ):
        assert read_private_key(path) == b"key"


async def test_key_is_not_generated_on_the_event_loop(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers: list[threading.Thread] = []

    def make() -> RSAPrivateKey:
        makers.append(threading.current_thread())
        return generate_private_key(2048)

    monkeypatch.setattr("vantage6.client._encryption.keys.generate_private_key", make)
    server.reply = with_login(lambda request: (200, {"id": 3, **request.body}))
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        await client.util.generate_private_key(tmp_path / "key.pem")
    assert makers != [threading.current_thread()]
    assert len(makers) == 1


def test_failed_write_leaves_no_key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        write_private_key(tmp_path / "key", b"key")
    assert list(tmp_path.iterdir()) == []
