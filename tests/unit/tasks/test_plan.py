"""Test what a plan knows about a task: yes, no or unknown, never a guess."""

import re
from pathlib import Path
from typing import Any

import pytest

from vantage6.client import Plan
from vantage6.client._backend.node_config import Published, published
from vantage6.client._tasks.plan import (
    Asked,
    allows_image,
    allows_sender,
    check_arguments,
    check_right,
    checks_of,
    columns_of,
    has_data,
    history_of,
    without_tag,
)
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._node import NodeConfig

IMAGE = "harbor2.vantage6.ai/demo/average"
LIST = [
    # what the node allows, the image, whether it does
    ((IMAGE,), IMAGE, "yes"),
    ((IMAGE,), f"{IMAGE}:1", "yes"),
    ((IMAGE,), f"{IMAGE}@sha256:1234", "yes"),
    ((IMAGE,), f"{IMAGE}s", "no"),
    ((f"{IMAGE}:1",), f"{IMAGE}:1", "yes"),
    (("harbor2.vantage6.ai/demo/",), IMAGE, "no"),  # no regular expression
    (("harbor2.vantage6.ai/demo/.*",), IMAGE, "yes"),
    (("demo/.*",), IMAGE, "no"),  # matched at the start
    (("^harbor2",), f"{IMAGE}:1", "yes"),
    (("average",), "xaverage", "no"),
    (("localhost:5000/a",), "localhost:5000/a:2", "yes"),
    (("other", f"{IMAGE}$"), IMAGE, "yes"),
]
ASKED: dict[str, Any] = {
    "images": [IMAGE],
    "user_id": 7,
    "organization_id": 3,
    "organization_name": "IKNL",
    "nodes_match_senders": True,
    "labels": ["default"],
    "columns": [],
    "is_encrypted": False,
}
SHARED: dict[str, Any] = {
    "encrypted": False,
    "algorithms": ("all",),
    "users": (),
    "organizations": (),
    "labels": frozenset({"default"}),
    "columns": {"default": frozenset({"age"})},
}
NODE = {"status": "online", "last_seen": "2026-11-28T01:00:00.500000"}
NOON = 1795827600.0  # 2026-11-28 01:00 UTC


def asked(**others: Any) -> Asked:
    return Asked(**ASKED | others)


def shared(**others: Any) -> Published:
    return Published(**SHARED | others)


@pytest.mark.parametrize(("entries", "image", "expected"), LIST)
def test_image_is_matched_as_by_nodes(
    entries: tuple[str, ...], image: str, expected: str, tmp_path: Path
) -> None:
    assert allows_image(entries, image)[0] == expected
    node = NodeConfig(5, 3, 1, "n", "key", {}, tmp_path, PayloadCodec(None), entries)
    assert node.allows(image) == (expected == "yes"), "the node of the local network"


@pytest.mark.parametrize(
    ("entries", "image", "reason"),
    [
        (None, IMAGE, "does not publish"),
        ((f"{IMAGE}:1",), f"{IMAGE}:2", "compares the digests"),
        ((f"{IMAGE}:1",), IMAGE, "compares the digests"),
        (("docker.io/library/x:1",), "library/x:2", "compares the digests"),
        (("(",), IMAGE, "no regular expression"),
    ],
)
def test_image_is_unknown_without_a_guess(entries: Any, image: str, reason: str) -> None:
    state, why = allows_image(entries, image)
    assert state == "unknown"
    assert reason in why


@pytest.mark.parametrize(
    "pattern", ["(x+)+y", ".*.*.*.*y", "x?" * 9 + "y", "(x|y)" * 11, f"^{'x' * 1000}"]
)
def test_pattern_that_may_take_long_is_not_compared(pattern: str) -> None:
    state, why = allows_image((pattern,), "demo/average")
    assert (state, "may take too long" in why) == ("unknown", True)
    assert allows_image((pattern, "demo/average"), "demo/average")[0] == "yes"


def test_tag_is_removed_as_by_nodes() -> None:
    names = ["a/b:1", "a/b@sha256:12", "a/b:1@sha256:12", "h:5000/a/b:1", "index.docker.io/a/b:x"]
    assert [without_tag(name) for name in names] == ["a/b", "a/b", "a/b", "h:5000/a/b", "a/b"]


@pytest.mark.parametrize(
    ("users", "organizations", "reliable", "expected"),
    [
        ((), (), True, "yes"),
        (("7",), (), True, "yes"),
        (("ada",), (), True, "no"),  # nodes compare ids
        ((), ("3",), False, "unknown"),  # written as a number, it matches nothing
        (("7",), (), False, "unknown"),
        (("8",), (), False, "no"),
        ((), ("IKNL",), True, "yes"),
        ((), ("IKNL",), False, "unknown"),
        (("8",), ("4", "iknl"), True, "no"),
        (("8",), ("3",), True, "yes"),
    ],
)
def test_sender_is_matched_as_by_nodes(
    users: Any, organizations: Any, reliable: bool, expected: str
) -> None:
    node = shared(users=users, organizations=organizations)
    assert allows_sender(node, asked(nodes_match_senders=reliable))[0] == expected


@pytest.mark.parametrize(
    ("node", "task", "expected"),
    [
        ({}, {}, "yes"),
        ({}, {"labels": ["other"]}, "no"),
        ({}, {"labels": []}, "yes"),
        ({"labels": None}, {}, "unknown"),
        ({}, {"columns": ["age"]}, "yes"),
        ({}, {"columns": ["hight"]}, "no"),
        ({"columns": {}}, {"columns": ["hight"]}, "unknown"),
    ],
)
def test_data_is_there(node: Any, task: Any, expected: str) -> None:
    assert has_data(shared(**node), asked(**task))[0] == expected


def test_published_settings_are_read() -> None:
    rows = [
        {"key": "encryption", "value": "0"},
        {"key": "allowed_algorithms", "value": "a"},
        {"key": "allowed_algorithms", "value": "b"},
        {"key": "allowed_users", "value": "7"},
        {"key": "allowed_orgs", "value": "IKNL"},
        {"key": "database_labels", "value": "default"},
        {"key": "db_type_default", "value": "csv"},
        {"key": "columns_default", "value": "age"},
    ]
    found = Published(
        False,
        ("a", "b"),
        ("7",),
        ("IKNL",),
        frozenset({"default"}),
        {"default": frozenset({"age"})},
    )
    assert published(rows) == found
    assert published([{"key": "encryption", "value": "True"}]) == Published(
        True, None, (), (), None, {}
    )


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [{"key": None, "value": None}],
        [{"key": "allowed_algorithms", "value": None}],
    ],
)
def test_unreadable_settings_are_none(rows: Any) -> None:
    assert published(rows) is None


def test_contradicting_encryption_is_unknown() -> None:
    rows = [{"key": "encryption", "value": text} for text in ("0", "1")]
    lying = published(rows)
    assert lying
    assert lying.encrypted is None
    found = checks_of(asked(), 1, NODE, shared(encrypted=True), NOON, sees_all=True)
    assert found["encryption"].state == "unknown"
    assert "contradicts" in found["encryption"].reason


@pytest.mark.parametrize(
    ("now", "age"),
    [(NOON + 10, 9.5), (NOON, 0.0), (NOON - 3600, None), (None, None)],
    ids=["earlier", "whole seconds", "the clocks contradict", "no Date"],
)
def test_age_is_by_the_clock_of_the_server(now: float | None, age: float | None) -> None:
    found = checks_of(asked(), 1, NODE, shared(), now, sees_all=True)
    assert {check.age for check in found.values()} == {age}
    assert {check.as_of for check in found.values()} == {NOON + 0.5}


@pytest.mark.parametrize(
    ("node", "settings", "sees_all", "expected"),
    [
        (None, None, True, "no unknown unknown unknown unknown unknown"),
        (None, None, False, "unknown unknown unknown unknown unknown unknown"),
        (NODE | {"status": "offline"}, shared(), True, "yes no unknown unknown unknown unknown"),
        (NODE | {"status": None}, None, True, "yes unknown unknown unknown unknown unknown"),
        (NODE, None, True, "yes yes unknown unknown unknown unknown"),
        (NODE, shared(), True, "yes yes yes yes yes yes"),
    ],
)
def test_missing_facts_are_unknown(node: Any, settings: Any, sees_all: bool, expected: str) -> None:
    found = checks_of(asked(), 1, node, settings, None, sees_all=sees_all)
    assert " ".join(map(str, found.values())) == expected


def test_worst_image_counts_and_data_frames_must_be_ready() -> None:
    frame = {"name": "patients", "organizations_ready": [1]}
    task = asked(images=[IMAGE, "other"], frames=[frame])
    found = checks_of(task, 2, NODE, shared(algorithms=(IMAGE,)), None, sees_all=True)
    assert (found["image"].state, found["data"].state) == ("no", "no")
    assert found["data"].reason == "data frame 'patients' is not ready"
    assert checks_of(task, 1, NODE, shared(), None, sees_all=True)["data"].state == "yes"


@pytest.mark.parametrize(
    ("rules", "is_member", "expected"),
    [
        ([("task", "CREATE", "GLOBAL")], None, "yes"),
        ([("task", "create", "collaboration")], True, "yes"),
        ([("task", "create", "collaboration")], None, "unknown"),
        ([("task", "view", "global"), ("node", "create", "global")], True, "no"),
        ([], True, "no"),
        (None, True, "unknown"),
    ],
)
def test_right_to_create(rules: Any, is_member: bool | None, expected: str) -> None:
    rows = rules and [
        {"name": name, "operation": operation, "scope": scope} for name, operation, scope in rules
    ]
    found = check_right(rows if rules is not None else None, is_member=is_member)
    assert found.state == expected


def argument(name: str, has_default: bool | None = False, type_: str = "string") -> dict[str, Any]:
    return {"name": name, "type": type_, "has_default_value": has_default}


@pytest.mark.parametrize(
    ("arguments", "kwargs", "count", "expected"),
    [
        ([argument("column")], {"column": "age"}, 0, "yes"),
        ([argument("column")], {}, 1, "yes"),
        ([argument("column")], {"hight": "age"}, 0, "no"),
        ([argument("column")], {}, 0, "no"),
        ([argument("column", True)], {}, 0, "yes"),
        ([argument("column", None)], {}, 0, "unknown"),
        ([argument("column") | {"is_frontend_only": True}], {}, 0, "yes"),
        ([argument("column") | {"conditional_on_id": 2}], {}, 0, "yes"),
    ],
)
def test_arguments_fit_the_function(arguments: Any, kwargs: Any, count: int, expected: str) -> None:
    assert check_arguments({"arguments": arguments}, kwargs, count, "").state == expected


def test_columns_are_known_by_the_types_of_arguments() -> None:
    function = {"arguments": [argument("a", type_="column"), argument("b", type_="column_list")]}
    assert columns_of(function, {"a": "age", "b": ["sex", 1], "c": "no"}) == ["age", "sex"]
    assert columns_of(None, {"a": "age"}) == []


def test_history_counts_waiting_runs_and_takes_the_median() -> None:
    def run(organization: int, status: str, seconds: int | None = None) -> dict[str, Any]:
        ended = None if seconds is None else f"2026-11-28T01:00:{seconds:02}"
        began = "2026-11-28T01:00:00"
        place = {"organization": {"id": organization}, "status": status}
        return place | {"started_at": began, "finished_at": ended}

    tasks = [
        {"method": "f", "runs": [run(1, "completed", 4), run(2, "crashed", 9)]},
        {"method": "f", "runs": [run(1, "completed", 6)]},
        {"method": "other", "runs": [run(1, "completed", 50)]},
        {"method": "f", "runs": "link"},
    ]
    found = history_of(tasks, [run(1, "pending"), run(3, "pending"), run(1, "active")], "f")
    assert found == {1: {"waiting": 1, "seconds": 5.0}, 3: {"waiting": 1, "seconds": None}}


def test_plan_shows_what_is_not_met_first() -> None:
    good = checks_of(asked(), 1, NODE, shared(), NOON + 1, sees_all=True)
    bad = checks_of(asked(), 2, NODE, shared(algorithms=("x",)), NOON + 1, sees_all=True)
    plan = Plan(
        [{"id": 1, "organization": "IK\x1b[2JNL", **good}, {"id": 2, "organization": "B", **bad}],
        check_right([], is_member=True),
        check_arguments(None, {}, 0, "the task names no store"),
        12,
    )
    assert not plan.ok
    assert plan.ready == [1]
    first, second, last = plan.reasons
    assert first == "right: no, you lack the rule to create tasks (your rules)"
    assert second == (
        "B, image: no, the node allows only 'x' (what the node publishes, seen 0 s ago)"
    )
    assert last.startswith("arguments: unknown, the task names no store")
    assert re.match(r"organization +node +online", str(plan))
    assert "\x1b" not in str(plan)
    assert "12 bytes to send" in str(plan)
