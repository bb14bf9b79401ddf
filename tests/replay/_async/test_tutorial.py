"""Test what the tutorial uses."""

import json
from typing import TYPE_CHECKING

import pytest

from vantage6.client import (
    AsyncClient,
    BadRequestError,
    LoginFailedError,
    NotFoundError,
    PermissionDeniedError,
    TaskFailedError,
    WaitTimeoutError,
)

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

AVERAGE = "harbor2.vantage6.ai/demo/average"
SLOW = "localnet/slow"


async def test_login_sets_whoami(client: AsyncClient) -> None:
    assert client.whoami.organization_id == 1
    assert client.whoami.organization_name == "IKNL"
    assert client.whoami.type_ == "user"


async def test_wrong_password_is_an_error(recorded: "Recorded") -> None:
    async with AsyncClient("http://127.0.0.1", recorded.port, "/api") as client:
        with pytest.raises(LoginFailedError):
            await client.authenticate("researcher", "not-the-password")


async def test_lists_keep_the_requested_fields(client: AsyncClient) -> None:
    assert await client.collaboration.list(fields=["id", "name"]) == [{"id": 1, "name": "demo"}]
    organizations = await client.organization.list(collaboration=1, fields=("id", "name"))
    assert [row["name"] for row in organizations] == ["IKNL", "Maastro", "Radboudumc"]
    nodes = await client.node.list(collaboration=1, fields=["status"])
    assert nodes == [{"status": "online"}] * 3
    studies = await client.study.list(fields=["id", "name"])
    assert studies == [{"id": 1, "name": "demo Subset"}]


async def test_list_works_as_list_and_as_dict(client: AsyncClient) -> None:
    organizations = await client.organization.list()
    assert organizations["data"] == list(organizations)
    assert organizations.total == len(organizations) == 3
    page = await client.organization.list(page=2, per_page=2)
    assert [row["id"] for row in page] == [3]
    assert page.total == 3


async def test_get_one_of_each_resource(client: AsyncClient) -> None:
    assert (await client.organization.get(2))["name"] == "Maastro"
    assert (await client.organization.get())["id"] == 1
    assert (await client.collaboration.get(1))["encrypted"] is False
    assert (await client.study.get(1))["collaboration"]["id"] == 1
    node = await client.node.get((await client.node.list(organization=2))[0]["id"])
    assert node["organization"]["id"] == 2


async def test_partial_results_of_every_organization(client: AsyncClient) -> None:
    await client.setup_encryption(None)
    task = await client.task.create(
        collaboration=1,
        organizations=[3, 1, 2],
        name="partial",
        image=AVERAGE,
        description="",
        input_={"method": "partial_average", "args": [], "kwargs": {"column_name": "age"}},
        databases=[{"label": "default"}],
    )
    results = await client.wait_for_results(task["id"], timeout=60)
    counts = [json.loads(row["result"])["count"] for row in results["data"]]
    assert len(counts) == 3
    assert all(counts)

    again = await client.result.from_task(task["id"])
    assert [row["result"] for row in again] == [row["result"] for row in results]
    assert await client.result.get(results[0]["id"]) == results[0]["result"]

    runs = await client.run.from_task(task["id"])
    assert {run["organization"]["id"] for run in runs} == {1, 2, 3}
    assert [run["organization"]["id"] for run in runs if run["id"] == results[0]["id"]] == [3], (
        "results come in the order of the organizations asked"
    )
    run = await client.run.get(results[0]["id"])
    assert run["status"] == "completed"
    assert json.loads(run["input"])["method"] == "partial_average"
    assert (await client.task.get(task["id"]))["status"] == "completed"
    assert task["id"] in [row["id"] for row in await client.task.list(name="partial")]


async def test_failed_task_explains_why(client: AsyncClient) -> None:
    await client.setup_collaboration(1)
    task = await client.task.create(
        organizations=[2],
        name="wrong column",
        image=AVERAGE,
        description="",
        input_={"method": "partial_average", "kwargs": {"column_name": "abc123"}},
        databases="default",
    )
    with pytest.raises(TaskFailedError) as caught:
        await client.wait_for_results(task["id"], timeout=60)
    assert "abc123" in str(caught.value)
    assert "at 'Maastro' (organization 2, node 'Maastro" in str(caught.value)
    rows = await client.wait_for_results(task["id"], on_failure="return")
    assert [bool(row["result"]) for row in rows] == [False]
    (run,) = await client.run.from_task(task["id"])
    assert "Traceback" in (run["log"] or "")


async def test_kill_running_task(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "admin") as admin:
        task = await admin.task.create(
            study=1,
            organizations=[1],
            name="slow",
            image=SLOW,
            description="",
            input_={"method": "sleep", "kwargs": {"seconds": 60}},
            databases=[],
        )
        with pytest.raises(WaitTimeoutError):
            await admin.wait_for_results(task["id"], timeout=0)
        assert "msg" in await admin.task.kill(task["id"])
        with pytest.raises(TaskFailedError, match="killed"):
            await admin.wait_for_results(task["id"], timeout=60)


async def test_missing_row_is_an_error(client: AsyncClient) -> None:
    with pytest.raises(NotFoundError) as caught:
        await client.organization.get(999)
    assert caught.value.status == 404
    assert "organization/999" in str(caught.value)


async def test_missing_permission_is_an_error(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "viewer") as viewer:
        with pytest.raises(PermissionDeniedError):
            await viewer.task.create(
                organizations=[1],
                name="not allowed",
                image=AVERAGE,
                description="",
                input_={"method": "partial_average"},
                collaboration=1,
            )


async def test_rejected_request_is_an_error(client: AsyncClient) -> None:
    with pytest.raises(BadRequestError):
        await client.task.create(
            organizations=[99],
            name="nobody",
            image=AVERAGE,
            description="",
            input_={"method": "partial_average"},
            collaboration=1,
        )
