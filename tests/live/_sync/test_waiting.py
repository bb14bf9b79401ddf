# Derived by unasync.py: edit tests/live/_async/test_waiting.py instead.
"""Test waiting on a real server: every ending, and interruptions that must not end it."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cutting_proxy import cutting_proxy
from vantage6.client import (
    Client,
    EventsUnavailableError,
    Finished,
    InvalidInputError,
    LogWritten,
    NodeOffline,
    Progress,
    Reconnected,
    RunStatusChanged,
    TaskCreated,
    TaskFailedError,
    WaitTimeoutError,
)
from vantage6.client._utils.pauses import RECHECK
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

# Without events, the next look after the one at the start is made a tenth of this later, and with
# events at the latest a minute later: a wait
# that ends in time has heard of the end.
NEVER = 6000.0
PATIENCE: dict[str, Any] = {"timeout": 55, "progress": False}


@pytest.fixture(scope="module")
def net() -> Iterator[LocalNetwork]:
    """Tokens live for six seconds here, which most tests outlive."""
    allowed = ["localnet/slow$", "harbor2.vantage6.ai/demo/.*", "no/such-image"]
    with LocalNetwork(organizations=2, token_seconds=6, allowed_algorithms=allowed) as net:
        yield net


def logged_in(net: LocalNetwork, user: str = "researcher", port: int = 0) -> Client:
    client = Client("http://127.0.0.1", port or net.port, log_level=None)
    who = net.users[user]
    client.authenticate(who.username, who.password)
    return client


@pytest.fixture
def client(net: LocalNetwork) -> Iterator[Client]:
    with logged_in(net) as client:
        yield client


def start(client: Client, seconds: float, *organizations: int) -> int:
    task = client.task.create(
        organizations or [1],
        "slow",
        "localnet/slow",
        "",
        {"method": "sleep", "kwargs": {"seconds": seconds}},
        1,
    )
    return task["id"]


def slept(text: str | None) -> float:
    return json.loads(text or "")["slept"]


# -- endings ------------------------------------------------------------------------------------
def test_results_arrive_by_event_in_requested_order(client: Client) -> None:
    task_id = start(client, 1, 2, 1)
    rows = client.wait_for_results(task_id, NEVER, **PATIENCE)
    assert [slept(row["result"]) for row in rows] == [1, 1]
    assert list(rows.by_organization) == ["Maastro", "IKNL"]


def test_crash_names_organization_and_keeps_other_results(
    client: Client,
) -> None:
    task = client.task.create(
        [1], "wrong", "localnet/slow", "", {"method": "sleep", "kwargs": {"seconds": "x"}}, 1
    )
    with pytest.raises(TaskFailedError, match=r"at 'IKNL' \(organization 1, node") as caught:
        client.wait_for_results(task, NEVER, **PATIENCE)
    assert caught.value.status == "crashed"
    assert "TypeError" in str(caught.value)
    rows = client.wait_for_results(task, on_failure="return", **PATIENCE)
    assert rows.outputs == [None]


@pytest.mark.parametrize(
    ("image", "status"),
    [("no/such-image", "non-existing Docker image"), ("localnet/slower", "not allowed")],
)
def test_missing_or_forbidden_image_fails_the_task(client: Client, image: str, status: str) -> None:
    task = client.task.create([2], "none", image, "", {"method": "f"}, 1)
    told = rf"at 'Maastro' \(organization 2, node .*\): {status}\n.*{image}"
    with pytest.raises(TaskFailedError, match=told) as caught:
        client.wait_for_results(task, NEVER, **PATIENCE)
    assert caught.value.status == status
    rows = client.wait_for_results(task, NEVER, on_failure="return", **PATIENCE)
    assert rows.by_organization == {"Maastro": None}


def test_enough_results_end_the_wait(client: Client, net: LocalNetwork) -> None:
    task = client.task.create(
        [1, 2], "half", "localnet/slow", "", {"method": "sleep", "kwargs": {"seconds": 2}}, 1
    )
    told: list[Finished] = []
    options: dict[str, Any] = {**PATIENCE, "at_least": 2, "notify": told.append}
    for done in client.as_completed([task], NEVER, **options):
        assert done.error is None
        assert done.results.missing == {}
    assert [one.task_id for one in told] == [task["id"]]
    with pytest.raises(InvalidInputError, match="expected at most 2, the number of runs of task"):
        client.wait_for_results(task, at_least=3, **PATIENCE)
    with pytest.raises(InvalidInputError, match="expected at most 1, the number of organizations"):
        client.task.run([1], "none", "localnet/slow", method="sleep", at_least=2)

    task = client.task.create([1, 2], "none", "localnet/slower", "", {"method": "f"}, 1)
    impossible = "at_least=2 can no longer be reached"
    with pytest.raises(TaskFailedError, match=impossible) as caught:
        client.wait_for_results(task, NEVER, at_least=2, after=600, **PATIENCE)
    assert set(caught.value.results.missing) == {"IKNL", "Maastro"}
    assert any("not allowed" in why for why in caught.value.results.missing.values())

    long = start(client, 300, 1, 2)
    net.client("admin").task.kill(long)
    with pytest.raises(TaskFailedError, match="at_least=1 can no longer be reached"):
        client.wait_for_results(long, NEVER, at_least=1, **PATIENCE)


def test_failed_organizations_are_asked_again(client: Client, net: LocalNetwork) -> None:
    task = client.task.create(
        [2, 1], "some", "localnet/slow", "", {"method": "sleep", "kwargs": {"seconds": "x"}}, 1
    )
    with pytest.raises(TaskFailedError):
        client.wait_for_results(task, on_failure="raise", **PATIENCE)
    with logged_in(net) as other:  # it reads the input of the run
        again = other.task.retry(task)
        with pytest.raises(TaskFailedError, match="TypeError"):
            other.wait_for_results(again, **PATIENCE)
    again = client.task.retry(task, kwargs={"seconds": 0}, name="repaired")
    rows = client.wait_for_results(again, **PATIENCE)
    assert set(rows.by_organization) <= {"Maastro", "IKNL"}
    assert [slept(row["result"]) for row in rows] == [0] * len(rows)
    assert (client.task.get(again))["name"] == "repaired"
    with pytest.raises(InvalidInputError, match="expected at least one failed run, got runs with"):
        client.task.retry(again)


def test_rejection_by_one_node_fails_the_task(client: Client) -> None:
    task = client.task.create([1, 2], "none", "localnet/slower", "", {"method": "f"}, 1)
    with pytest.raises(TaskFailedError, match="not allowed") as caught:
        client.wait_for_results(task, NEVER, **PATIENCE)
    assert caught.value.status == "failed", "the server ends what the other nodes have of it"


def test_kill_ends_the_wait(client: Client, net: LocalNetwork) -> None:
    task_id = start(client, 300, 1)
    with logged_in(net, "admin") as admin:
        for event in admin.events(task=task_id, kind="log", timeout=60):
            assert isinstance(event, LogWritten)
            break
        admin.task.kill(task_id)
    with pytest.raises(TaskFailedError, match="killed by user"):
        client.wait_for_results(task_id, NEVER, **PATIENCE)


def test_subtasks_are_in_progress(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Progress] = []
    outputs = client.task.run(
        [1],
        "central",
        "harbor2.vantage6.ai/demo/average",
        method="central_average",
        kwargs={"column_name": "age"},
        collaboration=1,
        databases="default",
        interval=NEVER,
        timeout=55,
        progress=seen.append,
        logs=True,
    )
    assert outputs[0]["average"] > 0
    last = seen[-1]
    assert last.status == "completed"
    assert {(run.organization, run.is_subtask, run.status) for run in last.runs} == {
        ("IKNL", False, "completed"),
        ("IKNL", True, "completed"),
        ("Maastro", True, "completed"),
    }
    shown = capsys.readouterr().err
    assert shown.count("Summing the column 'age'") == 2, "a line of each subtask's run"
    assert shown.count("Asking the organizations") == 1


# -- logs and events ----------------------------------------------------------------------------
def test_log_is_followed_without_lost_or_repeated_lines(client: Client) -> None:
    task_id = start(client, 2)
    lines = [(line.organization, line.text) for line in client.task.stream_logs(task_id)]
    (run,) = client.run.from_task(task_id)
    written = (run["log"] or "").splitlines()
    assert lines == [("IKNL", line) for line in written]
    assert [line.text for line in client.run.stream_logs(run["id"])] == written


def test_events_are_typed_and_filtered_by_task(client: Client, net: LocalNetwork) -> None:
    task_id = start(client, 300)  # until it is heard, however long that takes
    kinds, statuses = list[str](), list[str]()
    for event in client.events(1, task_id, timeout=60):
        kinds.append(event.kind)
        if kinds.count("log") == 1 and event.kind == "log":
            net.client("admin").task.kill(task_id)
        if isinstance(event, RunStatusChanged):
            assert (event.task_id, event.collaboration_id) == (task_id, 1)
            statuses.append(event.status)
            if event.status == "killed by user":
                break
        assert not isinstance(event, TaskCreated)
    assert "log" in kinds
    assert statuses[-1] == "killed by user"


def test_wait_for_several_tasks(client: Client, net: LocalNetwork) -> None:
    seconds = (300, 1, 1)
    tasks = [start(client, each, 1 + index % 2) for index, each in enumerate(seconds)]
    ended: list[Any] = []
    for one in client.as_completed(tasks, NEVER, timeout=55):
        ended.append((one.task_id, one.status, one.results.outputs))
        if len(ended) == 2:  # the others are given before this one has ended
            net.client("admin").task.kill(tasks[0])
    assert sorted(ended[:2]) == [(id_, "completed", [{"slept": 1}]) for id_ in tasks[1:]]
    assert ended[2] == (tasks[0], "killed by user", [None])
    both = [tasks[1], tasks[0]]
    found = client.wait_for_results(both, NEVER, on_failure="return", **PATIENCE)
    assert [rows.outputs for rows in found] == [[{"slept": 1}], [None]]


# -- many tasks ---------------------------------------------------------------------------------
def count_requests(caplog: pytest.LogCaptureFixture) -> int:
    """Count the client's own: nodes, which are part of the same program, ask for runs.

    A request repeated because of an expired token counts once.
    """
    found = (line for line in caplog.messages if "GET http" in line and "/api/task" in line)
    count = sum(" 401 " not in line for line in found)
    caplog.clear()
    return count


def test_many_tasks_need_few_more_requests_than_one(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = [start(client, 5, *[1, 2][: 1 + index % 2]) for index in range(6)]
    # A node that is slow to say that it has begun would be asked about, as often as there are runs.
    deadline = time.monotonic() + 60
    for id_ in tasks:
        while not all(run["log"] for run in client.run.from_task(id_)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    caplog.set_level("INFO", "httpx")
    caplog.clear()
    found = client.wait_for_results(tasks, NEVER, **PATIENCE)
    one, both = {"IKNL": {"slept": 5}}, {"IKNL": {"slept": 5}, "Maastro": {"slept": 5}}
    assert [rows.by_organization for rows in found] == [one, both] * 3
    # Beside the first look and what they gave and where: when the last node says that it has the
    # result, and when it sends it, there is a look, and some more should that have been too early.
    assert count_requests(caplog) <= 3 + 2 * (1 + len(RECHECK.delays))
    seen: list[Progress] = []
    client.wait_for_results(tasks, NEVER, timeout=55, progress=seen.append)
    assert {(now.task_id, now.status) for now in seen} == {(id_, "completed") for id_ in tasks}
    assert count_requests(caplog) == 3, "and which subtasks there are"
    done = client.as_completed(tasks, NEVER, timeout=55)
    assert [end.results.by_organization for end in done] == [one, both] * 3
    assert count_requests(caplog) == 2, "all are over: a list, then what they gave, and where"


def test_wait_for_tasks_of_different_age_and_collaboration(
    client: Client, net: LocalNetwork
) -> None:
    root = net.client("root")
    other = root.collaboration.create("second", [1, 2], encrypted=False)
    for organization in (1, 2):
        root.node.create(other["id"], organization, f"by hand {organization}")

    def elsewhere() -> int:
        how = {"method": "sleep", "kwargs": {"seconds": 1}}
        task = client.task.create([1, 2], "far", "localnet/slow", "", how, other["id"])
        return task["id"]

    old = start(client, 0, 2)
    client.wait_for_results(old, **PATIENCE)
    for _ in range(13):
        client.task.create([1], "between", "no/such-image", "", {"method": "f"}, 1)
    crash = client.task.create(
        [2], "wrong", "localnet/slow", "", {"method": "sleep", "kwargs": {"seconds": "x"}}, 1
    )
    killed = elsewhere()
    root.task.kill(killed)
    new, to_kill = start(client, 2, 2, 1), elsewhere()
    tasks = [new, killed, old, crash["id"], to_kill]
    kill = threading.Timer(3, root.task.kill, [to_kill])
    kill.start()
    found = client.wait_for_results(tasks, NEVER, on_failure="return", **PATIENCE)
    kill.join()
    assert [rows.by_organization for rows in found] == [
        {"Maastro": {"slept": 2}, "IKNL": {"slept": 2}},
        {"IKNL": None, "Maastro": None},
        {"Maastro": {"slept": 0}},
        {"Maastro": None},
        {"IKNL": None, "Maastro": None},
    ]
    statuses = {one.task_id: one.status for one in client.as_completed(tasks, NEVER, timeout=55)}
    assert [statuses[id_].split()[0] for id_ in tasks] == [
        "completed",
        "killed",
        "completed",
        "crashed",
        "killed",
    ]


def test_wait_for_several_tasks_with_limited_permissions(
    net: LocalNetwork,
) -> None:
    root = net.client("root")
    usual = root.rule.list(role=root.role.id("Researcher"))
    rules = [rule["id"] for rule in usual if (rule["name"], rule["operation"]) != ("run", "VIEW")]
    (own,) = (
        rule["id"]
        for rule in root.rule.list(name="run")
        if (rule["operation"], rule["scope"]) == ("VIEW", "ORGANIZATION")
    )
    role = root.role.create("modest", "sees what its own organization asked", [*rules, own], 1)
    password = "Modest-Secret-1"
    name = f"modest-{role['id']}"
    root.user.create(name, "Ada", "Modest", password, f"{name}@example.org", 1, [role["id"]])
    with Client("http://127.0.0.1", net.port, log_level=None) as modest:
        modest.authenticate(name, password)
        tasks = [start(modest, 1) for _ in range(2)]
        found = modest.wait_for_results(tasks, **PATIENCE)
        assert [rows.outputs for rows in found] == [[{"slept": 1}]] * 2


# -- interruptions ------------------------------------------------------------------------------
def test_poll_without_permission_for_events(net: LocalNetwork) -> None:
    root = net.client("root")
    usual = root.rule.list(role=root.role.id("Researcher"))
    rules = [rule["id"] for rule in usual if rule["name"] != "event"]
    role = root.role.create("deaf", "hears nothing", rules, 1)
    name = f"deaf-{role['id']}"
    password = "Deaf-Secret-1"
    root.user.create(name, "Ada", "Deaf", password, f"{name}@example.org", 1, [role["id"]])
    with Client("http://127.0.0.1", net.port, log_level=None) as deaf:
        deaf.authenticate(name, password)
        (rows,) = deaf.wait_for_results([start(deaf, 1)], **PATIENCE)
        assert rows.outputs == [{"slept": 1}]
        with pytest.raises(EventsUnavailableError, match="rule to receive"):
            for _ in deaf.events(timeout=30):
                pass


def test_wait_behind_proxy_that_blocks_events(net: LocalNetwork) -> None:
    with cutting_proxy(net.port, events=False) as cutter:
        with logged_in(net, port=cutter.port) as client:
            rows = client.wait_for_results(start(client, 1), **PATIENCE)
            assert rows.outputs == [{"slept": 1}]
            with pytest.raises(EventsUnavailableError, match="connection"):
                for _ in client.events(timeout=30):
                    pass


def test_cut_connections_end_neither_waits_nor_logs(net: LocalNetwork) -> None:
    with cutting_proxy(net.port) as cutter:
        with logged_in(net, port=cutter.port) as client:
            task_id = start(client, 5)
            lines: list[str] = []
            for line in client.task.stream_logs(task_id):
                lines.append(line.text)
                if line.text.startswith(("slept 1", "slept 3.0")):
                    cutter.cut()
            (run,) = client.run.from_task(task_id)
            assert lines == (run["log"] or "").splitlines()
            assert cutter.cuts > 1


def test_server_restart_does_not_end_the_wait(net: LocalNetwork) -> None:
    # The token expires meanwhile, too: it lives for six seconds.
    with logged_in(net) as client:
        task_id = start(client, 9)
        restart = threading.Timer(2, net.restart_server)
        restart.start()
        try:
            rows = client.wait_for_results(task_id, **PATIENCE)
        finally:
            restart.join()
        assert rows.outputs == [{"slept": 9}]


def test_events_continue_after_a_cut(net: LocalNetwork) -> None:
    with cutting_proxy(net.port) as cutter:
        with logged_in(net, port=cutter.port) as client:
            task_id = start(client, 300)
            kinds: list[str] = []
            for event in client.events(timeout=60):
                kinds.append(event.kind)
                if len(kinds) == 1:
                    cutter.cut()
                if isinstance(event, Reconnected):
                    start(client, 1)
                if kinds.count("task_created") and "reconnected" in kinds:
                    break
            assert "reconnected" in kinds
            net.client("admin").task.kill(task_id)


def test_wait_continues_while_a_node_is_offline(
    net: LocalNetwork, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Even one that looks for runs by itself all the time starts none once it is gone.
    monkeypatch.setattr("vantage6.localnet._node._POLL_SECONDS", 0.2)
    with logged_in(net) as client:
        client.wait_for_results(start(client, 0, 2), **PATIENCE)
        socket = client._core.socket
        assert socket

        def leave() -> None:
            while not socket._joined:  # no client listens yet
                time.sleep(0.05)
            net.disconnect_node(2)

        thread = threading.Thread(target=leave)
        thread.start()
        for event in client.events(kind="node_offline", timeout=60):
            assert isinstance(event, NodeOffline)
            assert event.organization_id == 2
            break
        thread.join()
        task_id = start(client, 0, 2)
        with pytest.raises(WaitTimeoutError, match="The task continues") as caught:
            client.wait_for_results(task_id, timeout=3, progress=False)
        assert caught.value.status == "pending"
        # The results of the others are available when the task is ended.
        both = start(client, 0, 1, 2)
        assert "nodes were offline at 'Maastro' (id 2)" in caplog.messages[-1]
        caplog.clear()
        missing = r"no result from 'Maastro' \(queued, node offline since 20"
        with pytest.raises(WaitTimeoutError, match=missing) as caught:
            client.wait_for_results(both, timeout=3, progress=False)
        assert caught.value.results
        assert caught.value.results.by_organization == {"IKNL": {"slept": 0}, "Maastro": None}
        assert len([text for text in caplog.messages if "waits for Maastro: node" in text]) == 1
        began = time.monotonic()
        some = client.wait_for_results(both, NEVER, at_least=1, after=1.5, **PATIENCE)
        assert 1.5 <= time.monotonic() - began < 20
        assert some.by_organization == {"IKNL": {"slept": 0}, "Maastro": None}
        assert list(some.missing) == ["Maastro"]
        assert some.missing["Maastro"].startswith("queued, node offline since 20")
        (run,) = client.run.list(task=both, organization=1)
        for _ in client.run.stream_logs(run):
            pass
        net.client("admin").task.kill(both)
        with pytest.raises(TaskFailedError, match="organization 2") as failed:
            client.wait_for_results(both, **PATIENCE)
        assert failed.value.results.by_organization == {"IKNL": {"slept": 0}, "Maastro": None}
