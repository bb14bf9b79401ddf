"""Callers of a server under test, and the servers they call."""

import base64
import json
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from vantage6.bindings.call import Call
from vantage6.bindings.secret import Secret
from vantage6.bindings.server import calls
from vantage6.localnet._blob_store import BlobStore
from vantage6.localnet._environment import environment_python
from vantage6.localnet._server import Server
from vantage6.localnet._store import Store

# The version of the services that the tests run against: `nox -s truth` sets another.
VERSION = os.environ.get("VANTAGE6_TRUTH", "4.15.2")
# The servers sign their tokens with it, and so can the tests.
SECRET = "the-truth-and-nothing-but-the-truth"
PASSWORD = "Correct-horse-1"
IMAGE = "registry.example/average:1"
# The algorithm that comes with the local network.
AVERAGE = "harbor2.vantage6.ai/demo/average"


def encoded(work: object) -> str:
    """Write what a run is to do as a collaboration without encryption has it."""
    return base64.b64encode(json.dumps(work).encode()).decode()


# Nobody reads it here, but the server wants it readable.
INPUT = encoded({"method": "partial_average"})


# Nothing here goes over TLS: one context for all saves loading certificates for each client.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def http_client(base_url: str, **options: Any) -> httpx.Client:
    """Make a client for a server on this machine."""
    return httpx.Client(
        base_url=base_url, trust_env=False, timeout=60, verify=NO_CERTIFICATES, **options
    )


class Caller:
    """Someone who calls the server: with a token, or with none.

    Parameters
    ----------
    url : str
        The server's address, without the API's path.
    token : str or None
        The access token to send.
    """

    api_path = "/api"

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url
        self.token = token
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, **content: Any) -> httpx.Response:
        """Send a request as it is given, however wrong."""
        headers = self.headers | content.pop("headers", {})
        with http_client(self.url + self.api_path) as http:
            return http.request(method, path, headers=headers, **content)

    def __call__(self, call: Call[Any], *statuses: int) -> Any:
        """Make a call, and insist on the status of its answer, 200 by default.

        Several are named where versions of the service differ.
        """
        response = self.send(call.method, call.path, params=dict(call.query), json=call.body)
        wanted = statuses or (200,)
        assert response.status_code in wanted, (
            f"{call.operation}: {response.status_code} instead of {wanted}: {response.text[:500]}"
        )
        return response.json()

    def log_in(self, username: str, password: str = PASSWORD) -> "Caller":
        """Return the user of that name as an actor."""
        tokens = self(calls.create_user_token({"username": username, "password": password}))
        return Caller(self.url, tokens["access_token"])


@dataclass
class World:
    """A server with three organizations, of which two have a node, and those who use it."""

    nobody: Caller
    root: Caller
    researcher: Caller
    viewer: Caller
    node: Caller
    other_node: Caller
    organizations: list[dict[str, Any]]
    collaboration: dict[str, Any]
    study: dict[str, Any]
    nodes: list[dict[str, Any]]
    users: dict[str, dict[str, Any]]
    roles: dict[str, int]

    def task(
        self,
        *,
        actor: Caller | None = None,
        status: int = 201,
        query: dict[str, str] | None = None,
        **more: Any,
    ) -> Any:
        """Create a task for the first two organizations."""
        body = {
            "name": "a task",
            "image": IMAGE,
            "collaboration_id": self.collaboration["id"],
            "organizations": [{"id": row["id"], "input": INPUT} for row in self.organizations[:2]],
        }
        call = replace(calls.create_task(body | more), query=query or {})
        return (actor or self.researcher)(call, status)

    def run(self, task: dict[str, Any], organization: int = 0) -> Any:
        """Return the run of a task at one organization, by its place in the list."""
        runs = self.root(calls.list_runs(task_id=task["id"]))["data"]
        wanted = self.organizations[organization]["id"]
        return next(run for run in runs if run["organization"]["id"] == wanted)

    def algorithm(self, task: dict[str, Any]) -> Caller:
        """Return the algorithm of a task, as it runs at the first organization."""
        login = {"task_id": task["id"], "image": task["image"]}
        token = self.node(calls.create_container_token(login))["container_token"]
        return Caller(self.nobody.url, token)


def populate(url: str) -> World:
    """Fill a new server."""
    nobody = Caller(url)
    root = nobody.log_in("root")
    organizations = [
        root(calls.create_organization({"name": name, "country": "Nowhere"}), 201)
        for name in ("Alpha", "Beta", "Gamma")
    ]
    ids = [row["id"] for row in organizations]
    collaboration = root(
        calls.create_collaboration({"name": "Letters", "organization_ids": ids, "encrypted": False})
    )
    study = root(
        calls.create_study(
            {
                "name": "First letters",
                "organization_ids": ids[:2],
                "collaboration_id": collaboration["id"],
            }
        ),
        201,
    )
    nodes = [
        root(
            calls.create_node({"collaboration_id": collaboration["id"], "organization_id": id_}),
            201,
        )
        for id_ in ids[:2]
    ]
    roles = {row["name"]: row["id"] for row in root(calls.list_roles(per_page=50))["data"]}
    users = {
        name: root(calls.create_user(new_user(name, ids[0], [roles[role]])), 201)
        for name, role in (("researcher", "Researcher"), ("viewer", "Viewer"))
    }
    tokens = [nobody(calls.create_node_token({"api_key": node["api_key"]})) for node in nodes]
    node, other_node = (Caller(url, token["access_token"]) for token in tokens)
    return World(
        nobody,
        root,
        nobody.log_in("researcher"),
        nobody.log_in("viewer"),
        node,
        other_node,
        organizations,
        collaboration,
        study,
        nodes,
        users,
        roles,
    )


def new_user(name: str, organization: int, roles: list[int]) -> Any:
    """Return the body that creates a user."""
    return {
        "username": name,
        "password": PASSWORD,
        "firstname": name.title(),
        "lastname": "Tester",
        "email": f"{name}@example.org",
        "organization_id": organization,
        "roles": roles,
    }


class TunedServer(Server):
    """A server with some settings of its own."""

    def __init__(self, folder: Path, settings: dict[str, object]) -> None:
        self.settings = {"jwt_secret_key": SECRET} | settings
        super().__init__(environment_python(VERSION), folder, None)

    def _configuration(self, folder: Path) -> dict[str, object]:
        self.root_password = Secret(PASSWORD)
        settings = super()._configuration(folder) | self.settings
        # To releases up to 4.7, a setting that is null is there.
        return {name: value for name, value in settings.items() if value is not None}


class TunedStore(Store):
    """A store with some settings of its own; by default, it is open to other servers."""

    def __init__(self, folder: Path, server_url: str, **settings: Any) -> None:
        self.settings = settings
        super().__init__(environment_python(VERSION), folder, server_url, review=True)

    def _configuration(self, folder: Path) -> dict[str, object]:
        settings: dict[str, Any] = super()._configuration(folder)
        del settings["policies"]["allowed_servers"]
        return settings | self.settings


@contextmanager
def serve(**settings: object) -> Iterator[str]:
    """Run a new server with some settings of its own, and return its address."""
    with tempfile.TemporaryDirectory(prefix="vantage6-contract-") as folder:
        server = TunedServer(Path(folder), settings)
        try:
            server.wait_until_ready()
            yield server.url
        finally:
            server.stop()


@contextmanager
def blob_store() -> Iterator[dict[str, object]]:
    """Run a new blob store, and return the setting by which a service finds it."""
    with tempfile.TemporaryDirectory(prefix="vantage6-contract-") as folder:
        store = BlobStore(Path(folder))
        try:
            store.wait_until_ready()
            yield store.server_setting
        finally:
            store.stop()


@contextmanager
def connected(node: Caller) -> Iterator["Socket"]:
    """Connect a node to the server's events, as long as the block lasts."""
    socket = Socket(node)
    try:
        yield socket
    finally:
        socket.close()


class Socket:
    """A socket.io connection by long polling: enough to come online and to tell something."""

    def __init__(self, node: Caller) -> None:
        self.http = http_client(node.url, headers=node.headers)
        self.query = {"EIO": "4", "transport": "polling"}
        opened = self.http.get("/socket.io/", params=self.query)
        self.query["sid"] = json.loads(opened.text[1:])["sid"]
        self.post("40/tasks,")
        self.hear("40/tasks,")  # from then on the node is online

    def post(self, packet: str) -> None:
        """Send one packet."""
        self.http.post("/socket.io/", params=self.query, content=packet)

    def hear(self, packet: str) -> None:
        """Wait for a packet that begins like this."""
        while packet not in self.http.get("/socket.io/", params=self.query).text:
            pass

    def emit(self, event: str, data: object) -> None:
        """Send an event to the server, and wait until it was handled."""
        self.post("42/tasks,1" + json.dumps([event, data]))
        self.hear("43/tasks,1")

    def close(self) -> None:
        """Leave."""
        self.post("41/tasks,")
        self.http.close()


class StoreStandIn(BaseHTTPRequestHandler):
    """The few answers of an algorithm store that a server asks for when it is linked to one."""

    def log_message(self, *_: object) -> None:
        """Ignore log messages."""

    def reply(self, status: int, body: object) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        if self.path.startswith("/closed"):
            self.reply(403, {"msg": "nothing to see"})
        elif "/algorithm" in self.path:
            functions = [{"name": "partial", "step_type": "central_compute"}]  # since version 5
            found = {"image": IMAGE, "digest": "sha256:0", "functions": functions}
            self.reply(200, {"data": [found]})
        else:
            self.reply(200, [{"id": 1}])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/closed"):
            self.reply(403, {"msg": "no servers wanted"})
        else:
            self.reply(201, {"id": 1})

    def do_DELETE(self) -> None:
        self.reply(200, {"msg": "gone"})


@contextmanager
def store_stand_in() -> Iterator[str]:
    """Serve the stand-in of an algorithm store, and return its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), StoreStandIn)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
