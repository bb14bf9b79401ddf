# Derived by unasync.py: edit tests/unit/_async/test_name_cache.py instead.
"""Test names in place of ids: which requests they need, and how many."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client import (
    AmbiguousNameError,
    Client,
    InvalidInputError,
    NameNotFoundError,
    NotFoundError,
)

Routes = dict[str, Callable[[Request, dict[str, str]], Reply]]


class World:
    """A server with some things on it, which a test may rename."""

    def __init__(self) -> None:
        self.organizations = [
            {"id": id_, "name": f"hospital {id_}", "country": "NL", "domain": ""}
            for id_ in range(1, 5001)
        ]
        self.collaborations = [{"id": 1, "name": "demo", "encrypted": False}]
        self.studies = [{"id": 5, "name": "adults", "collaboration": {"id": 1}}]
        self.nodes = [
            {"id": 40 + n, "name": f"node {n}", "organization": {"id": n}, "status": "online"}
            for n in (1, 2)
        ]
        self.tasks: list[dict[str, Any]] = []
        self.algorithmstores: list[dict[str, Any]] = []

    def reply(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        query = dict(parse_qsl(url.query))
        _, kind, *rest = url.path.strip("/").split("/")
        if request.method == "DELETE" or kind == "kill":
            return 200, {"msg": f"task {rest[0] if kind == 'task' else request.body['id']}"}
        if request.method == "POST":
            return 201, {"id": 9, **request.body}
        plural = {"study": "studies"}.get(kind, f"{kind}s")
        rows: list[dict[str, Any]] = getattr(self, plural)
        if request.method == "PATCH":
            row = next(row for row in rows if row["id"] == int(rest[0]))
            row.update(request.body)
            return 200, row
        if rest:
            found = [row for row in rows if row["id"] == int(rest[0])]
            return (200, found[0]) if found else (404, {"msg": "not found"})
        if "name" in query and "%" not in query["name"]:
            rows = [row for row in rows if row["name"] == query["name"]]
        return page(rows, int(query["page"]), int(query["per_page"]))


@pytest.fixture
def world(server: ScriptedServer, client: Client) -> World:
    made = World()
    server.reply = with_login(made.reply)
    client.authenticate("researcher", "secret")
    server.seen.clear()
    return made


def listings(server: ScriptedServer, kind: str) -> int:
    """Count how often all of a kind were asked for, whatever the number of pages."""
    return sum(
        path.startswith(f"GET /api/{kind}?") and "page=1&" in f"{path}&" for path in server.paths
    )


def test_names_are_listed_once_per_kind(
    server: ScriptedServer, client: Client, world: World
) -> None:
    for _ in range(3):
        task = client.task.create(
            collaboration="demo",
            organizations=["hospital 7", 8, {"id": 9}, "HOSPITAL 4999"],
            name="average",
            image="image",
            method="average",
            kwargs={"column": "age"},
        )
        assert [row["id"] for row in task["organizations"]] == [7, 8, 9, 4999]
    assert listings(server, "organization") == 1
    assert listings(server, "collaboration") == 1
    others = [path for path in server.paths if "?" not in path]
    assert others.pop(1) == "GET /api/blobstream/status"
    assert others == ["GET /api/collaboration/1", "POST /api/task"] * 3


def test_identifiers_and_rows_need_no_lookup(
    server: ScriptedServer, client: Client, world: World
) -> None:
    client.organization.get(7)
    client.organization.get({"id": 8, "name": "renamed meanwhile"})
    assert server.paths == ["GET /api/organization/7", "GET /api/organization/8"]


def test_new_names_and_rows_are_noticed(
    server: ScriptedServer, client: Client, world: World
) -> None:
    assert client.organization.id("hospital 7") == 7
    world.organizations[6]["name"] = "Gemelli"
    world.organizations.append({"id": 6000, "name": "Added", "country": "IT", "domain": ""})
    assert client.organization.id("Gemelli") == 7
    assert client.organization.id("Added") == 6000
    assert listings(server, "organization") == 2
    with pytest.raises(NameNotFoundError):
        client.organization.id("hospital 7")
    assert listings(server, "organization") == 3


def test_changed_names_are_dropped_from_the_cache(client: Client, world: World) -> None:
    assert client.organization.id("hospital 7") == 7
    client.organization.update("hospital 7", name="moved")
    client.organization.update("hospital 8", name="hospital 7")
    assert client.organization.id("hospital 7") == 8


def test_name_of_something_that_was_replaced_is_looked_up_again(
    client: Client, world: World
) -> None:
    assert client.organization.id("hospital 7") == 7
    world.organizations[6] = {**world.organizations[6], "id": 6001}
    with pytest.raises(NotFoundError):
        client.organization.get("hospital 7")
    assert (client.organization.get("hospital 7"))["id"] == 6001


def test_names_in_the_chosen_collaboration_come_first(
    server: ScriptedServer, client: Client, world: World
) -> None:
    client.setup_collaboration("demo")
    server.seen.clear()
    assert client.study.id("adults") == 5
    assert "collaboration_id=1" in server.paths[0]
    with pytest.raises(NameNotFoundError) as caught:
        client.study.id("adolts", collaboration="demo")
    assert "'adolts': not found in collaboration 'demo' (id 1). Did you mean 'adults'" in str(
        caught.value
    )


def test_node_is_found_by_organization(client: Client, world: World) -> None:
    assert (client.node.get("hospital 2"))["id"] == 42
    assert (client.node.find("node 1"))["id"] == 41


def test_task_names_are_not_cached(server: ScriptedServer, client: Client, world: World) -> None:
    world.tasks = [{"id": 12, "name": "average", "status": "active", "created_at": "2026-11-22"}]
    assert client.task.id("average") == 12
    world.tasks.insert(0, {**world.tasks[0], "id": 13, "status": "completed"})
    with pytest.raises(
        AmbiguousNameError, match=r"id 13, status 'completed'.*id 12, status 'active'"
    ):
        client.task.id("average")
    with pytest.raises(NameNotFoundError, match="Did you mean 'average'"):
        client.task.id("averige")


@pytest.mark.parametrize("name", ["12", "12 ", "\u3000 12"])
def test_text_of_digits_is_an_id_and_not_the_name_of_another_task(
    server: ScriptedServer, client: Client, world: World, name: str
) -> None:
    world.tasks = [
        {"id": 57, "name": name, "status": "active"},  # another user's
        {"id": 12, "name": "mortality", "status": "active"},
    ]
    for text in ("12", " 12", "012", "12\n"):
        assert (client.task.get(text))["id"] == 12
        assert client.task.id(text) == 12
        assert (client.task.kill(text))["msg"] == "task 12"
        assert (client.task.delete(text))["msg"] == "task 12"
    with pytest.raises(InvalidInputError, match=r"expected a name, got '12'. Use get\(\)"):
        client.task.find("12")
    with pytest.raises(InvalidInputError, match="too many digits"):
        client.task.get("1" * 5000)
    with pytest.raises(NameNotFoundError):
        client.task.get("\u0661\u0662")  # digits of another script are a name
    assert "57" not in "".join(path for path in server.paths if "?" not in path)


def test_text_of_digits_is_an_id_in_a_new_task(
    server: ScriptedServer, client: Client, world: World
) -> None:
    world.organizations[8]["name"] = "3"
    world.collaborations.append({"id": 2, "name": "1", "encrypted": False})
    task = client.task.create(
        collaboration="1", organizations=["3", " 4 "], name="t", image="i", method="m"
    )
    assert [row["id"] for row in task["organizations"]] == [3, 4]  # type: ignore[typeddict-item]
    assert task["collaboration_id"] == 1  # type: ignore[typeddict-item]
    client.setup_collaboration(2)
    assert client.save_profile("p").read_text().splitlines()[-1] == "collaboration = 2"


def test_tasks_are_filtered_by_store_name(client: Client, world: World) -> None:
    world.algorithmstores = [{"id": 3, "name": "reviewed", "url": "https://store.example/api"}]
    world.tasks = [
        {"id": 12, "status": "pending", "algorithm_store": {"id": 3}},
        {"id": 11, "status": "pending", "algorithm_store": None},
    ]
    for store in ("reviewed", 3, {"id": 3}):
        assert [task["id"] for task in client.task.list(store=store)] == [12]


def test_find_returns_a_whole_row(client: Client, world: World) -> None:
    assert (client.organization.find("Hospital 3"))["country"] == "NL"
    assert (client.find("study", "adults", collaboration="demo"))["id"] == 5
    with pytest.raises(InvalidInputError, match=r"kind: expected one of .*, got 'planet'"):
        client.find("planet", "earth")  # type: ignore[arg-type]  # the mistake of a user


def test_new_login_clears_the_names(server: ScriptedServer, client: Client, world: World) -> None:
    client.organization.id("hospital 7")
    client.authenticate("viewer", "secret")
    server.seen.clear()
    client.organization.id("hospital 7")
    assert listings(server, "organization") == 1
