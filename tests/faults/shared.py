"""What all cases share: a real network, and who looks at it past the breaker."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from vantage6.client import Client
from vantage6.localnet import LocalNetwork

AVERAGE = "harbor2.vantage6.ai/demo/average"


@dataclass
class Ground:
    """The network, and a client that speaks to its server without anything between."""

    password: str  # of root, who makes all calls
    client: Client
    task_id: int
    organization_ids: list[int]
    network: LocalNetwork | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: Lock = field(default_factory=Lock)

    def new_name(self) -> str:
        """Give a name that nothing has yet."""
        return f"case {next(self._numbers)}"

    def make_role(self) -> Any:
        """Make a role, to be changed or deleted."""
        with self.lock:
            return self.client.role.create(self.new_name(), "a role", [1])

    def count_tasks(self, name: str) -> int:
        """Count the tasks with a name."""
        return len(self.client.task.list(name=name))


@contextmanager
def ground() -> Iterator[Ground]:
    """Start a network, and let one task come to its end on it."""
    with LocalNetwork(organizations=3) as network:
        client = network.client("root")
        task = client.task.create(
            [network.organizations[1].id],
            "average age",
            AVERAGE,
            method="partial_average",
            kwargs={"column_name": "age"},
            databases="default",
            collaboration=network.collaboration.id,
        )
        client.wait_for_results(task, progress=False)
        # The tasks of the cases go to this node, which starts none of them.
        network.disconnect_node(network.organizations[0].id)
        rows = client.organization.list(field="id")
        password = network.users["root"].password
        yield Ground(password, client, task["id"], [row["id"] for row in rows], network)
