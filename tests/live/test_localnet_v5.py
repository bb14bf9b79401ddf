"""Test that the local network of version 5 works as docs/localnet5.md says."""

import csv
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.network5 import SOURCE, Session, node_folder
from vantage6.bindings.hq import calls
from vantage6.bindings.hq_store import calls as store_calls
from vantage6.localnet import LocalNetwork, LocalNetworkError, _api
from vantage6.localnet.__main__ import main
from vantage6.localnet._v5.driver import AVERAGE, Driver, driver
from vantage6.localnet._v5.login import api_client, client_login, password_login

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
def researcher(network: LocalNetwork) -> Iterator[Driver]:
    with driver(network) as researcher:
        yield researcher


@pytest.fixture(scope="module")
def session(network: LocalNetwork, researcher: Driver) -> Session:
    return Session.open(researcher, [each.id for each in network.organizations])


def ages(network: LocalNetwork, low: float = 0, high: float = 200) -> dict[int, list[float]]:
    """Return the ages in the data, by organization."""
    found: dict[int, list[float]] = {}
    for organization in network.organizations:
        with organization.data.open(newline="") as file:
            values = [float(row["age"]) for row in csv.DictReader(file)]
        found[organization.id] = [value for value in values if low <= value <= high]
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
def round_trip(network: LocalNetwork, researcher: Driver) -> None:
    """Extract, preprocess, compute at each organization and over all, and compare to the data."""
    session = Session.open(researcher, [each.id for each in network.organizations])
    frame = session.extract()
    session.preprocess(frame, "keep_between", column_name="age", low=50, high=70)
    expected = ages(network, 50, 70)
    parts = session.compute("partial_average", [frame], column_name="age")
    assert parts == {
        id_: {"sum": sum(values), "count": len(values)} for id_, values in expected.items()
    }
    (central,) = session.central("central_average", [frame], column_name="age").values()
    values = [value for each in expected.values() for value in each]
    assert central == {"average": pytest.approx(sum(values) / len(values))}


def test_encrypted_round_trip(network: LocalNetwork, researcher: Driver) -> None:
    round_trip(network, researcher)
    for run in _api.send(researcher.api, calls.list_runs(per_page=100))["data"]:
        assert "column_name" not in json.dumps(run["arguments"])


@pytest.mark.slow
def test_encrypted_round_trip_of_12_organizations() -> None:
    with LocalNetwork(version=VERSION, encrypted=True, organizations=12) as network:
        with driver(network) as researcher:
            round_trip(network, researcher)


# -- data frames -----------------------------------------------------------------------------------
def test_frames_are_parquet_in_session_folders(network: LocalNetwork, session: Session) -> None:
    frame = session.extract()
    row = _api.send(session.driver.api, calls.get_dataframe(frame))
    files = [
        node_folder(network, id_)
        / "sessions"
        / f"session{session.id:09d}"
        / f"{row['name']}.parquet"
        for id_ in session.organizations
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

    _api.send(session.driver.api, calls.delete_dataframe(frame))
    deadline = time.monotonic() + 30
    while any(file.exists() for file in files):
        assert time.monotonic() < deadline, "the nodes delete it"
        time.sleep(0.1)


def test_frame_of_some_organizations(network: LocalNetwork, session: Session) -> None:
    some = session.organizations[:2]
    frame = session.extract(some)
    parts = session.compute("partial_average", [frame], some, column_name="age")
    assert parts.keys() == {*some}
    with pytest.raises(_api.ApiError, match="status 400"):
        session.compute("partial_average", [frame], column_name="age")


def test_frame_of_another_session_is_not_found(session: Session) -> None:
    frame = session.extract()
    other = Session.open(session.driver, session.organizations)
    runs = other.runs("partial_average", [frame], column_name="age")
    missing = [run for run in runs if run["status"] == "dataframe not found"]
    assert missing
    assert all("has no data frame" in (run["log"] or "") for run in missing)


def test_nodes_share_their_databases(network: LocalNetwork, session: Session) -> None:
    node = _api.send(session.driver.api, calls.get_node(network.nodes[0].id))
    shared = {
        (each["key"], each["value"]): None for each in node["config"] if isinstance(each, dict)
    }
    assert ("database_labels", "default") in shared
    with pytest.raises(_api.ApiError, match="status 400"):
        session.driver.extract(session.id, session.organizations, label="other")


# -- what algorithms do ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "status", "log"),
    [
        ("nowhere", "crashed", "Method 'nowhere' not found"),
        ("undecorated", "crashed", "is not decorated with a vantage6 decorator"),
        ("fails", "crashed", "ValueError: on purpose"),
        ("leaves", "completed", "leaving"),
        ("central_only", "crashed", "Container started as"),
    ],
)
def test_end_of_a_run(session: Session, method: str, status: str, log: str) -> None:
    runs = session.runs(method, image=KINDS)
    # HQ fails the runs that have not started as soon as one has failed.
    assert {status} <= {run["status"] for run in runs} <= {status, "failed"}
    ended = [run for run in runs if run["status"] == status]
    assert all(log in (run["log"] or "") for run in ended), ended[0]["log"]
    assert all(run["finished_at"] and run["started_at"] for run in ended)


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
    first = session.organizations[:1]
    (value,) = session.compute(method, organizations=first, image=KINDS).values()
    assert (str(value) if expected == "nan" else value) == expected


def test_algorithm_sees_a_bare_environment(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = session.organizations[:1]
    (names,) = session.compute("variables", organizations=first, image=KINDS).values()
    assert isinstance(names, list)
    assert {"INPUT_FILE", "SESSION_FOLDER", "FUNCTION_ACTION", "PKG_NAME"} <= {*names}
    assert not {name for name in names if name.startswith(("VANTAGE6", "V6_", "PYTEST"))}
    assert "CONTAINER_TOKEN" not in names, "for central compute only"


def test_extraction_without_a_table_crashes(session: Session) -> None:
    for method in ("no_table", "lies"):
        frame = session.driver.extract(
            session.id, session.organizations, method=method, image=KINDS
        )
        row = session.driver.wait_for_frame(frame["id"])
        assert not row["ready"]
        task = row["last_session_task"]
        assert task is not None
        runs = session.driver.runs(task["id"])
        expected = {"no_table": "crashed", "lies": "unexpected output"}[method]
        assert {run["status"] for run in runs} <= {expected, "failed"}
        assert expected in {run["status"] for run in runs}


def test_logs_are_streamed(session: Session) -> None:
    first = session.organizations[:1]
    task = session.start("sleep", organizations=first, image=SLOW, seconds=8, step=0.2)
    deadline = time.monotonic() + 60
    while True:
        (run,) = session.driver.runs(task)
        if "slept" in (run["log"] or ""):
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert run["finished_at"] is None
    (run,) = session.driver.wait(task)
    lines = [line for line in (run["log"] or "").splitlines() if line.startswith("slept")]
    assert len(lines) == len({*lines}), "no line twice"


def test_killed_task(network: LocalNetwork, session: Session) -> None:
    task = session.start("sleep", image=SLOW, seconds=600)
    deadline = time.monotonic() + 60
    while {run["status"] for run in session.driver.runs(task)} != {"active"}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises(_api.ApiError, match="401"):  # researchers may not
        _api.send(session.driver.api, calls.kill_task({"id": task}))
    with driver(network, "admin") as admin:
        _api.send(admin.api, calls.kill_task({"id": task}))
    runs = session.driver.wait(task)
    assert {run["status"] for run in runs} == {"killed by user"}
    # The nodes are free for the next one.
    assert len(session.compute("sleep", image=SLOW, seconds=0)) == len(session.organizations)


# -- failures in the middle ------------------------------------------------------------------------
@pytest.mark.parametrize("victim", ["hq", "identity provider", "node"])
def test_result_survives_a_kill(network: LocalNetwork, session: Session, victim: str) -> None:
    task = session.start("sleep", image=SLOW, seconds=5)
    deadline = time.monotonic() + 60
    while {run["status"] for run in session.driver.runs(task)} != {"active"}:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    running: Any = network._running
    if victim == "hq":
        running.server.kill()
        time.sleep(6)  # the runs end meanwhile
        running.server.start()
        running.server.wait_until_ready()
    elif victim == "identity provider":
        running.provider.kill()
        time.sleep(1)
        running.provider.start()
        running.provider.wait_until_ready()
    else:
        running.restart_node(session.organizations[1])
    results = session.driver.results(task)
    assert results == {id_: {"slept": 5} for id_ in session.organizations}
    deadline = time.monotonic() + 60
    while {row["status"] for row in running.node_rows()} != {"online"}:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert len(session.compute("sleep", image=SLOW, seconds=0)) == len(session.organizations)


def test_frames_survive_a_restart_of_their_node(network: LocalNetwork, session: Session) -> None:
    frame = session.extract()
    running: Any = network._running
    running.restart_node(session.organizations[0])
    assert session.compute("partial_average", [frame], column_name="age")


def test_disconnected_node_catches_up(network: LocalNetwork, session: Session) -> None:
    last = session.organizations[-1]
    network.disconnect_node(last)
    task = session.start("sleep", image=SLOW, seconds=0)
    deadline = time.monotonic() + 60
    while len([run for run in session.driver.runs(task) if run["finished_at"]]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    network.reconnect_node(last)
    assert len(session.driver.results(task)) == len(session.organizations)


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


def test_every_account_logs_in(network: LocalNetwork) -> None:
    url = network.url + network.api_path
    for name, user in network.users.items():
        login = password_login(network.auth_url or "", name, user.password)
        with api_client(url, login) as api:
            row = _api.send(api, calls.get_current_user())
            assert (row["username"], row["organization"]["id"]) == (name, user.organization_id)
    account = network.service_account
    assert account is not None
    login = client_login(network.auth_url or "", account.client_id, account.client_secret)
    with api_client(url, login) as api:
        assert _api.send(api, calls.get_current_user())["username"] == account.username
    wrong = password_login(network.auth_url or "", "researcher", "wrong")
    with api_client(url, wrong) as api, pytest.raises(_api.ApiError, match="invalid_grant"):
        _api.send(api, calls.get_current_user())


def test_client_says_that_it_does_not_support_version_5(network: LocalNetwork) -> None:
    with pytest.raises(LocalNetworkError, match="client: expected version 4, got version 5"):
        network.client()


def test_store_publishes_functions(network: LocalNetwork) -> None:
    store = network.store
    assert store is not None
    with driver(network) as researcher:
        linked = _api.send(researcher.api, calls.list_algorithm_stores())["data"]
    assert [(row["name"], row["url"]) for row in linked] == [
        (store.name, store.url.removesuffix("/store"))
    ]
    login = password_login(
        network.auth_url or "", "researcher", network.users["researcher"].password
    )
    algorithm: Any = {
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
    with api_client(store.url, login) as api:
        created = _api.send(api, store_calls.create_algorithm(algorithm))
        assert created["digest"].startswith("sha256:")
        assert created["status"] == "approved", "published without a review"


def test_other_options(tmp_path: Path) -> None:
    data = tmp_path / "own.csv"
    data.write_text("age,city\n40,Delft\n50,Leiden\n")
    with (
        LocalNetwork(
            version=VERSION,
            databases={"North": {"cities": data}, "South": data},
            allowed_algorithms=["localnet/"],
            token_seconds=4,
        ) as network,
        driver(network) as researcher,
    ):
        assert [each.name for each in network.organizations] == ["North", "South"]
        session = Session.open(researcher, [each.id for each in network.organizations])
        # HQ fails the runs that have not started as soon as one has failed.
        statuses = {run["status"] for run in session.runs("nothing", image=KINDS)}
        assert {"not allowed"} <= statuses <= {"not allowed", "failed"}
        # Longer than a token lives, and than HQ's leeway.
        assert len(session.compute("sleep", image=SLOW, seconds=18)) == 2
        frame = researcher.extract(
            session.id, session.organizations[:1], "cities", "read_csv", SLOW
        )
        assert not researcher.wait_for_frame(frame["id"])["ready"], "not in this image"


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
    login = password_login(
        network.auth_url or "", "researcher", network.users["researcher"].password
    )
    headers = {"Authorization": f"Bearer {login.token()}"}
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
