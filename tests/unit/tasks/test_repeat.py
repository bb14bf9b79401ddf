"""Test how a task's question is asked once more."""

import base64
import json
from typing import Any

import pytest

from vantage6.client import InvalidInputError
from vantage6.client._auth.realm import Realm
from vantage6.client._backend.v4 import V4
from vantage6.client._backend.v5 import V5
from vantage6.client._tasks.repeat import (
    MAX_BYTES,
    MAX_TASKS,
    RecentInputs,
    failed_organizations,
    question_of,
    readable_input,
)

INPUT = {"method": "mean", "args": [], "kwargs": {"column": "age"}}


HQ = V5(Realm("https://auth.example/realms/vantage6"))


def task(**fields: Any) -> Any:
    common = {"id": 12, "name": "mean age", "image": "i", "description": None, "study": None}
    links = {"collaboration": {"id": 1}, "algorithm_store": None}
    return {**common, **links, "databases": [], **fields}


def run(organization: int, **fields: Any) -> Any:
    return {"id": organization, "status": "failed", "organization": {"id": organization}, **fields}


def encoded(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_only_short_inputs_of_the_last_tasks_are_kept() -> None:
    inputs = RecentInputs()
    inputs.add(1, b" " * MAX_BYTES + b"{}")
    assert inputs.get(1) is None
    for id_ in range(2, MAX_TASKS + 3):
        inputs.add(id_, json.dumps(INPUT).encode())
    assert inputs.get(2) is None
    assert inputs.get(3) == inputs.get(MAX_TASKS + 2) == INPUT
    assert "age" not in repr(inputs)


def test_organizations_are_those_that_failed() -> None:
    runs = [run(1), run(2, status="completed"), run(3)]
    assert failed_organizations(task(), runs, [runs[0], runs[2]]) == [1, 3]
    with pytest.raises(InvalidInputError, match="at least one failed run, got runs with status"):
        failed_organizations(task(), runs[1:2], [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (encoded(INPUT), INPUT),
        (encoded([1]), None),
        ("a2V5$aXY=$Y29udGVudA==", None),
        ("2f0c1a9e-5b1f-4c86-9a34-3f1f4f2f1f00", None),
        (None, None),
    ],
)
def test_input_is_read_where_it_is_not_encrypted(text: str | None, expected: object) -> None:
    assert readable_input([run(1, input=text)], "input") == expected
    assert readable_input([], "input") is None


def test_question_on_4_has_the_databases_and_the_input() -> None:
    row = task(databases=[{"label": "a", "parameters": '{"query": "SELECT 1"}'}])
    known = V4().repeat_task(row, INPUT, with_databases=True)
    assert known == {**INPUT, "databases": [{"label": "a", "query": "SELECT 1"}]}
    question = question_of(row, known | {"name": "again"})
    assert question["collaboration"] == {"id": 1}
    assert (question["name"], question["image"]) == ("again", "i")
    with pytest.raises(InvalidInputError, match=r"^method and kwargs: expected, because task 12"):
        question_of(row, V4().repeat_task(row, None, with_databases=True))
    assert V4().repeat_task(row, None, with_databases=False) == {"databases": None}


def test_question_at_hq_has_method_action_session_and_frames() -> None:
    frames = [{"dataframe_id": 7, "position": 1}, {"dataframe_id": 5, "position": 0}]
    more = {"method": "mean", "action": "federated_compute", "session": {"id": 3}}
    row = task(databases=[*frames, {"dataframe_id": 8, "position": 1}], **more)
    known = HQ.repeat_task(row, {"column": "age"}, with_databases=True)
    assert known == {
        "method": "mean",
        "action": "federated_compute",
        "session": 3,
        "databases": [[5], [7, 8]],
        "kwargs": {"column": "age"},
    }
    with pytest.raises(InvalidInputError, match=r"^kwargs: expected, because task 12"):
        question_of(row, HQ.repeat_task(row, None, with_databases=True))
    gone = task(databases=[{"dataframe_id": None, "position": 0}], **more)
    with pytest.raises(InvalidInputError, match="got a deleted one"):
        HQ.repeat_task(gone, {}, with_databases=True)
    assert HQ.repeat_task(gone, {}, with_databases=False)["databases"] == []
