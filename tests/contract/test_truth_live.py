"""Test the contract against a real server: each operation, by each kind of caller.

Every response of the server is compared with the contract (see truth.py), whatever the test checks:
its status must be documented, its body valid, and the models must lose nothing.
"""

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http import HTTPStatus
from typing import Any

import jwt
import pyotp
import pytest

from vantage6.bindings.server import calls
from vantage6.localnet import LocalNetwork

from .callers import (
    AVERAGE,
    IMAGE,
    INPUT,
    PASSWORD,
    SECRET,
    VERSION,
    Caller,
    World,
    blob_store,
    connected,
    encoded,
    new_user,
    populate,
    serve,
    store_stand_in,
)
from .truth import Truth, listings

pytestmark = pytest.mark.live

NO_SUCH_ID = 999_999
THEN = "2026-01-02T03:04:05.678901"

# Operations that cannot succeed on one machine, each with the reason.
NEVER_SUCCEED = {
    "get_vpn_config": "needs a VPN server of eduVPN",
    "kill_node_tasks": "the server looks for a rule on tasks that there is on events only",
}


# -- every operation, asked wrongly ----------------------------------------------------------------
def requests(
    truth: Truth, id_: int = NO_SUCH_ID
) -> Iterator[tuple[dict[str, Any], str, str, bool]]:
    """Yield each operation with its method, a path to one row, and whether it takes JSON."""
    for path, methods in truth.contract["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            target = re.sub(r"\{\w+\}", str(id_), path)
            yield operation, method.upper(), target, "application/json" in content


def test_secured_operations_require_a_token(truth: Truth, world: World) -> None:
    stranger = Caller(world.nobody.url, "no.token")
    for operation, method, path, takes_json in requests(truth):
        body = {"json": {}} if takes_json else {}
        answers = [actor.send(method, path, **body) for actor in (world.nobody, stranger)]
        statuses = [answer.status_code for answer in answers]
        if operation.get("security") == []:
            assert not {401, 422} & set(statuses), operation["operationId"]
        else:
            assert statuses == [401, 422], operation["operationId"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", '{"mood": "good"}'),
        ("text/plain", "{}"),
    ],
)
def test_invalid_bodies_are_rejected(truth: Truth, full: World, kind: str, content: str) -> None:
    nodes_only = {"create_container_token", "create_port", "update_run"}
    for operation, method, path, takes_json in requests(truth, id_=1):
        if takes_json:
            actor = full.node if operation["operationId"] in nodes_only else full.root
            answer = actor.send(method, path, content=content, headers={"Content-Type": kind})
            assert answer.status_code >= HTTPStatus.BAD_REQUEST, operation["operationId"]


@pytest.mark.parametrize("name", ["root", "researcher", "viewer", "node", "algorithm"])
def test_missing_rows_are_not_found(truth: Truth, world: World, name: str) -> None:
    actor = world.algorithm(world.task()) if name == "algorithm" else getattr(world, name)
    for operation, method, path, takes_json in requests(truth):
        listing = "Page" in str(operation["responses"].get("200"))
        for body in [{"json": {}}, {"json": {"id": NO_SUCH_ID}}] if takes_json else [{}]:
            answer = actor.send(method, path, **body)
            if listing and name == "root":
                assert answer.status_code == HTTPStatus.OK


@pytest.mark.parametrize("kind", ["users", "nodes", "algorithms"])
def test_operations_reject_other_kinds_of_callers(truth: Truth, world: World, kind: str) -> None:
    actors = {"users": world.root, "nodes": world.node}
    actor = actors.get(kind) or world.algorithm(world.task())
    for operation, method, path, _ in requests(truth):
        audience = operation.get("description", "")
        if audience.startswith("Open to") and kind not in audience:
            answer = actor.send(method, path, json={})
            assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR, operation["operationId"]


# -- listings --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def full(world: World) -> Iterator[World]:
    """Yield the world with something for each filter to find."""
    world.task(description="described", databases=[{"label": "default"}])
    parent = world.task(study_id=world.study["id"])
    world.task(actor=world.algorithm(parent), name="a part of it")
    run = world.run(parent)
    world.node(calls.update_run(run["id"], {"started_at": THEN, "finished_at": THEN}))
    for name in ("Numbers", "More numbers"):
        collaboration = world.root(
            calls.create_collaboration({"name": name, "organization_ids": [1], "encrypted": True})
        )
        study = {
            "name": name,
            "collaboration_id": collaboration["id"],
            "organization_ids": [1],
        }
        world.root(calls.create_study(study), 201)
    ids = [row["id"] for row in world.organizations]
    world.root(calls.create_role({"name": "Reader", "rules": [1], "organization_id": ids[0]}), 201)
    ruled = new_user("ruled", ids[0], [])
    world.root(calls.create_user(ruled | {"rules": [1]}), 201)
    world.root(calls.update_node(world.nodes[0]["id"], {"ip": "10.0.0.1"}))
    with store_stand_in() as url:
        link_store(world, url, collaboration_id=world.collaboration["id"])
        yield world


def link_store(world: World, url: str, **more: Any) -> Any:
    """Link an algorithm store."""
    body = {
        "name": "a store",
        "algorithm_store_url": url,
        "server_url": world.nobody.url + "/api",
        "force": True,
    }
    return world.root(calls.create_algorithm_store(body | more), 201)


def test_lists_are_paginated(truth: Truth, full: World) -> None:
    for path in set(listings(truth)) - {"/algorithmstore"}:
        answers = [
            full.root.send("GET", path, params={"page": page, "per_page": 1}) for page in (1, 2)
        ]
        first, second = (answer.json()["data"][0]["id"] for answer in answers)
        assert first != second, path
        assert int(answers[0].headers["total-count"]) > 1
        assert "rel=next" in answers[0].headers["link"]


def test_lists_are_sorted_on_request(truth: Truth, full: World) -> None:
    for path in listings(truth):
        for sort, descending in (("id", False), ("-id", True)):
            answer = full.root.send("GET", path, params={"sort": sort, "per_page": 100})
            ids = [row["id"] for row in answer.json()["data"]]
            # Tasks and what belongs to them come newest first, whatever is asked.
            newest_first = descending or path in {"/task", "/run", "/result"}
            assert ids == sorted(ids, reverse=newest_first), path


def test_empty_list_has_no_last_page(world: World) -> None:
    page = world.root(calls.list_organizations(name="nobody"))
    assert page["data"] == []
    assert "last" not in page["links"]


def test_invalid_page_or_sort_returns_500(truth: Truth, world: World) -> None:
    for path in listings(truth):
        for wrong in ({"page": 0}, {"per_page": 0}, {"page": "x"}, {"sort": "taste"}):
            answer = world.root.send("GET", path, params=wrong)
            assert answer.status_code == HTTPStatus.INTERNAL_SERVER_ERROR, (path, wrong)


# What cannot be filtered by, although the server documents it: its answer to any value, and why.
DEAD_FILTERS = {
    "/run?port": "fails: it looks for a field that runs do not have",
    "/result?port": "fails: it looks for a field that runs do not have",
    "/task?run_id": "fails: it looks for a field that runs do not have",
    "/task?store_id": "fails: it looks for a field that tasks do not have",
    "/task?status": "fails: the status is computed, there is no such column",
    "/user?collaboration_id": "keeps nothing: it compares a number with a text",
    "/role?collaboration_id": "keeps nothing: it compares a number with a text",
}


def moment(**difference: float) -> str:
    """Return a time near now, as filters by time want it."""
    time = datetime.now(timezone.utc) + timedelta(**difference)
    return time.strftime("%Y-%m-%d %H:%M:%S")


def filters(world: World) -> dict[str, tuple[object, object]]:
    """Return for each query parameter two values, of which the first keeps some rows."""
    first, last = world.organizations[0]["id"], world.organizations[2]["id"]
    tasks = world.root(calls.list_tasks(per_page=100))["data"]
    parent = next(task["parent"]["id"] for task in tasks if task["parent"])
    before, after = moment(minutes=-30), moment(minutes=30)
    return {
        "name": ("%t%", "nobody"),
        "/rule?name": ("task", "nobody"),
        "description": ("%", "nothing"),
        "image": ("%average%", "nothing"),
        "country": ("Nowhere", "Somewhere"),
        "ids": ([first, last], [NO_SUCH_ID]),
        "organization_id": (first, last),
        "collaboration_id": (world.collaboration["id"], world.collaboration["id"] + 1),
        "study_id": (world.study["id"], world.study["id"] + 1),
        "task_id": (parent, NO_SUCH_ID),
        "node_id": (world.nodes[0]["id"], world.nodes[1]["id"]),
        "role_id": (world.roles["Viewer"], world.roles["node"]),
        "rule_id": (1, NO_SUCH_ID),
        "user_id": (world.users["viewer"]["id"], NO_SUCH_ID),
        "run_id": (1, NO_SUCH_ID),
        "store_id": (1, NO_SUCH_ID),
        "algorithm_store_id": (1, NO_SUCH_ID),
        "parent_id": (parent, NO_SUCH_ID),
        "job_id": (1, NO_SUCH_ID),
        "init_org_id": (first, last),
        "init_user_id": (world.users["researcher"]["id"], world.users["viewer"]["id"]),
        "is_user_created": (1, 0),
        "database": ("default", "unknown"),
        "status": ("online", "unknown"),
        "state": ("open", "open"),
        "port": (8888, 9999),
        "ip": ("10.0.0.1", "10.0.0.2"),
        "encrypted": (0, 1),
        "url": ("http%", "ftp%"),
        "operation": ("VIEW", "LOOK"),
        "scope": ("OWN", "ALL"),
        "username": ("view%", "nobody"),
        "firstname": ("View%", "nobody"),
        "lastname": ("Test%", "nobody"),
        "email": ("view%", "nobody"),
        "last_seen_from": (before, after),
        "last_seen_till": (after, before),
        "assigned_from": (before, after),
        "assigned_till": (after, before),
        "started_from": (before, after),
        "started_till": (after, before),
        "finished_from": (before, after),
        "finished_till": (after, before),
    }


NO_FILTERS = {"page", "per_page", "sort", "include", "include_root", "no_pagination"}


def test_filters_return_matching_rows(truth: Truth, full: World) -> None:
    with connected(full.other_node):  # before 4.8, one that was never online has no status
        assert dead_filters(truth, full) == set(DEAD_FILTERS)


def dead_filters(truth: Truth, full: World) -> set[str]:
    """Return the parameters that do not keep what they say."""
    values, dead = filters(full), set()
    for path, names in listings(truth).items():
        total = int(full.root.send("GET", path).headers["total-count"])
        for name in set(names) - NO_FILTERS:
            asked = values.get(f"{path}?{name}", values.get(name))
            answers = [full.root.send("GET", path, params={name: value}) for value in asked]
            kept = [int(answer.headers.get("total-count", 0)) for answer in answers]
            # One store is linked, and no collaboration is without it.
            if not kept[0] or (min(kept) == total and "store" not in path + name):
                dead.add(f"{path}?{name}")
    return dead


def test_other_list_parameters(full: World) -> None:
    organization = full.organizations[0]["id"]
    own = full.root(calls.list_roles(organization_id=[organization]))
    more = full.root(calls.list_roles(organization_id=[organization], include_root=True))
    assert [row["name"] for row in own["data"]] == ["Reader"]
    assert len(more["data"]) > 1
    assert len(full.root(calls.list_rules(no_pagination=1))["data"]) > 10
    researcher = full.users["researcher"]["id"]
    assert "permissions" not in full.researcher(calls.get_user(researcher))
    told = full.researcher(calls.get_user(researcher, include_permissions=True))["permissions"]
    assert told["roles"] == [full.roles["Researcher"]]


def test_includes_replace_links(full: World) -> None:
    task = full.root(calls.list_tasks(include=["runs", "results"], per_page=100))["data"][-1]
    assert full.root(calls.get_task(task["id"], include=["runs", "results"])) == task
    assert [run["task"]["id"] for run in task["runs"]] == [task["id"]] * 2
    assert {result["result"] for result in task["results"]} == {None}
    for only in ("runs", "results"):
        assert isinstance(full.root(calls.get_task(task["id"], include=[only]))[only], list)
    run = full.root(calls.list_runs(include=["task"], task_id=task["id"]))["data"][0]
    assert full.root(calls.get_run(run["id"], include="task")) == run
    assert run["task"]["name"] == task["name"]
    collaboration, study = full.collaboration["id"], full.study["id"]
    for listed, single in (
        (
            calls.list_collaborations,
            calls.get_collaboration(collaboration, include=["organizations"]),
        ),
        (calls.list_studies, calls.get_study(study, include=["organizations"])),
    ):
        row = full.root(listed(include=["organizations"], sort="id"))["data"][0]
        assert row == full.root(single)
        assert row["organizations"][0]["name"] == "Alpha"


# -- people and places -----------------------------------------------------------------------------
def test_organizations(world: World) -> None:
    body = {"name": "Delta", "address1": "1", "address2": "2", "zipcode": "3", "domain": "d.org"}
    made = world.root(calls.create_organization(body | {"public_key": "a2V5"}), 201)
    assert made["public_key"] == "a2V5"
    assert world.root(calls.get_organization(made["id"])) == made
    changed = world.root(calls.update_organization(made["id"], {"country": "Here"}))
    assert changed == made | {"country": "Here"}
    world.root(calls.create_organization(body), 400)
    world.root(calls.update_organization(made["id"], {"name": "Alpha"}), 400)
    world.researcher(calls.update_organization(made["id"], {"country": "There"}), 401)
    # Since 4.15 a key once set is its organization's alone.
    world.root(calls.update_organization(made["id"], {"public_key": "bmV3"}), 200, 401)
    own = world.organizations[0]["id"]
    assert (
        world.node(calls.update_organization(own, {"public_key": "bmV3"}))["public_key"] == "bmV3"
    )
    world.researcher(calls.create_organization({"name": "Epsilon"}), 401)
    world.researcher(calls.delete_organization(made["id"]), 401)
    user = world.root(calls.create_user(new_user("delta", made["id"], [])), 201)
    world.root(calls.delete_organization(made["id"]), 400)
    world.root(calls.delete_organization(1), 400)
    world.root(calls.delete_organization(made["id"], delete_dependents=True))
    world.root(calls.get_user(user["id"]), 404)
    world.root(calls.get_organization(made["id"]), 404)


def test_collaborations(world: World) -> None:
    first, second = (row["id"] for row in world.organizations[:2])
    body = {"name": "Small", "organization_ids": [first], "encrypted": False}
    made = world.root(calls.create_collaboration(body))
    id_ = made["id"]
    assert world.root(calls.get_collaboration(id_)) == made
    assert world.root(calls.update_collaboration(id_, {"encrypted": True}))["encrypted"] is True
    world.root(calls.update_collaboration(id_, {"name": "Little", "organization_ids": [first]}))
    world.root(calls.update_collaboration(id_, {"name": "Letters"}), 400)
    world.root(calls.create_collaboration(body | {"name": "Letters"}), 400)
    members = world.root(calls.add_organization_to_collaboration(id_, {"id": second}))
    assert [row["id"] for row in members] == [first, second]
    node = world.root(
        calls.create_node({"collaboration_id": id_, "organization_id": second, "name": "Moved"}),
        201,
    )
    world.root(calls.add_node_to_collaboration(id_, {"id": node["id"]}), 400)
    left = world.root(calls.remove_node_from_collaboration(id_, {"id": node["id"]}))
    assert "removed" in left["msg"]
    # A node that has been taken out belongs to no collaboration, and can be put back.
    assert world.root(calls.get_node(node["id"]))["collaboration"] is None
    assert len(world.root(calls.list_nodes(name="Moved"))["data"]) == 1
    nodes = world.root(calls.add_node_to_collaboration(id_, {"id": node["id"]}), 201)
    assert [row["name"] for row in nodes] == ["Moved"]
    members = world.root(calls.remove_organization_from_collaboration(id_, {"id": second}))
    assert [row["id"] for row in members] == [first]
    world.root(calls.delete_collaboration(id_), 400)
    world.researcher(calls.delete_collaboration(id_), 401)
    world.root(calls.delete_collaboration(id_, delete_dependents=True))
    world.root(calls.get_collaboration(id_), 404)


def test_studies(world: World) -> None:
    first, second, third = (row["id"] for row in world.organizations)
    body = {
        "name": "Pair",
        "collaboration_id": world.collaboration["id"],
        "organization_ids": [first],
    }
    made = world.root(calls.create_study(body), 201)
    assert [row["id"] for row in made["organizations"]] == [first]
    world.root(calls.create_study(body), 400)
    changed = world.root(
        calls.update_study(made["id"], {"name": "Two", "organization_ids": [first, second]})
    )
    assert changed["name"] == "Two"
    assert isinstance(world.root(calls.get_study(made["id"]))["organizations"], str)
    members = world.root(calls.add_organization_to_study(made["id"], {"id": third}))
    assert len(members) == 3
    members = world.root(calls.remove_organization_from_study(made["id"], {"id": first}))
    assert [row["id"] for row in members] == [second, third]
    world.root(calls.add_organization_to_study(made["id"], {"id": 1}), 400)
    world.task(study_id=made["id"], organizations=[{"id": second, "input": INPUT}])
    world.root(calls.delete_study(made["id"]), 400)
    world.researcher(calls.delete_study(made["id"]), 401)
    world.root(calls.delete_study(made["id"], delete_dependents=True))


def test_nodes(world: World) -> None:
    third = world.organizations[2]["id"]
    body = {"collaboration_id": world.collaboration["id"], "organization_id": third}
    made = world.root(calls.create_node(body), 201)
    assert made["status"] in {"offline", None}  # before 4.8, null until the node has come online
    world.root(calls.create_node(body), 400)
    world.root(calls.create_node({"collaboration_id": 1, "organization_id": 1}), 400)
    world.root(calls.create_node(body | {"organization_id": NO_SUCH_ID}), 404)
    changed = world.root(calls.update_node(made["id"], {"name": "Third", "ip": "10.9.8.7"}))
    assert (changed["name"], changed["ip"]) == ("Third", "10.9.8.7")
    assert world.root(calls.update_node(made["id"], {"clear_ip": True}))["ip"] is None
    for fixed in ("organization_id", "collaboration_id"):
        refused = world.root.send("PATCH", f"/node/{made['id']}", json={fixed: 1})
        assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert world.node(calls.get_node(world.nodes[0]["id"]))["type"] == "node"
    key = world.root(calls.reset_api_key({"id": made["id"]}))["api_key"]
    world.nobody(calls.create_node_token({"api_key": made["api_key"]}), 401)
    world.nobody(calls.create_node_token({"api_key": key}))
    world.viewer(calls.reset_api_key({"id": made["id"]}), 401)
    world.root(calls.delete_node(made["id"]))


def test_node_configuration_is_shared(world: World) -> None:
    id_ = world.nodes[0]["id"]
    ask = {
        "collaboration_id": world.collaboration["id"],
        "db_label": "default",
        "organizations": [{"id": world.organizations[0]["id"], "input": INPUT}],
    }
    task = world.researcher(
        calls.request_column_names(ask | {"query": "q", "sheet_name": "s"}), 201
    )
    assert task["databases"][0]["label"] == "default"
    world.root(calls.kill_node_tasks({"id": id_}), 400)
    with connected(world.node) as socket:
        socket.emit("node_info_update", {"columns_default": ["age", "height"]})
        node = world.root(calls.get_node(id_))
        assert node["status"] == "online"
        assert {row["value"] for row in node["config"]} == {"age", "height"}
        columns = world.researcher(calls.request_column_names(ask), 200)["columns"]
        assert sorted(columns) == ["age", "height"]
        world.root(calls.kill_node_tasks({"id": id_}), 500)
    world.viewer(calls.request_column_names(ask), 401)
    world.root(calls.request_column_names(ask | {"collaboration_id": NO_SUCH_ID}), 404)


def test_users(world: World) -> None:
    organization, viewer = world.organizations[1]["id"], world.roles["Viewer"]
    body = new_user("someone", organization, [viewer]) | {"rules": [1]}
    made = world.root(calls.create_user(body), 201)
    id_ = made["id"]
    world.root(calls.create_user(body), 400)
    nowhere = new_user("nowhere", NO_SUCH_ID, [])
    world.root(calls.create_user(nowhere), 404)
    unnamed = {key: value for key, value in body.items() if key != "firstname"}
    unnamed |= {"username": "unnamed", "email": "unnamed@example.org"}
    assert (
        world.root.send("POST", "/user", json=unnamed).status_code
        == HTTPStatus.INTERNAL_SERVER_ERROR
    )
    someone = world.nobody.log_in("someone")
    changed = someone(
        calls.update_user(
            id_,
            {"username": "else", "firstname": "E", "lastname": "L", "email": "e@example.org"},
        )
    )
    assert changed["username"] == "else"
    world.root(calls.update_user(id_, {"roles": [viewer], "rules": [2]}))
    world.root(calls.update_user(id_, {"roles": [NO_SUCH_ID]}), 404)
    world.root(calls.update_user(id_, {"username": "other"}), 400)
    someone(calls.update_user(id_, {"roles": []}), 401)
    refused = world.root.send("PATCH", f"/user/{id_}", json={"password": PASSWORD})
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    world.researcher(calls.delete_user(id_), 401)
    someone(calls.delete_user(id_))
    assert world.root(calls.get_user(1))["firstname"] is None


def test_deleting_a_user_with_tasks(world: World) -> None:
    body = new_user("leaver", world.organizations[0]["id"], [world.roles["Researcher"]])
    made = world.root(calls.create_user(body), 201)
    task = world.task(actor=world.nobody.log_in("leaver"))
    world.root(calls.delete_user(made["id"]), 400)
    world.root(calls.delete_user(made["id"], delete_dependents=True))
    world.root(calls.get_task(task["id"]), 404)


def test_roles_and_rules(world: World) -> None:
    rule = world.researcher(calls.get_rule(1))
    assert rule["operation"] == "VIEW"
    made = world.root(calls.create_role({"name": "Some", "description": "d", "rules": [1]}), 201)
    id_ = made["id"]
    assert world.root(calls.get_role(id_)) == made
    assert made["organization"]["id"] == 1
    # In 4.10 and 4.11, a name that is taken is told with 500.
    world.root(calls.create_role({"name": "Viewer", "rules": [1]}), 400, 500)
    world.root(calls.create_role({"name": "Other", "rules": [NO_SUCH_ID]}), 404)
    world.researcher(calls.create_role({"name": "Other", "rules": []}), 401)
    changed = world.root(calls.update_role(id_, {"name": "Any", "description": "e", "rules": [2]}))
    assert (changed["name"], changed["description"]) == ("Any", "e")
    world.root(calls.update_role(world.roles["Viewer"], {"name": "Any"}), 400)
    refused = world.root.send("PATCH", f"/role/{id_}", json={"organization_id": 2})
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert [row["id"] for row in world.root(calls.add_rule_to_role(id_, 3), 201)] == [2, 3]
    assert [row["id"] for row in world.root(calls.remove_rule_from_role(id_, 2))] == [3]
    world.root(calls.remove_rule_from_role(id_, NO_SUCH_ID), 404)
    world.researcher(calls.add_rule_to_role(id_, 3), 401)
    user = world.root(calls.create_user(new_user("holder", 1, [id_])), 201)
    world.root(calls.delete_role(id_), 400)
    world.root(calls.delete_role(world.roles["Viewer"]), 400)
    world.root(calls.delete_role(id_, delete_dependents=True))
    world.root(calls.delete_user(user["id"]))


def test_algorithm_stores(truth: Truth, world: World) -> None:
    server_url = world.nobody.url + "/api"
    # Before 4.8, the address of the server is a parameter.
    named: Any = truth.fitting("TaskInput", {"server_url": server_url})
    named |= {} if named else {"query": {"server_url": server_url}}
    with store_stand_in() as url:
        made = link_store(world, url)
        id_ = made["id"]
        again = {"name": "again", "algorithm_store_url": url, "server_url": url, "force": True}
        world.root(calls.create_algorithm_store(again), 400)
        world.researcher(calls.create_algorithm_store(again), 401)
        world.root(calls.create_algorithm_store(again | {"collaboration_id": NO_SUCH_ID}), 404)
        closed = again | {"algorithm_store_url": url.replace("/api", "/closed")}
        world.root(calls.create_algorithm_store(closed), 403)
        gone = again | {"algorithm_store_url": "http://127.0.0.1:9/api"}
        world.root(calls.create_algorithm_store(gone), 404)
        assert world.node(calls.get_algorithm_store(id_)) == made
        task = world.task(store_id=id_, **named)
        assert task["algorithm_store"]["id"] == id_
        assert task["image"].startswith(f"{IMAGE}@sha256:")
        changed = world.root(
            calls.update_algorithm_store(id_, {"name": "one", "collaboration_id": 1})
        )
        assert (changed["name"], type(changed["collaborations"])) == ("one", str)
        world.researcher(calls.update_algorithm_store(id_, {"name": "two"}), 401)
        body = {"name": "Apart", "organization_ids": [1], "encrypted": False}
        apart = world.root(calls.create_collaboration(body))["id"]
        world.root(calls.update_algorithm_store(id_, {"collaboration_id": apart}))
        world.task(status=403, store_id=id_, **named)
        world.root(calls.list_algorithm_stores(collaboration_id=NO_SUCH_ID), 404)
        world.researcher(calls.delete_algorithm_store(id_, server_url=server_url), 401)
        world.root(calls.delete_algorithm_store(id_), 400)
        world.root(calls.delete_algorithm_store(id_, server_url=server_url))


# -- work ------------------------------------------------------------------------------------------
def status_of(truth: Truth, actor: Caller, task: int) -> str:
    """Return where a task stands, by the operation for that where the server has one."""
    if "get_task_status" in truth.operations:
        return actor(calls.get_task_status(task))["status"]
    return actor(calls.get_task(task))["status"]


def test_task_from_creation_to_completion(truth: Truth, world: World) -> None:
    database = {
        "label": "default",
        "query": "select",
        "sheet_name": "one",
        "arguments": {"a": 1},
        "preprocessing": [{"function": "select_rows", "parameters": {"query": "age > 3"}}],
    }
    database = truth.fitting("DatabaseInput", database)
    task = world.task(databases=[database], description="whole")
    assert task["status"] == "pending"
    assert task.get("finished_at") is None
    run = world.run(task)
    assert run["node"]["id"] == world.nodes[0]["id"]
    started = world.node(calls.update_run(run["id"], {"started_at": THEN, "status": "active"}))
    assert started["started_at"] == THEN
    assert status_of(truth, world.researcher, task["id"]) == "active"
    world.other_node(calls.update_run(run["id"], {"log": "not mine"}), 401)
    end = {"finished_at": "2026-01-02T03:05:00.000001", "status": "completed", "log": "done"}
    world.node(calls.update_run(run["id"], end | {"result": "cmVzdWx0"}))
    world.node(calls.update_run(run["id"], {"log": "too late"}), 400)
    world.other_node(calls.update_run(world.run(task, 1)["id"], end))
    assert world.researcher(calls.get_result(run["id"]))["result"] == "cmVzdWx0"
    assert world.researcher(calls.get_run(run["id"]))["log"] == "done"
    whole = world.researcher(calls.get_task(task["id"]))
    assert whole["status"] == "completed"
    # Where tasks have it, the contract wants it in every answer.
    assert whole.get("finished_at", THEN).startswith("2026-01-02")
    world.node(calls.create_container_token({"task_id": task["id"], "image": IMAGE}), 400)
    world.researcher(calls.kill_task({"id": task["id"]}), 400)
    world.viewer(calls.delete_task(task["id"]), 401)
    world.researcher(calls.delete_task(task["id"]))


def test_failed_run_fails_the_task(world: World) -> None:
    task = world.task()
    end = {"finished_at": THEN, "status": "crashed"}
    world.node(calls.update_run(world.run(task)["id"], end))
    # Since 4.14 it ends the others, too; before that, the task may tell how its only failure ended.
    assert world.run(task, 1)["status"] in {"pending", "failed"}
    assert world.researcher(calls.get_task(task["id"]))["status"] in {"crashed", "failed"}


def test_rejected_tasks(world: World) -> None:
    def ask(*statuses: int, actor: Caller = world.researcher, **more: object) -> None:
        target = {"collaboration_id": world.collaboration["id"]}
        target["organizations"] = [{"id": world.organizations[0]["id"], "input": INPUT}]
        actor(calls.create_task({"image": IMAGE, **target, **more}), *statuses)

    ask(201)
    ask(400, organizations=[])
    ask(400, organizations=[{"id": 1, "input": INPUT}])
    ask(400, databases=[{"label": "default", "kind": "csv"}])
    # In 4.10 and 4.11, a name that is a number is told with 500.
    ask(400, 500, name="12345")
    ask(400, organizations=[{"id": world.organizations[2]["id"], "input": INPUT}])
    ask(400, store_id=NO_SUCH_ID)
    ask(404, collaboration_id=NO_SUCH_ID)
    ask(404, study_id=NO_SUCH_ID)
    ask(401, actor=world.root)
    ask(401, actor=world.viewer)
    # The base of the input is read without a look whether it is there.
    ask(500, organizations=[{"id": world.organizations[0]["id"]}])


def test_subtasks_and_their_ports(world: World) -> None:
    task = world.task()
    algorithm = world.algorithm(task)
    part = world.task(actor=algorithm)
    assert part["parent"]["id"] == task["id"]
    assert part["job_id"] == task["job_id"]
    assert part["init_user"] == task["init_user"]
    run = world.run(part)
    port = world.node(calls.create_port({"port": 8888, "run_id": run["id"], "label": "main"}), 201)
    assert port["label"] == "main"
    world.node(calls.create_port({"port": 8889, "run_id": run["id"], "label": None}), 201)
    world.other_node(calls.create_port({"port": 8888, "run_id": run["id"]}), 401)
    assert len(world.root(calls.get_run(run["id"]))["ports"]) == 2
    found = algorithm(calls.list_vpn_addresses(include_children=True))["addresses"]
    assert {row["port"] for row in found} == {8888, 8889}
    assert {row["parent_id"] for row in found} == {task["id"]}
    found = algorithm(calls.list_vpn_addresses(only_children=True, label="main"))["addresses"]
    assert [row["port"] for row in found] == [8888]
    child = world.algorithm(part)
    for only in ({"only_self": True}, {"only_siblings": True}, {"only_parent": True}):
        child(calls.list_vpn_addresses(**only))
    child(calls.list_vpn_addresses(include_parent=True))
    child(calls.list_vpn_addresses(only_self=True, only_parent=True), 400)
    world.other_node(calls.delete_ports(run_id=run["id"]), 401)
    world.node(calls.delete_ports(run_id=run["id"]))
    assert world.root(calls.get_run(run["id"]))["ports"] == []


def test_algorithm_permissions(truth: Truth, world: World) -> None:
    task = world.task()
    algorithm = world.algorithm(task)
    assert algorithm(calls.get_task(task["id"]))["id"] == task["id"]
    assert status_of(truth, algorithm, task["id"]) == "pending"
    assert len(algorithm(calls.list_runs(task_id=task["id"]))["data"]) == 2
    assert len(algorithm(calls.list_results(task_id=task["id"]))["data"]) == 2
    assert algorithm(calls.get_collaboration(world.collaboration["id"]))["name"] == "Letters"
    assert algorithm(calls.get_study(world.study["id"]))["name"] == "First letters"
    assert len(algorithm(calls.list_organizations())["data"]) == 3


def test_kill_task(world: World) -> None:
    task = world.task()
    world.viewer(calls.kill_task({"id": task["id"]}), 401)
    world.root(calls.kill_task({"id": task["id"]}))
    # Before 4.8 a task that did not complete has failed, whatever the reason.
    assert world.root(calls.get_task(task["id"]))["status"] in {"killed by user", "failed"}
    assert world.run(task)["status"] == "killed by user"
    assert world.run(task)["finished_at"] is not None


def test_run_without_node(world: World) -> None:
    first = world.organizations[0]["id"]
    body = {"name": "Brief", "organization_ids": [first], "encrypted": False}
    collaboration = world.root(calls.create_collaboration(body))["id"]
    node = world.root(
        calls.create_node({"collaboration_id": collaboration, "organization_id": first}), 201
    )
    task = world.task(collaboration_id=collaboration, organizations=[{"id": first, "input": INPUT}])
    world.root(calls.delete_node(node["id"]))
    assert world.root(calls.list_runs())["data"][0]["task"]["id"] == task["id"]
    assert world.run(task)["node"] == {}


def test_blob_store_is_not_configured(truth: Truth, world: World) -> None:
    world.task()
    if "upload_blob" in truth.operations:
        assert world.node(calls.get_blob_store_status()) == {"blob_store_enabled": False}
        refused = world.researcher.send("POST", "/blobstream", content=b"x")
        assert refused.status_code == HTTPStatus.NOT_IMPLEMENTED
        assert world.root(calls.download_blob(INPUT), 501)["msg"]
        world.root(calls.download_blob("nothing"), 404)


def test_blobs_of_any_size(truth: Truth) -> None:
    if "upload_blob" not in truth.operations:
        return
    with blob_store() as setting, serve(large_result_store=setting) as url:
        world = populate(url)
        assert world.node(calls.get_blob_store_status()) == {"blob_store_enabled": True}
        stored = world.researcher.send("POST", "/blobstream", content=b"x" * 100_000)
        assert stored.status_code == HTTPStatus.CREATED
        id_ = stored.json()["uuid"]
        task = world.task(organizations=[{"id": world.organizations[0]["id"], "input": id_}])
        assert world.node.send("GET", f"/blobstream/{id_}").content == b"x" * 100_000
        algorithm = world.algorithm(task)
        for actor in (world.node, algorithm):
            assert actor.send("POST", "/blobstream", content=b"x").status_code == HTTPStatus.CREATED
        assert world.viewer.send("POST", "/blobstream", content=b"x").status_code == 401
        end = {"finished_at": THEN, "status": "completed"}
        world.node(calls.update_run(world.run(task)["id"], end))
        assert algorithm.send("POST", "/blobstream", content=b"x").status_code == 403
        world.nobody(calls.download_blob(id_), 401)


def test_vpn_is_not_configured(world: World) -> None:
    world.node(calls.get_vpn_config(), 501)


# -- who one is ------------------------------------------------------------------------------------
def test_tokens(truth: Truth, world: World) -> None:
    login = {"username": "researcher", "password": PASSWORD}
    tokens = world.nobody(calls.create_user_token(login))
    world.nobody(calls.create_user_token(login | {"password": "wrong"}), 401)
    again = Caller(world.nobody.url, tokens["refresh_token"])(calls.refresh_token())
    assert again["user_url"] == tokens["user_url"]
    told = Caller(world.nobody.url, again["access_token"])(calls.validate_user_token())
    assert told["username"] == "researcher"
    # An access token does not refresh, a refresh token gives access to nothing.
    world.researcher(calls.refresh_token(), 422)
    Caller(world.nobody.url, tokens["refresh_token"])(calls.list_tasks(), 422)
    key = world.root(calls.reset_api_key({"id": world.nodes[1]["id"]}))["api_key"]
    tokens = world.nobody(calls.create_node_token({"api_key": key}))
    again = Caller(world.nobody.url, tokens["refresh_token"])(calls.refresh_token())
    assert again["node_url"] == tokens["node_url"]
    if "validate_node_token" in truth.operations:
        told = Caller(world.nobody.url, again["access_token"])(calls.validate_node_token())
        assert told["name"] == world.nodes[1]["name"]
    task = world.task()
    world.node(calls.create_container_token({"task_id": task["id"], "image": "other"}), 401)
    world.node(calls.create_container_token({"task_id": NO_SUCH_ID, "image": IMAGE}), 400)


def test_passwords(world: World) -> None:
    body = new_user("forgetful", world.organizations[0]["id"], [])
    id_ = world.root(calls.create_user(body), 201)["id"]
    forgetful = world.nobody.log_in("forgetful")
    change = {"current_password": PASSWORD, "new_password": "New-horse-2"}
    forgetful(calls.change_password(change | {"new_password": "short"}), 400)
    forgetful(calls.change_password(change))
    forgetful(calls.change_password(change), 401)
    # Whether there is such a user is nobody's business.
    for lost in ({"username": "forgetful"}, {"email": "forgetful@example.org"}, {"username": "no"}):
        assert world.nobody(calls.recover_password(lost))["msg"]
    new = {"reset_token": mailed_token(id_), "password": "Third-horse-3"}
    world.nobody(calls.reset_password(new | {"reset_token": "x"}), 400)
    world.nobody(calls.reset_password(new))
    world.nobody.log_in("forgetful", "Third-horse-3")


def mailed_token(user: int) -> str:
    """Return the token that the server would mail: its package lacks the texts to mail it in."""
    claims = {"sub": {"id": str(user)}, "type": "access", "jti": "0", "fresh": False}
    return jwt.encode(claims, SECRET, algorithm="HS256")


def test_two_factor_setup(strict_url: str) -> None:
    nobody, login = Caller(strict_url), {"username": "root", "password": PASSWORD}
    secret = nobody(calls.create_user_token(login))
    assert secret["qr_uri"].startswith("otpauth://")
    needed = nobody(calls.create_user_token(login))
    assert "access_token" not in needed
    code = pyotp.TOTP(secret["otp_secret"]).now()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    nobody(calls.create_user_token(login | {"mfa_code": wrong}), 401)
    tokens = nobody(calls.create_user_token(login | {"mfa_code": code}))
    assert Caller(strict_url, tokens["access_token"])(calls.list_users())["data"]


def test_two_factor_reset(world: World, strict_url: str) -> None:
    login = {"username": "viewer", "password": PASSWORD}
    # No mail is set up here: before 4.11 the server did not look, and said that it had sent one.
    looks = tuple(map(int, VERSION.split("."))) >= (4, 11)
    world.nobody(calls.recover_two_factor(login), 400 if looks else 200)
    world.nobody(calls.recover_two_factor(login | {"password": "wrong"}), 401)
    Caller(strict_url)(calls.recover_two_factor({"username": "root", "password": PASSWORD}))
    token = mailed_token(world.users["viewer"]["id"])
    assert world.nobody(calls.reset_two_factor({"reset_token": token}))["otp_secret"]
    world.nobody(calls.reset_two_factor({"reset_token": "x"}), 400)


UNFINISHED = {"pending", "initializing", "active"}
# What algorithms are written with in 4.10.2 cannot make its own client.
BROKEN_LIBRARY = "'AlgorithmClient' object has no attribute 'Node'"


def test_local_network_matches_the_contract(truth: Truth) -> None:
    # Its nodes and their proxies speak to the server from this process, and are heard too.
    with LocalNetwork(version=VERSION, organizations=2) as network:
        researcher = network.users["researcher"]
        actor = Caller(network.url).log_in(researcher.username, researcher.password)
        work = {"method": "central_average", "args": [], "kwargs": {"column_name": "age"}}
        body = {
            "image": AVERAGE,
            "collaboration_id": network.collaboration.id,
            "organizations": [{"id": network.organizations[0].id, "input": encoded(work)}],
            "databases": [{"label": "default"}],
        }
        task = actor(calls.create_task(body), 201)
        deadline = time.monotonic() + 60
        while (status := status_of(truth, actor, task["id"])) in UNFINISHED:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        if status == "crashed":
            (run,) = actor(calls.list_runs(task_id=task["id"]))["data"]
            assert BROKEN_LIBRARY in run["log"]
        else:
            assert status == "completed"
            assert actor(calls.list_tasks(parent_id=task["id"]))["data"]


def test_server_information(world: World) -> None:
    assert world.nobody(calls.get_version()) == {"version": VERSION}
    assert world.nobody(calls.get_health()) == {"database": True}


# -- all of it -------------------------------------------------------------------------------------
def test_every_operation_was_called(
    truth: Truth, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{truth.table()}")
    assert set(truth.seen) == set(truth.operations), "run this module as a whole"
    failed = {
        name for name, statuses in truth.seen.items() if min(statuses) >= HTTPStatus.BAD_REQUEST
    }
    assert failed == set(NEVER_SUCCEED) & set(truth.operations)
