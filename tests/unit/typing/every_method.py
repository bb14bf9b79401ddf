"""Types of every method, for type checkers only; never run."""

from collections.abc import Sequence
from pathlib import Path

from typing_extensions import assert_type

from vantage6.bindings.server.rows import (
    AlgorithmStore,
    ApiKey,
    Collaboration,
    Health,
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
    TwoFactorSecret,
    User,
    Version,
)
from vantage6.bindings.store import rows as store
from vantage6.client import AsyncClient, Client, ResultRows, Rows


def organization_sync(client: Client) -> None:
    assert_type(client.organization.list(), Rows[Organization])
    assert_type(client.organization.get(), Organization)
    assert_type(client.organization.create("a", "", "", "", "NL", "a.example"), Organization)
    assert_type(client.organization.update(domain="a"), Organization)
    assert_type(client.organization.delete(1), Message)
    assert_type(client.organization.fingerprint("IKNL"), str)
    assert_type(client.organization.list()[0], Organization)
    _ = client.organization.list()[0]["nme"]  # type: ignore[misc]  # a typo is an error


def collaboration_sync(client: Client) -> None:
    assert_type(client.collaboration.list(), Rows[Collaboration])
    assert_type(client.collaboration.get("demo"), Collaboration)
    assert_type(client.collaboration.create("demo", [1, "Maastro"]), Collaboration)
    assert_type(client.collaboration.update(name="a"), Collaboration)
    assert_type(client.collaboration.delete(), Message)
    assert_type(client.collaboration.add_organization("IKNL"), Sequence[Organization])
    assert_type(client.collaboration.remove_organization(1), Sequence[Organization])
    assert_type(client.collaboration.list()[0], Collaboration)
    _ = client.collaboration.list()[0]["nme"]  # type: ignore[misc]  # a typo is an error


def study_sync(client: Client) -> None:
    assert_type(client.study.list(), Rows[Study])
    assert_type(client.study.get("adults"), Study)
    assert_type(client.study.create("adults", [1]), Study)
    assert_type(client.study.update(1, name="a"), Study)
    assert_type(client.study.delete(1), Message)
    assert_type(client.study.add_organization(1, 1), Sequence[Organization])
    assert_type(client.study.remove_organization(1, 1), Sequence[Organization])
    assert_type(client.study.list()[0], Study)
    _ = client.study.list()[0]["colaboration"]  # type: ignore[typeddict-item]  # a typo is an error


def node_sync(client: Client) -> None:
    assert_type(client.node.list(), Rows[Node])
    assert_type(client.node.get(1), Node)
    assert_type(client.node.create(1), NodeWithKey)
    assert_type(client.node.update(1, name="a"), Node)
    assert_type(client.node.delete(1), Message)
    assert_type(client.node.kill_tasks(1), Message)
    assert_type(client.node.reset_key(1), ApiKey)
    assert_type(client.node.list()[0], Node)
    _ = client.node.list()[0]["statu"]  # type: ignore[misc]  # a typo is an error


def task_sync(client: Client) -> None:
    assert_type(client.task.list(), Rows[Task])
    assert_type(client.task.get(1), Task)
    assert_type(client.task.create([1], "a", "b", "", {"method": "c"}, 1), Task)
    assert_type(client.task.delete(1), Message)
    assert_type(client.task.kill(1), Message)
    assert_type(client.task.list()[0], Task)
    _ = client.task.list()[0]["stat"]  # type: ignore[misc]  # a typo is an error


def run_sync(client: Client) -> None:
    assert_type(client.run.list(), Rows[Run])
    assert_type(client.run.get(1), Run)
    assert_type(client.run.from_task(1), Rows[Run])
    assert_type(client.run.list()[0], Run)
    _ = client.run.list()[0]["logs"]  # type: ignore[typeddict-item]  # a typo is an error


def result_sync(client: Client) -> None:
    assert_type(client.result.get(1), "str | None")
    assert_type(client.result.get_bytes(1), "bytes | None")
    assert_type(client.result.from_task(1), ResultRows)
    assert_type(client.result.from_task(1)[0], Result)
    _ = client.result.from_task(1)[0]["results"]  # type: ignore[typeddict-item]  # a typo is an error


def user_sync(client: Client) -> None:
    assert_type(client.user.list(), Rows[User])
    assert_type(client.user.get(), User)
    assert_type(client.user.create("a", "A", "B", "secret", "a@example.org"), User)
    assert_type(client.user.update(email="a"), User)
    assert_type(client.user.delete(1), Message)
    assert_type(client.user.list()[0], User)
    _ = client.user.list()[0]["mail"]  # type: ignore[misc]  # a typo is an error


def role_sync(client: Client) -> None:
    assert_type(client.role.list(), Rows[Role])
    assert_type(client.role.get("Viewer"), Role)
    assert_type(client.role.create("a", "", [1]), Role)
    assert_type(client.role.update(1, name="a"), Role)
    assert_type(client.role.delete(1), Message)
    assert_type(client.role.list()[0], Role)
    _ = client.role.list()[0]["rule"]  # type: ignore[misc]  # a typo is an error


def rule_sync(client: Client) -> None:
    assert_type(client.rule.list(), Rows[Rule])
    assert_type(client.rule.get(1), Rule)
    assert_type(client.rule.list()[0], Rule)
    _ = client.rule.list()[0]["scop"]  # type: ignore[misc]  # a typo is an error


def store_sync(client: Client) -> None:
    assert_type(client.store.list(), Rows[AlgorithmStore])
    assert_type(client.store.get(1), AlgorithmStore)
    assert_type(client.store.create("https://store.example/api", "a"), AlgorithmStore)
    assert_type(client.store.update(name="a"), AlgorithmStore)
    assert_type(client.store.delete(), Message)
    assert_type(client.store.set(1), AlgorithmStore)
    assert_type(client.store.list()[0], AlgorithmStore)
    _ = client.store.list()[0]["uri"]  # type: ignore[typeddict-item]  # a typo is an error


def algorithm_sync(client: Client) -> None:
    assert_type(client.algorithm.list(), Rows[store.Algorithm])
    assert_type(client.algorithm.get(1), store.Algorithm)
    assert_type(
        client.algorithm.create("a", "", "b", "horizontal", "4.15", "https://code.example", []),
        store.Algorithm,
    )
    assert_type(client.algorithm.update(1, name="a"), store.Algorithm)
    assert_type(client.algorithm.delete(1), store.Message)
    assert_type(client.algorithm.invalidate(1), store.Message)
    assert_type(client.algorithm.list()[0], store.Algorithm)
    _ = client.algorithm.list()[0]["img"]  # type: ignore[typeddict-item]  # a typo is an error


def store_review_sync(client: Client) -> None:
    assert_type(client.store.review.list(), Rows[store.Review])
    assert_type(client.store.review.get(1), store.Review)
    assert_type(client.store.review.create(1, 1), store.Review)
    assert_type(client.store.review.approve(1), store.Message)
    assert_type(client.store.review.reject(1), store.Message)
    assert_type(client.store.review.delete(1), store.Message)
    assert_type(client.store.review.list()[0], store.Review)
    _ = client.store.review.list()[0]["coment"]  # type: ignore[typeddict-item]  # a typo is an error


def store_role_sync(client: Client) -> None:
    assert_type(client.store.role.list(), Rows[store.Role])
    assert_type(client.store.role.create("a", "", [1]), store.Role)
    assert_type(client.store.role.edit(1, name="a"), store.Role)
    assert_type(client.store.role.delete(1), store.Message)
    assert_type(client.store.role.list()[0], store.Role)
    _ = client.store.role.list()[0]["rule"]  # type: ignore[typeddict-item]  # a typo is an error


def store_rule_sync(client: Client) -> None:
    assert_type(client.store.rule.list(), Rows[store.Rule])
    assert_type(client.store.rule.list()[0], store.Rule)
    _ = client.store.rule.list()[0]["scope_"]  # type: ignore[misc]  # a typo is an error


def store_user_sync(client: Client) -> None:
    assert_type(client.store.user.list(), Rows[store.User])
    assert_type(client.store.user.get(1), store.User)
    assert_type(client.store.user.register("a", [1]), store.User)
    assert_type(client.store.user.update(1, [1]), store.User)
    assert_type(client.store.user.delete(1), store.Message)
    assert_type(client.store.user.list()[0], store.User)
    _ = client.store.user.list()[0]["user"]  # type: ignore[typeddict-item]  # a typo is an error


def store_policy_sync(client: Client) -> None:
    assert_type(client.store.policy.get(), "store.Policies | store.PublicPolicies")


def util_sync(client: Client) -> None:
    assert_type(client.util.get_server_version(), Version)
    assert_type(client.util.get_server_health(), Health)
    assert_type(client.util.change_my_password("a", "b"), Message)
    assert_type(client.util.reset_my_password("a"), Message)
    assert_type(client.util.set_my_password("a", "b"), Message)
    assert_type(client.util.reset_two_factor_auth("a", "b"), Message)
    assert_type(client.util.set_two_factor_auth("a"), TwoFactorSecret)
    assert_type(client.util.generate_private_key(), Path)


async def organization_async(client: AsyncClient) -> None:
    assert_type(await client.organization.list(), Rows[Organization])
    assert_type(await client.organization.get(), Organization)
    assert_type(await client.organization.create("a", "", "", "", "NL", "a.example"), Organization)
    assert_type(await client.organization.update(domain="a"), Organization)
    assert_type(await client.organization.delete(1), Message)
    assert_type(await client.organization.fingerprint("IKNL"), str)
    assert_type((await client.organization.list())[0], Organization)
    _ = (await client.organization.list())[0]["nme"]  # type: ignore[typeddict-item]  # a typo is an error


async def collaboration_async(client: AsyncClient) -> None:
    assert_type(await client.collaboration.list(), Rows[Collaboration])
    assert_type(await client.collaboration.get("demo"), Collaboration)
    assert_type(await client.collaboration.create("demo", [1, "Maastro"]), Collaboration)
    assert_type(await client.collaboration.update(name="a"), Collaboration)
    assert_type(await client.collaboration.delete(), Message)
    assert_type(await client.collaboration.add_organization("IKNL"), Sequence[Organization])
    assert_type(await client.collaboration.remove_organization(1), Sequence[Organization])
    assert_type((await client.collaboration.list())[0], Collaboration)
    _ = (await client.collaboration.list())[0]["nme"]  # type: ignore[typeddict-item]  # a typo is an error


async def study_async(client: AsyncClient) -> None:
    assert_type(await client.study.list(), Rows[Study])
    assert_type(await client.study.get("adults"), Study)
    assert_type(await client.study.create("adults", [1]), Study)
    assert_type(await client.study.update(1, name="a"), Study)
    assert_type(await client.study.delete(1), Message)
    assert_type(await client.study.add_organization(1, 1), Sequence[Organization])
    assert_type(await client.study.remove_organization(1, 1), Sequence[Organization])
    assert_type((await client.study.list())[0], Study)
    _ = (await client.study.list())[0]["colaboration"]  # type: ignore[typeddict-item]  # a typo is an error


async def node_async(client: AsyncClient) -> None:
    assert_type(await client.node.list(), Rows[Node])
    assert_type(await client.node.get(1), Node)
    assert_type(await client.node.create(1), NodeWithKey)
    assert_type(await client.node.update(1, name="a"), Node)
    assert_type(await client.node.delete(1), Message)
    assert_type(await client.node.kill_tasks(1), Message)
    assert_type(await client.node.reset_key(1), ApiKey)
    assert_type((await client.node.list())[0], Node)
    _ = (await client.node.list())[0]["statu"]  # type: ignore[typeddict-item]  # a typo is an error


async def task_async(client: AsyncClient) -> None:
    assert_type(await client.task.list(), Rows[Task])
    assert_type(await client.task.get(1), Task)
    assert_type(await client.task.create([1], "a", "b", "", {"method": "c"}, 1), Task)
    assert_type(await client.task.delete(1), Message)
    assert_type(await client.task.kill(1), Message)
    assert_type((await client.task.list())[0], Task)
    _ = (await client.task.list())[0]["stat"]  # type: ignore[typeddict-item]  # a typo is an error


async def run_async(client: AsyncClient) -> None:
    assert_type(await client.run.list(), Rows[Run])
    assert_type(await client.run.get(1), Run)
    assert_type(await client.run.from_task(1), Rows[Run])
    assert_type((await client.run.list())[0], Run)
    _ = (await client.run.list())[0]["logs"]  # type: ignore[typeddict-item]  # a typo is an error


async def result_async(client: AsyncClient) -> None:
    assert_type(await client.result.get(1), "str | None")
    assert_type(await client.result.get_bytes(1), "bytes | None")
    assert_type(await client.result.from_task(1), ResultRows)
    assert_type((await client.result.from_task(1))[0], Result)
    _ = (await client.result.from_task(1))[0]["results"]  # type: ignore[typeddict-item]  # a typo is an error


async def user_async(client: AsyncClient) -> None:
    assert_type(await client.user.list(), Rows[User])
    assert_type(await client.user.get(), User)
    assert_type(await client.user.create("a", "A", "B", "secret", "a@example.org"), User)
    assert_type(await client.user.update(email="a"), User)
    assert_type(await client.user.delete(1), Message)
    assert_type((await client.user.list())[0], User)
    _ = (await client.user.list())[0]["mail"]  # type: ignore[typeddict-item]  # a typo is an error


async def role_async(client: AsyncClient) -> None:
    assert_type(await client.role.list(), Rows[Role])
    assert_type(await client.role.get("Viewer"), Role)
    assert_type(await client.role.create("a", "", [1]), Role)
    assert_type(await client.role.update(1, name="a"), Role)
    assert_type(await client.role.delete(1), Message)
    assert_type((await client.role.list())[0], Role)
    _ = (await client.role.list())[0]["rule"]  # type: ignore[typeddict-item]  # a typo is an error


async def rule_async(client: AsyncClient) -> None:
    assert_type(await client.rule.list(), Rows[Rule])
    assert_type(await client.rule.get(1), Rule)
    assert_type((await client.rule.list())[0], Rule)
    _ = (await client.rule.list())[0]["scop"]  # type: ignore[typeddict-item]  # a typo is an error


async def store_async(client: AsyncClient) -> None:
    assert_type(await client.store.list(), Rows[AlgorithmStore])
    assert_type(await client.store.get(1), AlgorithmStore)
    assert_type(await client.store.create("https://store.example/api", "a"), AlgorithmStore)
    assert_type(await client.store.update(name="a"), AlgorithmStore)
    assert_type(await client.store.delete(), Message)
    assert_type(await client.store.set(1), AlgorithmStore)
    assert_type((await client.store.list())[0], AlgorithmStore)
    _ = (await client.store.list())[0]["uri"]  # type: ignore[typeddict-item]  # a typo is an error


async def algorithm_async(client: AsyncClient) -> None:
    assert_type(await client.algorithm.list(), Rows[store.Algorithm])
    assert_type(await client.algorithm.get(1), store.Algorithm)
    assert_type(
        await client.algorithm.create(
            "a", "", "b", "horizontal", "4.15", "https://code.example", []
        ),
        store.Algorithm,
    )
    assert_type(await client.algorithm.update(1, name="a"), store.Algorithm)
    assert_type(await client.algorithm.delete(1), store.Message)
    assert_type(await client.algorithm.invalidate(1), store.Message)
    assert_type((await client.algorithm.list())[0], store.Algorithm)
    _ = (await client.algorithm.list())[0]["img"]  # type: ignore[typeddict-item]  # a typo is an error


async def store_review_async(client: AsyncClient) -> None:
    assert_type(await client.store.review.list(), Rows[store.Review])
    assert_type(await client.store.review.get(1), store.Review)
    assert_type(await client.store.review.create(1, 1), store.Review)
    assert_type(await client.store.review.approve(1), store.Message)
    assert_type(await client.store.review.reject(1), store.Message)
    assert_type(await client.store.review.delete(1), store.Message)
    assert_type((await client.store.review.list())[0], store.Review)
    _ = (await client.store.review.list())[0]["coment"]  # type: ignore[typeddict-item]  # a typo is an error


async def store_role_async(client: AsyncClient) -> None:
    assert_type(await client.store.role.list(), Rows[store.Role])
    assert_type(await client.store.role.create("a", "", [1]), store.Role)
    assert_type(await client.store.role.edit(1, name="a"), store.Role)
    assert_type(await client.store.role.delete(1), store.Message)
    assert_type((await client.store.role.list())[0], store.Role)
    _ = (await client.store.role.list())[0]["rule"]  # type: ignore[typeddict-item]  # a typo is an error


async def store_rule_async(client: AsyncClient) -> None:
    assert_type(await client.store.rule.list(), Rows[store.Rule])
    assert_type((await client.store.rule.list())[0], store.Rule)
    _ = (await client.store.rule.list())[0]["scope_"]  # type: ignore[typeddict-item]  # a typo is an error


async def store_user_async(client: AsyncClient) -> None:
    assert_type(await client.store.user.list(), Rows[store.User])
    assert_type(await client.store.user.get(1), store.User)
    assert_type(await client.store.user.register("a", [1]), store.User)
    assert_type(await client.store.user.update(1, [1]), store.User)
    assert_type(await client.store.user.delete(1), store.Message)
    assert_type((await client.store.user.list())[0], store.User)
    _ = (await client.store.user.list())[0]["user"]  # type: ignore[typeddict-item]  # a typo is an error


async def store_policy_async(client: AsyncClient) -> None:
    assert_type(await client.store.policy.get(), "store.Policies | store.PublicPolicies")


async def util_async(client: AsyncClient) -> None:
    assert_type(await client.util.get_server_version(), Version)
    assert_type(await client.util.get_server_health(), Health)
    assert_type(await client.util.change_my_password("a", "b"), Message)
    assert_type(await client.util.reset_my_password("a"), Message)
    assert_type(await client.util.set_my_password("a", "b"), Message)
    assert_type(await client.util.reset_two_factor_auth("a", "b"), Message)
    assert_type(await client.util.set_two_factor_auth("a"), TwoFactorSecret)
    assert_type(await client.util.generate_private_key(), Path)
