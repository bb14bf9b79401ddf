"""A server and a store that are restored after every request.

Changes of a request are undone in the database, so that every request meets the same rows: after
one that deletes root or resets a password, the next ones are not affected.
"""

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import yaml

from vantage6.bindings.secret import Secret
from vantage6.bindings.server import calls as server_calls
from vantage6.bindings.store import calls as store_calls
from vantage6.localnet._environment import environment_python
from vantage6.localnet._server import Server

from .callers import (
    IMAGE,
    PASSWORD,
    SECRET,
    Caller,
    TunedStore,
    World,
    http_client,
    populate,
)
from .truth import Truth

# The list of bugs is about this one.
VERSION = "4.15.2"
# By service, what it does wrong; the file tells how.
KNOWN_BUGS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    Path(__file__).with_name("known_bugs.yaml").read_text()
)
# In a service's log, a traceback and its last line, which tells what was raised.
RAISED = re.compile(r"^Traceback .*\n(?:[ ].*\n|\n)*(\S.*)", re.MULTILINE)
AVERAGE: Any = {
    "name": "average",
    "image": IMAGE,
    "partitioning": "horizontal",
    "vantage6_version": "4.15",
    "code_url": "https://code.example/average",
    "functions": [{"name": "partial", "type": "federated", "standalone": True}],
}


class Answers(Truth):
    """The truth about answers: that a service takes more than it says is not looked at here."""

    def request_contradictions(self, *_: object) -> Iterator[str]:
        """Yield nothing."""
        return iter(())

    def faults(self, operation: Mapping[str, Any], response: httpx.Response) -> Iterator[str]:
        """Yield what is wrong with an answer; the contract knows a failure, yet it is one."""
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            yield response.extensions.get("raised") or response.text
        yield from self.contradictions(dict(operation), response)


class Snapshot:
    """How the databases of a server and a store were: a server writes to the store, too.

    Parameters
    ----------
    folder : Path
        Where the databases are.
    """

    def __init__(self, folder: Path) -> None:
        self.snapshots = {
            folder / f"{service}.db": sqlite3.connect(":memory:") for service in KNOWN_BUGS
        }
        for file, snapshot in self.snapshots.items():
            with closing(sqlite3.connect(file)) as database:
                database.backup(snapshot)

    def restore(self) -> None:
        """Bring the databases back to how they were."""
        for file, snapshot in self.snapshots.items():
            with closing(sqlite3.connect(file, timeout=30)) as database:
                snapshot.backup(database)

    def close(self) -> None:
        """Forget how it was."""
        for snapshot in self.snapshots.values():
            snapshot.close()


class Service:
    """A service, those who call it, and the way back to how it was.

    Parameters
    ----------
    service : str
        Its name: that of its contract and of its log.
    folder : Path
        Where the latter is.
    snapshot : Snapshot
        What to go back to after each request.
    callers : dict of str to Caller
        Who calls what is open to ``users``, ``nodes`` and ``algorithms``.
    """

    def __init__(
        self, service: str, folder: Path, snapshot: Snapshot, callers: dict[str, Caller]
    ) -> None:
        self.truth = Answers(service, VERSION)
        self.bugs = [
            (self.truth.operation(*shown.split("?")[0].split()[:2])["operationId"], bug)
            for bug in KNOWN_BUGS[service]
            for shown in bug["requests"]
        ]
        self.snapshot = snapshot
        self.callers = callers
        self.url = callers["users"].url
        self.log = folder / f"{service}.log"
        self.http = http_client(self.url)

    def caller(self, operation: Mapping[str, Any]) -> Caller:
        """Return someone who may use an operation: root, if it is open to users."""
        if operation["operationId"] == "refresh_token":
            return self.callers["refresh"]
        audience = re.match(r"Open to (\w+)", operation.get("description", ""))
        return self.callers[audience[1] if audience else "users"]

    def ask(self, operation: Mapping[str, Any], request: httpx.Request) -> httpx.Response:
        """Send a request as someone who may, and undo what it did."""
        request.headers.update(self.caller(operation).headers)
        before = self.log.stat().st_size
        try:
            response = self.http.send(request)
        finally:
            if request.method != "GET":
                self.snapshot.restore()
        with self.log.open(errors="replace") as log:
            log.seek(before)
            raised = RAISED.findall(log.read())
        response.extensions["raised"] = raised[-1] if raised else ""
        return response

    def is_known(self, operation: str, status: int, fault: str) -> bool:
        """Return whether a fault is in the list of bugs."""
        return any(
            name == operation and bug["status"] == status and bug["says"] in fault
            for name, bug in self.bugs
        )


@contextmanager
def services() -> Iterator[dict[str, Service]]:
    """Run a server and a store with a bit of everything in them; return both by name."""
    python = environment_python(VERSION)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vantage6-sandbox-")))
        server = SigningServer(python, folder, None)
        stack.callback(server.stop)
        store = TunedStore(folder, server.url)
        stack.callback(store.stop)
        server.wait_until_ready()
        store.wait_until_ready()
        world = populate(server.url)
        at_store = {
            name: customer(store.url, actor)
            for name, actor in (("users", world.root), ("developer", world.researcher))
        }
        stock(at_store["users"], at_store["developer"])
        link: Any = {
            "name": "store",
            "algorithm_store_url": store.url + "/api",
            "server_url": server.url + "/api",
            "force": True,  # an address of this machine is meant
        }
        world.root(server_calls.create_algorithm_store(link), 201)
        callers = {"server": visitors(world), "store": at_store}
        snapshot = stack.enter_context(closing(Snapshot(folder)))
        found = {name: Service(name, folder, snapshot, who) for name, who in callers.items()}
        for service in found.values():
            stack.callback(service.http.close)
        yield found


class SigningServer(Server):
    """A server that signs its tokens with the secret of the tests."""

    def _configuration(self, folder: Path) -> dict[str, object]:
        self.root_password = Secret(PASSWORD)
        return super()._configuration(folder) | {"jwt_secret_key": SECRET}


def visitors(world: World) -> dict[str, Caller]:
    """Return the callers of a server."""
    url = world.nobody.url
    login = server_calls.create_user_token({"username": "root", "password": PASSWORD})
    return {
        "users": world.root,
        "nodes": world.node,
        "algorithms": world.algorithm(world.task()),
        "refresh": Caller(url, world.nobody(login)["refresh_token"]),
    }


def customer(url: str, actor: Caller) -> Caller:
    """Return a server's user as one who comes to a store."""
    at_store = Caller(url, actor.token)
    at_store.headers["Server-Url"] = actor.url + "/api"
    return at_store


def stock(root: Caller, developer: Caller) -> None:
    """Fill a store with an algorithm, and one who is to review it."""
    roles = {row["name"]: row["id"] for row in root(store_calls.list_roles(per_page=50))["data"]}
    root(store_calls.create_user({"username": "researcher", "roles": [roles["Developer"]]}), 201)
    viewer = {"username": "viewer", "roles": [roles["Reviewer"]]}
    reviewer = root(store_calls.create_user(viewer), 201)
    algorithm = developer(store_calls.create_algorithm(AVERAGE), 201)
    review = {"algorithm_id": algorithm["id"], "reviewer_id": reviewer["id"]}
    root(store_calls.create_review(review), 201)
