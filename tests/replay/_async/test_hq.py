"""Test every method of the official client 5.0.3 at HQ, with its store."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from vantage6.client import (
    AsyncClient,
    Extraction,
    InvalidInputError,
    NotFoundError,
    PermissionDeniedError,
    TaskFailedError,
)
from vantage6.localnet._v5.realm import LOCAL_CLIENT

if TYPE_CHECKING:
    from ..conftest import RecordedHq

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

AVERAGE = "harbor2.vantage6.ai/demo/average"
CSV = Extraction("default", "read_csv")
SUBMITTED: dict[str, Any] = {
    "name": "average",
    "description": "",
    "image": AVERAGE,
    "partitioning": "horizontal",
    "vantage6_version": "5.0",
    "code_url": "https://code.example/average",
    "functions": [
        {
            "name": "partial_average",
            "step_type": "federated_compute",
            "standalone": True,
        }
    ],
}


async def at_hq(hq: "RecordedHq", user: str) -> AsyncClient:
    """Make a client that is logged in, as a person or as the service account."""
    # A client of the realm that allows passwords, as few do: nobody enters a code here.
    auth_client = None if user == "service" else LOCAL_CLIENT
    client = AsyncClient(hq.url, auth_url=hq.auth_url, auth_client=auth_client, log_level=None)
    if user == "service":
        await client.initialize_service_account(hq.client_secret, user)
        await client.authenticate_service_account()
    else:
        await client.authenticate(user, hq.passwords[user])
    return client


@pytest_asyncio.fixture
async def client(recorded_hq: "RecordedHq") -> AsyncIterator[AsyncClient]:
    async with await at_hq(recorded_hq, "service") as client:
        await client.setup_collaboration("demo")
        yield client


@pytest_asyncio.fixture
async def root(recorded_hq: "RecordedHq") -> AsyncIterator[AsyncClient]:
    async with await at_hq(recorded_hq, "root") as client:
        yield client


async def test_connection(client: AsyncClient) -> None:
    assert (await client.util.get_hq_version())["version"] == "5.0.3"
    assert (await client.util.get_hq_health())["database"] is True
    assert (await client.request("version"))["version"] == "5.0.3"
    assert client.generate_path_to("task").endswith("/hq/task")
    assert client.hq_url.endswith("/hq")
    assert client.auth_url
    assert client.headers
    assert client.token
    assert client.name == "service"
    assert not await client.check_if_blob_store_enabled()
    await client.setup_encryption(None)
    before = client.token
    await client.obtain_new_token()
    await client.obtain_new_token_interactive()
    assert before


async def test_people_renew_their_login(root: AsyncClient) -> None:
    await root.obtain_new_token_interactive()
    assert (await root.user.get_own_user())["username"] == "root"
    own = await root.user.get_own_user(include_permissions=True)
    assert "permissions" in own


async def test_session_from_extraction_to_results(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    session = await client.session.create("own", "survival")
    assert (await client.session.update("survival", name="survival-2"))["name"] == "survival-2"
    await client.setup_session(session)
    frame = await client.dataframe.create("default", AVERAGE, "read_csv", {}, name="patients")
    assert (await client.dataframe.wait(frame, progress=False))["ready"]
    await client.dataframe.preprocess(
        "patients", AVERAGE, "keep_between", {"column_name": "age", "low": 50, "high": 70}
    )
    ready = await client.dataframe.wait("patients", progress=False)
    assert ready["ready"]
    columns = await client.dataframe.columns("patients")
    assert "age" in [column["name"] for column in columns]
    task = await client.task.create(
        "all",
        "averages",
        AVERAGE,
        method="partial_average",
        arguments={"column_name": "age"},
        databases=["patients"],
        action="federated_compute",
    )
    results = await client.wait_for_results(task, progress=False)
    assert {*results.by_organization} == {"IKNL", "Maastro", "Radboudumc"}
    assert await client.wait_for_task_completion(client.request, task["id"]) == "completed"
    assert len(await client.result.from_task(task)) == 3
    assert await client.result.get(results[0]["id"])
    runs = await client.run.from_task(task)
    assert {run["status"] for run in runs} == {"completed"}
    assert (await client.run.get(runs[0]["id"]))["id"] == runs[0]["id"]
    assert len(await client.run.list(task=task)) == 3
    assert (await client.task.get(task["id"]))["status"] == "completed"
    assert (await client.task.list(session=session))[0]["id"] == task["id"]
    assert len(await client.task.list(dataframe=frame)) == 2
    assert [row["name"] for row in await client.session.dataframes(session)] == ["patients"]
    assert [row["id"] for row in await client.dataframe.list()] == [frame["id"]]
    assert (await client.dataframe.get("patients", display=True))["id"] == frame["id"]
    assert (await client.session.get("survival-2"))["id"] == session["id"]
    assert session["id"] in [row["id"] for row in await client.session.list(sort="-name")]
    capsys.readouterr()
    await client.session.tree("survival-2")
    await client.session.task_tree()
    out = capsys.readouterr().out
    assert "└── patients (id " in out
    assert "averages (partial_average, id " in out
    assert "msg" in await client.task.delete(task)
    assert "msg" in await client.dataframe.delete("patients")
    assert "msg" in await client.session.delete("survival-2", delete_dependents=True)


async def test_extraction_is_made_once(client: AsyncClient) -> None:
    for column in ("age", "height"):
        values = await client.task.run(
            ["IKNL", "Maastro"],
            "averages",
            AVERAGE,
            method="partial_average",
            kwargs={"column_name": column},
            databases=[CSV],
            action="federated_compute",
            progress=False,
        )
        assert [*values[0]] == ["sum", "count"]
    (session,) = await client.session.list("vantage6-sdk-%")
    (frame,) = await client.session.dataframes(session)
    assert frame["name"].startswith("vantage6-sdk-")
    assert [row["id"] for row in await client.session.delete_automatic()] == [session["id"]]


async def test_extraction_is_found_again_in_a_named_session(recorded_hq: "RecordedHq") -> None:
    named = Extraction("default", "read_csv", arguments={}, name="again")
    asked: dict[str, Any] = {
        "organizations": ["IKNL"],
        "name": "average",
        "image": AVERAGE,
        "method": "partial_average",
        "kwargs": {"column_name": "age"},
        "action": "federated_compute",
        "session": "shared",
    }
    async with await at_hq(recorded_hq, "service") as first:
        await first.session.create("own", "shared", "demo")
        await first.task.run(**asked, databases=[named], progress=False)
    async with await at_hq(recorded_hq, "service") as second:
        await second.setup_collaboration("demo")
        await second.task.run(**asked, databases=[named], progress=False)
        other = Extraction("default", "other", name="again")
        with pytest.raises(InvalidInputError, match="last step is 'read_csv'"):
            await second.task.create(**asked, databases=[other])
        (frame,) = await second.session.dataframes("shared")
        assert frame["name"] == "again"
        central = asked | {"method": "central_average", "action": "central_compute"}
        (value,) = await second.task.run(**central, databases=[CSV], progress=False)
        assert 50 < value["average"] < 70
        (made,) = await second.session.delete_automatic("shared")
        assert made["name"].startswith("vantage6-sdk-")
        await second.session.delete("shared", delete_dependents=True)


async def test_failed_extraction(client: AsyncClient) -> None:
    async with client.session.open("to fail"):
        with pytest.raises(TaskFailedError, match="so the task was not created"):
            await client.task.run(
                ["IKNL"],
                "t",
                AVERAGE,
                method="partial_average",
                databases=[Extraction("default", "no_such_function")],
                action="federated_compute",
                progress=False,
            )


async def test_kill(recorded_hq: "RecordedHq", client: AsyncClient) -> None:
    async with client.session.open("to kill"), await at_hq(recorded_hq, "admin") as admin:
        task = await client.task.create(
            ["IKNL"],
            "long",
            "localnet/slow",
            method="sleep",
            kwargs={"seconds": 60},
            action="federated_compute",
        )
        with pytest.raises(PermissionDeniedError):
            await client.task.kill(task)
        assert "msg" in await admin.task.kill(task)
        with pytest.raises(TaskFailedError, match="killed by user"):
            await client.wait_for_results(task, progress=False)


async def test_collaborations_studies_and_nodes(root: AsyncClient) -> None:
    made = await root.organization.create("Gemelli", "Largo 8", "", "00168", "IT", "gemelli.it")
    changed = await root.organization.update(made["id"], name="Policlinico")
    assert changed["name"] == "Policlinico"
    assert (await root.organization.get(made["id"]))["country"] == "IT"
    assert "Policlinico" in [row["name"] for row in await root.organization.list()]
    second = await root.collaboration.create("second", [1, 2], False, True)
    assert (await root.collaboration.update(second["id"], name="other"))["name"] == "other"
    assert (await root.collaboration.get(second["id"]))["name"] == "other"
    await root.collaboration.add_organization(made["id"], second["id"])
    await root.collaboration.remove_organization(2, second["id"])
    assert "other" in [row["name"] for row in await root.collaboration.list()]
    study = await root.study.create("adults", [1], second["id"])
    assert (await root.study.update(study["id"], name="old-adults"))["name"] == "old-adults"
    await root.study.add_organization(made["id"], study["id"])
    await root.study.remove_organization(1, study["id"])
    assert [row["id"] for row in await root.study.list(collaboration=second["id"])] == [study["id"]]
    assert (await root.study.get(study["id"]))["name"] == "old-adults"
    node = await root.node.create(second["id"], made["id"], "gemelli-node")
    assert node["api_key"]
    assert (await root.node.update(node["id"], name="renamed"))["name"] == "renamed"
    assert (await root.node.get(node["id"]))["name"] == "renamed"
    assert node["id"] in [row["id"] for row in await root.node.list(N, N, second["id"])]
    with pytest.raises(Exception, match=r"."):
        await root.node.kill_tasks(node["id"])
    assert "msg" in await root.node.delete(node["id"])
    assert "msg" in await root.study.delete(study["id"])
    assert "msg" in await root.collaboration.delete(second["id"], delete_dependents=True)
    assert "msg" in await root.organization.delete(made["id"])
    with pytest.raises(NotFoundError):
        await root.organization.get(made["id"])


N = None


async def test_users_roles_and_rules(root: AsyncClient, tmp_path: Path) -> None:
    rules = await root.rule.list(name="task", operation="view")
    assert (await root.rule.get(rules[0]["id"]))["id"] == rules[0]["id"]
    role = await root.role.create("watcher", "looks", [rules[0]["id"]], 1)
    assert (await root.role.update(role["id"], name="onlooker"))["name"] == "onlooker"
    assert (await root.role.get(role["id"]))["name"] == "onlooker"
    assert "onlooker" in [row["name"] for row in await root.role.list()]
    user = await root.user.create("bob", "First-Secret-1", 1, [role["id"]])
    robot = await root.user.create("robot", is_service_account=True, organization=1)
    assert "client_secret" in robot
    await root.user.update(user["id"], [rules[0]["id"]], [role["id"]])
    assert (await root.user.get(user["id"]))["username"] == "bob"
    assert [row["username"] for row in await root.user.list("bob", 1, role["id"])] == ["bob"]
    assert "msg" in await root.user.delete(user["id"])
    assert "msg" in await root.user.delete(robot["id"])
    assert "msg" in await root.role.delete(role["id"])
    key = await root.util.generate_private_key(tmp_path / "key.pem", replace=True)
    assert key


async def test_store(recorded_hq: "RecordedHq", root: AsyncClient) -> None:
    (row,) = await root.store.list()
    assert (await root.store.get(row["id"]))["name"] == row["name"]
    await root.store.set(row["id"])
    assert isinstance(await root.store.policy.get(), dict)
    async with (
        await at_hq(recorded_hq, "researcher") as researcher,
        await at_hq(recorded_hq, "admin") as admin,
    ):
        await researcher.store.set(row["id"])
        await admin.store.set(row["id"])
        made = await researcher.algorithm.create(**SUBMITTED)
        await researcher.algorithm.update(made["id"], description="the mean")
        (admin_row,) = await root.store.user.list(username="admin")
        first = await root.store.review.create(made["id"], admin_row["id"])
        assert "msg" in await root.store.review.delete(first["id"])
        second = await root.store.review.create(made["id"], admin_row["id"])
        assert [each["id"] for each in await admin.store.review.list(algorithm=made["id"])]
        assert "msg" in await admin.store.review.approve(second["id"], "fine")
        assert (await admin.store.review.get(second["id"]))["status"] == "approved"
        assert (await researcher.algorithm.get(made["id"]))["status"] == "approved"
        assert "average" in [each["name"] for each in await researcher.algorithm.list()]
        assert "msg" in await root.algorithm.invalidate(made["id"])
        assert "msg" in await root.algorithm.delete(made["id"])
        again = await researcher.algorithm.create(**SUBMITTED)
        third = await root.store.review.create(again["id"], admin_row["id"])
        assert "msg" in await admin.store.review.reject(third["id"], "no")
        await root.algorithm.delete(again["id"])
    rules = await root.store.rule.list(N, "view", N, admin_row["id"])
    assert rules
    assert await root.store.rule.list(current_user=True)
    role = await root.store.role.create("watcher", "looks", [rules[0]["id"]])
    assert (await root.store.role.edit(role["id"], name="onlooker"))["name"] == "onlooker"
    (viewer,) = await root.store.user.list(username="viewer")
    await root.store.user.update(viewer["id"], [role["id"]])
    assert (await root.store.user.get(viewer["id"]))["username"] == "viewer"
    assert "msg" in await root.store.user.delete(viewer["id"])
    await root.store.user.register("viewer", [role["id"]])
    assert "onlooker" in [each["name"] for each in await root.store.role.list()]
    (viewer,) = await root.store.user.list(username="viewer")
    assert "msg" in await root.store.user.delete(viewer["id"])
    assert "msg" in await root.store.role.delete(role["id"])


async def test_link_a_store(root: AsyncClient) -> None:
    (row,) = await root.store.list()
    await root.store.set(row["id"])
    assert (await root.store.update(name="renamed"))["name"] == "renamed"
    await root.store.update(name=row["name"])
    assert "msg" in await root.store.delete(row["id"])
    path = str(row["api_path"])
    again = await root.store.create("local store", row["url"], path, None, True)
    assert again["name"] == "local store"
