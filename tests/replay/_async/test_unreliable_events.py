"""Test waiting and events on a server that disconnects or sends malformed messages."""

import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import pytest_asyncio

from tests.support.event_server import CLOSED, CUT, MUTE, RAW, EventHandler, RecordedEvent
from tests.support.scripted_server import (
    Handler,
    Reply,
    Request,
    ScriptedServer,
    page,
    scripted_server,
    with_login,
)
from vantage6.client import (
    AsyncClient,
    DecryptionError,
    EventsUnavailableError,
    InvalidInputError,
    KillRequested,
    LogWritten,
    NodeOffline,
    NodeOnline,
    NotFoundError,
    Progress,
    Reconnected,
    ResultRows,
    TaskFailedError,
    Timeouts,
    WaitTimeoutError,
)
from vantage6.client._utils.pauses import Backoff

pytestmark = pytest.mark.block_network(allowed_hosts=["127.0.0.1"])

JOINED = "User <researcher> joined room <collaboration_4>"
Row = dict[str, Any]


class Both(EventHandler, Handler):
    """Announces what is on the tape, and answers what is asked."""

    def do_GET(self) -> None:  # noqa: N802 - the base class's name
        if self.path.startswith("/socket.io/"):
            EventHandler.do_GET(self)
        else:
            self.answer()


class World:
    """Some tasks, each with a run and subtasks, on a server that keeps to a tape."""

    def __init__(self, script: ScriptedServer) -> None:
        self.script = script
        self.tasks: dict[int, Row] = {}
        self.looks = 0
        # What happens at the first poll of the tasks, the second, and so on.
        self.happens: dict[int, Callable[[], object]] = {}
        self.owner = "7"
        self.waits_until = 0.0  # nothing more is announced before
        self.taken: list[int] = []  # of each flood, how many bytes
        self.refuses: Callable[[dict[str, str]], Reply | None] = lambda _: None

    def add(self, id_: int, status: str = "active", parent: int | None = None) -> Row:
        reference = None if parent is None else {"id": parent}
        run = {"id": id_ * 10, "organization": {"id": 3}, "status": status, "log": "", "input": ""}
        result = {"id": id_ * 10, "run": {"id": id_ * 10}, "result": "Nw=="}
        self.tasks[id_] = {
            "id": id_,
            "name": f"task {id_}",
            "status": status,
            "job_id": parent or id_,
            "collaboration": {"id": 4},
            "parent": reference,
            "runs": [{**run, "task": {"id": id_}}],
            "results": [result],
        }
        return self.tasks[id_]

    def end(self, *ids: int, log: str = "") -> None:
        for id_ in ids:
            self.tasks[id_]["status"] = self.tasks[id_]["runs"][0]["status"] = "completed"
            self.tasks[id_]["runs"][0]["log"] = log

    def reply(self, request: Request) -> Reply:
        """Answer as the server does, as far as waiting and listening ask for it."""
        url = urlsplit(request.path)
        query = dict(parse_qsl(url.query))
        included = [value for name, value in parse_qsl(url.query) if name == "include"]
        _, _, kind, *number = url.path.split("/")
        if kind == "organization":
            return page([{"id": 3, "name": "IKNL"}], 1, 10)
        if kind == "node" and not number:
            seen = {"last_seen": "2026-01-01T10:30:00", "status": "offline"}
            return page([{"id": 5, "organization": {"id": 3}, **seen}], 1, 10)
        if kind == "node":
            return 200, {"id": int(number[0]), "collaboration": {"id": 4}}
        if kind == "run" and number:
            runs = (run for row in self.tasks.values() for run in row["runs"])
            return 200, next(run for run in runs if run["id"] == int(number[0]))
        if kind == "result":
            return page(self.tasks[int(query["task_id"])]["results"], 1, 10)
        if kind == "run":
            return page(self.tasks[int(query["task_id"])]["runs"], 1, 10)
        if "job_id" not in query and query.get("is_user_created") != "0":
            self.looks += 1
            self.happens.pop(self.looks, lambda: None)()
        if refused := self.refuses(query):
            return refused

        def shown(row: Row) -> Row:
            return {**row, **{name: "" for name in ("runs", "results") if name not in included}}

        if number and int(number[0]) not in self.tasks:
            return 404, {"msg": f"task id={number[0]} is not found"}
        if number:
            return 200, shown(self.tasks[int(number[0])])
        rows = [shown(row) for row in reversed(self.tasks.values())]
        if query.get("is_user_created") == "0" or {"job_id", "parent_id"} & query.keys():
            rows = [row for row in rows if row["parent"]]
        return page([row for row in rows if row["job_id"] in self.jobs(query)], 1, 250)

    def answered(self) -> int:
        """Count the looks that the next announcements may wait for."""
        return self.looks if time.monotonic() >= self.waits_until else 0

    def jobs(self, query: dict[str, str]) -> set[int]:
        """Return the requested jobs; all are the researcher's own unless stated otherwise."""
        if "job_id" in query:
            return {int(query["job_id"])}
        if query.get("init_user_id", "") not in ("", self.owner):
            return set()
        return {row["job_id"] for row in self.tasks.values()}


@pytest.fixture
def tape() -> list[RecordedEvent]:
    """Return what is announced, each after so many looks at the tasks."""
    return [(0, "message", JOINED)]


@pytest.fixture
def world(tape: list[RecordedEvent], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("vantage6.client._events.socket.can_connect", lambda: True)
    kind = type("Kind", (Both,), {"answered": staticmethod(lambda: world.answered())})
    with scripted_server(kind) as script:
        world = World(script)
        script.reply = with_login(world.reply)
        kind.tape = iter(tape)  # type: ignore[attr-defined]  # one tape for all connections
        kind.taken = world.taken  # type: ignore[attr-defined]
        yield world


@pytest.fixture
def deaf(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable events, so that a wait has to poll."""
    monkeypatch.setattr("vantage6.client._events.socket.can_connect", lambda: False)


@pytest_asyncio.fixture
async def client(world: World) -> AsyncIterator[AsyncClient]:
    async with AsyncClient("http://127.0.0.1", world.script.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        yield client


def wrote(text: str, task: int = 12) -> tuple[str, Row]:
    return "algorithm_log", {"run_id": task * 10, "task_id": task, "log": text}


def became(status: str, task: int = 12) -> tuple[str, Row]:
    about = {"run_id": task * 10, "task_id": task, "job_id": task, "parent_id": None}
    return "algorithm_status_change", {**about, "organization_id": 3, "status": status}


# -- logs -------------------------------------------------------------------------------------


async def test_reconnect_neither_loses_nor_repeats_log_lines(
    client: AsyncClient, world: World, tape: list[RecordedEvent]
) -> None:
    run = world.add(12)["runs"][0]
    run["log"] = "a\na\na\na\na"  # the first of which was written before the connection
    world.happens = {
        2: lambda: run.update(log=None),
        3: lambda: run.update(log="a\nb\nc"),
        4: lambda: world.end(12, log="a\na\na\na\na\nb\nc\nd"),
    }
    tape += [
        (1, *wrote("a\na")),
        (1, *wrote("a\na\nb")),
        (1, *wrote("of another task", task=99)),
        (1, "algorithm_log", {"run_id": "120", "task_id": 12, "log": "of no run"}),
        (1, "algorithm_log", "no object"),
        (1, "algorithm_log", {}),
        (1, "unknown event", {"run_id": 120}),
        (1, CUT, None),
        (2, "message", JOINED),
        (3, *became("completed")),
        (3, "status_update", {"run_id": 120}),
    ]
    lines = []
    async for line in client.task.stream_logs(12):
        lines.append(line)
    assert [line.text for line in lines] == [*"aaaaabcd"]
    assert {str(line) for line in lines} >= {"IKNL | a", "IKNL | d"}


async def test_repeated_log_line_is_yielded_again(
    client: AsyncClient, world: World, tape: list[RecordedEvent]
) -> None:
    world.add(12)["runs"][0]["log"] = "tick"
    world.happens = {2: lambda: world.end(12, log="tick\ntick")}
    tape += [(1, *wrote("tick")), (1, *became("completed")), (1, "status_update", {"run_id": 120})]
    assert [line.text async for line in client.task.stream_logs(12)] == ["tick", "tick"]


# -- waiting ----------------------------------------------------------------------------------


async def test_wait_survives_temporary_failures(
    client: AsyncClient, world: World, tape: list[RecordedEvent]
) -> None:
    world.add(12)
    gone: Reply = (502, b"<html>Bad Gateway</html>")
    began, refused = time.monotonic(), [gone] * 3
    usual = with_login(world.reply, lives=[3.0])

    def reply(request: Request) -> Reply:
        if request.path == "/api/token/refresh" and refused:
            return refused.pop()
        return usual(request)

    world.script.reply = reply
    await client.authenticate("researcher", "secret")
    world.happens = {2: lambda: world.end(12)}

    world.waits_until = began + 3  # when the token has expired
    tape += [(1, "expired_token", "log in again")]
    results = await client.wait_for_results(12, timeout=20)
    assert (results.outputs, results.by_organization) == ([7], {"IKNL": 7})
    assert not refused, "it was refused as often, and asked for once more"


async def test_completion_before_the_first_event_is_noticed(
    client: AsyncClient, world: World, tape: list[RecordedEvent]
) -> None:
    world.add(12)["results"][0]["result"] = None
    world.happens = {2: lambda: (world.add(12), world.end(12))}
    tape += [(1, "status_update", {"run_id": 120})]
    began = time.monotonic()
    results = await client.wait_for_results(12)
    assert results.outputs == [7]
    assert time.monotonic() - began < 30, "it would be a minute"


async def test_follow_ends_although_the_result_is_late(
    client: AsyncClient, world: World, tape: list[RecordedEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vantage6.client._waiting.tracker.RECHECK", Backoff(()))
    row = world.add(12)
    row["runs"].append({**row["runs"][0], "id": 121})
    row["results"] = [{"id": id_, "run": {"id": id_}, "result": None} for id_ in (120, 121)]
    world.happens = {3: lambda: row["runs"][0].update(status="completed", log="all")}
    tape += [(1, *became("completed")), (2, "status_update", {"run_id": 120})]
    began = time.monotonic()
    assert [line.text async for line in client.run.stream_logs(120)] == ["all"]
    assert time.monotonic() - began < 30, "it would be a minute"


@pytest.mark.usefixtures("deaf")
async def test_wait_for_tasks_of_others_one_by_one(client: AsyncClient, world: World) -> None:
    world.owner = "8"
    for id_ in (12, 13):
        world.add(id_)
    world.refuses = lambda query: (
        (401, {"msg": "You lack the permission"})
        if "include" in query and "page" in query
        else None
    )
    world.happens = {5: lambda: world.end(12, 13)}
    found = await client.wait_for_results([12, 13], interval=0.1, timeout=20)
    assert [rows.outputs for rows in found] == [[7], [7]]
    listed = [path for path in world.script.paths if "/api/task?" in path]
    assert any("init_user_id=7" in path for path in listed)
    assert "init_user_id" not in listed[-1], "they are tasks of another user"


@pytest.mark.usefixtures("deaf")
async def test_subtasks_are_found_among_many_newer_tasks(client: AsyncClient, world: World) -> None:
    for id_ in (12, 13):
        world.add(id_)
    world.add(20, parent=12)
    world.add(21, parent=13)
    links = {"first": "", "self": "", "next": "/api/task?page=2"}
    strangers = [{**world.tasks[20], "id": id_, "parent": {"id": 90}} for id_ in range(900, 910)]
    world.refuses = lambda query: (
        (200, {"data": strangers, "links": links}) if query.get("is_user_created") == "0" else None
    )
    world.happens = {3: lambda: world.end(12, 13, 20, 21)}
    heard: dict[int, Progress] = {}
    found: list[ResultRows] = await client.wait_for_results(
        [12, 13], interval=0.1, timeout=20, progress=lambda now: heard.update({now.task_id: now})
    )
    assert [rows.outputs for rows in found] == [[7], [7]]
    for task, subtask in ((12, 20), (13, 21)):
        runs = {(run.run_id, run.is_subtask) for run in heard[task].runs}
        assert runs == {(task * 10, False), (subtask * 10, True)}


# -- listening --------------------------------------------------------------------------------


async def test_node_and_kill_events_and_reconnect(
    client: AsyncClient, tape: list[RecordedEvent], world: World
) -> None:
    world.add(12)
    tape += [
        (0, "node-online", {"id": 5, "name": "IKNL node", "org_id": 3}),
        (0, "node-offline", {"id": 5, "name": "IKNL node", "org_id": None}),
        (0, CUT, None),
        (0, CUT, None),  # the next one, before anything is heard
        (0, "message", JOINED),
        (0, "kill_containers", {"kill_list": "all of them", "collaboration_id": 4}),
        (0, "kill_containers", {"kill_list": [{"task_id": 12}, 7], "collaboration_id": 4}),
    ]
    heard = []
    async for event in client.events(4, timeout=20):
        heard.append(event)
        if isinstance(event, KillRequested) and event.task_ids:
            break
    assert heard == [
        NodeOnline(5, "IKNL node", 3),
        NodeOffline(5, "IKNL node", None),
        Reconnected(),
        KillRequested(4, (), (), None),
        KillRequested(4, (12,), (), None),
    ]


@pytest.mark.parametrize("end", [CUT, MUTE, CLOSED])
async def test_connection_broken_during_handshake_is_retried(
    client: AsyncClient,
    tape: list[RecordedEvent],
    world: World,
    end: str,
) -> None:
    world.add(12)
    tape += [
        (0, CUT, None),
        (0, end, None),
        (0, "message", JOINED),
        (0, "node-online", {"id": 5, "name": "IKNL node", "org_id": 3}),
    ]
    heard = []
    began = time.monotonic()
    patient = client.with_options(timeout=Timeouts(connect=60))
    async for event in patient.events(4, timeout=120):
        heard.append(event)
        if isinstance(event, NodeOnline):
            break
    assert heard == [Reconnected(), NodeOnline(5, "IKNL node", 3)]
    assert time.monotonic() - began < 50, "it did not wait for what could not come any more"


def frame(text: str) -> bytes:
    """Return a text as one WebSocket frame."""
    return b"\x81\x7f" + len(text).to_bytes(8, "big") + text.encode()


MOST = 4 * 2**20
# What a server may say that would take up all memory: what comes first, and then without end.
FLOODS = {
    "a frame of 1 TiB": (b"\x81\x7f" + (2**40).to_bytes(8, "big"), b"x" * 2**16),
    "fragments": (b"\x01\x0842/tasks", b"\x00\x7e\xff\xff" + b"x" * 65535),
    "fragments of a byte": (b"\x01\x00", b"\x00\x01x" * 2**14),
    "questions": (b"", frame("2") * 5000),
    "a ping of 1 TiB": (b"\x89\x7f" + (2**40).to_bytes(8, "big"), b"x" * 2**16),
}
# What it has no event of, and no library could make one.
STRANGE = {
    "no JSON": "42/tasks,[",
    "deep JSON": "42/tasks," + "[" * 100_000,
    "no event": "42/tasks,[]",
    "many small values": f'42/tasks,["node-online",[{"[]," * 300_000}[]]]',
    "attachments": '45999999-/tasks,["x"]',
    "attachments that are none": '450-/tasks,["x"]',
    "what wants an answer": '42/tasks,7["x"]',
    "another namespace": "40/others,{}",
    "an unknown kind": "49/tasks,[]",
    "a farewell from another namespace": "41/others,",
}


@pytest.mark.parametrize(
    "said",
    [*FLOODS.values(), *((frame(text), b"") for text in STRANGE.values())],
    ids=[*FLOODS, *STRANGE],
)
async def test_endless_message_closes_the_connection(
    client: AsyncClient, tape: list[RecordedEvent], world: World, said: tuple[bytes, bytes]
) -> None:
    world.add(12)
    tape += [
        (0, RAW, said),
        (0, "message", JOINED),
        (0, "node-online", {"id": 5, "name": "IKNL node", "org_id": 3}),
    ]
    heard = []
    async for event in client.events(4, timeout=300):
        heard.append(event)
        if isinstance(event, NodeOnline):
            break
    assert heard == [Reconnected(), NodeOnline(5, "IKNL node", 3)]


@pytest.mark.parametrize("said", FLOODS.values(), ids=FLOODS)
async def test_oversized_message_is_cut_off_and_the_wait_continues(
    client: AsyncClient, tape: list[RecordedEvent], world: World, said: tuple[bytes, bytes]
) -> None:
    world.add(12)
    world.happens = {6: lambda: world.end(12)}
    tape += [(1, RAW, said)] * 50
    tracemalloc.start()
    results = await client.wait_for_results(12, interval=0.3, timeout=300)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert results.outputs == [7]
    assert world.taken, "it was connected"
    # The rest is on its way in the buffers of two sockets.
    assert max(world.taken) < MOST + 16 * 2**20
    assert peak < 8 * MOST


async def test_long_message_is_received(
    client: AsyncClient, tape: list[RecordedEvent], world: World
) -> None:
    world.add(12)
    longest = "é" * 500_000  # 1 MB, which is all that a server takes in; escaped, 3 MB
    tape += [(0, *wrote(longest)), (0, *wrote(longest))]
    heard = []
    async for event in client.events(4, timeout=20):
        heard.append(event)
        if len(heard) == 2:
            break
    assert heard == [LogWritten(120, 12, longest)] * 2


async def test_only_events_of_the_requested_task(
    client: AsyncClient, tape: list[RecordedEvent], world: World
) -> None:
    world.add(12)
    tape += [
        (0, "node-online", {"id": 5, "name": "IKNL node", "org_id": 3}),
        (0, "kill_containers", {"kill_list": [{"task_id": 99}], "collaboration_id": 4}),
        (0, *wrote("of another task", task=99)),
        (0, CUT, None),
        (0, "message", JOINED),
        (0, "kill_containers", {"kill_list": [{"task_id": 12}], "collaboration_id": 4}),
    ]
    heard = []
    async for event in client.events(task=12, timeout=20):
        heard.append(event)
        if isinstance(event, KillRequested):
            break
    assert heard == [Reconnected(), KillRequested(4, (12,), (), None)]


async def test_expired_token_is_refreshed_for_events(
    client: AsyncClient,
    tape: list[RecordedEvent],
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world.add(12)
    auth, socket = client._core.auth, client._core.socket
    assert auth.tokens
    assert socket
    opened: list[str] = []
    open_ = socket.open

    def open_slowly(token: str) -> None:
        if not opened and auth.tokens:
            auth.tokens = replace(auth.tokens, renew_at=0.0)
        opened.append(token)
        open_(token)

    monkeypatch.setattr(socket, "open", open_slowly)
    tape[:0] = [(0, "expired_token", "log in again"), (0, CUT, None)]
    tape += [(0, *wrote("here I am"))]
    async for event in client.events(kind="log", timeout=20):
        assert isinstance(event, LogWritten)
        assert event.text == "here I am"
        break
    assert len(set(opened)) == 2


async def test_unavailable_events_explain_why(
    client: AsyncClient, tape: list[RecordedEvent], world: World
) -> None:
    with pytest.raises(
        InvalidInputError, match=r"kind: expected one of task_created, .*, got 'noise'"
    ):
        client.events(kind="noise")  # type: ignore[arg-type]  # as scripts may
    tape[:] = [(0, "invalid_token", "who are you")]
    with pytest.raises(EventsUnavailableError, match="a login that the server accepts"):
        async for _ in client.events(timeout=20):
            pass
    with scripted_server() as mute:  # it answers, and has no events
        mute.reply = with_login(lambda _: (404, {"msg": "not here"}))
        async with AsyncClient("http://127.0.0.1", mute.port, log_level=None) as other:
            await other.authenticate("researcher", "secret")
            with pytest.raises(EventsUnavailableError, match="expected a connection to the server"):
                async for _ in other.events(timeout=20):
                    pass


# -- what goes wrong with one, and not with the others ----------------------------------------


async def test_unreadable_result_does_not_lose_other_tasks(
    client: AsyncClient, world: World
) -> None:
    for id_ in (12, 13, 14):
        world.add(id_)
        world.end(id_)
    for id_ in (12, 13):
        world.tasks[id_]["results"][0]["result"] = "no base64"
    world.tasks[13]["status"] = world.tasks[13]["runs"][0]["status"] = "crashed"
    done = {one.task_id: one async for one in client.as_completed([12, 13, 14], timeout=20)}
    unread, failed, whole = (done[id_] for id_ in (12, 13, 14))
    assert isinstance(unread.error, DecryptionError)
    assert unread.error.run_ids == [120]
    assert unread.results.outputs == [None]
    assert isinstance(failed.error, TaskFailedError)
    assert "result of run 130: expected base64 text" in str(failed.error)
    assert (whole.error, whole.results.outputs) == (None, [7])
    with pytest.raises(TaskFailedError, match="crashed"):
        await client.wait_for_results(13)


@pytest.mark.usefixtures("deaf")
async def test_deleted_task_does_not_end_the_wait_for_others(
    client: AsyncClient, world: World
) -> None:
    for id_ in (12, 13, 14):
        world.add(id_)
    world.end(12)
    world.happens = {6: lambda: world.tasks.pop(13), 9: lambda: world.end(14)}
    done = {
        one.task_id: one
        async for one in client.as_completed([12, 13, 14, 99], interval=0.1, timeout=20)
    }
    assert {id_: one.status for id_, one in done.items()} == {
        12: "completed",
        99: "not found",
        13: "deleted",
        14: "completed",
    }
    assert isinstance(done[13].error, NotFoundError)
    assert isinstance(done[99].error, NotFoundError)
    assert [list(done[id_].results.outputs) for id_ in (12, 13, 14)] == [[7], [], [7]]


@pytest.mark.usefixtures("deaf")
async def test_failed_and_deleted_tasks_are_raised_with_the_results_of_the_others(
    client: AsyncClient, world: World
) -> None:
    for id_ in (12, 13, 14):
        world.add(id_)

    def crash() -> None:
        world.end(13, log="KeyError")
        world.tasks[13]["status"] = world.tasks[13]["runs"][0]["status"] = "crashed"

    world.happens = {4: crash, 6: lambda: world.tasks.pop(14), 9: lambda: world.end(12)}
    with pytest.raises(TaskFailedError, match="2 of 3 tasks failed") as caught:
        await client.wait_for_results([12, 13, 14], interval=0.1, timeout=20, progress=False)
    assert "KeyError" in str(caught.value)
    assert "task id=14 is not found" in str(caught.value)
    assert (caught.value.task_id, caught.value.status) == (13, "crashed")
    good, crashed, gone = caught.value.finished
    assert good.results.by_organization == {"IKNL": 7}
    assert isinstance(crashed.error, TaskFailedError)
    assert isinstance(gone.error, NotFoundError)
    world.add(12)
    world.happens = {world.looks + 5: lambda: world.end(12)}
    found = await client.wait_for_results([12, 14], interval=0.1, timeout=20, on_failure="return")
    assert [rows.outputs for rows in found] == [[7], []]


@pytest.mark.usefixtures("deaf")
async def test_deleted_task_ends_the_wait_for_it_alone(client: AsyncClient, world: World) -> None:
    world.add(12)
    world.happens = {2: lambda: world.tasks.pop(12)}
    with pytest.raises(NotFoundError):
        await client.wait_for_results(12, interval=0.1, timeout=20)


# -- what is known ----------------------------------------------------------------------------


def with_offline_node(world: World) -> None:
    """Add a task with two runs: one has a result, and the node of the other is offline."""
    row = world.add(12, "pending")
    first = {**row["runs"][0], "status": "completed"}
    first |= {"started_at": "2026-01-01T10:00:00", "finished_at": "2026-01-01T10:00:02"}
    row["runs"] = [first, {**row["runs"][0], "id": 121, "node": {"id": 5, "status": "offline"}}]
    row["results"].append({"id": 121, "run": {"id": 121}, "result": None})


@pytest.mark.usefixtures("deaf")
async def test_timeout_has_the_results_and_names_the_missing_ones(
    client: AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with_offline_node(world)
    caplog.set_level("WARNING", "vantage6.client")
    offline = "node offline since 2026-01-01 10:30 UTC"
    with pytest.raises(WaitTimeoutError) as caught:
        await client.wait_for_results(12, interval=0.1, timeout=0.5, progress=False)
    assert f"no result from 'IKNL' (queued, {offline}). The task continues" in str(caught.value)
    assert caught.value.results
    assert caught.value.results.outputs == [7, None]
    assert caplog.messages == [f"Task 12 waits for IKNL: {offline}"], "once, at the first poll"
    assert len([path for path in world.script.paths if "/node?" in path]) == 1
    assert client._core.state.offline[4][0] == {3}, "for the next task that is created"


@pytest.mark.usefixtures("deaf")
async def test_progress_shows_offline_nodes_and_the_duration_by_the_server(
    client: AsyncClient, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    with_offline_node(world)
    heard: list[Progress] = []
    with pytest.raises(WaitTimeoutError) as caught:
        await client.wait_for_results(12, interval=0.1, timeout=0.5, progress=heard.append)
    shown = "IKNL done in 2 s, IKNL queued, node offline since 2026-01-01 10:30 UTC (1 of 2 done)"
    assert {str(now) for now in heard} == {f"task 12 (task 12): {shown}"}
    assert "waits for" not in caplog.text, "the picture says so"
    assert abs(heard[-1].server_time - time.time()) < 5
    assert caught.value.status == heard[-1].status


@pytest.mark.usefixtures("deaf")
async def test_last_picture_shows_the_state_of_the_error(client: AsyncClient, world: World) -> None:
    row = world.add(12)
    row["runs"].append({**row["runs"][0], "id": 121})
    world.happens = {2: lambda: row.update(status="crashed")}

    def crashed(request: Request) -> Reply:
        if "/api/run?" in request.path:  # they crash between the poll and the error
            for run in row["runs"]:
                run["status"] = "crashed"
        return usual(request)

    usual, world.script.reply = world.script.reply, crashed
    heard: list[Progress] = []
    with pytest.raises(TaskFailedError, match="2 of 2 runs failed"):
        await client.wait_for_results(12, interval=0.1, timeout=20, progress=heard.append)
    assert [run.status for run in heard[-1].runs] == ["crashed", "crashed"]


@pytest.mark.usefixtures("deaf")
async def test_progress_says_that_the_server_does_not_respond(
    client: AsyncClient, world: World
) -> None:
    world.add(12)
    gone: list[Reply] = [(500, b"gone")] * 2
    world.refuses = lambda _: gone.pop() if world.looks > 1 and gone else None
    world.happens = {5: lambda: world.end(12)}
    heard: list[Progress] = []
    outputs: list[object] = []
    async for one in client.as_completed([12], 0.1, timeout=20, progress=heard.append):
        outputs += one.results.outputs
    assert outputs == [7]
    silent = [now for now in heard if now.silent_for is not None]
    assert len(silent) == 2
    assert "no response from the server for" in str(silent[-1])
    assert (heard[-1].silent_for, heard[-1].is_over) == (None, True)
