"""Test the client against a real server and real nodes, where recordings are not enough."""

import asyncio
import csv
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vantage6.client import (
    AsyncClient,
    Client,
    ClientClosedError,
    ConfigurationError,
    DecryptionError,
    EncryptionNotSetUpError,
    KeyMismatchError,
    LoginExpiredError,
    NotAuthenticatedError,
    PermissionDeniedError,
    TaskFailedError,
    WaitTimeoutError,
)
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

AVERAGE: dict[str, Any] = {
    "name": "average",
    "image": "harbor2.vantage6.ai/demo/average",
    "description": "",
    "databases": "default",
}
PARTIAL = {"method": "partial_average", "args": [], "kwargs": {"column_name": "age"}}
SLOW: dict[str, Any] = {
    "name": "slow",
    "image": "localnet/slow",
    "description": "",
    "input_": {"method": "sleep", "kwargs": {"seconds": 600}},
}


@pytest.fixture(scope="module")
def large_network() -> Iterator[LocalNetwork]:
    """Twelve organizations: more than fit on a page of the server's own choice."""
    with LocalNetwork(organizations=12) as net:
        yield net


def count_of(network: LocalNetwork, organization_id: int) -> int:
    """Count the patients of an organization."""
    (data,) = [row.data for row in network.organizations if row.id == organization_id]
    with data.open(newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def fresh_client(network: LocalNetwork, user: str = "researcher") -> Client:
    """Log in without a key."""
    client = Client("http://127.0.0.1", network.port, log_level=None)
    client.authenticate(network.users[user].username, network.users[user].password)
    return client


# -- lists ---------------------------------------------------------------------------------------
def test_twelve_organizations_return_twelve_rows_in_requested_order(
    large_network: LocalNetwork,
) -> None:
    client = large_network.client()
    asked = [7, 12, 1, 5, 3, 2, 4, 6, 8, 9, 11, 10]
    task = client.task.create(asked, **AVERAGE, input_=PARTIAL, collaboration=1)
    results = client.wait_for_results(task["id"], timeout=120)
    expected = [count_of(large_network, organization) for organization in asked]
    assert [json.loads(row["result"] or "")["count"] for row in results["data"]] == expected
    runs = client.run.from_task(task["id"])
    assert [run["organization"]["id"] for run in runs if run["organization"]] == asked


@pytest.mark.parametrize(
    "resource",
    ["organization", "collaboration", "study", "node", "task", "run", "user", "role", "rule"],
)
def test_pages_add_up_to_the_list_in_stable_order(
    large_network: LocalNetwork, resource: str
) -> None:
    client = large_network.client("root")
    ask = getattr(client, resource).list
    whole = [row["id"] for row in ask()]
    pages = [ask(page=number + 1, per_page=5) for number in range(math.ceil(len(whole) / 5))]
    assert [row["id"] for page in pages for row in page] == whole
    assert {page.total for page in pages} == {len(whole)}
    newest_first = resource in ("task", "run")
    assert whole == sorted(whole, reverse=newest_first)
    assert whole


# -- waiting --------------------------------------------------------------------------------------
def test_failure_is_raised_with_the_algorithm_log(network: LocalNetwork) -> None:
    client = network.client()
    wrong = {"method": "partial_average", "kwargs": {"column_name": "abc123"}}
    task = client.task.create([1], **AVERAGE, input_=wrong, collaboration=1)
    with pytest.raises(TaskFailedError, match="no column 'abc123'") as caught:
        client.wait_for_results(task["id"], timeout=60)
    assert caught.value.status == "crashed"
    rows = client.wait_for_results(task["id"], on_failure="return", timeout=60)
    assert [row["result"] for row in rows] == [None]


def test_task_outlives_a_wait_timeout_and_can_be_killed(
    network: LocalNetwork,
) -> None:
    client = network.client()
    task = client.task.create([1], **SLOW, collaboration=1)
    with pytest.raises(WaitTimeoutError) as caught:
        client.wait_for_results(task["id"], timeout=2)
    assert caught.value.status in ("pending", "initializing", "active")
    with pytest.raises(PermissionDeniedError):
        client.task.kill(task["id"])  # researchers may not, unless they are given the rule
    assert str(task["id"]) in network.client("admin").task.kill(task["id"])["msg"]
    with pytest.raises(TaskFailedError, match="killed by user"):
        client.wait_for_results(task["id"], timeout=60)


async def test_many_async_waits_share_one_client(network: LocalNetwork) -> None:
    user = network.users["researcher"]
    async with AsyncClient("http://127.0.0.1", network.port, log_level=None) as client:
        await client.authenticate(user.username, user.password)

        async def count(organization: int) -> int:
            ask = client.task.create([organization], **AVERAGE, input_=PARTIAL, collaboration=1)
            (row,) = await client.wait_for_results((await ask)["id"], timeout=60)
            return json.loads(row["result"] or "")["count"]

        counts = await asyncio.gather(count(1), count(2), count(3))
    assert counts == [count_of(network, organization) for organization in (1, 2, 3)]


# -- logins --------------------------------------------------------------------------------------
def test_token_is_refreshed_by_a_real_server(network: LocalNetwork) -> None:
    with fresh_client(network) as client:
        auth = client._core.auth  # pyright: ignore[reportPrivateUsage]
        before = client.token
        assert auth.tokens is not None
        assert 0 < auth.tokens.renew_at < math.inf, "the real token tells when it expires"
        auth.tokens = replace(auth.tokens, renew_at=0)
        assert client.organization.get()["id"] == client.whoami.organization_id
        assert client.token not in (None, before)


def test_rejections_of_bad_tokens_are_understood(network: LocalNetwork) -> None:
    with fresh_client(network) as client:
        auth = client._core.auth  # pyright: ignore[reportPrivateUsage]
        assert auth.tokens is not None
        head, payload, signature = auth.tokens.access.split(".")
        auth.tokens = replace(auth.tokens, access=f"{head}.{payload}.{signature[::-1]}")
        with pytest.raises(LoginExpiredError, match="authenticate"):
            client.organization.get()
        auth.use(replace(auth.tokens, refresh=auth.tokens.access, renew_at=0), auth.strategy)
        with pytest.raises(LoginExpiredError, match="authenticate"):
            client.organization.get()
        auth.tokens = None
        with pytest.raises(NotAuthenticatedError, match="authenticate"):
            client.organization.get()
        user = network.users["researcher"]
        client.authenticate(user.username, user.password)
        assert client.organization.get()["name"] == "IKNL"


def test_missing_permission_does_not_refresh_the_token(network: LocalNetwork) -> None:
    viewer = network.client("viewer")
    before = viewer.token
    with pytest.raises(PermissionDeniedError):
        viewer.task.create([1], **AVERAGE, input_=PARTIAL, collaboration=1)
    assert viewer.token == before


def test_wrong_path_raises_a_clear_error(network: LocalNetwork) -> None:
    with (
        Client("http://127.0.0.1", network.port, "/wrong", log_level=None) as client,
        pytest.raises(
            ConfigurationError, match=r"expected .*/api, where the API of this server is"
        ),
    ):
        client.authenticate("researcher", "secret")


# -- encryption ----------------------------------------------------------------------------------
def test_nothing_is_sent_to_encrypted_collaboration_without_key(
    encrypted_network: LocalNetwork,
) -> None:
    with fresh_client(encrypted_network) as client:
        before = client.task.list().total
        with pytest.raises(EncryptionNotSetUpError, match="setup_encryption"):
            client.task.create([1, 2], **AVERAGE, input_=PARTIAL, collaboration=1)
        assert client.task.list().total == before


def test_only_the_key_of_the_organization_reads_results(
    encrypted_network: LocalNetwork,
) -> None:
    client = encrypted_network.client()
    task = client.task.create([2, 1], **AVERAGE, input_=PARTIAL, collaboration=1)
    results = client.wait_for_results(task["id"], timeout=60)
    assert [json.loads(row["result"] or "")["count"] for row in results] == [
        count_of(encrypted_network, organization) for organization in (2, 1)
    ]
    theirs, ours = client.run.from_task(task["id"])
    assert json.loads(ours["input"] or "") == PARTIAL
    assert (theirs["input"] or "").count("$") == 2, "sealed for the other organization"
    with fresh_client(encrypted_network) as stranger:
        assert "wrapper" in (stranger.run.from_task(task["id"])[0]["log"] or "")
        with pytest.raises(DecryptionError, match="setup_encryption") as caught:
            stranger.result.from_task(task["id"])
        assert caught.value.run_ids == [theirs["id"], ours["id"]]


def test_mismatched_key_is_rejected_and_replaces_nothing(
    encrypted_network: LocalNetwork, tmp_path: Path
) -> None:
    with fresh_client(encrypted_network) as client:
        before = client.organization.get()["public_key"]
        assert before
        with pytest.raises(KeyMismatchError) as caught:
            client.setup_encryption(encrypted_network.private_keys[2])
        assert caught.value.local != caught.value.server
        assert client.organization.get()["public_key"] == before


def test_two_clients_keep_their_own_keys(encrypted_network: LocalNetwork) -> None:
    client = encrypted_network.client()
    with fresh_client(encrypted_network) as other:
        other.setup_encryption(None)
        task = client.task.create([1], **AVERAGE, input_=PARTIAL, collaboration=1)
        (row,) = client.wait_for_results(task["id"], timeout=60)
        assert json.loads(row["result"] or "")["count"] == count_of(encrypted_network, 1)


# -- what is added -------------------------------------------------------------------------------
def test_added_rows_are_usable_at_once_and_deletable(network: LocalNetwork) -> None:
    root = network.client("root")
    organization = root.organization.create("Added", "", "", "", "NL", "added.example")
    collaboration = root.collaboration.create("added", [organization["id"]])
    node = root.node.create(collaboration["id"], organization["id"])
    rules = [rule["id"] for rule in root.rule.list(operation="VIEW", scope="ORGANIZATION")]
    role = root.role.create("onlooker", "looks around", rules, organization["id"])
    password, better = "First-Secret-1", "Second-Secret-2"
    user = root.user.create(
        "added", "Ada", "Added", password, "added@example.org", organization["id"], [role["id"]]
    )
    with Client("http://127.0.0.1", network.port, log_level=None) as client:
        client.authenticate("added", password)
        assert client.whoami.organization_name == "Added"
        assert [row["id"] for row in client.node.list()] == [node["id"]]
        client.util.change_my_password(password, better)
        client.authenticate("added", better)
        client.refresh_token()
        assert [row["id"] for row in client.collaboration.list()] == [collaboration["id"]]
    root.user.delete(user["id"])
    root.role.delete(role["id"])
    root.collaboration.delete(collaboration["id"], delete_dependents=True)
    root.organization.delete(organization["id"], delete_dependents=True)
    assert root.organization.list(name="Added") == []


# -- the store -----------------------------------------------------------------------------------
def test_nodes_run_an_algorithm_from_the_store() -> None:
    with LocalNetwork(organizations=1, store=True) as network:
        assert network.store is not None
        client = network.client()
        client.store.set(network.store.id)
        algorithm = client.algorithm.create(
            name="average",
            description="",
            image=AVERAGE["image"],
            partitioning="horizontal",
            vantage6_version="4.15",
            code_url="https://code.example/average",
            functions=[{"name": "partial_average", "type": "federated"}],
        )
        assert [row["id"] for row in client.algorithm.list()] == [algorithm["id"]]
        task = client.task.create(
            [1], **AVERAGE, input_=PARTIAL, collaboration=1, store=network.store.id
        )
        (row,) = client.wait_for_results(task["id"], timeout=60)
        assert json.loads(row["result"] or "")["count"] == count_of(network, 1)


def test_token_rejected_by_a_real_store_is_refreshed() -> None:
    with LocalNetwork(organizations=1, store=True) as network:
        assert network.store is not None
        client = network.client("root")
        client.store.set(network.store.id)
        auth = client._core.auth  # pyright: ignore[reportPrivateUsage]
        assert auth.tokens is not None
        head, payload, signature = auth.tokens.access.split(".")
        auth.tokens = replace(auth.tokens, access=f"{head}.{payload}.{signature[::-1]}")
        names = {row["username"] for row in client.store.user.list()}
        assert names == {"root", "admin", "researcher", "viewer"}


def test_closing_the_client_ends_a_wait(network: LocalNetwork) -> None:
    client = fresh_client(network)
    task = client.task.create([1], collaboration=1, **SLOW)
    with ThreadPoolExecutor(2) as pool:
        waits = pool.submit(client.wait_for_results, task, timeout=50, progress=False)
        listens = pool.submit(list, client.events(1))
        time.sleep(3)
        client.close()
        began = time.monotonic()
        for ending in (waits, listens):
            with pytest.raises(ClientClosedError):
                ending.result()
        assert time.monotonic() - began < 20

    async def wait_asynchronously() -> None:
        user = network.users["researcher"]
        client = AsyncClient("http://127.0.0.1", network.port, log_level=None)
        await client.authenticate(user.username, user.password)
        waits = asyncio.create_task(client.wait_for_results(task, timeout=50, progress=False))
        await asyncio.sleep(3)
        await client.close()
        with pytest.raises(ClientClosedError):
            await asyncio.wait_for(waits, 20)

    asyncio.run(wait_asynchronously())
    with fresh_client(network, "root") as root:
        root.task.kill(task)
