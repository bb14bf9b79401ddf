"""The local network as a whole: starts its parts in order, and ends them in the reverse one."""

import contextlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.bindings.secret import SecretBytes, scrub
from vantage6.bindings.server.api.node import list_nodes
from vantage6.client._encryption import keys as _keys
from vantage6.client._storage.files import atomic_write
from vantage6.localnet import _api
from vantage6.localnet._algorithms import algorithms as all_algorithms
from vantage6.localnet._blobs import BlobStore
from vantage6.localnet._cipher import Cipher
from vantage6.localnet._environment import environment_python
from vantage6.localnet._errors import LocalNetworkError, NodeStartError
from vantage6.localnet._login import LoginRules, log_in
from vantage6.localnet._node import Identity, Node
from vantage6.localnet._parties import Databases, parties
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._relay import Relay
from vantage6.localnet._runs import Runner
from vantage6.localnet._seed import Named, NodeAccount, Organization, Seed, User, seed
from vantage6.localnet._server import Server
from vantage6.localnet._store import LinkedStore, Store, couple

if TYPE_CHECKING:
    from vantage6.client import AsyncClient, Client

DEFAULT_VERSION = "4.15.2"
_ONLINE_SECONDS = 60.0
_PAGE = 100


class LocalNetwork:
    """A real vantage6 server with users, organizations and working nodes, on this machine.

    Enter it to start it, leave it to end every part of it. The first start of a server version
    makes an environment for it, which takes a minute or two; later starts take seconds.

    Parameters
    ----------
    version : str, default "4.15.2"
        Version of the server.
    organizations : int or sequence of str, optional
        How many organizations take part, each with a node and data of its own, or their names. By
        default those that `databases` names, or else three.
    databases : mapping of str to path or mapping, optional
        Data of your own, by the name of the organization: a file for the database ``default``, or a
        mapping of labels to files. Files are CSV (.csv), Excel (.xls, .xlsx) or SQLite (.db,
        .sqlite, .sqlite3). Organizations that are not named get made-up patients.
    encrypted : bool, default False
        Whether the collaboration is encrypted end to end.
    port : int, optional
        The server's port on the loopback interface; a free one if None.
    algorithms : mapping of str to path, optional
        Algorithms besides the included ones: image name to a Python file or a package's folder.
    allowed_algorithms : sequence of str, optional
        The nodes' policy: regular expressions that match the beginning of an image's name. Runs of
        other images end as "not allowed"; by default all images are allowed.
    store : bool, default False
        Whether there is an algorithm store, too. Root may do anything there, admin manages
        algorithms and reviews, researcher hands algorithms in, and viewer looks at them.
    review : bool, default False
        Whether the store publishes an algorithm only after a reviewer, such as admin, has approved
        of it. If not, it does so at once.
    two_factor : bool, default False
        Whether the server demands two-factor login. The users here have their second factor set
        up: their ``otp_secret`` tells it, and ``code`` gives the code of the moment.
    smtp : tuple of (str, int), optional
        Host and port to send mail to, for the recovery of passwords and second factors and the
        warning that an account is locked; the server sends no mail if None.
    token_seconds : int, optional
        How long the access tokens of users live, root's excepted; a month if None.
    blob_store : bool, default False
        Whether the server keeps inputs and results in a blob store, apart from its database:
        Azure's emulator, which needs Node.js and npm. Servers can do so from 4.13 on.

    Attributes
    ----------
    version : str
        Version of the server.
    encrypted : bool
        Whether the collaboration is encrypted.
    url, port, api_path
        Where the server is: ``"http://127.0.0.1:…"``, the port in it, and ``"/api"``.
    users : dict of str to User
        ``root``, ``admin``, ``researcher`` and ``viewer``, with their passwords. Their mail
        addresses, root's excepted, are their names at ``example.org``.
    organizations : list of Organization
        The organizations, each with the paths of its data and of its private key.
    collaboration, study : Named
        Ids and names. The study has all organizations but the last.
    nodes : list of NodeAccount
        The nodes, in the order of the organizations.
    private_keys : dict of int to Path
        Private key files by organization id; empty if not encrypted.
    store : LinkedStore or None
        The store's id and name on the server, and its ``url`` with the path of its API.

    Raises
    ------
    LocalNetworkError
        On entering, when something keeps the network from starting; its subclasses tell what.

    Examples
    --------
    >>> with LocalNetwork(organizations=3) as net:  # doctest: +SKIP
    ...     client = net.client("researcher")
    ...     print(client.organization.list())
    """

    url: str
    port: int
    users: dict[str, User]
    organizations: list[Organization]
    collaboration: Named
    study: Named
    nodes: list[NodeAccount]
    private_keys: dict[int, Path]
    store: LinkedStore | None
    _folder: Path

    def __init__(
        self,
        *,
        version: str = DEFAULT_VERSION,
        organizations: int | Sequence[str] | None = None,
        databases: Mapping[str, Databases] | None = None,
        encrypted: bool = False,
        port: int | None = None,
        algorithms: Mapping[str, str | Path] | None = None,
        allowed_algorithms: Sequence[str] | None = None,
        store: bool = False,
        review: bool = False,
        two_factor: bool = False,
        smtp: tuple[str, int] | None = None,
        token_seconds: int | None = None,
        blob_store: bool = False,
    ) -> None:
        self._parties = parties(organizations, databases)
        if review and not store:
            raise LocalNetworkError("Reviews are made in a store: ask for store, too.")
        if blob_store and re.match(r"4\.(\d|1[0-2])\.", version):
            raise LocalNetworkError(f"A server of {version} has no blob store; 4.13 is the first.")
        self.version = version
        self.encrypted = encrypted
        self.api_path = _api.API_PATH
        self._wanted_port = port
        self._wants_store = store
        self._wants_blobs = blob_store
        self._review = review
        self._rules = LoginRules(two_factor, smtp, token_seconds)
        self._algorithms = all_algorithms(algorithms)
        self._allowed = _patterns(allowed_algorithms)
        self._parts = contextlib.ExitStack()

    def __enter__(self) -> "LocalNetwork":
        with contextlib.ExitStack() as parts:
            self._start(parts)
            self._parts = parts.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._parts.close()

    def client(self, user: str = "researcher") -> "Client":
        """Return a client of the SDK that is logged in.

        Parameters
        ----------
        user : str, default "researcher"
            One of `users`.

        Returns
        -------
        Client
            Encryption is set up with the key of the user's organization. It logs nothing by
            itself, and is closed when the network ends.

        Examples
        --------
        >>> net.client("viewer").organization.list()  # doctest: +SKIP
        """
        from vantage6.client import Client  # only these two need the whole SDK

        who = self._user(user)
        client = Client(self.url, log_level=None, known_organizations=self.known_organizations)
        self._parts.callback(client.close)
        client.authenticate(who.username, who.password, who.code)
        client.setup_encryption(self.private_keys.get(who.organization_id))
        return client

    async def async_client(self, user: str = "researcher") -> "AsyncClient":
        """Return an asynchronous client of the SDK that is logged in.

        Parameters
        ----------
        user : str, default "researcher"
            One of `users`.

        Returns
        -------
        AsyncClient
            As `client` gives it, but you close it: use it with ``async with``.

        Examples
        --------
        >>> async with await net.async_client() as client:  # doctest: +SKIP
        ...     await client.organization.list()
        """
        from vantage6.client import AsyncClient

        who = self._user(user)
        client = AsyncClient(self.url, log_level=None, known_organizations=self.known_organizations)
        try:
            await client.authenticate(who.username, who.password, who.code)
            await client.setup_encryption(self.private_keys.get(who.organization_id))
        except BaseException:
            await client.close()
            raise
        return client

    @property
    def known_organizations(self) -> Path:
        """Where clients remember the keys of this network, apart from those of real servers.

        Each network has keys of its own, and perhaps the port of one before.
        """
        return self._folder / "known_organizations"

    def _user(self, name: str) -> User:
        if name not in self.users:
            raise LocalNetworkError(f"There is no user {name!r}, but {', '.join(self.users)}.")
        return self.users[name]

    def restart_server(self) -> None:
        """Kill the server, and start it again where it was; the nodes connect again by themselves.

        Examples
        --------
        >>> net.restart_server()  # doctest: +SKIP
        """
        self._server.restart()

    def disconnect_node(self, organization_id: int) -> None:
        """Take an organization's node off the server's events, so that it is offline from now on.

        What it works on goes on, but it hears of nothing new, and starts nothing.

        Parameters
        ----------
        organization_id : int
            The organization.

        Examples
        --------
        >>> net.disconnect_node(3)  # doctest: +SKIP
        """
        for node in self._nodes:
            if node.identity.organization_id == organization_id:
                node.disconnect()

    def describe(self) -> dict[str, object]:
        """Return what another program needs to use the network, ready for JSON.

        Returns
        -------
        dict
            Address, users with passwords, ids, key files, and the nodes with their status.

        Examples
        --------
        >>> with LocalNetwork() as net:  # doctest: +SKIP
        ...     net.describe()["users"]["researcher"]["username"]
        'researcher'
        """
        return {
            "version": self.version,
            "url": self.url,
            "port": self.port,
            "api_path": self.api_path,
            "encrypted": self.encrypted,
            "users": {
                name: {
                    "username": user.username,
                    "password": user.password,
                    "organization": user.organization_id,
                    "role": user.role,
                    "otp_secret": user.otp_secret,
                }
                for name, user in self.users.items()
            },
            "organizations": [
                {
                    "id": organization.id,
                    "name": organization.name,
                    "data": str(organization.data),
                    "databases": {
                        label: str(path) for label, path in organization.databases.items()
                    },
                    "private_key": str(organization.private_key or "") or None,
                }
                for organization in self.organizations
            ],
            "collaboration": {"id": self.collaboration.id, "name": self.collaboration.name},
            "study": {"id": self.study.id, "name": self.study.name},
            "nodes": self._node_rows(),
            "store": asdict(self.store) if self.store else None,
        }

    def write(self, path: Path) -> None:
        """Write what `describe` returns to a file that only this user can read.

        The file takes the place of one that may be there; whoever sees it sees all of it.

        Parameters
        ----------
        path : Path
            The file.

        Raises
        ------
        LocalNetworkError
            When it cannot be written, or there is something else than a file.

        Examples
        --------
        >>> with LocalNetwork() as net:  # doctest: +SKIP
        ...     net.write(Path("network.json"))
        """
        text = SecretBytes(f"{json.dumps(self.describe(), indent=2)}\n".encode())
        try:
            with atomic_write(path) as file:
                file.write(text)
        except OSError as error:
            raise LocalNetworkError(f"{path} cannot be written: {error.strerror}.") from None

    def _start(self, parts: contextlib.ExitStack) -> None:
        """Start every part, each with its end in the stack."""
        python = environment_python(self.version)
        folder = self._folder = Path(tempfile.mkdtemp(prefix="vantage6-localnet-"))
        parts.callback(shutil.rmtree, folder, ignore_errors=True)
        blobs = BlobStore(folder) if self._wants_blobs else None
        if blobs:
            parts.callback(blobs.stop)
            blobs.wait_until_ready()
        setting = blobs.setting if blobs else None
        server = Server(python, folder, self._wanted_port, self._rules, setting)
        self._server = server
        parts.callback(server.stop)
        store = Store(python, folder, server.url, self._review) if self._wants_store else None
        if store:
            parts.callback(store.stop)
        # The slow things happen side by side: the server starts, pandas is imported, keys are made.
        runner = Runner(python, folder)
        parts.callback(runner.stop)
        relay = Relay(python, folder)
        parts.callback(relay.stop)
        keys = self._make_keys(parts)
        self.version = server.wait_until_ready()
        self.url, self.port = server.url, server.port
        self._take(seed(server.url, folder, self._parties, keys))
        self._start_nodes(parts, folder, keys, runner, relay)
        self.store = couple(server.url, store, self._root_token()) if store else None

    def _start_nodes(
        self,
        parts: contextlib.ExitStack,
        folder: Path,
        keys: "list[Future[RSAPrivateKey]] | None",
        runner: Runner,
        relay: Relay,
    ) -> None:
        """Start a node for each organization, and wait until all are online."""
        proxy = Proxy(self.url)
        parts.callback(proxy.stop)
        nodes = self._nodes = list[Node]()
        for index, account in enumerate(self.nodes):
            identity = Identity(
                id=account.id,
                organization_id=account.organization_id,
                collaboration_id=self.collaboration.id,
                api_key=account.api_key,
                databases=self.organizations[index].databases,
                folder=folder / f"node-{account.id}",
                cipher=Cipher(keys[index].result() if keys else None),
                allowed=self._allowed,
            )
            node = Node(self.url, identity, self._algorithms, runner, proxy, relay)
            parts.callback(node.stop)
            nodes.append(node)
        _wait_until_online(nodes, relay)

    def _make_keys(self, parts: contextlib.ExitStack) -> "list[Future[RSAPrivateKey]] | None":
        """Begin to make a private key for each organization, if there is encryption."""
        if not self.encrypted:
            return None
        makers = ThreadPoolExecutor(os.cpu_count())
        parts.callback(makers.shutdown, cancel_futures=True)
        return [makers.submit(_keys.generate_private_key) for _ in self._parties]

    def _take(self, seeded: Seed) -> None:
        """Keep what the server was filled with."""
        self.users = seeded.users
        self.organizations = seeded.organizations
        self.collaboration = seeded.collaboration
        self.study = seeded.study
        self.nodes = seeded.nodes
        self.private_keys = {
            organization.id: organization.private_key
            for organization in seeded.organizations
            if organization.private_key is not None
        }

    def _root_token(self) -> str:
        """Log in as root."""
        root = self.users["root"]
        token, _ = log_in(self.url, root.username, root.password, root.otp_secret)
        return token

    def _node_rows(self) -> list[dict[str, object]]:
        """Return the nodes as the server sees them now."""
        with _api.authenticated(self.url, self._root_token()) as client:
            page = _api.answer(list_nodes.sync_detailed(client=client, per_page=_PAGE, sort="id"))
        return [
            {
                "id": node.id,
                "name": node.name,
                "organization": node.organization.id,
                "status": node.status,
            }
            for node in page.data
        ]


def _patterns(allowed: Sequence[str] | None) -> tuple[str, ...]:
    """Check the regular expressions of a policy, which real nodes do only when a run comes."""
    if isinstance(allowed, str):
        raise LocalNetworkError(f"allowed_algorithms must be a list: [{allowed!r}].")
    for pattern in allowed or ():
        try:
            re.compile(pattern)
        except re.error as error:
            message = f"allowed_algorithms has {pattern!r}, which is no regular expression: {error}"
            raise LocalNetworkError(message) from None
    return tuple(allowed or ())


def _wait_until_online(nodes: list[Node], relay: Relay) -> None:
    """Wait until every node holds its connection to the server."""
    deadline = time.monotonic() + _ONLINE_SECONDS
    for node in nodes:
        if not node.online.wait(max(0.0, deadline - time.monotonic())):
            log = scrub(relay.log.read_text(errors="replace"))
            tail = "\n  ".join(log.splitlines()[-20:])
            message = f"Node {node.identity.id} did not come online within {_ONLINE_SECONDS:.0f} s."
            raise NodeStartError(f"{message} The end of the relay's log:\n  {tail}")
