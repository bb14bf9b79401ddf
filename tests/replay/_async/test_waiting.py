"""Test waiting without events: one task or several, with progress and logs."""

import io
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import AsyncClient, MissingDependencyError, Progress, TaskFailedError

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

GOOD: dict[str, Any] = {
    "organizations": ["Maastro", "IKNL"],
    "name": "watched",
    "image": "harbor2.vantage6.ai/demo/average",
    "collaboration": "demo",
    "method": "partial_average",
    "kwargs": {"column_name": "age"},
    "databases": "default",
}
BAD = {**GOOD, "organizations": ["IKNL"], "kwargs": {"column_name": "nothing"}}


async def test_run_returns_the_outputs(
    client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = await client.task.run(**GOOD, timeout=60, progress=True, logs=True)
    assert [output["count"] > 0 for output in outputs] == [True, True]
    shown = capsys.readouterr()
    assert "Maastro" in shown.out + shown.err
    with pytest.raises(TaskFailedError, match="nothing"):
        await client.task.run(**BAD, timeout=60, progress=False)


async def test_progress_callback(client: AsyncClient) -> None:
    task = await client.task.create(**BAD)
    heard: list[Progress] = []
    (row,) = await client.wait_for_results(
        task, timeout=60, on_failure="return", progress=heard.append
    )
    assert row["result"] is None
    assert (heard[-1].is_over, heard[-1].runs[0].is_bad) == (True, True)
    assert heard[-1].runs[0].organization == "IKNL"


class Terminal(io.StringIO):
    """What takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


async def test_progress_in_a_terminal(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    await client.task.run(**GOOD, timeout=60, logs=True)
    assert "2 of 2 done" in terminal.getvalue()


async def test_progress_in_a_notebook(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []

    def display(bundle: Any, *, raw: bool, display_id: str, update: bool) -> None:
        shown.append((bundle, display_id, update))

    shell = SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    await client.task.run(**GOOD, timeout=60, logs=True)
    assert "Maastro" in shown[-1][0]["text/html"]
    assert len({display_id for _, display_id, _ in shown}) == 1
    assert [update for *_, update in shown] == [False] + [True] * (len(shown) - 1)


async def test_wait_for_several_tasks(client: AsyncClient) -> None:
    tasks = [await client.task.create(**given) for given in (GOOD, {**GOOD, "name": "second"})]
    first, second = await client.wait_for_results(tasks, timeout=60)
    assert first.by_organization == second.by_organization
    tasks.append(await client.task.create(**BAD))
    ended = {}
    async for done in client.as_completed(tasks, timeout=60):
        ended[done.task_id] = (done.error is None, len(done.results))
    good, other, bad = (task["id"] for task in tasks)
    assert ended == {good: (True, 2), other: (True, 2), bad: (False, 1)}


async def test_subtasks_of_several_tasks_are_in_progress(client: AsyncClient) -> None:
    given = {**GOOD, "organizations": ["IKNL"], "method": "central_average"}
    tasks = [await client.task.create(**given) for _ in range(2)]
    heard: dict[int, Progress] = {}
    found = await client.wait_for_results(
        tasks, timeout=60, progress=lambda now: heard.update({now.task_id: now})
    )
    assert [rows.outputs[0]["average"] > 0 for rows in found] == [True, True]
    for task in tasks:
        runs = heard[task["id"]].runs
        assert {(run.organization, run.is_subtask) for run in runs} == {
            ("IKNL", False),
            ("IKNL", True),
            ("Maastro", True),
            ("Radboudumc", True),
        }


async def test_wait_for_tasks_of_another_user(client: AsyncClient, recorded: "Recorded") -> None:
    tasks = [await client.task.create(**given) for given in (GOOD, BAD)]
    heard: list[Progress] = []
    async with await logged_in(recorded, "admin") as admin:
        first, second = await admin.wait_for_results(
            tasks, timeout=60, on_failure="return", progress=heard.append
        )
    assert [output["count"] > 0 for output in first.outputs] == [True, True]
    assert second.outputs == [None]
    assert {now.task_id for now in heard if now.is_over} == {task["id"] for task in tasks}


async def test_results_are_fetched_one_by_one_without_permission_to_list(
    recorded: "Recorded",
) -> None:
    async with await logged_in(recorded, "root") as root:
        usual = await root.rule.list(role=await root.role.id("Researcher"))
        rules = [row["id"] for row in usual if (row["name"], row["operation"]) != ("run", "VIEW")]
        own = ("VIEW", "ORGANIZATION")
        runs = await root.rule.list(name="run")
        rules += [row["id"] for row in runs if (row["operation"], row["scope"]) == own]
        role = await root.role.create("modest", "sees what the own organization asked", rules, 1)
        await root.user.create(
            "modest", "Ada", "Modest", "Modest-Secret-1", "m@example.org", 1, [role["id"]]
        )
    async with AsyncClient("http://127.0.0.1", recorded.port, log_level=None) as modest:
        await modest.authenticate("modest", "Modest-Secret-1")
        tasks = [await modest.task.create(**GOOD) for _ in range(2)]
        found = await modest.wait_for_results(tasks, timeout=60, progress=False)
    assert [rows.outputs[0]["count"] > 0 for rows in found] == [True, True]


async def test_interrupted_wait_explains_how_to_resume(
    client: AsyncClient,
) -> None:
    tasks = [await client.task.create(**GOOD), await client.task.create(**GOOD)]

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    first, second = (task["id"] for task in tasks)
    with pytest.raises(KeyboardInterrupt, match=f"^Tasks {first}, {second} continue"):
        await client.wait_for_results(tasks, timeout=60, progress=stop)
    with pytest.raises(KeyboardInterrupt, match=rf"wait_for_results\({first}\)"):
        await client.wait_for_results(tasks[0], timeout=60, progress=stop)


async def test_follow_a_log_to_its_end(client: AsyncClient) -> None:
    task = await client.task.create(**BAD)
    lines = []
    async for line in client.task.stream_logs(task):
        lines.append(line)
    assert {line.organization for line in lines} == {"IKNL"}
    assert any("Traceback" in line.text for line in lines)


async def test_unavailable_events_are_an_error(client: AsyncClient) -> None:
    with pytest.raises(MissingDependencyError, match="events"):
        async for _ in client.events("demo", timeout=1):
            pass
