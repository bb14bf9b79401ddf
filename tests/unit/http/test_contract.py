"""Test that requests are checked against the contract before they are sent."""

from typing import Any

import numpy as np
import pytest

from tests.support.contract_samples import CONTRACTS, Contract, samples
from vantage6.bindings.call import Call
from vantage6.bindings.server import calls
from vantage6.bindings.store import calls as store_calls
from vantage6.client import InvalidInputError
from vantage6.client._http.contract import service_contract
from vantage6.client._rows.selection import Selection

NEWEST = [contract for contract in CONTRACTS if contract.version == "4.15.2"]
SERVER, STORE = service_contract("server"), service_contract("store")
ANY: Any = calls
STORE_ANY: Any = store_calls


@pytest.mark.parametrize("contract", NEWEST, ids=str)
def test_valid_bodies_pass(contract: Contract) -> None:
    checks = service_contract(contract.service)
    for methods in contract.text["paths"].values():
        for described in methods.values():
            content = described.get("requestBody", {}).get("content", {})
            if media := content.get("application/json"):
                for body in samples(contract, media["schema"]):
                    checks.check_body(described["operationId"], body)


@pytest.mark.parametrize(
    "call",
    [
        ANY.list_tasks(job_id=np.int64(4), name="a%", include=["results"], is_user_created=True),
        ANY.list_tasks(job_id="4"),
        ANY.list_nodes(status="online"),
        ANY.list_organizations(ids=[1, 2]),
        ANY.create_task({"databases": None, "name": "n"}),
        ANY.create_task({"databases": [{"label": "a", "arguments": {"x": object()}}]}),
        Call("request", "GET", "/task", {"nope": 1}, {"nope": 1}),
    ],
)
def test_valid_requests_pass(call: Call[object]) -> None:
    SERVER.check_call(call)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (ANY.list_tasks(job_id="x"), "job_id: expected a whole number, got text"),
        (ANY.list_tasks(job_id=1.5), "job_id: expected a whole number, got a number"),
        (ANY.list_tasks(name=5), "name: expected text, got a whole number"),
        (ANY.list_tasks(name=b"a"), "name: expected text, got a bytes"),
        (ANY.list_organizations(ids=["a"]), r"ids\[0\]: expected a whole number, got text"),
        (ANY.list_nodes(status="on-line"), "status: expected one of .*Did you mean 'online'"),
        (ANY.list_rules(scope="all"), "scope: expected one of 'OWN', .*Use one of: OWN, "),
        (ANY.create_task({"name": 5}), "^name: expected text, got a whole number"),
        (ANY.create_task({"name": None}), "^name: expected text, got null"),
        (ANY.create_task({"nmae": "n"}), "the body: expected fields .*'nmae'.*mean 'name'"),
        (
            ANY.create_task({"databases": [{"label": "a"}, {"label": "b", "qeury": "x"}]}),
            r"databases\[1\]: expected fields .* got 'qeury'. Did you mean 'query'",
        ),
        (
            ANY.create_task({"databases": [{"label": "a", "query": 5}]}),
            r"databases\[0\].query: expected text, got a whole number",
        ),
        (
            ANY.create_task({"databases": [{"label": "a", "preprocessing": ["f"]}]}),
            r"preprocessing\[0\]: expected an object, got text",
        ),
        (ANY.create_task({"databases": "a"}), "databases: expected a list or null, got text"),
        (ANY.create_task([]), "the body: expected an object, got a list"),
    ],
)
def test_invalid_requests_are_rejected(call: Call[object], reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason):
        SERVER.check_call(call)


def test_values_of_a_store_are_its_own() -> None:
    STORE.check_call(STORE_ANY.list_rules(operation="view"))
    with pytest.raises(InvalidInputError, match="operation: expected one of 'view'"):
        STORE.check_call(STORE_ANY.list_rules(operation="VIEW"))


@pytest.mark.parametrize("operation", ["list_tasks", "get_task", "create_task"])
def test_fields_and_filters_of_rows_are_known(operation: str) -> None:
    SERVER.check_selection(operation, Selection("id", ["name"], ("job_id", 4)))
    SERVER.check_selection(operation, Selection(filters=[("status", "completed"), ("study", None)]))
    SERVER.check_selection("get_health", Selection())
    for selection, reason in (
        (Selection("nmae"), "fields: expected fields of the rows, got 'nmae'. Did you mean 'name'"),
        (Selection(None, ["id", "nope"]), "fields: .* Use one of: algorithm_store, "),
        (Selection(None, None, ("nmae", "a")), "filter: .* Did you mean 'name'"),
        (
            Selection(None, None, ("job_id", "4")),
            "'job_id': expected a whole number or null",
        ),
        (Selection(None, None, ("study", 1)), "'study': expected an object or null, got a whole"),
        (Selection(None, None, ("status", "complete")), "'status': .* Did you mean 'completed'"),
    ):
        with pytest.raises(InvalidInputError, match=reason):
            SERVER.check_selection(operation, selection)
