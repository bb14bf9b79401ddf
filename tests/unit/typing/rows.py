"""Types of each resource's rows, for type checkers only; never run."""

from typing import Any

from typing_extensions import assert_type

from vantage6.bindings.server.rows import (
    AlgorithmStore,
    Collaboration,
    Message,
    Node,
    NodeWithKey,
    Organization,
    Result,
    Role,
    Rule,
    Run,
    Study,
    Task,
    User,
)
from vantage6.bindings.store import rows as store
from vantage6.client import AsyncClient, Client, ResultRows, Rows


def server(client: Client) -> None:
    assert_type(client.organization.list(), Rows[Organization])
    assert_type(client.organization.get(), Organization)
    assert_type(client.collaboration.list(), Rows[Collaboration])
    assert_type(client.collaboration.create("demo", [1, 2]), Collaboration)
    assert_type(client.study.list(), Rows[Study])
    assert_type(client.study.update(1, name="adults"), Study)
    assert_type(client.node.list(), Rows[Node])
    assert_type(client.node.create(1), NodeWithKey)
    assert_type(client.task.list(), Rows[Task])
    assert_type(client.task.kill(1), Message)
    assert_type(client.run.from_task(1), Rows[Run])
    assert_type(client.result.from_task(1), ResultRows)
    assert_type(client.wait_for_results(1), ResultRows)
    assert_type(client.user.list(), Rows[User])
    assert_type(client.role.list(), Rows[Role])
    assert_type(client.rule.list(), Rows[Rule])
    assert_type(client.util.get_server_version()["version"], str)


def stores(client: Client) -> None:
    assert_type(client.store.list(), Rows[AlgorithmStore])
    assert_type(client.store.set(1), AlgorithmStore)
    assert_type(client.algorithm.list(), Rows[store.Algorithm])
    assert_type(client.algorithm.get(1)["functions"][0], store.Function)
    assert_type(client.store.review.list(), Rows[store.Review])
    assert_type(client.store.role.list(), Rows[store.Role])
    assert_type(client.store.rule.list(), Rows[store.Rule])
    assert_type(client.store.user.list(), Rows[store.User])
    assert_type(client.store.policy.get(), store.Policies | store.PublicPolicies)


def one_row_and_its_fields(client: Client) -> None:
    tasks = client.task.list()
    assert_type(tasks["data"], Rows[Task])
    assert_type(tasks[0], Task)
    assert_type(tasks[1:], Rows[Task])
    results = client.result.from_task(1)
    assert_type(results[0], Result)
    assert_type(results[1:], ResultRows)
    assert_type(results.outputs, list[Any])
    assert_type(results.by_organization, dict[str, Any])
    assert_type(tasks[0]["id"], int)
    assert_type(client.organization.get()["name"], "str | None")
    # A typo is an error: were it none, mypy would call the comment unused.
    _ = tasks[0]["stat"]  # type: ignore[misc]


async def the_same_of_the_async_client(client: AsyncClient) -> None:
    assert_type(await client.organization.list(), Rows[Organization])
    assert_type(await client.task.get(1), Task)
    assert_type(await client.wait_for_results(1), ResultRows)
    assert_type(await client.algorithm.list(), Rows[store.Algorithm])
