"""Test a whole job by names, as the documentation shows it, sync and async."""

import asyncio
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from vantage6.client import Client, PublicKeyChangedError
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


def test_renamed_organization_does_not_take_over_a_name(
    encrypted_network: LocalNetwork, tmp_path: Path
) -> None:
    user = encrypted_network.users["researcher"]

    def organizations_of_new_task(*, accept: bool = False) -> list[int]:
        known = tmp_path / "known"
        with Client(encrypted_network.url, log_level=None, known_organizations=known) as client:
            client.authenticate(user.username, user.password)
            client.setup_encryption(encrypted_network.private_keys[user.organization_id])
            if accept:
                client.organization.trust("maastro")
            task = client.task.create(
                ["maastro"], "t", "localnet/slow", method="slow", collaboration=1
            )
            runs = client.run.from_task(task["id"])
            return [run["organization"]["id"] for run in runs if run["organization"]]

    assert organizations_of_new_task() == [2]
    root = encrypted_network.client("root")
    name = root.organization.get(3)["name"]
    root.organization.update(3, name="maastro")
    try:
        with pytest.raises(PublicKeyChangedError, match="expected organization 2"):
            organizations_of_new_task()
        assert organizations_of_new_task(accept=True) == [3]
    finally:
        root.organization.update(3, name=name)


def test_number_as_the_name_of_a_task_does_not_stand_for_another_task(
    network: LocalNetwork,
) -> None:
    mine, theirs = network.client("researcher"), network.client("admin")
    kind: dict[str, Any] = {"image": "localnet/slow", "method": "slow", "collaboration": 1}
    first = mine.task.create([1], "mortality", **kind)["id"]
    second = theirs.task.create([2], f"{first} ", **kind)["id"]
    for text in (f"{first}", f" {first}", f"{first}\u3000"):
        assert mine.task.get(text)["id"] == first
        assert [run["organization"]["id"] for run in mine.run.from_task(text)] == [1]  # type: ignore[index]
    mine.task.delete(f"{first}")
    assert mine.task.get(second)["name"] == f"{first} "
