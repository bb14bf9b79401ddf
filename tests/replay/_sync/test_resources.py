# Derived by unasync.py: edit tests/replay/_async/test_resources.py instead.
"""Test creating, updating and deleting rows on the server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from vcr.cassette import Cassette

from vantage6.client import (
    BadRequestError,
    Client,
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


@pytest.fixture
def root(recorded: "Recorded") -> Iterator[Client]:
    with logged_in(recorded, "root") as client:
        yield client


def test_create_update_and_delete_organization(root: Client) -> None:
    made = root.organization.create("Gemelli", "Largo 8", "", "00168", "IT", "gemelli.it")
    assert (made["name"], made["address1"], made["public_key"]) == ("Gemelli", "Largo 8", "")
    changed = root.organization.update(made["id"], name="Policlinico", fields=("id", "name"))
    assert changed == {"id": made["id"], "name": "Policlinico"}
    assert (root.organization.get(made["id"]))["country"] == "IT", "it stays as it was"
    assert "msg" in root.organization.delete(made["id"])
    with pytest.raises(NotFoundError):
        root.organization.get(made["id"])


def test_own_organization_is_the_default(recorded: "Recorded") -> None:
    with logged_in(recorded, "root") as client:
        before = client.organization.get()
        assert (client.organization.update(domain="x.example"))["id"] == before["id"]
        client.organization.update(domain=before["domain"] or "")


def test_create_update_and_delete_collaboration(root: Client) -> None:
    made = root.collaboration.create("second", [1, 2], encrypted=True)
    assert (made["name"], made["encrypted"]) == ("second", True)
    changed = root.collaboration.update(made["id"], encrypted=False)
    assert (changed["name"], changed["encrypted"]) == ("second", False)
    root.setup_collaboration(made["id"])
    members = root.collaboration.add_organization(3)
    assert sorted(row["id"] for row in members) == [1, 2, 3]
    members = root.collaboration.remove_organization(2)
    assert sorted(row["id"] for row in members) == [1, 3]
    root.collaboration.update(organizations=[1])
    assert [row["id"] for row in root.organization.list()] == [1]
    assert "msg" in root.collaboration.delete(delete_dependents=True)
    with pytest.raises(NotFoundError):
        root.collaboration.get(made["id"])


def test_create_update_and_delete_study(root: Client) -> None:
    made = root.study.create("adults", [1, 2], collaboration=1)
    assert made["collaboration"]["id"] == 1
    assert (root.study.update(made["id"], name="old adults"))["name"] == "old adults"
    members = root.study.add_organization(3, study=made["id"])
    assert sorted(row["id"] for row in members) == [1, 2, 3]
    members = root.study.remove_organization(1, study=made["id"])
    assert sorted(row["id"] for row in members) == [2, 3]
    root.study.update(made["id"], organizations=[2])
    assert [row["id"] for row in root.organization.list(study=made["id"])] == [2]
    assert "msg" in root.study.delete(made["id"])
    with pytest.raises(NotFoundError):
        root.study.get(made["id"])


def test_create_update_and_delete_node(root: Client) -> None:
    collaboration = root.collaboration.create("with nodes", [1, 2])
    made = root.node.create(collaboration["id"], organization=2, name="basement")
    assert made["name"] == "basement"
    assert made["api_key"]
    assert (root.node.reset_key(made["id"]))["api_key"]
    own = root.node.create(collaboration["id"])
    assert own["organization"]["id"] == root.whoami.organization_id
    changed = root.node.update(made["id"], name="attic", clear_ip=True)
    assert (changed["name"], changed["ip"]) == ("attic", None)
    with pytest.raises(BadRequestError, match="online"):
        root.node.kill_tasks(made["id"])
    for node in (made, own):
        assert "msg" in root.node.delete(node["id"])
    assert root.node.list(collaboration=collaboration["id"]) == []
    root.collaboration.delete(collaboration["id"])


def test_wait_for_completion_and_delete_task(recorded: "Recorded") -> None:
    with logged_in(recorded, "admin") as admin:
        task = admin.task.create(
            [1], "slow", SLOW, "", {"method": "sleep", "kwargs": {"seconds": 60}}, 1
        )
        (node,) = admin.node.list(organization=1, collaboration=1)
        with pytest.raises(ServerError):  # the order that servers fail at, see its manual
            admin.node.kill_tasks(node["id"])
        admin.task.kill(task["id"])
        status = admin.wait_for_task_completion(admin.request, task["id"], timeout=60)
        assert status == "killed by user"
        assert "msg" in admin.task.delete(task["id"])
        with pytest.raises(NotFoundError):
            admin.task.get(task["id"])


def test_create_update_and_delete_role_and_user(root: Client) -> None:
    rules = [row["id"] for row in root.rule.list(operation="VIEW", scope="ORGANIZATION")]
    role = root.role.create("watcher", "looks around", rules[:2])
    assert role["organization"] is not None
    assert role["organization"]["id"] == root.whoami.organization_id
    changed = root.role.update(role["id"], name="onlooker", rules=rules[:1])
    assert (changed["name"], changed["description"]) == ("onlooker", "looks around")
    assert [row["id"] for row in root.rule.list(role=role["id"])] == rules[:1]

    user = root.user.create(
        "ada", "Ada", "Lovelace", FIRST, "ada@example.org", roles=[role["id"]], rules=rules[:1]
    )
    assert user["organization"] is not None
    assert user["organization"]["id"] == root.whoami.organization_id
    changed_user = root.user.update(user["id"], lastname="King", rules=[], organization=1)
    assert (changed_user["firstname"], changed_user["lastname"]) == ("Ada", "King")
    assert [row["id"] for row in root.user.list(role=role["id"])] == [user["id"]]
    assert root.user.list(rule=rules[0], username="ada") == []
    with pytest.raises(InvalidInputError, match="moved"):
        root.user.update(user["id"], organization=2)

    assert "msg" in root.user.delete(user["id"])
    assert "msg" in root.role.delete(role["id"])
    with pytest.raises(NotFoundError):
        root.user.get(user["id"])
    with pytest.raises(NotFoundError):
        root.role.get(role["id"])


def test_own_user_is_the_default(recorded: "Recorded") -> None:
    with logged_in(recorded, "viewer") as viewer:
        before = viewer.user.get()
        assert (viewer.user.update(firstname="Grace"))["id"] == before["id"]
        viewer.user.update(firstname=before["firstname"])


def test_get_rules_and_runs(root: Client) -> None:
    (rule,) = root.rule.list("event", "RECEIVE", "GLOBAL")
    assert root.rule.get(rule["id"]) == rule
    (role,) = root.role.list(name="Researcher")
    assert (root.role.get(role["id"], field="name")) == {"name": "Researcher"}
    task = root.task.create([2, 1], "quick", SLOW, "", {"method": "sleep"}, 1)
    root.wait_for_task_completion(root.request, task["id"], timeout=60)
    runs = root.run.list(task=task["id"], include_task=True)
    assert {run["task"]["id"] for run in runs} == {task["id"]}
    (run,) = root.run.list(task=task["id"], organization=2, fields=["id", "status"])
    assert run["status"] != "pending"
    root.task.delete(task["id"])


def test_create_without_permission_is_an_error(recorded: "Recorded") -> None:
    with logged_in(recorded, "viewer") as viewer:
        with pytest.raises(PermissionDeniedError):
            viewer.organization.create("x", "", "", "", "", "")
        with pytest.raises(PermissionDeniedError):
            viewer.role.create("x", "", [1])
        with pytest.raises(PermissionDeniedError):
            viewer.collaboration.delete(1)


def test_change_password(recorded: "Recorded", root: Client) -> None:
    (role,) = root.role.list(name="Viewer")
    root.user.create("grace", "Grace", "Hopper", FIRST, "grace@example.org", 1, roles=[role["id"]])
    with Client("http://127.0.0.1", recorded.port, "/api") as client:
        client.authenticate("grace", FIRST)
        assert "msg" in client.util.change_my_password(FIRST, SECOND)
        with pytest.raises(PermissionDeniedError):
            client.util.change_my_password("wrong", SECOND)
        client.authenticate("grace", SECOND)
        root.user.delete(client.whoami.id_)


def test_reset_password_and_second_factor_without_login(recorded: "Recorded") -> None:
    with Client("http://127.0.0.1", recorded.port, "/api") as client:
        assert "msg" in client.util.reset_my_password(email="nobody@example.org")
        assert "msg" in client.util.reset_my_password(username="nobody")
        with pytest.raises(BadRequestError):
            client.util.set_my_password("not a token", SECOND)
        with pytest.raises(LoginFailedError):
            client.util.reset_two_factor_auth("wrong", username="nobody")
        with pytest.raises(BadRequestError, match="mail"):
            client.util.reset_two_factor_auth(recorded.passwords["viewer"], username="viewer")
        with pytest.raises(BadRequestError):
            client.util.set_two_factor_auth("not a token")
        with pytest.raises(InvalidInputError, match="email or username"):
            client.util.reset_my_password()
        with pytest.raises(InvalidInputError, match="username"):
            client.util.reset_two_factor_auth(SECOND, "viewer@example.org")


def test_generate_private_key_once(
    root: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = root.util.generate_private_key()
    assert file == tmp_path / "private_key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    known = (root.organization.get())["public_key"]
    assert known
    content = file.read_bytes()
    with pytest.raises(FileExistsError, match="never overwritten"):
        root.util.generate_private_key(file)
    with pytest.raises(KeyMismatchError):
        root.util.generate_private_key(tmp_path / "another.pem")
    assert not (tmp_path / "another.pem").exists()
    assert (root.organization.get())["public_key"] == known
    other = root.util.generate_private_key("third.pem", replace=True)
    assert (root.organization.get())["public_key"] != known
    assert file.read_bytes() == content != other.read_bytes()
    root.organization.update(public_key="")


def test_rejected_public_key_leaves_no_key_file(recorded: "Recorded", tmp_path: Path) -> None:
    with logged_in(recorded, "viewer") as viewer:
        with pytest.raises(PermissionDeniedError):
            viewer.util.generate_private_key(tmp_path / "key.pem")
    assert list(tmp_path.iterdir()) == []


def test_server_information(recorded: "Recorded") -> None:
    with Client("http://127.0.0.1", recorded.port, "/api") as client:
        assert (client.util.get_server_version(attempts_on_timeout=1))["version"]
        assert (client.util.get_server_health())["database"] is True
        with pytest.raises(NotAuthenticatedError):
            client.check_if_blob_store_enabled()
        with pytest.raises(NotAuthenticatedError):
            client.refresh_token()


def test_refresh_token(root: Client) -> None:
    root.refresh_token()
    assert (root.user.get())["username"] == "root"
    assert root.check_if_blob_store_enabled() is False
    assert root.request("organization/1", retry=False) == root.organization.get(1)


def test_expiring_token_is_refreshed_before_the_next_request(root: Client, vcr: Cassette) -> None:
    auth = root._core.auth
    assert auth.tokens is not None
    auth.tokens = due = replace(auth.tokens, renew_at=0)
    assert (root.user.get())["username"] == "root"
    assert [request.path for request in vcr.requests][-2:] == ["/api/token/refresh", "/api/user/1"]
    assert auth.tokens is not due
