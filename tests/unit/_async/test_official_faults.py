"""Test that this client does not share known faults of the official client 5.0.3."""

import re
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from vantage6.client import (
    AsyncClient,
    BadRequestError,
    ConfigurationError,
    StatusError,
)


@pytest.fixture
def client(hq_client: AsyncClient) -> AsyncClient:
    return hq_client


async def test_organization_without_a_node_does_not_prevent_an_extraction(
    client: AsyncClient, hq: Hq
) -> None:
    hq.nodes = {1: "online", 3: "offline"}
    await client.dataframe.create("default", "image", "read", session="survival")
    (body,) = hq.bodies("/session/4/dataframe")
    assert [part["id"] for part in body["task"]["organizations"]] == [1, 3]


@pytest.mark.parametrize("resource", ["session", "collaboration", "organization", "study", "role"])
async def test_nothing_deletes_dependents_unasked(
    client: AsyncClient, hq: Hq, resource: str
) -> None:
    await getattr(client, resource).delete(4)
    (path,) = [path for method, path, _ in hq.sent if method == "DELETE"]
    assert path == f"/{resource}/4"


async def test_session_and_role_are_changed_by_what_was_given(client: AsyncClient, hq: Hq) -> None:
    hq.answers["/session/4"] = 200, hq.session(4, "survival-2")
    hq.answers["/role/2"] = 200, {"id": 2, "name": "onlooker"}
    await client.session.update(4, name="survival-2")
    await client.role.update(2, name="onlooker")
    changed = [(path, body) for method, path, body in hq.sent if method == "PATCH"]
    assert changed == [("/session/4", {"name": "survival-2"}), ("/role/2", {"name": "onlooker"})]


async def test_filters_and_fields_are_combined(client: AsyncClient) -> None:
    rows = await client.session.list(filter_=("name", "other"), fields=["id"])
    assert rows == [{"id": 5}]
    rows = await client.dataframe.list(4, filters=[("ready", True)], field="name")
    assert rows == [{"name": "frame1"}, {"name": "frame2"}]


@pytest.mark.parametrize("options", [{"field": "status"}, {"fields": ["status"]}])
async def test_refusal_is_an_error_where_fields_are_selected(
    client: AsyncClient, hq: Hq, options: dict[str, Any]
) -> None:
    hq.answers["/task/9"] = 400, {"msg": "no"}
    with pytest.raises(BadRequestError, match="no"):
        await client.task.get(9, **options)


@pytest.mark.parametrize("status", [400, 404, 500])
async def test_refused_change_is_sent_once_and_renews_no_login(
    client: AsyncClient, hq: Hq, status: int
) -> None:
    hq.answers["/session"] = status, {"msg": "no"}
    token = client.token
    with pytest.raises(StatusError):
        await client.session.create("own", "survival")
    assert [method for method, _, _ in hq.sent] == ["POST"]
    assert client.token == token


async def test_store_that_was_not_chosen_is_an_error(client: AsyncClient) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("store.set()")):
        await client.algorithm.list()


async def test_chosen_session_is_sent(client: AsyncClient, hq: Hq) -> None:
    await client.setup_session("survival")
    hq.tasks = [hq.task({}) | {"session": ref(4)}]
    await client.dataframe.create("default", "image", "read")
    await client.task.create([1], "task", "image", method="f", action="federated_compute")
    assert len(hq.bodies("/session/4/dataframe")) == 1
    assert hq.bodies("/task")[0]["session_id"] == 4
