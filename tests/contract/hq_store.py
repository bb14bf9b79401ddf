"""The algorithm store of version 5, with a realm whose users call it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from vantage6.bindings.hq_store import calls
from vantage6.localnet._environment import environment_python
from vantage6.localnet._v5.realm import ADMIN_CLIENT, LOCAL_CLIENT, REALM, Lifetimes
from vantage6.localnet._v5.services import HqStore, StandIn

from .callers import PASSWORD, Caller, http_client
from .store_cases import AVERAGE, Shop

VERSION = os.environ.get("VANTAGE6_TRUTH", "5.0.3")
STEPS = {"central": "central_compute", "federated": "federated_compute"}
# Algorithms of version 4 have a type in place of a step.
FUNCTIONS: list[dict[str, Any]] = [
    {
        **{key: value for key, value in function.items() if key != "type"},
        "step_type": STEPS[function["type"]],
    }
    for function in AVERAGE["functions"]
]
ALGORITHM: Any = AVERAGE | {"vantage6_version": "5.0", "functions": FUNCTIONS}


class Keycloak:
    """The stand-in for Keycloak, with accounts like those that HQ creates."""

    def __init__(self, provider: StandIn, folder: Path) -> None:
        self.provider = provider
        self.state = folder / "identity_provider.json"
        self.http = http_client(f"{provider.url}/")
        secret = provider.admin_secret
        self.admin = self.log_in(
            ADMIN_CLIENT, client_secret=secret, grant_type="client_credentials"
        )

    def log_in(self, client: str, **form: str) -> str:
        """Return an access token."""
        path = f"realms/{REALM}/protocol/openid-connect/token"
        response = check(self.http.post(path, data={"client_id": client, **form}))
        return response.json()["access_token"]

    def log_in_client(self, name: str, secret: str) -> str:
        """Return an access token of a client itself."""
        return self.log_in(name, client_secret=secret, grant_type="client_credentials")

    def create(self, kind: str, document: dict[str, Any]) -> None:
        """Create a user or a client."""
        headers = {"Authorization": f"Bearer {self.admin}"}
        check(self.http.post(f"admin/realms/{REALM}/{kind}", json=document, headers=headers))

    def user(self, name: str, **attributes: list[str]) -> str:
        """Create a user, and return their token."""
        password = {"type": "password", "value": PASSWORD, "temporary": False}
        self.create(
            "users",
            {
                "username": name,
                "enabled": True,
                "email": f"{name}@example.org",
                "firstName": name,
                "lastName": "Tester",
                "credentials": [password],
                "attributes": attributes,
            },
        )
        return self.log_in(LOCAL_CLIENT, grant_type="password", username=name, password=PASSWORD)

    def node(self) -> str:
        """Create the client of a node, and return its token."""
        mapper = {
            "name": "vantage6_client_type",
            "protocol": "openid-connect",
            "protocolMapper": "oidc-hardcoded-claim-mapper",
            "config": {
                "claim.name": "vantage6_client_type",
                "claim.value": "node",
                "access.token.claim": True,
            },
        }
        client = {
            "clientId": "alpha-node-client",
            "secret": "a secret",
            "publicClient": False,
            "enabled": True,
            "serviceAccountsEnabled": True,
            "protocolMappers": [mapper],
        }
        self.create("clients", client)
        return self.log_in_client("alpha-node-client", "a secret")


def check(response: httpx.Response) -> httpx.Response:
    """Return a response of Keycloak that is a success."""
    assert response.is_success, response.text
    return response


class TunedStore(HqStore):
    """A store with some settings of its own."""

    def __init__(self, folder: Path, provider: StandIn, settings: dict[str, Any]) -> None:
        self.settings = settings
        super().__init__(environment_python(VERSION), folder, provider, review=True)

    def _configuration(self, folder: Path) -> dict[str, object]:
        return super()._configuration(folder) | self.settings


class StoreCaller(Caller):
    """Someone who calls a store of version 5."""

    api_path = "/store"


@dataclass
class HqShop(Shop):
    """A store of version 5, with the folder of its files."""

    folder: Path

    stranger = HTTPStatus.INTERNAL_SERVER_ERROR

    def visitor(self, token: str | None) -> StoreCaller:
        """Return someone with a token, or with none."""
        return StoreCaller(self.url, token)


class Home:
    """The realm that everyone comes from, and their tokens by name."""

    def __init__(self, keycloak: Keycloak) -> None:
        self.keycloak = keycloak
        password = keycloak.provider.root_password
        root = {"grant_type": "password", "username": "root", "password": password}
        self.tokens = {"root": keycloak.log_in(LOCAL_CLIENT, **root), "node": keycloak.node()}
        for name in ("developer", "reviewer", "colleague", "viewer", "researcher"):
            self.tokens[name] = keycloak.user(name, organization_id=["2"])
        self.tokens["homeless"] = keycloak.user("homeless")


@contextmanager
def open_shop(home: Home, **settings: Any) -> Iterator[HqShop]:
    """Run a new store with some settings of its own."""
    with tempfile.TemporaryDirectory(prefix="vantage6-contract-") as folder:
        store = TunedStore(Path(folder), home.keycloak.provider, settings)
        store.start()
        try:
            store.wait_until_ready()
            yield HqShop(store.url, home.tokens, calls, ALGORITHM, Path(folder))
        finally:
            store.stop()


@contextmanager
def open_realm() -> Iterator[Home]:
    """Run a realm with users and a node."""
    with tempfile.TemporaryDirectory(prefix="vantage6-contract-") as name:
        folder = Path(name)
        provider = StandIn(environment_python(VERSION), folder, Lifetimes())
        provider.start()
        try:
            provider.wait_until_ready()
            keycloak = Keycloak(provider, folder)
            with closing(keycloak.http):
                yield Home(keycloak)
        finally:
            provider.stop()
