"""Test that the local network of version 5 works as docs/localnet5.md says."""

import csv
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.network5 import AVERAGE, SOURCE, Session, node_folder
from vantage6.bindings.hq import calls
from vantage6.bindings.hq_store import calls as store_calls
from vantage6.client import (
    BadRequestError,
    Client,
    LoginFailedError,
    PermissionDeniedError,
    TaskFailedError,
)
from vantage6.client._encryption.keys import generate_private_key
from vantage6.localnet import LocalNetwork, LocalNetworkError, _api
from vantage6.localnet.__main__ import main
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._environment import environment_python
from vantage6.localnet._v5.login import password_login

pytestmark = pytest.mark.live

VERSION = "5.0.3"
SLOW = "localnet/slow"
KINDS = "example.org/kinds"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNetwork]:
    source = tmp_path_factory.mktemp("algorithms") / "kinds.py"
    source.write_text(SOURCE)
    with LocalNetwork(
        version=VERSION, encrypted=True, store=True, algorithms={KINDS: source}
    ) as network:
        yield network


@pytest.fixture(scope="module")
def client(network: LocalNetwork) -> Client:
    return network.client()


@pytest.fixture(scope="module")
def session(client: Client, network: LocalNetwork) -> Session:
    return Session(client, network)


def api_of(network: LocalNetwork, user: str) -> httpx.Client:
    """Return what sends requests to HQ that the client would refuse or has no method for."""
    login = password_login(network.auth_url or "", user, network.users[user].password)
    return _api.http_client(network.url + network.api_path, login)


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def statuses(client: Client, task: Mapping[str, Any]) -> set[Any]:
    """Return the statuses of a task's runs."""
    return {run["status"] for run in client.run.from_task(task)}


def ages(network: LocalNetwork, low: float = 0, high: float = 200) -> dict[str, list[float]]:
    """Return the ages in the data, by organization."""
    found: dict[str, list[float]] = {}
    for organization in network.organizations:
        with organization.data.open(newline="") as file:
            values = [float(row["age"]) for row in csv.DictReader(file)]
        found[organization.name] = [value for value in values if low <= value <= high]
    return found


# -- the demo --------------------------------------------------------------------------------------
def test_demo_prints_averages_that_agree_with_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--version", VERSION, "--organizations", "2"]) == 0
    printed = capsys.readouterr().out
    assert "by vantage6 5.0.3 at http://127.0.0.1:" in printed
    lines = [line.split() for line in printed.splitlines() if "." in line]
    pairs = {" ".join(words[:-2]): words[-2:] for words in lines}
    for name in ("IKNL", "Maastro", "all organizations"):
        network, data = pairs[name]
        assert float(network) == pytest.approx(float(data), abs=1e-6)
    assert "The averages match." in printed


# -- round trips -----------------------------------------------------------------------------------
def round_trip(network: LocalNetwork) -> None:
    """Extract, preprocess, compute at each organization and over all, and compare to the data."""
    session = Session(network.client(), network)
    frame = session.extract()
    session.preprocess(frame, "keep_between", column_name="age", low=50, high=70)
    expected = ages(network, 50, 70)
    parts = session.compute("partial_average", frame, column_name="age")
    assert parts == {
        name: {"sum": sum(values), "count": len(values)} for name, values in expected.items()
    }
    (central,) = session.compute(
        "central_average", frame, session.names[:1], action="central_compute", column_name="age"
    ).values()
    values = [value for each in expected.values() for value in each]
    assert central == {"average": pytest.approx(sum(values) / len(values))}


def test_encrypted_round_trip(network: LocalNetwork) -> None:
    round_trip(network)
    with api_of(network, "researcher") as api:  # the client would decrypt them
        runs = _api.send(api, calls.list_runs(per_page=100))["data"]
    assert runs
    for run in runs:
        assert "column_name" not in json.dumps(run["arguments"])


@pytest.mark.slow
def test_encrypted_round_trip_of_12_organizations() -> None:
    with LocalNetwork(version=VERSION, encrypted=True, organizations=12) as network:
        round_trip(network)


# -- data frames -----------------------------------------------------------------------------------
def test_frames_are_parquet_in_session_folders(network: LocalNetwork, session: Session) -> None:
    row = session.extract()
    files = [
        node_folder(network, organization.id)
        / "sessions"
        / f"session{session.row['id']:09d}"
        / f"{row['name']}.parquet"
        for organization in network.organizations
    ]
    for file in files:
        assert file.read_bytes()[:4] == b"PAR1"
        assert file.stat().st_mode & 0o077 == 0
    columns = {(each["name"], each["dtype"], each["node_id"]) for each in row["columns"]}
    nodes = [node.id for node in network.nodes]
    assert {(name, dtype) for name, dtype, node in columns if node == nodes[0]} == {
        ("patient_id", "string"),
        ("age", "int64"),
        ("gender", "string"),
        ("height", "double"),
        ("weight", "double"),
        ("smoker", "int64"),
    }
    assert {node for _, _, node in columns} == {*nodes}

    session.client.dataframe.delete(row)
    wait_until(lambda: not any(file.exists() for file in files), 30)


def test_frame_of_some_organizations(session: Session) -> None:
    some = session.names[:2]
    frame = session.extract(some)
    parts = session.compute("partial_average", frame, some, column_name="age")
    assert parts.keys() == {*some}
    with pytest.raises(BadRequestError, match="not present"):
        session.compute("partial_average", frame, column_name="age")


def test_frame_of_another_session_is_not_found(network: LocalNetwork, session: Session) -> None:
    frame = session.extract()
    other = Session(session.client, network)
    with api_of(network, "researcher") as api:
        first = _api.send(api, calls.get_organization(network.organizations[0].id))
        codec = PayloadCodec(generate_private_key())
        arguments = codec.encode(b'{"column_name": "age"}', first["public_key"])
        task = _api.send(
            api,
            calls.create_task(
                {
                    "name": "another",
                    "collaboration_id": network.collaboration.id,
                    "session_id": other.row["id"],
                    "image": AVERAGE,
                    "method": "partial_average",
                    "action": "federated_compute",
                    "databases": [[{"type": "dataframe", "dataframe_id": frame["id"]}]],
                    "organizations": [{"id": first["id"], "arguments": arguments}],
                }
            ),
        )
    (run,) = session.runs(task)
    assert run["status"] == "dataframe not found"
    assert "has no data frame" in (run["log"] or "")


def test_nodes_share_their_databases(network: LocalNetwork, session: Session) -> None:
    node = session.client.node.get(network.nodes[0].id)
    shared = [(each["key"], each["value"]) for each in node["config"]]
    assert ("database_labels", "default") in shared
    with pytest.raises(BadRequestError, match="other"):
        session.extract(label="other")


# -- what algorithms do ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "status", "log"),
    [
        ("nowhere", "crashed", "Method 'nowhere' not found"),
        ("undecorated", "crashed", "is not decorated with a vantage6 decorator"),
        ("fails", "crashed", "ValueError: on purpose"),
        ("central_only", "crashed", "Container started as"),
    ],
)
def test_end_of_a_run(session: Session, method: str, status: str, log: str) -> None:
    runs = session.runs(session.start(method, image=KINDS))
    # HQ fails the runs that have not started as soon as one has failed.
    assert {status} <= {run["status"] for run in runs} <= {status, "failed"}
    ended = [run for run in runs if run["status"] == status]
    assert all(log in (run["log"] or "") for run in ended), ended[0]["log"]
    assert all(run["finished_at"] and run["started_at"] for run in ended)


@pytest.mark.parametrize(
    ("method", "arguments", "status", "line"),
    [
        ("leaves", {"code": 0}, "completed", "The algorithm called sys.exit(0)."),
        ("leaves", {"code": "no data"}, "crashed", "The algorithm called sys.exit('no data')."),
        ("leaves", {"code": 3}, "crashed", "The process of the algorithm ended with exit code 3."),
        (
            "kills_itself",
            {},
            "crashed",
            "The process of the algorithm was ended by signal 9 (SIGKILL).",
        ),
    ],
)
def test_log_ends_with_how_the_process_ended(
    session: Session, method: str, arguments: dict[str, Any], status: str, line: str
) -> None:
    first = session.names[:1]
    task = session.start(method, organizations=first, image=KINDS, **arguments)
    (run,) = session.runs(task)
    assert run["status"] == status
    assert (run["log"] or "").splitlines()[-1] == line


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("nothing", None),
        ("not_a_number", "nan"),
        ("large", 1180591620717411303424),
        ("keys", {"1": "a", "null": "b"}),
    ],
)
def test_results(session: Session, method: str, expected: object) -> None:
    first = session.names[:1]
    (value,) = session.compute(method, organizations=first, image=KINDS).values()
    assert (str(value) if expected == "nan" else value) == expected


def test_algorithm_sees_a_bare_environment(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = session.names[:1]
    (names,) = session.compute("variables", organizations=first, image=KINDS).values()
    assert isinstance(names, list)
    assert {"INPUT_FILE", "SESSION_FOLDER", "FUNCTION_ACTION", "PKG_NAME"} <= {*names}
    assert not {name for name in names if name.startswith(("VANTAGE6", "V6_", "PYTEST"))}
    assert "CONTAINER_TOKEN" not in names, "for central compute only"


@pytest.mark.parametrize(
    ("method", "expected"), [("no_table", "crashed"), ("lies", "unexpected output")]
)
def test_extraction_without_a_table_fails(session: Session, method: str, expected: str) -> None:
    with pytest.raises(TaskFailedError) as caught:
        session.extract(image=KINDS, method=method)
    # HQ fails the runs that have not started as soon as one has failed.
    assert {expected} <= {run["status"] for run in caught.value.runs} <= {expected, "failed"}


def test_logs_are_streamed(session: Session) -> None:
    first = session.names[:1]
    task = session.start("sleep", organizations=first, image=SLOW, seconds=8, step=0.2)
    runs: list[Any] = []

    def has_log() -> bool:
        runs[:] = session.client.run.from_task(task)
        return "slept" in (runs[0]["log"] or "")

    wait_until(has_log)
    assert runs[0]["finished_at"] is None
    (run,) = session.runs(task)
    lines = [line for line in (run["log"] or "").splitlines() if line.startswith("slept")]
    assert len(lines) == len({*lines}), "no line twice"


def test_killed_task(network: LocalNetwork, session: Session) -> None:
    task = session.start("sleep", image=SLOW, seconds=600)
    wait_until(lambda: statuses(session.client, task) == {"active"})
    with pytest.raises(PermissionDeniedError):  # researchers may not
        session.client.task.kill(task)
    network.client("admin").task.kill(task["id"])
    assert {run["status"] for run in session.runs(task)} == {"killed by user"}
    # The nodes are free for the next one.
    assert len(session.compute("sleep", image=SLOW, seconds=0)) == len(session.names)


# -- failures in the middle ------------------------------------------------------------------------
@pytest.mark.parametrize("victim", ["hq", "identity provider", "both", "node"])
def test_result_survives_a_kill(network: LocalNetwork, session: Session, victim: str) -> None:
    task = session.start("sleep", image=SLOW, seconds=5)
    wait_until(lambda: statuses(session.client, task) == {"active"})
    running: Any = network._running
    killed = {
        "hq": [running.server],
        "identity provider": [running.provider],
        "both": [running.server, running.provider],  # HQ waits for the identity provider
        "node": [],
    }[victim]
    for service in killed:
        service.kill()
    if killed:
        time.sleep(6)  # the runs end meanwhile
    else:
        running.restart_node(network.organizations[1].id)
    for service in killed:
        service.start()
        time.sleep(2)
    for service in killed:
        service.wait_until_ready()
    assert session.results(task) == {name: {"slept": 5} for name in session.names}
    wait_until(lambda: {row["status"] for row in running.node_rows()} == {"online"})
    assert len(session.compute("sleep", image=SLOW, seconds=0)) == len(session.names)


def test_frames_survive_a_restart_of_their_node(network: LocalNetwork, session: Session) -> None:
    frame = session.extract()
    running: Any = network._running
    running.restart_node(network.organizations[0].id)
    assert session.compute("partial_average", frame, column_name="age")


def test_disconnected_node_catches_up(network: LocalNetwork, session: Session) -> None:
    last = network.organizations[-1].id
    network.disconnect_node(last)
    task = session.start("sleep", image=SLOW, seconds=0)
    wait_until(
        lambda: len([r for r in session.client.run.from_task(task) if r["finished_at"]]) == 2
    )
    network.reconnect_node(last)
    assert len(session.results(task)) == len(session.names)


# -- accounts and options --------------------------------------------------------------------------
def test_description(network: LocalNetwork) -> None:
    description: dict[str, Any] = json.loads(json.dumps(network.describe()))
    assert description["version"] == VERSION
    assert description["api_path"] == "/hq"
    assert {"root", "admin", "researcher", "viewer"} == description["users"].keys()
    assert {row["status"] for row in description["nodes"]} == {"online"}
    assert (description["auth_url"], description["realm"]) == (network.auth_url, "vantage6")
    account = network.service_account
    assert account is not None
    assert description["service_account"]["client_secret"] == account.client_secret
    assert account.client_secret not in repr(account)


def test_every_account_logs_in(network: LocalNetwork, tmp_path: Path) -> None:
    home = network.organizations[0].name
    for name in network.users:
        client = network.client(name)
        assert (client.name, client.whoami.organization_name) == (name, home)
    account = network.service_account
    assert account is not None
    with Client(
        network.url,
        auth_url=network.auth_url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        client.initialize_service_account(account.client_secret, account.username)
        client.authenticate_service_account()
        assert client.name == account.username
    with pytest.raises(LoginFailedError):
        network.client().authenticate("researcher", "wrong")


async def test_async_client_is_logged_in(network: LocalNetwork) -> None:
    async with await network.async_client("viewer") as client:
        assert client.name == "viewer"
        assert len(await client.node.list()) == len(network.nodes)


def test_environment_variables_connect(
    network: LocalNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in network.client_variables().items():
        monkeypatch.setenv(name, value)
    with Client.from_env(log_level=None) as client:
        assert client.name == "researcher"
        session = Session(client, network)  # with the private key of its organization
        assert len(session.compute("sleep", image=SLOW, seconds=0)) == len(session.names)


ALGORITHM: Any = {
    "name": "average",
    "image": AVERAGE,
    "partitioning": "horizontal",
    "vantage6_version": VERSION,
    "code_url": "https://example.org/average",
    "functions": [
        {
            "name": "partial_average",
            "step_type": "federated_compute",
            "databases": [{"name": "data"}],
            "arguments": [{"name": "column_name", "type": "column"}],
        }
    ],
}


def store_of(network: LocalNetwork, user: str) -> httpx.Client:
    """Return what sends requests to the store."""
    assert network.store is not None
    login = password_login(network.auth_url or "", user, network.users[user].password)
    return _api.http_client(network.store.url, login)


def test_store_publishes_functions(network: LocalNetwork) -> None:
    store = network.store
    assert store is not None
    linked = network.client().store.list()
    assert [(row["name"], row["url"]) for row in linked] == [
        (store.name, store.url.removesuffix("/store"))
    ]
    with store_of(network, "researcher") as api:
        created = _api.send(api, store_calls.create_algorithm(ALGORITHM))
    assert created["digest"].startswith("sha256:")
    assert created["status"] == "approved", "published without a review"


def algorithm_waits_for_its_reviewer(network: LocalNetwork) -> None:
    """Submit an algorithm, which is published when its reviewer approves."""
    with store_of(network, "researcher") as researcher, store_of(network, "root") as root:
        created = _api.send(researcher, store_calls.create_algorithm(ALGORITHM))
        assert created["status"] == "awaiting reviewer assignment"
        users = _api.send(root, store_calls.list_users(username="admin"))["data"]
        asked: Any = {"algorithm_id": created["id"], "reviewer_id": users[0]["id"]}
        review = _api.send(root, store_calls.create_review(asked))
        with store_of(network, "admin") as admin:
            _api.send(admin, store_calls.approve_review(review["id"], {"comment": "fine"}))
        found = _api.send(researcher, store_calls.get_algorithm(created["id"]))
        assert found["status"] == "approved"


OWN = """
from vantage6.algorithm.data_extraction import read_parquet
from vantage6.algorithm.decorator import dataframe, federated


@federated
@dataframe(1)
def rows(df):
    return [int(value) for value in df["age"]]
"""


def test_other_options(tmp_path: Path) -> None:
    data, parquet, own = (tmp_path / name for name in ("own.csv", "own.parquet", "own.py"))
    data.write_text("age,city\n40,Delft\n50,Leiden\n")
    convert = "import pandas, sys; pandas.read_csv(sys.argv[1]).to_parquet(sys.argv[2])"
    subprocess.run([environment_python(VERSION), "-c", convert, data, parquet], check=True)
    own.write_text(OWN)
    with LocalNetwork(
        version=VERSION,
        databases={"North": {"cities": data, "ages": parquet}, "South": data},
        algorithms={"localnet/own": own},
        allowed_algorithms=["localnet/.*"],
        token_seconds=4,
        store=True,
        review=True,
    ) as network:
        session = Session(network.client(), network)
        assert session.names == ["North", "South"]
        # HQ fails the runs that have not started as soon as one has failed.
        runs = session.runs(session.start("nothing", image=KINDS))
        assert {"not allowed"} <= {run["status"] for run in runs} <= {"not allowed", "failed"}
        # Longer than a token lives, and than HQ's leeway; no new one can be had at the end.
        task = session.start("sleep", image=SLOW, seconds=18)
        wait_until(lambda: statuses(session.client, task) == {"active"})
        running: Any = network._running
        running.provider.kill()
        time.sleep(20)
        running.provider.start()
        assert session.results(task) == {name: {"slept": 18} for name in session.names}
        with pytest.raises(TaskFailedError, match="read_csv"):  # not in this image
            session.extract(["North"], SLOW, label="cities")
        frame = session.extract(["North"], "localnet/own", "read_parquet", "ages")
        assert session.compute("rows", frame, ["North"], "localnet/own") == {"North": [40, 50]}
        algorithm_waits_for_its_reviewer(network)


@pytest.mark.parametrize(
    ("option", "value"), [("two_factor", True), ("smtp", ("localhost", 25)), ("blob_store", True)]
)
def test_option_of_version_4_only(option: str, value: object) -> None:
    with pytest.raises(LocalNetworkError, match=f"{option}: expected version 4, got version 5"):
        LocalNetwork(version=VERSION, **{option: value})  # type: ignore[arg-type]


def test_option_of_version_5_only() -> None:
    with pytest.raises(LocalNetworkError, match=r"keycloak: expected version 5, got 4\.15\.2"):
        LocalNetwork(keycloak="")


def test_events_name_the_end_of_runs(network: LocalNetwork, session: Session) -> None:
    """Only that a node's events arrive at all: the client's own tests are about the rest."""
    socketio = pytest.importorskip("socketio")
    client = socketio.Client()
    heard: list[dict[str, Any]] = []
    connected = threading.Event()
    client.on("connect", connected.set, namespace="/tasks")
    client.on("algorithm_status_change", heard.append, namespace="/tasks")
    headers = {"Authorization": f"Bearer {session.client.token}"}
    client.connect(network.url, headers=headers, namespaces=["/tasks"], transports=["websocket"])
    try:
        assert connected.wait(30)
        time.sleep(1)
        session.compute("sleep", image=SLOW, seconds=0)
        deadline = time.monotonic() + 30
        while len([each for each in heard if each["status"] == "completed"]) < 3:
            assert time.monotonic() < deadline, heard
            time.sleep(0.1)
    finally:
        client.disconnect()


def test_hq_is_reached_on_the_loopback_interface_only(network: LocalNetwork) -> None:
    assert network.url.startswith("http://127.0.0.1:")
    assert httpx.get(f"{network.url}/hq/version", trust_env=False).json()["version"] == VERSION
