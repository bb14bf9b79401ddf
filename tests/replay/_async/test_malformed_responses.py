"""Test malformed responses, sent by a scripted server."""

import base64
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client import (
    AsyncClient,
    ConfigurationError,
    DecryptionError,
    EncryptionNotSetUpError,
    InvalidInputError,
    InvalidKeyError,
    InvalidResponseError,
    NotAuthenticatedError,
    TaskCreationUncertainError,
    Vantage6Error,
)
from vantage6.client._encryption.cipher import encrypt
from vantage6.client._encryption.keys import load_private_key, public_key_of

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

LINKS = {"first": "", "self": ""}
NUMBER = "is a whole number, not"
RUN: dict[str, Any] = {"id": 5, "task": {"id": 1}, "organization": {"id": 2}, "status": None}
TASK: dict[str, Any] = {"id": 12, "name": "average", "status": "completed"}
NEW: dict[str, Any] = {"name": "x", "image": "x", "collaboration": 4, "method": "f"}


@pytest_asyncio.fixture
async def client(server: ScriptedServer) -> AsyncIterator[AsyncClient]:
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        server.reply = with_login(lambda _: (404, {"msg": "not here"}))
        await client.authenticate("researcher", "secret")
        yield client


def say(server: ScriptedServer, answers: dict[str, Reply | Callable[[Request], Reply]]) -> None:
    """Return these answers, each to its "METHOD path"."""

    def reply(request: Request) -> Reply:
        path = request.path.split("?")[0].removeprefix("/api")
        answer = answers.get(f"{request.method} {path}", (404, {"msg": "not here"}))
        return answer(request) if callable(answer) else answer

    server.reply = with_login(reply)


def listed(*rows: dict[str, Any]) -> Reply:
    return page(list(rows), 1, 100)


# -- the wrong shape --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "trouble"),
    [
        ("version", [], "the body is a list, not an object"),
        ("version", {}, "version is missing"),
        ("version", {"version": 4}, "version is a whole number, not text"),
        ("run/5", {**RUN, "id": True}, "id is true or false, not a whole number"),
        ("run/5", {**RUN, "id": 5.0}, "id is a number, not a whole number"),
        ("run/5", {**RUN, "task": None}, "task is null, not an object"),
        ("run/5", {**RUN, "task": {"id": ""}}, "task.id is text, not a whole number"),
        ("run/5", {**RUN, "organization": []}, "organization is a list, not an object or null"),
        ("run/5", {**RUN, "ports": [{}, 3]}, "ports[1] is a whole number, not an object"),
        ("rule", {"data": [{"id": 1}, {}], "links": LINKS}, "data[1].id is missing"),
        ("rule", {"data": [], "links": {"first": ""}}, "links.self is missing"),
        ("rule", {"data": {}, "links": LINKS}, "data is an object, not a list"),
        ("task/1", {**TASK, "results": [{}]}, "results[0].id is missing"),
        ("task/1", {**TASK, "results": 4}, f"results {NUMBER} text or a list"),
    ],
)
async def test_malformed_response_names_the_location(
    client: AsyncClient, server: ScriptedServer, path: str, body: object, trouble: str
) -> None:
    say(server, {f"GET /{path}": (200, body)})
    asking = {
        "version": client.util.get_server_version,
        "run/5": lambda: client.run.get(5),
        "rule": client.rule.list,
        "task/1": lambda: client.task.get(1),
    }
    with pytest.raises(InvalidResponseError) as caught:
        await asking[path]()
    assert trouble in str(caught.value)
    assert path in caught.value.url


async def test_token_without_user_is_rejected(client: AsyncClient, server: ScriptedServer) -> None:
    for access, trouble in {
        "no token at all": "expected printable ASCII characters",
        "a.b.c": "expected a user id",
        f"a.{base64.b64encode(b'[1]').decode()}.c": "expected a user id",
    }.items():
        answer = {"access_token": access, "refresh_token": "x"}
        server.reply = lambda _, answer=answer: (200, answer)
        with pytest.raises(Vantage6Error, match=trouble):
            await client.authenticate("researcher", "secret")


# -- results and inputs -----------------------------------------------------------------------


def result(run_id: int, value: str | None, *, in_blob: bool = False) -> dict[str, Any]:
    return {"id": run_id, "run": {"id": run_id}, "result": value, "blob_storage_used": in_blob}


def plain(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.fixture
def public_key(key_file: Path) -> str:
    return public_key_of(load_private_key(key_file.read_bytes()))


@pytest_asyncio.fixture
async def reader(
    client: AsyncClient, server: ScriptedServer, key_file: Path, public_key: str
) -> AsyncClient:
    """Log in as a user with the key of an organization."""
    own = {"id": 3, "name": "IKNL", "public_key": public_key}
    say(server, {"PATCH /organization/3": (200, own)})
    await client.setup_encryption(key_file)
    return client


async def test_unreadable_results_are_reported_without_losing_others(
    reader: AsyncClient, server: ScriptedServer, public_key: str
) -> None:
    def sealed(data: bytes) -> str:
        return encrypt(data, public_key)

    rows = [
        result(1, sealed(b'{"n": 1}')),
        result(2, sealed(b"\xff\xfe")),
        result(3, sealed(b'{"n": ')),
        result(4, sealed(b"[" + b" " * 2**20)),
        result(5, sealed(b"[" * 100_000 + b"]" * 100_000)),
        result(6, plain(b"plain words")),
        result(7, None),
    ]
    say(server, {"GET /result": listed(*rows[::-1]), "GET /run": listed()})
    with pytest.raises(DecryptionError) as caught:
        await reader.result.from_task(12)
    assert sorted(caught.value.run_ids) == [2, 3, 4]
    for said in ("run 2: expected text", "run 3: expected JSON", "run 4: expected JSON"):
        assert said in str(caught.value)
    assert "get_bytes(2) returns its bytes" in str(caught.value)
    given = {row["id"]: row["result"] for row in caught.value.results or ()}
    assert (given[1], given[2], given[6], given[7]) == ('{"n": 1}', None, "plain words", None)
    assert given[5] == "[" * 100_000 + "]" * 100_000, "what is deep is not lost for it"


async def test_encrypted_result_without_key_explains_what_is_missing(
    client: AsyncClient, server: ScriptedServer, public_key: str
) -> None:
    row = result(8, encrypt(b"1", public_key))
    say(server, {"GET /result/8": (200, row), "GET /result": listed(row), "GET /run": listed()})
    for asking in (client.result.get, client.result.get_bytes):
        with pytest.raises(DecryptionError, match=r"run 8: .*setup_encryption") as caught:
            await asking(8)
        assert caught.value.run_ids == [8]


async def test_two_results_with_the_same_blob_are_reported(
    client: AsyncClient, server: ScriptedServer
) -> None:
    rows = [result(1, "0b0e", in_blob=True), result(2, "0b0e", in_blob=True)]
    say(
        server,
        {
            "GET /result": listed(*rows[::-1]),
            "GET /run": listed(),
            "GET /blobstream/0b0e": (200, plain(b"7").encode()),
        },
    )
    with pytest.raises(DecryptionError, match="blob for another run") as caught:
        await client.result.from_task(12)
    assert len(caught.value.run_ids) == 1
    assert sorted(str(row["result"]) for row in caught.value.results or ()) == ["7", "None"]


async def test_outputs_that_are_not_json_or_records(
    client: AsyncClient, server: ScriptedServer
) -> None:
    runs = [{**RUN, "id": 1, "organization": {"id": 3}}, {**RUN, "id": 2}]
    hospitals = listed({"id": 2, "name": "Maastro"}, {"id": 3, "name": "IKNL"})
    rows = [result(1, plain(b'[{"n": 1, "last_seen": "x"}]')), result(2, plain(b"7"))]
    answers: dict[str, Any] = {"GET /run": listed(*runs), "GET /organization": hospitals}
    say(server, {**answers, "GET /result": listed(*rows)})
    results = await client.result.from_task(12)
    with pytest.raises(InvalidInputError, match=r"output of Maastro: .* got 7, .* Use"):
        results.to_pandas()
    rows[1] = result(2, plain(b"words"))
    say(server, {**answers, "GET /result": listed(*rows)})
    results = await client.result.from_task(12)
    with pytest.raises(DecryptionError, match=r"run 2: expected JSON.*\['result'\]") as caught:
        _ = results.outputs
    assert caught.value.run_ids == [2]
    rows[1] = result(2, None)
    say(server, {**answers, "GET /result": listed(*rows)})
    frame = (await client.result.from_task(12)).to_pandas()
    assert (list(frame.index), list(frame["n"])) == (["IKNL"], [1])


async def test_unreadable_inputs_do_not_lose_others(
    client: AsyncClient, server: ScriptedServer
) -> None:
    rows = [{**RUN, "input": plain(data)} for data in (b"{}", b"\xff\xfe")]
    rows = [{**row, "id": id_} for id_, row in enumerate(rows, 1)]
    say(server, {"GET /run": listed(*rows[::-1]), "GET /run/2": (200, rows[1])})
    with pytest.raises(DecryptionError, match="input of run 2: expected text") as caught:
        await client.run.from_task(12)
    assert {row["id"]: row["input"] for row in caught.value.runs or ()} == {1: "{}", 2: None}
    with pytest.raises(DecryptionError, match="input of run 2"):
        await client.run.get(2)


# -- tasks ------------------------------------------------------------------------------------


async def test_no_input_is_sent_that_cannot_be_encrypted(
    reader: AsyncClient, server: ScriptedServer, public_key: str
) -> None:
    members = listed(
        {"id": 3, "name": "IKNL", "public_key": public_key},
        {"id": 2, "name": "Radboudumc", "public_key": ""},
        {"id": 5, "name": "Maastro", "public_key": plain(b"no key")},
    )
    encrypted = {"id": 4, "name": "demo", "encrypted": True}
    say(server, {"GET /collaboration/4": (200, encrypted), "GET /organization": members})
    for organization, kind, told in (
        (2, EncryptionNotSetUpError, r"organization 2 \(Radboudumc\): expected a public key"),
        (5, InvalidKeyError, r"organization 5 \(Maastro\): public key"),
        (6, InvalidInputError, r"6 is not in .* has 3 \(IKNL\), 2 \(Radboudumc\), 5 \(Maastro\)"),
    ):
        with pytest.raises(kind, match=told):
            await reader.task.create([organization], **NEW)
    assert not [path for path in server.paths if path.startswith("POST /api/task")]


@pytest.mark.parametrize("date", ["yesterday", "Wed, 21 Oct 2015 07:28:00 GMT"])
@pytest.mark.parametrize("created", ["2015-10-21T07:28:01", "once", None])
async def test_task_with_lost_response_is_recognized_by_creation_time(
    client: AsyncClient, server: ScriptedServer, date: str, created: str | None
) -> None:
    sent: list[Any] = []

    def lose(request: Request) -> Reply:
        sent.append(request.body)
        return 502, b"<html>Bad Gateway</html>"

    def tasks(_: Request) -> Reply:
        row = {**TASK, "id": 40, "name": "x", "image": "x", "created_at": created}
        status, body, headers = listed({**row, "description": "", "study": None})
        return status, body, {**headers, "date": date}

    def inputs(_: Request) -> Reply:
        asked = sent[-1]["organizations"]
        rows = [{**RUN, "organization": {"id": o["id"]}, "input": o["input"]} for o in asked]
        return listed(*rows)

    say(
        server,
        {
            "GET /collaboration/4": (200, {"id": 4, "name": "demo", "encrypted": False}),
            "GET /organization": listed({"id": 2, "name": "Maastro", "public_key": ""}),
            "POST /task": lose,
            "GET /task": tasks,
            "GET /run": inputs,
        },
    )
    if created and created.startswith("2015") and date.endswith("GMT"):
        assert (await client.task.create([2], **NEW))["id"] == 40
    else:
        with pytest.raises(TaskCreationUncertainError):
            await client.task.create([2], **NEW)
    assert json.loads(base64.b64decode(sent[0]["organizations"][0]["input"]))["method"] == "f"
    assert len(sent) == 1, "it is not sent again"


# -- lists and logins -------------------------------------------------------------------------


async def test_endless_pages_are_an_error(client: AsyncClient, server: ScriptedServer) -> None:
    again = {"data": [{"id": 1, "name": "IKNL"}], "links": {**LINKS, "next": "/x?page=2"}}
    say(server, {"GET /organization": (200, again)})
    server.seen.clear()
    with pytest.raises(InvalidResponseError, match="this page has no new row"):
        await client.organization.list()
    assert len(server.seen) == 2


async def test_user_without_organization(server: ScriptedServer) -> None:
    usual = with_login(lambda _: (404, {"msg": "not here"}))
    nobody = {"id": 7, "username": "ada", "organization": None}
    server.reply = lambda r: (200, nobody) if r.path == "/api/user/7" else usual(r)
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        with pytest.raises(
            NotAuthenticatedError, match="'ada': expected a user with an organization"
        ):
            await client.authenticate("ada", "secret")
        assert client.token is None


async def test_malformed_rows_are_displayed(client: AsyncClient, server: ScriptedServer) -> None:
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    strange: list[Any] = ["yesterday", 5, "0001-01-01T00:00:00+23:59", None]
    rows = [
        {
            "id": id_,
            "name": "東京 e\u0301",
            "last_seen": seen,
            "tags": ["a", {"name": "b"}],
            "in": deep,
        }
        for id_, seen in enumerate(strange * 50, 1)
    ]
    say(server, {"GET /node": (200, {"data": rows, "links": LINKS})})
    nodes = await client.node.list()
    assert (str(nodes).count("東京 e\u0301") > 5, "200 rows" in str(nodes)) == (True, True)
    assert nodes._repr_html_().count("東京 e\u0301") > 5
    first = nodes.to_pandas().iloc[0]
    assert first["last_seen"] == "yesterday", "what is no time stays as it is"
    assert first["tags"] == ["a", {"name": "b"}]


async def test_no_input_is_sent_when_keys_cannot_be_saved(
    server: ScriptedServer, key_file: Path, public_key: str, tmp_path: Path
) -> None:
    garbage, file = tmp_path / "garbage", tmp_path / "file"
    garbage.write_bytes(b"\xff\xfe")
    file.write_text("")
    own = {"id": 3, "name": "IKNL", "public_key": public_key}
    say(
        server,
        {
            "PATCH /organization/3": (200, own),
            "GET /collaboration/4": (200, {"id": 4, "name": "demo", "encrypted": True}),
            "GET /organization": listed(own),
        },
    )
    for known, told in {garbage: "cannot be read", file / "in it": "cannot be stored"}.items():
        async with AsyncClient(
            "http://127.0.0.1", server.port, log_level=None, known_organizations=known
        ) as client:
            await client.authenticate("researcher", "secret")
            await client.setup_encryption(key_file)
            with pytest.raises(ConfigurationError, match=told) as caught:
                await client.task.create([3], **NEW)
            assert str(known) in str(caught.value)
    assert not [path for path in server.paths if path.startswith("POST /api/task")]
