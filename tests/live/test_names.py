"""Test a whole job by names, as the documentation shows it, sync and async."""

import asyncio
import csv
import json
import re
from typing import Any

import pytest

from tests.support.paths import ROOT
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

PAGE = ROOT / "docs" / "names.md"
# The page's other blocks, on names that are wrong, are run with all pages.
SYNC, ASYNC, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def data_of(network: LocalNetwork) -> dict[str, dict[str, float]]:
    """Compute each organization's partial result from its own file."""
    found: dict[str, dict[str, float]] = {}
    for organization in network.organizations:
        with organization.data.open(newline="") as file:
            ages = [float(row["age"]) for row in csv.DictReader(file)]
        found[organization.name] = {"sum": sum(ages), "count": len(ages)}
    return found


@pytest.mark.parametrize("text", [SYNC, ASYNC], ids=["sync", "async"])
def test_job_by_names_takes_ten_lines(
    text: str, network: LocalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = (
        text[text.index("with ") :] if "with Client" in text else text[text.index("    async w") :]
    )
    lines = [line for line in job.splitlines() if line.strip()]
    assert len(lines) <= 10
    assert not re.search(r"[=\[ ]\d", job.replace("7601", "")), "no identifier"
    shown: list[Any] = []
    names: dict[str, Any] = {"print": shown.append}
    password = network.users["researcher"].password
    code = text.replace("7601", str(network.port)).replace("my-password", password)
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102 - our own page
    if "main" in names:
        asyncio.run(names["main"]())
    (rows,) = shown
    data = data_of(network)
    expected = [data["IKNL"], data["Maastro"]]
    for row, partial in zip(rows, expected, strict=True):
        assert json.loads(row["result"]) == pytest.approx(partial)


def test_row_of_another_kind_refers_to_its_parent(network: LocalNetwork) -> None:
    client = network.client()
    nodes = client.node.list(is_online=True)
    names = [organization.name for organization in network.organizations]
    assert all(node["id"] > len(names) for node in nodes), "taken for organizations, they fail"
    nap = {"method": "sleep", "kwargs": {"seconds": 0}}
    task = client.task.create(
        nodes, "by node", "localnet/slow", input_=nap, collaboration=nodes[0], databases="default"
    )
    run = client.run.from_task(task)[-1]
    assert run["id"] != task["id"]
    results = client.wait_for_results(run, timeout=60)
    assert sorted(results.by_organization) == sorted(names)
    assert client.task.get(results[0])["id"] == client.result.from_task(run)[0]["task"]["id"]  # type: ignore[index]
