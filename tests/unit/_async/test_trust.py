"""Test a server that tampers with keys and encryption, and the keys of a client."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import (
    AsyncClient,
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

    async def serve(self, server: ScriptedServer, client: AsyncClient) -> None:
        await serve(
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


async def test_replaced_key_gets_no_input_until_accepted(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    await client.task.create([5, 3], **TASK, collaboration=4)
    world.organizations[5]["public_key"] = EVIL
    server.seen.clear()
    with pytest.raises(PublicKeyChangedError, match="Maastro") as caught:
        await client.task.create([5, 3], **TASK, collaboration=4)
    assert (caught.value.known, caught.value.server) == (fingerprint(THEIRS), fingerprint(EVIL))
    await client.task.create([3], **TASK, collaboration=4)
    with pytest.raises(KeyMismatchError):
        await client.organization.trust(5, fingerprint(THEIRS))
    with pytest.raises(PublicKeyChangedError):
        await client.task.create([5], **TASK, collaboration=4)
    assert posted(server) == 1
    assert await client.organization.fingerprint(5) == fingerprint(EVIL)
    assert await client.organization.trust(5, fingerprint(EVIL)) == fingerprint(EVIL)
    await client.task.create([5], **TASK, collaboration=4)
    assert posted(server) == 2


async def test_replaced_own_key_is_noticed(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    world.organizations[3]["public_key"] = EVIL
    with pytest.raises(PublicKeyChangedError, match="your own organization"):
        await client.task.create([5], **TASK, collaboration=4)
    assert not posted(server)


async def test_nothing_is_sent_when_encryption_is_denied(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    assert await client.collaboration.trust(4) is True
    world.collaboration["encrypted"] = False
    with pytest.raises(NotEncryptedError, match=r"collaboration\.trust\(4\)"):
        await client.task.create([5], **TASK, collaboration=4)
    await client.setup_encryption(write_key(tmp_path))
    with pytest.raises(NotEncryptedError):
        await client.task.create([5], **TASK, collaboration=4)
    assert not posted(server)
    assert await client.collaboration.trust(4) is False
    await client.task.create([5], **TASK, collaboration=4)
    assert posted(server) == 1


async def test_plain_collaboration_with_a_key_warns_once(
    client: AsyncClient,
    server: ScriptedServer,
    tmp_path: Path,
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.collaboration["encrypted"] = False
    await world.serve(server, client)
    await client.task.create([5], **TASK, collaboration=4)
    assert "not encrypted" not in caplog.text
    await client.setup_encryption(write_key(tmp_path))
    await client.task.create([5], **TASK, collaboration=4)
    await client.task.create([5], **TASK, collaboration=4)
    assert caplog.text.count("not encrypted") == 1


async def test_strict_client_sends_only_to_accepted_keys(
    server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    async with AsyncClient(
        "http://127.0.0.1",
        server.port,
        log_level=None,
        trust="strict",
        known_organizations=tmp_path / "strictly",
    ) as client:
        await world.serve(server, client)
        await client.setup_encryption(write_key(tmp_path))
        with pytest.raises(UntrustedKeyError, match="has not been accepted"):
            await client.task.create([5], **TASK, collaboration=4)
        await client.organization.trust(5)
        await client.task.create([5, 3], **TASK, collaboration=4)
        world.collaboration.update(id=4, name="other", encrypted=False)
        (tmp_path / "strictly").unlink()
        with pytest.raises(NotEncryptedError, match="has not been accepted"):
            await client.task.create([5], **TASK, collaboration=4)
        assert posted(server) == 1


async def test_organization_without_key_has_no_fingerprint(
    client: AsyncClient, server: ScriptedServer, world: World
) -> None:
    world.organizations[5]["public_key"] = ""
    await world.serve(server, client)
    with pytest.raises(InvalidKeyError, match=r"\(Maastro\): no public key"):
        await client.organization.fingerprint(5)
    with pytest.raises(InvalidKeyError, match="no public key"):
        await client.organization.trust(5)
    with pytest.raises(InvalidKeyError, match="IKNL"):
        await client.organization.fingerprint()


# -- keys of one's own ---------------------------------------------------------------------------
async def test_public_key_is_replaced_on_request(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    taken: list[str] = []

    def organization(request: Request) -> Reply:
        if request.method == "PATCH":
            taken.append(request.body["public_key"])
        return 200, {"id": 3, "name": "IKNL", "public_key": taken[-1] if taken else EVIL}

    await serve(server, client, {})
    others = server.reply
    server.reply = lambda r: organization(r) if r.path == "/api/organization/3" else others(r)
    with pytest.raises(KeyMismatchError):
        await client.setup_encryption(write_key(tmp_path))
    await client.setup_encryption(tmp_path / "key.pem", replace=True)
    assert taken == [public_key_of(KEY)]


async def test_rejected_public_key_is_an_error(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    refused: Reply = (401, {"msg": "You lack the permission to do that!"})
    await serve(server, client, {"PATCH /organization/3": lambda *_: refused})
    with pytest.raises(PermissionDeniedError):
        await client.setup_encryption(write_key(tmp_path))
    with pytest.raises(PermissionDeniedError):
        await client.util.generate_private_key(tmp_path / "new.pem")
    assert not (tmp_path / "new.pem").exists()


async def test_generated_key_is_long_and_private(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    path = tmp_path / "new.pem"
    assert await client.util.generate_private_key(path, passphrase="secret") == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = load_private_key(path.read_bytes(), "secret")
    assert key.key_size == 4096
    with pytest.raises(InvalidKeyError, match="passphrase"):
        await client.setup_encryption(path)
    server.seen.clear()
    with pytest.raises(FileExistsError, match="never overwritten"):
        await client.util.generate_private_key(path)
    assert server.seen == []


async def test_readable_key_warns_at_the_callers_line(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    write_private_key(tmp_path / "open.pem", private_key_to_pem(KEY))
    (tmp_path / "open.pem").chmod(0o644)
    with pytest.warns(UserWarning, match="0644") as caught:
        await client.setup_encryption(tmp_path / "open.pem")
    assert caught[0].filename == __file__
