"""Test statuses, pauses between polls, and failure messages."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client import (
    InvalidInputError,
    Progress,
    ResultRows,
    RunProgress,
    TaskFailedError,
)
from vantage6.client._rows.references import is_collection, references
from vantage6.client._utils.pauses import POLL
from vantage6.client._waiting.arguments import (
    Enough,
    as_list,
    check_display_options,
    check_times,
    enough_of,
    page_depth,
)
from vantage6.client._waiting.failure_text import (
    describe_failure,
    describe_missing,
    describe_timeout,
)
from vantage6.client._waiting.statuses import has_failed, has_finished


@pytest.mark.parametrize(
    ("status", "finished", "failed"),
    [
        (None, False, False),
        ("pending", False, False),
        ("initializing", False, False),
        ("active", False, False),
        ("completed", True, False),
        ("crashed", True, True),
        ("killed by user", True, True),
        ("not allowed", True, True),
        ("a way to fail that later servers invent", True, True),
    ],
)
def test_every_status_is_final_or_not(status: str | None, finished: bool, failed: bool) -> None:
    assert (has_finished(status), has_failed(status)) == (finished, failed)


def looks(interval: float, until: float) -> list[float]:
    """Return the times at which the server is asked."""
    times = [0.0]
    while times[-1] < until:
        times.append(times[-1] + POLL.after(times[-1], interval))
    return times


def test_short_tasks_are_polled_often_and_long_ones_rarely() -> None:
    times = looks(interval=1, until=600)
    assert times[1] == pytest.approx(0.1)
    assert len(times) < 250, "ten minutes of waiting are few requests"
    for earlier, later in pairwise(times):
        assert later - earlier < 3.001
        assert later - earlier < max(0.1, 0.1 * earlier) + 0.001, "at most a tenth late"


@given(st.floats(0, 1e4), st.floats(0.01, 60))
def test_pause_does_not_exceed_the_interval(waited: float, interval: float) -> None:
    assert 0.1 * interval <= POLL.after(waited, interval) <= 3 * interval


@pytest.mark.parametrize(
    ("interval", "timeout", "reason"),
    [
        (0, None, "interval: expected a number of seconds above 0, got 0"),
        (-1, None, "interval: .* got -1"),
        (float("nan"), None, "interval: .* got nan"),
        ("1", None, "interval: .* got '1'"),
        (None, None, "interval: .* got None"),
        (1, -1, "timeout: expected a number of seconds of at least 0, or None, got -1"),
        (1, float("nan"), "timeout: .* got nan"),
        (1, "10", "timeout: .* got '10'"),
        (1, [1], r"timeout: .* got \[1\]"),
        (1, True, "timeout: .* got True"),
    ],
)
def test_invalid_times_are_rejected(interval: Any, timeout: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        check_times(interval, timeout)


def test_any_number_is_a_valid_time() -> None:
    for number in (0, 0.5, float("inf"), np.float32(1), np.int64(1)):
        check_times(1, number)  # type: ignore[arg-type]  # numpy's, which type checkers mind


@pytest.mark.parametrize(
    ("on_failure", "progress", "reason"),
    [
        ("ignore", None, "on_failure: expected 'raise' or 'return', got 'ignore'"),
        ("raise", 3, "progress: expected True, False, None or a function, got 3"),
        ("raise", "yes", "progress: .* got 'yes'"),
    ],
)
def test_unknown_on_failure_or_progress_is_rejected(
    on_failure: str, progress: object, reason: str
) -> None:
    check_display_options("return", print)
    with pytest.raises(InvalidInputError, match=reason):
        check_display_options(on_failure, progress)


@pytest.mark.parametrize("tasks", [[1, 2], (1, 2), {1, 2}, iter((1, 2)), np.array([1, 2])])
def test_several_tasks_in_any_iterable(tasks: Iterable[int]) -> None:
    assert is_collection(tasks)
    assert as_list(tasks) == [1, 2]
    for one in (1, "average age", {"id": 1}):
        assert not is_collection(one)
        assert as_list(one) == [one]


@pytest.mark.parametrize(
    "one", [b"1", bytearray(b"1"), memoryview(b"1"), np.array(1), pd.DataFrame({"a": [1]})]
)
def test_bytes_frames_and_numbers_are_no_collections(one: Any) -> None:
    # The items of bytes are numbers, and a task has the number 49.
    assert not is_collection(one)
    with pytest.raises(InvalidInputError, match="tasks: expected a list of ids or names"):
        references(one, "tasks")


def run(number: int, status: str, log: str | None, **more: Any) -> Any:
    organization = {"id": number, "link": "", "methods": []}
    node = {"id": number, "name": f"node {number}"}
    return {"id": 10 + number, "status": status, "log": log, "organization": organization,
            "node": node, **more}  # fmt: skip


def test_failure_names_run_organization_and_last_log_line() -> None:
    log = "\n".join(f"line {number}" for number in range(100)) + "\nKeyError: 'abc'\n\n"
    runs = [run(1, "completed", "fine"), run(2, "crashed", log), run(3, "not allowed", None)]
    text = describe_failure(7, "failed", runs)
    assert text.splitlines()[0] == "task 7 ended with status 'failed': 2 of 3 runs failed"
    assert "run 12 at organization 2 (node 'node 2'): crashed" in text
    assert "| KeyError: 'abc'" in text
    assert "line 90" not in text, "the tail, not the whole log"
    assert "run 13 at organization 3 (node 'node 3'): not allowed" in text
    assert "fine" not in text


def test_failure_does_not_call_active_runs_ended() -> None:
    runs = [run(1, "crashed", None), run(2, "active", None), run(3, "completed", None)]
    told = describe_failure(7, "crashed", runs).splitlines()
    assert told[0] == (
        "task 7 has status 'crashed': 1 of 3 runs failed, 1 not finished. "
        "Use on_failure='return' to wait for all runs."
    )
    assert told[1:] == ["  run 11 at organization 1 (node 'node 1'): crashed"]


def test_failure_names_organizations() -> None:
    runs = [run(1, "crashed", None), run(2, "failed", None), run(3, "not allowed", None, node={})]
    below = [run(4, "crashed", None, task={"id": 8})]
    text = describe_failure(7, "failed", runs, below, {1: "IKNL", 3: "M\nrun 5", 4: "Radboudumc"})
    assert text.splitlines()[1:] == [
        "  run 11 at 'IKNL' (organization 1, node 'node 1'): crashed",
        "  run 12 at organization 2 (node 'node 2'): failed",
        r"  run 13 at 'M\nrun 5' (organization 3): not allowed",
        "  subtask 8, run 14 at 'Radboudumc' (organization 4, node 'node 4'): crashed",
    ]


def test_equal_failures_are_described_once_with_all_names() -> None:
    log = "\n".join(["a line of a long log"] * 5)
    runs = [run(number, "killed by user", log) for number in range(197)]
    runs += [run(197, "crashed", log), run(198, "killed by user", log)]
    below = [run(number, "crashed", "", task={"id": 8}) for number in (300, 301)]
    names = {number: f"Hospital {number}" for number in range(1, 200)}
    text = describe_failure(7, "killed by user", runs, below, names)
    first, killed, *lines = text.splitlines()
    assert first.endswith("199 of 199 runs failed")
    assert killed.startswith("  198 runs at organization 0, 'Hospital 1', 'Hospital 2', ")
    assert killed.endswith(", 'Hospital 196', 'Hospital 198': killed by user")
    assert lines[5] == "  run 207 at 'Hospital 197' (organization 197, node 'node 197'): crashed"
    assert lines[11:] == ["  2 runs of subtasks at organization 300, organization 301: crashed"]
    assert len(text) < 5000


def test_timeout_names_who_is_missing_and_why() -> None:
    def at(number: int, name: str, status: str, **more: Any) -> RunProgress:
        return RunProgress(number, 7, number, name, status, **more)

    offline = at(2, "Maastro", "pending", is_offline=True, last_seen=1_767_225_600.0)
    runs = (
        at(1, "IKNL", "completed"),
        offline,
        at(3, "Radboudumc", "active", started=100.0),
        at(4, "VUmc", "pending"),
        at(5, "UMCG", "pending"),
    )
    told = describe_timeout([Progress(7, "t", "pending", runs, 9, 130.0)], 9)
    assert told == (
        "task 7: expected to end within 9 s, got status 'pending'; no result from 'Maastro' "
        "(queued, node offline since 2026-01-01 00:00 UTC), 'Radboudumc' (running for 30 s), "
        "'VUmc', 'UMCG' (queued). The task continues. Wait again, or stop it with task.kill(7)."
    )
    silent = [Progress(number, "", "active", (), 9, silent_for=12) for number in (7, 8)]
    told = describe_timeout(silent, 9)
    assert "1 more have not ended either; no response from the server for 12 s." in told


def test_log_in_failure_has_no_control_characters() -> None:
    text = describe_failure(7, "crashed", [run(1, "crashed", "\x1b[2Jgone\x07")])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "gone" in text


def test_line_break_in_status_makes_no_line_of_a_failure() -> None:
    failed = run(1, "crashed\n  run 12 at 'Maastro': crashed", "one\r  run 12: x\u2028  run 13: x")
    error = TaskFailedError(
        describe_failure(7, "crashed", [failed]),
        task_id=7,
        status="crashed",
        runs=[],
        results=ResultRows([], {}),
    )
    assert str(error).splitlines() == [
        "task 7 ended with status 'crashed': 1 of 1 runs failed",
        "  run 11 at organization 1 (node 'node 1'): crashed   run 12 at 'Maastro': crashed",
        "    | one",
        "    |   run 12: x",
        "    |   run 13: x",
    ]


def test_run_without_node_or_organization_is_described() -> None:
    text = describe_failure(7, "crashed", [run(1, "crashed", None, node={}, organization=None)])
    assert "run 11: crashed" in text


@pytest.mark.parametrize(
    ("listed", "wanted", "harmless", "expected"),
    [
        ([9, 8, 7, 6], {9, 8, 7}, set[int](), 3),
        ([9, 8, 7, 6], {9, 7}, {8}, 3),
        ([9, 8, 7, 6], {9, 7}, set[int](), 0),
        ([9, 8, 7, 6], {9, 8, 6}, set[int](), 2),
        ([9, 8, 7, 6], {6, 5}, {9, 8, 7}, 0),
        ([], {6, 5}, {9, 8, 7}, 0),
    ],
    ids=["newest", "open between", "ended between", "some of them", "one alone", "none"],
)
def test_tasks_are_listed_together_up_to_large_inputs(
    listed: list[int], wanted: set[int], harmless: set[int], expected: int
) -> None:
    assert page_depth(listed, wanted, harmless) == expected


@pytest.mark.parametrize(
    ("at_least", "after", "message"),
    [
        (0, 0, "at_least: expected a number of results of at least 1, or None, got 0"),
        (True, 0, "got True"),
        (1.5, 0, "got 1.5"),
        (5, 0, "at_least: expected at most 4, the number of organizations, got 5"),
        (None, 3, "after: expected 0 without at_least, got 3"),
        (1, -1, "after: expected a number of seconds of at least 0, got -1"),
        (1, float("nan"), "got nan"),
        (1, "60", "got '60'"),
    ],
)
def test_invalid_number_of_results_is_rejected(at_least: Any, after: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        enough_of(at_least, after, 4)


def test_number_of_results_that_suffice() -> None:
    assert enough_of(np.int64(4), 60, 4) == Enough(4, 60)
    assert enough_of(None, 0) is None


def test_reason_of_a_missing_result_is_the_exception_or_the_last_line() -> None:
    def reason(log: str | None, status: str = "crashed") -> str:
        return describe_missing(RunProgress(1, 1, 1, "", status, started=0, finished=2), log, 9)

    log = "Traceback\n  x = 1\nKeyError: 'hight'\nerror > None\n"
    assert reason(log) == "crashed after 2 s: KeyError: 'hight'"
    assert reason("out of memory\x1b[2J\n\n").startswith("crashed after 2 s: out of memory")
    assert "\x1b" not in reason("out of memory\x1b[2J\n\n")
    assert reason(None) == "crashed after 2 s"
    assert reason(log, "completed") == "done in 2 s, without a result"
    assert reason(log, "pending") == "queued"
