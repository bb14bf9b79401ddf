"""The real network of all cases, and a client that bypasses the proxy."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from vantage6.client import Client
from vantage6.localnet import LocalNetwork

AVERAGE = "harbor2.vantage6.ai/demo/average"
SLOW = "localnet/slow"
SLEEP: dict[str, Any] = {"method": "sleep", "collaboration": 1}
# One that is in the store from the start.
ALGORITHM = "known"


def algorithm_called(name: str) -> dict[str, Any]:
    """Describe an algorithm for the store."""
    function = {"name": "nothing", "type": "central", "databases": [], "arguments": []}
    return {
        "description": "does nothing",
        "image": f"example/{name}",
        "partitioning": "horizontal",
        "vantage6_version": "4.15",
        "code_url": "https://example.org",
        "functions": [function],
    }


@dataclass
class SharedNetwork:
    """The network, and a client that speaks to its server without anything between."""

    password: str  # of root, who makes all calls
    client: Client
    task_id: int
    organization_ids: list[int]
    network: LocalNetwork | None = None
    run_id: int = 0  # of the task
    wait: float = 60.0  # for how many seconds at most the task is waited for
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    lock: Lock = field(default_factory=Lock)

    @property
    def logins(self) -> tuple[Callable[[Any], Any], ...]:
        """What a client does to log in."""
        return (lambda client: client.authenticate("root", self.password),)

    def connect(self, make: type, port: int, limits: Any) -> Any:
        """Make a client that reaches the server through a proxy."""
        return make("http://127.0.0.1", port, log_level=None, **limits)

    def new_name(self) -> str:
        """Return a name that nothing has yet."""
        return f"case {next(self._numbers)}"

    def make_role(self) -> Any:
        """Make a role."""
        with self.lock:
            return self.client.role.create(self.new_name(), "a role", [1])

    def make_doomed_role(self) -> Any:
        """Make a role, to be deleted, and another one that stays.

        The database gives away the highest identifier again once that is deleted; whoever repeats a
        request would then delete what belongs to another case.
        """
        role = self.make_role()
        self.make_role()
        return role

    def make_task(self, seconds: float) -> int:
        """Start a task that takes its time, and return its identifier."""
        kwargs = {"seconds": seconds}
        task = self.client.task.create([2], "slow", SLOW, kwargs=kwargs, **SLEEP)
        return task["id"]

    @property
    def port(self) -> int:
        """The port of the server."""
        assert self.network
        return self.network.port

    @property
    def store_port(self) -> int:
        """The port of the algorithm store; 0 where there is none."""
        store = self.network and self.network.store
        return (urlsplit(store.url).port or 0) if store else 0

    def count_tasks(self, name: str) -> int:
        """Count the tasks with a name."""
        return len(self.client.task.list(name=name))

    def count_algorithms(self, name: str) -> int:
        """Count the algorithms with a name in the store."""
        return len(self.client.algorithm.list(name=name))


@contextmanager
def shared_network(*, stores: bool = False) -> Iterator[SharedNetwork]:
    """Start a network, with stores or without, and let one task come to its end on it."""
    with LocalNetwork(organizations=3, store=stores, blob_store=stores) as network:
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
        (row,) = client.wait_for_results(task, progress=False)
        if network.store:
            client.store.set(network.store.id)
            client.algorithm.create(ALGORITHM, **algorithm_called(ALGORITHM))
        # The tasks of the cases go to this node, which starts none of them.
        network.disconnect_node(network.organizations[0].id)
        rows = client.organization.list(field="id")
        password = network.users["root"].password
        ids = [row["id"] for row in rows]
        yield SharedNetwork(password, client, task["id"], ids, network, row["run"]["id"])
