"""Test that the bindings' table of versions matches the contracts of all versions."""

import json

import pytest

from vantage6.bindings.hq_store.since import SINCE as HQ_STORE
from vantage6.bindings.server.since import SINCE as SERVER
from vantage6.bindings.since import Since
from vantage6.bindings.store.since import SINCE as STORE

from .openapi_programs import OPENAPI, load

since = load("since")
differ = load("diff")
parse_version = differ.parse_version
BINDINGS = {"server": SERVER, "store": STORE, "hq_store": HQ_STORE}


@pytest.mark.parametrize("service", BINDINGS)
def test_operations_of_a_version_match_its_contract(service: str) -> None:
    told: Since = BINDINGS[service]
    newest = differ.operations(differ.load_contract(service, differ.versions(service)[-1]))
    for file in (OPENAPI / service).glob("*.json"):
        has = differ.operations(json.loads(file.read_text())).keys()
        said = {
            name
            for name in newest
            if differ.parse_version(told.operations.get(name, "0.0.0"))
            <= differ.parse_version(file.stem)
        }
        assert has == said, file.stem


def test_later_additions_are_unknown_to_earlier_versions() -> None:
    assert "get_task_status" not in since.History("server", "4.10.2").module()
    assert "'get_task_status': '4.11.0'" in since.History("server", "4.11.0").module()


def test_nested_fields_are_listed_with_their_operations() -> None:
    assert SERVER.body["create_task"]["databases.arguments"] == "4.14.0"
    for operation in ("create_algorithm", "update_algorithm"):
        assert STORE.body[operation]["functions.arguments.allowed_values"] == "4.11.0"
    assert "create_role" not in STORE.body, "all of it came with the operation"


def test_former_query_parameter_is_listed_as_such() -> None:
    assert SERVER.once_in_query == {"create_task": ["server_url"]}
    assert STORE.once_in_query == {}
