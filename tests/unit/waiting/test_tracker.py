"""What events and looks tell of tasks and logs, and when the server is asked next."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client import (
    InvalidInputError,
    LogWritten,
    NodeOffline,
    RunStatusChanged,
    TaskCreated,
)
from vantage6.client._events import Joined, KillRequested, Lost, Refused, RunUpdated, Wanted, parse
from vantage6.client._ledger import (
    DOUBT_SECONDS,
    OUTAGE_SECONDS,
    SAFETY_SECONDS,
    UPDATE_SECONDS,
    Ledger,
)
from vantage6.client._logs import LogLine, LogTrack, overlap, unseen


def task(status: str = "pending", *results: str | None, id_: int = 1) -> dict[str, object]:
    rows = [{"run": {"id": number}, "result": text} for number, text in enumerate(results, 1)]
    collaboration = {"id": 4}
    common = {"id": id_, "name": "t", "job_id": id_, "parent": None, "collaboration": collaboration}
    return {**common, "status": status, "runs": "/link", "results": rows or "/link"}


def status(run: int, status: str, task: int = 1, parent: int | None = None) -> RunStatusChanged:
    return RunStatusChanged(run, task, 1, 4, run, run, parent, status)


def listening(*results: str | None) -> Ledger:
    ledger = Ledger([1], 0, 1, None)
    ledger.heard(Joined(4), 0, 0)
    ledger.saw_task(task("pending", *results))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    return ledger


def test_with_events_the_server_is_asked_once_a_minute() -> None:
    assert listening(None, None).until_look(0) == SAFETY_SECONDS
    deaf = listening(None, None)
    deaf.heard(Lost("gone"), 5, 5)
    assert deaf.until_look(5) == 0
    deaf.looked([1], 5)
    assert deaf.until_look(5) < 1


def test_a_last_look_is_made_before_the_time_is_up() -> None:
    ledger = Ledger([1], 0, 6000, 30)
    ledger.heard(Joined(4), 0, 0)
    ledger.saw_task(task("pending", None))  # type: ignore[arg-type]
    ledger.looked([1], 0)
    assert (ledger.until_look(0), ledger.until_end(0)) == (29, 30)
    ledger.looked([1], 29)
    assert ledger.until_look(29) > ledger.until_end(29), "one is enough"


def test_the_look_comes_when_all_results_are_sent_and_not_when_nodes_say_completed() -> None:
    ledger = listening(None, None)
    for run in (1, 2):
        ledger.heard(status(run, "completed"), 10, 10)
        assert ledger.until_look(10) > 0
    assert ledger.until_look(10) == UPDATE_SECONDS
    ledger.heard(RunUpdated(1), 10, 10)
    assert not ledger.has_all_results(1)
    ledger.heard(RunUpdated(2), 10, 10)
    assert ledger.until_look(10) == 0
    assert ledger.has_all_results(1)
    ledger.looked([1], 10)
    assert 0 < ledger.until_look(10) < 0.1, "too early by a moment: soon again"


def test_an_end_that_nobody_heard_of_is_seen_soon_after_its_result_was_sent() -> None:
    ledger = listening(None, None)  # the node of run 1 had said "completed" before
    ledger.heard(status(2, "completed"), 5, 5)
    ledger.heard(RunUpdated(2), 5, 5)
    assert ledger.until_look(5) > 50
    ledger.heard(RunUpdated(1), 10, 10)
    soon, late = DOUBT_SECONDS
    assert [ledger.until_look(10), ledger.to_look_at(10)] == [soon, []]
    assert [one.task_id for one in ledger.to_look_at(10 + soon)] == [1]
    ledger.looked([1], 10 + soon)
    assert ledger.until_look(10 + soon) == late - soon, "once more, should it not have been there"
    ledger.looked([1], 20)
    assert ledger.until_look(20) > 50, "it may have been something else"


def test_an_update_is_no_end_where_the_node_says_what_it_was() -> None:
    ledger = listening(None)
    ledger.heard(RunUpdated(1), 10, 10)  # it has begun
    ledger.heard(RunUpdated(1), 10, 10)
    assert ledger.until_look(10) == DOUBT_SECONDS[0]
    ledger.heard(status(1, "active"), 10.5, 10.5)
    assert ledger.until_look(11) > 40
    ledger.heard(RunUpdated(99), 11, 11)
    assert ledger.until_look(11) > 40, "of another task"


def test_an_update_before_the_first_look_is_not_forgotten() -> None:
    ledger = Ledger([1], 0, 1, None)
    ledger.heard(Joined(4), 0, 0)
    for run in (1, 2, 99):
        ledger.heard(RunUpdated(run), 0.1, 0.1)
    ledger.heard(status(2, "active"), 0.1, 0.1)
    ledger.saw_task(task("active", None, None))  # type: ignore[arg-type]
    ledger.looked([1], 0.2)
    assert ledger.until_look(0.2) == DOUBT_SECONDS[0]
    ledger.heard(status(1, "active"), 0.3, 0.3)
    assert ledger.until_look(0.3) > 50


def test_the_last_run_to_end_is_noticed_though_another_failed_long_before() -> None:
    ledger = listening(None, None)
    ledger.heard(status(1, "crashed"), 1, 1)
    for now in (1, 2, 3, 5, 9, 20, 30):
        ledger.looked([1], now)
    assert ledger.until_look(30) > 50
    ledger.heard(status(2, "completed"), 31, 31)
    ledger.heard(RunUpdated(2), 31, 31)
    assert ledger.until_look(31) == 0


def test_the_last_run_to_end_is_noticed_though_a_look_told_of_the_others() -> None:
    ledger = listening(None, None, None)
    runs = [
        {"id": id_, "status": told, "organization": {"id": 7}}
        for id_, told in ((1, "crashed"), (2, "completed"), (3, "active"))
    ]
    ledger.saw_runs(1, runs)  # type: ignore[arg-type]
    ledger.looked([1], 30)
    ledger.heard(status(3, "completed"), 31, 31)
    ledger.heard(RunUpdated(3), 31, 31)
    assert ledger.until_look(31) == 0


@pytest.mark.parametrize("event", [status(1, "crashed"), KillRequested(4, (1,), (1,), None)])
def test_a_failure_or_a_kill_is_looked_at_at_once(event: RunStatusChanged | KillRequested) -> None:
    ledger = listening(None, None)
    ledger.heard(event, 10, 10)
    assert ledger.until_look(10) == 0


@pytest.mark.parametrize("event", [RunUpdated(2), status(2, "crashed", task=2)])
def test_that_one_task_has_ended_does_not_put_off_the_look_at_another(
    event: RunStatusChanged | RunUpdated,
) -> None:
    ledger = Ledger([1, 2], 0, 6000, None, each=True)
    ledger.heard(Joined(4), 0, 0)
    for id_ in (1, 2):
        row = {**task(id_=id_), "results": [{"run": {"id": id_}, "result": None}]}
        ledger.saw_task(row)  # type: ignore[arg-type]
    ledger.looked([1, 2], 1)
    for id_ in (1, 2):
        ledger.heard(status(id_, "completed", task=id_), 2, 2)
    ledger.heard(RunUpdated(1), 2, 2)
    ledger.heard(event, 2, 2)
    assert [one.task_id for one in ledger.to_look_at(2)] == [1, 2]
    # The server announces what it has only a moment later: one has ended, the other not yet.
    ledger.saw_task(task("completed"))  # type: ignore[arg-type]
    ledger.tasks[1].is_over = True
    ledger.looked([1, 2], 2)
    assert 0 < ledger.until_look(2) < 0.1
    assert [one.task_id for one in ledger.to_look_at(2.1)] == [2]


def test_only_what_was_announced_of_is_looked_at_and_all_once_a_minute() -> None:
    ledger = Ledger([1, 2], 0, 1, None, each=True)
    ledger.heard(Joined(4), 0, 0)
    for id_ in (1, 2):
        ledger.saw_task(task("active", id_=id_))  # type: ignore[arg-type]
    ledger.looked([1, 2], 0)
    ledger.heard(status(2, "crashed", task=2), 50, 50)
    assert [one.task_id for one in ledger.to_look_at(50)] == [2]
    ledger.looked([2], 50)
    assert [one.task_id for one in ledger.to_look_at(SAFETY_SECONDS)] == [1, 2]


def test_the_last_of_several_to_end_lets_those_before_it_be_looked_at() -> None:
    ledger = Ledger([1, 2], 0, 6000, None)
    ledger.heard(Joined(4), 0, 0)
    for id_ in (1, 2):
        row = {**task(id_=id_), "results": [{"run": {"id": id_}, "result": None}]}
        ledger.saw_task(row)  # type: ignore[arg-type]
    ledger.looked([1, 2], 1)
    ledger.heard(status(1, "completed"), 2, 2)
    ledger.heard(RunUpdated(1), 2, 2)
    assert ledger.until_look(2) > 50, "nobody waits for the first to end, but for the last"
    ledger.heard(KillRequested(4, (2,), (2,), None), 3, 3)
    assert [one.task_id for one in ledger.to_look_at(3)] == [2]
    ledger.tasks[2].is_over = True
    ledger.looked([2], 3)
    assert [one.task_id for one in ledger.to_look_at(3)] == [1]


def test_a_server_without_an_answer_is_asked_less_and_less_and_then_given_up() -> None:
    ledger = listening(None)
    pauses: list[float] = []
    now = 1.0
    while ledger.failed_to_look(now):
        pauses.append(ledger.until_look(now))
        now += pauses[-1]
    assert [round(pause) for pause in pauses] == sorted(round(pause) for pause in pauses)
    assert pauses[0] < 1 < pauses[-1]
    assert now >= OUTAGE_SECONDS


def test_a_run_that_has_ended_does_not_run_again_in_the_picture() -> None:
    ledger = listening(None, None)
    row = {"id": 1, "status": "active", "organization": {"id": 7}}

    def shown() -> str:
        return ledger.progress(1, 10, str).runs[0].status

    ledger.saw_runs(1, [row])  # type: ignore[list-item]
    assert shown() == "active"
    ledger.heard(status(1, "crashed"), 10, 10)
    ledger.saw_runs(1, [row])  # type: ignore[list-item]
    assert shown() == "crashed", "the look was a moment too early"
    ledger.saw_runs(1, [{**row, "status": "failed"}])  # type: ignore[list-item]
    assert shown() == "failed", "the API has the last word"


def test_runs_of_subtasks_are_in_the_picture() -> None:
    ledger = listening(None)
    ledger.heard(TaskCreated(2, 1), 1, 1)
    assert ledger.heard(status(7, "active", task=2, parent=1), 1, 1) == 1
    assert ledger.heard(status(8, "active", task=9), 1, 1) is None, "of another task"
    picture = ledger.progress(1, 3, str)
    assert [(run.run_id, run.is_subtask) for run in picture.runs] == [(1, False), (7, True)]
    assert picture.waited == 3


# -- logs ---------------------------------------------------------------------------------------
def test_lines_that_a_look_brought_do_not_come_again_as_events() -> None:
    track = LogTrack()
    assert track.looked("a\nb\n") == ["a", "b"]
    assert track.wrote("b\nc\n") == ["c"]
    assert track.wrote("d\n") == ["d"]
    assert track.looked("a\nb\nc\nd\ne\n") == ["e"]


def test_a_log_that_lost_its_beginning_or_end_repeats_nothing() -> None:
    track = LogTrack()
    track.wrote("a\nb\nc\n")
    assert track.looked("b\nc\nd\n") == ["d"]
    assert track.looked("b\nc\n") == []
    assert track.looked(None) == []


def test_equal_lines_are_all_given_in_the_end() -> None:
    track = LogTrack()
    given = [*track.looked(".\n.\n"), *track.wrote(".\n"), *track.wrote(".\n")]
    given += track.looked(".\n.\n.\n.\n.\n")
    assert given == ["."] * 5


@given(st.lists(st.sampled_from("ab"), max_size=12), st.lists(st.sampled_from("ab"), max_size=12))
def test_an_overlap_is_the_first_there_is(before: list[str], lines: list[str]) -> None:
    found = [
        (start + count, count)
        for start in range(len(before))
        if (count := min(len(before) - start, len(lines)))
        and before[start : start + count] == lines[:count]
    ]
    end, count = overlap(before, lines)
    assert (end, count) == found[0] if found else count == 0
    assert unseen(before, lines) == lines[count:]


def test_a_log_that_repeats_itself_takes_no_longer_than_others() -> None:
    track, many = LogTrack(), "a\n" * 100_000
    began = time.monotonic()
    track.looked(many + "b\n")
    assert track.looked(many + "c\n")[-1] == "c"
    assert track.wrote(many + "d\n")[-1] == "d"
    assert time.monotonic() - began < 20, "it would be minutes"


def test_a_printed_line_cannot_steer_the_terminal() -> None:
    line = LogLine(1, 1, 1, "IK\x1bNL", "red \x1b[31m")
    assert "\x1b" not in str(line)
    assert "\x1b" in line.text


# -- events -------------------------------------------------------------------------------------
def test_messages_become_events_and_unknown_ones_nothing() -> None:
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


def test_wanted_events_are_told_by_kind_task_and_collaboration() -> None:
    wanted = Wanted(["run_status", "log"])
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
        Wanted("nonsense")  # type: ignore[arg-type]
