"""The real algorithm store, beside the server and coupled to it, with users in its usual roles."""

from dataclasses import dataclass
from pathlib import Path

from vantage6.bindings.server import calls as server_calls
from vantage6.bindings.store import calls
from vantage6.localnet import _api
from vantage6.localnet._server import Server, common_configuration

_NAME = "local store"
# Who of the network's users may do what in the store; root, who makes them known, may do all.
# Stores of 4.7 have no managers of algorithms: admin is a reviewer there.
_ROLES = {
    "admin": ("Algorithm Manager", "Reviewer"),
    "researcher": ("Developer",),
    "viewer": ("Viewer",),
}
_PAGE = 100


@dataclass(frozen=True)
class LinkedStore:
    """An algorithm store, as the server knows it.

    Attributes
    ----------
    id : int
        Id on the server.
    name : str
        Name on the server.
    url : str
        Where it is, with the path of its API.
    """

    id: int
    name: str
    url: str


class Store(Server):
    """An algorithm store in a process of its own, which ends with this one.

    Parameters
    ----------
    python : Path
        Interpreter of the environment that has vantage6-algorithm-store.
    folder : Path
        Private folder for database, configuration and log; removed when the store stops.
    server_url : str
        The URL of the server whose users have access, without a path.
    review : bool
        Whether an algorithm is published only after one reviewer has approved of it; at once if
        not.

    Examples
    --------
    >>> store = Store(environment_python("4.15.2"), folder, server.url, False)  # doctest: +SKIP
    >>> store.wait_until_ready()  # doctest: +SKIP
    """

    _service = "store"
    _script = "wsgi_store.py"

    def __init__(self, python: Path, folder: Path, server_url: str, review: bool) -> None:
        self._server_url = server_url
        self._review = review
        super().__init__(python, folder, None)

    def _configuration(self, folder: Path) -> dict[str, object]:
        """Return the configuration."""
        return _configuration(folder, self.port, self._server_url, self._review)


def _configuration(folder: Path, port: int, server_url: str, review: bool) -> dict[str, object]:
    """Return the store's configuration."""
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
            # All users of the network are of one organization.
            "min_reviewers": 1,
            "min_reviewing_organizations": 1,
        },
        "dev": {"host_uri": _api.HOST, "disable_review": not review},
    }


def couple(server_url: str, store: Store, root_token: str) -> LinkedStore:
    """Link a store to all collaborations of a server, and make the users known to it.

    Parameters
    ----------
    server_url : str
        Where the server is, without a path.
    store : Store
        The store, which may still be starting.
    root_token : str
        An access token of the server's first user, who is the store's first user, too.

    Returns
    -------
    LinkedStore
        The store, as the server knows it.

    Raises
    ------
    ServerStartError
        The store ended, or did not answer in time.
    CallError
        One of the two refused.

    Examples
    --------
    >>> couple(server.url, store, token).id  # doctest: +SKIP
    1
    """
    version = store.wait_until_ready()
    api, url = server_url + _api.API_PATH, store.url + _api.API_PATH
    with _api.authenticated(server_url, root_token) as client:
        linked = _api.ask(
            client,
            server_calls.create_algorithm_store(
                {
                    "name": _NAME,
                    # Servers of 4.7 add the path of the API themselves.
                    "algorithm_store_url": store.url if version.startswith("4.7.") else url,
                    "server_url": api,
                    "force": True,  # an address of this machine is meant
                }
            ),
        )
    stranger = _api.authenticated(store.url, root_token)
    with stranger.with_headers({"Server-Url": api}) as client:
        page = _api.ask(client, calls.list_roles(per_page=_PAGE))
        roles = {role["name"]: role["id"] for role in page["data"]}
        for username, names in _ROLES.items():
            role = next(roles[name] for name in names if name in roles)
            _api.ask(client, calls.create_user({"username": username, "roles": [role]}))
    return LinkedStore(linked["id"], _NAME, url)
