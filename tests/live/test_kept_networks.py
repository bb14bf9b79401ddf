"""Test networks that are kept in a folder, and networks in the background, of both generations."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from vantage6.client import Client
from vantage6.localnet import LocalNetwork, LocalNetworkError
from vantage6.localnet._environment import is_version_5

pytestmark = pytest.mark.live

COMMAND = [sys.executable, "-m", "vantage6.localnet"]
AVERAGE = "harbor2.vantage6.ai/demo/average"
VERSIONS = ["4.15.2", "5.0.3"]


def average(client: Client, frame: Any) -> Any:
    """Create a task for the first organization, and return it with its results."""
    task = client.task.create(
        ["IKNL"],
        "average",
        AVERAGE,
        method="partial_average",
        kwargs={"column_name": "age"},
        databases=frame,
        action="federated_compute",
    )
    return task["id"], client.wait_for_results(task, timeout=60).outputs


@pytest.mark.parametrize("version", VERSIONS)
def test_network_in_a_folder_continues(tmp_path: Path, version: str) -> None:
    folder = tmp_path / "with space" / "network"
    options: dict[str, Any] = {"version": version, "organizations": 2, "encrypted": True}
    with LocalNetwork(folder=folder, store=True, **options) as network:
        before = network.describe()
        client = network.client()
        client.setup_collaboration("demo")
        frame: Any = "default"
        if is_version_5(version):
            client.session.create("own", "kept")
            row = client.dataframe.create("default", AVERAGE, "read_csv", session="kept")
            frame = client.dataframe.wait(row, timeout=60)["name"]
        task, results = average(client, frame)
        assert folder.stat().st_mode & 0o077 == 0
        files = [each for each in folder.rglob("*") if each.is_file()]
        assert not [each for each in files if each.stat().st_mode & 0o077]
        with pytest.raises(LocalNetworkError, match=r"^folder: .* is running"):
            LocalNetwork(folder=folder, store=True, **options).start()

    with pytest.raises(LocalNetworkError, match=r"^organizations: expected .'IKNL'"):
        LocalNetwork(folder=folder, store=True, **{**options, "organizations": 1}).start()
    with pytest.raises(LocalNetworkError, match=r"^store: expected True"):
        LocalNetwork(folder=folder, **options).start()

    with LocalNetwork(folder=folder, store=True, **options) as network:
        assert network.describe() == before
        client = network.client()
        client.setup_collaboration("demo")
        assert client.wait_for_results(task, timeout=60).outputs == results
        _, again = average(client, frame)
        assert again == results
        assert [row["name"] for row in client.store.list()] == ["local store"]
    assert folder.exists()


@pytest.mark.parametrize("version", VERSIONS)
def test_detached_network_is_listed_and_stopped(tmp_path: Path, version: str) -> None:
    file, folder = tmp_path / "net.json", tmp_path / "network"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def localnet(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, *map(str, arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, timeout=300, env=environment, check=False
        )

    network = ("--organizations", 1, "--version", version, "--json", file)
    done = localnet("up", "--detach", "--folder", folder, *network)
    assert done.returncode == 0, done.stderr
    description = json.loads(file.read_text())
    port = description["port"]
    try:
        assert f"Stop: python -m vantage6.localnet down {port}." in done.stdout
        assert description["users"]["researcher"]["password"] in done.stdout
        (line,) = [line for line in localnet("status").stdout.splitlines() if f":{port}/" in line]
        assert re.search(rf"vantage6 {version} at .*: 1 organization, not encrypted", line)
        assert line.endswith(f"kept in {folder}")
        wrong = localnet("down", 1)
        assert (wrong.returncode, wrong.stderr.count("\n")) == (1, 1)
        assert f"{port}" in wrong.stderr
    finally:
        done = localnet("down", port)
    assert (done.returncode, done.stderr) == (0, "")
    assert f":{port}/" not in localnet("status").stdout
    assert not file.exists()
    assert folder.exists()
    # What prevents the start is reported.
    failed = localnet("up", "--detach", "--folder", folder, *network, "--encrypted")
    assert failed.returncode == 1
    assert "encrypted: expected False" in failed.stderr


def test_killed_network_is_not_listed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "up", "--organizations", "1", "--folder", str(tmp_path / "network")],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        port = re.search(r":(\d+)/api", process.stdout.readline())
        assert port
        process.send_signal(signal.SIGKILL)
    status = [*COMMAND, "status"]
    assert f":{port[1]}/" not in subprocess.run(status, capture_output=True, text=True).stdout
    # Its data is kept.
    deadline = time.monotonic() + 60
    while True:
        try:
            with LocalNetwork(organizations=1, folder=tmp_path / "network") as network:
                assert str(network.port) == port[1]
            return
        except LocalNetworkError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
