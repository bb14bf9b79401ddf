"""Test the validation of responses against the contracts."""

import inspect
from importlib import import_module

import pytest

from tests.support.contract_samples import CONTRACTS, Contract, operations, samples
from vantage6.client import InvalidResponseError
from vantage6.client._http.decoding import validate
from vantage6.client._http.response import Response
from vantage6.client._http.validation import FIELDS, REQUIRED, WHOLE, service_checks

NEWEST = [contract for contract in CONTRACTS if contract.version in ("4.15.2", "5.0.3")]


def test_checked_schemas_and_operations_exist_in_the_contract() -> None:
    schemas = {name for contract in NEWEST for name in contract.text["components"]["schemas"]}
    assert {*FIELDS, *WHOLE} <= schemas
    known = {operation.name for contract in NEWEST for operation in operations(contract)}
    assert REQUIRED.keys() <= known


@pytest.mark.parametrize("contract", NEWEST, ids=str)
def test_every_operation_of_the_newest_contract_is_checked(contract: Contract) -> None:
    checks = service_checks(contract.service)
    for operation in operations(contract):
        assert checks.find_mismatch(None, operation.name) is not None, operation.name


@pytest.mark.parametrize("contract", CONTRACTS, ids=str)
def test_valid_responses_of_every_version_pass(contract: Contract) -> None:
    checks = service_checks(contract.service)
    for operation in operations(contract):
        for body in samples(contract, operation.schema):
            assert checks.find_mismatch(body, operation.name) is None, operation.name


@pytest.mark.parametrize("contract", NEWEST, ids=str)
def test_row_with_another_id_than_the_requested_one_is_refused(contract: Contract) -> None:
    calls = import_module(f"vantage6.bindings.{contract.service}.calls")
    checks = service_checks(contract.service)
    rows = {operation.name: operation.schema for operation in operations(contract)}
    checked: set[str] = set()
    for name, schema in rows.items():
        taken = inspect.signature(getattr(calls, name)).parameters
        if not name.startswith(("get_", "update_", "preprocess_")) or not taken.keys() & {
            "id",
            "role_id",
        }:
            continue
        call = getattr(calls, name)(5, **({"body": {}} if "body" in taken else {}))
        response = Response(call.method, f"https://h{call.path}", 200, b"{}")
        for body in samples(contract, schema):
            if not isinstance(body, dict) or "id" not in body:
                continue
            assert validate(call, {**body, "id": 5}, response, checks)
            with pytest.raises(InvalidResponseError, match="id: expected 5, got 6"):
                validate(call, {**body, "id": 6}, response, checks)
            checked.add(name)
    assert {name for name in rows if name.startswith("get_")} - checked <= WITHOUT_ID
    changing = ("update_", "preprocess_")
    assert {name for name in rows if name.startswith(changing)} <= checked


# What is requested without an id, or has none.
WITHOUT_ID = {
    *("get_version", "get_health", "get_blob_store_status", "get_task_status"),
    *("get_current_user", "get_current_node"),
    *("get_policies", "get_public_policies", "get_vpn_config"),
}
LINKS = {"first": "", "self": ""}
RUN = {"id": 5, "task": {"id": 1}, "organization": {"id": 2}, "status": None}


NUMBER = "is a whole number, not"


@pytest.mark.parametrize(
    ("operation", "value", "trouble"),
    [
        ("get_version", [], "the body is a list, not an object"),
        ("get_version", {}, "version is missing"),
        ("get_version", {"version": 4}, "version is a whole number, not text"),
        ("get_run", {**RUN, "id": True}, "id is true or false, not a whole number"),
        ("get_run", {**RUN, "id": 5.0}, "id is a number, not a whole number"),
        ("get_run", {**RUN, "task": None}, "task is null, not an object"),
        ("get_run", {**RUN, "task": {"id": ""}}, "task.id is text, not a whole number"),
        ("get_run", {**RUN, "organization": []}, "organization is a list, not an object or null"),
        ("get_run", {**RUN, "ports": [{}, 3]}, "ports[1] is a whole number, not an object"),
        ("list_rules", {"data": [{"id": 1}, {}], "links": LINKS}, "data[1].id is missing"),
        ("list_rules", {"data": [], "links": {"first": ""}}, "links.self is missing"),
        ("delete_role", {"msg": None}, "msg is null, not text"),
        ("add_rule_to_role", {}, "the body is an object, not a list"),
        ("get_task", {"id": 1, "status": "x", "results": [{}]}, "results[0].id is missing"),
        ("get_task", {"id": 1, "status": "", "results": 4}, f"results {NUMBER} text or a list"),
    ],
)  # fmt: skip
def test_validation_error_is_precise(operation: str, value: object, trouble: str) -> None:
    assert service_checks("server").find_mismatch(value, operation) == trouble
