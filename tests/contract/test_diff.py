"""Test that changes between two contracts are reported, and whether they break a client."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from .openapi_programs import OPENAPI, load

CONTRACT = json.loads((OPENAPI / "server/4.15.2.json").read_text())

Json = dict[str, Any]


differ = load("diff")


def fields(contract: Json, schema: str) -> Json:
    return contract["components"]["schemas"][schema]["properties"]


def an_operation_more(contract: Json) -> None:
    contract["paths"]["/mood"] = {
        "get": contract["paths"]["/rule"]["get"] | {"operationId": "moods"}
    }


def an_operation_less(contract: Json) -> None:
    del contract["paths"]["/rule"]["get"]


def an_operation_elsewhere(contract: Json) -> None:
    contract["paths"]["/laws"] = contract["paths"].pop("/rule")


def another_name_in_a_path(contract: Json) -> None:
    contract["paths"]["/rule/{rule}"] = contract["paths"].pop("/rule/{id}")


def a_parameter_more(contract: Json) -> None:
    more = {"name": "mood", "in": "query", "required": False, "schema": {"type": "string"}}
    contract["paths"]["/rule"]["get"]["parameters"].append(more)


def a_required_parameter_more(contract: Json) -> None:
    a_parameter_more(contract)
    contract["paths"]["/rule"]["get"]["parameters"][-1]["required"] = True


def a_parameter_less(contract: Json) -> None:
    parameters = contract["paths"]["/rule"]["get"]["parameters"]
    parameters[:] = [item for item in parameters if item["name"] != "scope"]


def a_field_more_to_read(contract: Json) -> None:
    fields(contract, "Rule")["mood"] = {"type": "string"}


def a_field_less_to_read(contract: Json) -> None:
    del fields(contract, "Rule")["scope"]


def a_field_that_may_be_null(contract: Json) -> None:
    fields(contract, "Rule")["id"] = {"type": ["integer", "null"]}


def a_field_that_may_be_sent_as_null(contract: Json) -> None:
    fields(contract, "StudyInput")["name"] = {"type": ["string", "null"]}


def a_field_that_must_be_sent(contract: Json) -> None:
    contract["components"]["schemas"]["OrganizationInput"]["required"].append("domain")


def a_field_less_to_send(contract: Json) -> None:
    del fields(contract, "OrganizationInput")["domain"]


def a_value_more_to_read(contract: Json) -> None:
    contract["components"]["schemas"]["NodeStatus"]["enum"].append("asleep")


def another_answer(contract: Json) -> None:
    answer = contract["paths"]["/version"]["get"]["responses"]["200"]
    answer["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/Health"}


def an_error_more(contract: Json) -> None:
    for operation in ("/version", "/health"):
        responses = contract["paths"][operation]["get"]["responses"]
        responses["429"] = responses["500"]


def an_error_less(contract: Json) -> None:
    del contract["paths"]["/version"]["get"]["responses"]["500"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (an_error_more, "breaking  error 429: added to get_health, get_version"),
        (an_error_less, "additive  error 500: removed from get_version"),
        (an_operation_more, "additive  operation moods: added (GET /mood)"),
        (an_operation_less, "breaking  operation list_rules: removed (GET /rule)"),
        (
            an_operation_elsewhere,
            "breaking  operation list_rules: moved from GET /rule to GET /laws",
        ),
        (a_parameter_more, "additive  list_rules parameter mood: added"),
        (a_required_parameter_more, "breaking  list_rules parameter mood: added and required"),
        (a_parameter_less, "breaking  list_rules parameter scope: removed"),
        (a_field_more_to_read, "additive  Rule.mood: added"),
        (a_field_less_to_read, "breaking  Rule.scope: removed"),
        (
            a_field_that_may_be_null,
            "breaking  Rule.id: changed from integer to integer | null",
        ),
        (
            a_field_that_may_be_sent_as_null,
            "additive  StudyInput.name: changed from string to string | null",
        ),
        (a_field_that_must_be_sent, "breaking  OrganizationInput.domain: now required"),
        (a_field_less_to_send, "breaking  OrganizationInput.domain: removed"),
        (a_value_more_to_read, "breaking  NodeStatus value 'asleep': added"),
        (another_answer, "breaking  get_version response: 200 from Version to Health"),
    ],
)
def test_change_is_reported(change: Callable[[Json], None], told: str) -> None:
    newer = copy.deepcopy(CONTRACT)
    change(newer)
    assert [str(item) for item in differ.changes(CONTRACT, newer)] == [told]


def test_differences_without_effect_are_not_reported() -> None:
    newer = copy.deepcopy(CONTRACT)
    another_name_in_a_path(newer)
    assert list(differ.changes(CONTRACT, newer)) == []


def test_compare_real_versions() -> None:
    report = differ.report("4.10.2", "4.11.0")
    assert "additive  operation get_task_status: added (GET /task/{task_id}/status)" in report
    assert differ.report("4.15.2", "4.15.2").splitlines() == [
        "server 4.15.2 to 4.15.2: no change",
        "store 4.15.2 to 4.15.2: no change",
    ]


def test_compare_generations() -> None:
    lines = differ.report("4.15.2", "5.0.3").splitlines()
    titles = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert titles == ["server 4.15.2 to hq 5.0.3", "store 4.15.2 to hq_store 5.0.3"]
    for change in (
        "breaking  operation create_user_token: removed (POST /token/user)",
        "additive  operation create_session: added (POST /session)",
        "breaking  TaskOrganization.input: removed",
        "additive  TaskOrganization.arguments: added",
        "breaking  FunctionInput.step_type: added and required",
    ):
        assert f"  {change}" in lines


def test_unknown_generation_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"expected a version from 4 to 5, got 6\.0\.0"):
        differ.report("4.15.2", "6.0.0")


def test_unknown_version_lists_the_known_ones() -> None:
    with pytest.raises(
        SystemExit, match=r"contract of the server: expected one of 4\.7.*, got 4\.0\.0"
    ):
        differ.report("4.0.0", "4.15.2")
