# Derived by unasync.py: edit tests/unit/_async/test_official_faults.py instead.
"""Test that this client does not share known faults of the official client 5.0.3."""

import re
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from vantage6.client import (
    BadRequestError,
    Client,
    ConfigurationError,
    StatusError,
)


@pytest.fixture
def client(hq_client: Client) -> Client:
    return hq_client


def test_organization_without_a_node_does_not_prevent_an_extraction(client: Client, hq: Hq) -> None:
    hq.nodes = {1: "online", 3: "offline"}
    client.dataframe.create("default", "image", "read", session="survival")
    (body,) = hq.bodies("/session/4/dataframe")
    assert [part["id"] for part in body["task"]["organizations"]] == [1, 3]


@pytest.mark.parametrize("resource", ["session", "collaboration", "organization", "study", "role"])
def test_nothing_deletes_dependents_unasked(client: Client, hq: Hq, resource: str) -> None:
    getattr(client, resource).delete(4)
    (path,) = [path for method, path, _ in hq.sent if method == "DELETE"]
    assert path == f"/{resource}/4"


def test_session_and_role_are_changed_by_what_was_given(client: Client, hq: Hq) -> None:
    hq.answers["/session/4"] = 200, hq.session(4, "survival-2")
    hq.answers["/role/2"] = 200, {"id": 2, "name": "onlooker"}
    client.session.update(4, name="survival-2")
    client.role.update(2, name="onlooker")
    changed = [(path, body) for method, path, body in hq.sent if method == "PATCH"]
    assert changed == [("/session/4", {"name": "survival-2"}), ("/role/2", {"name": "onlooker"})]


def test_filters_and_fields_are_combined(client: Client) -> None:
    rows = client.session.list(filter_=("name", "other"), fields=["id"])
    assert rows == [{"id": 5}]
    rows = client.dataframe.list(4, filters=[("ready", True)], field="name")
    assert rows == [{"name": "frame1"}, {"name": "frame2"}]


@pytest.mark.parametrize("options", [{"field": "status"}, {"fields": ["status"]}])
def test_refusal_is_an_error_where_fields_are_selected(
    client: Client, hq: Hq, options: dict[str, Any]
) -> None:
    hq.answers["/task/9"] = 400, {"msg": "no"}
    with pytest.raises(BadRequestError, match="no"):
        client.task.get(9, **options)


@pytest.mark.parametrize("status", [400, 404, 500])
def test_refused_change_is_sent_once_and_renews_no_login(
    client: Client, hq: Hq, status: int
) -> None:
    hq.answers["/session"] = status, {"msg": "no"}
    token = client.token
    with pytest.raises(StatusError):
        client.session.create("own", "survival")
    assert [method for method, _, _ in hq.sent] == ["POST"]
    assert client.token == token


def test_store_that_was_not_chosen_is_an_error(client: Client) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("store.set()")):
        client.algorithm.list()


def test_chosen_session_is_sent(client: Client, hq: Hq) -> None:
    client.setup_session("survival")
    hq.tasks = [hq.task({}) | {"session": ref(4)}]
    client.dataframe.create("default", "image", "read")
    client.task.create([1], "task", "image", method="f", action="federated_compute")
    assert len(hq.bodies("/session/4/dataframe")) == 1
    assert hq.bodies("/task")[0]["session_id"] == 4
