"""Test the contract of the algorithm store of version 5 against a real store: each operation.

Every response of a store is compared with the contract (see truth.py), whatever the test checks.
The stores are real; their Keycloak is the stand-in of the local network, and image registries are
unreachable, so a digest is derived from an image's name.
"""

import json
import time
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from vantage6.bindings.hq_store import calls

from .hq_store import ALGORITHM, VERSION, Home, HqShop, open_realm, open_shop
from .store_cases import (
    NO_SUCH_ID,
    StoreCases,
    assign,
    hand_in,
    register,
    requests,
    role_ids,
    user_ids,
)
from .truth import Truth

pytestmark = pytest.mark.live

# How operations are marked that let in everyone.
OPEN = ([], [{"token": []}, {}])


# -- who is there ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """Yield a realm with users and a node."""
    with open_realm() as home:
        yield home


@pytest.fixture(scope="module")
def truth(home: Home) -> Iterator[Truth]:
    """Hold the contract of the store against all that is said from now on."""
    truth = Truth("hq_store", VERSION)
    with truth.watch():
        yield truth


@pytest.fixture(scope="module")
def shop(home: Home, truth: Truth) -> Iterator[HqShop]:
    """Yield a store with reviews, in which everyone but the researcher is registered."""
    with open_shop(home) as shop:
        register(shop)
        yield shop


class TestStore(StoreCases):
    """What stores of both generations have in common."""


# -- every operation, asked wrongly ----------------------------------------------------------------
def forged(token: str, key: Any, **claims: object) -> str:
    """Return a token with other claims, signed with some key."""
    told = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode(told | claims, key, algorithm="RS256")


def test_secured_operations_require_a_token(truth: Truth, shop: HqShop, home: Home) -> None:
    other_key = rsa.generate_private_key(65537, 2048)
    realm_key = json.loads(home.keycloak.state.read_text())["key"]
    past = int(time.time()) - 3600
    callers = {
        "none": (None, 401),
        "expired": (forged(home.tokens["root"], realm_key, exp=past), 401),
        "malformed": ("no.token", 422),
        "signed with another key": (forged(home.tokens["root"], other_key), 422),
    }
    for operation, method, path, takes_json in requests(truth):
        body = {"json": {}} if takes_json else {}
        for name, (token, status) in callers.items():
            answer = shop.visitor(token).send(method, path, **body)
            wanted = 200 if operation.get("security") == [] else status
            assert answer.status_code == wanted, (operation["operationId"], name)


def knows_nodes(truth: Truth) -> bool:
    """Return whether this version of the store serves nodes at all."""
    return "node" in truth.operations["list_algorithms"]["description"]


def refusal_of_nodes(truth: Truth) -> int:
    """Return the status for a node where only users are served."""
    return HTTPStatus.UNAUTHORIZED if knows_nodes(truth) else HqShop.stranger


@pytest.mark.parametrize(
    "name", ["root", "developer", "reviewer", "colleague", "viewer", "researcher", "node"]
)
def test_missing_rows_are_not_found(truth: Truth, shop: HqShop, name: str) -> None:
    refusals = {"researcher": shop.stranger, "node": refusal_of_nodes(truth)}
    for operation, method, path, takes_json in requests(truth):
        body = {"json": {}} if takes_json else {}
        answer = getattr(shop, name).send(method, path, **body)
        if name == "root" and str(NO_SUCH_ID) in path:
            assert answer.status_code >= HTTPStatus.BAD_REQUEST, operation["operationId"]
        if name in refusals and operation.get("security") not in OPEN:
            assert answer.status_code == refusals[name], operation["operationId"]


# -- listings --------------------------------------------------------------------------------------
def test_rule_filters(shop: HqShop) -> None:
    everything = shop.viewer(calls.list_rules(no_pagination=1))["data"]
    assert len(everything) > 10
    wanted = shop.viewer(calls.list_rules(name="review", operation="edit"))["data"]
    assert [(row["name"], row["operation"]) for row in wanted] == [("review", "edit")]
    viewing = shop.viewer(calls.list_rules(role_id=role_ids(shop)["Viewer"], sort="id"))["data"]
    assert {row["operation"] for row in viewing} == {"view"}
    assert shop.viewer(calls.list_rules(current_user=True, sort="id"))["data"] == viewing
    known = calls.list_rules(user_id=user_ids(shop)["viewer"], sort="id")
    assert shop.root(known)["data"] == viewing
    shop.viewer(calls.list_rules(role_id=NO_SUCH_ID), 400)
    shop.viewer(calls.list_rules(user_id=NO_SUCH_ID), 400)


# -- algorithms ------------------------------------------------------------------------------------
def with_function(**more: Any) -> dict[str, Any]:
    """Return an algorithm with one function."""
    return {**ALGORITHM, "functions": [{"name": "f", "step_type": "central_compute", **more}]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"partitioning": "diagonal"},
        with_function(step_type="sideways"),
        with_function(arguments=[{"name": "a"}]),
        with_function(ui_visualizations=[{"name": "v"}]),
        with_function(ui_visualizations=[{"name": "v", "type": "line", "schema": {"x": "age"}}]),
        with_function(ui_visualizations=[{"name": "v", "type": "table", "schema": {"x": "age"}}]),
        {"name": None},
    ],
)
def test_invalid_algorithm_is_rejected(shop: HqShop, wrong: dict[str, Any]) -> None:
    assert shop.developer(calls.create_algorithm(ALGORITHM | wrong), 400)["errors"]


@pytest.mark.parametrize("step", ["data_extraction", "preprocessing", "postprocessing"])
def test_functions_have_steps(shop: HqShop, step: str) -> None:
    body = with_function(step_type=step, databases=[{"name": "frames", "multiple": True}])
    (function,) = hand_in(shop, **body)["functions"]
    assert function["step_type"] == step
    assert function["databases"][0]["multiple"] is True


@pytest.mark.parametrize(
    ("type_", "given", "stored"),
    [
        ("integer", 3, "3"),
        ("integer", "3", "3"),
        ("float", 0.5, "0.5"),
        ("boolean", False, "false"),
        ("boolean", True, "true"),
        ("string", "text", "text"),
        ("integer_list", [1, 2], "[1, 2]"),
        ("string_list", ["a"], '["a"]'),
        ("json", {"a": [1, {"b": None}]}, '{"a": [1, {"b": null}]}'),
        ("json", None, None),
    ],
)
def test_defaults_are_stored_as_text(
    shop: HqShop, type_: str, given: object, stored: str | None
) -> None:
    argument = {"name": "a", "type": type_, "has_default_value": True, "default_value": given}
    ((told,),) = (
        function["arguments"]
        for function in hand_in(shop, **with_function(arguments=[argument]))["functions"]
    )
    assert told["default_value"] == stored


def test_condition_is_stored_as_text(shop: HqShop) -> None:
    condition = {"conditional_on": "a", "conditional_operator": "==", "conditional_value": True}
    arguments = [
        {"name": "a", "type": "boolean"},
        {"name": "b", "type": "string", "has_default_value": True, **condition},
    ]
    (function,) = hand_in(shop, **with_function(arguments=arguments))["functions"]
    assert function["arguments"][1]["conditional_value"] == "true"


def test_default_with_allowed_numbers_is_rejected(shop: HqShop) -> None:
    argument = {"name": "a", "type": "integer", "has_default_value": True, "default_value": 1}
    numbers = with_function(arguments=[{**argument, "allowed_values": [1, 2]}])
    assert shop.developer(calls.create_algorithm(numbers), 400)["errors"]
    texts = with_function(arguments=[{**argument, "allowed_values": ["1", "2"]}])
    shop.developer(calls.create_algorithm(texts), 201)


def test_image_gets_a_tag(shop: HqShop) -> None:
    assert hand_in(shop, image="registry.example/bare")["image"] == "registry.example/bare:latest"


def test_functions_are_replaced(shop: HqShop) -> None:
    algorithm = hand_in(shop, image="registry.example/replaced:1")
    keep: Any = {"image": algorithm["image"]}
    change = {"functions": with_function(name="other")["functions"]}
    changed = shop.developer(calls.update_algorithm(algorithm["id"], keep | change))
    assert [function["name"] for function in changed["functions"]] == ["other"]
    shown = with_function(ui_visualizations=[{"name": "v", "type": "table"}])
    change = {"functions": shown["functions"]}
    shop.developer(calls.update_algorithm(algorithm["id"], keep | change), 500)
    left = shop.developer(calls.get_algorithm(algorithm["id"]))["functions"]
    assert [(function["name"], function["ui_visualizations"]) for function in left] == [("f", [])]


# -- reviews ---------------------------------------------------------------------------------------
def test_reviews_cannot_be_sorted(shop: HqShop) -> None:
    shop.viewer(calls.list_reviews(sort="id"), 500)


def test_only_the_reviewer_approves(shop: HqShop) -> None:
    algorithm = hand_in(shop, image="registry.example/approved")["id"]
    review = assign(shop, algorithm)["id"]
    shop.reviewer(calls.approve_review(review, {}), 403)
    shop.colleague(calls.approve_review(review, {}))
    change: Any = {"image": "registry.example/approved:latest"}
    shop.developer(calls.update_algorithm(algorithm, change), 403)


def test_algorithm_of_a_deleted_developer_gets_no_reviewer(shop: HqShop) -> None:
    body = {"username": "researcher", "roles": [role_ids(shop)["Developer"]]}
    developer = shop.root(calls.create_user(body), 201)
    algorithm = shop.researcher(calls.create_algorithm(ALGORITHM), 201)["id"]
    shop.root(calls.delete_user(developer["id"]))
    shop.root(calls.list_users(reviewers_for_algorithm_id=algorithm), 500)
    review = {"algorithm_id": algorithm, "reviewer_id": user_ids(shop)["colleague"]}
    shop.reviewer(calls.create_review(review), 500)
    assert shop.root(calls.list_reviews(algorithm_id=algorithm))["data"] == []


# -- people ----------------------------------------------------------------------------------------
def test_users(shop: HqShop) -> None:
    roles = role_ids(shop)
    user = shop.root(calls.create_user({"username": "researcher", "roles": []}), 201)
    assert user["organization_id"] == 2
    told = jwt.decode(shop.tokens["researcher"], options={"verify_signature": False})
    assert user["keycloak_id"] == told["sub"]
    shop.root(calls.create_user({"username": "researcher"}), 400)
    shop.root(calls.create_user({"username": "nobody at all"}), 400)
    shop.root(calls.create_user({"username": "homeless"}), 400)
    shop.viewer(calls.create_user({"username": "researcher"}), 401)
    shop.researcher(calls.list_users(), 401)
    changed = shop.root(calls.update_user(user["id"], {"roles": [roles["Viewer"]]}))
    assert shop.researcher(calls.get_user(user["id"])) == changed
    moved = shop.root(calls.update_user(user["id"], {"organization_id": 3}))
    assert moved["organization_id"] == 2
    shop.root(calls.update_user(user["id"], {"roles": [NO_SUCH_ID]}), 404)
    shop.root(calls.update_user(user["id"], {"roles": [0]}), 400)
    me = user_ids(shop)["root"]
    shop.root(calls.update_user(me, {"roles": [roles["Viewer"]]}), 401)
    shop.viewer(calls.delete_user(user["id"]), 401)
    shop.root(calls.delete_user(user["id"]))
    shop.root(calls.get_user(user["id"]), 404)
    shop.researcher(calls.list_users(), 500)


# -- the store itself ------------------------------------------------------------------------------
def test_policies(shop: HqShop) -> None:
    policies = shop.viewer(calls.get_policies())
    assert policies["algorithm_view"] == "authenticated"
    assert policies["min_reviewers"] == "1"
    assert policies["allowed_reviewers"] is None
    public = shop.visitor(None)(calls.get_public_policies())
    assert public == {"algorithm_view": "authenticated"}
    shop.viewer(calls.get_policies(name="algorithm_view"), 500)
    shop.visitor(None)(calls.get_public_policies(name="algorithm_view"), 500)


def test_open_store_publishes_immediately(home: Home, truth: Truth) -> None:
    policies = {"algorithm_view": "public", "allowed_reviewers": ["root"]}
    with open_shop(home, policies=policies, dev={"disable_review": True}) as shop:
        algorithm = shop.root(calls.create_algorithm(ALGORITHM), 201)
        passer_by = shop.visitor(None)
        (row,) = passer_by(calls.list_algorithms())["data"]
        assert (row["id"], row["status"]) == (algorithm["id"], "approved")
        assert passer_by(calls.get_algorithm(row["id"])) == row
        passer_by(calls.get_algorithm(NO_SUCH_ID), 404)
        passer_by(calls.list_algorithms(under_review=True), 401)
        assert shop.visitor("no.token").send("GET", "/algorithm").status_code == (
            422 if "node" in truth.operations["list_algorithms"]["description"] else 200
        )
        assert passer_by(calls.get_public_policies()) == {"algorithm_view": "public"}
        assert shop.root(calls.get_policies())["min_reviewers"] == 2
        assert passer_by(calls.get_version()) == {"version": VERSION}


def test_closed_store(home: Home, truth: Truth) -> None:
    policies = {
        "algorithm_view": "private",
        "allowed_reviewers": ["reviewer"],
        "allowed_review_assigners": ["root"],
    }
    with open_shop(home, policies=policies) as shop:
        register(shop)
        algorithm = hand_in(shop)
        ids = user_ids(shop)
        body = {"algorithm_id": algorithm["id"], "reviewer_id": ids["colleague"]}
        shop.reviewer(calls.create_review(body), 403)
        shop.root(calls.create_review(body), 400)
        body["reviewer_id"] = ids["reviewer"]
        review = shop.root(calls.create_review(body), 201)
        # Two reviewers are needed by default, of two organizations.
        assert shop.root(calls.get_algorithm(algorithm["id"]))["status"] == (
            "awaiting reviewer assignment"
        )
        shop.reviewer(calls.approve_review(review["id"], {}))
        assert shop.root(calls.list_algorithms())["data"] == []
        told = shop.root(calls.get_policies())
        assert (told["allowed_reviewers"], told["allowed_review_assigners"]) == (
            ["reviewer"],
            ["root"],
        )
        guest = shop.root(calls.create_user({"username": "researcher", "roles": []}), 201)
        shop.researcher(calls.list_algorithms(), 401)
        shop.root(calls.delete_user(guest["id"]))


def test_nodes_list_published_algorithms(home: Home, truth: Truth) -> None:
    settings = {"policies": {"algorithm_view": "private"}, "dev": {"disable_review": True}}
    with open_shop(home, **settings) as shop:
        algorithm = shop.root(calls.create_algorithm(ALGORITHM), 201)
        if not knows_nodes(truth):
            shop.node(calls.list_algorithms(), refusal_of_nodes(truth))
            return
        (row,) = shop.node(calls.list_algorithms(image=ALGORITHM["image"]))["data"]
        assert row["digest"] == algorithm["digest"]
        shop.node(calls.list_algorithms(under_review=True), 401)
        shop.node(calls.get_algorithm(algorithm["id"]), 401)


# -- all of it -------------------------------------------------------------------------------------
def test_every_documented_status_was_seen(
    truth: Truth, shop: HqShop, capsys: pytest.CaptureFixture[str]
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
