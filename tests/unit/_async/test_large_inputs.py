"""Test tasks whose inputs are encoded and encrypted while they are sent."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import AsyncClient, InvalidInputError, TaskCreationUncertainError
from vantage6.client._async.tasks import create
from vantage6.client._encryption.base64 import decode
from vantage6.client._encryption.cipher import decrypt
from vantage6.client._encryption.keys import generate_private_key, public_key_of
from vantage6.client._utils.pauses import Backoff

from .test_client import KEY, collaboration, listing, serve, write_key

KEYS = {1: KEY, 2: generate_private_key(2048)}
# Several pieces for each organization, and in all enough for threads.
TEXT = "0123456789" * 400_000
TASK: dict[str, Any] = {
    "name": "average",
    "image": "average:1",
    "input_": {"method": "f", "kwargs": {"x": TEXT}},
    "collaboration": 4,
}
LOST: Reply = (504, b"<html>gateway timeout</html>")


def routes(*, encrypted: bool) -> Any:
    members = [
        {"id": id_, "name": f"organization {id_}", "public_key": public_key_of(key)}
        for id_, key in {**KEYS, 3: KEY}.items()
    ]
    return {
        **collaboration(encrypted=encrypted),
        "GET /organization": listing(members),
        "PATCH /organization/3": lambda request, _: (200, {"id": 3, **request.body}),
        "POST /task": lambda *_: (201, {"id": 12}),
    }


def inputs_of(request: Request) -> dict[int, str]:
    return {row["id"]: row["input"] for row in request.body["organizations"]}


def created(server: ScriptedServer) -> list[Request]:
    return [request for request in server.seen if request.method == "POST"]


@pytest.mark.parametrize("encrypted", [False, True])
async def test_each_organization_can_read_a_large_input(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path, encrypted: bool
) -> None:
    await serve(server, client, routes(encrypted=encrypted))
    if encrypted:
        await client.setup_encryption(write_key(tmp_path))
    seen: list[tuple[int, int | None]] = []
    await client.task.create([2, 1], **TASK, on_transfer=lambda *at: seen.append(at))
    (request,) = created(server)
    assert isinstance(request.body, dict), "of a length known beforehand, not in chunks"
    assert list(inputs_of(request)) == [2, 1]
    for id_, text in inputs_of(request).items():
        data = decrypt(text, KEYS[id_]) if encrypted else decode(text)
        assert json.loads(data) == TASK["input_"]
    counts, totals = zip(*seen, strict=True)
    assert len(counts) > 8, "shown while it is sent"
    assert list(counts) == sorted(set(counts))
    assert set(totals) == {counts[-1]}


async def test_a_large_input_is_sent_again_unchanged_with_a_new_token(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    replies: list[Reply] = [(401, {"msg": "Token has expired"}), (201, {"id": 12})]
    await serve(server, client, routes(encrypted=True) | {"POST /task": lambda *_: replies.pop(0)})
    await client.setup_encryption(write_key(tmp_path))
    await client.task.create([1, 2], **TASK)
    first, second = [request for request in created(server) if request.path == "/api/task"]
    assert first.authorization != second.authorization
    assert first.body == second.body


@pytest.mark.parametrize("is_same", [True, False])
async def test_a_large_input_whose_response_is_lost_is_found_and_not_sent_again(
    client: AsyncClient,
    server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_same: bool,
) -> None:
    monkeypatch.setattr(create, "LOST_RESPONSE", Backoff((0.01,)))
    found: dict[str, Any] = {"name": "average", "image": "average:1", "status": "pending"}

    def runs(*_: object) -> Reply:
        inputs = inputs_of(created(server)[0])
        rows = [
            {"id": id_, "organization": {"id": id_}, "input": text if is_same else text[:-1] + "0"}
            for id_, text in inputs.items()
        ]
        return listing(rows)(*_)  # type: ignore[arg-type]

    def tasks(*_: object) -> Reply:
        return listing([{"id": 12, "created_at": "2099-01-01T00:00:00", **found}])(*_)  # type: ignore[arg-type]

    lost = {"POST /task": lambda *_: LOST, "GET /task": tasks, "GET /run": runs}
    await serve(server, client, routes(encrypted=True) | lost)
    await client.setup_encryption(write_key(tmp_path))
    if is_same:
        assert (await client.task.create([1, 2], **TASK))["id"] == 12
    else:
        with pytest.raises(TaskCreationUncertainError):
            await client.task.create([1, 2], **TASK)
    assert len(created(server)) == 1


async def test_an_interrupted_large_input_creates_no_task(
    client: AsyncClient, server: ScriptedServer
) -> None:
    await serve(server, client, routes(encrypted=False))

    def stop(done: int, total: int | None) -> None:
        if total and done > total // 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await client.task.create([1, 2], **TASK, on_transfer=stop)
    assert await client.task.create([1, 2], **TASK, field="id") == {"id": 12}
    assert len([request for request in created(server) if request.body]) == 1


async def test_a_large_plain_input_with_a_private_key_is_not_sent(
    client: AsyncClient, server: ScriptedServer, tmp_path: Path
) -> None:
    await serve(server, client, routes(encrypted=False))
    key = write_key(tmp_path).read_text()
    with pytest.raises(InvalidInputError, match="no private key") as caught:
        await client.task.create([1], **{**TASK, "input_": None}, method="f", args=[TEXT, key])
    assert key[200:300] not in str(caught.value)
    assert not created(server)


async def test_errors_and_logs_show_only_the_length_of_a_large_input(
    client: AsyncClient, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    echo = {"POST /task": lambda request, _: (400, {"msg": f"no: {request.body['name']}"})}
    await serve(server, client, routes(encrypted=False) | echo)
    with pytest.raises(Exception, match="no: average") as caught:
        await client.task.create([1], **TASK)
    shown = f"{caught.value!r} {vars(caught.value)} {caplog.text}"
    assert not re.search(r"[\w+/]{3000}", shown)
