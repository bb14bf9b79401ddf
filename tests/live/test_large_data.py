"""Test large inputs and results, which are sent and received as a stream, at a real server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from vantage6.client import Client
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

ALGORITHM = """
def echo(text):
    return {"text": text * 2}
"""
# Several pieces for each organization, and in all enough for threads.
TEXT = "é" + "0123456789" * 400_000


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "encrypted"])
def network(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalNetwork]:
    file = tmp_path_factory.mktemp("algorithm") / "echo.py"
    file.write_text(ALGORITHM)
    algorithms = {"example/echo": file}
    with LocalNetwork(organizations=2, encrypted=request.param, algorithms=algorithms) as network:
        yield network


def test_large_inputs_and_results_arrive_whole(network: LocalNetwork, tmp_path: Path) -> None:
    user = network.users["researcher"]
    known = tmp_path / "known"
    with Client(
        "http://127.0.0.1", network.port, log_level=None, known_organizations=known
    ) as client:
        client.authenticate(user.username, user.password)
        client.setup_encryption(network.private_keys.get(user.organization_id))
        seen: list[tuple[int, int | None]] = []
        task = client.task.create(
            "all",
            "echo",
            "example/echo",
            method="echo",
            kwargs={"text": TEXT},
            collaboration=1,
            on_transfer=lambda done, total: seen.append((done, total)),
        )
        assert len(seen) > 8
        assert seen[-1][0] == seen[-1][1]
        results = client.wait_for_results(task, timeout=120)
        assert [output["text"] == TEXT * 2 for output in results.outputs] == [True, True]
        assert client.result.from_task(task) == results
        row = results[0]
        assert client.result.get(row) == row["result"]
        file = client.result.save(row, tmp_path / "result.json")
        assert file
        assert json.loads(file.read_text()) == {"text": TEXT * 2}
        runs = client.run.from_task(task)
        own = next(run for run in runs if run["organization"]["id"] == user.organization_id)
        assert json.loads(own["input"])["kwargs"] == {"text": TEXT}
