"""Test the algorithm on a real vantage6 server with the nodes of two hospitals."""

import pytest

from vantage6.client import Client, TaskFailedError

TASK = {
    "collaboration": "demo",
    "name": "average age",
    "image": "registry.example/average-age",
    "databases": "default",
}


def test_partial_returns_sum_and_count(v6_client: Client) -> None:
    task = v6_client.task.create(**TASK, organizations=["North", "South"], method="partial")
    results = v6_client.wait_for_results(task, timeout=60)
    assert results.by_organization == {
        "North": {"sum": 340.0, "count": 6},
        "South": {"sum": 304.0, "count": 5},
    }


def test_central_returns_average_of_all_patients(v6_client: Client) -> None:
    task = v6_client.task.create(**TASK, organizations=["North"], method="central")
    (result,) = v6_client.wait_for_results(task, timeout=60).outputs
    assert result == {"average": pytest.approx(644 / 11), "count": 11}


@pytest.mark.parametrize(
    ("column", "reason"),
    [("marker", "expected 5 or more patients, got 2"), ("weight", "KeyError: 'weight'")],
)
def test_partial_fails_with_a_reason(v6_client: Client, column: str, reason: str) -> None:
    task = v6_client.task.create(
        **TASK, organizations=["North"], method="partial", kwargs={"column": column}
    )
    with pytest.raises(TaskFailedError, match=reason):
        v6_client.wait_for_results(task, timeout=60)
