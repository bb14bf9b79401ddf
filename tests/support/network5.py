"""A session on a local network of version 5, and an algorithm of many kinds of results."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vantage6.localnet import LocalNetwork
from vantage6.localnet._v5.driver import AVERAGE, Driver

if TYPE_CHECKING:
    from vantage6.bindings.hq import rows

SOURCE = """
import os
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
def leaves():
    print("leaving")
    sys.exit(0)


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
    """A session, and the organizations that take part."""

    def __init__(self, driver: Driver, id_: int, organizations: Sequence[int]) -> None:
        self.driver = driver
        self.id = id_
        self.organizations = organizations

    @classmethod
    def open(cls, driver: Driver, organizations: Sequence[int]) -> "Session":
        """Create a session."""
        return cls(driver, driver.session(), organizations)

    def extract(self, organizations: Sequence[int] | None = None) -> int:
        """Extract the default database, and return the id of the data frame."""
        frame = self.driver.extract(self.id, organizations or self.organizations)["id"]
        row = self.driver.wait_for_frame(frame)
        assert row["ready"], row
        return frame

    def preprocess(self, frame: int, method: str, **arguments: object) -> None:
        """Change a data frame everywhere."""
        self.driver.preprocess(frame, self.organizations, method, **arguments)
        row = self.driver.wait_for_frame(frame)
        assert row["ready"], row

    def start(
        self,
        method: str,
        frames: Sequence[int] = (),
        organizations: Sequence[int] | None = None,
        image: str = AVERAGE,
        **arguments: object,
    ) -> int:
        """Create a federated task and return its id."""
        chosen = organizations or self.organizations
        return self.driver.compute(self.id, chosen, method, frames, image, **arguments)

    def runs(
        self, method: str, frames: Sequence[int] = (), image: str = AVERAGE, **arguments: object
    ) -> "list[rows.Run]":
        """Create a federated task everywhere, and return its runs when they have ended."""
        return self.driver.wait(self.start(method, frames, image=image, **arguments))

    def compute(
        self,
        method: str,
        frames: Sequence[int] = (),
        organizations: Sequence[int] | None = None,
        image: str = AVERAGE,
        **arguments: object,
    ) -> dict[int, object]:
        """Create a federated task, and return its results by organization."""
        task = self.start(method, frames, organizations, image, **arguments)
        return self.driver.results(task)

    def central(self, method: str, frames: Sequence[int], **arguments: object) -> dict[int, object]:
        """Create a central task at the first organization, and return its result."""
        first = self.organizations[:1]
        task = self.driver.compute(
            self.id, first, method, frames, action="central_compute", **arguments
        )
        return self.driver.results(task)


def node_folder(network: LocalNetwork, organization: int) -> Path:
    """Return the folder of an organization's node."""
    (node,) = (node for node in network.nodes if node.organization_id == organization)
    return network._folder / f"node-{node.id}"
