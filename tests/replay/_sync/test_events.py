# Derived by unasync.py: edit tests/replay/_async/test_events.py instead.
"""Test waiting and events with the recorded events of a server."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import (
    Client,
    EventsUnavailableError,
    KillRequested,
    LogWritten,
    Reconnected,
    RunStatusChanged,
    RunUpdated,
    TaskCreated,
    TaskFailedError,
)

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

# Events come over a connection of their own, from a server on this machine.
pytestmark = [pytest.mark.vcr, pytest.mark.block_network(allowed_hosts=["127.0.0.1"])]

GOOD: dict[str, Any] = {
    "organizations": ["Maastro", "IKNL"],
    "name": "announced",
    "image": "harbor2.vantage6.ai/demo/average",
    "collaboration": "demo",
    "method": "partial_average",
    "kwargs": {"column_name": "age"},
    "databases": "default",
}
CENTRAL = {**GOOD, "organizations": ["IKNL"], "method": "central_average"}
BAD = {**GOOD, "organizations": ["IKNL"], "kwargs": {"column_name": "nothing"}}


@pytest.fixture
def client(announced: "Recorded") -> Iterator[Client]:
    with logged_in(announced, "researcher") as client:
        yield client


def test_wait_ends_with_the_last_event(client: Client) -> None:
    outputs = client.task.run(**GOOD, timeout=60, progress=False)
    assert [output["count"] > 0 for output in outputs] == [True, True]


def test_subtasks_are_in_progress(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    (output,) = client.task.run(**CENTRAL, timeout=60, progress=True, logs=True)
    assert output["average"] > 0
    shown = capsys.readouterr()
    assert all(name in shown.out + shown.err for name in ("IKNL", "Maastro"))


def test_failure_arrives_by_event(client: Client) -> None:
    with pytest.raises(TaskFailedError, match="nothing"):
        client.task.run(**BAD, timeout=60, progress=False)


def test_tasks_are_yielded_as_they_complete(client: Client) -> None:
    tasks = [client.task.create(**given) for given in (GOOD, BAD)]
    ended = {}
    for done in client.as_completed(tasks, timeout=60):
        ended[done.task_id] = (done.error is None, len(done.results))
    good, bad = (task["id"] for task in tasks)
    assert ended == {good: (True, 2), bad: (False, 1)}


def test_each_log_line_is_yielded_once(client: Client) -> None:
    task = client.task.create(**BAD)
    lines = [line.text for line in client.task.stream_logs(task)]
    assert sum("Traceback" in line for line in lines) == 1


def test_follow_the_log_of_one_run(client: Client) -> None:
    task = client.task.create(**GOOD)
    (*_, run) = client.run.list(task=task)
    assert {line.run_id for line in client.run.stream_logs(run)} <= {run["id"]}


def test_all_events_of_a_task(client: Client) -> None:
    task = client.task.create(**CENTRAL)
    heard = []
    with closing(client.events("demo", task=task, timeout=60)) as events:
        for event in events:
            heard.append(event)
            if isinstance(event, RunUpdated) and any(
                isinstance(one, RunStatusChanged)
                and (one.task_id, one.run_id, one.status) == (task["id"], event.run_id, "completed")
                for one in heard
            ):
                break
    assert {type(event) for event in heard} >= {TaskCreated, RunStatusChanged, RunUpdated}


def test_events_are_filtered_by_kind(client: Client, announced: "Recorded") -> None:
    client.task.create(**BAD)
    killed = 0
    kinds = []
    events = client.events("demo", kind=["log", "kill", "run_updated"], timeout=60)
    with closing(events):
        for event in events:
            kinds.append(event.kind)
            if isinstance(event, LogWritten) and not killed:
                killed = (client.task.create(**CENTRAL))["id"]
                with logged_in(announced, "root") as root:
                    root.task.kill(killed)
            if isinstance(event, KillRequested):
                assert killed in event.task_ids
                break
    assert set(kinds) <= {"log", "kill", "run_updated"}


def test_events_of_another_collaboration_are_unavailable(client: Client) -> None:
    with pytest.raises(EventsUnavailableError, match="collaboration 99"):
        for _ in client.events(99, timeout=60):
            pass


def test_broken_event_connection_is_reported(client: Client, cut_line: Callable[[], None]) -> None:
    client.task.create(**CENTRAL)
    heard = []
    with closing(client.events("demo", timeout=60)) as events:
        for event in events:
            heard.append(event)
            if len(heard) == 1:
                cut_line()
            if isinstance(event, Reconnected):
                break
    assert heard.count(Reconnected()) == 1


def test_events_end_at_the_timeout(client: Client) -> None:
    for event in client.events("demo", kind="kill", timeout=0.3):
        pytest.fail(f"nothing was killed: {event}")
