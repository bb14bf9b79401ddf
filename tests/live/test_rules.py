"""Reproduce each rule by which `client.task.explain` explains, on both generations."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.question import PATIENCE, QUESTION
from vantage6.client import Client, Finding
from vantage6.client._waiting.explain import RULES
from vantage6.localnet import LocalNetwork
from vantage6.v6c._main import run

pytestmark = pytest.mark.live

SLEEP: dict[str, Any] = {
    "name": "slow",
    "image": "localnet/slow",
    "method": "sleep",
    "kwargs": {"seconds": 50},
    "databases": None,
}
# What reproduces each rule at one organization.
REPRODUCTIONS: dict[str, dict[str, Any]] = {
    "no-image": {"image": "no/such-image", "databases": None},
    "no-function": {"method": "nope"},
    "wrong-arguments": {"kwargs": {"column": "age"}},
    "no-database": {"databases": "other"},
    "crashed": {"kwargs": {"column_name": "hight"}},
}


@pytest.fixture(scope="module", params=["network", "hq_network"])
def net(request: pytest.FixtureRequest) -> LocalNetwork:
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def client(net: LocalNetwork) -> Iterator[Client]:
    with net.client() as client:
        client.setup_collaboration(net.collaboration.name)
        yield client


def finding(client: Client, organizations: list[str], **options: Any) -> Finding:
    """Send a task, wait for its end, and return what is the matter at its last organization."""
    task = client.task.create(organizations, **QUESTION | options)
    client.wait_for_results(task, on_failure="return", **PATIENCE)
    return (client.task.explain(task)).findings[-1]


@pytest.mark.parametrize("rule", [name for name in REPRODUCTIONS if name != "no-database"])
def test_rule_is_reproduced(client: Client, rule: str) -> None:
    check_rule(client, rule)


def test_missing_database_is_explained(network: LocalNetwork) -> None:
    with network.client() as client:  # HQ itself refuses the extraction
        client.setup_collaboration(network.collaboration.name)
        check_rule(client, "no-database")


def check_rule(client: Client, rule: str) -> None:
    found = finding(client, ["IKNL"], **REPRODUCTIONS[rule])
    assert (found.organization, found.rule) == ("IKNL", rule)
    expected = {
        "no-image": "'no/such-image'",
        "no-function": "'nope'",
        "wrong-arguments": "unexpected keyword argument 'column'",
        "no-database": "'OTHER'",
        "crashed": "KeyError: \"there is no column 'hight'",
    }
    assert expected[rule] in found.text
    assert found.since
    assert found.remedies


def test_rules_of_offline_killed_and_stopped_runs_are_reproduced(
    client: Client, net: LocalNetwork
) -> None:
    net.disconnect_node(2)
    try:
        task = client.task.create(["Maastro"], action="federated_compute", **SLEEP)
        (found,) = (client.task.explain(task)).findings
        assert found.rule == "offline"
        assert found.since
        net.client("admin").task.kill(task)
        (found,) = (client.task.explain(task)).findings
        assert found.rule == "killed"
        options: Any = SLEEP | {"kwargs": {"seconds": "x"}, "action": "federated_compute"}
        found = finding(client, ["IKNL", "Maastro"], **options)
        assert (found.organization, found.rule) == ("Maastro", "other-run-failed")
        assert "failed: crashed" in found.text
    finally:
        net.reconnect_node(2)
    (found,) = (client.task.explain(task)).findings
    assert found.rule == "killed", "a node that is back changes nothing"
    reproduced = {*REPRODUCTIONS, "offline", "killed", "other-run-failed", "not-allowed"}
    assert {rule.name for rule in RULES} == reproduced


def test_doctor_finds_nothing_wrong(
    net: LocalNetwork,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, value in net.client_variables().items():
        monkeypatch.setenv(name, str(value))
    assert run(["doctor", "--json"]) == 0
    found = {check["name"]: check["state"] for check in json.loads(capsys.readouterr().out)}
    assert found.pop("clock") == "unknown", "uWSGI sends no Date"
    assert set(found.values()) == {"ok"}
    assert [*found][-1] == "events"
