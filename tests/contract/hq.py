"""HQ, the server of version 5, with callers of every kind and a realm that issues their tokens."""

import base64
import contextlib
import json
import os
import re
import secrets
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, cast

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vantage6.bindings.hq import calls
from vantage6.localnet._environment import environment_python
from vantage6.localnet._v5.services import Hq

from .callers import IMAGE, SECRET, Caller, encoded

VERSION = os.environ.get("VANTAGE6_TRUTH", "5.0.3")
# A function that is called without arguments.
NOTHING = encoded({})
# A name that the realm says is taken.
TAKEN = "taken"


# -- the realm -------------------------------------------------------------------------------------
class Realm:
    """A Keycloak realm without a memory: whoever is asked for exists, under an id of the name.

    HQ needs it to start, and to make and remove accounts. The tokens are signed here, as the realm
    would after a login.
    """

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(65537, 2048)
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.public_key = base64.b64encode(public).decode()
        realm = self

        class Handler(RealmHandler):
            public_key = realm.public_key

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def variables(self) -> dict[str, str]:
        """Return the environment variables by which HQ finds the realm."""
        names = ("ADMIN_USERNAME", "ADMIN_PASSWORD", "ADMIN_CLIENT", "ADMIN_CLIENT_SECRET")
        url = f"http://127.0.0.1:{self.server.server_port}"
        return {
            "KEYCLOAK_URL": url,
            "KEYCLOAK_REALM": "tests",
            **{f"KEYCLOAK_{name}": "root" for name in names},
        }

    def token(self, subject: str, kind: str = "user", **claims: object) -> str:
        """Return a token of this realm, valid for an hour."""
        told = {"sub": subject, "exp": int(time.time()) + 3600, "vantage6_client_type": kind}
        return jwt.encode(told | claims, self.key, algorithm="RS256")

    def close(self) -> None:
        """Stop serving."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)


def id_of(name: str) -> str:
    """Return the id that the realm has for the user or client of a name."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


class RealmHandler(BaseHTTPRequestHandler):
    """What HQ asks of a realm."""

    public_key = ""

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def reply(self, status: int, body: object = None, **headers: str) -> None:
        """Send a response."""
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def body(self) -> Any:
        """Return what was sent."""
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with contextlib.suppress(ValueError):
            return json.loads(content)
        return None

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path.endswith("client-secret"):
            self.reply(200, {"value": secrets.token_urlsafe()})
        elif found := re.search(r"username=([^&]+)", query):
            self.reply(200, [{"id": id_of(found[1]), "username": found[1]}])
        elif path.startswith("/admin"):
            self.reply(200, {"id": path.rpartition("/")[2], "attributes": {}})
        else:
            self.reply(200, {"realm": "tests", "public_key": self.public_key})

    def do_POST(self) -> None:
        sent = self.body()
        if self.path.endswith("/token"):
            self.reply(200, {"access_token": "admin", "expires_in": 3600, "token_type": "Bearer"})
        elif self.path.endswith("client-secret"):
            self.reply(200, {"value": secrets.token_urlsafe()})
        else:
            name = sent.get("username") or sent["clientId"]
            known = HTTPStatus.CONFLICT if name.startswith(TAKEN) else HTTPStatus.CREATED
            self.reply(
                known,
                None if known == HTTPStatus.CREATED else {"errorMessage": "exists"},
                Location=f"{self.path}/{id_of(name)}",
            )

    def do_PUT(self) -> None:
        self.body()
        self.reply(HTTPStatus.NO_CONTENT)

    def do_DELETE(self) -> None:
        self.reply(HTTPStatus.NO_CONTENT)


# -- those who call --------------------------------------------------------------------------------
class HqCaller(Caller):
    """Someone who calls HQ."""

    api_path = "/hq"


@dataclass
class HqWorld:
    """HQ with three organizations that have a node each, of which none is at work, and a fourth."""

    realm: Realm
    folder: Path
    url: str
    nobody: HqCaller
    root: HqCaller
    organizations: list[dict[str, Any]] = field(default_factory=list)
    collaboration: dict[str, Any] = field(default_factory=dict)
    study: dict[str, Any] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)
    node_rows: list[dict[str, Any]] = field(default_factory=list)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    roles: dict[str, int] = field(default_factory=dict)

    def caller(self, name: str) -> HqCaller:
        """Return a user as a caller."""
        return HqCaller(self.url, self.realm.token(id_of(name)))

    def node(self, place: int = 0) -> HqCaller:
        """Return the node of an organization, by its place in the list."""
        return self.as_node(self.node_rows[place])

    def as_node(self, row: dict[str, Any]) -> HqCaller:
        """Return a node as a caller."""
        return HqCaller(self.url, self.realm.token(row["keycloak_id"], "node"))

    @property
    def researcher(self) -> HqCaller:
        """Return the researcher of the first organization."""
        return self.caller("researcher")

    @property
    def viewer(self) -> HqCaller:
        """Return the viewer of the first organization."""
        return self.caller("viewer")

    @property
    def admin(self) -> HqCaller:
        """Return the administrator of the collaboration, of the first organization."""
        return self.caller("admin")

    def work(self, *places: int, **more: Any) -> list[Any]:
        """Return organizations with their arguments, as a new task names them."""
        return [
            {"id": self.organizations[place]["id"], "arguments": NOTHING} | more
            for place in places or (0, 1, 2)
        ]

    def task(
        self, *places: int, actor: HqCaller | None = None, status: int = 201, **more: Any
    ) -> Any:
        """Create a task for some organizations: all three without a place."""
        body = {
            "name": "a task",
            "image": IMAGE,
            "method": "partial",
            "action": "central_compute",
            "collaboration_id": self.collaboration["id"],
            "session_id": self.session["id"],
            "organizations": self.work(*places),
        }
        return (actor or self.researcher)(calls.create_task(body | more), status)

    def dataframe(self, *places: int, status: int = 201, session: int = 0, **more: Any) -> Any:
        """Create a data frame at some organizations: at all three without a place."""
        task = {"image": IMAGE, "method": "read", "organizations": self.work(*places)}
        body = {"label": "default", "task": task} | more
        return self.researcher(calls.create_dataframe(session or self.session["id"], body), status)

    def step(self, dataframe: int, *places: int, status: int = 201) -> Any:
        """Add a preprocessing step to a data frame, at some organizations."""
        task = {"image": IMAGE, "method": "filter", "organizations": self.work(*places)}
        body = {"dataframe_id": dataframe, "task": task}
        return self.researcher(calls.preprocess_dataframe(dataframe, body), status)

    def runs(self, task: int) -> dict[int, Any]:
        """Return the runs of a task by the place of their organization."""
        rows = self.root(calls.list_runs(task_id=task, per_page=100))["data"]
        places = {row["id"]: place for place, row in enumerate(self.organizations)}
        return {places[row["organization"]["id"]]: row for row in rows}

    def end(self, task: int, *places: int, status: str = "completed", **more: Any) -> None:
        """End the runs of a task at some organizations, as their nodes would: at all it has."""
        runs = self.runs(task)
        for place in places or sorted(runs):
            change = {"status": status, "finished_at": "2026-01-02T03:05:00.000001", **more}
            self.node(place)(calls.update_run(runs[place]["id"], change))

    def algorithm(self, task: dict[str, Any], place: int = 0) -> HqCaller:
        """Return the algorithm of a task, as it runs at an organization."""
        login = {"task_id": task["id"], "image": task["image"]}
        token = self.node(place)(calls.create_container_token(login))["container_token"]
        return HqCaller(self.url, token)


def new_user(name: str, organization: int, roles: list[int]) -> Any:
    """Return the body that creates a user."""
    return {
        "username": name,
        "password": "Correct-horse-1",
        "organization_id": organization,
        "roles": roles,
    }


def populate(url: str, realm: Realm, folder: Path) -> HqWorld:
    """Fill a new HQ."""
    root = HqCaller(url, realm.token(id_of("root")))
    world = HqWorld(realm, folder, url, HqCaller(url), root)
    world.organizations = [
        root(calls.create_organization({"name": name, "country": "Nowhere"}), 201)
        for name in ("Alpha", "Beta", "Gamma", "Delta")
    ]
    ids = [row["id"] for row in world.organizations]
    body = {"name": "Letters", "organization_ids": ids, "encrypted": False}
    world.collaboration = root(calls.create_collaboration(body))
    collaboration = world.collaboration["id"]
    study = {"name": "First", "organization_ids": ids[:2], "collaboration_id": collaboration}
    world.study = root(calls.create_study(study), 201)
    world.node_rows = [
        root(calls.create_node({"collaboration_id": collaboration, "organization_id": id_}), 201)
        for id_ in ids[:3]
    ]
    world.roles = {row["name"]: row["id"] for row in root(calls.list_roles(per_page=50))["data"]}
    roles = {"researcher": "Researcher", "viewer": "Viewer", "admin": "Collaboration Admin"}
    world.users = {
        name: root(calls.create_user(new_user(name, ids[0], [world.roles[role]])), 201)
        for name, role in roles.items()
    }
    session = {"name": "reading", "collaboration_id": collaboration, "scope": "organization"}
    world.session = world.researcher(calls.create_session(session), 201)
    return world


# -- the service -----------------------------------------------------------------------------------
class TunedHq(Hq):
    """HQ with the realm of the tests, and some settings of its own."""

    def __init__(self, folder: Path, realm: Realm, settings: dict[str, object]) -> None:
        self.settings = {"jwt_secret_key": SECRET} | settings
        # Of an identity provider, it only asks for the variables.
        super().__init__(environment_python(VERSION), folder, None, cast(Any, realm))

    def _configuration(self, folder: Path) -> dict[str, object]:
        return super()._configuration(folder) | self.settings

    def _variables(self) -> dict[str, str]:
        # HQ asks the addresses of stores that it is given: none but those of this machine.
        nowhere = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
        return super()._variables() | nowhere | {"no_proxy": "127.0.0.1,localhost"}


@contextmanager
def serve_hq(**settings: object) -> Iterator[HqWorld]:
    """Run a new HQ, and fill it."""
    with tempfile.TemporaryDirectory(prefix="vantage6-hq-") as name, closing(Realm()) as realm:
        hq = TunedHq(Path(name), realm, settings)
        hq.start()
        try:
            hq.wait_until_ready()
            yield populate(hq.url, realm, Path(name))
        finally:
            hq.stop()


def make_container(setting: dict[str, Any]) -> None:
    """Create the container of a blob store, which HQ expects to be there."""
    code = (
        "import sys; from azure.storage.blob import BlobServiceClient as Service; "
        "Service.from_connection_string(sys.stdin.read()).create_container(sys.argv[1])"
    )
    command = [environment_python(VERSION), "-c", code, setting["container_name"]]
    subprocess.run(command, input=setting["connection_string"], text=True, check=True)
