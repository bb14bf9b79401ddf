# Derived by unasync.py: edit tests/live/_async/test_hq_tasks.py instead.
"""Extract, preprocess and compute at a running HQ, in a plain and in an encrypted collaboration."""

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.networks import HQ_VERSION
from vantage6.client import (
    BadRequestError,
    Client,
    InvalidInputError,
    PermissionDeniedError,
    TaskFailedError,
    WaitTimeoutError,
)
from vantage6.localnet import LocalNetwork
from vantage6.localnet._v5.realm import LOCAL_CLIENT

pytestmark = pytest.mark.live

AVERAGE = "harbor2.vantage6.ai/demo/average"


@pytest.fixture(params=["hq_network", "encrypted_hq_network"])
def network(request: pytest.FixtureRequest) -> LocalNetwork:
    return request.getfixturevalue(request.param)


@pytest.fixture
def client(network: LocalNetwork, tmp_path: Path) -> Iterator[Client]:
    with Client(
        network.url,
        auth_url=network.auth_url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        account = network.service_account
        assert account
        client.initialize_service_account(account.client_secret, account.username)
        client.authenticate_service_account()
        client.setup_collaboration(network.collaboration.name)
        key = network.private_keys.get(client.whoami.organization_id)
        if key:
            client.setup_encryption(key)
        yield client


def ages(network: LocalNetwork, low: float = 0, high: float = 200) -> dict[str, list[float]]:
    """Return the ages in the data, by organization."""
    found: dict[str, list[float]] = {}
    for organization in network.organizations:
        with organization.data.open(newline="") as file:
            values = [float(row["age"]) for row in csv.DictReader(file)]
        found[organization.name] = [value for value in values if low <= value <= high]
    return found


def test_session_from_extraction_to_results(client: Client, network: LocalNetwork) -> None:
    session = client.session.create("OWN", "survival")
    assert (session["name"], session["scope"]) == ("survival", "own")
    frame = client.dataframe.create(
        "default", AVERAGE, "read_csv", session="survival", name="patients"
    )
    step = client.dataframe.preprocess(
        "patients", AVERAGE, "keep_between", {"column_name": "age", "low": 50, "high": 70}
    )
    assert step["id"] == frame["id"]
    ready = client.dataframe.wait("patients", timeout=120)
    assert ready["ready"]
    assert sorted(ready["organizations_ready"]) == [each.id for each in network.organizations]
    columns = client.dataframe.columns(ready)
    by_name = {column["name"]: column for column in columns}
    assert by_name["age"]["types"].keys() == ages(network).keys()
    assert not by_name["age"]["differs"]
    assert [each["name"] for each in client.session.dataframes(session)] == ["patients"]

    names = [each.name for each in network.organizations]
    task = client.task.create(
        names[::-1],
        "averages",
        AVERAGE,
        method="partial_average",
        arguments={"column_name": "age"},
        databases=["patients"],
        session=session,
        action="federated_compute",
    )
    results = client.wait_for_results(task, timeout=120)
    assert results.by_organization == {
        name: {"sum": sum(values), "count": len(values)}
        for name, values in ages(network, 50, 70).items()
    }
    runs = client.run.from_task(task)
    assert {run["status"] for run in runs} == {"completed"}
    lines = [line.organization for line in client.task.stream_logs(task)]
    assert set(lines) == set(names)

    with pytest.raises(BadRequestError):
        client.session.delete(session)
    client.session.delete(session, delete_dependents=True)
    assert "survival" not in [each["name"] for each in client.session.list()]


def test_script_without_a_session(client: Client, network: LocalNetwork) -> None:
    names = [each.name for each in network.organizations]
    frame = client.dataframe.create("default", AVERAGE, "read_csv")
    part = client.dataframe.create("default", AVERAGE, "read_csv", organizations=names[:2])
    frame, part = client.dataframe.wait(frame), client.dataframe.wait(part)
    (value,) = client.task.run(
        names[:1],
        "average",
        AVERAGE,
        input_={"method": "central_average", "kwargs": {"column_name": "age"}},
        databases=frame["name"],
        action="central_compute",
        timeout=120,
    )
    values = [age for name in names for age in ages(network)[name]]
    assert value == {"average": pytest.approx(sum(values) / len(values))}
    session = client.session.get(frame["session"])
    assert session["scope"] == "own"
    assert (session["name"] or "").startswith("vantage6-sdk-")
    with pytest.raises(InvalidInputError, match=r"Only a new extraction"):
        client.dataframe.preprocess(part, AVERAGE, "keep_between", organizations=names[2:])
    client.session.delete(session, delete_dependents=True)


def test_failed_extraction_names_the_organizations(client: Client, network: LocalNetwork) -> None:
    frame = client.dataframe.create("default", AVERAGE, "no_such_function")
    with pytest.raises(TaskFailedError, match=network.organizations[1].name) as caught:
        client.dataframe.wait(frame)
    assert all(run["finished_at"] for run in caught.value.runs)
    with pytest.raises(InvalidInputError, match=r"client\.dataframe\.create\('default'"):
        client.task.create(
            [1], "t", AVERAGE, method="f", databases="default", action="federated_compute"
        )


def test_wrong_action_is_a_failure_with_the_log(client: Client, network: LocalNetwork) -> None:
    frame = client.dataframe.create("default", AVERAGE, "read_csv")
    client.dataframe.wait(frame)
    with pytest.raises(TaskFailedError, match="crashed") as caught:
        client.task.run(
            [network.organizations[0].name],
            "wrong",
            AVERAGE,
            method="partial_average",
            kwargs={"column_name": "age"},
            databases=[frame],
            action="central_compute",
        )
    assert caught.value.results is not None
    assert [row["result"] for row in caught.value.results] == [None]


def test_offline_node_ends_a_wait_by_its_timeout(client: Client, network: LocalNetwork) -> None:
    names = [each.name for each in network.organizations]
    network.disconnect_node(network.organizations[2].id)
    try:
        frame = client.dataframe.create("default", AVERAGE, "read_csv")
        with pytest.raises(WaitTimeoutError, match="awaiting"):
            client.dataframe.wait(frame, timeout=20)
        results = client.task.run(
            names[:2],
            "averages",
            AVERAGE,
            method="partial_average",
            kwargs={"column_name": "age"},
            databases=[frame],
            action="federated_compute",
        )
        assert [value["count"] for value in results] == [
            len(values) for values in ages(network).values()
        ][:2]
    finally:
        network.reconnect_node(network.organizations[2].id)


def test_kill_ends_the_runs_and_the_wait(
    client: Client, network: LocalNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with client.session.open("to kill") as session:
        task = client.task.create(
            "all",
            "long",
            "localnet/slow",
            method="sleep",
            kwargs={"seconds": 120},
            action="federated_compute",
        )
        with pytest.raises(PermissionDeniedError):  # and no expired login
            client.task.kill(task)
        user = network.users["admin"]
        with Client(
            network.url,
            auth_url=network.auth_url,
            auth_client=LOCAL_CLIENT,  # allows passwords
            log_level=None,
            known_organizations=tmp_path / "known-admin",
        ) as admin:
            admin.authenticate(user.username, user.password)
            while {run["status"] for run in client.run.from_task(task)} != {"active"}:
                time.sleep(0.2)
            admin.task.kill(task)
            with pytest.raises(BadRequestError, match="already finished"):  # noqa: PT012
                while True:  # HQ takes it as long as a run has not ended
                    admin.task.kill(task)
                    time.sleep(0.2)
        with pytest.raises(TaskFailedError, match="killed by user"):
            client.wait_for_results(task, timeout=60)
        runs = client.run.from_task(task)
        assert {run["status"] for run in runs} == {"killed by user"}
        client.session.task_tree(session)
        tree = capsys.readouterr().out.splitlines()
        assert tree[0] == "tasks of to kill"
        assert tree[1].startswith("└── long (sleep, id ")
        client.session.tree("to kill")
        assert "└── to kill (id " in capsys.readouterr().out
    assert "to kill" not in [row["name"] for row in client.session.list()]


def test_large_arguments_arrive_whole(client: Client, network: LocalNetwork) -> None:
    text = "é" + "0123456789" * 200_000
    seen: list[tuple[int, int | None]] = []
    task = client.task.create(
        "all",
        "large",
        AVERAGE,
        method="no_such_function",
        kwargs={"text": text},
        action="federated_compute",
        on_transfer=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) > len(network.organizations)
    assert seen[-1][0] == seen[-1][1]
    runs = {run["organization"]["id"]: run for run in client.run.from_task(task)}
    run = runs[client.whoami.organization_id]
    assert json.loads(run["arguments"]) == {"text": text}


@pytest.mark.slow
def test_25_organizations_extract_and_compute(tmp_path: Path) -> None:
    with LocalNetwork(version=HQ_VERSION, organizations=25) as many:
        account = many.service_account
        assert account
        with Client(
            many.url, auth_url=many.auth_url, log_level=None, known_organizations=tmp_path / "known"
        ) as client:
            client.initialize_service_account(account.client_secret, account.username)
            client.authenticate_service_account()
            client.setup_collaboration(many.collaboration.name)
            assert len(client.organization.list()) == 25
            with client.session.open("many"):
                frame = client.dataframe.create("default", AVERAGE, "read_csv")
                frame = client.dataframe.wait(frame, timeout=600)
                assert len(frame["organizations_ready"]) == 25
                task = client.task.create(
                    "all",
                    "averages",
                    AVERAGE,
                    method="partial_average",
                    kwargs={"column_name": "age"},
                    databases=[frame],
                    action="federated_compute",
                )
                results = client.wait_for_results(task, timeout=600)
                counts = {name: value["count"] for name, value in results.by_organization.items()}
                assert counts == {name: len(values) for name, values in ages(many).items()}
                assert len(client.run.from_task(task)) == 25
