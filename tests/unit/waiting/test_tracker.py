"""Test what the tracker learns from events and polls, and when it polls next."""

import pytest

from vantage6.client import (
    LogWritten,
    NotFoundError,
    RunStatusChanged,
    TaskCreated,
)
from vantage6.client._events.types import Joined, KillRequested, Lost, RunUpdated
from vantage6.client._utils.pauses import SUSPECT
from vantage6.client._waiting.arguments import Enough
from vantage6.client._waiting.tracker import (
    OUTAGE_SECONDS,
    SAFETY_SECONDS,
    UPDATE_SECONDS,
    TaskTracker,
)


def task(status: str = "pending", *results: str | None, id_: int = 1) -> dict[str, object]:
    rows = [{"run": {"id": number}, "result": text} for number, text in enumerate(results, 1)]
    collaboration = {"id": 4}
    common = {"id": id_, "name": "t", "job_id": id_, "parent": None, "collaboration": collaboration}
    return {**common, "status": status, "runs": "/link", "results": rows or "/link"}


def status(run: int, status: str, task: int = 1, parent: int | None = None) -> RunStatusChanged:
    return RunStatusChanged(run, task, 1, 4, run, run, parent, status)


def listening(*results: str | None) -> TaskTracker:
    ledger = TaskTracker([1], 0, 1, None)
    ledger.heard(Joined(4), 0)
    ledger.update_task(task("pending", *results))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    return ledger


def test_poll_once_a_minute_with_events() -> None:
    assert listening(None, None).seconds_until_poll(0) == SAFETY_SECONDS
    deaf = listening(None, None)
    deaf.heard(Lost("gone"), 5)
    assert deaf.seconds_until_poll(5) == 0
    deaf.looked([1], 5)
    assert deaf.seconds_until_poll(5) < 1


def test_poll_once_more_before_the_timeout() -> None:
    ledger = TaskTracker([1], 0, 6000, 30)
    ledger.heard(Joined(4), 0)
    ledger.update_task(task("pending", None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    assert (ledger.seconds_until_poll(0), ledger.seconds_left(0)) == (29, 30)
    ledger.looked([1], 29)
    assert ledger.seconds_until_poll(29) > ledger.seconds_left(29), "one is enough"


def test_poll_after_the_last_result_not_after_completed_statuses() -> None:
    ledger = listening(None, None)
    for run in (1, 2):
        ledger.heard(status(run, "completed"), 10)
        assert ledger.seconds_until_poll(10) > 0
    assert ledger.seconds_until_poll(10) == UPDATE_SECONDS
    ledger.heard(RunUpdated(1), 10)
    assert not ledger.has_all_results(1)
    ledger.heard(RunUpdated(2), 10)
    assert ledger.seconds_until_poll(10) == 0
    assert ledger.has_all_results(1)
    ledger.looked([1], 10)
    assert 0 < ledger.seconds_until_poll(10) < 0.1, "too early by a moment: soon again"


def test_missed_completion_is_noticed_soon_after_its_result() -> None:
    ledger = listening(None, None)  # the node of run 1 had said "completed" before
    ledger.heard(status(2, "completed"), 5)
    ledger.heard(RunUpdated(2), 5)
    assert ledger.seconds_until_poll(5) > 50
    ledger.heard(RunUpdated(1), 10)
    soon, late = SUSPECT.delays
    assert [ledger.seconds_until_poll(10), ledger.tasks_to_poll(10)] == [soon, []]
    assert [one.task_id for one in ledger.tasks_to_poll(10 + soon)] == [1]
    ledger.looked([1], 10 + soon)
    assert ledger.seconds_until_poll(10 + soon) == late - soon, (
        "once more, should it not have been there"
    )
    ledger.looked([1], 20)
    assert ledger.seconds_until_poll(20) > 50, "it may have been something else"


def test_update_explained_by_a_status_is_not_an_end() -> None:
    ledger = listening(None)
    ledger.heard(RunUpdated(1), 10)  # it has begun
    ledger.heard(RunUpdated(1), 10)
    assert ledger.seconds_until_poll(10) == SUSPECT.delays[0]
    ledger.heard(status(1, "active"), 10.5)
    assert ledger.seconds_until_poll(11) > 40
    ledger.heard(RunUpdated(99), 11)
    assert ledger.seconds_until_poll(11) > 40, "of another task"


def test_update_before_the_first_poll_is_kept() -> None:
    ledger = TaskTracker([1], 0, 1, None)
    ledger.heard(Joined(4), 0)
    for run in (1, 2, 99):
        ledger.heard(RunUpdated(run), 0.1)
    ledger.heard(status(2, "active"), 0.1)
    ledger.update_task(task("active", None, None))  # type: ignore[arg-type]
    ledger.looked([1], 0.2)
    assert ledger.seconds_until_poll(0.2) == pytest.approx(SUSPECT.delays[0] - 0.1)
    ledger.heard(status(1, "active"), 0.3)
    assert ledger.seconds_until_poll(0.3) > 50


def test_last_run_is_noticed_after_an_earlier_failure() -> None:
    ledger = listening(None, None)
    ledger.heard(status(1, "crashed"), 1)
    for now in (1, 2, 3, 5, 9, 20, 30):
        ledger.looked([1], now)
    assert ledger.seconds_until_poll(30) > 50
    ledger.heard(status(2, "completed"), 31)
    ledger.heard(RunUpdated(2), 31)
    assert ledger.seconds_until_poll(31) == 0


def test_last_run_is_noticed_after_polling_the_others() -> None:
    ledger = listening(None, None, None)
    runs = [
        {"id": id_, "status": told, "organization": {"id": 7}}
        for id_, told in ((1, "crashed"), (2, "completed"), (3, "active"))
    ]
    ledger.update_runs(1, runs)  # type: ignore[arg-type]
    ledger.looked([1], 30)
    ledger.heard(status(3, "completed"), 31)
    ledger.heard(RunUpdated(3), 31)
    assert ledger.seconds_until_poll(31) == 0


@pytest.mark.parametrize("event", [status(1, "crashed"), KillRequested(4, (1,), (1,), None)])
def test_poll_immediately_after_failure_or_kill(event: RunStatusChanged | KillRequested) -> None:
    ledger = listening(None, None)
    ledger.heard(event, 10)
    assert ledger.seconds_until_poll(10) == 0


@pytest.mark.parametrize("event", [RunUpdated(2), status(2, "crashed", task=2)])
def test_end_of_one_task_does_not_delay_polling_another(
    event: RunStatusChanged | RunUpdated,
) -> None:
    ledger = TaskTracker([1, 2], 0, 6000, None, each=True)
    ledger.heard(Joined(4), 0)
    for id_ in (1, 2):
        row = {**task(id_=id_), "results": [{"run": {"id": id_}, "result": None}]}
        ledger.update_task(row)  # type: ignore[arg-type]
    ledger.looked([1, 2], 1)
    for id_ in (1, 2):
        ledger.heard(status(id_, "completed", task=id_), 2)
    ledger.heard(RunUpdated(1), 2)
    ledger.heard(event, 2)
    assert [one.task_id for one in ledger.tasks_to_poll(2)] == [1, 2]
    # The server announces what it has only a moment later: one has ended, the other not yet.
    ledger.update_task(task("completed"))  # type: ignore[arg-type]
    ledger.tasks[1].is_over = True
    ledger.looked([1, 2], 2)
    assert 0 < ledger.seconds_until_poll(2) < 0.1
    assert [one.task_id for one in ledger.tasks_to_poll(2.1)] == [2]


def test_poll_announced_tasks_and_all_once_a_minute() -> None:
    ledger = TaskTracker([1, 2], 0, 1, None, each=True)
    ledger.heard(Joined(4), 0)
    for id_ in (1, 2):
        ledger.update_task(task("active", id_=id_))  # type: ignore[arg-type]
    ledger.looked([1, 2], 0)
    ledger.heard(status(2, "crashed", task=2), 50)
    assert [one.task_id for one in ledger.tasks_to_poll(50)] == [2]
    ledger.looked([2], 50)
    assert [one.task_id for one in ledger.tasks_to_poll(SAFETY_SECONDS)] == [1, 2]


def test_poll_earlier_tasks_after_the_last_one() -> None:
    ledger = TaskTracker([1, 2], 0, 6000, None)
    ledger.heard(Joined(4), 0)
    for id_ in (1, 2):
        row = {**task(id_=id_), "results": [{"run": {"id": id_}, "result": None}]}
        ledger.update_task(row)  # type: ignore[arg-type]
    ledger.looked([1, 2], 1)
    ledger.heard(status(1, "completed"), 2)
    ledger.heard(RunUpdated(1), 2)
    assert ledger.seconds_until_poll(2) > 50, "the wait depends on the last one"
    ledger.heard(KillRequested(4, (2,), (2,), None), 3)
    assert [one.task_id for one in ledger.tasks_to_poll(3)] == [2]
    ledger.tasks[2].is_over = True
    ledger.looked([2], 3)
    assert [one.task_id for one in ledger.tasks_to_poll(3)] == [1]


def test_back_off_and_give_up_while_the_server_is_down() -> None:
    ledger = listening(None)
    pauses: list[float] = []
    now = 1.0
    while ledger.poll_failed(now):
        pauses.append(ledger.seconds_until_poll(now))
        now += pauses[-1]
    assert [round(pause) for pause in pauses] == sorted(round(pause) for pause in pauses)
    assert pauses[0] < 1 < pauses[-1]
    assert now >= OUTAGE_SECONDS


def run(number: int, status: str, **more: object) -> dict[str, object]:
    return {"id": number, "status": status, "organization": {"id": 7}, **more}


def test_picture_shows_what_the_api_returns() -> None:
    ledger = listening(None, None)
    ledger.update_runs(1, [run(1, "active", started_at="2026-01-01T10:00:00")])  # type: ignore[list-item]
    ledger.heard(status(1, "crashed"), 10)
    assert ledger.progress(1, 10, str).runs[0].status == "active", "an event is a reason to poll"
    row = run(1, "failed", started_at="2026-01-01T10:00:00", finished_at="2026-01-01T10:00:02")
    ledger.update_runs(1, [row])  # type: ignore[list-item]
    (shown,) = ledger.progress(1, 10, str).runs
    assert shown.status == "failed"
    assert (shown.finished or 0) - (shown.started or 0) == 2, "by the server's own times"


def test_progress_includes_runs_of_subtasks() -> None:
    ledger = TaskTracker([1], 0, 1, None, closely=True)
    ledger.heard(Joined(4), 0)
    ledger.update_task(task("active", None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    ledger.update_runs(1, [run(1, "active")])  # type: ignore[list-item]
    ledger.heard(TaskCreated(2, 1), 1)
    for now in (1, 2):
        ledger.looked([1], now)
    ledger.heard(status(8, "active", task=9), 5)
    assert ledger.tasks_to_poll(5) == [], "of another task"
    ledger.heard(status(7, "active", task=2, parent=1), 5)
    assert [one.task_id for one in ledger.tasks_to_poll(5)] == [1]
    ledger.update_runs(2, [run(7, "active")])  # type: ignore[list-item]
    picture = ledger.progress(1, 3, str)
    assert [(run.run_id, run.is_subtask) for run in picture.runs] == [(1, False), (7, True)]
    assert picture.waited == 3


def test_many_events_about_progress_cause_few_polls() -> None:
    ledger = TaskTracker([1], 0, 1, None, closely=True, logs=True)
    ledger.heard(Joined(4), 0)
    ledger.update_task(task("active", None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    polls, now = 0, 0.0
    while now < 60:
        now += 0.01
        ledger.heard(LogWritten(1, 1, "line"), now)
        if ledger.tasks_to_poll(now):
            polls += 1
            ledger.looked([1], now)
    assert polls < 100, "of 6,000 events"
    for _ in range(3):
        now += ledger.seconds_until_poll(now)
        ledger.looked([1], now)
    assert ledger.seconds_until_poll(now) > 50, "none without events"


def test_picture_says_that_the_server_does_not_respond() -> None:
    ledger = listening(None)
    assert ledger.progress(1, 5, str).silent_for is None
    ledger.poll_failed(12)
    assert ledger.progress(1, 12, str).silent_for == 12
    assert "no response from the server for 12 s, retrying" in str(ledger.progress(1, 12, str))
    ledger.looked([1], 13)
    assert ledger.progress(1, 13, str).silent_for is None


def test_node_is_offline_only_while_its_run_is_open() -> None:
    ledger = listening(None, None)
    node = {"status": "offline"}
    ledger.update_runs(1, [run(1, "pending", node=node), run(2, "completed", node=node)])  # type: ignore[list-item]
    assert [run.is_offline for run in ledger.progress(1, 5, str).runs] == [True, False]


def test_deleted_task_ends_alone() -> None:
    ledger = TaskTracker([1, 2], 0, 1, None)
    ledger.update_task(task("active", None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    ledger.lose(1, NotFoundError.__new__(NotFoundError))
    ledger.lose(2, NotFoundError.__new__(NotFoundError))
    assert [one.status for one in ledger.tasks.values()] == ["deleted", "not found"]
    assert str(ledger.progress(1, 1, str)) == "t (task 1): deleted"
    assert not ledger.open_tasks


def test_status_of_hq_means_that_the_result_is_stored() -> None:
    ledger = TaskTracker([1], 0, 1, None, stores_before_status=True)
    ledger.heard(Joined(4), 0)
    ledger.update_task(task("awaiting", None, None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    ledger.heard(status(1, "completed"), 5)
    assert ledger.seconds_until_poll(5) > 40
    ledger.heard(status(2, "completed"), 6)
    assert ledger.seconds_until_poll(6) == 0
    assert ledger.has_all_results(1)


def rows(*statuses: str) -> list[dict[str, object]]:
    return [
        {"id": id_, "status": state, "organization": {"id": id_}, "log": None}
        for id_, state in enumerate(statuses, 1)
    ]


def test_enough_results_are_those_of_completed_runs() -> None:
    ledger = TaskTracker([1], 0, 1, None, enough=Enough(2, 60))
    assert ledger.is_enough(1, 0) is None
    for states, now, expected in (
        (("completed", "completed", "active"), 59, None),
        (("completed", "completed", "active"), 60, True),
        (("completed", "completed", "crashed"), 0, True),
        (("completed", "crashed", "active"), 90, None),
        (("completed", "crashed", "crashed"), 0, False),
        (("crashed", "crashed", "active"), 0, False),
    ):
        ledger.update_runs(1, rows(*states))  # type: ignore[arg-type]
        assert ledger.is_enough(1, now) is expected, (states, now)
    ledger = TaskTracker([1], 0, 1, None)
    ledger.update_runs(1, rows("completed"))  # type: ignore[arg-type]
    assert ledger.is_enough(1, 0) is None, "all are wanted"


def test_reasons_are_not_those_of_an_earlier_poll() -> None:
    ledger = TaskTracker([1], 0, 1, None)
    ledger.update_runs(1, rows("pending", "completed", "crashed"))  # type: ignore[arg-type]
    known = {1: "queued", 2: "done, without a result", 3: "crashed"}
    assert ledger.reasons(1, 9) == known
    failed = [{**row, "log": "KeyError: 'age'"} for row in rows("pending", "completed", "crashed")]
    logged = {**known, 3: "crashed: KeyError: 'age'"}
    assert ledger.reasons(1, 9, failed) == logged  # type: ignore[arg-type]
    ledger.update_task(task("completed", None, "1", None))  # type: ignore[arg-type]
    assert ledger.reasons(1, 9) == {id_: known[id_] for id_ in (2, 3)}


def test_poll_when_the_time_for_all_results_is_over() -> None:
    ledger = TaskTracker([1], 0, 1, None, enough=Enough(1, 20))
    ledger.heard(Joined(4), 0)
    ledger.update_task(task("active", "1", None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    assert ledger.seconds_until_poll(0) == 20
    ledger.looked([1], 20)
    ledger.heard(status(1, "completed"), 25)
    ledger.heard(RunUpdated(1), 25)
    assert ledger.seconds_until_poll(25) == 0, "one of two suffices now"
