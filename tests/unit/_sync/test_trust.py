# Derived by unasync.py: edit tests/unit/_async/test_trust.py instead.
"""Test a server that tampers with keys and encryption, and the keys of a client."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import (
    Client,
    InvalidKeyError,
    KeyMismatchError,
    NotEncryptedError,
    PermissionDeniedError,
    PublicKeyChangedError,
    UntrustedKeyError,
)
from vantage6.client._encryption.key_files import write_private_key
from vantage6.client._encryption.keys import (
    fingerprint,
    generate_private_key,
    load_private_key,
    private_key_to_pem,
    public_key_of,
)

from .test_client import KEY, TASK, listing, serve, write_key

THEIRS = public_key_of(generate_private_key(2048))
EVIL = public_key_of(generate_private_key(2048))


class World:
    """What the server says, and may lie about."""

    def __init__(self) -> None:
        self.collaboration: dict[str, Any] = {"id": 4, "name": "demo", "encrypted": True}
        self.organizations: dict[int, dict[str, Any]] = {
            3: {"id": 3, "name": "IKNL", "public_key": public_key_of(KEY)},
            5: {"id": 5, "name": "Maastro", "public_key": THEIRS},
        }

    def serve(self, server: ScriptedServer, client: Client) -> None:
        serve(
            server,
            client,
            {
                "GET /collaboration/4": lambda *_: (200, self.collaboration),
                "GET /organization": lambda request, query: listing(
                    list(self.organizations.values())
                )(request, query),
                "GET /organization/5": lambda *_: (200, self.organizations[5]),
                "PATCH /organization/3": lambda request, _: (200, {"id": 3, **request.body}),
                "POST /task": lambda request, _: (201, {"id": 12, **request.body}),
            },
        )


@pytest.fixture
def world() -> World:
    return World()


def posted(server: ScriptedServer) -> int:
    return sum(path.startswith("POST") for path in server.paths)


def test_replaced_key_gets_no_input_until_accepted(
    client: Client, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    world.serve(server, client)
    client.setup_encryption(write_key(tmp_path))
    client.task.create([5, 3], **TASK, collaboration=4)
    world.organizations[5]["public_key"] = EVIL
    server.seen.clear()
    with pytest.raises(PublicKeyChangedError, match="Maastro") as caught:
        client.task.create([5, 3], **TASK, collaboration=4)
    assert (caught.value.known, caught.value.server) == (fingerprint(THEIRS), fingerprint(EVIL))
    client.task.create([3], **TASK, collaboration=4)
    with pytest.raises(KeyMismatchError):
        client.organization.trust(5, fingerprint(THEIRS))
    with pytest.raises(PublicKeyChangedError):
        client.task.create([5], **TASK, collaboration=4)
    assert posted(server) == 1
    assert client.organization.fingerprint(5) == fingerprint(EVIL)
    assert client.organization.trust(5, fingerprint(EVIL)) == fingerprint(EVIL)
    client.task.create([5], **TASK, collaboration=4)
    assert posted(server) == 2


def test_replaced_own_key_is_noticed(
    client: Client, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    world.serve(server, client)
    client.setup_encryption(write_key(tmp_path))
    world.organizations[3]["public_key"] = EVIL
    with pytest.raises(PublicKeyChangedError, match="your own organization"):
        client.task.create([5], **TASK, collaboration=4)
    assert not posted(server)


def test_nothing_is_sent_when_encryption_is_denied(
    client: Client, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    world.serve(server, client)
    assert client.collaboration.trust(4) is True
    world.collaboration["encrypted"] = False
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(4\)"):
        client.task.create([5], **TASK, collaboration=4)
    client.setup_encryption(write_key(tmp_path))
    with pytest.raises(NotEncryptedError):
        client.task.create([5], **TASK, collaboration=4)
    assert not posted(server)
    assert client.collaboration.trust(4) is False
    client.task.create([5], **TASK, collaboration=4)
    assert posted(server) == 1


def test_plain_collaboration_with_a_key_warns_once(
    client: Client,
    server: ScriptedServer,
    tmp_path: Path,
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.collaboration["encrypted"] = False
    world.serve(server, client)
    client.task.create([5], **TASK, collaboration=4)
    assert "not encrypted" not in caplog.text
    client.setup_encryption(write_key(tmp_path))
    client.task.create([5], **TASK, collaboration=4)
    client.task.create([5], **TASK, collaboration=4)
    assert caplog.text.count("not encrypted") == 1


def test_strict_client_sends_only_to_accepted_keys(
    server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    with Client(
        "http://127.0.0.1",
        server.port,
        log_level=None,
        trust="strict",
        known_organizations=tmp_path / "strictly",
    ) as client:
        world.serve(server, client)
        client.setup_encryption(write_key(tmp_path))
        with pytest.raises(UntrustedKeyError, match="has not been accepted"):
            client.task.create([5], **TASK, collaboration=4)
        client.organization.trust(5)
        client.task.create([5, 3], **TASK, collaboration=4)
        world.collaboration.update(id=4, name="other", encrypted=False)
        (tmp_path / "strictly").unlink()
        with pytest.raises(NotEncryptedError, match="has not been accepted"):
            client.task.create([5], **TASK, collaboration=4)
        assert posted(server) == 1


def test_organization_without_key_has_no_fingerprint(
    client: Client, server: ScriptedServer, world: World
) -> None:
    world.organizations[5]["public_key"] = ""
    world.serve(server, client)
    with pytest.raises(InvalidKeyError, match=r"\(Maastro\): no public key"):
        client.organization.fingerprint(5)
    with pytest.raises(InvalidKeyError, match="no public key"):
        client.organization.trust(5)
    with pytest.raises(InvalidKeyError, match="IKNL"):
        client.organization.fingerprint()


# -- keys of one's own ---------------------------------------------------------------------------
def test_public_key_is_replaced_on_request(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    taken: list[str] = []

    def organization(request: Request) -> Reply:
        if request.method == "PATCH":
            taken.append(request.body["public_key"])
        return 200, {"id": 3, "name": "IKNL", "public_key": taken[-1] if taken else EVIL}

    serve(server, client, {})
    others = server.reply
    server.reply = lambda r: organization(r) if r.path == "/api/organization/3" else others(r)
    with pytest.raises(KeyMismatchError):
        client.setup_encryption(write_key(tmp_path))
    client.setup_encryption(tmp_path / "key.pem", replace=True)
    assert taken == [public_key_of(KEY)]


def test_rejected_public_key_is_an_error(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    refused: Reply = (401, {"msg": "You lack the permission to do that!"})
    serve(server, client, {"PATCH /organization/3": lambda *_: refused})
    with pytest.raises(PermissionDeniedError):
        client.setup_encryption(write_key(tmp_path))
    with pytest.raises(PermissionDeniedError):
        client.util.generate_private_key(tmp_path / "new.pem")
    assert not (tmp_path / "new.pem").exists()


def test_generated_key_is_long_and_private(
    client: Client, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    world.serve(server, client)
    path = tmp_path / "new.pem"
    assert client.util.generate_private_key(path, passphrase="secret") == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = load_private_key(path.read_bytes(), "secret")
    assert key.key_size == 4096
    with pytest.raises(InvalidKeyError, match="passphrase"):
        client.setup_encryption(path)
    server.seen.clear()
    with pytest.raises(FileExistsError, match="never overwritten"):
        client.util.generate_private_key(path)
    assert server.seen == []


def test_readable_key_warns_at_the_callers_line(
    client: Client, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    world.serve(server, client)
    write_private_key(tmp_path / "open.pem", private_key_to_pem(KEY))
    (tmp_path / "open.pem").chmod(0o644)
    with pytest.warns(UserWarning, match="0644") as caught:
        client.setup_encryption(tmp_path / "open.pem")
    assert caught[0].filename == __file__
