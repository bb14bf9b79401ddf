"""A session on a local network of version 5, and an algorithm of many kinds of results."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vantage6.client import Client
from vantage6.localnet import LocalNetwork

if TYPE_CHECKING:
    from vantage6.bindings.hq import rows

AVERAGE = "harbor2.vantage6.ai/demo/average"
WAIT_SECONDS = 120

SOURCE = """
import os
import signal
import sys

from vantage6.algorithm.decorator import central, data_extraction, federated


@federated
def nothing():
    return None


@federated
def not_a_number():
    return float("nan")


@federated
def large():
    return 2**70


@federated
def keys():
    return {1: "a", None: "b"}


@federated
def variables():
    return sorted(os.environ)


@federated
def fails():
    raise ValueError("on purpose")


@federated
def leaves(code):
    print("leaving")
    sys.exit(code)


@federated
def kills_itself():
    os.kill(os.getpid(), signal.SIGKILL)


@central
def central_only():
    return 1


def undecorated():
    return 1


@data_extraction
def no_table(connection):
    return [1, 2]


@data_extraction
def lies(connection):
    sys.exit(0)
"""


class Session:
    """A session of a client in the network's collaboration."""

    def __init__(self, client: Client, network: LocalNetwork) -> None:
        client.setup_collaboration(network.collaboration.name)
        self.client = client
        self.names = [organization.name for organization in network.organizations]
        self.row = client.session.create("own")

    def extract(
        self,
        organizations: Sequence[str] | None = None,
        image: str = AVERAGE,
        method: str = "read_csv",
        label: str = "default",
    ) -> "rows.Dataframe":
        """Extract a database, and return the data frame."""
        frame = self.client.dataframe.create(
            label, image, method, session=self.row, organizations=organizations
        )
        return self.client.dataframe.wait(frame, timeout=WAIT_SECONDS)

    def preprocess(self, frame: "rows.Dataframe", method: str, **arguments: object) -> None:
        """Change a data frame everywhere."""
        self.client.dataframe.preprocess(frame, AVERAGE, method, arguments)
        self.client.dataframe.wait(frame, timeout=WAIT_SECONDS)

    def start(
        self,
        method: str,
        frame: "rows.Dataframe | None" = None,
        organizations: Sequence[str] | None = None,
        image: str = AVERAGE,
        action: str = "federated_compute",
        **arguments: object,
    ) -> Any:
        """Create a task."""
        return self.client.task.create(
            organizations or self.names,
            method,
            image,
            method=method,
            kwargs=arguments,
            databases=[frame] if frame else None,
            session=self.row,
            action=action,
        )

    def runs(self, task: Any) -> "Sequence[rows.Run]":
        """Return the runs of a task when they have ended."""
        self.client.wait_for_results(task, timeout=WAIT_SECONDS, on_failure="return")
        runs: Any = self.client.run.from_task(task)
        return runs

    def compute(self, method: str, *values: Any, **options: Any) -> dict[str, Any]:
        """Create a task, and return its results by organization."""
        return self.results(self.start(method, *values, **options))

    def results(self, task: Any) -> dict[str, Any]:
        """Wait for the results of a task, and return them by organization."""
        return self.client.wait_for_results(task, timeout=WAIT_SECONDS).by_organization


def node_folder(network: LocalNetwork, organization: int) -> Path:
    """Return the folder of an organization's node."""
    (node,) = (node for node in network.nodes if node.organization_id == organization)
    return network._folder / f"node-{node.id}"
