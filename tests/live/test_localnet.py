"""Test that the local network works like a real server with real nodes, and cleans up."""

import csv
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from vantage6.bindings.server import AuthenticatedClient
from vantage6.bindings.server.api.kill import kill_task
from vantage6.bindings.server.api.node import get_node
from vantage6.bindings.server.api.organization import get_organization
from vantage6.bindings.server.api.run import list_runs
from vantage6.bindings.server.api.task import create_task, list_tasks
from vantage6.bindings.server.api.token import create_user_token
from vantage6.bindings.server.models.database_input import DatabaseInput
from vantage6.bindings.server.models.id import Id
from vantage6.bindings.server.models.result import Result
from vantage6.bindings.server.models.run import Run
from vantage6.bindings.server.models.task_input import TaskInput
from vantage6.bindings.server.models.task_organization import TaskOrganization
from vantage6.bindings.server.models.user_login import UserLogin
from vantage6.bindings.server.models.user_tokens import UserTokens
from vantage6.client._encryption.keys import load_private_key
from vantage6.localnet import (
    EnvironmentBuildError,
    LocalNetwork,
    LocalNetworkError,
    PortInUseError,
    _api,
)
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._environment import cache_folder, environment_python

pytestmark = pytest.mark.live

AVERAGE = "harbor2.vantage6.ai/demo/average"
SLOW = "localnet/slow"
ENDED = {"completed", "crashed", "failed", "killed by user", "non-existing Docker image"}


class Researcher:
    """Uses a network through the bindings alone."""

    def __init__(self, url: str, user: dict[str, str], key: str | None) -> None:
        login = UserLogin(username=user["username"], password=user["password"])
        with _api.anonymous_client(url) as client:
            tokens = _api.unwrap(create_user_token.sync_detailed(client=client, body=login))
        assert isinstance(tokens, UserTokens)
        self.client: AuthenticatedClient = _api.authenticated_client(url, tokens.access_token)
        self.cipher = PayloadCodec(load_private_key(Path(key).read_bytes()) if key else None)

    @classmethod
    def of(cls, network: LocalNetwork, user: str = "researcher") -> "Researcher":
        """Log in to a network of this process."""
        description: dict[str, Any] = network.describe()
        key = description["organizations"][0]["private_key"]
        return cls(network.url, description["users"][user], key)

    def __enter__(self) -> "Researcher":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.get_httpx_client().close()

    def ask(
        self, image: str, method: str, organizations: Sequence[int], **arguments: object
    ) -> int:
        """Create a task; return its id."""
        input_ = json.dumps({"method": method, "kwargs": arguments}).encode()
        places: list[TaskOrganization] = []
        for id_ in organizations:
            organization = _api.unwrap(get_organization.sync_detailed(id_, client=self.client))
            sealed = self.cipher.encode(input_, organization.public_key)
            places.append(TaskOrganization(id=id_, input_=sealed))
        body = TaskInput(
            name=method,
            image=image,
            collaboration_id=1,
            organizations=places,
            databases=[DatabaseInput(label="default")],
        )
        return _api.unwrap(create_task.sync_detailed(client=self.client, body=body)).id

    def runs(self, task: int) -> list[Run]:
        """Return the runs of a task, by organization."""
        response = list_runs.sync_detailed(client=self.client, task_id=task, per_page=100)
        return sorted(_api.unwrap(response).data, key=lambda run: run.organization.id)

    def wait(
        self, task: int, until: Callable[[Run], bool] = lambda run: run.status in ENDED
    ) -> list[Run]:
        """Wait until something is so for every run of a task; return the runs."""
        deadline = time.monotonic() + 60
        while True:
            runs = self.runs(task)
            if all(until(run) for run in runs):
                return runs
            assert time.monotonic() < deadline, [(run.status, run.log) for run in runs]
            time.sleep(0.1)

    def results(self, task: int) -> list[Any]:
        """Return what the runs of a task gave, by run."""
        response = list_tasks.sync_detailed(client=self.client, include=["results"])
        (row,) = [row for row in _api.unwrap(response).data if row.id == task]
        results = [result for result in row.results if isinstance(result, Result)]
        ordered = sorted(results, key=lambda result: result.run.id)
        return [json.loads(self.cipher.decode(result.result or "")) for result in ordered]


def column(path: Path, name: str) -> list[float]:
    with path.open(newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


@pytest.fixture(params=["network", "encrypted_network"])
def either(request: pytest.FixtureRequest) -> LocalNetwork:
    return request.getfixturevalue(request.param)


# -- algorithms ------------------------------------------------------------------------------------
def test_partial_results_match_each_organizations_data(either: LocalNetwork) -> None:
    with Researcher.of(either) as researcher:
        everyone = [organization.id for organization in either.organizations]
        task = researcher.ask(AVERAGE, "partial_average", everyone, column_name="height")
        runs = researcher.wait(task)
        assert [run.status for run in runs] == ["completed"] * 3
        time.sleep(0.3)  # a line that is late would be appended by then
        logs = [run.log or "" for run in researcher.runs(task)]
        assert [log.count("Writing output") for log in logs] == [1, 1, 1], "each line once"
        data = [column(organization.data, "height") for organization in either.organizations]
        expected = [{"sum": pytest.approx(sum(values)), "count": len(values)} for values in data]
        assert sorted(researcher.results(task), key=str) == sorted(expected, key=str)


def test_central_function_creates_subtasks_and_reads_results(either: LocalNetwork) -> None:
    with Researcher.of(either) as researcher:
        task = researcher.ask(AVERAGE, "central_average", [1], column_name="weight")
        (run,) = researcher.wait(task)
        assert run.status == "completed", run.log
        data = [column(organization.data, "weight") for organization in either.organizations]
        everyone = [value for values in data for value in values]
        (result,) = researcher.results(task)
        assert result == {"average": pytest.approx(sum(everyone) / len(everyone))}


def test_server_reads_inputs_and_results_unless_encrypted(
    either: LocalNetwork,
) -> None:
    with Researcher.of(either) as researcher:
        task = researcher.ask(AVERAGE, "partial_average", [2], column_name="age")
        (run,) = researcher.wait(task)
        assert run.input_ is not None
        assert (run.input_.count("$") == 2) == either.encrypted


def test_failing_algorithm_logs_its_traceback(network: LocalNetwork) -> None:
    with Researcher.of(network) as researcher:
        task = researcher.ask(AVERAGE, "partial_average", [1], column_name="abc123")
        (run,) = researcher.wait(task)
    assert run.status == "crashed"
    assert run.log is not None
    assert "Traceback (most recent call last)" in run.log
    assert "there is no column 'abc123'; there are: patient_id, age" in run.log
    assert run.finished_at is not None


def test_unknown_image_has_the_status_of_a_real_node(network: LocalNetwork) -> None:
    with Researcher.of(network) as researcher:
        task = researcher.ask("example.org/no-such-image", "average", [1])
        (run,) = researcher.wait(task)
    assert run.status == "non-existing Docker image"
    assert run.log is not None
    assert "'example.org/no-such-image'" in run.log


def test_killed_task_ends_at_once_and_keeps_its_log(network: LocalNetwork) -> None:
    with Researcher.of(network, "admin") as researcher:  # researchers must not kill, by default
        task = researcher.ask(SLOW, "sleep", [1, 2], seconds=300, step=0.1)
        researcher.wait(task, until=lambda run: (run.log or "").count("slept ") > 2)
        started = time.monotonic()
        _api.unwrap(kill_task.sync_detailed(client=researcher.client, body=Id(id=task)))
        runs = researcher.wait(task)
        assert time.monotonic() - started < 60, "they sleep for 300"
        assert [run.status for run in runs] == ["killed by user"] * 2
        # The nodes hear of it a moment later, and then no line comes any more.
        logs, before = [run.log for run in runs], list[str | None]()
        while logs != before:
            assert time.monotonic() - started < 60, "they still print"
            time.sleep(0.5)
            before, logs = logs, [run.log for run in researcher.runs(task)]
        assert all(log and log.count("slept ") > 2 for log in logs)


def test_identifiers_of_deleted_runs_are_not_reused(network: LocalNetwork) -> None:
    """Else what a node is late to tell of a deleted run would reach the next one."""
    with network.client("root") as root:
        made: list[int] = []
        for seconds in (60, 0):
            task = root.task.create(
                [1], "nap", SLOW, collaboration=1, method="sleep", kwargs={"seconds": seconds}
            )
            made += [run["id"] for run in root.run.from_task(task)]
            if seconds:
                root.task.delete(task)
        assert made[1] > made[0]
        assert root.wait_for_results(task, timeout=60).outputs == [{"slept": 0}]


def test_log_is_available_while_the_algorithm_runs(network: LocalNetwork) -> None:
    with Researcher.of(network, "admin") as researcher:
        task = researcher.ask(SLOW, "sleep", [3], seconds=300, step=0.1)
        (run,) = researcher.wait(task, until=lambda run: "slept" in (run.log or ""))
        assert run.status == "active"
        _api.unwrap(kill_task.sync_detailed(client=researcher.client, body=Id(id=task)))
        task = researcher.ask(SLOW, "sleep", [3], seconds=2, step=0.05)
        (run,) = researcher.wait(task)
        assert run.status == "completed"
        assert len(re.findall(r"^slept ", run.log or "", re.MULTILINE)) > 10
        assert researcher.results(task) == [{"slept": 2}]


def test_run_that_ends_during_an_outage_is_not_restarted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with LocalNetwork(organizations=1) as network, Researcher.of(network) as researcher:
        task = researcher.ask(SLOW, "sleep", [1], seconds=4)
        (before,) = researcher.wait(task, until=lambda run: "slept" in (run.log or ""))
        (output,) = network.organizations[0].data.parent.glob("node-*/run-*/OUTPUT_FILE")
        server = network._running.server
        start = server.start

        def start_late() -> None:
            deadline = time.monotonic() + 60
            while not output.read_bytes():
                assert time.monotonic() < deadline
                time.sleep(0.1)
            time.sleep(1)  # the node tries to report it
            start()

        monkeypatch.setattr(server, "start", start_late)
        network.restart_server()
        (run,) = researcher.wait(task)
        assert (run.status, run.started_at) == ("completed", before.started_at)
        assert researcher.results(task) == [{"slept": 4}]


def test_custom_algorithms(tmp_path: Path) -> None:
    source = "import os\ndef who(number):\n    return [number, os.environ['PKG_NAME']]\n"
    (tmp_path / "mine.py").write_text(source)
    mine = {"example.org/mine": tmp_path / "mine.py"}
    with LocalNetwork(organizations=1, algorithms=mine) as network:
        with Researcher.of(network) as researcher:
            task = researcher.ask("example.org/mine", "who", [1], number=6)
            (run,) = researcher.wait(task)
            assert run.status == "completed", run.log
            assert researcher.results(task) == [[6, "mine"]]
        assert network.study.id == 1, "a network of one has a study, too"


# -- what the network is ---------------------------------------------------------------------------
def test_server_has_the_requested_version(network: LocalNetwork) -> None:
    description = json.loads(json.dumps(network.describe()))
    assert description["version"] == "4.15.2"
    assert description["url"] == f"http://127.0.0.1:{network.port}"
    assert [row["id"] for row in description["organizations"]] == [1, 2, 3]
    assert [row["organization"] for row in description["nodes"]] == [1, 2, 3]
    assert {row["status"] for row in description["nodes"]} == {"online"}
    assert description["users"]["viewer"]["role"] == "Viewer"
    assert (description["collaboration"]["name"], description["encrypted"]) == ("demo", False)


def test_default_root_password_does_not_work(network: LocalNetwork) -> None:
    with _api.anonymous_client(network.url) as client:
        login = UserLogin(username="root", password="root")
        assert create_user_token.sync_detailed(client=client, body=login).status_code == 401


def test_nodes_share_their_configuration(network: LocalNetwork) -> None:
    with Researcher.of(network) as researcher:
        response = get_node.sync_detailed(network.nodes[0].id, client=researcher.client)
        told = {(item.key, item.value) for item in _api.unwrap(response).config}
    assert {("database_labels", "default"), ("columns_default", "age")} <= told


def test_secret_files_are_readable_by_owner_only(encrypted_network: LocalNetwork) -> None:
    folder = encrypted_network.organizations[0].data.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in encrypted_network.private_keys.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    commands = subprocess.run(["ps", "-Aww", "-o", "args="], capture_output=True, text=True).stdout
    assert "uwsgi" in commands
    secrets = [user.password for user in encrypted_network.users.values()]
    secrets += [node.api_key for node in encrypted_network.nodes]
    assert not [secret for secret in secrets if secret in commands]


# -- beginnings and ends ---------------------------------------------------------------------------
def test_port_in_use_fails_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"port: {port} on 127.0.0.1 is in use"):
            with LocalNetwork(port=port):
                pass


def test_missing_network_raises_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(tmp_path))
    with socket.socket() as nobody:  # bound, not listening: a connection is refused
        nobody.bind(("127.0.0.1", 0))
        index = f"http://127.0.0.1:{nobody.getsockname()[1]}/simple"
        settings = {"CONFIG_FILE": os.devnull, "INDEX_URL": index, "RETRIES": "1"}
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        for name, value in settings.items():
            monkeypatch.setenv(f"PIP_{name}", value)
        # For a uv that is on PATH, and so has not to be fetched by pip.
        monkeypatch.setenv("UV_DEFAULT_INDEX", index)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        with pytest.raises(EnvironmentBuildError, match="the download failed"):
            environment_python("4.15.2")


COMMAND = [sys.executable, "-m", "vantage6.localnet"]
SCRIPT = """
import json, os, sys, urllib.request
path = os.environ["VANTAGE6_LOCALNET"]
network = json.load(open(path))
version = json.load(urllib.request.urlopen(network["url"] + network["api_path"] + "/version"))
print(json.dumps([sys.argv[1:], version["version"], oct(os.stat(path).st_mode)[-3:], path]))
sys.exit(7)
"""


def test_run_passes_the_network_and_returns_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [*COMMAND, "run", "--organizations", "1", str(tmp_path / "script.py"), "--a", "b"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 7, done.stderr
    arguments, version, mode, path = json.loads(done.stdout)
    assert (arguments, version, mode) == (["--a", "b"], "4.15.2", "600")
    assert not Path(path).exists()


UNCHANGED_SCRIPT = """
from vantage6.client import Client

with Client.from_env() as client:
    result = client.task.run(
        collaboration="demo",
        organizations=["North"],
        name="rows",
        image="example/rows",
        method="rows",
        databases="default",
        progress=False,
        timeout=60,
    )
    print(client.whoami.name, *result)
"""
ROWS = """
from vantage6.algorithm.tools.decorators import data

@data(1)
def rows(df):
    return [len(df), list(df.columns)]
"""


def test_run_lets_an_unchanged_script_use_own_data_and_algorithms(tmp_path: Path) -> None:
    files = {"script.py": UNCHANGED_SCRIPT, "rows.py": ROWS, "ages.tsv": "age\tname\n61\tZoë\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = [*COMMAND, "run", "--encrypted", "--database", f"North={tmp_path / 'ages.tsv'}"]
    command += ["--algorithm", f"example/rows={tmp_path / 'rows.py'}", str(tmp_path / "script.py")]
    environment = os.environ | {
        "VANTAGE6_PRIVATE_KEY": "/nothing",
        "VANTAGE6_SERVER": "nowhere",
        "VANTAGE6_AUTH_URL": "http://127.0.0.1:9",
    }
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.stdout == "Researcher [1, ['age', 'name']]\n", done.stderr


FROM_DESCRIPTION = """
import json, sys
from vantage6.client import Client

net = json.load(open(sys.argv[1]))
client = Client(net["url"] + net["api_path"], log_level=None)
client.authenticate("researcher", net["users"]["researcher"]["password"])
client.setup_encryption(net["organizations"][0]["private_key"])
client.saved_login.save()
task = client.task.create(
    collaboration="demo",
    organizations=["Maastro"],
    name="e",
    image="localnet/slow",
    method="sleep",
    kwargs={"seconds": 0},
    databases="default",
)
print(task["id"])
"""


def test_second_encrypted_network_at_the_port_is_no_changed_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(cache_folder()))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("VANTAGE6_KNOWN_ORGANIZATIONS", raising=False)
    for name in ("DATA", "STATE", "CONFIG"):
        monkeypatch.delenv(f"XDG_{name}_HOME", raising=False)
    (tmp_path / "script.py").write_text(FROM_DESCRIPTION)
    port: int | None = None
    for _ in range(2):
        with LocalNetwork(organizations=2, encrypted=True, port=port) as network:
            port = network.port
            network.write(tmp_path / "network.json")
            command = [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "network.json")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120)
            assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
            kept = [path for path in tmp_path.rglob("*") if str(port) in read(path)]
            assert {path.name.partition("-")[0] for path in kept} == {
                "known_organizations",
                "127.0.0.1",
                "network.json",
            }
        kept = [path.name for path in tmp_path.rglob("*") if str(port) in read(path)]
        assert kept == ["network.json"]


def read(path: Path) -> str:
    """Return the text of a file, or nothing for a folder."""
    return path.read_text() if path.is_file() else ""


def test_network_starts_in_folders_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "jürgen's café"
    (folder / "tmp").mkdir(parents=True, mode=0o700)
    built = environment_python("4.15.2").parent.parent
    (folder / built.name).symlink_to(built)
    (folder / "rows.py").write_text(ROWS)
    (folder / "zoë ages.csv").write_text("age\n61\n")
    for name, value in {
        "VANTAGE6_LOCALNET_CACHE": str(folder),
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C",
    }.items():
        monkeypatch.setenv(name, value)
    command = [*COMMAND, "run", "--database", f"North={folder / 'zoë ages.csv'}"]
    command += ["--algorithm", f"example/rows={folder / 'rows.py'}", str(folder / "script.py")]
    (folder / "script.py").write_text(UNCHANGED_SCRIPT)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == "Researcher [1, ['age']]\n", done.stderr


ENDS = """
import os, signal, sys

def kill():
    print("unfinished line", end="")
    sys.stdout.flush()
    os.kill(os.getpid(), signal.SIGKILL)

def leave(code):
    sys.exit(code)

def drop():
    os._exit(9)
"""


@pytest.mark.parametrize(
    ("method", "arguments", "lines"),
    [
        (
            "kill",
            {},
            ["unfinished line", "The process of the algorithm was ended by signal 9 (SIGKILL)."],
        ),
        ("leave", {"code": 3}, ["The process of the algorithm ended with exit code 3."]),
        ("leave", {"code": 1}, ["The algorithm called sys.exit(1)."]),
        ("leave", {"code": "no data"}, ["The algorithm called sys.exit('no data')."]),
        ("drop", {}, ["The process of the algorithm ended with exit code 9."]),
    ],
)
def test_log_ends_with_how_the_process_ended(
    ends_network: LocalNetwork, method: str, arguments: dict[str, Any], lines: list[str]
) -> None:
    with Researcher.of(ends_network) as researcher:
        task = researcher.ask("example/ends", method, [1], **arguments)
        (run,) = researcher.wait(task)
    assert run.status == "crashed"
    assert (run.log or "").splitlines()[-len(lines) :] == lines


@pytest.fixture(scope="module")
def ends_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNetwork]:
    algorithm = tmp_path_factory.mktemp("algorithms") / "ends.py"
    algorithm.write_text(ENDS)
    with LocalNetwork(organizations=1, algorithms={"example/ends": algorithm}) as network:
        yield network


def test_disconnected_node_comes_back_and_starts_what_it_missed(
    ends_network: LocalNetwork,
) -> None:
    def status() -> object:
        rows: Any = ends_network.describe()["nodes"]
        return rows[0]["status"]

    for _ in range(2):
        ends_network.disconnect_node(1)
        with Researcher.of(ends_network) as researcher:
            task = researcher.ask(SLOW, "sleep", [1], seconds=0)
            time.sleep(0.5)
            assert [run.status for run in researcher.runs(task)] == ["pending"]
            ends_network.reconnect_node(1)
            assert status() == "online"
            assert [run.status for run in researcher.wait(task)] == ["completed"]
        time.sleep(1)
        assert status() == "online", "the end of the earlier connection comes late"
    ends_network.reconnect_node(1)  # it is connected
    for change in (ends_network.disconnect_node, ends_network.reconnect_node):
        with pytest.raises(LocalNetworkError, match="organization_id: expected one of 1, got 7"):
            change(7)


def processes() -> dict[int, int]:
    """Return the ids of all processes at work, each with its parent's."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,stat="], capture_output=True, text=True)
    rows = [line.split() for line in listing.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def descendants(pid: int) -> set[int]:
    """Return the ids of the processes that a process has started, and so on."""
    parents = processes()
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def is_free(port: int) -> bool:
    """Return whether a port is closed."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


# Shells let programs that they start in the background ignore Ctrl-C.
IGNORING = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)}


@pytest.mark.parametrize(
    ("end", "code", "options"),
    [
        (signal.SIGINT, 0, {}),
        (signal.SIGINT, 0, IGNORING),
        (signal.SIGTERM, 143, {}),
        (signal.SIGKILL, -9, {}),
    ],
    ids=["interrupt", "interrupt in the background", "terminate", "kill"],
)
def test_up_stops_everything_it_started(
    end: int, code: int, options: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "network.json"
    command = [*COMMAND, "up", "--encrypted", "--store", "--organizations", "2"]
    command += ["--json", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as up:
        deadline = time.monotonic() + 120
        while not file.exists():
            assert up.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        network = json.loads(file.read_text())
        folder = Path(network["organizations"][0]["data"]).parent
        key = network["organizations"][0]["private_key"]
        with Researcher(network["url"], network["users"]["researcher"], key) as researcher:
            task = researcher.ask(SLOW, "sleep", [1, 2], seconds=600)
            researcher.wait(task, until=lambda run: "slept" in (run.log or ""))
        started = descendants(up.pid)
        assert len(started) >= 10, "two supervisors, four of uWSGI, relay, runner, two runs"
        up.send_signal(end)
        printed, _ = up.communicate(timeout=120)
    assert up.returncode == code
    assert network["users"]["researcher"]["password"] in printed
    assert network["store"]["url"] in printed
    ports = (network["port"], urllib.parse.urlsplit(network["store"]["url"]).port)
    deadline = time.monotonic() + 60
    while folder.exists() or started & set(processes()) or not all(map(is_free, ports)):
        assert time.monotonic() < deadline, "something is left"
        time.sleep(0.1)
    assert file.exists() == (end == signal.SIGKILL)
