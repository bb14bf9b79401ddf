"""Test that the workshop's chapter runs as printed and returns the right averages."""

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

SCRIPT = ROOT / "tests/support/workshop_script.py"


def ages(network: LocalNetwork) -> list[float]:
    """Read the ages at the organizations of the study, the way an oracle could."""
    values: list[float] = []
    for organization in network.organizations[:-1]:
        with organization.data.open(newline="") as file:
            values += [float(row["age"]) for row in csv.DictReader(file)]
    return values


def run_tutorial(network: LocalNetwork, folder: Path) -> str:
    """Run the script beside a config.py, as the chapter tells to, and return what it printed."""
    user = network.users["researcher"]
    key = network.private_keys.get(user.organization_id)
    settings = {
        "server_url": network.url.removesuffix(f":{network.port}"),
        "server_port": network.port,
        "server_api": network.api_path,
        "username": user.username,
        "password": str(user.password),  # as a secret it would be hidden
        "organization_key": str(key) if key else None,
    }
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    (folder / "config.py").write_text("\n".join(lines))
    (folder / "tutorial.py").write_text(SCRIPT.read_text())
    command = [sys.executable, "tutorial.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert user.password not in done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("which", ["network", "encrypted_network"])
def test_workshop_chapter_runs_as_printed(
    which: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    network: LocalNetwork = request.getfixturevalue(which)
    printed = run_tutorial(network, tmp_path)
    expected = sum(ages(network)) / len(ages(network))

    partial = re.search(r"^partial: (.+)$", printed, re.MULTILINE)
    central = re.search(r"^central: (.+)$", printed, re.MULTILINE)
    assert partial is not None
    assert central is not None
    assert float(partial[1]) == pytest.approx(expected)
    assert float(central[1]) == pytest.approx(expected)

    assert "Parameters\n    ----------" in printed, "help() shows the manual"
    assert re.search(r"^id  name\n--  ----\n 1  demo\n\n1 row$", printed, re.MULTILINE)
    assert re.search(r"^id  name .*  status$", printed, re.MULTILINE)
    assert re.search(r"^ *\d+  .*  online$", printed, re.MULTILINE)
    assert "demo Subset" in printed

    good = printed.split("good log:")[1].split("failed:")[0]
    failed, bad = printed.split("failed:")[1].split("bad log:")
    assert "Traceback" not in good
    assert "Dispatching" in good, "the log is the algorithm's own"
    assert "Traceback" in bad
    assert "run" in failed
