"""Run the scripts of examples/both-generations, unchanged, on servers of both generations."""

import csv
import json
import math
import os
import subprocess
import sys
import textwrap
from typing import Any

import pytest

from tests.live.test_interop import official_process
from tests.support.doc_pages import blocks
from tests.support.paths import ROOT
from vantage6.client import Client
from vantage6.localnet import LocalNetwork
from vantage6.localnet._v5.realm import LOCAL_CLIENT

pytestmark = pytest.mark.live

SCRIPTS = ROOT / "examples" / "both-generations"


def select(request: pytest.FixtureRequest, name: str) -> LocalNetwork:
    """Return the network of a fixture."""
    return request.getfixturevalue(name)


def settings(network: LocalNetwork) -> dict[str, str]:
    """Return the settings of a user of a network: only these differ between generations."""
    found = {
        "SERVER": f"{network.url}{network.api_path}",
        "COLLABORATION": network.collaboration.name,
    }
    if network.auth_url:
        account = network.service_account
        assert account
        found |= {
            "AUTH_URL": network.auth_url,
            "SERVICE_ACCOUNT": account.username,
            "CLIENT_SECRET": str(account.client_secret),
        }
        organization_id = account.organization_id
    else:
        user = network.users["researcher"]
        found |= {"USERNAME": user.username, "PASSWORD": str(user.password)}
        organization_id = user.organization_id
    if key := network.private_keys.get(organization_id):
        found["PRIVATE_KEY"] = str(key)
    return {f"VANTAGE6_{name}": value for name, value in found.items()}


def run(script: str, network: LocalNetwork) -> list[float]:
    """Run a script as a program, and return the numbers that it prints."""
    done = subprocess.run(
        [sys.executable, SCRIPTS / script],
        env=os.environ | settings(network),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def column(network: LocalNetwork, name: str) -> list[float]:
    """Return a column of the data of all organizations."""
    found: list[float] = []
    for organization in network.organizations:
        with organization.data.open(newline="") as file:
            found += [float(row[name]) for row in csv.DictReader(file)]
    return found


@pytest.mark.parametrize("network_name", ["network", "hq_network"])
@pytest.mark.parametrize("script", ["average.py", "average_async.py"])
def test_average_runs_on_both(
    request: pytest.FixtureRequest, script: str, network_name: str
) -> None:
    network = select(request, network_name)
    ages = column(network, "age")
    assert run(script, network) == [pytest.approx(sum(ages) / len(ages), abs=1e-6)]


@pytest.mark.parametrize(
    ("script", "network_name"),
    [
        ("regression.py", "network"),
        ("regression.py", "hq_network"),
        ("regression_async.py", "encrypted_hq_network"),
        pytest.param("regression_async.py", "network", marks=pytest.mark.slow),
    ],
)
def test_regression_runs_on_both_with_one_extraction(
    request: pytest.FixtureRequest, script: str, network_name: str
) -> None:
    network = select(request, network_name)
    intercept, slope = run(script, network)
    # At the maximum of the likelihood, the residuals are orthogonal to the regressors.
    xs = [(age - 50) / 10 for age in column(network, "age")]
    rest = [
        y - 1 / (1 + math.exp(-intercept - slope * x))
        for x, y in zip(xs, column(network, "smoker"), strict=True)
    ]
    assert sum(rest) == pytest.approx(0, abs=1e-3)
    assert sum(x * r for x, r in zip(xs, rest, strict=True)) == pytest.approx(0, abs=1e-3)
    if network.auth_url:
        assert sorted(methods_of_newest_session(network)) == ["partial_step"] * 10 + ["read_csv"]


@pytest.mark.parametrize("network_name", ["hq_network", "encrypted_hq_network"])
def test_this_client_and_the_official_one_read_tasks_of_the_other(
    request: pytest.FixtureRequest, network_name: str
) -> None:
    network = select(request, network_name)
    user, client = network.users["researcher"], network.client("researcher")
    client.setup_collaboration(network.collaboration.name)
    key = network.private_keys.get(client.whoami.organization_id)
    access = {
        "host": f"{network.url}{network.api_path}",
        "auth_url": network.auth_url,
        "auth_client": LOCAL_CLIENT,
        "username": user.username,
        "password": str(user.password),
        "private_key": str(key) if key else None,
    }
    image = "harbor2.vantage6.ai/demo/average"
    arguments = {"column_name": "age"}
    with client.session.open("interop") as session:
        frame = client.dataframe.wait(client.dataframe.create("default", image, "read_csv"))
        asked: dict[str, Any] = {
            "organizations": [each.id for each in network.organizations],
            "name": "average",
            "image": image,
            "description": "",
            "method": "partial_average",
            "arguments": arguments,
            "session": session["id"],
            "collaboration": network.collaboration.id,
            "databases": [[{"type": "dataframe", "dataframe_id": frame["id"]}]],
            "action": "federated_compute",
        }
        task = client.task.create(**asked)
        results = [row["result"] for row in client.wait_for_results(task, timeout=120)]
        with official_process("5.0.3") as official:
            theirs = json.loads(official.ask("run_task", network=access, task=asked))
            of_ours = json.loads(official.ask("results_of", network=access, task_id=task["id"]))
        assert sorted(of_ours) == sorted(theirs["results"]) == sorted(filter(None, results))
        assert [row["result"] for row in client.result.from_task(theirs["id"])] == results
        for task_id in theirs["id"], task["id"]:
            (run,) = client.run.list(task=task_id, organization=client.whoami.organization_id)
            assert json.loads(run["arguments"] or "") == arguments  # type: ignore[typeddict-item]
    client.close()


def test_page_shows_the_average() -> None:
    (block,) = (block for block in blocks("docs/sessions.md") if "Extraction(" in block.code)
    assert textwrap.indent(block.code, "    ") in (SCRIPTS / "average.py").read_text()


def methods_of_newest_session(network: LocalNetwork) -> list[str]:
    """Return the methods of all tasks in the newest session that a client made by itself."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings(network).items():
            patch.setenv(name, value)
        with Client.from_env(log_level=None) as client:
            session = max(client.session.list(name="vantage6-sdk-%"), key=lambda row: row["id"])
            (frame,) = client.session.dataframes(session)
            assert (frame["name"] or "").startswith("vantage6-sdk-")
            tasks = client.request("task", params={"session_id": session["id"], "per_page": 100})
            return [task["method"] for task in tasks["data"]]
