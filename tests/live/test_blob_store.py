"""Test large inputs and results in a real blob store, emulated by Azurite."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.maybe_await import maybe_await
from vantage6.client import AsyncClient, Client, DecryptionError
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

TASK: dict[str, Any] = {
    "name": "average",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "",
    "databases": "default",
    "collaboration": 1,
}
PARTIAL = {"method": "partial_average", "kwargs": {"column_name": "age"}}
CENTRAL = {"method": "central_average", "kwargs": {"column_name": "age"}}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "encrypted"])
def blob_network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalNetwork]:
    file = tmp_path_factory.mktemp("algorithm") / "letters.py"
    file.write_text('def count(text):\n    return {"count": len(text)}\n')
    version = os.environ.get("VANTAGE6_SCRIPT", "4.15.2")  # which `nox -s versions` chooses
    with LocalNetwork(
        version=version,
        organizations=2,
        encrypted=request.param,
        blob_store=True,
        algorithms={"example/letters": file},
    ) as net:
        yield net


async def test_inputs_and_results_use_the_blob_store(
    blob_network: LocalNetwork, tmp_path: Path
) -> None:
    kind: type[Any] = AsyncClient if blob_network.encrypted else Client
    user = blob_network.users["researcher"]
    key = blob_network.private_keys.get(user.organization_id)
    known = tmp_path / "known"
    client = kind("http://127.0.0.1", blob_network.port, log_level=None, known_organizations=known)
    await maybe_await(client.authenticate(user.username, user.password))
    await maybe_await(client.setup_encryption(key))
    assert await maybe_await(client.check_if_blob_store_enabled()) is True
    # Far more than a piece, so that it is sent and read in several.
    input_ = {"method": "count", "kwargs": {"text": "x" * 3_000_000}}
    letters = {**TASK, "image": "example/letters"}
    told: list[tuple[int, int | None]] = []
    task = await maybe_await(
        client.task.create([2, 1], **letters, input_=input_, on_transfer=lambda *n: told.append(n))
    )
    size = len(json.dumps(input_))
    assert told[-1] == (2 * size, 2 * size)
    assert sorted(told) == told
    assert len(told) > 6

    # By itself, and with another one: these are asked for together.
    results = await maybe_await(client.wait_for_results(task["id"], timeout=60))
    central = await maybe_await(client.task.create([1], **TASK, input_=CENTRAL))
    first, second = await maybe_await(client.wait_for_results([task["id"], central], timeout=60))
    assert first == results
    assert await maybe_await(client.result.from_task(task["id"])) == results
    assert second.outputs[0]["average"] > 0
    counts = [json.loads(row["result"])["count"] for row in results]
    assert counts == [3_000_000, 3_000_000]
    run = results[0]["run"]["id"]
    assert await maybe_await(client.result.get(run)) == results[0]["result"]
    told.clear()
    file = await maybe_await(
        client.result.save(run, tmp_path / "r.json", on_transfer=lambda *n: told.append(n))
    )
    assert file.read_text() == results[0]["result"]
    assert file.stat().st_mode & 0o077 == 0
    assert told[-1][0] > len(counts)

    theirs, ours = await maybe_await(client.run.from_task(task["id"]))
    assert json.loads(ours["input"]) == input_
    assert await maybe_await(client.run.get(ours["id"], field="input")) == {"input": ours["input"]}
    if key:
        assert len(theirs["input"]) == 36, "a reference to what is sealed for the other one"
        await maybe_await(client.setup_encryption(None))
        with pytest.raises(DecryptionError, match="setup_encryption") as caught:
            await maybe_await(client.result.from_task(task["id"]))
        assert caught.value.run_ids == [theirs["id"], ours["id"]]
        with pytest.raises(DecryptionError, match=f"run {run}"):
            await maybe_await(client.result.save(run, tmp_path / "none.json"))
        assert not (tmp_path / "none.json").exists()
    else:
        assert json.loads(theirs["input"]) == input_
    await maybe_await(client.close())


def test_subtasks_use_the_blob_store(blob_network: LocalNetwork) -> None:
    client = blob_network.client()
    task = client.task.create([1], **TASK, input_=CENTRAL)
    (row,) = client.wait_for_results(task["id"], timeout=60)
    assert json.loads(row["result"] or "")["average"] > 0


def test_blobs_survive_a_server_restart(blob_network: LocalNetwork) -> None:
    client = blob_network.client()
    task = client.task.create([1], **TASK, input_=PARTIAL)
    before = client.wait_for_results(task["id"], timeout=60)
    blob_network.restart_server()
    after = client.result.from_task(task["id"])
    # A restarted server may return these in another order, as docs/rows.md says.
    for row in (*before, *after):
        for place in (row["run"], row["task"] or row["run"]):
            place["methods"].sort()
    assert after == before
