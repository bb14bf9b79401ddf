"""What holds for the algorithm stores of both generations: those who come, and what is tested."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from types import ModuleType
from typing import Any, ClassVar

from .callers import Caller
from .truth import Truth, listings

NO_SUCH_ID = 999_999
# As stores of 4.x take it.
AVERAGE: Any = {
    "name": "average",
    "description": "Averages a column",
    "image": "registry.example/average:1",
    "partitioning": "horizontal",
    "vantage6_version": "4.15",
    "code_url": "https://code.example/average",
    "documentation_url": "https://docs.example/average",
    "submission_comments": "Please be kind",
    "functions": [
        {
            "name": "central",
            "display_name": "Average",
            "description": "Over all organizations",
            "type": "central",
            "standalone": True,
            "databases": [{"name": "patients", "description": "One row a patient"}],
            "arguments": [
                {
                    "name": "column",
                    "type": "column",
                    "display_name": "Column",
                    "description": "Of",
                },
                {
                    "name": "rounds",
                    "type": "integer",
                    "has_default_value": True,
                    "default_value": None,
                    "allowed_values": [1, 2],
                },
                {
                    "name": "share",
                    "type": "float",
                    "allowed_values": [0.5, 1],
                    "has_default_value": True,
                    "conditional_on": "rounds",
                    "conditional_operator": ">",
                    "conditional_value": "1",
                },
                {"name": "kind", "type": "string", "allowed_values": ["mean", "median"]},
                {"name": "hint", "type": "json", "is_frontend_only": True},
            ],
            "ui_visualizations": [
                {"name": "table", "type": "table", "schema": {"columns": ["average"]}},
                {"name": "line", "description": "By age", "type": "line"},
            ],
        },
        {"name": "partial", "type": "federated", "standalone": False},
    ],
}


@dataclass
class Shop:
    """A store, whose visitors are its attributes: ``shop.root``, ``shop.viewer`` ...

    Attributes
    ----------
    tokens : dict of str to str
        The tokens of the visitors, by name.
    calls : module
        The operations of the store.
    average : dict
        An algorithm that its developer can hand in.
    """

    url: str
    tokens: dict[str, str]
    calls: ModuleType
    average: Any
    # The status for those whose token is valid, and whom the store does not know.
    stranger: ClassVar[int] = 401

    def __getattr__(self, name: str) -> Caller:
        return self.visitor(self.tokens[name])

    def visitor(self, token: str | None) -> Caller:
        """Return someone with a token, or with none."""
        return Caller(self.url, token)


def properties(truth: Truth, schema: str) -> dict[str, Any]:
    """Return the fields of a schema at this version, by name."""
    return truth.contract["components"]["schemas"][schema]["properties"]


def role_ids(shop: Shop) -> dict[str, int]:
    """Return the store's roles, by name."""
    return {row["name"]: row["id"] for row in shop.root(shop.calls.list_roles(per_page=50))["data"]}


def manager(roles: dict[str, int]) -> int:
    """Return the role of those who manage algorithms: before 4.8 they manage the whole store."""
    return roles.get("Algorithm Manager") or roles["Store Manager"]


def register(shop: Shop) -> None:
    """Make everyone known to a new store, except the researcher and the node."""
    roles = role_ids(shop)
    for name, role in (
        ("developer", roles["Developer"]),
        ("reviewer", manager(roles)),
        ("colleague", roles["Reviewer"]),
        ("viewer", roles["Viewer"]),
    ):
        shop.root(shop.calls.create_user({"username": name, "roles": [role]}), 201)


def user_ids(shop: Shop) -> dict[str, int]:
    """Return the store's users, by name."""
    return {
        row["username"]: row["id"] for row in shop.root(shop.calls.list_users(per_page=50))["data"]
    }


def hand_in(shop: Shop, **more: Any) -> Any:
    """Hand in an algorithm as the developer."""
    return shop.developer(shop.calls.create_algorithm(shop.average | more), 201)


def assign(shop: Shop, algorithm: int, reviewer: str = "colleague", status: int = 201) -> Any:
    """Ask for a review, as the one who manages them."""
    body = {"algorithm_id": algorithm, "reviewer_id": user_ids(shop)[reviewer]}
    return shop.reviewer(shop.calls.create_review(body), status)


def publish(shop: Shop, **more: Any) -> Any:
    """Hand in an algorithm, and have it approved."""
    algorithm = hand_in(shop, **more)["id"]
    review = assign(shop, algorithm)["id"]
    shop.colleague(shop.calls.approve_review(review, {"comment": "well done"}))
    return shop.viewer(shop.calls.get_algorithm(algorithm))


def requests(truth: Truth) -> Iterator[tuple[dict[str, Any], str, str, bool]]:
    """Yield each operation with its method, a path to nothing, and whether it takes JSON."""
    for path, methods in truth.contract["paths"].items():
        for method, operation in methods.items():
            target = re.sub(r"\{\w+\}", str(NO_SUCH_ID), path)
            yield operation, method.upper(), target, "requestBody" in operation


class StoreCases:
    """Tests for the stores of both generations, with the fixtures ``truth`` and ``shop``."""

    def test_invalid_bodies_are_rejected(self, truth: Truth, shop: Shop) -> None:
        for operation, method, path, takes_json in requests(truth):
            if takes_json:
                for content, kind in (
                    ("{", "application/json"),
                    ("{}", "text/plain"),
                    ('{"mood": 1}', "application/json"),
                ):
                    answer = shop.root.send(
                        method, path, content=content, headers={"Content-Type": kind}
                    )
                    assert answer.status_code >= HTTPStatus.BAD_REQUEST, operation["operationId"]

    def test_lists_are_paginated(self, truth: Truth, shop: Shop) -> None:
        publish(shop, image="registry.example/first")
        publish(shop, image="registry.example/second")
        for algorithm in range(2):
            assign(shop, hand_in(shop, image=f"registry.example/{algorithm}")["id"])
        if "create_role" in truth.operations:
            shop.root(shop.calls.create_role({"name": "Reader", "rules": [1]}), 201)
        found = listings(truth)
        assert set(found) == {"/algorithm", "/review", "/role", "/rule", "/user"}
        for path in found:
            first, second = (
                shop.root.send("GET", path, params={"page": page, "per_page": 1}) for page in (1, 2)
            )
            assert first.json()["data"] != second.json()["data"], path
            assert {"next", "last"} <= set(first.json()["links"]), path
            assert {"previous"} <= set(second.json()["links"]), path
            for wrong in ({"page": 0}, {"page": "first"}, {"per_page": 0}, {"sort": "mood"}):
                assert shop.root.send("GET", path, params=wrong).status_code >= 400, (path, wrong)
            if path != "/review":
                rows = shop.root.send("GET", path, params={"sort": "-id"}).json()["data"]
                ids = [row["id"] for row in rows]
                assert ids == sorted(ids, reverse=True), path

    def test_filters_return_named_rows(self, truth: Truth, shop: Shop) -> None:
        version = shop.average["vantage6_version"][:2] + "%"
        algorithm = publish(shop, name="wanted", description="seldom", partitioning="vertical")
        for wanted in (
            shop.calls.list_algorithms(name="want%"),
            shop.calls.list_algorithms(description="seldom"),
            shop.calls.list_algorithms(partitioning="vertical"),
            shop.calls.list_algorithms(name="wanted", vantage6_version=version),
            shop.calls.list_algorithms(image=algorithm["image"]),
        ):
            assert [row["id"] for row in shop.viewer(wanted)["data"]] == [algorithm["id"]], wanted
        assert shop.viewer(shop.calls.list_algorithms(name="unwanted"))["data"] == []
        if "display_name" in listings(truth)["/algorithm"]:
            shop.viewer(shop.calls.list_algorithms(display_name="wanted"), 500)
        ids, roles = user_ids(shop), role_ids(shop)
        (review,) = shop.viewer(shop.calls.list_reviews(algorithm_id=algorithm["id"]))["data"]
        assert review["reviewer"]["id"] == ids["colleague"]
        assert not shop.viewer(shop.calls.list_reviews(reviewer_id=ids["viewer"]))["data"]
        assert len(shop.viewer(shop.calls.list_users(username="view%"))["data"]) == 1
        assert len(shop.viewer(shop.calls.list_users(role_id=roles["Viewer"]))["data"]) == 1
        shop.viewer(shop.calls.list_users(role_id=NO_SUCH_ID), 400)
        call = shop.calls.list_users(reviewers_for_algorithm_id=algorithm["id"])
        able = {row["username"] for row in shop.viewer(call)["data"]}
        assert able == {"root", "reviewer", "colleague"}
        shop.viewer(shop.calls.list_users(reviewers_for_algorithm_id=NO_SUCH_ID), 400)
        assert [
            row["name"] for row in shop.viewer(shop.calls.list_roles(name="View%"))["data"]
        ] == ["Viewer"]
        (role,) = shop.viewer(shop.calls.list_roles(description="%and review algorithms"))["data"]
        assert role["name"] == "Reviewer"
        (role,) = shop.viewer(shop.calls.list_roles(user_id=ids["viewer"]))["data"]
        assert role["name"] == "Viewer"
        shop.viewer(shop.calls.list_roles(user_id=NO_SUCH_ID), 400)

    def test_algorithm_is_returned_as_submitted(self, shop: Shop) -> None:
        algorithm = hand_in(shop, image="registry.example/told")
        assert algorithm["status"] == "awaiting reviewer assignment"
        assert algorithm["digest"].startswith("sha256:")
        assert shop.viewer(shop.calls.get_algorithm(algorithm["id"])) == algorithm
        central = algorithm["functions"][0]
        assert central["ui_visualizations"][0]["schema"] == {"columns": ["average"]}
        arguments = {row["name"]: row for row in central["arguments"]}
        for given in shop.average["functions"][0]["arguments"]:
            told = arguments[given["name"]]
            assert told["type"] == given["type"]
            if "conditional_on" in given:
                assert told["conditional_on_id"] == arguments[given["conditional_on"]]["id"]
            if "allowed_values" in given:
                allowed = [row["value"] for row in told["allowed_values"]]
                assert allowed == given["allowed_values"]

    def test_only_the_developer_changes_an_algorithm(self, truth: Truth, shop: Shop) -> None:
        algorithm = hand_in(shop, image="registry.example/changed")
        change: Any = {"image": "registry.example/changed", "name": "changed", "functions": []}
        changed = shop.developer(shop.calls.update_algorithm(algorithm["id"], change))
        assert changed["name"] == "changed"
        assert changed["functions"] == []
        again: Any = {"image": "registry.example/changed:2", "functions": shop.average["functions"]}
        if "500" in properties(truth, "AlgorithmUpdate")["functions"]["description"]:
            shop.developer(shop.calls.update_algorithm(algorithm["id"], again), 500)
            again["functions"] = []
        changed = shop.developer(shop.calls.update_algorithm(algorithm["id"], again))
        assert len(changed["functions"]) == len(again["functions"])
        assert changed["digest"] != algorithm["digest"]
        shop.developer(
            shop.calls.update_algorithm(algorithm["id"], {**change, "refresh_digest": True})
        )
        shop.developer(shop.calls.update_algorithm(algorithm["id"], change | {"name": 3}), 400)
        shop.developer(shop.calls.update_algorithm(algorithm["id"], {"name": "no image"}), 500)
        text = shop.developer.send("PATCH", f"/algorithm/{algorithm['id']}", content="{}")
        # Version 5 does not look at the type of the content.
        is_checked = "415" in truth.operations["update_algorithm"]["responses"]
        assert text.status_code == (415 if is_checked else 400)
        # Before 4.15 whoever has the permission may change what others handed in.
        if "own" in truth.operations["update_algorithm"]["summary"]:
            shop.reviewer(shop.calls.update_algorithm(algorithm["id"], change), 403)
        shop.viewer(shop.calls.update_algorithm(algorithm["id"], change), 401)
        shop.developer(shop.calls.delete_algorithm(algorithm["id"]), 401)
        shop.reviewer(shop.calls.delete_algorithm(algorithm["id"]))
        shop.viewer(shop.calls.get_algorithm(algorithm["id"]), 404)

    def test_algorithms_are_filtered_by_review_state(self, shop: Shop) -> None:
        image = "registry.example/stages"
        old = publish(shop, image=image)["id"]
        new = hand_in(shop, image=image)["id"]

        def stages(algorithm: int) -> set[str]:
            return {
                name
                for name in ("published", *flags)
                if algorithm in {row["id"] for row in shop.viewer(listing(name))["data"]}
            }

        def listing(name: str) -> Any:
            return shop.calls.list_algorithms(
                per_page=100, **({} if name == "published" else {name: True})
            )

        flags = ("awaiting_reviewer_assignment", "under_review", "in_review_process", "invalidated")
        assert stages(old) == {"published"}
        assert stages(new) == {"awaiting_reviewer_assignment", "in_review_process"}
        review = assign(shop, new)["id"]
        assert stages(new) == {"under_review", "in_review_process"}
        shop.colleague(shop.calls.approve_review(review, {}))
        assert stages(new) == {"published"}
        assert stages(old) == {"invalidated"}
        assert shop.viewer(shop.calls.get_algorithm(old))["status"] == "replaced"
        shop.reviewer(shop.calls.invalidate_algorithm(new))
        assert shop.viewer(shop.calls.get_algorithm(new))["status"] == "removed"
        both = shop.calls.list_algorithms(under_review=True, invalidated=True)
        shop.viewer(both, 400)
        shop.viewer(shop.calls.list_algorithms(in_review_process=True, invalidated=True), 400)
        shop.developer(shop.calls.update_algorithm(new, {"image": image}), 403)

    def test_rejected_algorithm_is_not_published(self, shop: Shop) -> None:
        algorithm = hand_in(shop, image="registry.example/rejected")["id"]
        mine, other = assign(shop, algorithm), assign(shop, algorithm, "reviewer")
        assert mine["status"] == "under review"
        assert mine.get("submitted_at") is None
        shop.reviewer(shop.calls.reject_review(mine["id"], {}), 403)
        shop.viewer(shop.calls.reject_review(mine["id"], {}), 401)
        shop.colleague(shop.calls.reject_review(mine["id"], {"comment": 3}), 400)
        shop.colleague(shop.calls.reject_review(mine["id"], {"comment": "too short"}))
        shop.colleague(shop.calls.reject_review(mine["id"], {}), 400)
        told = shop.viewer(shop.calls.get_review(mine["id"]))
        assert (told["status"], told["comment"]) == ("rejected", "too short")
        assert shop.viewer(shop.calls.get_review(other["id"]))["status"] == "dropped"
        assert shop.viewer(shop.calls.get_algorithm(algorithm))["status"] == "rejected"
        shop.reviewer(shop.calls.delete_review(mine["id"]))

    def test_reviews_are_filtered_by_outcome(self, shop: Shop) -> None:
        open_, good, bad = (
            assign(shop, hand_in(shop, image=f"registry.example/{name}")["id"])["id"]
            for name in ("open", "good", "bad")
        )
        shop.colleague(shop.calls.approve_review(good, {}))
        shop.colleague(shop.calls.reject_review(bad, {}))

        def found(**flags: bool) -> set[int]:
            rows = shop.viewer(shop.calls.list_reviews(per_page=100, **flags))["data"]
            return {open_, good, bad} & {row["id"] for row in rows}

        assert found() == {open_, good, bad}
        assert found(under_review=True) == {open_}
        assert found(reviewed=True) == {good, bad}
        assert found(approved=True) == {good}
        assert found(rejected=True) == {bad}
        shop.viewer(shop.calls.list_reviews(approved=True, rejected=True), 400)
        shop.viewer(shop.calls.list_reviews(reviewed=True, under_review=True), 400)
        shop.colleague(shop.calls.approve_review(good, {}), 400)
        shop.reviewer(shop.calls.delete_review(good), 403)
        shop.reviewer(shop.calls.delete_review(open_))

    def test_eligible_reviewers(self, truth: Truth, shop: Shop) -> None:
        algorithm = hand_in(shop, image="registry.example/asked")["id"]
        assign(shop, algorithm, "viewer", 400)
        assign(shop, NO_SUCH_ID, "colleague", 400)
        body = {"algorithm_id": algorithm, "reviewer_id": NO_SUCH_ID}
        shop.reviewer(shop.calls.create_review(body), 400)
        shop.developer(shop.calls.create_review(body), 401)
        assign(shop, algorithm)
        assign(shop, algorithm, status=400)
        # Since 4.9 whoever handed in an algorithm does not choose its reviewers.
        if "assign_review_own_algorithm" in properties(truth, "Policies"):
            own = shop.average | {"image": "registry.example/own"}
            own = shop.reviewer(shop.calls.create_algorithm(own), 201)
            assign(shop, own["id"], status=400)

    def test_roles(self, truth: Truth, shop: Shop) -> None:
        viewer = role_ids(shop)["Viewer"]
        assert shop.viewer(shop.calls.get_role(viewer))["name"] == "Viewer"
        shop.viewer(shop.calls.get_role(NO_SUCH_ID), 404)
        shop.researcher(shop.calls.get_role(viewer), shop.stranger)
        if "create_role" in truth.operations:
            roles_are_made(truth, shop)

    def test_deleted_developer_and_reviewer_leave_their_rows(self, shop: Shop) -> None:
        body = {"username": "researcher", "roles": [manager(role_ids(shop))]}
        id_ = shop.root(shop.calls.create_user(body), 201)["id"]
        theirs = shop.average | {"image": "registry.example/left"}
        algorithm = shop.researcher(shop.calls.create_algorithm(theirs), 201)["id"]
        other = hand_in(shop, image="registry.example/stayed")["id"]
        body = {"algorithm_id": other, "reviewer_id": id_}
        review = shop.researcher(shop.calls.create_review(body), 201)["id"]
        shop.root(shop.calls.delete_user(id_))
        assert shop.viewer(shop.calls.get_algorithm(algorithm))["developer_id"] is None
        told = shop.viewer(shop.calls.get_review(review))
        assert told["reviewer"] is told.get("requested_by") is None
        shop.root(shop.calls.delete_algorithm(other))
        assert shop.viewer(shop.calls.get_review(review))["algorithm_id"] is None


def roles_are_made(truth: Truth, shop: Shop) -> None:
    """Make a role, change it, and remove it."""
    roles = role_ids(shop)
    body = {"name": "Helper", "description": "Helps", "rules": [1]}
    role = shop.root(shop.calls.create_role(body), 201)
    assert shop.viewer(shop.calls.get_role(role["id"])) == role
    taken = shop.root(shop.calls.create_role(body | {"name": "Root"}), 400, 500)["msg"]
    assert "default role" in str(taken)
    shop.root(shop.calls.create_role(body | {"rules": [NO_SUCH_ID]}), 404)
    shop.viewer(shop.calls.create_role(body), 401)
    shop.root(shop.calls.update_role(role["id"], {"description": "Helps more", "rules": [1, 2]}))
    shop.root(shop.calls.update_role(roles["Viewer"], {"description": "Sees"}), 400)
    shop.root(shop.calls.update_role(role["id"], {"rules": [NO_SUCH_ID]}), 404)
    taken = shop.root(shop.calls.update_role(role["id"], {"name": "Root"}), 400, 500)["msg"]
    assert "default role" in str(taken)
    if "add_rule_to_role" in truth.operations:
        assert len(shop.root(shop.calls.add_rule_to_role(role["id"], 3), 201)) == 3
        assert len(shop.root(shop.calls.remove_rule_from_role(role["id"], 3))) == 2
        shop.root(shop.calls.remove_rule_from_role(role["id"], 3), 404)
    user = user_ids(shop)["viewer"]
    both = [roles["Viewer"], role["id"]]
    shop.root(shop.calls.update_user(user, {"roles": both}))
    shop.root(shop.calls.delete_role(role["id"]), 400)
    shop.root(shop.calls.update_user(user, {"roles": both[:1]}))
    shop.root(shop.calls.delete_role(role["id"], delete_dependents=True))
    shop.root(shop.calls.delete_role(roles["Viewer"]), 400)
