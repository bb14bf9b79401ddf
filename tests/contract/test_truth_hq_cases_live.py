"""Test what HQ sends in the cases that a client of version 5 must get right.

The nodes are at work only in name: the tests send what nodes send.
"""

import base64
import json
import re
from http import HTTPStatus
from typing import Any

import pytest

from vantage6.bindings.hq import calls

from .callers import IMAGE, encoded
from .hq import NOTHING, HqWorld
from .test_truth_live import NO_SUCH_ID, THEN
from .truth import Truth

pytestmark = pytest.mark.live

END = {"finished_at": "2026-01-02T03:05:00.000001"}
# By the place of the organization in the world.
A, B, C, D = range(4)
FAILED = (
    *("failed", "start failed", "non-existing Docker image", "crashed", "killed by user"),
    *("not allowed", "unknown error", "dataframe not found", "depended on failed task"),
    "unexpected output",
)
ALIVE = ("pending", "initializing", "active")


@pytest.fixture(scope="module", autouse=True)
def fourth_node(hq_world: HqWorld) -> None:
    """Give the fourth organization a node, which never comes online."""
    body = {
        "collaboration_id": hq_world.collaboration["id"],
        "organization_id": hq_world.organizations[D]["id"],
    }
    hq_world.node_rows.append(hq_world.root(calls.create_node(body), 201))


def text(value: str) -> str:
    """Return a result's text as a node sends it to a collaboration without encryption."""
    return base64.b64encode(value.encode()).decode()


def ready_dataframe(world: HqWorld, *places: int, **more: Any) -> Any:
    """Return a data frame that is ready at some organizations, and goes to these only."""
    frame = world.dataframe(*places, **more)
    world.end(frame["last_session_task"]["id"])
    return world.researcher(calls.get_dataframe(frame["id"]))


def ids(world: HqWorld, *places: int) -> list[int]:
    """Return the ids of organizations."""
    return [world.organizations[place]["id"] for place in places]


def use(frame: Any) -> list[list[dict[str, Any]]]:
    """Return the databases of a task whose one argument is a data frame."""
    return [[{"type": "dataframe", "dataframe_id": frame["id"]}]]


# -- results ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "result",
    [
        pytest.param("null", id="1: a function's None"),
        pytest.param("NaN", id="6: not a number"),
        pytest.param("[Infinity, -Infinity]", id="7: infinity"),
        pytest.param("1180591620717411303424", id="8: a large whole number"),
        pytest.param("0.30000000000000004", id="9: a float"),
        pytest.param('{"1": "a", "null": "b", "1.5": "d"}', id="10: keys are text"),
        pytest.param('{"1": "a", "1": "b"}', id="11: a key twice"),
        pytest.param('"' + "x" * 3_000_000 + '"', id="12: a large text"),
    ],
)
def test_results_arrive_as_they_were_sent(hq_truth: Truth, hq_world: HqWorld, result: str) -> None:
    task = hq_world.task(A)
    hq_world.end(task["id"], result=text(result))
    (row,) = hq_world.researcher(calls.list_results(task_id=task["id"]))["data"]
    assert base64.b64decode(row["result"]).decode() == result


@pytest.mark.parametrize(
    ("status", "sent"),
    [
        pytest.param("completed", "", id="2: completed without a result"),
        pytest.param("crashed", "", id="4: crashed"),
    ],
)
def test_empty_results_are_empty_text(
    hq_truth: Truth, hq_world: HqWorld, status: str, sent: str
) -> None:
    task = hq_world.task(A)
    hq_world.end(task["id"], status=status, result=sent, log="why")
    run = hq_world.runs(task["id"])[A]
    assert hq_world.researcher(calls.get_result(run["id"]))["result"] == sent
    assert (run["status"], run["log"]) == (status, "why")


def test_results_of_unfinished_and_killed_runs_are_null(hq_truth: Truth, hq_world: HqWorld) -> None:
    task = hq_world.task(A)  # case 3
    run = hq_world.runs(task["id"])[A]["id"]
    assert hq_world.researcher(calls.get_result(run))["result"] is None
    hq_world.node(A)(calls.update_run(run, {"status": "active", "started_at": THEN}))
    assert hq_world.researcher(calls.get_result(run))["result"] is None
    hq_world.admin(calls.kill_task({"id": task["id"]}))  # case 5
    assert hq_world.researcher(calls.get_result(run))["result"] is None
    assert hq_world.runs(task["id"])[A]["status"] == "killed by user"


def test_encrypted_collaboration_wants_encrypted_arguments(
    hq_truth: Truth, hq_world: HqWorld
) -> None:
    first = ids(hq_world, A)
    body = {"name": "Secrets", "organization_ids": first, "encrypted": True}
    collaboration = hq_world.root(calls.create_collaboration(body))["id"]
    place = {"collaboration_id": collaboration}
    node_body = place | {"organization_id": first[0], "name": "secret-node"}
    node = hq_world.as_node(hq_world.root(calls.create_node(node_body), 201))
    session = place | {"scope": "own"}
    place["session_id"] = hq_world.researcher(calls.create_session(session), 201)["id"]
    hq_world.task(A, **place, status=400)  # case 40
    parts = (bytes(range(256)) * 2, bytes(16), b"")
    nothing = "$".join(base64.b64encode(part).decode() for part in parts)
    assert len(nothing) == 684 + 24 + 2  # case 13: 710 characters
    task = hq_world.task(A, **place, organizations=hq_world.work(A, arguments=nothing))
    (run,) = hq_world.root(calls.list_runs(task_id=task["id"]))["data"]
    assert run["arguments"] == nothing
    node(calls.update_run(run["id"], END | {"status": "completed", "result": nothing}))
    assert hq_world.researcher(calls.get_result(run["id"]))["result"] == nothing


def test_results_come_newest_first_and_included_ones_oldest_first(
    hq_truth: Truth, hq_world: HqWorld
) -> None:
    task = hq_world.task(A, B, C)
    for place in (A, B, C):
        hq_world.end(task["id"], place, result=text(f'"{place}"'))

    def values(rows: list[Any]) -> list[int]:
        return [json.loads(json.loads(base64.b64decode(row["result"]))) for row in rows]

    listed = hq_world.researcher(calls.list_results(task_id=task["id"]))["data"]
    assert values(listed) == [C, B, A]  # case 14
    whole = hq_world.researcher(calls.get_task(task["id"], include=["results"]))
    assert values(whole["results"]) == [A, B, C]  # case 15
    # A result tells its organization by its run alone.
    runs = {run["id"]: place for place, run in hq_world.runs(task["id"]).items()}
    assert [runs[row["run"]["id"]] for row in listed] == [C, B, A]


def test_many_organizations_need_several_pages(hq_truth: Truth, hq_world: HqWorld) -> None:
    root = hq_world.root
    many = [
        root(calls.create_organization({"name": f"Member {number}"}), 201)["id"]
        for number in range(25)
    ]
    own = ids(hq_world, A)
    body = {"name": "Many", "organization_ids": own + many, "encrypted": False}
    collaboration = root(calls.create_collaboration(body))["id"]
    for number, member in enumerate(many):
        node = {"collaboration_id": collaboration, "organization_id": member}
        root(calls.create_node(node | {"name": f"member-{number}"}), 201)
    session = {"collaboration_id": collaboration, "scope": "own"}
    session = hq_world.researcher(calls.create_session(session), 201)["id"]
    everyone = [{"id": member, "arguments": NOTHING} for member in many]
    place = {"collaboration_id": collaboration, "session_id": session, "organizations": everyone}
    task = hq_world.task(**place)["id"]
    for listing in (calls.list_runs, calls.list_results):  # case 16
        pages = [
            hq_world.researcher(listing(task_id=task, page=page))["data"] for page in (1, 2, 3, 4)
        ]
        assert [len(page) for page in pages] == [10, 10, 5, 0]
        assert len({row["id"] for page in pages for row in page}) == 25
    whole = hq_world.researcher(calls.get_task(task, include=["runs", "results"]))
    assert (len(whole["runs"]), len(whole["results"])) == (25, 25)
    body = {"image": IMAGE, "method": "read", "organizations": everyone[:3]}
    frame = {"label": "default", "task": body}
    made = hq_world.researcher(calls.create_dataframe(session, frame), 201)  # case 46
    task = made["last_session_task"]["id"]
    assert len(hq_world.researcher(calls.list_runs(task_id=task))["data"]) == 3


# -- runs, tasks and their statuses ----------------------------------------------------------------
@pytest.mark.parametrize("status", [*ALIVE, "completed", *FAILED])
def test_every_status_of_runs(hq_truth: Truth, hq_world: HqWorld, status: str) -> None:
    task = hq_world.task(A)  # cases 17 and 18
    run = hq_world.runs(task["id"])[A]["id"]
    change: Any = {"status": status} | ({} if status in ALIVE else END)
    assert hq_world.node(A)(calls.update_run(run, change))["status"] == status
    wanted = {"completed": "completed", **dict.fromkeys(ALIVE, "awaiting")}.get(status, "failed")
    assert hq_world.researcher(calls.get_task_status(task["id"])) == {"status": wanted}


def test_known_statuses_are_all_there_are(hq_truth: Truth) -> None:
    schemas = hq_truth.contract["components"]["schemas"]
    assert set(schemas["RunStatus"]["enum"]) == {*ALIVE, "completed", *FAILED}
    assert set(schemas["TaskState"]["enum"]) == {"awaiting", "completed", "failed"}


def test_failed_run_fails_the_task_and_what_has_not_started(
    hq_truth: Truth, hq_world: HqWorld
) -> None:
    task = hq_world.task(A, B, D)["id"]  # cases 19 and 20
    at_work = hq_world.runs(task)[A]["id"]
    hq_world.node(A)(calls.update_run(at_work, {"status": "active", "started_at": THEN}))
    hq_world.end(task, B, status="crashed")
    assert hq_world.researcher(calls.get_task_status(task)) == {"status": "failed"}
    runs = hq_world.runs(task)
    assert (runs[D]["status"], runs[A]["status"]) == ("failed", "active")
    assert "sibling" in runs[D]["log"]
    assert (bool(runs[D]["finished_at"]), runs[A]["finished_at"]) == (True, None)
    hq_world.end(task, A, result=text("1"))
    runs = hq_world.runs(task)
    assert runs[A]["status"] == "completed"
    assert hq_world.researcher(calls.get_result(at_work))["result"] == text("1")
    assert all(run["finished_at"] for run in runs.values())
    # Case 22: that the task has ended is not told.
    assert hq_world.researcher(calls.get_task(task))["finished_at"] is None


def test_task_at_an_offline_node_waits(hq_truth: Truth, hq_world: HqWorld) -> None:
    task = hq_world.task(A, D)["id"]  # case 21
    hq_world.end(task, A)
    runs = hq_world.runs(task)
    assert (runs[A]["status"], runs[D]["status"]) == ("completed", "pending")
    assert hq_world.researcher(calls.get_task_status(task)) == {"status": "awaiting"}


def test_end_of_a_completed_task_is_that_of_its_last_run(
    hq_truth: Truth, hq_world: HqWorld
) -> None:
    task = hq_world.task(A, B)["id"]  # case 23
    hq_world.end(task, A)
    hq_world.end(task, B, finished_at="2026-01-02T03:06:00.5")
    whole = hq_world.researcher(calls.get_task(task))
    ends = {run["finished_at"] for run in hq_world.runs(task).values()}
    assert whole["finished_at"] == max(ends) == "2026-01-02T03:06:00.500000"
    # Case 24: no time has an offset.
    times = [whole["created_at"], *ends]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?", time) for time in times)


def test_started_run_may_be_pending(hq_truth: Truth, hq_world: HqWorld) -> None:
    task = hq_world.task(A)["id"]  # case 25
    run = hq_world.runs(task)[A]["id"]
    changed = hq_world.node(A)(calls.update_run(run, {"started_at": THEN}))
    assert (changed["started_at"], changed["status"]) == (THEN, "pending")


def test_action_and_method_are_not_compared_with_the_code(
    hq_truth: Truth, hq_world: HqWorld
) -> None:
    task = hq_world.task(A, action="federated_compute", method="central")  # cases 26 and 27
    assert (task["action"], task["method"]) == ("federated_compute", "central")
    hq_world.end(task["id"], status="crashed", log="error > Function 'central' not found")
    assert "not found" in hq_world.runs(task["id"])[A]["log"]


def test_kill_of_a_finished_task(hq_truth: Truth, hq_world: HqWorld) -> None:
    task = hq_world.task(A)["id"]
    # Case 28: not even one's own.
    told = hq_world.researcher(calls.kill_task({"id": task}), 401)
    assert told == {"msg": "You lack the permission to do that!"}
    hq_world.end(task)
    told = hq_world.admin(calls.kill_task({"id": task}), 400)["msg"]  # case 29
    assert "already finished with status 'completed'" in told


def test_kill_reaches_subtasks(hq_truth: Truth, hq_world: HqWorld) -> None:
    parent = hq_world.task(A)  # case 30
    part = hq_world.task(A, B, actor=hq_world.algorithm(parent))
    hq_world.end(part["id"], A)
    hq_world.admin(calls.kill_task({"id": parent["id"]}))
    for task in (parent, part):
        assert hq_world.researcher(calls.get_task_status(task["id"])) == {"status": "failed"}
    runs = hq_world.runs(part["id"])
    assert (runs[A]["status"], runs[B]["status"]) == ("completed", "killed by user")


def test_deleted_running_task_is_gone(hq_truth: Truth, hq_world: HqWorld) -> None:
    task = hq_world.task(A)["id"]  # case 31
    hq_world.researcher(calls.delete_task(task))
    hq_world.researcher(calls.get_task(task), 404)
    hq_world.researcher(calls.list_runs(task_id=task), 400)


# -- creating tasks --------------------------------------------------------------------------------
def test_databases_of_tasks(hq_truth: Truth, hq_world: HqWorld) -> None:
    f, g = (ready_dataframe(hq_world, A) for _ in range(2))
    (one,), (other,) = use(f), use(g)

    def sent(**more: Any) -> list[tuple[int, int]]:
        rows = hq_world.task(A, **more)["databases"]
        return [(row["position"], row["dataframe_id"]) for row in rows]

    assert sent(databases=[one, other]) == [(0, f["id"]), (1, g["id"])]  # case 32
    assert sent(databases=[one + other]) == [(0, f["id"]), (0, g["id"])]  # case 33
    assert sent(databases=[[]]) == sent() == []  # case 34
    hq_world.task(A, databases=None, status=500)
    hq_world.task(A, databases=one, status=400)  # a flat list
    hq_world.task(A, databases=[[{"type": "source", "label": "default"}]], status=500)


def test_arguments_are_text_of_an_object(hq_truth: Truth, hq_world: HqWorld) -> None:
    assert base64.b64decode(NOTHING) == b"{}"  # case 35
    task = hq_world.task(organizations=hq_world.work(A, arguments=encoded({"n": 1})))
    assert hq_world.runs(task["id"])[A]["arguments"] == encoded({"n": 1})
    # A task without arguments is taken as well.
    task = hq_world.task(organizations=[{"id": ids(hq_world, A)[0]}])
    assert hq_world.runs(task["id"])[A]["arguments"] is None


def test_rejected_organizations(hq_truth: Truth, hq_world: HqWorld) -> None:
    for stranger in (1, NO_SUCH_ID):  # case 36
        told = hq_world.task(organizations=[{"id": stranger, "arguments": NOTHING}], status=400)
        assert set(told) == {"msg"}
    told = hq_world.task(A, A, status=400)["msg"]  # case 37
    assert told.endswith("no nodes registered for the following organization(s): .")


def test_names_of_tasks(hq_truth: Truth, hq_world: HqWorld) -> None:
    for name in ("", "12"):  # case 38
        hq_world.task(A, name=name, status=400)
    body = {
        "image": IMAGE,
        "method": "partial",
        "action": "federated_compute",
        "collaboration_id": hq_world.collaboration["id"],
        "session_id": hq_world.session["id"],
        "organizations": hq_world.work(A),
    }
    assert hq_world.researcher(calls.create_task(body), 201)["name"] == ""


def test_missing_action_lists_the_actions(hq_truth: Truth, hq_world: HqWorld) -> None:
    body = {
        "image": IMAGE,
        "method": "partial",
        "collaboration_id": hq_world.collaboration["id"],
        "session_id": hq_world.session["id"],
        "organizations": hq_world.work(A),
    }
    told = hq_world.researcher(calls.create_task(body), 400)["msg"]  # case 39
    actions = hq_truth.contract["components"]["schemas"]["ActionType"]["enum"]
    assert all(action in told for action in actions)
    assert len(actions) == 5
    taken = {"federated_compute", "central_compute"}
    for action in actions:
        hq_world.task(A, action=action, status=201 if action in taken else 400)


def test_errors_of_fields(hq_truth: Truth, hq_world: HqWorld) -> None:
    told = hq_world.task(A, method=7, status=400)  # case 41
    text, _, errors = told["msg"].partition(": ")
    assert (text, set(told)) == ("Request body is incorrect", {"msg"})
    assert json.loads(errors) == {"method": ["Not a valid string."]}
    refused = hq_world.researcher.send("POST", "/session", json={"scope": 7})
    assert refused.status_code == HTTPStatus.BAD_REQUEST
    assert refused.json()["msg"] == "Request body is incorrect"
    assert set(refused.json()["errors"]) == {"collaboration_id", "scope"}


# -- sessions and data frames ----------------------------------------------------------------------
def test_session_without_a_name_gets_one(hq_truth: Truth, hq_world: HqWorld) -> None:
    body = {"collaboration_id": hq_world.collaboration["id"], "scope": "own"}
    made = hq_world.researcher(calls.create_session(body), 201)  # case 42
    assert re.fullmatch(r"[a-z]+[-_ ][a-z]+", made["name"]), made["name"]
    assert made["scope"] == "own"  # case 43
    refused = hq_world.researcher.send("POST", "/session", json=body | {"scope": "OWN"})
    assert refused.status_code == HTTPStatus.BAD_REQUEST


def test_names_of_dataframes(hq_truth: Truth, hq_world: HqWorld) -> None:
    hq_world.dataframe(A, name="unique")
    body = {"collaboration_id": hq_world.collaboration["id"], "scope": "own"}
    other = hq_world.researcher(calls.create_session(body), 201)["id"]
    told = hq_world.dataframe(A, session=other, name="unique", status=400)  # case 44
    assert "already exists" in told["msg"]
    for name in ("a b", "a.b", "session_state"):  # case 45
        assert set(hq_world.dataframe(A, name=name, status=400)["errors"]) == {"name"}
    for name in ("A-1_b", "E7", "e7"):
        hq_world.dataframe(A, name=name)
    generated = hq_world.dataframe(A)["name"]
    assert re.fullmatch(r"[a-zA-Z0-9-_]+", generated)


def test_extraction_with_an_offline_node(hq_truth: Truth, hq_world: HqWorld) -> None:
    frame = hq_world.dataframe(A, B, C, D)  # case 47
    task = frame["last_session_task"]["id"]
    hq_world.task(A, databases=use(frame), status=400)
    hq_world.step(frame["id"], A, status=400)  # case 48
    hq_world.end(task, A, B, C)
    row = hq_world.researcher(calls.get_dataframe(frame["id"]))
    assert sorted(row["organizations_ready"]) == ids(hq_world, A, B, C)
    assert row["ready"] is False
    assert row["last_session_task"]["status"] == "awaiting"
    hq_world.task(A, B, C, databases=use(frame))
    hq_world.task(D, databases=use(frame), status=400)


def test_organization_is_lost_with_a_failed_step(hq_truth: Truth, hq_world: HqWorld) -> None:
    frame = ready_dataframe(hq_world, A, B, C)
    step = hq_world.step(frame["id"], A, B, C)["last_session_task"]["id"]
    for run in hq_world.runs(step).values():
        place = ids(hq_world, A, B, C).index(run["organization"]["id"])
        hq_world.node(place)(calls.update_run(run["id"], {"started_at": THEN}))
    hq_world.end(step, A)
    hq_world.end(step, C)
    hq_world.end(step, B, status="crashed")  # case 49
    row = hq_world.researcher(calls.get_dataframe(frame["id"]))
    assert sorted(row["organizations_ready"]) == ids(hq_world, A, C)
    assert row["ready"] is False
    hq_world.task(A, C, databases=use(frame))
    hq_world.task(B, databases=use(frame), status=400)
    hq_world.step(frame["id"], A, B, C, status=400)
    step = hq_world.step(frame["id"], A, C)["last_session_task"]["id"]  # case 50
    hq_world.end(step)
    row = hq_world.researcher(calls.get_dataframe(frame["id"]))
    assert (row["ready"], sorted(row["organizations_ready"])) == (True, ids(hq_world, A, C))
    hq_world.task(B, databases=use(frame), status=400)


def test_deleting_a_failed_step_brings_the_organization_back(
    hq_truth: Truth, hq_world: HqWorld
) -> None:
    frame = ready_dataframe(hq_world, A, B)
    step = hq_world.step(frame["id"], A, B)["last_session_task"]["id"]
    hq_world.end(step, B, status="crashed")
    hq_world.task(B, databases=use(frame), status=400)
    hq_world.researcher(calls.delete_task(step))
    row = hq_world.researcher(calls.get_dataframe(frame["id"]))
    assert row["last_session_task"]["id"] == frame["last_session_task"]["id"]
    assert sorted(row["organizations_ready"]) == ids(hq_world, A, B)
    hq_world.task(B, databases=use(frame))


def test_step_does_not_wait_for_a_task_at_work(hq_truth: Truth, hq_world: HqWorld) -> None:
    frame = ready_dataframe(hq_world, A)
    task = hq_world.task(A, databases=use(frame))["id"]  # case 51
    run = hq_world.runs(task)[A]["id"]
    hq_world.node(A)(calls.update_run(run, {"status": "active", "started_at": THEN}))
    step = hq_world.step(frame["id"], A)["last_session_task"]
    assert step["depends_on"] == [frame["last_session_task"]["id"]]


def test_dataframe_of_another_session_is_taken(hq_truth: Truth, hq_world: HqWorld) -> None:
    frame = ready_dataframe(hq_world, A)
    body = {"collaboration_id": hq_world.collaboration["id"], "scope": "own"}
    other = hq_world.researcher(calls.create_session(body), 201)["id"]
    task = hq_world.task(A, session_id=other, databases=use(frame))  # case 52
    hq_world.end(task["id"], status="dataframe not found")
    assert hq_world.runs(task["id"])[A]["status"] == "dataframe not found"


def test_columns_are_those_that_each_node_reports(hq_truth: Truth, hq_world: HqWorld) -> None:
    frame = ready_dataframe(hq_world, A, B)["id"]
    types = {A: "int64", B: "double"}
    for place, kind in types.items():
        rows = [{"name": "age", "dtype": kind}, {"name": "__index_level_0__", "dtype": "int64"}]
        hq_world.node(place)(calls.report_dataframe_columns(frame, rows), 201)
    columns = hq_world.researcher(calls.get_dataframe(frame))["columns"]
    assert len(columns) == 4
    assert "__index_level_0__" in {row["name"] for row in columns}  # case 53
    ages = {row["node_id"]: row["dtype"] for row in columns if row["name"] == "age"}
    nodes = [row["id"] for row in hq_world.node_rows]
    assert ages == {nodes[A]: "int64", nodes[B]: "double"}  # case 54
    # What a node reports replaces what it has reported before, and may be nothing.
    hq_world.node(A)(calls.report_dataframe_columns(frame, []), 201)
    columns = hq_world.researcher(calls.get_dataframe(frame))["columns"]
    assert {row["node_id"] for row in columns} == {nodes[B]}


@pytest.mark.parametrize("text", ["true", "false", "False", "0"])
def test_deleting_a_session_with_dependents(hq_truth: Truth, hq_world: HqWorld, text: str) -> None:
    body = {"collaboration_id": hq_world.collaboration["id"], "scope": "own"}
    session = hq_world.researcher(calls.create_session(body), 201)["id"]
    hq_world.dataframe(A, session=session)
    told = hq_world.researcher(calls.delete_session(session), 400)["msg"]  # case 55
    assert "delete_dependents" in told
    path, query = f"/session/{session}", {"delete_dependents": text}
    assert hq_world.researcher.send("DELETE", path, params=query).status_code == HTTPStatus.OK
    hq_world.researcher(calls.get_session(session), 404)


def test_databases_of_a_deleted_dataframe_are_null(hq_truth: Truth, hq_world: HqWorld) -> None:
    frame = ready_dataframe(hq_world, A)
    task = hq_world.task(A, databases=use(frame))["id"]
    hq_world.researcher(calls.delete_dataframe(frame["id"]))
    (row,) = hq_world.researcher(calls.get_task(task))["databases"]  # case 56
    assert (row["dataframe_id"], row["dataframe_name"]) == (None, None)
    assert row["type"] == "dataframe"


# -- lists and errors ------------------------------------------------------------------------------
def test_sessions_cannot_be_filtered_by_scope(hq_truth: Truth, hq_world: HqWorld) -> None:
    for scope in ("own", "OWN", "organization"):  # case 58; 57 is in test_truth_hq_live.py
        assert hq_world.researcher(calls.list_sessions(scope=scope))["data"] == []
    rows = hq_world.researcher(calls.list_sessions(per_page=100))["data"]
    assert {row["scope"] for row in rows} == {"own", "organization"}


def test_missing_login_and_missing_permission(hq_truth: Truth, hq_world: HqWorld) -> None:
    answers = {
        path: hq_world.nobody.send("GET", path)
        for path in ("/task", "/run", "/collaboration", "/session")
    }
    failure = {"msg": "An unexpected error occurred!"}  # case 59
    for path in ("/task", "/run"):
        assert (answers[path].status_code, answers[path].json()) == (500, failure)
    for path in ("/collaboration", "/session"):
        told = answers[path].json()["msg"]
        assert (answers[path].status_code, told) == (401, "Missing Authorization Header")
    refused = hq_world.viewer(calls.create_organization({"name": "Mine"}), 401)["msg"]
    assert "You lack the permission" in refused


def test_unknown_paths_and_methods(hq_truth: Truth, hq_world: HqWorld) -> None:
    before = len(hq_truth.problems)
    for path in ("/moods", "/task/x"):  # case 60
        answer = hq_world.researcher.send("GET", path)
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert answer.headers["content-type"].startswith("text/html")
    answer = hq_world.researcher.send("PUT", "/task")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    assert set(answer.json()) == {"message"}
    # No contract can tell these.
    assert len(hq_truth.problems) == before + 3
    del hq_truth.problems[before:]
