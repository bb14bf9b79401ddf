"""Test what the algorithm does on a network of version 5."""

from typing import Any

import pytest

from vantage6.client import Client, TaskFailedError

IMAGE = "registry.example/visits"
CENTRAL = {"organizations": ["North"], "action": "central_compute"}
pytestmark = [
    pytest.mark.v6_algorithms({IMAGE: "visits.py"}),
    pytest.mark.v6_databases({"North": "north.csv", "South": "south.csv"}),
]


@pytest.fixture
def task(v6_client: Client) -> dict[str, Any]:
    """Extract the data as hospitals do, and return what all tasks have in common."""
    v6_client.setup_collaboration("demo")
    frame = v6_client.dataframe.create("default", IMAGE, "read_csv")
    return {
        "name": "visits",
        "image": IMAGE,
        "organizations": ["North", "South"],
        "databases": v6_client.dataframe.wait(frame, timeout=60),
        "action": "federated_compute",
        "timeout": 60,
    }


def test_dates_are_text(v6_client: Client, task: dict[str, Any]) -> None:
    with pytest.raises(TaskFailedError, match=r"\.dt accessor"):
        v6_client.task.run(**task, method="first_year")


def test_each_run_has_its_own_module(v6_client: Client, task: dict[str, Any]) -> None:
    assert v6_client.task.run(**task, method="count_calls") == [1, 1]


def test_keys_are_text(v6_client: Client, task: dict[str, Any]) -> None:
    codes = {"codes": {"1": "flu"}}
    assert v6_client.task.run(**task, method="has_code", kwargs=codes) == [False, False]


def test_each_run_has_its_own_argument(v6_client: Client, task: dict[str, Any]) -> None:
    left = {"left": [1, 2, 3]}
    assert v6_client.task.run(**task, method="take_last", kwargs=left) == [3, 3]


def test_environment_is_bare(
    v6_client: Client, task: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVEL", "debug")
    assert v6_client.task.run(**task, method="level") == [None, None]


def test_federated_functions_have_no_token(v6_client: Client, task: dict[str, Any]) -> None:
    with pytest.raises(TaskFailedError, match="Token not found"):
        v6_client.task.run(**task, method="count_organizations")


def test_newest_run_comes_first(v6_client: Client, task: dict[str, Any]) -> None:
    (counts,) = v6_client.task.run(**task | CENTRAL, method="count_by_organization")
    assert counts == {"North": 1, "South": 2}  # assigned to the wrong hospitals


def test_failed_subtasks_have_no_results(v6_client: Client, task: dict[str, Any]) -> None:
    assert v6_client.task.run(**task | CENTRAL, method="count_answers") == [0]
