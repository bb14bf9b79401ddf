# Derived by unasync.py: edit tests/unit/_async/test_plan.py instead.
"""Test what a plan requests, and what it knows without rights and beside a lying server."""

import time
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.scripted_hq import Hq
from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client import Client, Extraction, InvalidInputError

CONFIG = [
    {"key": "encryption", "value": "0"},
    {"key": "allowed_algorithms", "value": "all"},
    {"key": "database_labels", "value": "default"},
]
RULES = [
    {"id": n, "name": name, "operation": operation, "scope": "COLLABORATION"}
    for n, (name, operation) in enumerate([("task", "CREATE"), ("node", "VIEW")])
]
CREATED = {"id": 9, "name": "t"}


def node(id_: int, **others: Any) -> dict[str, Any]:
    seen = datetime.fromtimestamp(time.time() - 30, timezone.utc)
    return {
        "id": 100 + id_,
        "name": "n",
        "organization": {"id": id_},
        "status": "online",
        "last_seen": seen.replace(tzinfo=None).isoformat(),
        "config": CONFIG,
    } | others


class World:
    """A server with 100 organizations."""

    def __init__(self) -> None:
        self.organizations = [{"id": n, "name": f"org{n}"} for n in range(1, 101)]
        self.nodes = [node(n) for n in range(1, 101)]
        self.rules = RULES
        self.answers: dict[str, Reply] = {}

    def __call__(self, request: Request) -> Reply:
        url = urlsplit(request.path)
        path, query = url.path.removeprefix("/api"), dict(parse_qsl(url.query))
        if path in self.answers:
            return self.answers[path]
        number, size = int(query.get("page", 1)), int(query.get("per_page", 10))
        lists = {"/organization": self.organizations, "/node": self.nodes, "/rule": self.rules}
        if path in lists:
            return page(lists[path], number, size)
        if path == "/collaboration/1":
            return 200, {"id": 1, "name": "demo", "encrypted": False}
        if (request.method, path) == ("POST", "/task"):
            return 201, CREATED
        return page([], number, size) if path in ("/task", "/run") else (404, b"<html>")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def planned(server: ScriptedServer, client: Client, world: World) -> Callable[..., Any]:
    """Return a function that logs in and plans."""

    def plan(organizations: Any = "all", **options: Any) -> Any:
        server.reply = with_login(world)
        client.authenticate("researcher", "secret")
        server.seen.clear()
        wanted: dict[str, Any] = {"method": "f", "collaboration": 1, "databases": "default"}
        return client.task.plan(organizations, "t", "image", **wanted | options)

    return plan


def test_plan_takes_two_requests_more_than_create(
    planned: Any, client: Client, server: ScriptedServer
) -> None:
    plan = planned()
    requested = [path.partition("?")[0] for path in server.paths]
    assert len(plan.rows) == 100
    assert plan.ok
    assert {str(check) for row in plan.rows for check in row.values()} >= {"yes"}
    assert not any(path.startswith("POST") for path in requested)
    server.seen.clear()
    client.task.create("all", "t", "image", method="f", collaboration=1, databases="default")
    own = {path.partition("?")[0] for path in server.paths}
    assert [path for path in requested if path not in own and "blobstream" not in path] == [
        "GET /api/rule",
        "GET /api/node",
    ]


def test_names_of_organizations_take_one_more(planned: Any, server: ScriptedServer) -> None:
    plan = planned([1, 2])
    assert [row["organization"] for row in plan.rows] == ["org1", "org2"]
    assert sum(path.startswith("GET /api/organization") for path in server.paths) == 1


def test_send_creates_what_was_prepared(planned: Any, server: ScriptedServer) -> None:
    plan = planned([2, 1], kwargs={"x": 1})
    server.seen.clear()
    assert (plan.send())["id"] == 9
    (request,) = server.seen
    assert (request.method, request.path) == ("POST", "/api/task")
    assert [part["id"] for part in request.body["organizations"]] == [2, 1]
    assert plan.bytes_to_send == sum(len(part["input"]) for part in request.body["organizations"])


def test_plan_makes_the_checks_of_create(planned: Any, server: ScriptedServer) -> None:
    with pytest.raises(InvalidInputError, match="kwargs"):
        planned(kwargs={"x": object()})
    with pytest.raises(InvalidInputError, match="at least one"):
        planned([])
    assert not any(path.startswith("POST /api/task?") for path in server.paths)


def test_clock_of_this_machine_does_not_matter(planned: Any, world: World) -> None:
    then = time.time() - 3 * 86400  # where the clock of the server is, as seen from here
    reply: Any = page(RULES, 1, 250)
    world.answers["/rule"] = (*reply[:2], reply[2] | {"date": formatdate(then, usegmt=True)})
    seen = datetime.fromtimestamp(then - 30, timezone.utc).replace(tzinfo=None).isoformat()
    world.nodes = [node(1, last_seen=seen)]
    assert (planned([1])).rows[0]["online"].age == pytest.approx(30, abs=1)


@pytest.mark.parametrize("path", ["/node", "/rule"])
def test_missing_rights_are_unknown(planned: Any, world: World, path: str) -> None:
    world.answers[path] = (401, {"msg": "You lack the permission to do that!"})
    plan = planned([1])
    assert plan.ok, "nothing is known against it"
    if path == "/node":
        assert plan.rows[0]["node"].state == "unknown"
    else:
        assert plan.right.state == "unknown"


def test_absent_node_is_unknown_to_those_who_see_only_their_own(planned: Any, world: World) -> None:
    world.nodes = [node(3)]
    world.rules = RULES[:1]
    assert (planned([1])).rows[0]["node"].state == "unknown"
    world.rules = RULES
    assert (planned([1])).rows[0]["node"].state == "no"


@pytest.mark.parametrize(
    ("config", "states"),
    [
        ([], "unknown unknown unknown unknown"),
        ([{"key": None, "value": None}], "unknown unknown unknown unknown"),
        ([{"key": "allowed_algorithms", "value": "("}], "unknown yes unknown unknown"),
        ([{"key": "database_labels", "value": "x"}], "unknown yes no unknown"),
        ([*CONFIG, {"key": "encryption", "value": "maybe"}], "yes yes yes unknown"),
    ],
)
def test_lying_node_is_unknown(planned: Any, world: World, config: Any, states: str) -> None:
    world.nodes = [node(1, config=config)]
    (row,) = (planned([1])).rows
    found = [row[name].state for name in ("image", "sender", "data", "encryption")]
    assert " ".join(found) == states


def test_history_takes_two_more_requests(planned: Any, server: ScriptedServer) -> None:
    plan = planned([1], history=True)
    paths = [path.partition("?")[0] for path in server.paths]
    assert [path for path in paths if path in ("GET /api/task", "GET /api/run")] == [
        "GET /api/task",
        "GET /api/run",
    ]
    assert (plan.rows[0]["waiting"], plan.rows[0]["seconds"]) == (0, None)
    assert "this image" in str(plan)


# ---- HQ ---------------------------------------------------------------------------------------
def test_plan_at_hq_starts_no_extraction_and_no_session(hq_client: Client, hq: Hq) -> None:
    hq.answers["/node"] = hq.page([node(n) for n in (1, 2)])
    hq.answers["/rule"] = hq.page(RULES)
    plan = hq_client.task.plan(
        [1, 2],
        "t",
        "image",
        method="f",
        action="federated_compute",
        databases=[Extraction("default", "read_csv", image="other")],
    )
    assert plan.ok
    assert {method for method, _, _ in hq.sent} == {"GET"}
    plan = hq_client.task.plan(
        [1, 2],
        "t",
        "image",
        method="f",
        action="federated_compute",
        databases=["frame1"],
        session=4,
    )
    assert [row["data"].state for row in plan.rows] == ["yes", "no"]
    assert plan.rows[1]["data"].reason == "data frame 'frame1' is not ready"
    assert plan.ready == [1]
    assert {method for method, _, _ in hq.sent} == {"GET"}
