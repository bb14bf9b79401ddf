"""Services that are restored after every request, those of both generations.

Changes of a request are undone in the database, so that every request meets the same rows: after
one that deletes root or resets a password, the next ones are not affected.
"""

import contextlib
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import yaml

from vantage6.bindings.hq import calls as hq_calls
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
    store_stand_in,
)
from .hq import HqCaller, HqWorld, id_of, serve_hq
from .hq_store import open_realm, open_shop
from .store_cases import assign, hand_in, register
from .truth import Truth

# The list of bugs is about these.
VERSIONS = {"server": "4.15.2", "store": "4.15.2", "hq": "5.0.3", "hq_store": "5.0.3"}
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
    """How the databases of services were: a server writes to the store, too.

    Parameters
    ----------
    files : iterable of Path
        The databases.
    """

    def __init__(self, files: Iterable[Path]) -> None:
        self.snapshots = {file: sqlite3.connect(":memory:") for file in files}
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
        Its name: that of its contract.
    log : Path
        What it has written.
    snapshot : Snapshot
        What to go back to after each request.
    callers : dict of str to Caller
        Who calls what is open to ``users``, ``nodes`` and ``algorithms``; and by the tag of an
        operation, the user who calls it in place of ``users``.
    """

    def __init__(
        self, service: str, log: Path, snapshot: Snapshot, callers: dict[str, Caller]
    ) -> None:
        self.truth = Answers(service, VERSIONS[service])
        self.bugs = [
            (self.truth.operation(*shown.split("?")[0].split()[:2])["operationId"], bug)
            for bug in KNOWN_BUGS[service]
            if "caller" not in bug  # the properties are not tested as these
            for shown in bug["requests"]
        ]
        self.snapshot = snapshot
        self.callers = callers
        self.url = callers["users"].url
        self.log = log
        self.http = http_client(self.url)

    def caller(self, operation: Mapping[str, Any]) -> Caller:
        """Return someone who may use an operation: root, if it is open to users."""
        if operation["operationId"] == "refresh_token":
            return self.callers["refresh"]
        found = re.match(r"Open to (\w+)", operation.get("description", ""))
        audience = found[1] if found else "users"
        by_tag = self.callers.get(operation["tags"][0]) if audience == "users" else None
        return by_tag or self.callers[audience]

    def ask(
        self, operation: Mapping[str, Any], request: httpx.Request, caller: str | None = None
    ) -> httpx.Response:
        """Send a request as someone who may, or as a named caller, and undo what it did."""
        actor = self.callers[caller] if caller else self.caller(operation)
        request.headers.update(actor.headers)
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


class Sandbox(dict[str, Service]):
    """The services by name, each started when it is asked for first."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()

    def __missing__(self, service: str) -> Service:
        starts = {"hq": hq_services, "hq_store": hq_store_services}
        self.update(self.stack.enter_context(starts.get(service, services)()))
        return self[service]


@contextmanager
def services() -> Iterator[dict[str, Service]]:
    """Run a server and a store with a bit of everything in them; return both by name."""
    python = environment_python(VERSIONS["server"])
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
        files = [folder / f"{name}.db" for name in callers]
        snapshot = stack.enter_context(closing(Snapshot(files)))
        found = {
            name: Service(name, folder / f"{name}.log", snapshot, who)
            for name, who in callers.items()
        }
        for service in found.values():
            stack.callback(service.http.close)
        yield found


@contextmanager
def hq_services() -> Iterator[dict[str, Service]]:
    """Run HQ with a bit of everything in it; return it by name."""
    with serve_hq() as world:
        callers = hq_visitors(world)
        with closing(Snapshot([world.folder / "hq.db"])) as snapshot:
            service = Service("hq", world.folder / "hq.log", snapshot, callers)
            with closing(service.http):
                yield {"hq": service}


@contextmanager
def hq_store_services() -> Iterator[dict[str, Service]]:
    """Run a store of version 5 with a bit of everything in it; return it by name."""
    with open_realm() as home, open_shop(home) as shop:
        register(shop)
        assign(shop, hand_in(shop)["id"])
        with closing(Snapshot([shop.folder / "store.db"])) as snapshot:
            log, callers = shop.folder / "store.log", {"users": shop.root}
            service = Service("hq_store", log, snapshot, callers)
            with closing(service.http):
                yield {"hq_store": service}


def hq_visitors(world: HqWorld) -> dict[str, Caller]:
    """Return the callers of HQ, after they have left something there."""
    frame = world.dataframe()
    world.end(frame["last_session_task"]["id"])
    task = world.task(databases=[[{"type": "dataframe", "dataframe_id": frame["id"]}]])
    world.dataframe(0)
    role = {"name": "Reader", "rules": [1], "organization_id": world.organizations[0]["id"]}
    world.root(hq_calls.create_role(role), 201)
    with store_stand_in() as url:
        link = {"name": "store", "algorithm_store_url": url.removesuffix("/api")}
        world.root(hq_calls.create_algorithm_store(link), 201)
    expired = world.realm.token(id_of("root"), exp=1)
    return {
        "nobody": world.nobody,
        "expired": HqCaller(world.url, expired),
        "users": world.root,
        # Who is outside of the collaboration, like root, can do nothing there.
        "session": world.admin,
        "task": world.admin,
        "nodes": world.node(),
        "algorithms": world.algorithm(task),
    }


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
