"""Test a server that tampers with keys and encryption, and the keys of a client."""

import base64
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import (
    AsyncClient,
    DecryptionError,
    InvalidKeyError,
    InvalidResponseError,
    KeyMismatchError,
    NameNotFoundError,
    NotEncryptedError,
    PermissionDeniedError,
    PublicKeyChangedError,
    UntrustedKeyError,
)
from vantage6.client._encryption.cipher import encrypt
from vantage6.client._encryption.key_files import write_private_key
from vantage6.client._encryption.keys import (
    fingerprint,
    generate_private_key,
    load_private_key,
    private_key_to_pem,
    public_key_of,
)
from vantage6.client._encryption.trust import Trust

from .test_client import KEY, TASK, Routes, listing, serve, write_key

THEIRS = public_key_of(generate_private_key(2048))
EVIL = public_key_of(generate_private_key(2048))
OPEN: dict[str, Any] = {"id": 77, "name": "open", "encrypted": False}


def decompose(name: str) -> str:
    """Return a name with its accents encoded apart."""
    return unicodedata.normalize("NFD", name)


class World:
    """What the server says, and may lie about."""

    def __init__(self) -> None:
        self.collaboration: dict[str, Any] = {"id": 4, "name": "demo", "encrypted": True}
        self.organizations: dict[int, dict[str, Any]] = {
            3: {"id": 3, "name": "IKNL", "public_key": public_key_of(KEY)},
            5: {"id": 5, "name": "Maastro", "public_key": THEIRS},
        }
        self.routes: Routes = {
            "GET /collaboration/4": lambda *_: (200, self.collaboration),
            "GET /organization": lambda request, query: listing(list(self.organizations.values()))(
                request, query
            ),
            "GET /organization/5": lambda *_: (200, self.organizations[5]),
            "GET /organization/6": lambda *_: (200, self.organizations[6]),
            "PATCH /organization/3": lambda request, _: (200, {"id": 3, **request.body}),
            "POST /task": lambda request, _: (201, {"id": 12, **request.body}),
        }

    async def serve(self, server: ScriptedServer, client: AsyncClient) -> None:
        await serve(server, client, self.routes)


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


async def test_two_clients_keep_their_own_keys(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    keys = generate_private_key(2048), KEY
    results = [
        {"id": n, "run": {"id": n}, "result": encrypt(str(n).encode(), public_key_of(key))}
        for n, key in enumerate(keys, 1)
    ]
    world.organizations[3]["public_key"] = ""
    world.routes["GET /organization/3"] = lambda *_: (200, world.organizations[3])
    for row in results:
        world.routes[f"GET /result/{row['id']}"] = lambda *_, row=row: (200, row)
        run = {"id": row["id"], "task": {"id": 12}, "organization": {"id": 3}}
        world.routes[f"GET /run/{row['id']}"] = lambda *_, run=run: (200, run)
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as other:
        (tmp_path / "other").mkdir()
        for each, folder, key in ((client, "", keys[0]), (other, "other", keys[1])):
            path = tmp_path / folder / "own.pem"
            write_private_key(path, private_key_to_pem(key))
            await world.serve(server, each)
            await each.setup_encryption(path)
        for each, own, foreign in ((client, 1, 2), (other, 2, 1)):
            assert await each.result.get(own) == str(own)
            with pytest.raises(DecryptionError):
                await each.result.get(foreign)


# -- identity of what the server sends -----------------------------------------------------------
@pytest.mark.parametrize("trust", ["first-use", "strict"])
async def test_row_of_another_collaboration_sends_nothing(
    server: ScriptedServer, tmp_path: Path, world: World, trust: Any
) -> None:
    async with AsyncClient(
        "http://127.0.0.1",
        server.port,
        log_level=None,
        trust=trust,
        known_organizations=tmp_path / "known",
    ) as client:
        await world.serve(server, client)
        await client.setup_encryption(write_key(tmp_path))
        await client.organization.trust(5)
        await client.task.create([5], **TASK, collaboration=4)
        Trust(client.base_path, "off", tmp_path / "known").accept_encryption(OPEN)  # type: ignore[arg-type]
        world.collaboration = OPEN  # in answer to the question for collaboration 4
        calls: list[Callable[[], Any]] = [
            lambda: client.task.create([5], **TASK, collaboration=4),
            lambda: client.collaboration.trust(4),
            lambda: client.collaboration.get(4),
            lambda: client.setup_collaboration(4),
        ]
        for call in calls:
            with pytest.raises(InvalidResponseError, match="id: expected 4, got 77"):
                await call()
        assert posted(server) == 1


async def test_fingerprint_is_trusted_for_the_requested_organization_only(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    world.organizations[5] = {"id": 42, "name": "Maastro ", "public_key": THEIRS}
    with pytest.raises(InvalidResponseError, match="id: expected 5, got 42"):
        await client.organization.trust(5, fingerprint(THEIRS))
    assert not (tmp_path / "known_organizations").exists()


@pytest.mark.parametrize("missing", ["row", "field", "", None])
async def test_missing_own_key_is_noticed(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World, missing: str | None
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    message = r"your own organization 3.*got none"
    if missing is None:  # which the contract does not allow
        message = "public_key is null, not text"
    if missing == "row":
        del world.organizations[3]
    elif missing == "field":
        del world.organizations[3]["public_key"]
    else:
        world.organizations[3]["public_key"] = missing
    with pytest.raises((PublicKeyChangedError, InvalidResponseError), match=message):
        await client.task.create([5], **TASK, collaboration=4)
    assert not posted(server)


# -- names ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("form", [str, str.lower, "{} ".format, decompose])
async def test_known_name_under_another_id_gets_no_input(
    client: AsyncClient,
    server: ScriptedServer,
    tmp_path: Path,
    world: World,
    form: Callable[[str], str],
) -> None:
    world.organizations[5]["name"] = "Zürich"
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    await client.task.create(["Zürich"], **TASK, collaboration=4)
    world.organizations[5] = {"id": 99, "name": form("Zürich"), "public_key": EVIL}
    client._core.names.forget()
    calls: list[Callable[[], Any]] = [
        lambda: client.task.create(["Zürich"], **TASK, collaboration=4),
        lambda: client.task.create([99], **TASK, collaboration=4),
        lambda: client.organization.get("Zürich"),
        lambda: client.organization.id("zürich"),
        lambda: client.organization.find("Zürich"),
        lambda: client.node.list(organization="Zürich"),
    ]
    for call in calls:
        with pytest.raises(PublicKeyChangedError, match="expected organization 5") as caught:
            await call()
        assert (caught.value.organization_id, caught.value.known) == (99, fingerprint(THEIRS))
    assert posted(server) == 1


async def test_name_is_accepted_for_another_organization(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    await client.task.create(["maastro"], **TASK, collaboration=4)
    world.organizations[6] = {"id": 6, "name": "maastro", "public_key": EVIL}  # renamed to that
    with pytest.raises(PublicKeyChangedError, match="expected organization 5"):
        await client.task.create(["maastro"], **TASK, collaboration=4)
    client._core.names.forget()
    with pytest.raises(PublicKeyChangedError, match="expected organization 5"):
        await client.organization.fingerprint("maastro")
    assert await client.organization.fingerprint(6) == fingerprint(EVIL)
    assert await client.organization.trust("maastro") == fingerprint(EVIL)
    task = await client.task.create(["maastro", "Maastro"], **TASK, collaboration=4)
    assert [row["id"] for row in task["organizations"]] == [6, 5]  # type: ignore[typeddict-item]


async def test_name_of_your_own_organization_is_known(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    name = world.organizations[3]["name"]
    await client.task.create([name], **TASK, collaboration=4)
    world.organizations[3]["name"] = "another"
    world.organizations[99] = {"id": 99, "name": name, "public_key": EVIL}
    client._core.names.forget()
    with pytest.raises(PublicKeyChangedError, match="expected organization 3"):
        await client.task.create([name], **TASK, collaboration=4)
    assert posted(server) == 1


async def test_name_and_key_are_of_the_same_row(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    await client.task.create(["Maastro"], **TASK, collaboration=4)
    world.organizations[99] = world.organizations.pop(5) | {"id": 99, "public_key": EVIL}
    lists = 0

    def organizations(request: Request, query: dict[str, str]) -> Reply:
        nonlocal lists
        lists += 1
        if lists > 1:  # in the list for names it is Maastro, in that for keys it is not
            world.organizations[99]["name"] = "Genève"
        return listing(list(world.organizations.values()))(request, query)

    world.routes["GET /organization"] = organizations
    client._core.names.forget()
    with pytest.raises(PublicKeyChangedError, match="expected organization 5"):
        await client.task.create(["Maastro"], **TASK, collaboration=4)
    with pytest.raises(NameNotFoundError):
        await client.task.create(["Maastro"], **TASK, collaboration=4)
    both = [{**world.organizations[99], "name": name} for name in ("Maastro", "Genève")]
    for rows in (both, both[::-1]):  # one identifier with two names
        world.routes["GET /organization"] = listing([world.organizations[3], *rows])
        with pytest.raises((NameNotFoundError, PublicKeyChangedError)):
            await client.task.create(["Maastro"], **TASK, collaboration=4)
    assert posted(server) == 1


async def test_study_members_are_encrypted_for_by_their_names(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    world.routes["GET /study/6"] = lambda *_: (200, {"id": 6, "collaboration": {"id": 4}})
    others = [world.organizations[5]]  # one's own is no member of the study
    world.routes["GET /organization"] = lambda request, query: listing(
        others if "study_id" in query else list(world.organizations.values())
    )(request, query)
    task = await client.task.create(["maastro"], **TASK, study=6)
    assert [row["id"] for row in task["organizations"]] == [5]  # type: ignore[typeddict-item]
    with pytest.raises(NameNotFoundError, match="not found in study 6"):
        await client.task.create(["IKNL"], **TASK, study=6)


async def test_plain_collaboration_uses_the_current_name_and_shows_it(
    client: AsyncClient,
    server: ScriptedServer,
    world: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "vantage6.client")
    world.collaboration["encrypted"] = False
    await world.serve(server, client)
    await client.task.create(["maastro", 3], **TASK, collaboration=4)
    world.organizations[6] = {"id": 6, "name": "maastro", "public_key": ""}
    client._core.names.forget()
    await client.task.create(["maastro", 8], **TASK, collaboration=4)
    shown = [line for line in caplog.messages if "Created task" in line]
    assert shown == [
        "Created task 12 for 'Maastro' (id 5), 'IKNL' (id 3)",
        "Created task 12 for 'maastro' (id 6), organization 8",
    ]
    await client.organization.trust(5)  # from now on the name has a pin
    with pytest.raises(PublicKeyChangedError, match="expected organization 5"):
        await client.task.create(["maastro"], **TASK, collaboration=4)


async def test_name_of_an_encrypted_collaboration_is_not_that_of_another(
    client: AsyncClient, server: ScriptedServer, world: World
) -> None:
    await world.serve(server, client)
    await client.collaboration.trust(4)
    world.routes["GET /collaboration"] = listing([{**OPEN, "name": "Demo"}])
    world.routes["GET /collaboration/77"] = lambda *_: (200, {**OPEN, "name": "Demo"})
    calls: list[Callable[[], Any]] = [
        lambda: client.task.create([5], **TASK, collaboration="demo"),
        lambda: client.setup_collaboration("demo"),
    ]
    for call in calls:
        with pytest.raises(NotEncryptedError, match=r"expected collaboration 4.*trust\(77\)"):
            await call()
    assert not posted(server)
    assert await client.collaboration.trust("demo") is False
    await client.task.create([5], **TASK, collaboration="demo")


@pytest.mark.parametrize("name", ["", None, " \u200b", ...])
async def test_value_without_a_name_is_not_stored(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World, name: Any
) -> None:
    for row in (world.organizations[5], world.collaboration):
        row["name"] = name
        if name is ...:
            del row["name"]
    await world.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    calls: list[Callable[[], Any]] = [
        lambda: client.organization.trust(5, fingerprint(THEIRS)),
        lambda: client.collaboration.trust(4),
        lambda: client.task.create([5], **TASK, collaboration=4),
    ]
    for call in calls:
        with pytest.raises((UntrustedKeyError, NotEncryptedError), match="expected a name, got n"):
            await call()
    assert not (tmp_path / "known_organizations").exists()
    assert not posted(server)


@pytest.mark.parametrize("in_blob", [False, True])
async def test_plain_result_of_an_encrypted_collaboration_is_an_error(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World, in_blob: bool
) -> None:
    plain = base64.b64encode(b"170").decode()
    result = {"id": 8, "run": {"id": 8}, "result": plain, "blob_storage_used": in_blob}
    collaboration = {"id": 4}
    run = {"id": 8, "task": {"id": 12}, "organization": {"id": 5}}
    world.routes |= {
        "GET /result/8": lambda *_: (200, result),
        "GET /result": listing([result]),
        "GET /run": listing([run]),
        "GET /run/8": lambda *_: (200, run),
        f"GET /blobstream/{plain}": lambda *_: (200, plain.encode()),
        "GET /task/12": lambda *_: (
            200,
            {"id": 12, "status": "completed", "collaboration": collaboration},
        ),
    }
    await world.serve(server, client)
    calls: list[Callable[[], Any]] = [
        lambda: client.result.get(8),
        lambda: client.result.get_bytes(8),
        lambda: client.result.save(8, tmp_path / "result.json"),
        lambda: client.result.from_task(12),
    ]
    assert await client.result.get(8) == "170", "nothing is known"
    assert await client.collaboration.trust(4) is True
    for call in calls:
        with pytest.raises(DecryptionError, match="run 8: expected an encrypted value"):
            await call()
    assert not (tmp_path / "result.json").exists()
    collaboration["id"] = 77
    for call in calls:
        await call()
    assert (tmp_path / "result.json").read_text() == "170"


# -- keys of one's own ---------------------------------------------------------------------------
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


@pytest.mark.posix
async def test_readable_key_warns_at_the_callers_line(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, world: World
) -> None:
    await world.serve(server, client)
    write_private_key(tmp_path / "open.pem", private_key_to_pem(KEY))
    (tmp_path / "open.pem").chmod(0o644)
    with pytest.warns(UserWarning, match="0644") as caught:
        await client.setup_encryption(tmp_path / "open.pem")
    assert caught[0].filename == __file__
