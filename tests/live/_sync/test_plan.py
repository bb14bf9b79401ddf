# Derived by unasync.py: edit tests/live/_async/test_plan.py instead.
"""Plan, send and explain tasks on real servers of both generations."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.policies import refusing
from tests.support.question import AVERAGE, PATIENCE, QUESTION
from vantage6.client import Client, Extraction
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live


@pytest.fixture(params=["network", "hq_network"])
def net(request: pytest.FixtureRequest) -> LocalNetwork:
    return request.getfixturevalue(request.param)


@pytest.fixture
def client(net: LocalNetwork, tmp_path: Path) -> Iterator[Client]:
    options: dict[str, Any] = {"log_level": None, "known_organizations": tmp_path / "known"}
    with Client(net.url, auth_url=net.auth_url, **options) as client:
        if account := net.service_account:
            client.initialize_service_account(account.client_secret, account.username)
            client.authenticate_service_account()
        else:
            user = net.users["researcher"]
            client.authenticate(user.username, user.password)
        client.setup_collaboration(net.collaboration.name)
        yield client


def test_plan_proves_both_outcomes(client: Client, net: LocalNetwork) -> None:
    with refusing(net, 3, "localnet/slow"):
        plan = client.task.plan("all", **QUESTION, history=True)
        assert [row["image"].state for row in plan.rows] == ["yes", "yes", "no"]
        assert plan.rows[2]["image"].reason == "the node allows only 'localnet/slow'"
        assert [row["sender"].state for row in plan.rows] == ["yes"] * 3
        assert [row["data"].state for row in plan.rows] == ["yes"] * 3
        assert [row["encryption"].state for row in plan.rows] == ["yes"] * 3
        assert (plan.right.state, plan.ok, plan.ready) == ("yes", False, [1, 2])
        task = client.task.create(["Radboudumc"], **QUESTION | {"databases": None})
        client.wait_for_results(task, on_failure="return", **PATIENCE)
        (found,) = (client.task.explain(task)).findings
        assert (found.status, found.rule) == ("not allowed", "not-allowed")
        assert AVERAGE in found.text
        wrong = QUESTION | {
            "databases": [Extraction("other", "read_csv")],
            "image": "localnet/slow",
        }
        (row,) = (client.task.plan(["Radboudumc"], **wrong)).rows
        assert (row["image"].state, row["data"].state) == ("yes", "no")
    plan = client.task.plan(["IKNL", "Maastro"], **QUESTION)
    assert plan.ok, str(plan)
    results = client.wait_for_results(plan.send(), **PATIENCE)
    assert list(results.by_organization) == ["IKNL", "Maastro"]
    sent = (client.task.plan(["IKNL"], **QUESTION, history=True)).rows[0]
    assert 0 < sent["seconds"] < 60


def test_analysis_ends_without_the_hospital_that_refuses_and_the_one_that_goes_offline(
    client: Client, net: LocalNetwork
) -> None:
    with refusing(net, 3, "localnet/slow"):
        plan = client.task.plan("all", **QUESTION)
        refused = next(line for line in plan.reasons if line.startswith("Radboudumc"))
        assert refused.startswith("Radboudumc, image: no, the node allows only 'localnet/slow'")
        first = client.task.run(plan.ready, **QUESTION, **PATIENCE)
        mean = sum(part["sum"] for part in first) / sum(part["count"] for part in first)
        assert mean == pytest.approx(average(net, 1, 2))
        net.disconnect_node(2)  # in the middle: after the first of two rounds
        try:
            task = client.task.create(plan.ready, **QUESTION)
            results = client.wait_for_results(task, at_least=1, **PATIENCE)
            (found,) = (part for part in results.outputs if part)
            assert found["sum"] / found["count"] == pytest.approx(average(net, 1))
            findings = (client.task.explain(task)).findings
            by_name = {each.organization: each for each in findings}
            assert by_name["IKNL"].text == "it has ended with a result"
            assert str(by_name["Maastro"]).startswith(
                "Maastro: its node is offline; the run waits until the node is back, since 20"
            )
            net.client("admin").task.kill(task)
        finally:
            net.reconnect_node(2)


def average(net: LocalNetwork, *organizations: int) -> float:
    """Return the average age in the files of organizations."""
    ages: list[float] = []
    for organization in net.organizations:
        if organization.id in organizations:
            with organization.data.open(newline="") as file:
                ages += [float(row["age"]) for row in csv.DictReader(file)]
    return sum(ages) / len(ages)
