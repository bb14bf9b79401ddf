# Derived by unasync.py: edit tests/replay/_async/test_hq.py instead.
"""Test every method of the official client 5.0.3 at HQ, with its store."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import (
    Client,
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


def at_hq(hq: "RecordedHq", user: str) -> Client:
    """Make a client that is logged in, as a person or as the service account."""
    # A client of the realm that allows passwords, as few do: nobody enters a code here.
    auth_client = None if user == "service" else LOCAL_CLIENT
    client = Client(hq.url, auth_url=hq.auth_url, auth_client=auth_client, log_level=None)
    if user == "service":
        client.initialize_service_account(hq.client_secret, user)
        client.authenticate_service_account()
    else:
        client.authenticate(user, hq.passwords[user])
    return client


@pytest.fixture
def client(recorded_hq: "RecordedHq") -> Iterator[Client]:
    with at_hq(recorded_hq, "service") as client:
        client.setup_collaboration("demo")
        yield client


@pytest.fixture
def root(recorded_hq: "RecordedHq") -> Iterator[Client]:
    with at_hq(recorded_hq, "root") as client:
        yield client


def test_connection(client: Client) -> None:
    assert (client.util.get_hq_version())["version"] == "5.0.3"
    assert (client.util.get_hq_health())["database"] is True
    assert (client.request("version"))["version"] == "5.0.3"
    assert client.generate_path_to("task").endswith("/hq/task")
    assert client.hq_url.endswith("/hq")
    assert client.auth_url
    assert client.headers
    assert client.token
    assert client.name == "service"
    assert not client.check_if_blob_store_enabled()
    client.setup_encryption(None)
    before = client.token
    client.obtain_new_token()
    client.obtain_new_token_interactive()
    assert before


def test_people_renew_their_login(root: Client) -> None:
    root.obtain_new_token_interactive()
    assert (root.user.get_own_user())["username"] == "root"
    own = root.user.get_own_user(include_permissions=True)
    assert "permissions" in own


def test_session_from_extraction_to_results(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    session = client.session.create("own", "survival")
    assert (client.session.update("survival", name="survival-2"))["name"] == "survival-2"
    client.setup_session(session)
    frame = client.dataframe.create("default", AVERAGE, "read_csv", {}, name="patients")
    assert (client.dataframe.wait(frame, progress=False))["ready"]
    client.dataframe.preprocess(
        "patients", AVERAGE, "keep_between", {"column_name": "age", "low": 50, "high": 70}
    )
    ready = client.dataframe.wait("patients", progress=False)
    assert ready["ready"]
    columns = client.dataframe.columns("patients")
    assert "age" in [column["name"] for column in columns]
    task = client.task.create(
        "all",
        "averages",
        AVERAGE,
        method="partial_average",
        arguments={"column_name": "age"},
        databases=["patients"],
        action="federated_compute",
    )
    results = client.wait_for_results(task, progress=False)
    assert {*results.by_organization} == {"IKNL", "Maastro", "Radboudumc"}
    assert client.wait_for_task_completion(client.request, task["id"]) == "completed"
    assert len(client.result.from_task(task)) == 3
    assert client.result.get(results[0]["id"])
    runs = client.run.from_task(task)
    assert {run["status"] for run in runs} == {"completed"}
    assert (client.run.get(runs[0]["id"]))["id"] == runs[0]["id"]
    assert len(client.run.list(task=task)) == 3
    assert (client.task.get(task["id"]))["status"] == "completed"
    assert (client.task.list(session=session))[0]["id"] == task["id"]
    assert len(client.task.list(dataframe=frame)) == 2
    assert [row["name"] for row in client.session.dataframes(session)] == ["patients"]
    assert [row["id"] for row in client.dataframe.list()] == [frame["id"]]
    assert (client.dataframe.get("patients", display=True))["id"] == frame["id"]
    assert (client.session.get("survival-2"))["id"] == session["id"]
    assert session["id"] in [row["id"] for row in client.session.list(sort="-name")]
    capsys.readouterr()
    client.session.tree("survival-2")
    client.session.task_tree()
    out = capsys.readouterr().out
    assert "└── patients (id " in out
    assert "averages (partial_average, id " in out
    assert "msg" in client.task.delete(task)
    assert "msg" in client.dataframe.delete("patients")
    assert "msg" in client.session.delete("survival-2", delete_dependents=True)


def test_extraction_is_made_once(client: Client) -> None:
    for column in ("age", "height"):
        values = client.task.run(
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
    (session,) = client.session.list("vantage6-sdk-%")
    (frame,) = client.session.dataframes(session)
    assert frame["name"].startswith("vantage6-sdk-")
    assert [row["id"] for row in client.session.delete_automatic()] == [session["id"]]


def test_extraction_is_found_again_in_a_named_session(recorded_hq: "RecordedHq") -> None:
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
    with at_hq(recorded_hq, "service") as first:
        first.session.create("own", "shared", "demo")
        first.task.run(**asked, databases=[named], progress=False)
    with at_hq(recorded_hq, "service") as second:
        second.setup_collaboration("demo")
        second.task.run(**asked, databases=[named], progress=False)
        other = Extraction("default", "other", name="again")
        with pytest.raises(InvalidInputError, match="last step is 'read_csv'"):
            second.task.create(**asked, databases=[other])
        (frame,) = second.session.dataframes("shared")
        assert frame["name"] == "again"
        central = asked | {"method": "central_average", "action": "central_compute"}
        (value,) = second.task.run(**central, databases=[CSV], progress=False)
        assert 50 < value["average"] < 70
        (made,) = second.session.delete_automatic("shared")
        assert made["name"].startswith("vantage6-sdk-")
        second.session.delete("shared", delete_dependents=True)


def test_failed_extraction(client: Client) -> None:
    with client.session.open("to fail"):
        with pytest.raises(TaskFailedError, match="so the task was not created"):
            client.task.run(
                ["IKNL"],
                "t",
                AVERAGE,
                method="partial_average",
                databases=[Extraction("default", "no_such_function")],
                action="federated_compute",
                progress=False,
            )


def test_kill(recorded_hq: "RecordedHq", client: Client) -> None:
    with client.session.open("to kill"), at_hq(recorded_hq, "admin") as admin:
        task = client.task.create(
            ["IKNL"],
            "long",
            "localnet/slow",
            method="sleep",
            kwargs={"seconds": 60},
            action="federated_compute",
        )
        with pytest.raises(PermissionDeniedError):
            client.task.kill(task)
        assert "msg" in admin.task.kill(task)
        with pytest.raises(TaskFailedError, match="killed by user"):
            client.wait_for_results(task, progress=False)


def test_collaborations_studies_and_nodes(root: Client) -> None:
    made = root.organization.create("Gemelli", "Largo 8", "", "00168", "IT", "gemelli.it")
    changed = root.organization.update(made["id"], name="Policlinico")
    assert changed["name"] == "Policlinico"
    assert (root.organization.get(made["id"]))["country"] == "IT"
    assert "Policlinico" in [row["name"] for row in root.organization.list()]
    second = root.collaboration.create("second", [1, 2], False, True)
    assert (root.collaboration.update(second["id"], name="other"))["name"] == "other"
    assert (root.collaboration.get(second["id"]))["name"] == "other"
    root.collaboration.add_organization(made["id"], second["id"])
    root.collaboration.remove_organization(2, second["id"])
    assert "other" in [row["name"] for row in root.collaboration.list()]
    study = root.study.create("adults", [1], second["id"])
    assert (root.study.update(study["id"], name="old-adults"))["name"] == "old-adults"
    root.study.add_organization(made["id"], study["id"])
    root.study.remove_organization(1, study["id"])
    assert [row["id"] for row in root.study.list(collaboration=second["id"])] == [study["id"]]
    assert (root.study.get(study["id"]))["name"] == "old-adults"
    node = root.node.create(second["id"], made["id"], "gemelli-node")
    assert node["api_key"]
    assert (root.node.update(node["id"], name="renamed"))["name"] == "renamed"
    assert (root.node.get(node["id"]))["name"] == "renamed"
    assert node["id"] in [row["id"] for row in root.node.list(N, N, second["id"])]
    with pytest.raises(Exception, match=r"."):
        root.node.kill_tasks(node["id"])
    assert "msg" in root.node.delete(node["id"])
    assert "msg" in root.study.delete(study["id"])
    assert "msg" in root.collaboration.delete(second["id"], delete_dependents=True)
    assert "msg" in root.organization.delete(made["id"])
    with pytest.raises(NotFoundError):
        root.organization.get(made["id"])


N = None


def test_users_roles_and_rules(root: Client, tmp_path: Path) -> None:
    rules = root.rule.list(name="task", operation="view")
    assert (root.rule.get(rules[0]["id"]))["id"] == rules[0]["id"]
    role = root.role.create("watcher", "looks", [rules[0]["id"]], 1)
    assert (root.role.update(role["id"], name="onlooker"))["name"] == "onlooker"
    assert (root.role.get(role["id"]))["name"] == "onlooker"
    assert "onlooker" in [row["name"] for row in root.role.list()]
    user = root.user.create("bob", "First-Secret-1", 1, [role["id"]])
    robot = root.user.create("robot", is_service_account=True, organization=1)
    assert "client_secret" in robot
    root.user.update(user["id"], [rules[0]["id"]], [role["id"]])
    assert (root.user.get(user["id"]))["username"] == "bob"
    assert [row["username"] for row in root.user.list("bob", 1, role["id"])] == ["bob"]
    assert "msg" in root.user.delete(user["id"])
    assert "msg" in root.user.delete(robot["id"])
    assert "msg" in root.role.delete(role["id"])
    key = root.util.generate_private_key(tmp_path / "key.pem", replace=True)
    assert key


def test_store(recorded_hq: "RecordedHq", root: Client) -> None:
    (row,) = root.store.list()
    assert (root.store.get(row["id"]))["name"] == row["name"]
    root.store.set(row["id"])
    assert isinstance(root.store.policy.get(), dict)
    with (
        at_hq(recorded_hq, "researcher") as researcher,
        at_hq(recorded_hq, "admin") as admin,
    ):
        researcher.store.set(row["id"])
        admin.store.set(row["id"])
        made = researcher.algorithm.create(**SUBMITTED)
        researcher.algorithm.update(made["id"], description="the mean")
        (admin_row,) = root.store.user.list(username="admin")
        first = root.store.review.create(made["id"], admin_row["id"])
        assert "msg" in root.store.review.delete(first["id"])
        second = root.store.review.create(made["id"], admin_row["id"])
        assert [each["id"] for each in admin.store.review.list(algorithm=made["id"])]
        assert "msg" in admin.store.review.approve(second["id"], "fine")
        assert (admin.store.review.get(second["id"]))["status"] == "approved"
        assert (researcher.algorithm.get(made["id"]))["status"] == "approved"
        assert "average" in [each["name"] for each in researcher.algorithm.list()]
        assert "msg" in root.algorithm.invalidate(made["id"])
        assert "msg" in root.algorithm.delete(made["id"])
        again = researcher.algorithm.create(**SUBMITTED)
        third = root.store.review.create(again["id"], admin_row["id"])
        assert "msg" in admin.store.review.reject(third["id"], "no")
        root.algorithm.delete(again["id"])
    rules = root.store.rule.list(N, "view", N, admin_row["id"])
    assert rules
    assert root.store.rule.list(current_user=True)
    role = root.store.role.create("watcher", "looks", [rules[0]["id"]])
    assert (root.store.role.edit(role["id"], name="onlooker"))["name"] == "onlooker"
    (viewer,) = root.store.user.list(username="viewer")
    root.store.user.update(viewer["id"], [role["id"]])
    assert (root.store.user.get(viewer["id"]))["username"] == "viewer"
    assert "msg" in root.store.user.delete(viewer["id"])
    root.store.user.register("viewer", [role["id"]])
    assert "onlooker" in [each["name"] for each in root.store.role.list()]
    (viewer,) = root.store.user.list(username="viewer")
    assert "msg" in root.store.user.delete(viewer["id"])
    assert "msg" in root.store.role.delete(role["id"])


def test_link_a_store(root: Client) -> None:
    (row,) = root.store.list()
    root.store.set(row["id"])
    assert (root.store.update(name="renamed"))["name"] == "renamed"
    root.store.update(name=row["name"])
    assert "msg" in root.store.delete(row["id"])
    path = str(row["api_path"])
    again = root.store.create("local store", row["url"], path, None, True)
    assert again["name"] == "local store"
