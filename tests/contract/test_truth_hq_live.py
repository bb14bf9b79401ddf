"""Test the contract of HQ against a real one: each operation, by each kind of caller.

Every response is compared with the contract (see truth.py), whatever the test checks: its status
must be documented, its body valid, and the models must lose nothing.
"""

import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from vantage6.bindings.hq import calls

from .callers import IMAGE, blob_store, connected, store_stand_in
from .hq import (
    TAKEN,
    VERSION,
    HqCaller,
    HqWorld,
    id_of,
    make_container,
    new_user,
    serve_hq,
)
from .test_truth_live import NO_SUCH_ID, THEN, moment, requests
from .truth import Truth, listings

pytestmark = pytest.mark.live

# Operations that never succeed, each with the reason.
NEVER_SUCCEED = {"download_blob": "HQ looks for the run by a field that runs do not have"}
# Statuses that cannot be seen, each with the reason; 500 is in every operation.
UNSEEN = {"download_blob 200": NEVER_SUCCEED["download_blob"]}


# -- every operation, asked wrongly ----------------------------------------------------------------
def refusals(operation: dict[str, Any], is_token: bool) -> int:
    """Return the status of an operation for a caller without a token, or with a wrong one."""
    if "422" not in operation["responses"]:  # where algorithms are served, and some others
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_token else HTTPStatus.UNAUTHORIZED


def test_secured_operations_require_a_token(hq_truth: Truth, hq_world: HqWorld) -> None:
    expired = HqCaller(hq_world.url, hq_world.realm.token(id_of("root"), exp=int(time.time()) - 60))
    forged = HqCaller(hq_world.url, "no.token")
    for operation, method, path, takes_json in requests(hq_truth):
        body = {"json": {}} if takes_json else {}
        actors = (hq_world.nobody, expired, forged)
        statuses = [actor.send(method, path, **body).status_code for actor in actors]
        if operation.get("security") == []:
            assert not {401, 422} & set(statuses), operation["operationId"]
        else:
            missing, wrong = refusals(operation, False), refusals(operation, True)
            assert statuses == [missing, missing, wrong], operation["operationId"]


def test_token_of_an_unknown_user_is_rejected(hq_truth: Truth, hq_world: HqWorld) -> None:
    stranger = hq_world.caller("stranger")
    for operation, method, path, takes_json in requests(hq_truth):
        if operation.get("security") != []:
            answer = stranger.send(method, path, **({"json": {}} if takes_json else {}))
            assert answer.status_code == refusals(operation, False), operation["operationId"]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("application/json", "{"),
        ("application/json", "[]"),
        ("application/json", '{"mood": "good"}'),
        ("text/plain", "{}"),
    ],
)
def test_invalid_bodies_are_rejected(
    hq_truth: Truth, full: HqWorld, kind: str, content: str
) -> None:
    nodes_only = {"create_container_token", "update_run", "report_dataframe_columns"}
    for operation, method, path, takes_json in requests(hq_truth, id_=1):
        if takes_json:
            actor = full.node() if operation["operationId"] in nodes_only else full.root
            answer = actor.send(method, path, content=content, headers={"Content-Type": kind})
            empty_columns = operation["operationId"] == "report_dataframe_columns"
            if not (empty_columns and content == "[]"):
                assert answer.status_code >= HTTPStatus.BAD_REQUEST, operation["operationId"]


@pytest.mark.parametrize("name", ["root", "researcher", "viewer", "admin", "node", "algorithm"])
def test_missing_rows_are_not_found(hq_truth: Truth, hq_world: HqWorld, name: str) -> None:
    actors = {"node": hq_world.node, "algorithm": lambda: hq_world.algorithm(hq_world.task())}
    actor = actors[name]() if name in actors else getattr(hq_world, name)
    for operation, method, path, takes_json in requests(hq_truth):
        listing = "Page" in str(operation["responses"].get("200")) and "{" not in path
        for body in [{"json": {}}, {"json": {"id": NO_SUCH_ID}}] if takes_json else [{}]:
            answer = actor.send(method, path, **body)
            if listing and name == "root" and "dataframe" not in path:
                assert answer.status_code == HTTPStatus.OK, path


def test_caller_without_rights_is_refused(hq_truth: Truth, full: HqWorld) -> None:
    idle = full.caller("idle")
    refused = {HTTPStatus.UNAUTHORIZED, HTTPStatus.INTERNAL_SERVER_ERROR}
    allowed: set[str] = set()
    for operation, method, path, _ in requests(hq_truth, id_=1):
        if method == "GET" and operation.get("security") != []:
            path = path.replace("/node/1", f"/node/{full.node_rows[0]['id']}")
            status = idle.send(method, path).status_code
            if status == HTTPStatus.OK:
                allowed.add(operation["operationId"])
            else:
                assert status in refused, operation["operationId"]
    for_everyone = {"get_current_user", "get_blob_store_status", "get_rule"}
    assert allowed == for_everyone | {"list_roles", "list_rules", "list_sessions"}
    # What an administrator may do, one without rights may not.
    for call in (
        calls.create_collaboration({"name": "x", "organization_ids": [1], "encrypted": False}),
        calls.create_study({"name": "x", "organization_ids": [1], "collaboration_id": 1}),
        calls.create_organization({"name": "x"}),
        calls.create_role({"name": "x", "rules": []}),
        calls.create_node({"collaboration_id": 1, "organization_id": full.organizations[0]["id"]}),
        calls.create_user(new_user("someone4", 1, [])),
        calls.update_organization(1, {"name": "x"}),
        calls.delete_user(1),
        calls.kill_task({"id": 2}),
    ):
        idle(call, 401)


@pytest.mark.parametrize("kind", ["users", "nodes", "algorithms"])
def test_operations_reject_other_kinds_of_callers(
    hq_truth: Truth, hq_world: HqWorld, kind: str
) -> None:
    actors = {"users": hq_world.root, "nodes": hq_world.node()}
    actor = actors.get(kind) or hq_world.algorithm(hq_world.task())
    for operation, method, path, takes_json in requests(hq_truth):
        audience = operation.get("description", "")
        if audience.startswith("Open to") and kind not in audience:
            answer = actor.send(method, path, **({"json": {}} if takes_json else {}))
            status = 401 if "answered 401" in audience else 500
            if kind == "algorithms" and status == 500 and "422" in operation["responses"]:
                status = 422  # the realm did not sign that token
            if kind == "algorithms" and status == 401:
                status = 500
            assert answer.status_code == status, operation["operationId"]


# -- listings --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def full(hq_world: HqWorld) -> Iterator[HqWorld]:
    """Yield the world with something for each filter to find."""
    frame = hq_world.dataframe()
    hq_world.end(frame["last_session_task"]["id"])
    hq_world.dataframe(0)
    database = {"type": "dataframe", "dataframe_id": frame["id"]}
    hq_world.task(description="described", databases=[[database]])
    parent = hq_world.task(0, 1, study_id=hq_world.study["id"])
    hq_world.task(actor=hq_world.algorithm(parent), name="a part of it")
    run = hq_world.runs(parent["id"])[0]
    hq_world.node()(calls.update_run(run["id"], {"started_at": THEN, "finished_at": THEN}))
    for name in ("Numbers", "More numbers"):
        body = {"name": name, "organization_ids": [1], "encrypted": True}
        collaboration = hq_world.root(calls.create_collaboration(body))["id"]
        study = {"name": name, "collaboration_id": collaboration, "organization_ids": [1]}
        hq_world.root(calls.create_study(study), 201)
    body = {"name": "own", "collaboration_id": hq_world.collaboration["id"], "scope": "own"}
    hq_world.admin(calls.create_session(body), 201)
    ids = [row["id"] for row in hq_world.organizations]
    role = {"name": "Reader", "rules": [1], "organization_id": ids[0]}
    reader = hq_world.root(calls.create_role(role), 201)["id"]
    hq_world.root(calls.create_user(new_user("idle", 1, [])), 201)
    hq_world.root(calls.create_user(new_user("ruled", ids[0], [reader]) | {"rules": [1]}), 201)
    with store_stand_in() as url:
        link_store(hq_world, url, collaboration_id=hq_world.collaboration["id"])
        yield hq_world


def link_store(world: HqWorld, url: str, *statuses: int, **more: Any) -> Any:
    """Link an algorithm store."""
    address, _, path = url.rpartition("/")
    body = {"name": "a store", "algorithm_store_url": address, "api_path": f"/{path}"}
    return world.root(calls.create_algorithm_store(body | more), *(statuses or (201,)))


def paths(hq_truth: Truth, hq_world: HqWorld) -> dict[str, list[str]]:
    """Return the paths of the listings with their parameters."""
    session = str(hq_world.session["id"])
    return {
        path.replace("{session_id}", session): names for path, names in listings(hq_truth).items()
    }


def test_lists_are_paginated(hq_truth: Truth, full: HqWorld) -> None:
    for path in set(paths(hq_truth, full)) - {"/algorithmstore"}:
        answers = [
            full.root.send("GET", path, params={"page": page, "per_page": 1}) for page in (1, 2)
        ]
        first, second = (answer.json()["data"][0]["id"] for answer in answers)
        assert first != second, path
        assert int(answers[0].headers["total-count"]) > 1
        assert "rel=next" in answers[0].headers["link"]


# Case 57: tasks and what belongs to them come newest first, whatever is asked.
UNSORTED = {"/task", "/run", "/result"}


def test_lists_are_sorted_on_request(hq_truth: Truth, full: HqWorld) -> None:
    for path in paths(hq_truth, full):
        for sort, descending in (("id", False), ("-id", True)):
            answer = full.root.send("GET", path, params={"sort": sort, "per_page": 100})
            ids = [row["id"] for row in answer.json()["data"]]
            assert ids == sorted(ids, reverse=descending or path in UNSORTED), path
    names = [row["name"] for row in full.root(calls.list_tasks(sort="name"))["data"]]
    assert names != sorted(names)


def test_page_beyond_the_last_is_empty(hq_world: HqWorld) -> None:
    page = hq_world.root(calls.list_organizations(page=1000))
    assert page["data"] == []
    assert page["links"]["previous"].endswith("page=999")
    assert "last" not in hq_world.root(calls.list_organizations(name="nobody"))["links"]


def test_invalid_page_or_sort(hq_truth: Truth, hq_world: HqWorld) -> None:
    for path in paths(hq_truth, hq_world):
        wanted = 400 if path.endswith("/dataframe") else 500
        for wrong in ({"page": 0}, {"per_page": 0}, {"page": "x"}, {"sort": "taste"}):
            answer = hq_world.root.send("GET", path, params=wrong)
            assert answer.status_code == wanted, (path, wrong)


# What cannot be filtered by, although HQ documents it: its answer to any value, and why.
DEAD_FILTERS = {
    "/run?port": "fails: it looks for a field that runs do not have",
    "/result?port": "fails: it looks for a field that runs do not have",
    "/task?run_id": "fails: it looks for a field that runs do not have",
    "/task?store_id": "fails: it looks for a field that tasks do not have",
    "/task?status": "fails: the status is computed, there is no such column",
    "/user?collaboration_id": "keeps nothing: it compares a number with a text",
    "/role?collaboration_id": "keeps nothing: it compares a number with a text",
    "/session?scope": "keeps nothing: it compares capitals with small letters",
}


def filters(world: HqWorld) -> dict[str, tuple[object, object]]:
    """Return for each query parameter two values, of which the first keeps some rows."""
    first, last = world.organizations[0]["id"], world.organizations[3]["id"]
    tasks = world.root(calls.list_tasks(per_page=100))["data"]
    parent = next(task["parent"]["id"] for task in tasks if task["parent"])
    frame = next(task["dataframe"]["id"] for task in tasks if task["dataframe"])
    roles = {row["name"]: row["id"] for row in world.root(calls.list_roles(per_page=50))["data"]}
    before, after = moment(minutes=-30), moment(minutes=30)
    return {
        "name": ("%t%", "nobody"),
        "/rule?name": ("task", "nobody"),
        "/session?name": ("%read%", "nobody"),
        "description": ("%", "nothing"),
        "image": ("%average%", "nothing"),
        "country": ("Nowhere", "Somewhere"),
        "ids": ([first, last], [NO_SUCH_ID]),
        "organization_id": (first, last),
        "collaboration_id": (world.collaboration["id"], world.collaboration["id"] + 1),
        "study_id": (world.study["id"], world.study["id"] + 1),
        "session_id": (world.session["id"], NO_SUCH_ID),
        "dataframe_id": (frame, NO_SUCH_ID),
        "task_id": (parent, NO_SUCH_ID),
        "node_id": (world.node_rows[0]["id"], NO_SUCH_ID),
        "role_id": (world.roles["Viewer"], world.roles["node"]),
        # Default roles belong to no organization, and fail here.
        "/user?role_id": (roles["Reader"], NO_SUCH_ID),
        "rule_id": (1, NO_SUCH_ID),
        "user_id": (world.users["viewer"]["id"], NO_SUCH_ID),
        "/session?user_id": (world.users["researcher"]["id"], NO_SUCH_ID),
        "run_id": (1, NO_SUCH_ID),
        "store_id": (1, NO_SUCH_ID),
        "algorithm_store_id": (1, NO_SUCH_ID),
        "parent_id": (parent, NO_SUCH_ID),
        "job_id": (1, NO_SUCH_ID),
        "init_org_id": (first, last),
        "init_user_id": (world.users["researcher"]["id"], world.users["viewer"]["id"]),
        "is_user_created": (1, 0),
        "database": ("default", "unknown"),
        "status": ("offline", "unknown"),
        "state": ("open", "open"),
        "port": (8888, 9999),
        "encrypted": (0, 1),
        "url": ("http%", "ftp%"),
        "operation": ("view", "look"),
        "scope": ("own", "all"),
        "username": ("view%", "nobody"),
        "last_seen_from": (before, after),
        "last_seen_till": (after, before),
        "assigned_from": (before, after),
        "assigned_till": (after, before),
        "started_from": (before, after),
        "started_till": (after, before),
        "finished_from": (before, after),
        "finished_till": (after, before),
    }


NO_FILTERS = {
    "page",
    "per_page",
    "sort",
    "include",
    "include_root",
    "no_pagination",
    "current_user",
}


def test_filters_return_matching_rows(hq_truth: Truth, full: HqWorld) -> None:
    values, dead = filters(full), set[str]()
    for path, names in paths(hq_truth, full).items():
        total = int(full.root.send("GET", path).headers["total-count"])
        for name in set(names) - NO_FILTERS:
            asked = values.get(f"{path}?{name}", values.get(name))
            assert asked is not None, f"{path}?{name}"
            answers = [full.root.send("GET", path, params={name: value}) for value in asked]
            kept = [int(answer.headers.get("total-count", 0)) for answer in answers]
            # One store is linked, and no collaboration is without it.
            if not kept[0] or (min(kept) == total and "store" not in path + name):
                dead.add(f"{path}?{name}")
    assert dead == set(DEAD_FILTERS)


def test_other_list_parameters(full: HqWorld) -> None:
    organization = full.organizations[0]["id"]
    own = full.root(calls.list_roles(organization_id=[organization]))
    more = full.root(calls.list_roles(organization_id=[organization], include_root=True))
    assert [row["name"] for row in own["data"]] == ["Reader"]
    assert len(more["data"]) > 1
    rules = full.root(calls.list_rules(no_pagination=1))["data"]
    assert len(rules) > 10
    assert {row["scope"] for row in rules} == {"own", "organization", "collaboration", "global"}
    mine = full.researcher(calls.list_rules(no_pagination=1, current_user=True))["data"]
    assert 0 < len(mine) < len(rules)
    frames = full.root(calls.list_dataframes(full.session["id"], no_pagination=1, per_page=1))
    assert len(frames["data"]) == 2
    assert "permissions" not in full.researcher(calls.get_current_user())
    told = full.researcher(calls.get_current_user(include_permissions=True))["permissions"]
    assert told["roles"] == [full.roles["Researcher"]]
    researcher = full.users["researcher"]["id"]
    row = full.researcher(calls.get_user(researcher, include_permissions=True))
    assert row["permissions"] == told


def test_includes_replace_links(full: HqWorld) -> None:
    task = full.root(calls.list_tasks(include=["runs", "results"], per_page=100))["data"][-1]
    assert full.root(calls.get_task(task["id"], include=["runs", "results"])) == task
    assert {run["task"]["id"] for run in task["runs"]} == {task["id"]}
    assert {result["result"] for result in task["results"]} == {None}
    for only in ("runs", "results"):
        assert isinstance(full.root(calls.get_task(task["id"], include=[only]))[only], list)
    run = full.root(calls.list_runs(include=["task"], task_id=task["id"]))["data"][0]
    assert full.root(calls.get_run(run["id"], include="task")) == run
    assert run["task"]["name"] == task["name"]
    collaboration, study = full.collaboration["id"], full.study["id"]
    included = ["organizations"]
    for listed, single in (
        (calls.list_collaborations, calls.get_collaboration(collaboration, include=included)),
        (calls.list_studies, calls.get_study(study, include=included)),
    ):
        row = full.root(listed(include=included, sort="id"))["data"][0]
        assert row == full.root(single)
        assert "Alpha" in {organization["name"] for organization in row["organizations"]}


# -- people and places -----------------------------------------------------------------------------
def test_organizations(hq_world: HqWorld) -> None:
    root, researcher = hq_world.root, hq_world.researcher
    body = {"name": "Epsilon", "address1": "1", "address2": "2", "zipcode": "3", "domain": "d.org"}
    made = root(calls.create_organization(body), 201)
    assert root(calls.get_organization(made["id"])) == made
    changed = root(calls.update_organization(made["id"], {"country": "Here"}))
    assert changed == made | {"country": "Here"}
    root(calls.create_organization(body), 400)
    root(calls.update_organization(made["id"], {"name": "Alpha"}), 400)
    researcher(calls.update_organization(made["id"], {"country": "There"}), 401)
    # Since 5.0.3 only members may set a key, and who creates an organization is none.
    root(calls.update_organization(made["id"], {"public_key": "bmV3"}), 200, 401)
    own = hq_world.organizations[0]["id"]
    node = hq_world.node()
    assert node(calls.update_organization(own, {"public_key": "bmV3"}))["public_key"] == "bmV3"
    node(calls.update_organization(hq_world.organizations[1]["id"], {"public_key": "bmV3"}), 401)
    researcher(calls.create_organization({"name": "Zeta"}), 401)
    researcher(calls.delete_organization(made["id"]), 401)
    user = root(calls.create_user(new_user("epsilon", made["id"], [])), 201)
    root(calls.delete_organization(made["id"]), 400)
    root(calls.delete_organization(1), 400)
    root(calls.delete_organization(made["id"], delete_dependents=True))
    root(calls.get_user(user["id"]), 404)
    root(calls.get_organization(made["id"]), 404)


def test_collaborations(hq_world: HqWorld) -> None:
    root = hq_world.root
    first, second = (row["id"] for row in hq_world.organizations[:2])
    body = {"name": "Small", "organization_ids": [first], "encrypted": False}
    made = root(calls.create_collaboration(body | {"session_restrict_to_same_image": True}))
    id_ = made["id"]
    assert made["session_restrict_to_same_image"] is True
    assert root(calls.get_collaboration(id_)) == made
    assert root(calls.update_collaboration(id_, {"encrypted": True}))["encrypted"] is True
    root(calls.update_collaboration(id_, {"name": "Little", "organization_ids": [first]}))
    root(calls.update_collaboration(id_, {"name": "Letters"}), 400)
    root(calls.create_collaboration(body | {"name": "Letters"}), 400)
    members = root(calls.add_organization_to_collaboration(id_, {"id": second}))
    assert [row["id"] for row in members] == [first, second]
    node = root(
        calls.create_node({"collaboration_id": id_, "organization_id": second, "name": "Moved"}),
        201,
    )
    root(calls.add_node_to_collaboration(id_, {"id": node["id"]}), 400)
    left = root(calls.remove_node_from_collaboration(id_, {"id": node["id"]}))
    assert "removed" in left["msg"]
    assert root(calls.get_node(node["id"]))["collaboration"] is None
    nodes = root(calls.add_node_to_collaboration(id_, {"id": node["id"]}), 201)
    assert [row["name"] for row in nodes] == ["Moved"]
    members = root(calls.remove_organization_from_collaboration(id_, {"id": second}))
    assert [row["id"] for row in members] == [first]
    root(calls.delete_collaboration(id_), 400)
    hq_world.researcher(calls.delete_collaboration(id_), 401)
    root(calls.delete_collaboration(id_, delete_dependents=True))
    root(calls.get_collaboration(id_), 404)


def test_studies(hq_world: HqWorld) -> None:
    root = hq_world.root
    first, second, third = (row["id"] for row in hq_world.organizations[:3])
    collaboration = hq_world.collaboration["id"]
    body = {"name": "Pair", "collaboration_id": collaboration, "organization_ids": [first]}
    made = root(calls.create_study(body), 201)
    id_ = made["id"]
    assert [row["id"] for row in made["organizations"]] == [first]
    root(calls.create_study(body), 400)
    changed = root(calls.update_study(id_, {"name": "Two", "organization_ids": [first, second]}))
    assert changed["name"] == "Two"
    assert isinstance(root(calls.get_study(id_))["organizations"], str)
    assert len(root(calls.add_organization_to_study(id_, {"id": third}))) == 3
    members = root(calls.remove_organization_from_study(id_, {"id": first}))
    assert [row["id"] for row in members] == [second, third]
    root(calls.add_organization_to_study(id_, {"id": 1}), 400)
    hq_world.task(1, study_id=id_)
    root(calls.delete_study(id_), 400)
    hq_world.researcher(calls.delete_study(id_), 401)
    root(calls.delete_study(id_, delete_dependents=True))


def test_nodes(hq_world: HqWorld) -> None:
    root, last = hq_world.root, hq_world.organizations[3]["id"]
    collaboration = hq_world.collaboration["id"]
    body = {"collaboration_id": collaboration, "organization_id": last, "name": "Fourth"}
    made = root(calls.create_node(body), 201)
    assert (made["status"], made["name"]) == ("offline", "Fourth")
    root(calls.create_node(body), 400)
    root(calls.create_node({"collaboration_id": collaboration, "organization_id": 1}), 400)
    root(calls.create_node(body | {"organization_id": NO_SUCH_ID}), 404)
    root(calls.create_node(body | {"name": "with spaces"}), 400)
    node = hq_world.as_node(made)
    assert node(calls.get_current_node())["id"] == made["id"]
    assert root(calls.update_node(made["id"], {"name": "Last"}))["name"] == "Last"
    for fixed in ("organization_id", "collaboration_id"):
        refused = root.send("PATCH", f"/node/{made['id']}", json={fixed: 1})
        assert refused.status_code == HTTPStatus.BAD_REQUEST
    key = root(calls.reset_api_key({"id": made["id"]}))["api_key"]
    assert key != made["api_key"]
    hq_world.viewer(calls.reset_api_key({"id": made["id"]}), 401)
    frame = hq_world.dataframe(3)
    node(calls.report_dataframe_columns(frame["id"], [{"name": "age", "dtype": "int64"}]), 201)
    root(calls.delete_node(made["id"]), 400)
    root(calls.delete_node(made["id"], delete_dependents=True))
    root(calls.get_node(made["id"]), 404)


def test_node_comes_online_and_shares_its_databases(hq_world: HqWorld) -> None:
    id_ = hq_world.node_rows[1]["id"]
    hq_world.root(calls.kill_node_tasks({"id": id_}), 400)
    with connected(hq_world.node(1)) as socket:
        socket.emit("node_info_update", {"database_labels": ["default", "other"]})
        node = hq_world.root(calls.get_node(id_))
        assert node["status"] == "online"
        assert {row["value"] for row in node["config"]} == {"default", "other"}
        hq_world.root(calls.kill_node_tasks({"id": id_}))
        hq_world.viewer(calls.kill_node_tasks({"id": id_}), 401)
        # A label that a node did not share is refused.
        hq_world.dataframe(1, label="third", status=400)


def test_users(hq_world: HqWorld) -> None:
    root = hq_world.root
    organization, viewer = hq_world.organizations[1]["id"], hq_world.roles["Viewer"]
    body = new_user("someone", organization, [viewer]) | {"rules": [1]}
    made = root(calls.create_user(body), 201)
    id_ = made["id"]
    assert made["keycloak_id"] == id_of("someone")
    assert "client_secret" not in made
    root(calls.create_user(body), 400)
    root(calls.create_user(new_user(TAKEN, organization, [])), 400)
    root(calls.create_user(new_user("nowhere", NO_SUCH_ID, [])), 404)
    someone = hq_world.caller("someone")
    assert someone(calls.get_current_user())["id"] == id_
    root(calls.update_user(id_, {"roles": [viewer], "rules": [2]}))
    root(calls.update_user(id_, {"roles": [NO_SUCH_ID]}), 404)
    someone(calls.update_user(id_, {"roles": []}), 401)
    for fixed in ({"password": "Correct-horse-2"}, {"username": "other"}):
        refused = root.send("PATCH", f"/user/{id_}", json=fixed)
        assert refused.status_code == HTTPStatus.BAD_REQUEST
    hq_world.researcher(calls.delete_user(id_), 401)
    someone(calls.delete_user(id_))
    root(calls.get_user(id_), 404)


def test_service_accounts(hq_world: HqWorld) -> None:
    root, organization = hq_world.root, hq_world.organizations[0]["id"]
    body = {"username": "robot", "organization_id": organization, "is_service_account": True}
    made = root(calls.create_user(body | {"roles": [hq_world.roles["Researcher"]]}), 201)
    assert made["client_secret"]
    assert made["is_service_account"] is True
    robot = hq_world.caller("service-account-robot-user-client")
    assert robot(calls.get_current_user())["username"] == "robot"
    # What is missing or too much for the kind of account is answered as a failure.
    password = {"username": "robot2", "password": "Correct-horse-1"}
    root(calls.create_user(body | password), 500)
    root(calls.create_user({"username": "someone3", "organization_id": organization}), 500)
    root(calls.delete_user(made["id"]))


def test_deleting_a_user_with_tasks(hq_world: HqWorld) -> None:
    organization, role = hq_world.organizations[0]["id"], hq_world.roles["Researcher"]
    made = hq_world.root(calls.create_user(new_user("leaver", organization, [role])), 201)
    task = hq_world.task(actor=hq_world.caller("leaver"))
    hq_world.root(calls.delete_user(made["id"]), 400)
    # Here, and for nodes, false means no.
    path, query = f"/user/{made['id']}", {"delete_dependents": "false"}
    refused = hq_world.root.send("DELETE", path, params=query)
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    hq_world.root(calls.delete_user(made["id"], delete_dependents=True))
    hq_world.root(calls.get_task(task["id"]), 404)


def test_roles_and_rules(hq_world: HqWorld) -> None:
    root, researcher = hq_world.root, hq_world.researcher
    assert researcher(calls.get_rule(1))["operation"] == "view"
    made = root(calls.create_role({"name": "Some", "description": "d", "rules": [1]}), 201)
    id_ = made["id"]
    assert root(calls.get_role(id_)) == made
    assert made["organization"]["id"] == 1
    root(calls.create_role({"name": "Viewer", "rules": [1]}), 400)
    root(calls.create_role({"name": "Other", "rules": [NO_SUCH_ID]}), 404)
    researcher(calls.create_role({"name": "Other", "rules": []}), 401)
    changed = root(calls.update_role(id_, {"name": "Any", "description": "e", "rules": [2]}))
    assert (changed["name"], changed["description"]) == ("Any", "e")
    root(calls.update_role(hq_world.roles["Viewer"], {"name": "Any"}), 400)
    user = root(calls.create_user(new_user("holder", 1, [id_])), 201)
    root(calls.delete_role(id_), 400)
    root(calls.delete_role(hq_world.roles["Viewer"]), 400)
    root(calls.delete_role(id_, delete_dependents=True))
    root(calls.delete_user(user["id"]))


def test_algorithm_stores(hq_world: HqWorld) -> None:
    root, researcher = hq_world.root, hq_world.researcher
    with store_stand_in() as url:
        made = link_store(hq_world, url)
        id_ = made["id"]
        assert made["collaborations"] is None
        link_store(hq_world, url, 400)
        link_store(hq_world, url, 400, collaboration_id=hq_world.collaboration["id"])
        for actor in (root, researcher, hq_world.node()):
            assert actor(calls.get_algorithm_store(id_)) == made
        task = hq_world.task(store_id=id_)
        assert task["algorithm_store"]["id"] == id_
        assert task["image"].startswith(f"{IMAGE}@sha256:")
        changed = {"name": "one", "collaboration_id": hq_world.collaboration["id"]}
        row = root(calls.update_algorithm_store(id_, changed))
        assert (row["name"], type(row["collaborations"])) == ("one", str)
        researcher(calls.update_algorithm_store(id_, {"name": "two"}), 401)
        body = {"name": "Apart", "organization_ids": [1], "encrypted": False}
        apart = root(calls.create_collaboration(body))["id"]
        root(calls.update_algorithm_store(id_, {"collaboration_id": apart}))
        hq_world.task(store_id=id_, status=403)
        root(calls.list_algorithm_stores(collaboration_id=NO_SUCH_ID), 404)
        link_store(hq_world, url + "2", 404, collaboration_id=NO_SUCH_ID)
        researcher(calls.delete_algorithm_store(id_), 401)
        root(calls.delete_algorithm_store(id_))


# -- sessions --------------------------------------------------------------------------------------
def test_sessions(hq_world: HqWorld) -> None:
    researcher, admin = hq_world.researcher, hq_world.admin
    body = {"collaboration_id": hq_world.collaboration["id"], "scope": "own"}
    made = researcher(calls.create_session(body), 201)
    id_ = made["id"]
    assert (made["scope"], made["ready"], made["study"]) == ("own", False, None)
    assert hq_world.node()(calls.get_session(id_)) == made
    in_study = body | {"study_id": hq_world.study["id"], "name": "a study's"}
    assert researcher(calls.create_session(in_study), 201)["study"]["id"] == hq_world.study["id"]
    researcher(calls.create_session(body | {"name": hq_world.session["name"]}), 400)
    researcher(calls.create_session(body | {"scope": "collaboration"}), 401)
    researcher(calls.create_session(body | {"study_id": NO_SUCH_ID}), 404)
    researcher(calls.create_session(body | {"collaboration_id": NO_SUCH_ID}), 404)
    hq_world.viewer(calls.create_session(body), 401)
    hq_world.root(calls.create_session(body), 401)
    refused = admin.send("POST", "/session", json=body | {"scope": "global"})
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    changed = researcher(calls.update_session(id_, {"name": "mine", "scope": "organization"}))
    assert (changed["name"], changed["scope"]) == ("mine", "organization")
    researcher(calls.update_session(id_, {"name": hq_world.session["name"]}), 400)
    researcher(calls.update_session(id_, {"scope": "collaboration"}), 401)
    hq_world.viewer(calls.update_session(id_, {"name": "yours"}), 401)
    hq_world.viewer(calls.delete_session(id_), 401)
    hq_world.dataframe(0, session=id_)
    researcher(calls.delete_session(id_), 400)
    (frame,) = researcher(calls.list_dataframes(id_))["data"]
    extraction = frame["last_session_task"]["id"]
    researcher(calls.delete_task(extraction), 400)
    hq_world.end(extraction)
    researcher(calls.delete_task(extraction), 403)
    researcher(calls.delete_session(id_, delete_dependents=True))
    researcher(calls.get_session(id_), 404)
    id_ = researcher(calls.create_session(body), 201)["id"]
    admin(calls.delete_session(id_))
    researcher(calls.get_session(id_), 404)


def test_dataframe_from_extraction_to_deletion(hq_world: HqWorld) -> None:
    node, researcher = hq_world.node(), hq_world.researcher
    made = hq_world.dataframe(0, 1, name="frame")
    id_, task = made["id"], made["last_session_task"]
    assert (made["name"], made["db_label"], made["ready"]) == ("frame", "default", False)
    assert made["organizations_ready"] == []
    assert (task["action"], task["dataframe"]["id"]) == ("data_extraction", id_)
    (database,) = task["databases"]
    assert (database["type"], database["label"], database["position"]) == ("source", "default", 0)
    run = hq_world.runs(task["id"])[0]
    started = node(calls.update_run(run["id"], {"started_at": THEN, "status": "active"}))
    assert (started["started_at"], started["action"]) == (THEN, "data_extraction")
    hq_world.end(task["id"])
    columns = [{"name": "age", "dtype": "int64"}, {"name": "sex", "dtype": "large_string"}]
    node(calls.report_dataframe_columns(id_, columns), 201)
    node(calls.report_dataframe_columns(NO_SUCH_ID, columns), 404)
    ready = researcher(calls.get_dataframe(id_))
    assert ready["ready"] is True
    assert ready["columns"] == [{**row, "node_id": hq_world.node_rows[0]["id"]} for row in columns]
    assert researcher(calls.get_session(hq_world.session["id"]))["ready"] is True
    stepped = hq_world.step(id_, 0)
    assert stepped["last_session_task"]["action"] == "preprocessing"
    assert stepped["last_session_task"]["depends_on"] == [task["id"]]
    assert researcher(calls.get_task(task["id"]))["required_by"]
    hq_world.step(id_, 0, status=400)
    hq_world.viewer(calls.delete_dataframe(id_), 401)
    researcher(calls.delete_dataframe(id_))
    researcher(calls.get_dataframe(id_), 404)
    assert researcher(calls.get_task(task["id"]))["dataframe"] is None


def test_rejected_dataframes(hq_world: HqWorld) -> None:
    hq_world.dataframe(name="once")
    hq_world.dataframe(name="once", status=400)
    hq_world.dataframe(3, status=400)  # without a node
    hq_world.dataframe(session=NO_SUCH_ID, status=404)
    hq_world.step(NO_SUCH_ID, status=404)
    session = hq_world.session["id"]
    task = {"image": IMAGE, "method": "read", "organizations": hq_world.work(0)}
    body = {"label": "default", "task": task}
    hq_world.viewer(calls.create_dataframe(session, body), 401)
    hq_world.researcher(
        calls.create_dataframe(session, body | {"task": task | {"store_id": NO_SUCH_ID}}), 400
    )
    refused = hq_world.researcher.send("POST", f"/session/{session}/dataframe", json={})
    assert set(refused.json()["errors"]) == {"label", "task"}


# -- work ------------------------------------------------------------------------------------------
def test_task_from_creation_to_completion(hq_world: HqWorld) -> None:
    researcher, node = hq_world.researcher, hq_world.node()
    frame = hq_world.dataframe()
    hq_world.end(frame["last_session_task"]["id"])
    database = {"type": "dataframe", "dataframe_id": frame["id"]}
    task = hq_world.task(0, 1, databases=[[database], [database]], description="whole")
    id_ = task["id"]
    assert (task["status"], task["finished_at"]) == ("awaiting", None)
    assert (task["action"], task["method"]) == ("central_compute", "partial")
    assert [row["position"] for row in task["databases"]] == [0, 1]
    assert {row["dataframe_name"] for row in task["databases"]} == {frame["name"]}
    run = hq_world.runs(id_)[0]
    assert run["node"]["id"] == hq_world.node_rows[0]["id"]
    started = node(calls.update_run(run["id"], {"started_at": THEN, "status": "active"}))
    assert started["started_at"] == THEN
    assert researcher(calls.get_task_status(id_)) == {"status": "awaiting"}
    hq_world.node(1)(calls.update_run(run["id"], {"log": "not mine"}), 401)
    end = {"finished_at": "2026-01-02T03:05:00.000001", "status": "completed", "log": "done"}
    node(calls.update_run(run["id"], end | {"result": "cmVzdWx0"}))
    node(calls.update_run(run["id"], {"log": "too late"}), 400)
    hq_world.end(id_, 1)
    assert researcher(calls.get_result(run["id"]))["result"] == "cmVzdWx0"
    assert researcher(calls.get_run(run["id"]))["log"] == "done"
    whole = researcher(calls.get_task(id_))
    assert whole["status"] == "completed"
    assert whole["finished_at"] == "2026-01-02T03:05:00.000001"
    node(calls.create_container_token({"task_id": id_, "image": IMAGE}), 400)
    hq_world.viewer(calls.delete_task(id_), 401)
    researcher(calls.delete_task(id_))


def test_rejected_tasks(hq_world: HqWorld) -> None:
    ask = hq_world.task
    ask(organizations=[], status=400)
    ask(organizations=[{"id": 1}], status=400)
    ask(databases=[[{"type": "dataframe"}]], status=400)
    ask(databases=[[{"type": "mood", "label": "x"}]], status=500)
    ask(databases=[[{"type": "dataframe", "dataframe_id": NO_SUCH_ID}]], status=404)
    ask(store_id=NO_SUCH_ID, status=400)
    ask(collaboration_id=NO_SUCH_ID, status=404)
    ask(study_id=NO_SUCH_ID, status=404)
    ask(session_id=NO_SUCH_ID, status=404)
    ask(depends_on_ids=[NO_SUCH_ID], status=404)
    ask(action="data_extraction", status=400)
    ask(actor=hq_world.root, status=403)
    ask(actor=hq_world.viewer, status=401)


def test_algorithm_and_its_subtasks(hq_world: HqWorld) -> None:
    task = hq_world.task(study_id=hq_world.study["id"], organizations=hq_world.work(0, 1))
    algorithm = hq_world.algorithm(task)
    part = hq_world.task(0, 1, actor=algorithm)
    assert part["parent"]["id"] == task["id"]
    assert part["job_id"] == task["job_id"]
    assert part["init_user"] == task["init_user"]
    hq_world.task(actor=algorithm, collaboration_id=NO_SUCH_ID, status=404)
    assert algorithm(calls.get_task(task["id"]))["id"] == task["id"]
    assert algorithm(calls.get_task_status(task["id"])) == {"status": "awaiting"}
    runs = algorithm(calls.list_runs(task_id=part["id"]))["data"]
    assert len(runs) == 2
    assert algorithm(calls.get_run(runs[0]["id"])) == runs[0]
    results = algorithm(calls.list_results(task_id=part["id"]))["data"]
    assert algorithm(calls.get_result(results[0]["id"])) == results[0]
    assert algorithm(calls.get_collaboration(hq_world.collaboration["id"]))["name"] == "Letters"
    assert algorithm(calls.get_study(hq_world.study["id"]))["name"] == "First"
    assert len(algorithm(calls.list_organizations())["data"]) == 4
    own = hq_world.organizations[0]["id"]
    assert algorithm(calls.get_organization(own))["name"] == "Alpha"
    login = {"task_id": NO_SUCH_ID, "image": IMAGE}
    hq_world.node()(calls.create_container_token(login), 400)
    federated = hq_world.task(action="federated_compute")
    hq_world.node()(calls.create_container_token(login | {"task_id": federated["id"]}), 401)


def test_kill_task(hq_world: HqWorld) -> None:
    parent = hq_world.task(0)
    part = hq_world.task(0, 1, actor=hq_world.algorithm(parent))
    hq_world.researcher(calls.kill_task({"id": parent["id"]}), 401)
    hq_world.admin(calls.kill_task({"id": parent["id"]}))
    for task in (parent, part):
        assert hq_world.researcher(calls.get_task(task["id"]))["status"] == "failed"
        for run in hq_world.runs(task["id"]).values():
            assert run["status"] == "killed by user"
            assert run["finished_at"]
    hq_world.admin(calls.kill_task({"id": parent["id"]}), 400)
    # The node may still add the log of a run that was killed, and nothing else.
    run = hq_world.runs(parent["id"])[0]["id"]
    assert hq_world.node()(calls.update_run(run, {"log": "the end"}))["log"] == "the end"
    hq_world.node()(calls.update_run(run, {"log": "the end", "result": "e30="}), 400)


def test_blob_store_is_not_configured(hq_world: HqWorld) -> None:
    assert hq_world.node()(calls.get_blob_store_status()) == {"blob_store_enabled": False}
    refused = hq_world.researcher.send("POST", "/blobstream", content=b"x")
    assert refused.status_code == HTTPStatus.NOT_IMPLEMENTED
    hq_world.root(calls.download_blob("nothing"), 500)


def test_blobs_of_any_size(hq_truth: Truth) -> None:
    with blob_store() as setting, serve_hq(large_result_store=setting) as world:
        make_container(setting)
        assert world.node()(calls.get_blob_store_status()) == {"blob_store_enabled": True}
        task = world.task(0)
        algorithm = world.algorithm(task)
        for actor in (world.researcher, world.node(), algorithm):
            stored = actor.send("POST", "/blobstream", content=b"x" * 100_000)
            assert stored.status_code == HTTPStatus.CREATED
        assert world.viewer.send("POST", "/blobstream", content=b"x").status_code == 401
        world.end(task["id"])
        assert algorithm.send("POST", "/blobstream", content=b"x").status_code == 403
        # HQ keeps the id among the arguments of a run, and looks for it elsewhere.
        body = world.work(0, arguments=stored.json()["uuid"])
        world.task(organizations=body)
        world.node()(calls.download_blob(stored.json()["uuid"]), 500)


def test_hq_information(hq_world: HqWorld) -> None:
    assert hq_world.nobody(calls.get_version()) == {"version": VERSION}
    assert hq_world.nobody(calls.get_health()) == {"api": True, "database": True}


# -- all of it -------------------------------------------------------------------------------------
def test_every_operation_was_called(
    hq_truth: Truth, hq_world: HqWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{hq_truth.table()}")
    assert set(hq_truth.seen) == set(hq_truth.operations), "run this module as a whole"
    failed = {
        name for name, statuses in hq_truth.seen.items() if min(statuses) >= HTTPStatus.BAD_REQUEST
    }
    assert failed == set(NEVER_SUCCEED)
    unseen = {
        f"{name} {status}"
        for name, operation in hq_truth.operations.items()
        for status in set(map(int, operation["responses"])) - hq_truth.seen[name] - {500}
    }
    assert unseen == set(UNSEEN)
