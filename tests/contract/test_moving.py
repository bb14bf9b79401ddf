"""Test that the requests in docs/from-4-to-5.md match the contracts, and that none is missing."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from .openapi_programs import load
from .truth import Truth

moving = load("moving")
differ = load("diff")
REQUESTS = [
    (service, request[service], request)
    for task in moving.tasks()
    for part in ("before", "after")
    for request in task[part]
    for service in request.keys() & moving.NAMES.keys()
]


def truth(service: str) -> Truth:
    """Return the newest contract of a service."""
    return Truth(service, differ.versions(service)[-1])


@pytest.mark.parametrize(("service", "name", "request_"), REQUESTS)
def test_request_matches_its_contract(service: str, name: str, request_: dict[str, Any]) -> None:
    contract = truth(service)
    operation = contract.operations[name]
    assert request_.keys() <= {service, "path", "query", "headers", "body"}
    known = {item["name"] for item in operation.get("parameters", []) if item["in"] == "query"}
    assert request_.get("query", {}).keys() <= known
    content = operation.get("requestBody", {}).get("content", {})
    assert ("body" in request_) == bool(content)
    if content:
        schema = content["application/json"]["schema"]
        validator = Draft202012Validator(schema | contract.components["closed"])
        assert [error.message for error in validator.iter_errors(request_["body"])] == []


@pytest.mark.parametrize(("old", "new"), moving.SUCCESSORS.items())
def test_each_removed_and_added_operation_is_in_a_task(old: str, new: str) -> None:
    listed = {(service, name) for service, name, _ in REQUESTS}
    before, after = truth(old).operations.keys(), truth(new).operations.keys()
    assert {(old, name) for name in before - after} <= listed
    assert {(new, name) for name in after - before} <= listed


def test_requests_are_rendered_with_all_parts() -> None:
    request_ = {
        "server": "list_runs",
        "query": {"task_id": 7},
        "headers": {"Authorization": "Bearer TOKEN"},
    }
    assert moving.request_text(request_) == "GET /api/run?task_id=7\nAuthorization: Bearer TOKEN"
    request_ = {"hq": "update_role", "path": {"id": 9}, "body": {"rules": [1]}}
    assert moving.request_text(request_) == 'PATCH /hq/role/9\n{"rules": [1]}'
    form = {"keycloak": "POST /realms/REALM/token", "form": "a=b"}
    assert moving.request_text(form) == "POST /realms/REALM/token\na=b"


def test_page_lists_every_change_once() -> None:
    page = moving.render_moving_page()  # docs/from-4-to-5.md
    for old, new in moving.SUCCESSORS.items():
        found = list(differ.changes(moving.newest(old), moving.newest(new)))
        assert len(found) == sum(map(len, moving.by_kind(found).values()))
        for change in found:
            assert differ.table_row(change) in page
