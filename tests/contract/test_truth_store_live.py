"""Test the contract of the algorithm store against a real store: each operation.

Every response of a store is compared with the contract (see truth.py), whatever the test checks.
The stores are real and linked to a real server; only image registries are unreachable, so a digest
is derived from an image's name.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from vantage6.bindings.server import calls as server_calls
from vantage6.bindings.store import calls

from .callers import VERSION, Caller, TunedStore, new_user, populate, serve
from .store_cases import (
    AVERAGE,
    NO_SUCH_ID,
    Shop,
    StoreCases,
    register,
    requests,
    role_ids,
    user_ids,
)
from .truth import Truth

pytestmark = pytest.mark.live

# How operations are marked that let in everyone, or whoever has the token of a server.
OPEN = ([], [{"token": []}])
# As far as the store's version knows its fields.
ALGORITHM = Truth("store", VERSION).fitting("AlgorithmInput", AVERAGE)


# -- who is there ----------------------------------------------------------------------------------
@dataclass
class Home:
    """The server that everyone comes from: its address, and their tokens by name."""

    url: str
    tokens: dict[str, str]


@dataclass
class LinkedShop(Shop):
    """A store that its visitors tell from which server they come."""

    home: Home

    def visitor(self, token: str | None, server_url: str | None = None) -> Caller:
        """Return someone who comes from the server, or says to come from another."""
        actor = super().visitor(token)
        actor.headers["Server-Url"] = server_url or self.home.url
        return actor


@contextmanager
def open_shop(home: Home, **settings: Any) -> Iterator[LinkedShop]:
    """Run a new store with some settings of its own."""
    with tempfile.TemporaryDirectory(prefix="vantage6-contract-") as folder:
        store = TunedStore(Path(folder), home.url.removesuffix("/api"), **settings)
        try:
            store.wait_until_ready()
            yield LinkedShop(store.url, home.tokens, calls, ALGORITHM, home)
        finally:
            store.stop()


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """Yield a server with people and nodes: what is said to it is no business of this contract."""
    with serve() as url:
        world = populate(url)
        actors = {
            "root": world.root,
            "researcher": world.researcher,
            "viewer": world.viewer,
            "node": world.node,
        }
        for name in ("developer", "reviewer", "colleague"):
            body = new_user(name, world.organizations[1]["id"], [world.roles["Researcher"]])
            world.root(server_calls.create_user(body), 201)
            actors[name] = world.nobody.log_in(name)
        yield Home(url + "/api", {name: actor.token or "" for name, actor in actors.items()})


@pytest.fixture(scope="module")
def truth(home: Home) -> Iterator[Truth]:
    """Hold the contract of the store against all that is said from now on."""
    truth = Truth("store", VERSION)
    with truth.watch():
        yield truth


@pytest.fixture(scope="module")
def shop(home: Home, truth: Truth) -> Iterator[LinkedShop]:
    """Yield a store with reviews, in which everyone but the researcher is known."""
    with open_shop(home) as shop:
        register(shop)
        yield shop


class TestStore(StoreCases):
    """What stores of both generations have in common."""


# -- every operation, asked wrongly ----------------------------------------------------------------
def test_secured_operations_require_token_and_server(truth: Truth, shop: LinkedShop) -> None:
    callers = {
        400: Caller(shop.url, shop.root.token),
        401: shop.visitor(None),
        403: shop.visitor(shop.root.token, "https://elsewhere.example/api"),
    }
    for operation, method, path, takes_json in requests(truth):
        body = {"json": {}} if takes_json else {}
        answers = {code: who.send(method, path, **body) for code, who in callers.items()}
        statuses = {code: answer.status_code for code, answer in answers.items()}
        if operation.get("security") == []:
            assert set(statuses.values()) == {200}, operation["operationId"]
        elif operation.get("security") not in OPEN:
            assert statuses == {code: code for code in callers}, operation["operationId"]
            answer = shop.visitor("no.token").send(method, path, **body)
            assert answer.status_code == HTTPStatus.UNAUTHORIZED, operation["operationId"]


@pytest.mark.parametrize(
    "name", ["root", "developer", "reviewer", "colleague", "viewer", "researcher", "node"]
)
def test_missing_rows_are_not_found(truth: Truth, shop: LinkedShop, name: str) -> None:
    for operation, method, path, takes_json in requests(truth):
        body = {"json": {}} if takes_json else {}
        answer = getattr(shop, name).send(method, path, **body)
        if name == "root" and str(NO_SUCH_ID) in path:
            assert answer.status_code >= HTTPStatus.BAD_REQUEST, operation["operationId"]
        if name == "node" and operation.get("security") not in OPEN:
            assert answer.status_code == HTTPStatus.UNAUTHORIZED, operation["operationId"]


# -- listings --------------------------------------------------------------------------------------
def test_reviews_cannot_be_sorted(shop: LinkedShop) -> None:
    total = len(shop.root(calls.list_reviews(per_page=100))["data"])
    pages = [shop.root(calls.list_reviews(page=page, per_page=1)) for page in range(1, total + 1)]
    assert len({page["data"][0]["id"] for page in pages}) == total
    last = shop.root(calls.list_reviews(page=2, per_page=total - 1, sort="id"))["data"]
    assert len(last) > 1, "the last page has more than the one row that is left"


def test_rule_filters(shop: LinkedShop) -> None:
    everything = shop.researcher(calls.list_rules(no_pagination=1))["data"]
    assert len(everything) > 10
    wanted = shop.researcher(calls.list_rules(name="review", operation="edit"))["data"]
    assert [(row["name"], row["operation"]) for row in wanted] == [("review", "edit")]
    viewing = shop.researcher(calls.list_rules(role_id=role_ids(shop)["Viewer"], sort="id"))["data"]
    assert {row["operation"] for row in viewing} == {"view"}
    shop.researcher(calls.list_rules(role_id=NO_SUCH_ID), 400)
    known = calls.list_rules(username="viewer", server_url=shop.home.url, sort="id")
    assert shop.researcher(known)["data"] == viewing
    shop.researcher(calls.list_rules(username="viewer"), 400)
    shop.researcher(calls.list_rules(username="researcher", server_url=shop.home.url), 400)
    shop.researcher(calls.list_rules(username="viewer", server_url="https://no.example"), 400)


def test_users_are_filtered_by_permission(shop: LinkedShop) -> None:
    able = {row["username"] for row in shop.viewer(calls.list_users(can_review=True))["data"]}
    assert able == {"root", "reviewer", "colleague"}


# -- algorithms ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "wrong",
    [
        {"partitioning": "diagonal"},
        {"functions": [{"name": "f", "type": "sideways"}]},
        {"functions": [{"name": "f", "type": "central", "arguments": [{"name": "a"}]}]},
        {"functions": [{"name": "f", "type": "central", "ui_visualizations": [{"name": "v"}]}]},
        {"name": None},
    ],
)
def test_invalid_algorithm_is_rejected(shop: LinkedShop, wrong: dict[str, Any]) -> None:
    assert shop.developer(calls.create_algorithm(ALGORITHM | wrong), 400)["errors"]


# -- people ----------------------------------------------------------------------------------------
def test_users(truth: Truth, shop: LinkedShop) -> None:
    roles = role_ids(shop)
    user = shop.root(calls.create_user({"username": "researcher", "roles": []}), 201)
    assert user["server"]["url"] == shop.home.url
    shop.root(calls.create_user({"username": "researcher"}), 400)
    shop.root(calls.create_user({"username": "nobody at all"}), 400)
    shop.viewer(calls.create_user({"username": "researcher"}), 401)
    shop.researcher(calls.list_users(), 401)
    changed = shop.root(calls.update_user(user["id"], {"roles": [roles["Viewer"]]}))
    assert shop.researcher(calls.get_user(user["id"])) == changed
    text = shop.root.send("PATCH", f"/user/{user['id']}", content="{}")
    assert text.status_code >= HTTPStatus.BAD_REQUEST
    if truth.fitting("UserUpdate", {"update_email": True}):
        addresses_change(shop, user)
    shop.root(calls.update_user(user["id"], {"roles": [NO_SUCH_ID]}), 404)
    me = user_ids(shop)["root"]
    shop.root(calls.update_user(me, {"roles": [roles["Viewer"]]}), 401)
    shop.viewer(calls.delete_user(user["id"]), 401)
    shop.root(calls.delete_user(user["id"]))
    shop.root(calls.get_user(user["id"]), 404)


def addresses_change(shop: LinkedShop, user: dict[str, Any]) -> None:
    """Change a user's address, and take it from the server again."""
    assert user["email"] == "researcher@example.org"
    other: Any = {"email": "new@example.org"}
    assert shop.root(calls.update_user(user["id"], other))["email"] == "new@example.org"
    back = shop.root(calls.update_user(user["id"], {"update_email": True}))
    assert back["email"] == "researcher@example.org"
    shop.root(calls.update_user(user["id"], other | {"update_email": True}), 400)


# -- the store itself ------------------------------------------------------------------------------
def test_policies(shop: LinkedShop) -> None:
    policies = shop.researcher(calls.get_policies())
    assert policies["algorithm_view"] == "whitelisted"
    assert policies.get("allowed_reviewers") is None
    public = shop.visitor(None)(calls.get_public_policies())
    assert public == {"algorithm_view": "whitelisted", "allowed_servers": "all"}
    shop.researcher(calls.get_policies(name="algorithm_view"), 500)
    shop.visitor(None)(calls.get_public_policies(name="algorithm_view"), 500)


def test_open_store_publishes_immediately(home: Home, truth: Truth) -> None:
    policies = {
        "algorithm_view": "public",
        "allow_localhost": True,
        "allowed_servers": [home.url],
        "allowed_reviewers": [{"username": "root", "server": home.url}],
    }
    with open_shop(home, policies=policies, dev={"disable_review": True}) as shop:
        # No address is set at which a server on this machine is found: so nobody is let in.
        assert shop.root(calls.list_users(), 401)["msg"]
        passer_by = Caller(shop.url)
        assert passer_by(calls.list_algorithms())["data"] == []
        passer_by(calls.get_algorithm(NO_SUCH_ID), 404)
        passer_by(calls.list_algorithms(under_review=True), 400)
        public = passer_by(calls.get_public_policies())
        assert public == {"algorithm_view": "public", "allowed_servers": [home.url]}
        assert passer_by(calls.get_version()) == {"version": VERSION}


def test_closed_store(home: Home, truth: Truth) -> None:
    policies = {
        "algorithm_view": "private",
        "allow_localhost": True,
        "allowed_servers": ["https://elsewhere.example/api"],
        "allowed_reviewers": [{"username": "root", "server": home.url}],
        "allowed_review_assigners": [{"username": "root", "server": home.url}],
    }
    dev = {"host_uri": "127.0.0.1", "disable_review": True}
    with open_shop(home, policies=policies, dev=dev) as shop:
        algorithm = shop.root(calls.create_algorithm(ALGORITHM), 201)
        assert algorithm["id"]
        assert shop.root(calls.get_algorithm(algorithm["id"]))["status"] == "approved"
        shop.researcher(calls.list_algorithms(), 401)
        node = shop.node
        node(calls.list_algorithms(), 401)
        node.headers["Client-Type"] = "node"
        node(calls.list_algorithms(under_review=True), 401)
        if "Client-Type" in truth.operations["list_algorithms"]["description"]:
            (row,) = node(calls.list_algorithms(image=ALGORITHM["image"]))["data"]
            assert row["digest"] == algorithm["digest"]
        told = shop.root(calls.get_policies())
        assert told["allowed_servers"] == ["https://elsewhere.example/api"]
        shop.root(calls.create_user({"username": "viewer"}), 403)
        shop.root(calls.create_server({"url": home.url, "force": True}), 403)


def test_add_and_remove_a_server(home: Home, truth: Truth) -> None:
    alias = home.url.replace("127.0.0.1", "localhost")
    with open_shop(home, root_user={}) as shop:
        newcomer = Caller(shop.url, home.tokens["root"])
        Caller(shop.url)(calls.create_server({"url": home.url, "force": True}), 500)
        Caller(shop.url, "no.token")(calls.create_server({"url": home.url, "force": True}), 403)
        newcomer(calls.create_server({"url": home.url}), 400)
        shop.root(calls.list_servers(), 403)
        here = newcomer(calls.create_server({"url": home.url, "force": True}), 201)
        assert newcomer(calls.create_server({"url": home.url, "force": True}), 208)["msg"]
        there = newcomer(calls.create_server({"url": alias, "force": True}), 201)
        assert shop.researcher(calls.list_servers()) == [here, there]
        assert shop.researcher(calls.list_servers(url="%localhost%")) == [there]
        assert shop.researcher(calls.get_server(here["id"])) == here
        shop.researcher(calls.delete_server(here["id"]), 401)
        shop.root(calls.delete_server(there["id"]), 403)
        shop.root(calls.delete_server(here["id"]))
        shop.root(calls.list_servers(), 403)


@pytest.mark.parametrize(("address", "status"), [("http://127.0.0.1:9/api", 500), (None, 400)])
def test_store_cannot_reach_the_server(
    home: Home, truth: Truth, address: str | None, status: int
) -> None:
    wrong = address or home.url + "/elsewhere"
    with open_shop(home, root_user={"v6_server_uri": wrong, "username": "root"}) as shop:
        visitor = shop.visitor(home.tokens["root"], wrong)
        for operation, method, path, takes_json in requests(truth):
            if operation.get("security") not in OPEN:
                body = {"json": {}} if takes_json else {}
                answer = visitor.send(method, path, **body)
                assert answer.status_code == status, operation["operationId"]


# -- all of it -------------------------------------------------------------------------------------
def test_every_documented_status_was_seen(
    truth: Truth, shop: LinkedShop, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\n{truth.table()}")
    unseen = {
        name: statuses
        for name, operation in truth.operations.items()
        if (statuses := {int(status) for status in operation["responses"]} - truth.seen[name])
    }
    # There is nothing that could go wrong in telling the version.
    assert unseen == {"get_version": {500}}, "run the module as a whole"
