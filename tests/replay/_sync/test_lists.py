# Derived by unasync.py: edit tests/replay/_async/test_lists.py instead.
"""Test lists: all pages, and filters of the server and of the client."""

import pickle
from typing import TYPE_CHECKING

import pytest

from vantage6.client import Client, InvalidInputError
from vantage6.client._sync.core import connection

if TYPE_CHECKING:
    pass

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
USER = "root"

AVERAGE = "harbor2.vantage6.ai/demo/average"


def test_lists_contain_all_pages(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PAGE_SIZE", 2)
    organizations = client.organization.list()
    assert [row["id"] for row in organizations] == [1, 2, 3]
    assert (organizations.total, "next" in organizations["links"]) == (3, False)
    assert pickle.loads(pickle.dumps(organizations)).total == 3  # noqa: S301 - they are our own
    maastro = client.organization.list(filter_=("name", "Maastro"), field="id")
    assert maastro == [{"id": 2}]


def test_filters_work_on_any_field(client: Client) -> None:
    online = [("status", "online"), ("name", "nobody's")]
    assert len(client.node.list(filters=online[:1])) == 3
    assert client.node.list(filters=online) == []
    with pytest.raises(InvalidInputError, match="status"):
        client.node.list(filter_=("state", "online"))
    with pytest.raises(InvalidInputError, match="pair"):
        client.node.list(filters=["status"])  # type: ignore[list-item]  # scripts are not checked
    with pytest.raises(InvalidInputError, match="fields=\\['id'\\]"):
        client.node.list(fields="id")
    with pytest.raises(InvalidInputError, match="scope"):
        client.collaboration.list(scope="everything")


def test_tasks_and_runs_are_filtered_by_the_client(
    client: Client,
) -> None:
    task = client.task.create(
        [1], "one", AVERAGE, "", {"method": "partial_average", "kwargs": {"column_name": "age"}}, 1
    )
    (result,) = client.wait_for_results(task["id"], timeout=60, on_failure="return")
    (run,) = client.run.list(task=task["id"], state=None, node=None)
    assert result["run"]["id"] == run["id"]
    ended = client.task.list(status=run["status"], field="id")
    assert {"id": task["id"]} in ended
    assert client.task.list(run=run["id"], field="id") == [{"id": task["id"]}]
    assert client.task.list(store=1, name="one") == []
    assert client.task.list(user_created=False) == []
    assert client.run.list(port=7777) == []
    years = ("2020-01-01", "2021-01-01")
    assert client.run.list(started=years, assigned=years, finished=years) == []
    (whole,) = client.task.list(name="one", include_results=True)
    assert whole["results"]
    assert (client.task.get(task["id"], include_results=True))["results"]
    client.task.delete(task["id"])
