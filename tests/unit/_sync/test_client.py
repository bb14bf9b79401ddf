# Derived by unasync.py: edit tests/unit/_async/test_client.py instead.
"""Test calls of users: lists, tasks, waiting, encryption, custom requests."""

import copy
import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client import (
    Client,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsNotFoundError,
    DecryptionError,
    EncryptionNotSetUpError,
    InvalidInputError,
    InvalidResponseError,
    KeyMismatchError,
    NameNotFoundError,
    NotFoundError,
    TaskFailedError,
    WaitTimeoutError,
)
from vantage6.client._encryption.base64 import encode
from vantage6.client._encryption.cipher import decrypt, encrypt
from vantage6.client._encryption.key_files import write_private_key
from vantage6.client._encryption.keys import generate_private_key, private_key_to_pem, public_key_of
from vantage6.client._utils.pauses import Backoff

KEY = generate_private_key(2048)
DAY, LATER = "2026-11-26", "2026-11-27"
Routes = dict[str, Callable[[Request, dict[str, str]], Reply]]


def serve(server: ScriptedServer, client: Client, routes: Routes) -> None:
    """Log in, then answer each "METHOD path" by its function."""

    def reply(request: Request) -> Reply:
        url = urlsplit(request.path)
        route = routes.get(f"{request.method} {url.path.removeprefix('/api')}")
        return route(request, dict(parse_qsl(url.query))) if route else (404, b"<html>")

    server.reply = with_login(reply)
    client.authenticate("researcher", "secret")
    server.seen.clear()


def listing(rows: list[dict[str, Any]]) -> Callable[[Request, dict[str, str]], Reply]:
    return lambda _, query: page(rows, int(query.get("page", 1)), int(query.get("per_page", 10)))


# -- lists -------------------------------------------------------------------------------------
ORGANIZATIONS = [
    {"id": id_, "name": f"organization {id_}", "country": "NL" if id_ % 2 else "BE"}
    for id_ in range(1, 602)
]


def test_list_is_complete_and_requested_in_stable_order(
    client: Client, server: ScriptedServer
) -> None:
    serve(server, client, {"GET /organization": listing(ORGANIZATIONS)})
    rows = client.organization.list(name="organization%")
    assert rows == ORGANIZATIONS
    assert rows.total == 601
    assert "next" not in rows.links
    queries = [dict(parse_qsl(urlsplit(request.path).query)) for request in server.seen]
    pages = [(query["page"], query["per_page"]) for query in queries]
    assert pages == [("1", "250"), ("2", "250"), ("2", "500")]
    assert {query["sort"] for query in queries} == {"id"}
    assert {query["name"] for query in queries} == {"organization%"}


def test_received_names_of_organizations_stand_beside_ids(
    client: Client, server: ScriptedServer
) -> None:
    nodes = [{"id": id_, "organization": {"id": id_}} for id_ in (1, 2, 3)]
    routes: Routes = {
        "GET /organization": listing(ORGANIZATIONS[:1]),
        "GET /node": listing(nodes),
        "GET /node/1": lambda *_: (200, nodes[0]),
    }
    serve(server, client, routes)
    before = client.node.list()
    assert [row.split()[1] for row in str(before).splitlines()[2:5]] == ["1", "2", "IKNL"]
    client.organization.list()
    assert "organization 1 (1)" in str(client.node.list())
    assert "organization 1 (1)" in str(client.node.get(1))
    server.seen.clear()
    rows = client.node.list()
    assert len(server.seen) == 1, "no request for names"
    assert rows == nodes, "only the display has names"
    client._core.names.forget("organization")
    assert "organization 1" not in str(client.node.list())


def test_runs_of_a_task_are_in_the_order_of_its_organizations(
    client: Client, server: ScriptedServer
) -> None:
    newest_first = [{"id": id_, "input": None} for id_ in (3, 2, 1)]
    serve(server, client, {"GET /run": listing(newest_first)})
    assert [run["id"] for run in client.run.list(task=5)] == [1, 2, 3]
    assert client.run.list(task=5) == client.run.from_task(5)
    assert [run["id"] for run in client.run.list()] == [3, 2, 1]
    assert [run["id"] for run in client.run.list(task=5, page=1, per_page=2)] == [3, 2]


def test_password_is_prompted_for(
    client: Client, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reply = with_login(lambda _: (404, b""))
    with pytest.raises(CredentialsNotFoundError, match="password of researcher at http"):
        client.authenticate("researcher")
    assert not server.seen
    monkeypatch.setattr("getpass.getpass", lambda question: f"typed for {question}")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    client.authenticate("researcher")
    url = client.base_path
    assert server.seen[0].body["password"] == f"typed for Password of researcher at {url}: "


def test_single_page_on_request(client: Client, server: ScriptedServer) -> None:
    serve(server, client, {"GET /organization": listing(ORGANIZATIONS)})
    rows = client.organization.list(page=2, per_page=5)
    assert [row["id"] for row in rows] == [6, 7, 8, 9, 10]
    assert rows.total == 601
    assert "next" in rows.links
    assert [row["id"] for row in client.organization.list(per_page=2)] == [1, 2]
    assert len(server.seen) == 2


def test_filters_cover_every_page(client: Client, server: ScriptedServer) -> None:
    serve(server, client, {"GET /organization": listing(ORGANIZATIONS)})
    rows = client.organization.list(filter_=("country", "BE"), field="id")
    assert [row["id"] for row in rows] == list(range(2, 602, 2))
    assert all(list(row) == ["id"] for row in rows)


@pytest.mark.parametrize(
    ("resource", "given", "query"),
    [
        (
            "organization",
            {"name": "a", "country": "b", "collaboration": 1, "study": 2},
            "name=a&country=b&collaboration_id=1&study_id=2",
        ),
        (
            "collaboration",
            {"scope": "global", "name": "a", "encrypted": True, "organization": 1},
            "name=a&encrypted=1&organization_id=1",
        ),
        ("collaboration", {"algorithm_store": 2}, "organization_id=3&algorithm_store_id=2"),
        (
            "study",
            {"name": "a", "organization": 1, "collaboration": 2, "include_organizations": True},
            "name=a&organization_id=1&collaboration_id=2&include=organizations",
        ),
        (
            "node",
            {"name": "a", "organization": 1, "collaboration": 2, "study": 3, "is_online": True},
            "name=a&organization_id=1&collaboration_id=2&study_id=3&status=online",
        ),
        (
            "node",
            {"is_online": False, "ip": "a", "last_seen_from": DAY, "last_seen_till": LATER},
            f"status=offline&ip=a&last_seen_from={DAY}&last_seen_till={LATER}",
        ),
        (
            "task",
            {"initiating_org": 1, "initiating_user": 2, "collaboration": 3, "study": 4},
            "init_org_id=1&init_user_id=2&collaboration_id=3&study_id=4",
        ),
        (
            "task",
            {"image": "a", "parent": 1, "job": 2, "name": "b", "include_results": True},
            "image=a&parent_id=1&job_id=2&name=b&include=results",
        ),
        (
            "task",
            {"description": "a", "database": "b", "user_created": False},
            "description=a&database=b&is_user_created=0",
        ),
        (
            "run",
            {"task": 1, "organization": 2, "state": "open", "node": 3, "include_task": True},
            "task_id=1&organization_id=2&state=open&node_id=3&include=task",
        ),
        (
            "run",
            {"started": (DAY, LATER), "assigned": (DAY, None), "finished": (None, LATER)},
            f"started_from={DAY}&started_till={LATER}&assigned_from={DAY}&finished_till={LATER}",
        ),
        (
            "user",
            {"username": "a", "organization": 1, "firstname": "b", "lastname": "c", "email": "d"},
            "username=a&organization_id=1&firstname=b&lastname=c&email=d",
        ),
        (
            "user",
            {"role": 1, "rule": 2, "last_seen_from": DAY, "last_seen_till": LATER},
            f"role_id=1&rule_id=2&last_seen_from={DAY}&last_seen_till={LATER}",
        ),
        (
            "role",
            {"name": "a", "description": "b", "organization": 1, "rule": 2, "user": 3},
            "name=a&description=b&organization_id=1&rule_id=2&user_id=3",
        ),
        (
            "rule",
            {"name": "a", "operation": "VIEW", "scope": "OWN", "role": 1},
            "name=a&operation=VIEW&scope=OWN&role_id=1",
        ),
    ],
)
def test_filters_are_sent_under_the_servers_names(
    client: Client, server: ScriptedServer, resource: str, given: dict[str, Any], query: str
) -> None:
    serve(server, client, {f"GET /{resource}": listing([])})
    assert getattr(client, resource).list(**given) == []
    (sent,) = [dict(parse_qsl(urlsplit(path).query)) for path in server.paths]
    assert sent == {**dict(parse_qsl(query)), "page": "1", "per_page": "250", "sort": "id"}


@pytest.mark.parametrize("resource", ["user", "organization"])
def test_own_row_without_an_id(client: Client, server: ScriptedServer, resource: str) -> None:
    serve(server, client, {})
    own = {"user": 7, "organization": 3}[resource]
    assert (getattr(client, resource).get())["id"] == own
    with pytest.raises(NotFoundError):
        getattr(client, resource).get(99)


@pytest.mark.parametrize(
    ("method", "given", "reason"),
    [
        ("organization.list", {"fields": ["nmae"]}, "got 'nmae'. Did you mean 'name'"),
        ("organization.get", {"id_": 1, "field": "nope"}, "fields: .* got 'nope'"),
        ("organization.list", {"filter_": ("nmae", "a")}, "filter: .* got 'nmae'"),
        ("organization.list", {"country": 31}, "country: expected text"),
        ("node.create", {"collaboration": 1, "fields": ["kye"]}, "fields: .* got 'kye'"),
        ("task.list", {"status": "complete"}, "status: .* Did you mean 'completed'"),
        ("task.list", {"job": "x"}, "job_id: expected a whole number"),
        ("task.list", {"filters": [("status", "COMPLETED")]}, "Did you mean 'completed'"),
        ("task.get", {"id_": 1, "field": "nmae"}, "Did you mean 'name'"),
        ("run.list", {"state": "opne"}, "state: expected 'open' or None, got 'opne'"),
        ("run.list", {"fields": ["stauts"]}, "Did you mean 'status'"),
        ("run.get", {"id_": 1, "fields": ["stauts"]}, "Did you mean 'status'"),
        ("run.from_task", {"task_id": 1, "fields": ["stauts"]}, "Did you mean 'status'"),
        ("node.list", {"is_online": None, "filter_": ("status", 1)}, "expected text or null"),
        ("task.create", {"fields": ["nmae"]}, "Did you mean 'name'"),
        ("task.create", {"databases": {"label": "a", "qeury": ""}}, "Did you mean 'query'"),
        ("task.create", {"databases": [{"label": "a", "query": 5}]}, "query: expected text"),
        ("task.create", {"description": None, "name": 5}, "name: expected text"),
        ("task.create", {"kwargs": {"x": {1: 1, "1": 2}}}, "are both '1' in JSON"),
    ],
)
def test_what_the_server_would_ignore_is_rejected_before_sending(
    client: Client, server: ScriptedServer, method: str, given: dict[str, Any], reason: str
) -> None:
    serve(server, client, {})
    resource, name = method.split(".")
    if method == "task.create":
        given = {"organizations": [1], "name": "n", "image": "i", "method": "f", **given}
    with pytest.raises(InvalidInputError, match=reason):
        getattr(getattr(client, resource), name)(**given)
    assert server.seen == []


@pytest.mark.parametrize("resource", ["role", "rule", "node", "study", "collaboration", "task"])
def test_get_one_of_each_by_id(client: Client, server: ScriptedServer, resource: str) -> None:
    needed = {"encrypted": False, "status": "pending", "collaboration": {"id": 1}}
    row = {"id": 5, "name": "five", "more": True, **needed}
    serve(server, client, {f"GET /{resource}/5": lambda *_: (200, row)})
    assert getattr(client, resource).get(5) == row
    assert getattr(client, resource).get(5, fields=["name"]) == {"name": "five"}


def test_chosen_collaboration_is_the_default(client: Client, server: ScriptedServer) -> None:
    routes: Routes = {
        "GET /organization": listing([]),
        "GET /collaboration/4": lambda *_: (200, {"id": 4, "name": "demo", "encrypted": False}),
    }
    serve(server, client, routes)
    client.organization.list()
    client.setup_collaboration(4)
    client.organization.list()
    client.organization.list(collaboration=5)
    queries = [dict(parse_qsl(urlsplit(path).query)) for path in server.paths]
    chosen = [query.get("collaboration_id") for query in queries]
    assert chosen == [None, None, "4", "5"]
    assert client.collaboration_id == 4


def test_collaborations_of_the_own_organization(client: Client, server: ScriptedServer) -> None:
    serve(server, client, {"GET /collaboration": listing([])})
    client.collaboration.list()
    client.collaboration.list("global")
    assert "organization_id=3" in server.paths[0]
    assert "organization_id" not in server.paths[1]
    with pytest.raises(InvalidInputError, match="scope"):
        client.collaboration.list("everything")


def test_task_filters_missing_on_the_server(client: Client, server: ScriptedServer) -> None:
    tasks = [
        {"id": 3, "status": "active", "algorithm_store": None},
        {"id": 2, "status": "completed", "algorithm_store": {"id": 1}},
        {"id": 1, "status": "completed", "algorithm_store": None},
    ]
    routes: Routes = {
        "GET /task": listing(tasks),
        "GET /run/9": lambda *_: (200, {"id": 9, "task": {"id": 3}}),
    }
    serve(server, client, routes)
    assert [row["id"] for row in client.task.list(status="completed")] == [2, 1]
    assert [row["id"] for row in client.task.list(store=1)] == [2]
    assert [row["id"] for row in client.task.list(run=9)] == [3]


def test_runs_are_filtered_by_port_and_decrypted(client: Client, server: ScriptedServer) -> None:
    reference = {"id": 3, "link": "", "methods": []}
    rows = [
        {"id": id_, "ports": ports, "input": encode(b"{}"), "organization": reference,
         "task": reference, "blob_storage_used": False}
        for id_, ports in ((2, []), (1, [{"port": 8888}]))
    ]  # fmt: skip
    routes: Routes = {"GET /run": listing(rows), "GET /run/2": lambda *_: (200, rows[0])}
    serve(server, client, routes)
    assert [row["id"] for row in client.run.list(port=8888)] == [1]
    assert [row["input"] for row in client.run.list()] == ["{}", "{}"]
    assert (client.run.get(2))["input"] == "{}"
    assert (client.run.get(2, decrypt_input=False))["input"] == encode(b"{}")


# -- tasks --------------------------------------------------------------------------------------
def collaboration(*, encrypted: bool) -> Routes:
    row = {"id": 4, "name": "demo", "encrypted": encrypted}
    return {
        "GET /collaboration/4": lambda *_: (200, row),
        "GET /study/6": lambda *_: (200, {"id": 6, "collaboration": {"id": 4}}),
        "POST /task": lambda request, _: (201, {"id": 12, **request.body}),
        "GET /version": lambda *_: (200, {"version": "4.15.2"}),
    }


TASK: dict[str, Any] = {
    "name": "average",
    "image": "average:1",
    "description": "",
    "input_": {"method": "f", "kwargs": {"x": 1}},
}


def test_task_has_an_input_for_each_organization(client: Client, server: ScriptedServer) -> None:
    serve(server, client, collaboration(encrypted=False))
    task = client.task.create(
        [2, 1], **TASK, collaboration=4, store=2, server_url="https://x", databases="a", field="id"
    )
    assert task == {"id": 12}
    sent = server.seen[-1].body
    assert [row["id"] for row in sent["organizations"]] == [2, 1]
    assert {row["input"] for row in sent["organizations"]} == {
        encode(json.dumps(TASK["input_"]).encode())
    }
    assert sent["databases"] == [{"label": "a"}]
    assert (sent["collaboration_id"], sent["store_id"]) == (4, 2)
    assert sent["server_url"] == "https://x"
    assert "study_id" not in sent


def test_study_determines_the_collaboration(client: Client, server: ScriptedServer) -> None:
    serve(server, client, collaboration(encrypted=False))
    client.task.create([1], **TASK, study=6)
    sent = server.seen[-1].body
    assert (sent["study_id"], sent["collaboration_id"]) == (6, 4)
    assert "store_id" not in sent


def test_invalid_task_is_not_sent(client: Client, server: ScriptedServer) -> None:
    serve(server, client, collaboration(encrypted=False))
    for wrong in (
        {"organizations": [], "collaboration": 4},
        {"organizations": [1]},
        {"organizations": [1], "collaboration": 4, "databases": "no-good"},
        {"organizations": [1], "collaboration": 4, "input_": {"x": {1}}},
        {"organizations": [1], "collaboration": 4, "fields": "id"},
    ):
        with pytest.raises(InvalidInputError):
            client.task.create(**{**TASK, **wrong})
    assert server.paths == []


@pytest.mark.parametrize("study", [None, 6])
def test_task_runs_at_all_organizations(
    client: Client, server: ScriptedServer, study: int | None
) -> None:
    def members(_: Request, query: dict[str, str]) -> Reply:
        ids = {"collaboration_id=4": [1, 2, 3], "study_id=6": [2, 3]}
        asked = next(ids[pair] for pair in map("=".join, query.items()) if pair in ids)
        return page([{"id": id_, "name": f"all {id_}"} for id_ in asked], 1, 250)

    routes = {**collaboration(encrypted=False), "GET /organization": members}
    serve(server, client, routes)
    client.task.create("all", **TASK, collaboration=4, study=study)
    sent = [row["id"] for row in server.seen[-1].body["organizations"]]
    assert sent == ([1, 2, 3] if study is None else [2, 3])
    with pytest.raises(NameNotFoundError, match="organization 'all': not found"):
        client.task.create(["all"], **TASK, collaboration=4)


def test_missing_organizations_are_explained(client: Client, server: ScriptedServer) -> None:
    serve(server, client, collaboration(encrypted=False))
    with pytest.raises(InvalidInputError, match=r"got None\. Pass at least one .*'all'"):
        client.task.create(cast("Any", None), **TASK, collaboration=4)
    with pytest.raises(InvalidInputError, match=r"got 'IKNL'. Pass a list, such as \['IKNL'\]"):
        client.task.create("IKNL", **TASK, collaboration=4)


def write_key(folder: Path) -> Path:
    path = folder / "key.pem"
    write_private_key(path, private_key_to_pem(KEY))
    return path


def test_encrypted_collaboration_gets_no_plain_input(
    client: Client, server: ScriptedServer
) -> None:
    serve(server, client, collaboration(encrypted=True))
    with pytest.raises(EncryptionNotSetUpError, match="setup_encryption"):
        client.task.create([1], **TASK, collaboration=4)
    assert not any(path.startswith("POST") for path in server.paths)


def test_public_keys_are_fetched_once_per_task(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    keys = {1: KEY, 2: generate_private_key(2048)}
    members = [
        {"id": id_, "name": f"organization {id_}", "public_key": public_key_of(key)}
        for id_, key in {**keys, 3: KEY}.items()
    ]
    routes = collaboration(encrypted=True)
    routes["GET /organization"] = listing(members)
    routes["PATCH /organization/3"] = lambda request, _: (200, {"id": 3, **request.body})
    serve(server, client, routes)
    client.setup_encryption(write_key(tmp_path))
    assert server.seen[-1].body == {"public_key": public_key_of(KEY)}, "there was none yet"
    server.seen.clear()
    client.task.create([2, 1], **TASK, collaboration=4)
    assert len(server.seen) == 4, "with the question for a blob store, which is asked once"
    for row in server.seen[-1].body["organizations"]:
        assert json.loads(decrypt(row["input"], keys[row["id"]])) == TASK["input_"]


def test_key_has_no_effect_in_plain_collaboration(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    routes = collaboration(encrypted=False)
    routes["PATCH /organization/3"] = lambda request, _: (200, {"id": 3, **request.body})
    serve(server, client, routes)
    client.setup_encryption(write_key(tmp_path))
    client.task.create([1], **TASK, collaboration=4)
    assert server.seen[-1].body["organizations"][0]["input"] == encode(
        json.dumps(TASK["input_"]).encode()
    )


def test_public_key_on_the_server_is_never_replaced(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    serve(server, client, {})
    answer = server.reply
    other = public_key_of(generate_private_key(2048))

    def reply(request: Request) -> Reply:
        if request.path == "/api/organization/3":
            return 200, {"id": 3, "name": "IKNL", "public_key": other}
        return answer(request)

    server.reply = reply
    with pytest.raises(KeyMismatchError) as caught:
        client.setup_encryption(write_key(tmp_path))
    assert caught.value.local != caught.value.server
    assert all(path.startswith("GET") for path in server.paths)


def test_kill_and_delete_return_the_servers_message(client: Client, server: ScriptedServer) -> None:
    done: Reply = (200, {"msg": "done"})
    serve(server, client, {"POST /kill/task": lambda *_: done, "DELETE /task/12": lambda *_: done})
    assert client.task.kill(12) == {"msg": "done"}
    assert server.seen[-1].body == {"id": 12}
    assert client.task.delete(12) == {"msg": "done"}


# -- waiting ----------------------------------------------------------------------------------
def waiting(*statuses: str, runs: dict[int, list[str]] | None = None) -> Routes:
    """Step through the statuses of a task and its runs."""
    left = list(statuses)
    runs = runs or {1: ["completed"], 2: ["completed"]}

    def task(request: Request, _: object) -> Reply:
        status = left.pop(0) if len(left) > 1 else left[0]
        include = parse_qs(urlsplit(request.path).query).get("include", ())
        own = {
            "id": 12,
            "name": "average",
            "job_id": 12,
            "parent": None,
            "collaboration": {"id": 4},
        }
        embedded = {
            "runs": run_rows() if "runs" in include else "/api/run?task_id=12",
            "results": result_rows() if "results" in include else "/api/result?task_id=12",
        }
        return 200, {**own, **embedded, "status": status}

    def run_rows() -> list[dict[str, Any]]:
        return [
            {
                "id": id_,
                "status": states.pop(0) if len(states) > 1 else states[0],
                "organization": {"id": id_},
                "node": {"name": f"node {id_}"},
                "log": "Traceback\nKeyError: 'abc'",
                "started_at": None,
                "finished_at": None,
                "input": None,
                "blob_storage_used": False,
            }
            for id_, states in runs.items()
        ]

    def result_rows() -> list[dict[str, Any]]:
        return [
            {
                "id": id_,
                "run": {"id": id_},
                "result": encode(b'{"n": 1}') if states[0] == "completed" else None,
                "blob_storage_used": False,
            }
            for id_, states in runs.items()
        ]

    def listed(rows: Callable[[], list[dict[str, Any]]]) -> Callable[..., Reply]:
        return lambda _, query: page(rows()[::-1], int(query["page"]), int(query["per_page"]))

    def organizations(_: Request, query: dict[str, str]) -> Reply:
        rows = [{"id": id_, "name": f"hospital {id_}"} for id_ in runs]
        return page(rows, int(query["page"]), int(query["per_page"]))

    return {
        "GET /task/12": task,
        "GET /task/12/status": task,
        "GET /task": listing([]),
        "GET /run": listed(run_rows),
        "GET /result": listed(result_rows),
        "GET /organization": organizations,
    }


def test_results_are_in_requested_order(client: Client, server: ScriptedServer) -> None:
    serve(server, client, waiting("pending", "active", "completed"))
    results = client.wait_for_results(12, 0.1, progress=False)
    assert [row["run"]["id"] for row in results["data"]] == [1, 2]
    assert [json.loads(row["result"] or "") for row in results] == [{"n": 1}, {"n": 1}]
    assert results.outputs == [{"n": 1}, {"n": 1}]
    assert results.by_organization == {"hospital 1": {"n": 1}, "hospital 2": {"n": 1}}
    assert len(server.seen) == 4, "two looks, the results, the organizations"
    again = client.result.from_task(12)
    assert list(again.by_organization) == ["hospital 1", "hospital 2"]
    assert len(server.seen) == 7, "names may have changed since"


def test_results_are_labeled_with_the_current_names(client: Client, server: ScriptedServer) -> None:
    routes = waiting("completed")
    serve(server, client, routes)
    before = client.wait_for_results(12, progress=False)
    assert list(before.by_organization) == ["hospital 1", "hospital 2"]
    swapped = [{"id": 1, "name": "hospital 2"}, {"id": 2, "name": "hospital 1"}]
    routes["GET /organization"] = listing(swapped)
    for results in (
        client.wait_for_results(12, progress=False),
        client.result.from_task(12),
        *[done.results for done in client.as_completed([12])],
    ):
        assert [results.organizations[row["run"]["id"]] for row in results] == [
            "hospital 2",
            "hospital 1",
        ]


def test_invisible_organizations_are_shown_by_id(client: Client, server: ScriptedServer) -> None:
    refused = {"GET /organization": lambda *_: (401, {"msg": "You lack the permission"})}
    serve(server, client, waiting("completed") | refused)
    assert list((client.result.from_task(12)).by_organization) == ["1", "2"]


def test_both_names_of_wait_work(client: Client, server: ScriptedServer) -> None:
    serve(server, client, waiting("completed"))
    assert client.wait_for_result(task_id=12) == client.wait_for_results(task_id=12)


def test_failed_task_raises_with_logs_and_other_results(
    client: Client, server: ScriptedServer
) -> None:
    runs = {1: ["completed"], 2: ["crashed"], 3: ["active"]}
    serve(server, client, waiting("crashed", runs=runs))
    with pytest.raises(TaskFailedError, match="KeyError: 'abc'") as caught:
        client.wait_for_results(12)
    error = caught.value
    assert (error.task_id, error.status) == (12, "crashed")
    assert [run["status"] for run in error.runs] == ["completed", "crashed", "active"]
    assert [row["result"] for row in error.results] == ['{"n": 1}', None, None]
    assert "organization 2" in str(error)


def test_failed_task_can_be_returned(client: Client, server: ScriptedServer) -> None:
    runs = {1: ["active", "active", "completed"], 2: ["crashed"]}
    serve(server, client, waiting("crashed", runs=runs))
    results = client.wait_for_results(12, 0.1, on_failure="return")
    assert [row["result"] for row in results] == ['{"n": 1}', None]
    with pytest.raises(InvalidInputError, match="on_failure"):
        client.wait_for_results(12, on_failure="ignore")  # type: ignore[arg-type]


def test_wait_timeout_keeps_the_task(client: Client, server: ScriptedServer) -> None:
    serve(server, client, waiting("active"))
    with pytest.raises(WaitTimeoutError, match="The task continues") as caught:
        client.wait_for_results(12, 0.1, timeout=0.3)
    assert (caught.value.task_id, caught.value.status) == (12, "active")
    assert {path.split()[0] for path in server.paths} == {"GET"}


def test_no_poll_starts_after_the_wait_timeout(
    client: Client, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vantage6.client._waiting.tracker.RECONNECT", Backoff((0.0,)))
    serve(server, client, waiting("active"))
    others, looks = server.reply, 0

    def slow(request: Request) -> Reply:
        nonlocal looks
        looks += 1
        if looks == 1:
            return others(request)
        time.sleep(4.5)
        return 500, b"busy"

    server.reply = slow
    with pytest.raises(WaitTimeoutError, match="The task continues"):
        client.wait_for_results(12, 0.1, timeout=4)
    assert looks == 2


def test_poll_the_task_without_status_endpoint(client: Client, server: ScriptedServer) -> None:
    routes = waiting("active", "completed")
    del routes["GET /task/12/status"]
    serve(server, client, routes)
    status = client.wait_for_task_completion(client.request, 12, 0.1)
    assert status == "completed"


def test_wait_for_missing_task_fails_at_once(client: Client, server: ScriptedServer) -> None:
    serve(server, client, {"GET /task/12": lambda *_: (404, {"msg": "not found"})})
    with pytest.raises(NotFoundError):
        client.wait_for_results(12)
    assert len(server.seen) == 1


# -- the rest --------------------------------------------------------------------------------
def test_result_of_one_run_is_text(client: Client, server: ScriptedServer, tmp_path: Path) -> None:
    row = {"id": 5, "run": {"id": 5}, "blob_storage_used": False}
    row["result"] = encrypt(b'{"n": 1}', public_key_of(KEY))
    routes: Routes = {
        "GET /result/5": lambda *_: (200, row),
        "PATCH /organization/3": lambda request, _: (200, {"id": 3, **request.body}),
    }
    serve(server, client, routes)
    client.setup_encryption(write_key(tmp_path))
    assert client.result.get(5) == '{"n": 1}'


def test_binary_result_is_returned_as_bytes(client: Client, server: ScriptedServer) -> None:
    row = {"id": 5, "run": {"id": 5}, "blob_storage_used": False}
    row["result"] = encode(b"\x89PNG")
    serve(server, client, {"GET /result/5": lambda *_: (200, row)})
    with pytest.raises(DecryptionError, match=r"run 5.*get_bytes\(5\)"):
        client.result.get(5)
    assert client.result.get_bytes(5) == b"\x89PNG"


def test_custom_request(client: Client, server: ScriptedServer) -> None:
    serve(server, client, {"GET /thing": lambda request, query: (200, [query])})
    assert client.request("/thing", params={"a": 1, "b": None}) == [{"a": "1"}]
    assert client.generate_path_to("thing") == f"http://127.0.0.1:{server.port}/api/thing"
    assert client.generate_path_to("/thing", False) == client.generate_path_to("thing")
    with pytest.raises(ConfigurationError, match="store"):
        client.generate_path_to("thing", True)
    both = client.request("thing?a=1&a=2&c=", params={"b": "x&y"})
    assert both == [{"a": "2", "b": "x&y"}]
    assert server.paths[-1] == "GET /api/thing?a=1&a=2&c=&b=x%26y"


@pytest.mark.parametrize(
    "strange",
    [
        {"endpoint": "task/../../admin"},
        {"endpoint": "task/%2E%2e/user"},
        {"endpoint": "task/..\\user"},
        {"endpoint": "task\\..\\user"},
        {"endpoint": "task/."},
        {"endpoint": "task\r\nX: y"},
        {"endpoint": "task", "method": "get /api/user HTTP/1.1\r\nX: y\r\n\r\n"},
        {"endpoint": "task", "method": ""},
        {"endpoint": "task", "headers": {"X": "a\r\nAuthorization: b"}},
        {"endpoint": "task", "headers": {"X: y\r\nZ": "a"}},
        {"endpoint": "task", "headers": {"X": "\N{EURO SIGN}"}},
    ],
)
def test_custom_request_cannot_leave_its_path(
    client: Client, server: ScriptedServer, strange: dict[str, Any]
) -> None:
    serve(server, client, {})
    began = time.monotonic()
    with pytest.raises(InvalidInputError):
        client.with_options(max_retries=100).request(**strange)
    assert time.monotonic() - began < 30, "it is not tried again"
    assert not server.seen


def test_endless_pages_are_an_error(client: Client, server: ScriptedServer) -> None:
    def again(request: Request, query: dict[str, str]) -> Reply:
        return page(ORGANIZATIONS, 1, 250)

    def more(request: Request, query: dict[str, str]) -> Reply:
        size = int(query["per_page"])
        start = int(query["page"]) * size
        links = {"first": "", "self": "", "next": "/"}
        return 200, {"data": [{"id": start + n} for n in range(size)], "links": links}

    serve(server, client, {"GET /organization": again})
    with pytest.raises(InvalidResponseError, match="this page has no new row"):
        client.organization.list()
    assert len(server.seen) == 2
    serve(server, client, {"GET /organization": more})
    with pytest.raises(InvalidResponseError, match=r"30000 bytes.*max_response_bytes"):
        client.with_options(max_response_bytes=30_000).organization.list()
    assert len(server.seen) < 20


def test_links_to_further_pages_are_not_followed(
    client: Client, server: ScriptedServer, store: ScriptedServer
) -> None:
    def linked(request: Request, query: dict[str, str]) -> Reply:
        size = int(query["per_page"])
        start = (int(query["page"]) - 1) * size
        elsewhere = f"http://127.0.0.1:{store.port}/api/organization?page=2"
        more = () if start + size >= len(ORGANIZATIONS) else ("next",)
        links = dict.fromkeys(("first", "self", *more), elsewhere)
        return 200, {"data": ORGANIZATIONS[start : start + size], "links": links}

    serve(server, client, {"GET /organization": linked})
    assert client.organization.list() == ORGANIZATIONS
    assert len(server.seen) > 1
    assert not store.connections


def test_ambiguous_arguments_are_rejected_before_sending(
    client: Client, server: ScriptedServer
) -> None:
    nothing: Any = None
    before = len(server.seen)
    for call in (client.result.from_task, client.run.from_task, client.task.kill, client.node.get):
        with pytest.raises(
            InvalidInputError, match="expected an id, which is a whole number, got None"
        ):
            call(nothing)
    with pytest.raises(
        InvalidInputError, match="organization: expected an id, which is a whole number, got None"
    ):
        client.organization.id(nothing)
    with pytest.raises(
        InvalidInputError, match=r"organization: expected a name, got 1. Use get\(\)"
    ):
        client.organization.find(cast("Any", 1))
    with pytest.raises(InvalidInputError, match="per_page: expected a whole number of 1 or more"):
        client.task.list(per_page=0)
    with pytest.raises(InvalidInputError, match=r"expected a time, such as .*, got 'yesterday'"):
        client.node.list(last_seen_from="yesterday")
    assert len(server.seen) == before


def test_oversized_identifiers_are_rejected(client: Client, server: ScriptedServer) -> None:
    serve(server, client, {"GET /organization": listing(ORGANIZATIONS)})
    for number in ("9" * 5000, "9" * 19, 10**5000, 2**63, -(2**64)):
        with pytest.raises((InvalidInputError, NameNotFoundError)):
            client.organization.get(number)


def test_client_describes_its_server() -> None:
    with Client("http://localhost/", 7601, "api", log_level=None) as client:
        assert (client.host, client.port, client.path) == ("http://localhost", 7601, "/api")
        assert client.base_path == "http://localhost:7601/api"
        assert repr(client).endswith("Client of http://localhost:7601/api>")
        assert repr(client.result) == "<Results: from_task, get, get_bytes, save>"
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="Create one in each process"):
                duplicate(client)
        assert client.with_options(max_retries=0).host == client.host


def test_password_over_plain_http_warns() -> None:
    with Client("http://no-such-host.invalid", 80, log_level=None) as open_client:
        with pytest.warns(UserWarning, match="plain http. Anyone on the network path") as caught:
            with pytest.raises(ConnectionFailedError):
                open_client.authenticate("researcher", "secret")
    assert caught[0].filename == __file__
