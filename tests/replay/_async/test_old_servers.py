"""Test a server that is older than the client's features."""

import pickle
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from vantage6.client import AsyncClient, InvalidInputError, UnsupportedServerVersionError

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


@pytest_asyncio.fixture
async def client(old: "Recorded") -> AsyncIterator[AsyncClient]:
    async with await logged_in(old, "researcher") as client:
        yield client


async def test_supported_methods_work(client: AsyncClient) -> None:
    assert await client.check_if_blob_store_enabled() is False
    (output,) = await client.task.run(**TASK, **PARTIAL, timeout=60, progress=False)
    assert output["count"] > 0


async def test_newer_features_name_both_versions(client: AsyncClient) -> None:
    late = {**TASK, "databases": [{"label": "default", "arguments": {"sheet": 1}}]}
    with pytest.raises(
        UnsupportedServerVersionError, match=r"4\.14\.0 or later, got 4\.7\.1"
    ) as caught:
        await client.task.create(**late, **PARTIAL)
    copy = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - as worker processes do
    assert (copy.server, copy.needed, str(copy)) == ("4.7.1", "4.14.0", str(caught.value))
    task = await client.task.create(**TASK, **PARTIAL, server_url="https://here.example")
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
async def test_invalid_combinations_of_method_and_input(
    client: AsyncClient, how: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInputError, match=problem):
        await client.task.create(**TASK, **how)
