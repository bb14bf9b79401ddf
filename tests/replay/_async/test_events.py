"""Test waiting and events with the recorded events of a server."""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from vantage6.client import (
    AsyncClient,
    EventsUnavailableError,
    KillRequested,
    LogWritten,
    Reconnected,
    RunStatusChanged,
    RunUpdated,
    TaskCreated,
    TaskFailedError,
)

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

# Events come over a connection of their own, from a server on this machine.
pytestmark = [pytest.mark.vcr, pytest.mark.block_network(allowed_hosts=["127.0.0.1"])]

GOOD: dict[str, Any] = {
    "organizations": ["Maastro", "IKNL"],
    "name": "announced",
    "image": "harbor2.vantage6.ai/demo/average",
    "collaboration": "demo",
    "method": "partial_average",
    "kwargs": {"column_name": "age"},
    "databases": "default",
}
CENTRAL = {**GOOD, "organizations": ["IKNL"], "method": "central_average"}
BAD = {**GOOD, "organizations": ["IKNL"], "kwargs": {"column_name": "nothing"}}


@pytest_asyncio.fixture
async def client(announced: "Recorded") -> AsyncIterator[AsyncClient]:
    async with await logged_in(announced, "researcher") as client:
        yield client


async def test_wait_ends_with_the_last_event(client: AsyncClient) -> None:
    outputs = await client.task.run(**GOOD, timeout=60, progress=False)
    assert [output["count"] > 0 for output in outputs] == [True, True]


async def test_subtasks_are_in_progress(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    (output,) = await client.task.run(**CENTRAL, timeout=60, progress=True, logs=True)
    assert output["average"] > 0
    shown = capsys.readouterr()
    assert all(name in shown.out + shown.err for name in ("IKNL", "Maastro"))


async def test_failure_arrives_by_event(client: AsyncClient) -> None:
    with pytest.raises(TaskFailedError, match="nothing"):
        await client.task.run(**BAD, timeout=60, progress=False)


async def test_tasks_are_yielded_as_they_complete(client: AsyncClient) -> None:
    tasks = [await client.task.create(**given) for given in (GOOD, BAD)]
    ended = {}
    async for done in client.as_completed(tasks, timeout=60):
        ended[done.task_id] = (done.error is None, len(done.results))
    good, bad = (task["id"] for task in tasks)
    assert ended == {good: (True, 2), bad: (False, 1)}


async def test_each_log_line_is_yielded_once(client: AsyncClient) -> None:
    task = await client.task.create(**BAD)
    lines = [line.text async for line in client.task.stream_logs(task)]
    assert sum("Traceback" in line for line in lines) == 1


async def test_follow_the_log_of_one_run(client: AsyncClient) -> None:
    task = await client.task.create(**GOOD)
    (*_, run) = await client.run.list(task=task)
    assert {line.run_id async for line in client.run.stream_logs(run)} <= {run["id"]}


async def test_all_events_of_a_task(client: AsyncClient) -> None:
    task = await client.task.create(**CENTRAL)
    heard = []
    async with aclosing(client.events("demo", task=task, timeout=60)) as events:
        async for event in events:
            heard.append(event)
            if isinstance(event, RunUpdated) and any(
                isinstance(one, RunStatusChanged)
                and (one.task_id, one.run_id, one.status) == (task["id"], event.run_id, "completed")
                for one in heard
            ):
                break
    assert {type(event) for event in heard} >= {TaskCreated, RunStatusChanged, RunUpdated}


async def test_events_are_filtered_by_kind(client: AsyncClient, announced: "Recorded") -> None:
    await client.task.create(**BAD)
    killed = 0
    kinds = []
    events = client.events("demo", kind=["log", "kill", "run_updated"], timeout=60)
    async with aclosing(events):
        async for event in events:
            kinds.append(event.kind)
            if isinstance(event, LogWritten) and not killed:
                killed = (await client.task.create(**CENTRAL))["id"]
                async with await logged_in(announced, "root") as root:
                    await root.task.kill(killed)
            if isinstance(event, KillRequested):
                assert killed in event.task_ids
                break
    assert set(kinds) <= {"log", "kill", "run_updated"}


async def test_events_of_another_collaboration_are_unavailable(client: AsyncClient) -> None:
    with pytest.raises(EventsUnavailableError, match="collaboration 99"):
        async for _ in client.events(99, timeout=60):
            pass


async def test_broken_event_connection_is_reported(
    client: AsyncClient, cut_line: Callable[[], None]
) -> None:
    await client.task.create(**CENTRAL)
    heard = []
    async with aclosing(client.events("demo", timeout=60)) as events:
        async for event in events:
            heard.append(event)
            if len(heard) == 1:
                cut_line()
            if isinstance(event, Reconnected):
                break
    assert heard.count(Reconnected()) == 1


async def test_events_end_at_the_timeout(client: AsyncClient) -> None:
    async for event in client.events("demo", kind="kill", timeout=0.3):
        pytest.fail(f"nothing was killed: {event}")
