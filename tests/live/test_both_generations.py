"""Run the scripts of examples/both-generations, unchanged, on servers of both generations."""

import csv
import math
import os
import subprocess
import sys
import textwrap

import pytest

from tests.support.doc_pages import blocks
from tests.support.paths import ROOT
from vantage6.client import Client
from vantage6.localnet import LocalNetwork

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
