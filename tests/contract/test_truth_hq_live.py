"""Test the contract of HQ against a real one: each operation, by each kind of caller.

Every response is compared with the contract (see truth.py), whatever the test checks: its status
must be documented, its body valid, and the models must lose nothing.
"""

import base64
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest

from vantage6.bindings.hq import calls

from .callers import IMAGE, SECRET, connected, store_stand_in
from .hq import TAKEN, VERSION, HqCaller, HqWorld, id_of, new_user, serve_hq
from .test_truth_live import NO_SUCH_ID, THEN, moment, requests
from .truth import Truth, listings

pytestmark = pytest.mark.live

# Operations that cannot succeed on one machine, each with the reason.
NEVER_SUCCEED = {
    "upload_blob": "needs a blob store of Azure",
    "download_blob": "needs a blob store of Azure",
}


@pytest.fixture(scope="module")
def truth() -> Iterator[Truth]:
    """Hold the contract against all that this module's tests say to HQ."""
    truth = Truth("hq", VERSION)
    with truth.watch():
        yield truth


@pytest.fixture(scope="module")
def world(truth: Truth) -> Iterator[HqWorld]:
    """Yield an HQ with people and nodes."""
    with serve_hq() as world:
        yield world


# -- every operation, asked wrongly ----------------------------------------------------------------
def refusals(operation: dict[str, Any], is_token: bool) -> int:
    """Return the status of an operation for a caller without a token, or with a wrong one."""
    if "422" not in operation["responses"]:  # where algorithms are served, and some others
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_token else HTTPStatus.UNAUTHORIZED


def test_secured_operations_require_a_token(truth: Truth, world: HqWorld) -> None:
    expired = HqCaller(world.url, world.realm.token(id_of("root"), exp=int(time.time()) - 60))
    forged = HqCaller(world.url, "no.token")
    for operation, method, path, takes_json in requests(truth):
        body = {"json": {}} if takes_json else {}
        actors = (world.nobody, expired, forged)
        statuses = [actor.send(method, path, **body).status_code for actor in actors]
        if operation.get("security") == []:
            assert not {401, 422} & set(statuses), operation["operationId"]
        else:
            missing, wrong = refusals(operation, False), refusals(operation, True)
            assert statuses == [missing, missing, wrong], operation["operationId"]


def test_token_of_an_unknown_user_is_rejected(truth: Truth, world: HqWorld) -> None:
    stranger = world.caller("stranger")
    for operation, method, path, takes_json in requests(truth):
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
def test_invalid_bodies_are_rejected(truth: Truth, full: HqWorld, kind: str, content: str) -> None:
    nodes_only = {"create_container_token", "update_run", "report_dataframe_columns"}
    for operation, method, path, takes_json in requests(truth, id_=1):
        if takes_json:
            actor = full.node() if operation["operationId"] in nodes_only else full.root
            answer = actor.send(method, path, content=content, headers={"Content-Type": kind})
            empty_columns = operation["operationId"] == "report_dataframe_columns"
            if not (empty_columns and content == "[]"):
                assert answer.status_code >= HTTPStatus.BAD_REQUEST, operation["operationId"]


@pytest.mark.parametrize("name", ["root", "researcher", "viewer", "admin", "node", "algorithm"])
def test_missing_rows_are_not_found(truth: Truth, world: HqWorld, name: str) -> None:
    actors = {"node": world.node, "algorithm": lambda: world.algorithm(world.task())}
    actor = actors[name]() if name in actors else getattr(world, name)
    for operation, method, path, takes_json in requests(truth):
        listing = "Page" in str(operation["responses"].get("200")) and "{" not in path
        for body in [{"json": {}}, {"json": {"id": NO_SUCH_ID}}] if takes_json else [{}]:
            answer = actor.send(method, path, **body)
            if listing and name == "root" and "dataframe" not in path:
                assert answer.status_code == HTTPStatus.OK, path


@pytest.mark.parametrize("kind", ["users", "nodes", "algorithms"])
def test_operations_reject_other_kinds_of_callers(truth: Truth, world: HqWorld, kind: str) -> None:
    actors = {"users": world.root, "nodes": world.node()}
    actor = actors.get(kind) or world.algorithm(world.task())
    for operation, method, path, takes_json in requests(truth):
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
def full(world: HqWorld) -> Iterator[HqWorld]:
    """Yield the world with something for each filter to find."""
    frame = world.dataframe()
    world.end(frame["last_session_task"]["id"])
    world.dataframe(0)
    database = {"type": "dataframe", "dataframe_id": frame["id"]}
    world.task(description="described", databases=[[database]])
    parent = world.task(0, 1, study_id=world.study["id"])
    world.task(actor=world.algorithm(parent), name="a part of it")
    run = world.runs(parent["id"])[0]
    world.node()(calls.update_run(run["id"], {"started_at": THEN, "finished_at": THEN}))
    for name in ("Numbers", "More numbers"):
        body = {"name": name, "organization_ids": [1], "encrypted": True}
        collaboration = world.root(calls.create_collaboration(body))["id"]
        study = {"name": name, "collaboration_id": collaboration, "organization_ids": [1]}
        world.root(calls.create_study(study), 201)
    body = {"name": "own", "collaboration_id": world.collaboration["id"], "scope": "own"}
    world.admin(calls.create_session(body), 201)
    ids = [row["id"] for row in world.organizations]
    world.root(calls.create_role({"name": "Reader", "rules": [1], "organization_id": ids[0]}), 201)
    world.root(calls.create_user(new_user("ruled", ids[0], []) | {"rules": [1]}), 201)
    with store_stand_in() as url:
        link_store(world, url, collaboration_id=world.collaboration["id"])
        yield world


def link_store(world: HqWorld, url: str, *statuses: int, **more: Any) -> Any:
    """Link an algorithm store."""
    address, _, path = url.rpartition("/")
    body = {"name": "a store", "algorithm_store_url": address, "api_path": f"/{path}"}
    return world.root(calls.create_algorithm_store(body | more), *(statuses or (201,)))


def paths(truth: Truth, world: HqWorld) -> dict[str, list[str]]:
    """Return the paths of the listings with their parameters."""
    session = str(world.session["id"])
    return {path.replace("{session_id}", session): names for path, names in listings(truth).items()}


def test_lists_are_paginated(truth: Truth, full: HqWorld) -> None:
    for path in set(paths(truth, full)) - {"/algorithmstore"}:
        answers = [
            full.root.send("GET", path, params={"page": page, "per_page": 1}) for page in (1, 2)
        ]
        first, second = (answer.json()["data"][0]["id"] for answer in answers)
        assert first != second, path
        assert int(answers[0].headers["total-count"]) > 1
        assert "rel=next" in answers[0].headers["link"]


# Case 57: tasks and what belongs to them come newest first, whatever is asked.
UNSORTED = {"/task", "/run", "/result"}


def test_lists_are_sorted_on_request(truth: Truth, full: HqWorld) -> None:
    for path in paths(truth, full):
        for sort, descending in (("id", False), ("-id", True)):
            answer = full.root.send("GET", path, params={"sort": sort, "per_page": 100})
            ids = [row["id"] for row in answer.json()["data"]]
            assert ids == sorted(ids, reverse=descending or path in UNSORTED), path
    names = [row["name"] for row in full.root(calls.list_tasks(sort="name"))["data"]]
    assert names != sorted(names)


def test_page_beyond_the_last_is_empty(world: HqWorld) -> None:
    page = world.root(calls.list_organizations(page=1000))
    assert page["data"] == []
    assert page["links"]["previous"].endswith("page=999")
    assert "last" not in world.root(calls.list_organizations(name="nobody"))["links"]


def test_invalid_page_or_sort(truth: Truth, world: HqWorld) -> None:
    for path in paths(truth, world):
        wanted = 400 if path.endswith("/dataframe") else 500
        for wrong in ({"page": 0}, {"per_page": 0}, {"page": "x"}, {"sort": "taste"}):
            answer = world.root.send("GET", path, params=wrong)
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


NO_FILTERS = {"page", "per_page", "sort", "include", "include_root", "no_pagination", "current_user"}


def test_filters_return_matching_rows(truth: Truth, full: HqWorld) -> None:
    values, dead = filters(full), set[str]()
    for path, names in paths(truth, full).items():
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
