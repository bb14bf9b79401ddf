"""Test what is said about a run, and that nothing is guessed."""

from typing import Any

import pytest

from tests.support.paths import ROOT
from vantage6.client import Explanation
from vantage6.client._waiting.explain import RULES, explain_run, explain_task

NOON = 1795867200.0  # 2026-11-28 12:00 UTC
TASK: Any = {
    "id": 9,
    "name": "t",
    "status": "failed",
    "image": "a/b\x1b[2J",
    "created_at": "2026-11-28T12:00:00",
}


def run(status: str, log: str | None = None, **others: Any) -> Any:
    usual = {"id": 4, "organization": {"id": 1}, "started_at": None, "finished_at": None}
    return usual | {"status": status, "log": log, "node": {"status": "online"}} | others


def explain(row: Any, last_seen: float | None = None) -> Any:
    return explain_run(row, TASK, {1: "IKNL"}, last_seen, is_subtask=False)


def test_each_rule_has_its_section_and_no_other_has() -> None:
    page = (ROOT / "docs" / "failed.md").read_text()
    sections = [line[4:] for line in page.splitlines() if line.startswith("### ")]
    assert sections == [rule.name for rule in RULES if rule.name in sections]
    assert {rule.name for rule in RULES} == {*sections}
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("status", ["pending", "initializing", "active"])
def test_offline_node_explains_only_unfinished_runs(status: str) -> None:
    offline: Any = {"node": {"status": "offline"}}
    found = explain(run(status, **offline), NOON)
    assert (found.rule, found.since) == ("offline", NOON)
    assert explain(run(status, **offline)).since is None, "unknown, not the creation of the task"
    assert explain(run("completed", **offline)).rule == ""
    assert explain(run(status, **offline | {"node": {}})).rule == "", "no node is known"


def test_queued_run_is_said_to_be_queued_since_the_task_exists() -> None:
    found = explain(run("pending", assigned_at="2020-01-01T00:00:00"))
    assert str(found) == "IKNL: queued, since 2026-11-28 12:00 UTC"
    found = explain(run("active", started_at="2026-11-28T12:01:00"))
    assert str(found) == "IKNL: running, since 2026-11-28 12:01 UTC"


def test_unknown_status_and_log_are_not_explained() -> None:
    found = explain(run("vanished", "a line\nnothing known\n"))
    assert (found.rule, found.remedies, found.text) == ("", (), "vanished: nothing known")
    found = explain(run("crashed", "no exception here"))
    assert (found.rule, found.text) == ("", "crashed: no exception here")
    assert explain(run("failed", "x")).text == "failed: x"
    assert explain(run("crashed", None)).text == "crashed"


def test_last_exception_of_the_log_counts_and_is_sanitized() -> None:
    found = explain(run("crashed", "KeyError: 'a'\nmore\nmy.own.Error: \x1b[2Jlast\nerror > None"))
    assert found.rule == "crashed"
    assert found.text.startswith("the algorithm raised my.own.Error: ")
    assert "\x1b" not in str(found)
    assert "\x1b" not in str(explain(run("not allowed")))


def test_braces_in_names_and_logs_are_text() -> None:
    assert explain(run("crashed", "ValueError: {0} {x}")).text.endswith("ValueError: {0} {x}")


def test_task_is_explained_with_the_failed_runs_of_its_subtasks() -> None:
    task: Any = TASK | {"runs": [run("crashed", id=6), run("completed", id=5)]}
    sub: Any = TASK | {"runs": [run("completed", id=7), run("not allowed", id=8)]}
    hidden: Any = TASK | {"runs": "/api/run?task_id=9"}
    found = explain_task(task, [sub, hidden], {}, {})
    assert [each.run_id for each in found.findings] == [5, 6, 8]
    assert isinstance(found, Explanation)
    lines = str(found).split("\n")
    assert lines[:3] == [
        "task 9 't': failed",
        "organization 1: it has ended with a result",
        "organization 1: crashed",
    ]
    assert lines[3].startswith("organization 1 (subtask): the policy of its node does not allow")
    assert lines[-1] == "  docs/failed.md#not-allowed"
