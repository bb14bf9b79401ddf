"""Test that missing features of older servers are known from the contracts."""

from typing import Any

import pytest

from vantage6.bindings.call import Call
from vantage6.bindings.server import calls
from vantage6.bindings.store import calls as store_calls
from vantage6.client import EndpointNotFoundError, UnsupportedServerVersionError
from vantage6.client._backend.v4 import V4
from vantage6.client._backend.versions import (
    Service,
    adapt,
    complete_store_address,
    explain_missing,
    newer_parts,
)
from vantage6.client._http.address import Address

URL = "https://server.example/api"
SERVER, STORE = V4.server_service, V4.store_service
TASK: Any = {"name": "x", "image": "y", "organizations": [{"id": 1}], "databases": []}


def task(**more: Any) -> Call[Any]:
    return calls.create_task({**TASK, **more})


def algorithm(**function: Any) -> Call[Any]:
    body: Any = {"name": "x", "functions": [{"name": "plain"}, {"name": "y", **function}]}
    return store_calls.create_algorithm(body)


@pytest.mark.parametrize(
    ("call", "service", "late"),
    [
        (calls.list_tasks(name="x"), SERVER, {}),
        (task(databases=[{"label": "a", "arguments": None}]), SERVER, {}),
        (task(server_url="u"), SERVER, {"server_url": "4.8.0"}),
        (task(databases=[{"label": "a"}, {"arguments": {}}]), SERVER, ["databases.arguments"]),
        (algorithm(), STORE, {}),
        (algorithm(standalone=False), STORE, {"functions.standalone": "4.10.0"}),
        (
            algorithm(arguments=[{"allowed_values": [1]}], display_name="Y"),
            STORE,
            {"functions.arguments.allowed_values": "4.11.0", "functions.display_name": "4.8.0"},
        ),
        (store_calls.list_algorithms(display_name="x"), STORE, {"display_name": "4.8.0"}),
    ],
)
def test_only_newer_features_need_the_version(call: Call[Any], service: Service, late: Any) -> None:
    found = newer_parts(call, service.since)
    assert (list(found) if isinstance(late, list) else found) == late


@pytest.mark.parametrize("version", ["4.14.0", "4.15.2", "5.0", "4.14", "development"])
def test_supporting_server_receives_the_request_unchanged(version: str) -> None:
    call = task(databases=[{"label": "a", "arguments": {"x": 1}}], server_url="u")
    assert adapt(call, SERVER, version, newer_parts(call, SERVER.since), URL) == call


@pytest.mark.parametrize("version", ["4.13.7", "4.7.1", "4.9.0rc1", "3.11.1"])
def test_unsupported_request_is_not_sent(version: str) -> None:
    call = task(databases=[{"label": "a", "arguments": {"x": 1}}])
    with pytest.raises(UnsupportedServerVersionError) as caught:
        adapt(call, SERVER, version, newer_parts(call, SERVER.since), URL)
    error = caught.value
    assert str(error) == (
        f"POST {URL}/task was not sent: 'databases.arguments' requires a server of version "
        f"4.14.0 or later, got {version}"
    )
    assert (error.server, error.needed, error.operation) == (version, "4.14.0", "create_task")
    assert error.status == 0


def test_former_query_parameter_becomes_one_again() -> None:
    call = task(server_url="https://here.example")
    moved = adapt(call, SERVER, "4.7.1", newer_parts(call, SERVER.since), URL)
    assert moved.query == {"server_url": "https://here.example"}
    assert moved.body == TASK


@pytest.mark.parametrize(
    ("call", "service", "version", "needed"),
    [
        (calls.get_task_status(12), SERVER, "4.10.2", "4.11.0"),
        (calls.get_blob_store_status(), SERVER, "4.12.2", "4.13.0"),
        (store_calls.delete_role(3), STORE, "4.9.1", "4.10.0"),
    ],
)
def test_missing_endpoint_is_blamed_on_older_versions_only(
    call: Call[Any], service: Service, version: str, needed: str
) -> None:
    error = EndpointNotFoundError(
        "no such address", method=call.method, url=URL + call.path, status=404
    )
    reason = explain_missing(error, call, service, version)
    assert isinstance(reason, UnsupportedServerVersionError)
    assert (reason.server, reason.needed, reason.status) == (version, needed, 404)
    assert str(reason) == (
        f"{call.method} {URL}{call.path} returned 404: {call.operation} requires {service.name} of "
        f"version {needed} or later, got {version}"
    )
    assert explain_missing(error, call, service, needed) is None


@pytest.mark.parametrize(("version", "path"), [("4.7.1", "/api"), ("4.8.2", ""), ("4.15.2", "")])
def test_store_path_is_added_for_early_servers(version: str, path: str) -> None:
    assert complete_store_address(Address("https://store.example", None, ""), version).path == path
