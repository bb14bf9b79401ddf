"""Test names of every kind in place of ids, on a real server and store."""

from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import AmbiguousNameError, AsyncClient, NameNotFoundError

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
USER = "root"


async def test_each_kind_is_found_by_name(client: AsyncClient) -> None:
    assert (await client.organization.get("maastro"))["id"] == 2
    assert (await client.collaboration.get("demo"))["id"] == 1
    assert (await client.study.get("demo subset"))["id"] == 1
    assert (await client.user.get("researcher"))["username"] == "researcher"
    assert (await client.role.get("Researcher"))["name"] == "Researcher"
    assert (await client.store.get("local store"))["id"] == 1
    rule: Any = await client.rule.get("task.create.collaboration")
    assert (rule["name"], rule["operation"], rule["scope"]) == ("task", "CREATE", "COLLABORATION")
    node = await client.node.get("IKNL")
    assert node["organization"]["id"] == 1
    assert (await client.node.get(node["name"] or ""))["id"] == node["id"]


async def test_lists_are_filtered_by_names(client: AsyncClient) -> None:
    members = await client.organization.list(study="demo Subset")
    assert [row["name"] for row in members] == ["IKNL", "Maastro"]
    nodes = await client.node.list(organization="IKNL", collaboration="demo")
    assert [node["organization"]["id"] for node in nodes] == [1]
    users = await client.user.list(organization="IKNL", role="Researcher")
    assert [user["username"] for user in users] == ["researcher"]
    roles = await client.role.list(user="researcher", field="name")
    assert roles == [{"name": "Researcher"}]
    assert [row["id"] for row in await client.collaboration.list(organization="Maastro")] == [1]
    assert [row["id"] for row in await client.study.list(collaboration="demo")] == [1]
    assert [row["id"] for row in await client.store.list(collaboration="demo")] == [1]


async def test_rows_created_by_names_belong_together(client: AsyncClient) -> None:
    made = await client.collaboration.create("by name", ["IKNL", 2])
    try:
        study = await client.study.create("by name too", ["Maastro"], collaboration="by name")
        assert study["collaboration"]["id"] == made["id"]
        await client.study.add_organization("IKNL", study="by name too")
        members = await client.study.remove_organization("maastro", study=study)
        assert [row["name"] for row in members] == ["IKNL"]
        with pytest.raises(
            NameNotFoundError, match="'Radboudumc': not found in collaboration 'by name'"
        ):
            await client.study.create("more", ["Radboudumc"], collaboration=made)
        await client.collaboration.add_organization("Radboudumc", "by name")
        await client.study.update("by name too", organizations=["Radboudumc"])
        await client.setup_collaboration("by name")
        assert await client.study.id("by name too") == study["id"]
        assert await client.study.id("demo Subset") == 1, "what is elsewhere is found too"
        role = await client.role.create("watcher", "", ["run.view.organization"], "Maastro")
        await client.role.update("watcher", rules=["run.view.organization", "node.view"][:1])
        user = await client.user.create(
            "ada", "Ada", "King", "Analytical-1843", "ada@x.example", "Maastro", ["watcher"]
        )
        assert (await client.user.find("ada@x.example"))["id"] == user["id"]
        await client.user.delete("Ada King")
        await client.role.delete(role)
    finally:
        await client.collaboration.delete(made, delete_dependents=True)
    with pytest.raises(NameNotFoundError, match="collaboration 'by name': not found"):
        await client.collaboration.get("by name")


async def test_ambiguous_names_are_reported(recorded: "Recorded", client: AsyncClient) -> None:
    rules = [await client.rule.id(f"task.{act}.global") for act in ("create", "view")]
    with pytest.raises(AmbiguousNameError, match="scope 'GLOBAL'"):
        await client.rule.get("task.create")
    roles = [await client.role.create("twin", "", rules[:n], n) for n in (1, 2)]
    with pytest.raises(AmbiguousNameError) as caught:
        await client.role.get("twin")
    assert [row["id"] for row in caught.value.candidates] == [role["id"] for role in roles]
    for role in roles:
        await client.role.delete(role)
    with pytest.raises(NameNotFoundError, match="Did you mean 'Researcher'"):
        await client.role.get("Reseacher")


async def test_task_is_found_by_name(recorded: "Recorded") -> None:
    async with await logged_in(recorded, "researcher") as client:
        task = await client.task.create(
            collaboration="demo",
            study="demo Subset",
            organizations=["Maastro", "iknl"],
            name="100 % by name",
            image="harbor2.vantage6.ai/demo/average",
            method="partial_average",
            kwargs={"column_name": "age"},
            databases="default",
        )
        rows = await client.wait_for_results("100 % by name", timeout=60)
        assert len(rows) == 2
        runs = await client.run.from_task(task)
        assert await client.run.list(task="100 % BY NAME") == runs
        assert (await client.run.get(runs[0]))["id"] == runs[0]["id"]
        assert await client.result.get({"id": rows[0]["id"]}) == rows[0]["result"]
        newest, *_ = await client.task.list(initiating_user="researcher")
        assert newest["id"] == task["id"]
