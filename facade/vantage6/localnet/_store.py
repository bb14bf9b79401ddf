"""The algorithm store, linked to the server, with users in its default roles."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from vantage6.bindings.server import calls as server_calls
from vantage6.bindings.store import calls
from vantage6.localnet import _api
from vantage6.localnet._kept import keep
from vantage6.localnet._server import Server, common_configuration

STORE_NAME = "local store"
# Store roles of the network's users; root has all permissions. Stores of 4.7 have no role
# Algorithm Manager, so admin is a reviewer there.
ROLES = {
    "admin": ("Algorithm Manager", "Reviewer"),
    "researcher": ("Developer",),
    "viewer": ("Viewer",),
}
_PAGE = 100


@dataclass(frozen=True)
class LinkedStore:
    """An algorithm store as registered on the server.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    url : str
        Address including the API path.
    """

    id: int
    name: str
    url: str


def kept_store(folder: Path, link: Callable[[], LinkedStore]) -> LinkedStore:
    """Return the store of the network in a folder, linked the first time."""
    return LinkedStore(**keep(folder, "store", lambda: asdict(link())))


class Store(Server):
    """An algorithm store in a process that ends with this one."""

    _service = "store"
    _script = "wsgi_store.py"

    def __init__(self, python: Path, folder: Path, server_url: str, review: bool) -> None:
        self._server_url = server_url
        self._review = review
        super().__init__(python, folder, None)

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration of the store."""
        return _configuration(folder, self.port, self._server_url, self._review)


def _configuration(folder: Path, port: int, server_url: str, review: bool) -> dict[str, object]:
    """Return the configuration of the store."""
    return {
        **common_configuration("store", folder, port),
        "root_user": {
            "v6_server_uri": server_url + _api.API_PATH,
            "username": "root",
            "email": "root@example.org",
            "organization_id": 1,
        },
        "policies": {
            "allow_localhost": True,
            # Otherwise anyone on this machine could add a server with users of their own.
            "allowed_servers": [server_url + _api.API_PATH],
            # All users of the network belong to one organization.
            "min_reviewers": 1,
            "min_reviewing_organizations": 1,
        },
        "dev": {"host_uri": _api.HOST, "disable_review": not review},
    }


def link_store(server_url: str, store: Store, root_token: str) -> LinkedStore:
    """Link a store to all collaborations of a server, and register the users in it."""
    version = store.wait_until_ready()
    api, url = server_url + _api.API_PATH, store.url + _api.API_PATH
    with _api.authenticated_client(server_url, root_token) as client:
        linked = _api.send(
            client,
            server_calls.create_algorithm_store(
                {
                    "name": STORE_NAME,
                    # Servers of 4.7 append the API path themselves.
                    "algorithm_store_url": store.url if version.startswith("4.7.") else url,
                    "server_url": api,
                    "force": True,  # allow a loopback address
                }
            ),
        )
    store_client = _api.authenticated_client(store.url, root_token)
    with store_client.with_headers({"Server-Url": api}) as client:
        page = _api.send(client, calls.list_roles(per_page=_PAGE))
        roles = {role["name"]: role["id"] for role in page["data"]}
        for username, names in ROLES.items():
            role = next(roles[name] for name in names if name in roles)
            _api.send(client, calls.create_user({"username": username, "roles": [role]}))
    return LinkedStore(linked["id"], STORE_NAME, url)
