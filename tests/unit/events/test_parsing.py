"""Test how messages of the server become events, and which events are wanted."""

import time

import pytest

from vantage6.client import (
    InvalidInputError,
    LogWritten,
    NodeOffline,
    RunStatusChanged,
    TaskCreated,
)
from vantage6.client._auth.realm import Realm
from vantage6.client._backend import v5
from vantage6.client._backend.v5 import V5
from vantage6.client._events.filters import EventFilter
from vantage6.client._events.parsing import parse
from vantage6.client._events.types import Joined, KillRequested, Refused


def status(run: int, status: str, task: int = 1, parent: int | None = None) -> RunStatusChanged:
    return RunStatusChanged(run, task, 1, 4, run, run, parent, status)


def test_messages_become_events_and_unknown_ones_are_ignored() -> None:
    assert parse("new_task", {"id": 3, "parent_id": None}) == TaskCreated(3, None)
    assert parse("algorithm_log", {"run_id": 1, "task_id": 2, "log": "x"}) == LogWritten(1, 2, "x")
    assert parse("node-offline", {"id": 1, "name": "n", "org_id": 2}) == NodeOffline(1, "n", 2)
    assert parse("message", "User <a> joined room <collaboration_12>") == Joined(12)
    assert parse("message", "User <a> joined room <collaboration_12_organization_1>") is None
    assert parse("expired_token", None) == Refused()
    for name, data in (("new_task", {}), ("new_task", None), ("status_update", {"run_id": "x"})):
        assert parse(name, data) is None
    assert parse("from the future", {"id": 1}) is None
    order = {"collaboration_id": 4, "kill_list": [{"task_id": 1, "run_id": 2}, "odd"]}
    assert parse("kill_containers", order) == KillRequested(4, (1,), (2,), None)


def test_events_are_filtered_by_kind_task_and_collaboration() -> None:
    wanted = EventFilter(["run_status", "log"])
    wanted.only(4, 1)
    assert TaskCreated(2, 1) not in wanted
    assert status(7, "active", task=2, parent=1) in wanted, "of a subtask"
    assert status(8, "active", task=3) not in wanted
    line = LogWritten(7, 2, "x")
    assert wanted.unknown(line) == ("task", 2)
    wanted.learn(("task", 2), 4)
    assert wanted.unknown(line) is None
    assert line in wanted
    with pytest.raises(InvalidInputError, match="node_offline"):
        EventFilter("nonsense")  # type: ignore[arg-type]


def test_event_that_comes_twice_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("vantage6.client._backend.v5.monotonic", lambda: now)
    backend = V5(Realm("https://auth.example/realms/vantage6"))

    def heard(run: int, state: str) -> bool:
        data = {"job_id": 1, "task_id": 1, "run_id": run, "collaboration_id": 4, "node_id": run}
        data |= {"organization_id": run, "parent_id": None}
        return backend.parse_event("algorithm_status_change", data | {"status": state}) is not None

    # HQ's own, and those that it relays from the nodes, which may come late.
    changes = [(1, "active"), (2, "active"), (1, "completed"), (1, "active"), (2, "active")]
    assert [heard(*change) for change in changes] == [True, True, True, False, False]
    assert not heard(1, "completed")
    now += 60
    assert heard(1, "active"), "of a node that runs it again"
    assert backend.parse_event("new_task_update", {"id": 3, "parent_id": None}) == TaskCreated(
        3, None
    )


def test_flood_of_events_takes_neither_memory_nor_time() -> None:
    backend = V5(Realm("https://auth.example/realms/vantage6"))
    data = {"job_id": 1, "task_id": 1, "collaboration_id": 4, "node_id": 1}
    data |= {"organization_id": 1, "parent_id": None}
    began = time.monotonic()
    for run in range(20_000):
        event = {**data, "run_id": run, "status": f"{run}" * 100}
        assert backend.parse_event("algorithm_status_change", event)
    assert time.monotonic() - began < 30
    assert backend.parse_event("algorithm_status_change", event) is None, "the last one again"
    assert len(backend._heard) == v5.MAX_HEARD
