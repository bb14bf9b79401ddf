"""Test what callers get from HQ where it differs from servers 4.x."""

import base64
import json
import logging
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from vantage6.client import (
    AsyncClient,
    BadRequestError,
    EndpointNotFoundError,
    PermissionDeniedError,
    StatusError,
    TaskFailedError,
)


@pytest.fixture
def client(hq_client: AsyncClient) -> AsyncClient:
    return hq_client


async def test_large_result_is_whole_and_in_no_log(
    client: AsyncClient, hq: Hq, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    text = json.dumps("x" * 3_000_000)
    hq.runs = [("completed", base64.b64encode(text.encode()).decode())]
    results = await client.wait_for_results(9, progress=False)
    assert results.outputs == ["x" * 3_000_000]
    assert "xxxxxxxxxx" not in caplog.text


async def test_results_have_their_organization_whatever_their_order(
    client: AsyncClient, hq: Hq
) -> None:
    hq.runs = [("completed", base64.b64encode(b"%d" % n).decode()) for n in (1, 2, 3)]
    for results in (await client.wait_for_results(9, progress=False),
                    await client.result.from_task(9)):  # fmt: skip
        assert results.by_organization == {"org1": 1, "org2": 2, "org3": 3}


async def test_failure_tells_siblings_from_those_that_crashed(client: AsyncClient, hq: Hq) -> None:
    hq.runs, hq.log = [("completed", "NDI="), ("crashed", ""), ("failed", None)], "sibling failed"
    with pytest.raises(TaskFailedError) as caught:
        await client.wait_for_results(9, progress=False)
    assert [run["status"] for run in caught.value.runs] == ["completed", "crashed", "failed"]
    assert "org2" in str(caught.value)
    assert "crashed" in str(caught.value)


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("/task", {"msg": 'Request body is incorrect: {"name": ["Shorter than 3"]}'}, "Shorter"),
        ("/session", {"msg": "Bad", "errors": {"name": ["Invalid name"]}}, "Invalid name"),
        ("/session/4/dataframe", {"msg": "Name is in use", "errors": {}}, "in use"),
        ("/kill/task", {"msg": "Task 9 already finished with status 'completed'"}, "already fin"),
    ],
)
async def test_refusals_are_one_error_with_their_body(
    client: AsyncClient, hq: Hq, path: str, body: dict[str, Any], text: str
) -> None:
    hq.answers[path] = 400, body
    with pytest.raises(BadRequestError, match=text) as caught:  # noqa: PT012
        if path == "/task":
            await client.task.create(
                [1], "12", "i", method="f", action="federated_compute", session=4
            )
        elif path == "/session":
            await client.session.create("own", "a b")
        elif path == "/kill/task":
            await client.task.kill(9)
        else:
            await client.dataframe.create("default", "i", "f", session=4, name="patients")
    assert caught.value.body is not None


async def test_missing_permission_is_no_expired_login(client: AsyncClient, hq: Hq) -> None:
    hq.answers["/kill/task"] = 401, {"msg": "You lack the permission to do that!"}
    with pytest.raises(PermissionDeniedError):
        await client.task.kill(9)
    assert len([path for method, path, _ in hq.sent if method == "POST"]) == 1


@pytest.mark.parametrize(
    ("status", "error"), [(404, EndpointNotFoundError), (405, StatusError), (500, StatusError)]
)
async def test_answers_in_html_are_errors_with_their_status(
    client: AsyncClient, hq: Hq, status: int, error: type[StatusError]
) -> None:
    hq.answers["/nothing"] = status, b"<!doctype html><title>no</title>"
    with pytest.raises(error) as caught:
        await client.request("nothing")
    assert caught.value.status == status


async def test_deleted_frame_of_an_old_task_is_no_error(client: AsyncClient, hq: Hq) -> None:
    frame = {"type": "dataframe", "dataframe_id": None, "dataframe_name": None, "label": None}
    hq.tasks = [hq.task({}) | {"databases": [frame], "session": ref(4)}]
    (task,) = await client.task.list()
    assert task["databases"][0]["dataframe_id"] is None


async def test_tasks_are_listed_newest_first(client: AsyncClient, hq: Hq) -> None:
    hq.tasks = [hq.task({}) | {"id": id_} for id_ in (9, 8, 7)]
    assert [task["id"] for task in await client.task.list()] == [9, 8, 7]


async def test_all_answers_of_many_organizations_are_there(client: AsyncClient, hq: Hq) -> None:
    hq.runs = [("completed", "NDI=")] * 12
    assert len(await client.run.from_task(9)) == 12
    assert len(await client.result.from_task(9)) == 12
