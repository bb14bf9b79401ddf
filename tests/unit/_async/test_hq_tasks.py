"""Test what the client sends to HQ for sessions, data frames and tasks, and how it waits."""

import base64
import json
import re
from typing import Any

import pytest

from tests.support.scripted_hq import Hq, ref
from tests.support.scripted_server import scripted_server
from vantage6.client import (
    AsyncClient,
    BadRequestError,
    InvalidInputError,
    NotFoundError,
    TaskFailedError,
    UnsupportedServerVersionError,
    WaitTimeoutError,
)

GENERATION = r"generation 4\.x"
RESULTS = [
    # what HQ stores, the text that rows hold, and the output
    ("bnVsbA==", "null", None),
    ("", None, None),
    ("TmFO", "NaN", pytest.approx(float("nan"), nan_ok=True)),
    (base64.b64encode(b"[Infinity, -Infinity]").decode(), "[Infinity, -Infinity]", [1e999, -1e999]),
    (base64.b64encode(b"1180591620717411303424").decode(), "1180591620717411303424", 2**70),
    (base64.b64encode(b"0.30000000000000004").decode(), "0.30000000000000004", 0.1 + 0.2),
    (base64.b64encode(b'{"1": "a", "1": "b"}').decode(), '{"1": "a", "1": "b"}', {"1": "b"}),
    (
        base64.b64encode(b'{"1": "a", "null": "b", "1.5": "d"}').decode(),
        '{"1": "a", "null": "b", "1.5": "d"}',
        {"1": "a", "null": "b", "1.5": "d"},
    ),
]


@pytest.fixture
def client(hq_client: AsyncClient) -> AsyncClient:
    return hq_client


async def create(client: AsyncClient, **options: Any) -> Any:
    wanted: dict[str, Any] = {
        "method": "f",
        "action": "federated_compute",
        "session": 4,
        "organizations": [1, 2],
    }
    wanted |= options
    return await client.task.create(wanted.pop("organizations"), "t", "image", **wanted)


# ---- tasks: what is sent --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("databases", "expected"),
    [
        ([1, 2], [[1], [2]]),
        (["frame1", {"id": 2, "name": "frame2", "session": {"id": 4}}], [[1], [2]]),
        ([[1, "frame2"]], [[1, 2]]),
        ("frame2", [[2]]),
        ([[{"type": "dataframe", "dataframe_id": 1}]], [[1]]),
        (None, None),
        ([], None),
    ],
)
async def test_data_frames_are_sent_by_argument(
    client: AsyncClient, hq: Hq, databases: Any, expected: Any
) -> None:
    await create(client, databases=databases)
    (body,) = hq.bodies("/task")
    sent = body.get("databases")
    found = sent and [[frame["dataframe_id"] for frame in group] for group in sent]
    assert found == expected
    assert all(frame["type"] == "dataframe" for group in sent or () for frame in group)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"method": "f"}, {}),
        ({"method": "f", "kwargs": {"x": 1}}, {"x": 1}),
        ({"method": "f", "arguments": {"x": 1}}, {"x": 1}),
        ({"method": None, "input_": {"method": "f", "kwargs": {"x": 1}}}, {"x": 1}),
    ],
)
async def test_arguments_are_those_of_both_generations(
    client: AsyncClient, hq: Hq, given: Any, expected: Any
) -> None:
    await create(client, **given)
    (body,) = hq.bodies("/task")
    assert body["method"] == "f"
    assert (body["session_id"], body["action"]) == (4, "federated_compute")
    arguments = [part["arguments"] for part in body["organizations"]]
    assert [json.loads(base64.b64decode(each)) for each in arguments] == [expected, expected]


async def test_positional_arguments_are_refused(client: AsyncClient, hq: Hq) -> None:
    with pytest.raises(InvalidInputError, match="args: expected arguments by name"):
        await create(client, args=[1])
    with pytest.raises(InvalidInputError, match="got both"):
        await create(client, kwargs={}, arguments={})
    assert not hq.sent


@pytest.mark.parametrize("action", [None, "federated", "preprocessing"])
async def test_missing_action_explains_the_choice(
    client: AsyncClient, hq: Hq, action: str | None
) -> None:
    with pytest.raises(InvalidInputError, match="'federated_compute' or 'central_compute'"):
        await create(client, action=action)
    assert not hq.sent


async def test_action_is_left_to_the_store(client: AsyncClient, hq: Hq) -> None:
    await create(client, action=None, store=3)
    (body,) = hq.bodies("/task")
    assert "action" not in body
    assert body["store_id"] == 3


@pytest.mark.parametrize("databases", ["default", [{"label": "default"}]])
async def test_label_shows_the_extraction_to_write(
    client: AsyncClient, hq: Hq, databases: Any
) -> None:
    with pytest.raises(InvalidInputError, match=r"databases=\[Extraction\('default', method\)\]"):
        await create(client, databases=databases)
    assert not hq.bodies("/task")


async def test_frame_of_another_session_is_refused(client: AsyncClient, hq: Hq) -> None:
    with pytest.raises(InvalidInputError, match=r"session 4, got 'frame11' of session 5"):
        await create(client, databases=[11])
    assert not hq.bodies("/task")


async def test_organization_twice_is_refused(client: AsyncClient, hq: Hq) -> None:
    with pytest.raises(InvalidInputError, match="each organization once"):
        await create(client, organizations=[1, 1])
    assert not hq.bodies("/task")


async def test_organization_outside_the_study_is_refused(client: AsyncClient, hq: Hq) -> None:
    with pytest.raises(InvalidInputError, match="members of study 1, got organization 3"):
        await create(client, organizations=[1, 3], study=1, session=None)
    assert not hq.bodies("/task")
    await create(client, organizations=[1, 2], study=1, session=None)
    (body,) = hq.bodies("/task")
    assert body["study_id"] == 1


async def test_one_own_session_for_each_client(client: AsyncClient, hq: Hq) -> None:
    await create(client, session=None)
    await create(client, session=None)
    (body,) = hq.bodies("/session")
    assert (body["scope"], body["collaboration_id"]) == ("own", 1)
    assert body["name"].startswith("vantage6-sdk-")
    assert [each["session_id"] for each in hq.bodies("/task")] == [6, 6]
    await client.session.delete(6)
    await create(client, session=None)
    assert len(hq.bodies("/session")) == 2


async def test_session_is_that_of_the_frames_or_the_chosen_one(client: AsyncClient, hq: Hq) -> None:
    await create(client, session=None, databases="frame11")
    await client.setup_session("survival")
    await create(client, session=None)
    assert [each["session_id"] for each in hq.bodies("/task")] == [5, 4]
    assert not hq.bodies("/session")


async def test_few_requests_for_many_organizations(client: AsyncClient, hq: Hq) -> None:
    await client.setup_session(4)
    frame = await client.dataframe.get(1)
    await create(client, session=None)  # asks once whether there is a blob store
    hq.sent.clear()
    await create(client, session=None, organizations=list(range(1, 13)), databases=[frame])
    assert len(hq.sent) <= 4
    assert len(hq.bodies("/task")[0]["organizations"]) == 12


async def test_blob_store_of_hq_is_refused(client: AsyncClient, hq: Hq) -> None:
    hq.blob_store = True
    with pytest.raises(UnsupportedServerVersionError, match="loses what is in its blob store"):
        await create(client)
    assert not hq.bodies("/task")


async def test_errors_of_hq_are_kept(client: AsyncClient, hq: Hq) -> None:
    hq.store_error = 400, {"msg": 'Request body is incorrect: {"name": ["too short"]}'}
    with pytest.raises(BadRequestError, match="too short"):
        await create(client)


# ---- sessions and data frames ---------------------------------------------------------------


async def test_extraction_is_sent_to_all_organizations(client: AsyncClient, hq: Hq) -> None:
    await client.dataframe.create("default", "image", "read", {"x": 1}, session="survival")
    (body,) = hq.bodies("/session/4/dataframe")
    assert body["label"] == "default"
    assert [part["id"] for part in body["task"]["organizations"]] == [*range(1, 13)]
    await client.dataframe.create("default", "image", "read", session=4, organizations=["org3"])
    assert [p["id"] for p in hq.bodies("/session/4/dataframe")[1]["task"]["organizations"]] == [3]


async def test_preprocessing_is_sent_where_the_frame_is_ready(client: AsyncClient, hq: Hq) -> None:
    await client.dataframe.preprocess("frame1", "image", "keep", {"low": 1})
    (body,) = hq.bodies("/session/dataframe/1/preprocess")
    assert body["dataframe_id"] == 1
    assert [part["id"] for part in body["task"]["organizations"]] == [1, 3]
    with pytest.raises(InvalidInputError, match=r"some of \[1, 3\].*got 2"):
        await client.dataframe.preprocess(1, "image", "keep", organizations=[1, 2])


async def test_dependents_are_deleted_only_on_request(client: AsyncClient, hq: Hq) -> None:
    await client.session.delete("survival")
    await client.session.delete(4, delete_dependents=True)
    paths = [path for method, path, _ in hq.sent if method == "DELETE"]
    assert paths[0] == "/session/4"
    assert re.fullmatch(r"/session/4\?delete_dependents=(1|[Tt]rue)", paths[1])


async def test_columns_have_a_type_for_each_organization(client: AsyncClient, hq: Hq) -> None:
    age, index, sex = await client.dataframe.columns(1)
    assert age["types"] == {"org1": "int64", "org2": "double"}
    assert (age["differs"], age["is_index"]) == (True, False)
    assert (index["differs"], index["is_index"]) == (False, True)
    assert (sex["differs"], sex["types"]) == (True, {"org1": "string"})


async def test_scope_is_in_small_letters(client: AsyncClient, hq: Hq) -> None:
    session = await client.session.create("OWN")
    assert session["name"] == "two_words"
    assert hq.bodies("/session") == [{"scope": "own", "collaboration_id": 1}]
    assert len(await client.session.list(scope="OWN")) == 2
    assert await client.session.list(scope="organization") == []
    assert not any("scope=" in path for _, path, _ in hq.sent)


async def test_tree_shows_sessions_and_data_frames(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.session.tree(sort="-name")
    assert capsys.readouterr().out.splitlines() == [
        "sessions",
        "├── survival (id 4, own)",
        "│   ├── frame1 (id 1, ready)",
        "│   └── frame2 (id 2, ready)",
        "└── other (id 5, own)",
        "    └── frame11 (id 11, ready)",
    ]


async def test_task_tree_shows_tasks_below_those_they_wait_for(
    client: AsyncClient, hq: Hq, capsys: pytest.CaptureFixture[str]
) -> None:
    fields: dict[str, Any] = {"name": "", "parent": None, "depends_on": []}
    fields |= {"status": "completed", "session": ref(4)}
    hq.tasks = [
        fields | {"id": 3, "method": "central", "depends_on": [2]},
        fields | {"id": 4, "method": "partial", "parent": ref(3), "status": "failed"},
        fields | {"id": 2, "method": "keep", "depends_on": [1]},
        fields
        | {"id": 1, "method": "read_csv", "name": "Session initialization", "dataframe": ref(1)},
        fields | {"id": 5, "method": "other", "name": "a name"},
    ]
    with pytest.raises(InvalidInputError, match=r"setup_session\(\)"):
        await client.session.task_tree()
    await client.setup_session(4)
    await client.session.task_tree()
    assert capsys.readouterr().out.splitlines() == [
        "tasks of survival",
        "├── read_csv (id 1, completed)",
        "│   └── keep (id 2, completed)",
        "│       └── central (id 3, completed)",
        "│           └── partial (id 4, failed)",
        "└── a name (other, id 5, completed)",
    ]


async def test_timeline_has_each_subtask_once(client: AsyncClient, hq: Hq) -> None:
    hq.runs = [("completed", None), ("active", None)]
    fields = {"name": "n", "status": "awaiting", "job_id": 1, "created_at": "2026-01-01T00:00:01"}
    parents = {9: 11, 11: 9, 12: 11, 13: 99, 14: 14}  # of a server that lies
    hq.tasks = [fields | {"id": id_, "parent": ref(of)} for id_, of in parents.items()]
    hq.answers["/task/9"] = 200, fields | {"id": 9, "parent": None}
    timeline = await client.task.timeline(9)
    assert [(task.task_id, task.depth) for task in timeline.tasks] == [(9, 0), (11, 1), (12, 2)]
    assert [run.organization for run in timeline.tasks[0].runs] == ["org1", "org2"]
    assert timeline.tasks[0].created == 1767225601
    lines = str(timeline).splitlines()
    assert lines[0].startswith("n (task 9): 1 of 2 done, since 2026-01-01 00:00:01 UTC")


async def test_sessions_are_sorted_by_the_client(client: AsyncClient) -> None:
    names = [row["name"] for row in await client.session.list(sort="name")]
    assert names == ["other", "survival"]
    assert [row["id"] for row in await client.session.list(sort="-id")] == [5, 4]
    with pytest.raises(InvalidInputError, match="'nmae'"):
        await client.session.list(sort="nmae")


async def test_opened_session_is_the_default_and_deleted_with_dependents(
    client: AsyncClient, hq: Hq
) -> None:
    await client.setup_session(4)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block fails on purpose
        async with client.session.open("mine") as session:
            assert session["name"] == "mine"
            await create(client, session=None)
            raise ZeroDivisionError
    await create(client, session=None)
    assert [each["session_id"] for each in hq.bodies("/task")] == [6, 4]
    deleted = [path for method, path, _ in hq.sent if method == "DELETE"]
    assert [path.partition("=")[0] for path in deleted] == ["/session/6?delete_dependents"]


async def test_what_clients_made_by_themselves_is_deleted_on_request(
    client: AsyncClient, hq: Hq
) -> None:
    names = "vantage6-sdk-1", "vantage6-sdk-2", "Vantage6-SDK-mine", "mine"
    hq.more_sessions = [hq.session(id_, name) for id_, name in enumerate(names, 7)]
    hq.answers["/session"] = hq.page(hq.more_sessions)  # some databases ignore case
    assert [row["id"] for row in await client.session.delete_automatic()] == [7, 8]
    deleted = [path.partition("?")[0] for method, path, _ in hq.sent if method == "DELETE"]
    assert deleted == ["/session/7", "/session/8"]
    hq.sent.clear()
    hq.answers.clear()
    await client.dataframe.create("default", "image", "read", session=4, name="vantage6-sdk-3")
    (frame,) = await client.session.delete_automatic(4)
    assert frame["name"] == "vantage6-sdk-3"
    assert [path for method, path, _ in hq.sent if method == "DELETE"] == ["/session/dataframe/50"]


async def test_rows_are_displayed_on_request(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    await client.session.get(4, True)
    await client.session.list(display=True)
    await client.session.dataframes(4, display=True)
    await client.dataframe.get(1, display=True)
    await client.dataframe.list(4, display=True)
    out = capsys.readouterr().out
    assert out.count("survival") == 2
    assert out.count("frame2") == 2
    await client.session.list()
    assert not capsys.readouterr().out


# ---- waiting and results --------------------------------------------------------------------


async def test_results_that_are_nothing_differ_from_none(client: AsyncClient, hq: Hq) -> None:
    hq.runs = [("completed", stored) for stored, _, _ in RESULTS]
    results = await client.wait_for_results(9)
    assert [row["result"] for row in results] == [text for _, text, _ in RESULTS]
    assert results.outputs == [output for _, _, output in RESULTS]
    assert list(results.by_organization) == [f"org{n}" for n in range(1, len(RESULTS) + 1)]
    assert [row["result"] for row in await client.result.from_task(9)] == [
        text for _, text, _ in RESULTS
    ]


@pytest.mark.parametrize(
    "status",
    [
        "failed",
        "start failed",
        "non-existing Docker image",
        "crashed",
        "killed by user",
        "not allowed",
        "unknown error",
        "dataframe not found",
        "depended on failed task",
        "unexpected output",
    ],
)
@pytest.mark.parametrize("result", [None, ""])
async def test_failed_run_is_an_error_with_its_log(
    client: AsyncClient, hq: Hq, status: str, result: str | None
) -> None:
    hq.runs, hq.log = [(status, result)], "error > no such column"
    with pytest.raises(TaskFailedError, match="no such column") as caught:
        await client.wait_for_results(9)
    assert status in str(caught.value)
    assert caught.value.results is not None
    assert caught.value.results.outputs == [None]


async def test_wait_includes_the_runs_after_a_failure(client: AsyncClient, hq: Hq) -> None:
    crashed, failed = ("crashed", ""), ("failed", None)
    hq.runs = [("active", None), crashed, failed]
    hq.later = [hq.runs, hq.runs, [("completed", "NDI="), crashed, failed]]
    with pytest.raises(TaskFailedError) as caught:
        await client.wait_for_results(9, interval=0.1)
    assert caught.value.results is not None
    assert caught.value.results.outputs == [42, None, None]
    assert {run["status"] for run in caught.value.runs} == {"completed", "crashed", "failed"}


async def test_only_the_results_are_requested_after_the_last_one(
    client: AsyncClient, hq: Hq
) -> None:
    hq.runs = [("active", None)] * 3
    hq.later = [hq.runs, [("completed", "NDI=")] * 3]
    results = await client.wait_for_results(9, interval=0.1, progress=False)
    assert results.by_organization == {"org1": 42, "org2": 42, "org3": 42}
    paths = [path.partition("?")[0] for _, path, _ in hq.sent]
    assert paths.count("/organization") == 1
    assert paths.index("/organization") == 1  # right after the first look, while runs are at work


async def test_end_of_a_failed_task_is_that_of_its_last_run(client: AsyncClient, hq: Hq) -> None:
    hq.runs = [("crashed", ""), ("completed", "NDI=")]
    hq.finished = {1: "2026-11-27T06:34:31.208667"}
    assert (await client.task.get(9))["finished_at"] is None  # the other one is still at work
    hq.finished[2] = "2026-11-27T06:34:35.000000"
    assert (await client.task.get(9, field="finished_at")) == {
        "finished_at": "2026-11-27T06:34:35.000000"
    }


@pytest.mark.parametrize("alive", ["pending", "initializing", "active"])
async def test_wait_with_a_timeout_ends(client: AsyncClient, hq: Hq, alive: str) -> None:
    hq.runs = [("completed", "NDI="), (alive, None)]
    with pytest.raises(WaitTimeoutError, match="awaiting"):
        await client.wait_for_results(9, interval=0.1, timeout=0.3)


async def test_deleted_task_ends_a_wait(client: AsyncClient, hq: Hq) -> None:
    hq.is_deleted = True
    with pytest.raises(NotFoundError):
        await client.wait_for_results(9)


async def test_arguments_of_runs_are_read_under_their_name(client: AsyncClient, hq: Hq) -> None:
    hq.runs = [("completed", "NDI=")]
    (run,) = await client.run.from_task(9)
    assert dict(run)["arguments"] == "{}"
    assert "input" not in run


# ---- servers 4.x ----------------------------------------------------------------------------


async def test_servers_of_4_have_no_sessions() -> None:
    with scripted_server() as server:
        async with AsyncClient(f"http://127.0.0.1:{server.port}", log_level=None) as client:
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.session.list()
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.session.get(1)
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.session.create("own", collaboration=1)
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.session.delete("x")
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.dataframe.get("x")
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.dataframe.wait(1)
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.dataframe.create("default", "image", "read")
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.setup_session(1)
            with pytest.raises(UnsupportedServerVersionError, match=GENERATION):
                await client.task.create([1], "t", "i", method="f", session=1, collaboration=1)
        assert not server.seen
