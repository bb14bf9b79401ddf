# Derived by unasync.py: edit tests/replay/_async/test_blob_store.py instead.
"""Test inputs and results in a server's blob store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import Client, DecryptionError, NotFoundError

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

TASK: dict[str, Any] = {
    "organizations": [2, 1],
    "name": "stored",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "",
    "databases": "default",
    "collaboration": 1,
    "input_": {"method": "partial_average", "kwargs": {"column_name": "age"}},
}


@pytest.fixture
def client(stored: "Recorded", key_file: Path, request: pytest.FixtureRequest) -> Iterator[Client]:
    with logged_in(stored, "researcher") as client:
        encrypted = request.node.callspec.id == "encrypted"
        client.setup_encryption(key_file if encrypted else None)
        yield client


def test_inputs_and_results_are_streamed(client: Client, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    assert client.check_if_blob_store_enabled() is True
    task = client.task.create(**TASK, on_transfer=lambda *n: told.append(n))
    size = len(json.dumps(TASK["input_"]))
    assert told == [(size, 2 * size), (2 * size, 2 * size)]
    results = client.wait_for_results(task["id"], timeout=60)
    assert all(output["count"] for output in results.outputs)
    run = results[0]["run"]["id"]
    assert client.result.get(run) == results[0]["result"]
    file = client.result.save(run, tmp_path / "r.json")
    assert file
    assert file.read_text() == results[0]["result"]
    _, ours = client.run.from_task(task["id"])
    assert json.loads(ours["input"]) == TASK["input_"]


def test_unreadable_or_missing_stream_is_an_error(
    client: Client, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    task = client.task.create(**TASK)
    client.wait_for_results(task["id"], timeout=60)
    if request.node.callspec.id == "encrypted":
        client.setup_encryption(None)
        with pytest.raises(DecryptionError, match="setup_encryption") as caught:
            client.result.from_task(task["id"])
        run = caught.value.run_ids[0]
        with pytest.raises(DecryptionError, match=f"run {run}"):
            client.result.save(run, tmp_path / "none.json")
        assert not (tmp_path / "none.json").exists()
    else:
        with pytest.raises(NotFoundError):
            client.result.save(9999, tmp_path / "none.json")
