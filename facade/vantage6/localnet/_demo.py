"""Demo: compute averages with the network, and compare them to the data."""

# ruff: noqa: T201  (a command line prints)

import csv
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vantage6.client import Client
    from vantage6.localnet._network import LocalNetwork
    from vantage6.localnet._seed import Organization

_IMAGE = "harbor2.vantage6.ai/demo/average"
_COLUMN = "age"
_WAIT_SECONDS = 120.0


def show_averages(network: "LocalNetwork") -> int:
    """Print the averages, and return exit code 0 if they match."""
    direct = {each.name: _column(each) for each in network.organizations}
    direct["all organizations"] = [value for values in direct.values() for value in values]
    federated = _averages(network)
    rows = [(name, federated[name], sum(values) / len(values)) for name, values in direct.items()]
    print(f"Average of {_COLUMN!r} in years, by vantage6 {network.version} at {network.url}")
    print()
    print(f"{'organization':<28}{'network':>16}{'data':>16}")
    for name, computed, expected in rows:
        print(f"{name:<28}{computed:>16.6f}{expected:>16.6f}")
    match = all(math.isclose(computed, expected) for _, computed, expected in rows)
    print()
    print("The averages match." if match else "The averages differ: this is an error.")
    return 0 if match else 1


def _averages(network: "LocalNetwork") -> dict[str, float]:
    """Compute the average at each organization, and in one task with subtasks that over all."""
    client = network.client()
    client.setup_collaboration(network.collaboration.id)
    names = [organization.name for organization in network.organizations]
    task: dict[str, Any] = {
        "image": _IMAGE,
        "kwargs": {"column_name": _COLUMN},
        "databases": _database(client) if network.auth_url else "default",
        "timeout": _WAIT_SECONDS,
    }
    parts = client.task.run(
        names, "partial averages", method="partial_average", action="federated_compute", **task
    )
    (central,) = client.task.run(
        names[:1], "central average", method="central_average", action="central_compute", **task
    )
    averages = {name: part["sum"] / part["count"] for name, part in zip(names, parts, strict=True)}
    return {**averages, "all organizations": central["average"]}


def _database(client: "Client") -> Any:
    """Extract the data of all organizations into a data frame, as version 5 requires."""
    frame = client.dataframe.create("default", _IMAGE, "read_csv")
    return client.dataframe.wait(frame, timeout=_WAIT_SECONDS)


def _column(organization: "Organization") -> list[float]:
    """Read a numeric column of an organization's data."""
    with organization.data.open(newline="") as file:
        return [float(row[_COLUMN]) for row in csv.DictReader(file)]
