"""HQ and the algorithm store, on SQLite, and the stand-in for Keycloak: a process each."""

import json
import secrets
from pathlib import Path

from vantage6.bindings.secret import Secret
from vantage6.localnet import _api
from vantage6.localnet._authentication import new_password
from vantage6.localnet._kept import keep_secret
from vantage6.localnet._processes import script_path
from vantage6.localnet._server import Service, common_configuration, uwsgi_command
from vantage6.localnet._v5.login import client_login
from vantage6.localnet._v5.realm import ADMIN_CLIENT, REALM, Lifetimes, realm

HQ_PATH, STORE_PATH = "/hq", "/store"
ROOT = "root"


def get_json(url: str) -> dict[str, str]:
    """Return the JSON at an address, which needs no login."""
    with _api.http_client() as client:
        return _api.check(client.get(url)).json()


class IdentityProvider(Service):
    """The identity provider: the stand-in for Keycloak, or a real one."""

    _service = "identity_provider"

    def __init__(self, folder: Path, lifetimes: Lifetimes) -> None:
        self._lifetimes = lifetimes
        self.root_password = keep_secret(folder, "root_password", new_password)
        self.admin_secret = keep_secret(folder, "admin_secret", lambda: secrets.token_urlsafe(24))
        super().__init__(folder, None)

    def _realm(self) -> Secret:
        """Return the realm as JSON."""
        return realm(self._lifetimes, ROOT, self.root_password, self.admin_secret)

    def _probe(self) -> str:
        """Return the name of the realm if the identity provider responds."""
        return get_json(f"{self.url}/realms/{REALM}")["realm"]

    def set_up_user(self, username: str, password: str) -> None:
        """Set the password and profile of a user, which HQ leaves to the first login."""
        login = client_login(self.url, ADMIN_CLIENT, self.admin_secret)
        profile = {
            "email": f"{username}@example.org",
            "firstName": username.capitalize(),
            "lastName": "Demo",
            "requiredActions": list[str](),
        }
        credential = {"type": "password", "value": password, "temporary": False}
        with _api.http_client(f"{self.url}/admin/realms/{REALM}", login) as admin:
            query = {"username": username, "exact": "true"}
            (user,) = _api.check(admin.get("/users", params=query)).json()
            path = f"/users/{user['id']}"
            _api.check(admin.put(path, json={**user, **profile}))
            _api.check(admin.put(f"{path}/reset-password", json=credential))

    def variables(self) -> dict[str, str]:
        """Return the environment variables with which HQ and store find it."""
        return {
            "KEYCLOAK_URL": self.url,
            "KEYCLOAK_REALM": REALM,
            "KEYCLOAK_ADMIN_USERNAME": ROOT,
            "KEYCLOAK_ADMIN_PASSWORD": self.root_password,
            "KEYCLOAK_ADMIN_CLIENT": ADMIN_CLIENT,
            "KEYCLOAK_ADMIN_CLIENT_SECRET": self.admin_secret,
        }


class StandIn(IdentityProvider):
    """The stand-in for Keycloak."""

    def __init__(self, python: Path, folder: Path, lifetimes: Lifetimes) -> None:
        self._python = python
        super().__init__(folder, lifetimes)

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration of the stand-in."""
        return {
            "port": self.port,
            "state": str(folder / "identity_provider.json"),
            "realm": json.loads(self._realm()),
        }

    def _command(self) -> list[str]:
        """Return the command of the stand-in."""
        script = script_path("identity_provider.py")
        return [str(self._python), script, str(self._configuration_file)]


class Hq(Service):
    """HQ, which was the server in version 4."""

    _service = "hq"
    _path = HQ_PATH

    def __init__(
        self, python: Path, folder: Path, port: int | None, provider: IdentityProvider
    ) -> None:
        self._python = python
        self._provider = provider
        super().__init__(folder, port)

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration of HQ."""
        return {
            **common_configuration(self._service, folder, self.port, self._path),
            "base_url": self.url,
            # Signs the tokens of algorithms.
            "jwt_secret_key": keep_secret(
                folder, f"{self._service}_jwt", lambda: secrets.token_hex(32)
            ),
            "directories": {"log": str(folder), "data": str(folder)},
        }

    def _command(self) -> list[str]:
        """Return the command of uWSGI."""
        name, file = self._service, self._configuration_file.name
        return uwsgi_command(self._python, self.port, "wsgi_hq.py", name, file)

    def _variables(self) -> dict[str, str]:
        """Return the environment variables with the identity provider."""
        # HQ connects to it without TLS, but loads all certificates several times in each request
        # that needs it, which takes half a second. This folder has none.
        return {**self._provider.variables(), "SSL_CERT_DIR": str(self._folder)}

    def _probe(self) -> str:
        """Return the version if HQ responds."""
        return get_json(f"{self.url}{self._path}/version")["version"]


class HqStore(Hq):
    """The algorithm store of version 5."""

    _service = "store"
    _path = STORE_PATH

    def __init__(
        self, python: Path, folder: Path, provider: IdentityProvider, *, review: bool
    ) -> None:
        self._review = review
        super().__init__(python, folder, None, provider)

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration of the store."""
        return {
            **super()._configuration(folder),
            "root_user": {"username": ROOT, "organization_id": 1},
            "policies": {
                "allow_localhost": True,
                # All users of the network belong to one organization.
                "min_reviewers": 1,
                "min_reviewing_organizations": 1,
            },
            "dev": {"host_uri": _api.HOST, "disable_review": not self._review},
        }
