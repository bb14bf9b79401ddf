"""Test inputs and results in the server's blob store, and its failures."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer
from tests.support.wrong_key import undecryptable
from vantage6.client import (
    AsyncClient,
    ConnectionFailedError,
    DecryptionError,
    EndpointNotFoundError,
    InvalidInputError,
    PermissionDeniedError,
    ServerError,
)
from vantage6.client._encryption.blobs import PIECE, BlobReader, BlobUpload
from vantage6.client._encryption.keys import generate_private_key, public_key_of

from .test_client import KEY, TASK, Routes, listing, serve, write_key

THEIRS = generate_private_key(2048)


class Store:
    """A server that keeps inputs and results apart."""

    def __init__(self, *, encrypted: bool = True) -> None:
        self.blobs: dict[str, list[bytes]] = {}
        self.collaboration = {"id": 4, "name": "demo", "encrypted": encrypted}
        self.status: Reply = (200, {"blob_store_enabled": True})
        self.refusals: list[Reply] = []

    def take(self, request: Request, _: object) -> Reply:
        if self.refusals:
            return self.refusals.pop(0)
        blob_id = f"0b0e-{len(self.blobs) + 1}"
        self.blobs[blob_id] = request.body
        return 201, {"uuid": blob_id}

    def row(self, run_id: int, data: bytes | None, key: Any = KEY) -> dict[str, Any]:
        """Keep a result, and return its row."""
        blob_id = f"result-{run_id}" if data is not None else None
        if data is not None:
            public_key = public_key_of(key) if self.collaboration["encrypted"] else None

            def seal() -> list[bytes]:
                return list(BlobUpload(data, public_key))

            pieces = (
                undecryptable(seal, lambda blob: opened(blob, KEY)) if key is THEIRS else seal()
            )
            self.blobs[f"result-{run_id}"] = pieces
        return {
            "id": run_id,
            "run": {"id": run_id},
            "result": blob_id,
            "blob_storage_used": True,
        }

    async def serve(
        self, server: ScriptedServer, client: AsyncClient, *rows: dict[str, Any]
    ) -> None:
        members = [
            {"id": 3, "name": "IKNL", "public_key": public_key_of(KEY)},
            {"id": 5, "name": "Maastro", "public_key": public_key_of(THEIRS)},
        ]
        routes: Routes = {
            "GET /collaboration/4": lambda *_: (200, self.collaboration),
            "GET /organization": listing(members),
            "PATCH /organization/3": lambda request, _: (200, {"id": 3, **request.body}),
            "POST /blobstream": self.take,
            "POST /task": lambda request, _: (201, {"id": 12, **request.body}),
            "GET /result": listing(list(rows)),
            "GET /run": listing([{"id": row["id"], "organization": None} for row in rows]),
        }
        for row in rows:
            routes[f"GET /result/{row['id']}"] = lambda *_, row=row: (200, row)
            blob = b"".join(self.blobs.get(row["result"], []))
            routes[f"GET /blobstream/{row['result']}"] = lambda *_, blob=blob: (200, blob)
        await serve(server, client, routes)
        others = server.reply
        status = "/api/blobstream/status"
        server.reply = lambda r: self.status if r.path == status else others(r)


def opened(pieces: list[bytes], key: Any) -> bytes:
    reader = BlobReader(key)
    return b"".join(map(reader.update, pieces)) + reader.finish()


def text_of(pieces: list[bytes], key: Any) -> str:
    return opened(pieces, key).decode()


LARGE = {**TASK, "input_": {"method": "f", "kwargs": {"x": "y" * (2 * PIECE)}}}


async def test_each_organization_gets_its_own_blob(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    store = Store()
    await store.serve(server, client)
    await client.setup_encryption(write_key(tmp_path))
    told: list[tuple[int, int | None]] = []
    await client.task.create(
        [5, 3], **LARGE, collaboration=4, on_transfer=lambda *n: told.append(n)
    )
    sent = server.seen[-1].body["organizations"]
    assert sent == [{"id": 5, "input": "0b0e-1"}, {"id": 3, "input": "0b0e-2"}]
    for blob_id, key in (("0b0e-1", THEIRS), ("0b0e-2", KEY)):
        assert len(store.blobs[blob_id]) == 4, "a head and three pieces"
        assert json.loads(text_of(store.blobs[blob_id], key)) == LARGE["input_"]
    size = len(json.dumps(LARGE["input_"]))
    assert told[0] == (PIECE, 2 * size)
    assert told[-1] == (2 * size, 2 * size)
    await client.task.create([3], **TASK, collaboration=4)
    assert server.paths.count("GET /api/blobstream/status") == 1, "it is asked once"


async def test_plain_input_has_the_format_of_the_server(
    client: AsyncClient, server: ScriptedServer
) -> None:
    store = Store(encrypted=False)
    await store.serve(server, client)
    await client.task.create([5], **TASK, collaboration=4)
    assert json.loads(text_of(store.blobs["0b0e-1"], None)) == TASK["input_"]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ((500, {"msg": "out of order"}), ServerError),
        ((401, {"msg": "no"}), PermissionDeniedError),
        ((404, b"<html>a proxy's</html>"), EndpointNotFoundError),
    ],
)
async def test_nothing_is_sent_when_the_blob_store_status_is_unknown(
    client: AsyncClient, server: ScriptedServer, status: Reply, error: type[Exception]
) -> None:
    store = Store(encrypted=False)
    store.status = status
    await store.serve(server, client)
    with pytest.raises(error):
        await client.task.create([5], **TASK, collaboration=4)
    assert not any(path.startswith("POST") for path in server.paths)
    with pytest.raises(error):
        await client.check_if_blob_store_enabled()


async def test_rejected_upload_creates_no_task(client: AsyncClient, server: ScriptedServer) -> None:
    store = Store(encrypted=False)
    store.refusals = [(500, {"msg": "Error uploading result!"})]
    await store.serve(server, client)
    with pytest.raises(ServerError, match="uploading"):
        await client.task.create([5], **LARGE, collaboration=4)
    assert "POST /api/task" not in server.paths
    store.refusals = [(401, {"msg": "Token has expired"})]
    await client.task.create([5], **LARGE, collaboration=4)
    assert json.loads(text_of(store.blobs["0b0e-1"], None)) == LARGE["input_"], "sent whole again"


async def test_bad_blob_does_not_lose_other_results(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    store = Store()
    rows = [store.row(1, b'{"n": 1}'), store.row(2, None), store.row(3, b"x", THEIRS)]
    await store.serve(server, client, *rows)
    await client.setup_encryption(write_key(tmp_path))
    told: list[tuple[int, int | None]] = []
    assert await client.result.get(1, on_transfer=lambda *n: told.append(n)) == '{"n": 1}'
    assert told[-1] == (sum(map(len, store.blobs["result-1"])), None)
    assert await client.result.get(2) is None
    with pytest.raises(DecryptionError, match=r"run 3.*a key other than") as caught:
        await client.result.from_task(12)
    assert caught.value.results is not None
    assert [row["result"] for row in caught.value.results] == [None, None, '{"n": 1}']


async def test_result_is_saved_completely_or_not_at_all(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    store = Store()
    inline = {**store.row(4, None), "result": "e30=", "blob_storage_used": False}
    rows = [store.row(1, b'{"n": 1}'), store.row(2, None), store.row(3, b"x", THEIRS), inline]
    await store.serve(server, client, *rows)
    await client.setup_encryption(write_key(tmp_path))
    file = tmp_path / "result.json"
    assert await client.result.save(1, file) == file
    assert file.read_text() == '{"n": 1}'
    assert await client.result.save(2, file) is None
    with pytest.raises(DecryptionError, match="run 3"):
        await client.result.save(3, file)
    assert file.read_text() == '{"n": 1}', "what was there is still there"
    assert await client.result.save(4, str(file)) == file
    server.seen.clear()
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", "."):
        with pytest.raises(FileExistsError, match="expected a regular file"):
            await client.result.save(1, place)
    with pytest.raises(InvalidInputError, match="file: expected a path, got ''"):
        await client.result.save(1, "")
    assert not server.paths, "nothing is fetched for it"
    (tmp_path / "link").symlink_to(file)
    await client.result.save(1, tmp_path / "link")
    assert file.read_text() == "{}", "a link does not choose the file to overwrite"
    assert file.read_text() == "{}"
    assert {path.name for path in tmp_path.iterdir()} >= {"result.json", "key.pem"}
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"eHh4", {"content-length": "4000"}),
        (b"4\r\neHh4\r\n", {"transfer-encoding": "chunked"}),  # and no last chunk
    ],
    ids=["of a length", "in chunks"],
)
async def test_truncated_blob_is_not_a_result(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, body: bytes, told: dict[str, str]
) -> None:
    store = Store(encrypted=False)
    await store.serve(server, client, store.row(1, b"x" * 3000))
    others = server.reply

    def reply(request: Request) -> Reply:
        if request.path == "/api/blobstream/result-1":
            return 200, body, {**told, "connection": "close"}
        return others(request)

    server.reply = reply
    with pytest.raises(ConnectionFailedError):
        await client.result.save(1, tmp_path / "result.json")
    assert not (tmp_path / "result.json").exists()


async def test_missing_blob_is_an_error(client: AsyncClient, server: ScriptedServer) -> None:
    store = Store()
    await store.serve(server, client, {**store.row(1, None), "result": "gone"})
    others = server.reply
    gone: Reply = (500, {"msg": "Error streaming result!"})
    server.reply = lambda r: gone if r.path.startswith("/api/blobstream/gone") else others(r)
    with pytest.raises(ServerError, match="streaming"):
        await client.result.get(1)


async def test_results_in_memory_are_limited(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    store = Store(encrypted=False)
    rows = [store.row(1, b"x" * 3000), store.row(2, b"x" * 3000), store.row(3, b"{}")]
    await store.serve(server, client, *rows)
    scarce = client.with_options(max_response_bytes=5000)
    with pytest.raises(DecryptionError, match=r"run 2: .*5000 bytes.*result\.save") as caught:
        await scarce.result.from_task(9)
    assert sorted(caught.value.run_ids) == [2, 3]
    assert caught.value.results[-1]["result"] == "x" * 3000
    assert caught.value.results.max_bytes == 5000, "also the limit for the decoded outputs"
    assert await client.with_options(max_response_bytes=1000).result.save(1, tmp_path / "r")


async def test_saved_result_is_limited_in_size(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    store = Store(encrypted=False)
    await store.serve(server, client, store.row(1, b"x" * 300_000))
    file = tmp_path / "result.json"
    with pytest.raises(DecryptionError, match=r"run 1: .*at most 299999 bytes.*max_bytes"):
        await client.result.save(1, file, max_bytes=299_999)
    assert list(tmp_path.glob("result.json*")) == []
    assert await client.result.save(1, file, max_bytes=300_000) == file


def inputs(store: Store) -> Iterator[dict[str, Any]]:
    for id_, organization, key in ((1, 3, KEY), (2, 5, THEIRS)):
        row = store.row(id_, b'{"method": "f"}', key)
        yield {**row, "input": row["result"], "organization": {"id": organization}, "ports": []}


async def test_inputs_of_others_are_not_downloaded(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    store = Store()
    rows = list(inputs(store))
    await store.serve(server, client, *rows)
    others = server.reply
    server.reply = lambda r: (
        listing(rows)(r, {"per_page": "250"}) if r.path.startswith("/api/run") else others(r)
    )
    await client.setup_encryption(write_key(tmp_path))
    assert [run["input"] for run in await client.run.list()] == ['{"method": "f"}', "result-2"]
