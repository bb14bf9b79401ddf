"""Test the algorithm on a real vantage6 server with the nodes of two hospitals."""

from typing import Any

import pytest

from vantage6.client import Client, TaskFailedError
from vantage6.localnet import LocalNetwork

IMAGE = "registry.example/average-age"
HOSPITALS = ["North", "South"]


@pytest.fixture
def task(v6_client: Client, v6_network: LocalNetwork) -> dict[str, Any]:
    """Return what all tasks have in common."""
    v6_client.setup_collaboration("demo")
    common = {"name": "average age", "image": IMAGE, "timeout": 60}
    if v6_network.version.startswith("4."):
        return {**common, "databases": "default"}
    frame = v6_client.dataframe.create("default", IMAGE, "read_csv")
    return {**common, "databases": v6_client.dataframe.wait(frame, timeout=60)}


def test_partial_returns_sum_and_count(v6_client: Client, task: dict[str, Any]) -> None:
    results = v6_client.task.run(HOSPITALS, method="partial", action="federated_compute", **task)
    assert results == [{"sum": 340.0, "count": 6}, {"sum": 304.0, "count": 5}]


def test_central_returns_average_of_all_patients(v6_client: Client, task: dict[str, Any]) -> None:
    (result,) = v6_client.task.run(["North"], method="average", action="central_compute", **task)
    assert result == {"average": pytest.approx(644 / 11), "count": 11}


@pytest.mark.parametrize(
    ("column", "reason"),
    [("marker", "expected 5 or more patients, got 2"), ("weight", "KeyError: 'weight'")],
)
def test_partial_fails_with_a_reason(
    v6_client: Client, task: dict[str, Any], column: str, reason: str
) -> None:
    arguments = {"method": "partial", "kwargs": {"column": column}, "action": "federated_compute"}
    with pytest.raises(TaskFailedError, match=reason):
        v6_client.task.run(["North"], **arguments, **task)
