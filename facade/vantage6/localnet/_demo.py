"""Demo: compute averages with the network, and compare them to the data."""

# ruff: noqa: T201  (a command line prints)

import csv
import json
import math
from typing import TYPE_CHECKING

from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._v5.demo import averages

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result
    from vantage6.client import Client
    from vantage6.localnet._network import LocalNetwork
    from vantage6.localnet._seed import Organization

_IMAGE = "harbor2.vantage6.ai/demo/average"
_COLUMN = "age"
_WAIT_SECONDS = 120.0


def show_averages(network: "LocalNetwork") -> int:
    """Print the averages, and return exit code 0 if they match."""
    direct = {organization.id: _column(organization) for organization in network.organizations}
    all_values = [value for values in direct.values() for value in values]
    partial, central = _averages(network)
    rows = [
        (
            organization.name,
            partial[organization.id],
            sum(direct[organization.id]) / len(direct[organization.id]),
        )
        for organization in network.organizations
    ]
    rows.append(("all organizations", central, sum(all_values) / len(all_values)))

    print(f"Average of {_COLUMN!r} in years, by vantage6 {network.version} at {network.url}")
    print()
    print(f"{'organization':<28}{'network':>16}{'data':>16}")
    for name, federated, expected in rows:
        print(f"{name:<28}{federated:>16.6f}{expected:>16.6f}")
    match = all(math.isclose(federated, expected) for _, federated, expected in rows)
    print()
    print("The averages match." if match else "The averages differ: this is an error.")
    return 0 if match else 1


def _averages(network: "LocalNetwork") -> tuple[dict[int, float], float]:
    """Compute the average at each organization, and that over all."""
    if network.auth_url:
        return averages(network, _COLUMN)
    client = network.client("researcher")
    return _partial_averages(client, network), _central_average(client, network)


def _partial_averages(client: "Client", network: "LocalNetwork") -> dict[int, float]:
    """Compute the average at each organization."""
    task = client.task.create(
        organizations=[organization.id for organization in network.organizations],
        name="partial averages",
        image=_IMAGE,
        description="one average at each organization",
        input_={"method": "partial_average", "kwargs": {"column_name": _COLUMN}},
        collaboration=network.collaboration.id,
        databases=[{"label": "default"}],
    )
    results = client.wait_for_results(task["id"], timeout=_WAIT_SECONDS)
    runs = client.run.from_task(task["id"])
    organization_ids = {run["id"]: run["organization"]["id"] for run in runs if run["organization"]}
    averages: dict[int, float] = {}
    for result in results:
        part = _parse_result(result)
        averages[organization_ids[result["run"]["id"]]] = part["sum"] / part["count"]
    return averages


def _central_average(client: "Client", network: "LocalNetwork") -> float:
    """Compute the overall average in one task with subtasks."""
    task = client.task.create(
        organizations=[network.organizations[0].id],
        name="central average",
        image=_IMAGE,
        description="one average over all organizations",
        input_={"method": "central_average", "kwargs": {"column_name": _COLUMN}},
        collaboration=network.collaboration.id,
        databases=[{"label": "default"}],
    )
    (result,) = client.wait_for_results(task["id"], timeout=_WAIT_SECONDS)
    return _parse_result(result)["average"]


def _parse_result(result: "Result") -> dict[str, float]:
    """Parse the result of a run."""
    if result["result"] is None:
        raise LocalNetworkError(f"run {result['run']['id']}: expected a result, got none.")
    return json.loads(result["result"])


def _column(organization: "Organization") -> list[float]:
    """Read a numeric column of an organization's data."""
    with organization.data.open(newline="") as file:
        return [float(row[_COLUMN]) for row in csv.DictReader(file)]
