# Derived by unasync.py: edit tests/replay/_async/test_names.py instead.
"""Test names of every kind in place of ids, on a real server and store."""

from typing import TYPE_CHECKING, Any

import pytest

from vantage6.client import AmbiguousNameError, Client, NameNotFoundError

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]
USER = "root"


def test_each_kind_is_found_by_name(client: Client) -> None:
    assert (client.organization.get("maastro"))["id"] == 2
    assert (client.collaboration.get("demo"))["id"] == 1
    assert (client.study.get("demo subset"))["id"] == 1
    assert (client.user.get("researcher"))["username"] == "researcher"
    assert (client.role.get("Researcher"))["name"] == "Researcher"
    assert (client.store.get("local store"))["id"] == 1
    rule: Any = client.rule.get("task.create.collaboration")
    assert (rule["name"], rule["operation"], rule["scope"]) == ("task", "CREATE", "COLLABORATION")
    node = client.node.get("IKNL")
    assert node["organization"]["id"] == 1
    assert (client.node.get(node["name"] or ""))["id"] == node["id"]


def test_lists_are_filtered_by_names(client: Client) -> None:
    members = client.organization.list(study="demo Subset")
    assert [row["name"] for row in members] == ["IKNL", "Maastro"]
    nodes = client.node.list(organization="IKNL", collaboration="demo")
    assert [node["organization"]["id"] for node in nodes] == [1]
    users = client.user.list(organization="IKNL", role="Researcher")
    assert [user["username"] for user in users] == ["researcher"]
    roles = client.role.list(user="researcher", field="name")
    assert roles == [{"name": "Researcher"}]
    assert [row["id"] for row in client.collaboration.list(organization="Maastro")] == [1]
    assert [row["id"] for row in client.study.list(collaboration="demo")] == [1]
    assert [row["id"] for row in client.store.list(collaboration="demo")] == [1]


def test_rows_created_by_names_belong_together(client: Client) -> None:
    made = client.collaboration.create("by name", ["IKNL", 2])
    try:
        study = client.study.create("by name too", ["Maastro"], collaboration="by name")
        assert study["collaboration"]["id"] == made["id"]
        client.study.add_organization("IKNL", study="by name too")
        members = client.study.remove_organization("maastro", study=study)
        assert [row["name"] for row in members] == ["IKNL"]
        with pytest.raises(
            NameNotFoundError, match="'Radboudumc': not found in collaboration 'by name'"
        ):
            client.study.create("more", ["Radboudumc"], collaboration=made)
        client.collaboration.add_organization("Radboudumc", "by name")
        client.study.update("by name too", organizations=["Radboudumc"])
        client.setup_collaboration("by name")
        assert client.study.id("by name too") == study["id"]
        assert client.study.id("demo Subset") == 1, "what is elsewhere is found too"
        role = client.role.create("watcher", "", ["run.view.organization"], "Maastro")
        client.role.update("watcher", rules=["run.view.organization", "node.view"][:1])
        user = client.user.create(
            "ada", "Ada", "King", "Analytical-1843", "ada@x.example", "Maastro", ["watcher"]
        )
        assert (client.user.find("ada@x.example"))["id"] == user["id"]
        client.user.delete("Ada King")
        client.role.delete(role)
    finally:
        client.collaboration.delete(made, delete_dependents=True)
    with pytest.raises(NameNotFoundError, match="collaboration 'by name': not found"):
        client.collaboration.get("by name")


def test_ambiguous_names_are_reported(recorded: "Recorded", client: Client) -> None:
    rules = [client.rule.id(f"task.{act}.global") for act in ("create", "view")]
    with pytest.raises(AmbiguousNameError, match="scope 'GLOBAL'"):
        client.rule.get("task.create")
    roles = [client.role.create("twin", "", rules[:n], n) for n in (1, 2)]
    with pytest.raises(AmbiguousNameError) as caught:
        client.role.get("twin")
    assert [row["id"] for row in caught.value.candidates] == [role["id"] for role in roles]
    for role in roles:
        client.role.delete(role)
    with pytest.raises(NameNotFoundError, match="Did you mean 'Researcher'"):
        client.role.get("Reseacher")


def test_task_is_found_by_name(recorded: "Recorded") -> None:
    with logged_in(recorded, "researcher") as client:
        task = client.task.create(
            collaboration="demo",
            study="demo Subset",
            organizations=["Maastro", "iknl"],
            name="100 % by name",
            image="harbor2.vantage6.ai/demo/average",
            method="partial_average",
            kwargs={"column_name": "age"},
            databases="default",
        )
        rows = client.wait_for_results("100 % by name", timeout=60)
        assert len(rows) == 2
        runs = client.run.from_task(task)
        assert client.run.list(task="100 % BY NAME") == runs
        assert (client.run.get(runs[0]))["id"] == runs[0]["id"]
        assert client.result.get({"id": rows[0]["id"]}) == rows[0]["result"]
        newest, *_ = client.task.list(initiating_user="researcher")
        assert newest["id"] == task["id"]
