"""Test the local network's algorithm store, and its algorithms on the nodes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from vantage6.bindings.server.api.algorithm_store import list_algorithm_stores
from vantage6.bindings.server.api.token import create_user_token
from vantage6.bindings.server.models.algorithm_store_page import AlgorithmStorePage
from vantage6.bindings.server.models.user_login import UserLogin
from vantage6.bindings.server.models.user_tokens import UserTokens
from vantage6.bindings.store import AuthenticatedClient as StoreClient
from vantage6.bindings.store.api.algorithm import create_algorithm, get_algorithm, list_algorithms
from vantage6.bindings.store.api.review import approve_review, create_review
from vantage6.bindings.store.api.user import list_users
from vantage6.bindings.store.models.algorithm import Algorithm
from vantage6.bindings.store.models.algorithm_input import AlgorithmInput
from vantage6.bindings.store.models.algorithm_page import AlgorithmPage
from vantage6.bindings.store.models.function_input import FunctionInput
from vantage6.bindings.store.models.review import Review
from vantage6.bindings.store.models.review_decision import ReviewDecision
from vantage6.bindings.store.models.review_input import ReviewInput
from vantage6.bindings.store.models.user_page import UserPage
from vantage6.localnet import LocalNetwork, _api

pytestmark = pytest.mark.live

AVERAGE = AlgorithmInput(
    name="average",
    image="harbor2.vantage6.ai/demo/average",
    partitioning="horizontal",
    vantage6_version="4.15",
    code_url="https://code.example/average",
    functions=[FunctionInput(name="partial_average", type_="federated")],
)


def token(network: LocalNetwork, user: str) -> str:
    """Log in at the server."""
    who = network.users[user]
    login = UserLogin(username=who.username, password=who.password)
    with _api.anonymous_client(network.url) as client:
        tokens = _api.unwrap(create_user_token.sync_detailed(client=client, body=login))
    assert isinstance(tokens, UserTokens)
    return tokens.access_token


@contextmanager
def at_the_store(network: LocalNetwork, user: str) -> Iterator[StoreClient]:
    """Yield a client of the store."""
    assert network.store is not None
    with StoreClient(
        base_url=network.store.url,
        token=token(network, user),
        headers={"Server-Url": network.url + network.api_path},
        httpx_args={"trust_env": False},
    ) as client:
        yield client


def published(network: LocalNetwork) -> list[int]:
    """Return the ids of the algorithms that a user finds."""
    with at_the_store(network, "viewer") as client:
        page = list_algorithms.sync(client=client)
    assert isinstance(page, AlgorithmPage)
    return [algorithm.id for algorithm in page.data]


def test_algorithm_runs_at_once_without_reviews() -> None:
    with LocalNetwork(organizations=1, store=True) as network:
        assert network.store is not None
        assert network.describe()["store"] == {
            "id": network.store.id,
            "name": network.store.name,
            "url": network.store.url,
        }
        with at_the_store(network, "researcher") as client:
            algorithm = create_algorithm.sync(client=client, body=AVERAGE)
        assert isinstance(algorithm, Algorithm)
        assert published(network) == [algorithm.id]

        user = network.client("researcher")
        linked = list_algorithm_stores.sync(client=user.api)
        assert isinstance(linked, AlgorithmStorePage)
        assert [(row.id, row.url) for row in linked.data] == [(network.store.id, network.store.url)]
        task = user.task.create(
            collaboration=network.collaboration.id,
            organizations=[1],
            name="from the store",
            description="",
            image=AVERAGE.image,
            store=network.store.id,
            input_={"method": "partial_average", "kwargs": {"column_name": "age"}},
            databases=[{"label": "default"}],
        )
        assert task["image"] == f"{AVERAGE.image}@{algorithm.digest}"
        (result,) = user.wait_for_results(task["id"], timeout=60)["data"]
        assert result["result"] is not None
        assert set(json.loads(result["result"])) == {"sum", "count"}


def test_algorithm_waits_for_its_reviewer() -> None:
    with LocalNetwork(organizations=1, store=True, review=True) as network:
        with at_the_store(network, "researcher") as client:
            algorithm = create_algorithm.sync(client=client, body=AVERAGE)
        assert isinstance(algorithm, Algorithm)
        assert published(network) == []

        with at_the_store(network, "root") as client:
            users = list_users.sync(client=client, username="admin")
            assert isinstance(users, UserPage)
            asked = ReviewInput(algorithm_id=algorithm.id, reviewer_id=users.data[0].id)
            review = create_review.sync(client=client, body=asked)
        assert isinstance(review, Review)
        with at_the_store(network, "admin") as client:
            decision = ReviewDecision(comment="fine")
            approve_review.sync(review.id, client=client, body=decision)
            approved = get_algorithm.sync(algorithm.id, client=client)
        assert isinstance(approved, Algorithm)
        assert approved.status == "approved"
        assert published(network) == [algorithm.id]


def test_network_without_store(network: LocalNetwork) -> None:
    assert network.store is None
    assert network.describe()["store"] is None
