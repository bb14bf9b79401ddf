"""Test creating, updating and deleting rows on the server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from vcr.cassette import Cassette

from vantage6.client import (
    AsyncClient,
    BadRequestError,
    InvalidInputError,
    KeyMismatchError,
    LoginFailedError,
    NotAuthenticatedError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
)

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

SLOW = "localnet/slow"
# No server is told these: they only have to be good enough for the account of a test.
FIRST, SECOND = "First-Secret-1", "Second-Secret-2"


@pytest_asyncio.fixture
async def root(recorded: "Recorded") -> AsyncIterator[AsyncClient]:
    async with await logged_in(recorded, "root") as client:
        yield client


async def test_create_update_and_delete_organization(root: AsyncClient) -> None:
    made = await root.organization.create("Gemelli", "Largo 8", "", "00168", "IT", "gemelli.it")
    assert (made["name"], made["address1"], made["public_key"]) == ("Gemelli", "Largo 8", "")
    changed = await root.organization.update(made["id"], name="Policlinico", fields=("id", "name"))
    assert changed == {"id": made["id"], "name": "Policlinico"}
    assert (await root.organization.get(made["id"]))["country"] == "IT", "it stays as it was"
    assert "msg" in await root.organization.delete(made["id"])
    with pytest.raises(NotFoundError):
        await root.organization.get(made["id"])


async def test_own_organization_is_the_default(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "root") as client:
        before = await client.organization.get()
        assert (await client.organization.update(domain="x.example"))["id"] == before["id"]
        await client.organization.update(domain=before["domain"] or "")


async def test_create_update_and_delete_collaboration(root: AsyncClient) -> None:
    made = await root.collaboration.create("second", [1, 2], encrypted=True)
    assert (made["name"], made["encrypted"]) == ("second", True)
    changed = await root.collaboration.update(made["id"], encrypted=False)
    assert (changed["name"], changed["encrypted"]) == ("second", False)
    await root.setup_collaboration(made["id"])
    members = await root.collaboration.add_organization(3)
    assert sorted(row["id"] for row in members) == [1, 2, 3]
    members = await root.collaboration.remove_organization(2)
    assert sorted(row["id"] for row in members) == [1, 3]
    await root.collaboration.update(organizations=[1])
    assert [row["id"] for row in await root.organization.list()] == [1]
    assert "msg" in await root.collaboration.delete(delete_dependents=True)
    with pytest.raises(NotFoundError):
        await root.collaboration.get(made["id"])


async def test_create_update_and_delete_study(root: AsyncClient) -> None:
    made = await root.study.create("adults", [1, 2], collaboration=1)
    assert made["collaboration"]["id"] == 1
    assert (await root.study.update(made["id"], name="old adults"))["name"] == "old adults"
    members = await root.study.add_organization(3, study=made["id"])
    assert sorted(row["id"] for row in members) == [1, 2, 3]
    members = await root.study.remove_organization(1, study=made["id"])
    assert sorted(row["id"] for row in members) == [2, 3]
    await root.study.update(made["id"], organizations=[2])
    assert [row["id"] for row in await root.organization.list(study=made["id"])] == [2]
    assert "msg" in await root.study.delete(made["id"])
    with pytest.raises(NotFoundError):
        await root.study.get(made["id"])


async def test_create_update_and_delete_node(root: AsyncClient) -> None:
    collaboration = await root.collaboration.create("with nodes", [1, 2])
    made = await root.node.create(collaboration["id"], organization=2, name="basement")
    assert made["name"] == "basement"
    assert made["api_key"]
    assert (await root.node.reset_key(made["id"]))["api_key"]
    own = await root.node.create(collaboration["id"])
    assert own["organization"]["id"] == root.whoami.organization_id
    changed = await root.node.update(made["id"], name="attic", clear_ip=True)
    assert (changed["name"], changed["ip"]) == ("attic", None)
    with pytest.raises(BadRequestError, match="online"):
        await root.node.kill_tasks(made["id"])
    for node in (made, own):
        assert "msg" in await root.node.delete(node["id"])
    assert await root.node.list(collaboration=collaboration["id"]) == []
    await root.collaboration.delete(collaboration["id"])


async def test_wait_for_completion_and_delete_task(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "admin") as admin:
        task = await admin.task.create(
            [1], "slow", SLOW, "", {"method": "sleep", "kwargs": {"seconds": 60}}, 1
        )
        (node,) = await admin.node.list(organization=1, collaboration=1)
        with pytest.raises(ServerError):  # the order that servers fail at, see its manual
            await admin.node.kill_tasks(node["id"])
        await admin.task.kill(task["id"])
        status = await admin.wait_for_task_completion(admin.request, task["id"], timeout=60)
        assert status == "killed by user"
        assert "msg" in await admin.task.delete(task["id"])
        with pytest.raises(NotFoundError):
            await admin.task.get(task["id"])


async def test_create_update_and_delete_role_and_user(root: AsyncClient) -> None:
    rules = [row["id"] for row in await root.rule.list(operation="VIEW", scope="ORGANIZATION")]
    role = await root.role.create("watcher", "looks around", rules[:2])
    assert role["organization"] is not None
    assert role["organization"]["id"] == root.whoami.organization_id
    changed = await root.role.update(role["id"], name="onlooker", rules=rules[:1])
    assert (changed["name"], changed["description"]) == ("onlooker", "looks around")
    assert [row["id"] for row in await root.rule.list(role=role["id"])] == rules[:1]

    user = await root.user.create(
        "ada", "Ada", "Lovelace", FIRST, "ada@example.org", roles=[role["id"]], rules=rules[:1]
    )
    assert user["organization"] is not None
    assert user["organization"]["id"] == root.whoami.organization_id
    changed_user = await root.user.update(user["id"], lastname="King", rules=[], organization=1)
    assert (changed_user["firstname"], changed_user["lastname"]) == ("Ada", "King")
    assert [row["id"] for row in await root.user.list(role=role["id"])] == [user["id"]]
    assert await root.user.list(rule=rules[0], username="ada") == []
    with pytest.raises(InvalidInputError, match="moved"):
        await root.user.update(user["id"], organization=2)

    assert "msg" in await root.user.delete(user["id"])
    assert "msg" in await root.role.delete(role["id"])
    with pytest.raises(NotFoundError):
        await root.user.get(user["id"])
    with pytest.raises(NotFoundError):
        await root.role.get(role["id"])


async def test_own_user_is_the_default(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "viewer") as viewer:
        before = await viewer.user.get()
        assert (await viewer.user.update(firstname="Grace"))["id"] == before["id"]
        await viewer.user.update(firstname=before["firstname"])


async def test_get_rules_and_runs(root: AsyncClient) -> None:
    (rule,) = await root.rule.list("event", "RECEIVE", "GLOBAL")
    assert await root.rule.get(rule["id"]) == rule
    (role,) = await root.role.list(name="Researcher")
    assert (await root.role.get(role["id"], field="name")) == {"name": "Researcher"}
    task = await root.task.create([2, 1], "quick", SLOW, "", {"method": "sleep"}, 1)
    await root.wait_for_task_completion(root.request, task["id"], timeout=60)
    runs = await root.run.list(task=task["id"], include_task=True)
    assert {run["task"]["id"] for run in runs} == {task["id"]}
    (run,) = await root.run.list(task=task["id"], organization=2, fields=["id", "status"])
    assert run["status"] != "pending"
    await root.task.delete(task["id"])


async def test_create_without_permission_is_an_error(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "viewer") as viewer:
        with pytest.raises(PermissionDeniedError):
            await viewer.organization.create("x", "", "", "", "", "")
        with pytest.raises(PermissionDeniedError):
            await viewer.role.create("x", "", [1])
        with pytest.raises(PermissionDeniedError):
            await viewer.collaboration.delete(1)


async def test_change_password(recorded: "Recorded", root: AsyncClient) -> None:
    (role,) = await root.role.list(name="Viewer")
    await root.user.create(
        "grace", "Grace", "Hopper", FIRST, "grace@example.org", 1, roles=[role["id"]]
    )
    async with AsyncClient("http://127.0.0.1", recorded.port, "/api") as client:
        await client.authenticate("grace", FIRST)
        assert "msg" in await client.util.change_my_password(FIRST, SECOND)
        with pytest.raises(PermissionDeniedError):
            await client.util.change_my_password("wrong", SECOND)
        await client.authenticate("grace", SECOND)
        await root.user.delete(client.whoami.id_)


async def test_reset_password_and_second_factor_without_login(recorded: "Recorded") -> None:
    async with AsyncClient("http://127.0.0.1", recorded.port, "/api") as client:
        assert "msg" in await client.util.reset_my_password(email="nobody@example.org")
        assert "msg" in await client.util.reset_my_password(username="nobody")
        with pytest.raises(BadRequestError):
            await client.util.set_my_password("not a token", SECOND)
        with pytest.raises(LoginFailedError):
            await client.util.reset_two_factor_auth("wrong", username="nobody")
        with pytest.raises(BadRequestError, match="mail"):
            await client.util.reset_two_factor_auth(recorded.passwords["viewer"], username="viewer")
        with pytest.raises(BadRequestError):
            await client.util.set_two_factor_auth("not a token")
        with pytest.raises(InvalidInputError, match="email or username"):
            await client.util.reset_my_password()
        with pytest.raises(InvalidInputError, match="username"):
            await client.util.reset_two_factor_auth(SECOND, "viewer@example.org")


async def test_generate_private_key_once(
    root: AsyncClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = await root.util.generate_private_key()
    assert file == tmp_path / "private_key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    known = (await root.organization.get())["public_key"]
    assert known
    content = file.read_bytes()
    with pytest.raises(FileExistsError, match="never overwritten"):
        await root.util.generate_private_key(file)
    with pytest.raises(KeyMismatchError):
        await root.util.generate_private_key(tmp_path / "another.pem")
    assert not (tmp_path / "another.pem").exists()
    assert (await root.organization.get())["public_key"] == known
    other = await root.util.generate_private_key("third.pem", replace=True)
    assert (await root.organization.get())["public_key"] != known
    assert file.read_bytes() == content != other.read_bytes()
    await root.organization.update(public_key="")


async def test_rejected_public_key_leaves_no_key_file(recorded: "Recorded", tmp_path: Path) -> None:
    async with await logged_in(recorded, "viewer") as viewer:
        with pytest.raises(PermissionDeniedError):
            await viewer.util.generate_private_key(tmp_path / "key.pem")
    assert list(tmp_path.iterdir()) == []


async def test_server_information(recorded: "Recorded") -> None:
    async with AsyncClient("http://127.0.0.1", recorded.port, "/api") as client:
        assert (await client.util.get_server_version(attempts_on_timeout=1))["version"]
        assert (await client.util.get_server_health())["database"] is True
        with pytest.raises(NotAuthenticatedError):
            await client.check_if_blob_store_enabled()
        with pytest.raises(NotAuthenticatedError):
            await client.refresh_token()


async def test_refresh_token(root: AsyncClient) -> None:
    await root.refresh_token()
    assert (await root.user.get())["username"] == "root"
    assert await root.check_if_blob_store_enabled() is False
    assert await root.request("organization/1", retry=False) == await root.organization.get(1)


async def test_expiring_token_is_refreshed_before_the_next_request(
    root: AsyncClient, vcr: Cassette
) -> None:
    auth = root._core.auth
    assert auth.tokens is not None
    auth.tokens = due = replace(auth.tokens, renew_at=0)
    assert (await root.user.get())["username"] == "root"
    assert [request.path for request in vcr.requests][-2:] == ["/api/token/refresh", "/api/user/1"]
    assert auth.tokens is not due
