# Derived by unasync.py: edit tests/replay/_async/test_algorithm_store.py instead.
"""Test algorithm stores and their algorithms."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import (
    BadRequestError,
    Client,
    ConfigurationError,
    InvalidInputError,
    NameNotFoundError,
    NotFoundError,
    PermissionDeniedError,
)

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

AVERAGE: dict[str, Any] = {
    "name": "average",
    "description": "",
    "image": "harbor2.vantage6.ai/demo/average",
    "partitioning": "horizontal",
    "vantage6_version": "4.15",
    "code_url": "https://code.example/average",
    "functions": [{"name": "partial_average", "type": "federated"}],
}


def at_the_store(recorded: "Recorded", user: str) -> Client:
    client = logged_in(recorded, user)
    client.store.set(1)
    return client


@pytest.fixture
def root(recorded: "Recorded") -> Iterator[Client]:
    with at_the_store(recorded, "root") as client:
        yield client


def test_choose_a_store(recorded: "Recorded") -> None:
    with logged_in(recorded, "researcher") as client:
        (row,) = client.store.list(fields=["id", "name"])
        assert row == {"id": 1, "name": "local store"}
        assert client.store.url is None
        with pytest.raises(ConfigurationError, match=r"store\.set"):
            client.algorithm.list()
        with pytest.raises(NotFoundError):
            client.store.set(999)
        chosen = client.store.set(row["id"])
        assert (client.store.store_id, client.store.url) == (1, chosen["url"])
        assert client.generate_path_to("algorithm", True) == f"{chosen['url']}/algorithm"
        assert client.algorithm.list() == []
        assert (client.store.get(1, field="name")) == {"name": "local store"}
        version = client.request("version", is_for_algorithm_store=True)
        assert set(version) == {"version"}


def test_submit_review_and_publish_an_algorithm(recorded: "Recorded", root: Client) -> None:
    with at_the_store(recorded, "researcher") as researcher:
        made = researcher.algorithm.create(**AVERAGE)
        assert [function["name"] for function in made["functions"]] == ["partial_average"]
        assert researcher.algorithm.list(name="average") == [], "it has no review yet"
        changed = researcher.algorithm.update(made["id"], description="the mean")
        assert (changed["description"], changed["image"]) == ("the mean", AVERAGE["image"])
        waiting = root.algorithm.list(awaiting_reviewer_assignment=True)
        assert [row["id"] for row in waiting] == [made["id"]]

        (admin_row,) = root.store.user.list(username="admin")
        review = root.store.review.create(made["id"], admin_row["id"])
        with at_the_store(recorded, "admin") as admin:
            (asked,) = admin.store.review.list(algorithm=made["id"], under_review=True)
            assert asked["id"] == review["id"]
            assert "msg" in admin.store.review.approve(asked["id"], "does what it says")
            done = admin.store.review.get(asked["id"])
            assert (done["status"], done["comment"]) == ("approved", "does what it says")

        task = researcher.task.create(
            [1],
            "from the store",
            AVERAGE["image"],
            "",
            {"method": "partial_average"},
            collaboration=1,
            store=1,
            server_url=researcher.base_path,
        )
        assert task["algorithm_store"]["id"] == 1
        rows = researcher.algorithm.list(image=AVERAGE["image"], partitioning="horizontal")
        assert [row["description"] for row in rows] == ["the mean"]
        assert (researcher.algorithm.get(made["id"]))["status"] == "approved"
        with pytest.raises(PermissionDeniedError):
            researcher.algorithm.delete(made["id"])
        assert "msg" in root.algorithm.invalidate(made["id"])
        assert researcher.algorithm.list(name="average") == []
        assert "msg" in root.algorithm.delete(made["id"])
        with pytest.raises(NotFoundError):
            root.algorithm.get(made["id"])


def test_reject_an_algorithm_and_withdraw_a_review(recorded: "Recorded", root: Client) -> None:
    with at_the_store(recorded, "researcher") as researcher:
        made = researcher.algorithm.create(**AVERAGE, documentation_url="https://docs.example")
    with pytest.raises(PermissionDeniedError):
        root.algorithm.update(made["id"], name="not mine")
    (admin_row,) = root.store.user.list(username="admin")
    first = root.store.review.create(made["id"], admin_row["id"])
    assert "msg" in root.store.review.delete(first["id"])
    with pytest.raises(NotFoundError):
        root.store.review.get(first["id"])
    second = root.store.review.create(made["id"], admin_row["id"])
    with pytest.raises(PermissionDeniedError):
        root.store.review.reject(second["id"])
    with at_the_store(recorded, "admin") as admin:
        assert "msg" in admin.store.review.reject(second["id"], "reveals patients")
    (review,) = root.store.review.list(rejected=True, reviewer=admin_row["id"])
    assert review["comment"] == "reveals patients"
    assert (root.algorithm.get(made["id"]))["status"] == "rejected"
    root.algorithm.delete(made["id"])


def test_store_roles_rules_and_users(recorded: "Recorded", root: Client) -> None:
    rules = root.store.rule.list(operation="view")
    assert {row["operation"] for row in rules} == {"view"}
    ids = [row["id"] for row in rules]
    role = root.store.role.create("watcher", "looks around", ids[:2])
    changed = root.store.role.edit(role["id"], name="onlooker", rules=ids[:1])
    assert (changed["name"], changed["description"]) == ("onlooker", "looks around")
    assert [row["id"] for row in root.store.rule.list(role=role["id"])] == ids[:1]

    (viewer,) = root.store.user.list(username="viewer")
    had = [row["id"] for row in root.store.role.list(user=viewer["id"])]
    root.store.user.update(viewer["id"], [role["id"]])
    assert [row["id"] for row in root.store.user.list(role=role["id"])] == [viewer["id"]]
    assert [row["id"] for row in root.store.rule.list(username="viewer")] == ids[:1]
    assert "msg" in root.store.user.delete(viewer["id"])
    with pytest.raises(NotFoundError):
        root.store.user.get(viewer["id"])
    again = root.store.user.register("viewer", had)
    assert (root.store.user.get(again["id"], fields=["username"])) == {"username": "viewer"}

    assert "msg" in root.store.role.delete(role["id"])
    assert root.store.role.list(name="onlooker") == []
    with at_the_store(recorded, "viewer") as onlooker:
        with pytest.raises(PermissionDeniedError):
            onlooker.store.role.create("x", "", ids)


def test_store_policies(root: Client) -> None:
    policies = root.store.policy.get()
    assert "min_reviewers" in policies
    public = root.store.policy.get(public=True)
    assert set(public) < set(policies)
    assert public["algorithm_view"] == policies["algorithm_view"]


def test_store_rows_by_name(recorded: "Recorded") -> None:
    with logged_in(recorded, "root") as client:
        assert (client.store.set("local store"))["id"] == 1
        role = client.store.role.find("Reviewer")
        rules = client.store.rule.list(role="Reviewer")
        assert client.store.rule.id(f"{rules[0]['name']}.{rules[0]['operation']}")
        assert [row["id"] for row in client.store.user.list(role=role)] == [
            row["id"] for row in client.store.user.list(role="Reviewer")
        ]
        user = (client.store.user.list())[0]
        assert (client.store.user.get(user["username"] or ""))["id"] == user["id"]
        with pytest.raises(NameNotFoundError, match="review 'average': not found"):
            client.store.review.get("average")


# the last one: who works at the store loses the roles there
def test_rename_unlink_and_relink_a_store(root: Client) -> None:
    assert (root.store.update(name="renamed"))["name"] == "renamed"
    assert [row["id"] for row in root.store.list(name="rena%")] == [1]
    with pytest.raises(InvalidInputError, match="cannot extend"):
        root.store.update(all_collaborations=True)
    with pytest.raises(InvalidInputError, match="collaboration"):
        root.store.create("https://store.example/api", "x")
    url = root.store.url
    assert url is not None
    with pytest.raises(BadRequestError):
        root.store.create(url, "again", all_collaborations=True, force=True)
    assert "msg" in root.store.delete()
    with pytest.raises(NotFoundError):
        root.store.get(1)
    made = root.store.create(url, "again", collaboration=1, force=True)
    assert (made["name"], made["url"]) == ("again", url)
    assert [row["id"] for row in root.store.list(collaboration=1)] == [made["id"]]
