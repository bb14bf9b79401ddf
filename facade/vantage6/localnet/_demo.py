"""The demonstration: averages by way of server and nodes, next to those computed directly."""

# ruff: noqa: T201  (a command line prints)

import csv
import json
import math
from typing import TYPE_CHECKING

from vantage6.localnet._errors import LocalNetworkError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Result
    from vantage6.client import Client
    from vantage6.localnet._network import LocalNetwork
    from vantage6.localnet._seed import Organization

_IMAGE = "harbor2.vantage6.ai/demo/average"
_COLUMN = "age"
_WAIT_SECONDS = 120.0


def show_averages(network: "LocalNetwork") -> int:
    """Print the averages that the network computes and those of the data itself.

    Parameters
    ----------
    network : LocalNetwork
        A network that is up.

    Returns
    -------
    int
        Exit code: 0 if all agree, 1 if not.

    Examples
    --------
    >>> with LocalNetwork() as network:  # doctest: +SKIP
    ...     show_averages(network)
    """
    client = network.client("researcher")
    direct = {party.id: _column(party) for party in network.organizations}
    everyone = [value for values in direct.values() for value in values]
    partial = _partial_averages(client, network)
    rows = [
        (party.name, partial[party.id], sum(direct[party.id]) / len(direct[party.id]))
        for party in network.organizations
    ]
    rows.append(("all together", _central_average(client, network), sum(everyone) / len(everyone)))

    print(f"Average of {_COLUMN!r} in years, by vantage6-server {network.version} at {network.url}")
    print()
    print(f"{'organization':<28}{'by the network':>16}{'by its data':>16}")
    for name, federated, directly in rows:
        print(f"{name:<28}{federated:>16.6f}{directly:>16.6f}")
    agree = all(math.isclose(federated, directly) for _, federated, directly in rows)
    print()
    print("They agree." if agree else "They do not agree: this is an error.")
    return 0 if agree else 1


def _partial_averages(client: "Client", network: "LocalNetwork") -> dict[int, float]:
    """Let each organization average its own data; return the averages by organization id."""
    task = client.task.create(
        organizations=[party.id for party in network.organizations],
        name="partial averages",
        image=_IMAGE,
        description="one average at each organization",
        input_={"method": "partial_average", "kwargs": {"column_name": _COLUMN}},
        collaboration=network.collaboration.id,
        databases=[{"label": "default"}],
    )
    results = client.wait_for_results(task["id"], timeout=_WAIT_SECONDS)
    runs = client.run.from_task(task["id"])
    places = {run["id"]: run["organization"]["id"] for run in runs if run["organization"]}
    averages: dict[int, float] = {}
    for result in results:
        part = _load(result)
        averages[places[result["run"]["id"]]] = part["sum"] / part["count"]
    return averages


def _central_average(client: "Client", network: "LocalNetwork") -> float:
    """Let the first organization average over all by asking the others for their part."""
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
    return _load(result)["average"]


def _load(result: "Result") -> dict[str, float]:
    """Read what an algorithm returned."""
    if result["result"] is None:
        raise LocalNetworkError(f"Run {result['run']['id']} of the demonstration gave no result.")
    return json.loads(result["result"])


def _column(party: "Organization") -> list[float]:
    """Read a column of numbers from an organization's data."""
    with party.data.open(newline="") as file:
        return [float(row[_COLUMN]) for row in csv.DictReader(file)]
