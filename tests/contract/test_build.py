"""Test how a contract is built from facts and overlay, and that any mismatch fails."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import validate

from .openapi_programs import OPENAPI, load

FACTS = json.loads((OPENAPI / "facts/server/4.15.2.json").read_text())

Json = dict[str, Any]

VERSIONS = {
    "4": ["4.7.1", "4.8.2", "4.9.1", "4.10.2", "4.11.0", "4.12.2", "4.13.7", "4.14.0", "4.15.2"],
    "5": ["5.0.0", "5.0.1", "5.0.2", "5.0.3"],
}
GENERATIONS = {"server": "4", "store": "4", "hq": "5", "hq_store": "5"}
CONTRACTS = [(file.parent.name, file.stem) for file in sorted((OPENAPI / "facts").glob("*/*.json"))]
each_contract = pytest.mark.parametrize(("service", "version"), CONTRACTS)


def contract(service: str, version: str) -> Json:
    """Read a contract."""
    return json.loads((OPENAPI / service / f"{version}.json").read_text())


def operations(service: str, version: str) -> list[Json]:
    """List the operations of a contract."""
    paths = contract(service, version)["paths"]
    return [operation for methods in paths.values() for operation in methods.values()]


builder = load("build")
overlays = load("overlay")
OVERLAY = builder.load_overlay("server", "4.15.2")


# -- what there is ---------------------------------------------------------------------------------
@pytest.mark.parametrize(("service", "generation"), GENERATIONS.items())
def test_each_version_has_a_contract(service: str, generation: str) -> None:
    known = {version for name, version in CONTRACTS if name == service}
    assert known == set(VERSIONS[generation])


@each_contract
def test_committed_contract_matches_facts_and_overlay(service: str, version: str) -> None:
    facts = json.loads((OPENAPI / "facts" / service / f"{version}.json").read_text())
    built = builder.build(facts, builder.load_overlay(service, version))
    text = json.dumps(built, indent=2, ensure_ascii=False) + "\n"
    assert (OPENAPI / service / f"{version}.json").read_text() == text


@each_contract
def test_contract_is_valid_openapi(service: str, version: str) -> None:
    validate(contract(service, version))


@pytest.mark.parametrize(
    ("service", "version", "count"),
    [
        ("server", "4.15.2", 79),
        ("store", "4.15.2", 32),
        ("hq", "5.0.3", 75),
        ("hq_store", "5.0.3", 26),
    ],
)
def test_contract_has_each_operation_once(service: str, version: str, count: int) -> None:
    names = [operation["operationId"] for operation in operations(service, version)]
    assert len(names) == len(set(names)) == count


@pytest.mark.parametrize(("old", "new"), [("server", "hq"), ("store", "hq_store")])
def test_shared_operations_keep_their_names(old: str, new: str) -> None:
    def names(service: str) -> Json:
        newest = VERSIONS[GENERATIONS[service]][-1]
        return {
            f"{method} {path}": (operation["operationId"], operation["tags"])
            for path, methods in contract(service, newest)["paths"].items()
            for method, operation in methods.items()
        }

    before, after = names(old), names(new)
    shared = before.keys() & after.keys()
    assert len(shared) > len(after) / 2
    assert {key: before[key] for key in shared} == {key: after[key] for key in shared}


@each_contract
def test_each_operation_is_complete(service: str, version: str) -> None:
    for operation in operations(service, version):
        name = operation["operationId"]
        assert operation["summary"], name
        assert len(operation["tags"]) == 1, name
        for parameter in operation.get("parameters", []):
            assert is_typed(parameter["schema"]), name
            assert parameter["in"] == "path" or parameter["description"], name
        answers = operation["responses"]
        successes = [status for status in answers if status.startswith("2")]
        assert successes, name
        assert set(answers) - set(successes), f"{name} tells no failure"
        for status, answer in answers.items():
            assert answer["content"], f"{name} {status} has no body"
            assert all(is_typed(media["schema"]) for media in answer["content"].values()), name
            if status not in successes:
                assert "#/components/schemas/Error" in json.dumps(answer), f"{name} {status}"
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert is_typed(media["schema"]), name


@each_contract
def test_each_property_has_a_type(service: str, version: str) -> None:
    for name, schema in contract(service, version)["components"]["schemas"].items():
        assert schema["description"], name
        for field, kind in schema.get("properties", {}).items():
            assert is_typed(kind), f"{name}.{field}"


def is_typed(schema: Json) -> bool:
    """Return whether a schema says what a value is."""
    return any(key in schema for key in ("type", "$ref", "anyOf", "allOf"))


def test_operation_of_both_generations_has_one_name_and_text() -> None:
    old, new = contract("server", "4.15.2")["paths"], contract("hq", "5.0.3")["paths"]
    for path, methods in new.items():
        for method, operation in methods.items():
            if before := old.get(path, {}).get(method):
                assert operation["operationId"] == before["operationId"]
                assert operation["summary"] == before["summary"]


def test_algorithms_have_a_token_of_their_own_in_version_5() -> None:
    either = [{"token": []}, {"container": []}]
    for operation in operations("hq", "5.0.3"):
        serves_algorithms = "algorithms" in operation.get("description", "")
        assert (operation.get("security") == either) == serves_algorithms


# -- what does not fit together --------------------------------------------------------------------
def operation_of(facts: Json, method: str, path: str) -> Json:
    """Find one operation in the facts."""
    return next(
        fact for fact in facts["operations"] if (fact["method"], fact["path"]) == (method, path)
    )


def with_a_new_route(facts: Json, overlay: Json) -> None:
    facts["operations"].append(operation_of(facts, "GET", "/rule") | {"path": "/law"})


def with_a_route_gone(facts: Json, overlay: Json) -> None:
    facts["operations"].remove(operation_of(facts, "GET", "/rule"))


def with_a_new_argument(facts: Json, overlay: Json) -> None:
    operation_of(facts, "GET", "/rule")["source"]["arguments"].append("mood")


def with_an_argument_of_another_type(facts: Json, overlay: Json) -> None:
    operation_of(facts, "GET", "/organization")["documented"]["query"]["ids"]["type"] = "string"


def with_a_new_schema(facts: Json, overlay: Json) -> None:
    facts["schemas"]["MoodSchema"] = facts["schemas"]["RuleSchema"]


def with_a_schema_gone(facts: Json, overlay: Json) -> None:
    del facts["schemas"]["RuleSchema"]


def with_a_renamed_computed_field(facts: Json, overlay: Json) -> None:
    fields = facts["schemas"]["RuleSchema"]["fields"]
    fields["people"] = fields.pop("users")


def with_a_field_that_the_overlay_misspells(facts: Json, overlay: Json) -> None:
    computed = overlay["schemas"]["Rule"]["computed"]
    computed["user"] = computed.pop("users")


def with_a_field_of_another_type(facts: Json, overlay: Json) -> None:
    facts["schemas"]["TaskSchema"]["fields"]["finished_at"]["type"] = "Integer"


def with_a_field_that_became_required(facts: Json, overlay: Json) -> None:
    facts["schemas"]["UserInputSchema"]["fields"]["firstname"]["required"] = True


def with_a_note_on_nothing(facts: Json, overlay: Json) -> None:
    overlay["schemas"]["Task"]["notes"]["mood"] = "A note."


def with_an_unknown_type(facts: Json, overlay: Json) -> None:
    overlay["schemas"]["Task"]["computed"]["study"] = "Studie?"


def with_a_spelling_that_nobody_uses(facts: Json, overlay: Json) -> None:
    overlay["spellings"]["integre"] = "integer"


def with_a_parameter_that_nobody_takes(facts: Json, overlay: Json) -> None:
    overlay["parameters"]["mood"] = {"description": "Keep rows in this mood"}


def with_a_tag_that_nobody_has(facts: Json, overlay: Json) -> None:
    overlay["tags"]["mood"] = "Moods"


def with_a_used_schema_among_the_unused(facts: Json, overlay: Json) -> None:
    overlay["unused_schemas"]["RuleSchema"] = "not so"


def with_a_success_that_nobody_answers(facts: Json, overlay: Json) -> None:
    overlay["operations"]["POST /organization"][202] = "Organization"


def with_a_failure_that_is_denied_twice(facts: Json, overlay: Json) -> None:
    overlay["operations"]["GET /rule"]["never"] = {415: "no body"}


def with_a_failure_that_is_told_already(facts: Json, overlay: Json) -> None:
    overlay["operations"]["GET /rule/{id}"]["also"] = {404: None}


def with_a_schema_that_nothing_needs(facts: Json, overlay: Json) -> None:
    overlay["schemas"]["Mood"] = {"description": "A mood.", "fields": {"name": "string"}}


def with_an_object_of_any_form(facts: Json, overlay: Json) -> None:
    overlay["schemas"]["Task"]["computed"]["study"] = "object?"


def with_a_reason_for_a_typed_field(facts: Json, overlay: Json) -> None:
    overlay["untyped"]["Task.study"] = "none"


def with_an_unknown_security_scheme(facts: Json, overlay: Json) -> None:
    overlay["operations"]["GET /rule"]["security"] = [["token", "server"]]


def with_a_body_forgotten(facts: Json, overlay: Json) -> None:
    del overlay["operations"]["POST /organization"]["body"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (with_a_new_route, ["operations", "GET /law"]),
        (with_a_route_gone, ["operations", "GET /rule"]),
        (with_a_new_argument, ["GET /rule", "mood"]),
        (with_an_argument_of_another_type, ["GET /organization / query / ids", "array", "string"]),
        (with_a_new_schema, ["schemas", "MoodSchema"]),
        (with_a_schema_gone, ["schemas / Rule", "RuleSchema"]),
        (with_a_renamed_computed_field, ["schemas / Rule", "people"]),
        (with_a_field_that_the_overlay_misspells, ["schemas / Rule", "users"]),
        (with_a_field_of_another_type, ["schemas / Task / finished_at", "datetime", "integer"]),
        (with_a_field_that_became_required, ["schemas / UserInput / required / firstname"]),
        (with_a_note_on_nothing, ["schemas / Task / notes", "mood"]),
        (with_an_unknown_type, ["schemas / Task / study", "Studie"]),
        (with_a_spelling_that_nobody_uses, ["spellings", "integre"]),
        (with_a_parameter_that_nobody_takes, ["parameters", "mood"]),
        (with_a_tag_that_nobody_has, ["tags", "mood"]),
        (with_a_used_schema_among_the_unused, ["unused_schemas", "RuleSchema"]),
        (with_a_success_that_nobody_answers, ["POST /organization", "202"]),
        (with_a_failure_that_is_denied_twice, ["GET /rule / never", "415"]),
        (with_a_failure_that_is_told_already, ["GET /rule/{id} / also", "404"]),
        (with_an_object_of_any_form, ["untyped", "Task.study"]),
        (with_a_reason_for_a_typed_field, ["untyped", "Task.study"]),
        (with_an_unknown_security_scheme, ["operations / GET /rule / security", "server"]),
        (with_a_body_forgotten, ["POST /organization", "body"]),
        (with_a_schema_that_nothing_needs, ["schemas / Mood", "unused by all operations"]),
    ],
)
def test_mismatch_fails_with_its_location(
    change: Callable[[Json, Json], None], told: list[str]
) -> None:
    facts, overlay = copy.deepcopy(FACTS), copy.deepcopy(OVERLAY)
    change(facts, overlay)
    with pytest.raises(builder.ContractError) as caught:
        builder.build(facts, overlay)
    for part in told:
        assert part in str(caught.value)


def test_missing_enumeration_fails_with_its_location() -> None:
    facts = json.loads((OPENAPI / "facts/store/4.15.2.json").read_text())
    del facts["enums"]["Partitioning"]
    with pytest.raises(builder.ContractError, match="schemas / Partitioning"):
        builder.build(facts, builder.load_overlay("store", "4.15.2"))


def test_all_mismatches_are_reported_together() -> None:
    facts, overlay = copy.deepcopy(FACTS), copy.deepcopy(OVERLAY)
    with_a_new_route(facts, overlay)
    with_a_renamed_computed_field(facts, overlay)
    with_a_tag_that_nobody_has(facts, overlay)
    with pytest.raises(builder.ContractError) as caught:
        builder.build(facts, overlay)
    assert all(part in str(caught.value) for part in ("GET /law", "people", "mood"))


# -- what holds at which version -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("version", "fields"),
    [
        ("4.9.1", {"name": "string"}),
        ("4.10.0", {"name": "string", "size": "integer", "kind": "Kind"}),
        ("4.15.2", {"name": "string", "kind": "Kind?"}),
    ],
)
def test_entry_applies_from_since_to_until(version: str, fields: Json) -> None:
    overlay = {
        "name": "string",
        "size": {"since": "4.10", "until": "4.15", "then": "integer"},
        "kind": [
            {"since": "4.10", "until": "4.15", "then": "Kind"},
            {"since": "4.15", "then": "Kind?"},
        ],
    }
    assert overlays.select_version(overlay, version) == fields


def test_list_value_is_not_a_list_of_alternatives() -> None:
    assert overlays.select_version(["a", {"since": "4.10", "then": "b"}], "4.9.1") == ["a"]
    assert overlays.select_version(["a", {"since": "4.10", "then": "b"}], "4.10.0") == ["a", "b"]
    assert overlays.select_version([], "4.10.0") == []


def test_two_matching_alternatives_are_an_error() -> None:
    overlay = [{"since": "4.9", "then": "a"}, {"since": "4.10", "then": "b"}]
    with pytest.raises(ValueError, match=r"at 4\.10\.2, got \['a', 'b'\]"):
        overlays.select_version(overlay, "4.10.2")


# -- what overlays share ---------------------------------------------------------------------------
def test_overlay_differs_from_the_one_it_extends() -> None:
    base = {"a": {"b": 1, "c": {"d": 2, "e": 3}}, "f": [4]}
    own = {"a": {"c": {"d": "gone", "e": 5}}, "f": [6], "g": 7}
    merged = overlays.merge(base, own, overlays.OverlayPath("overlay"))
    assert merged == {"a": {"b": 1, "c": {"e": 5}}, "f": [6], "g": 7}
    assert base == {"a": {"b": 1, "c": {"d": 2, "e": 3}}, "f": [4]}


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"a": {"c": "gone"}}, "overlay / a / c: nothing to remove"),
        ({"a": {"b": 1}}, "overlay / a / b: the same as in the overlay that this one extends"),
    ],
)
def test_overlay_without_a_difference_is_an_error(own: Json, told: str) -> None:
    # Modules of openapi/ are loaded twice, and so are their exceptions: the name tells.
    with pytest.raises(Exception, match=told):
        overlays.merge({"a": {"b": 1}}, own, overlays.OverlayPath("overlay"))
