# Derived by unasync.py: edit tests/replay/_async/test_old_servers.py instead.
"""Test a server that is older than the client's features."""

import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import Client, InvalidInputError, UnsupportedServerVersionError

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

TASK: dict[str, Any] = {
    "organizations": ["IKNL"],
    "name": "old",
    "image": "harbor2.vantage6.ai/demo/average",
    "collaboration": "demo",
    "databases": "default",
}
PARTIAL: dict[str, Any] = {"method": "partial_average", "kwargs": {"column_name": "age"}}


@pytest.fixture
def client(old: "Recorded") -> Iterator[Client]:
    with logged_in(old, "researcher") as client:
        yield client


def test_supported_methods_work(client: Client) -> None:
    assert client.check_if_blob_store_enabled() is False
    (output,) = client.task.run(**TASK, **PARTIAL, timeout=60, progress=False)
    assert output["count"] > 0


def test_newer_features_name_both_versions(client: Client) -> None:
    late = {**TASK, "databases": [{"label": "default", "arguments": {"sheet": 1}}]}
    with pytest.raises(
        UnsupportedServerVersionError, match=r"4\.14\.0 or later, got 4\.7\.1"
    ) as caught:
        client.task.create(**late, **PARTIAL)
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - as worker processes do
    assert (copy.server, copy.needed, str(copy)) == ("4.7.1", "4.14.0", str(caught.value))
    task = client.task.create(**TASK, **PARTIAL, server_url="https://here.example")
    assert task["id"]


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({**PARTIAL, "input_": {"method": "partial_average"}}, "got both"),
        ({}, "expected the name of a function"),
        ({**PARTIAL, "args": "age"}, "a list of arguments"),
        ({**PARTIAL, "kwargs": ["age"]}, "a dict of arguments"),
    ],
)
def test_invalid_combinations_of_method_and_input(
    client: Client, how: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        client.task.create(**TASK, **how)
