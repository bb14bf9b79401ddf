"""The local network: starts all components, and stops them in reverse order."""

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.bindings.secret import Secret, SecretBytes, scrub
from vantage6.bindings.server.api.node import list_nodes
from vantage6.client._encryption import keys as _keys
from vantage6.client._storage.files import atomic_write
from vantage6.localnet import _api
from vantage6.localnet._algorithm_runner import AlgorithmRunner
from vantage6.localnet._algorithms import resolve_algorithms
from vantage6.localnet._authentication import LoginSettings, log_in
from vantage6.localnet._blob_store import BlobStore
from vantage6.localnet._client_files import own_address
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._environment import check_version, environment_python
from vantage6.localnet._errors import LocalNetworkError, NodeStartError
from vantage6.localnet._event_relay import EventRelay
from vantage6.localnet._node import Node, NodeConfig
from vantage6.localnet._organizations import Databases, organization_specs
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._seed import NamedResource, NodeAccount, Organization, Seed, User, seed
from vantage6.localnet._server import Server, check_port
from vantage6.localnet._store import LinkedStore, Store, link_store

if TYPE_CHECKING:
    from vantage6.client import AsyncClient, Client

DEFAULT_VERSION = "4.15.2"
_ONLINE_SECONDS = 60.0
_OFFLINE_SECONDS = 5.0
_PAGE = 100


class LocalNetwork:
    """A local vantage6 network: a real server with users, organizations and working nodes.

    Use it as a context manager: entering starts the network, and exiting stops all of it. The first
    start of a server version builds an environment for it, which takes a minute or two; later
    starts take seconds.

    Parameters
    ----------
    version : str, default "4.15.2"
        Server version.
    organizations : int or sequence of str, optional
        Number or names of the organizations, each with its own node and data. By default those in
        `databases`, or else three.
    databases : mapping of str to path, DataFrame or mapping, optional
        Your own data by organization name: a file or a pandas data frame for the database
        ``default``, or a mapping of labels to several. Supported files are CSV (.csv) and
        tab-separated text (.tsv), which may be compressed (.gz), Excel (.xls, .xlsx) and SQLite
        (.db, .sqlite, .sqlite3). Text is in UTF-8. Of data frames, the index is left out.
        Other organizations get generated patients.
    encrypted : bool, default False
        Whether the collaboration is encrypted end to end.
    port : int, optional
        Server port on the loopback interface; any free port if None.
    algorithms : mapping of str to path, optional
        Algorithms in addition to the included ones: image names to Python files or package folders.
    allowed_algorithms : sequence of str, optional
        Policy of the nodes: regular expressions matched at the start of image names. Runs of other
        images get the status "not allowed". By default, all images are allowed.
    store : bool, default False
        Whether to start an algorithm store. In it, root has all permissions, admin manages and
        reviews algorithms, researcher submits algorithms, and viewer views them.
    review : bool, default False
        Whether the store publishes an algorithm only after a reviewer, such as admin, has approved
        it. If not, it publishes algorithms immediately.
    two_factor : bool, default False
        Whether the server requires two-factor login. It is set up for all users: ``otp_secret`` is
        the secret, and ``code`` is the current code.
    smtp : tuple of (str, int), optional
        Host and port of a mail server, for recovering passwords and second factors and for warnings
        of locked accounts. If None, the server sends no mail.
    token_seconds : int, optional
        Lifetime of access tokens in seconds, except for root; a month if None.
    blob_store : bool, default False
        Whether the server stores inputs and results in a blob store instead of its database. The
        blob store is the Azure emulator, which needs Node.js and npm. Requires server 4.13 or
        later.

    Attributes
    ----------
    version : str
        Server version.
    encrypted : bool
        Whether the collaboration is encrypted.
    url, port, api_path
        Address of the server, ``"http://127.0.0.1:PORT"``, its port, and the path ``"/api"``.
    users : dict of str to User
        ``root``, ``admin``, ``researcher`` and ``viewer``, with their passwords. Email addresses,
        except for root, are the usernames at ``example.org``.
    organizations : list of Organization
        Organizations, with the paths of their data and their private keys.
    collaboration, study : NamedResource
        Ids and names. The study includes all organizations but the last.
    nodes : list of NodeAccount
        Nodes, in the order of the organizations.
    private_keys : dict of int to Path
        Private key files by organization id; empty if not encrypted.
    store : LinkedStore or None
        Id and name of the store on the server, and its ``url`` including the API path.

    Raises
    ------
    LocalNetworkError
        If the network cannot start. The subclasses indicate the reason.

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
    collaboration: NamedResource
    study: NamedResource
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
        if sys.platform == "win32":
            raise LocalNetworkError(
                "the local network: expected Linux or macOS, got Windows. Use the Windows "
                "Subsystem for Linux (WSL)."
            )
        check_version(version)
        self._organization_specs = organization_specs(organizations, databases)
        if review and not store:
            raise LocalNetworkError("review: expected an algorithm store. Set store as well.")
        if blob_store and re.match(r"4\.(\d|1[0-2])\.", version):
            raise LocalNetworkError(
                f"blob_store: expected server version 4.13 or later, got {version}."
            )
        self.version = version
        self.encrypted = encrypted
        self.api_path = _api.API_PATH
        self._requested_port = port
        if port is not None:
            check_port(port)
        self._with_store = store
        self._with_blob_store = blob_store
        self._review = review
        self._login_settings = LoginSettings(two_factor, smtp, token_seconds)
        self._algorithms = resolve_algorithms(algorithms)
        self._allowed = _check_patterns(allowed_algorithms)
        self._exit_stack = contextlib.ExitStack()

    def __enter__(self) -> "LocalNetwork":
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._exit_stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exit_stack.close()

    def client(self, user: str = "researcher") -> "Client":
        """Return a client that is logged in.

        Parameters
        ----------
        user : str, default "researcher"
            A key of `users`.

        Returns
        -------
        Client
            Client with encryption set up for the user's organization, and without logging. The
            network closes it.

        Raises
        ------
        LocalNetworkError
            If there is no such user.

        Examples
        --------
        >>> net.client("viewer").organization.list()  # doctest: +SKIP
        """
        from vantage6.client import Client  # only needed here

        who = self._user(user)
        client = Client(self.url, log_level=None, known_organizations=self.known_organizations)
        self._exit_stack.callback(client.close)
        client.authenticate(who.username, who.password, who.code)
        client.setup_encryption(self.private_keys.get(who.organization_id))
        return client

    async def async_client(self, user: str = "researcher") -> "AsyncClient":
        """Return an asynchronous client that is logged in.

        Parameters
        ----------
        user : str, default "researcher"
            A key of `users`.

        Returns
        -------
        AsyncClient
            Client as returned by `client`. You have to close it: use it with ``async with``.

        Raises
        ------
        LocalNetworkError
            If there is no such user.

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
        """File with the public keys that clients of this network trust.

        It is separate from that of real servers, because each network has new keys and may reuse a
        port.
        """
        return self._folder / "known_organizations"

    def _user(self, name: str) -> User:
        if name not in self.users:
            raise LocalNetworkError(f"user: expected one of {', '.join(self.users)}, got {name!r}.")
        return self.users[name]

    def restart_server(self) -> None:
        """Kill the server and restart it on the same port; the nodes reconnect automatically.

        Examples
        --------
        >>> net.restart_server()  # doctest: +SKIP
        """
        self._server.restart()

    def disconnect_node(self, organization_id: int) -> None:
        """Disconnect an organization's node from the server.

        The node goes offline. Its active runs continue, but it receives no events and starts no
        runs until `reconnect_node`.

        Parameters
        ----------
        organization_id : int
            Id of the organization.

        Raises
        ------
        LocalNetworkError
            If there is no such organization.

        Examples
        --------
        >>> net.disconnect_node(3)  # doctest: +SKIP
        """
        self._node(organization_id).disconnect()

    def reconnect_node(self, organization_id: int) -> None:
        """Connect a node again after `disconnect_node`, and wait until it is online.

        It starts the runs that it has missed.

        Parameters
        ----------
        organization_id : int
            Id of the organization.

        Raises
        ------
        LocalNetworkError
            If there is no such organization, or the node does not come online.

        Examples
        --------
        >>> net.reconnect_node(3)  # doctest: +SKIP
        """
        node = self._node(organization_id)
        if not node.is_disconnected:
            return
        # The server may handle the end of the old connection after the beginning of a new one.
        deadline = time.monotonic() + _OFFLINE_SECONDS
        online = {"id": node.config.id, "status": "online"}.items()
        while time.monotonic() < deadline and any(
            online <= row.items() for row in self._node_rows()
        ):
            time.sleep(0.05)
        node.connect()
        _wait_until_online([node], self._relay)

    def _node(self, organization_id: int) -> Node:
        """Return the node of an organization."""
        for node in self._nodes:
            if node.config.organization_id == organization_id:
                return node
        known = ", ".join(str(node.config.organization_id) for node in self._nodes)
        raise LocalNetworkError(
            f"organization_id: expected one of {known}, got {organization_id!r}."
        )

    def client_variables(self) -> dict[str, str]:
        """Return the environment variables with which ``Client.from_env()`` connects.

        Returns
        -------
        dict of str to str
            Address, username and password of the researcher, the collaboration and, if it is
            encrypted, the private key.

        Examples
        --------
        >>> os.environ.update(net.client_variables())  # doctest: +SKIP
        """
        user = self._user("researcher")
        values = {
            "SERVER": f"{self.url}{self.api_path}",
            "USERNAME": user.username,
            "PASSWORD": user.password,
            "MFA_CODE": Secret(user.code) if user.code else None,
            "COLLABORATION": self.collaboration.name,
            "PRIVATE_KEY": self.private_keys.get(user.organization_id),
            "KNOWN_ORGANIZATIONS": self.known_organizations,
        }
        return {
            f"VANTAGE6_{name}": value if isinstance(value, str) else str(value)  # or a Secret
            for name, value in values.items()
            if value
        }

    def describe(self) -> dict[str, object]:
        """Return a description of the network for other programs.

        Returns
        -------
        dict
            Address, users with passwords, ids, key files, and nodes with their status, in types
            that JSON supports.

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
        """Write the description to a JSON file that only this user can read.

        An existing file is replaced atomically.

        Parameters
        ----------
        path : Path
            Path of the file.

        Raises
        ------
        LocalNetworkError
            If the file cannot be written, or the path is not a regular file.

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
            raise LocalNetworkError(f"cannot write {path}: {error.strerror}.") from None

    def _start(self, stack: contextlib.ExitStack) -> None:
        """Start all components, and register their shutdown."""
        python = environment_python(self.version)
        folder = self._folder = Path(tempfile.mkdtemp(prefix="vantage6-localnet-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        blobs = BlobStore(folder) if self._with_blob_store else None
        if blobs:
            stack.callback(blobs.stop)
            blobs.wait_until_ready()
        blob_setting = blobs.server_setting if blobs else None
        server = Server(python, folder, self._requested_port, self._login_settings, blob_setting)
        self._server = server
        stack.callback(server.stop)
        stack.enter_context(own_address(server.url))
        store = Store(python, folder, server.url, self._review) if self._with_store else None
        if store:
            stack.callback(store.stop)
        # Slow steps run in parallel: starting the server, importing pandas, generating keys.
        runner = AlgorithmRunner(python, folder)
        stack.callback(runner.stop)
        relay = self._relay = EventRelay(python, folder)
        stack.callback(relay.stop)
        keys = self._generate_keys(stack)
        self.version = server.wait_until_ready()
        self.url, self.port = server.url, server.port
        seeded = seed(server.url, server.root_password, folder, self._organization_specs, keys)
        self._set_attributes(seeded)
        self._start_nodes(stack, folder, keys, runner, relay)
        self.store = link_store(server.url, store, self._root_token()) if store else None

    def _start_nodes(
        self,
        stack: contextlib.ExitStack,
        folder: Path,
        keys: "list[Future[RSAPrivateKey]] | None",
        runner: AlgorithmRunner,
        relay: EventRelay,
    ) -> None:
        """Start one node per organization, and wait until all are online."""
        proxy = Proxy(self.url)
        stack.callback(proxy.stop)
        nodes = self._nodes = list[Node]()
        for index, account in enumerate(self.nodes):
            config = NodeConfig(
                id=account.id,
                organization_id=account.organization_id,
                collaboration_id=self.collaboration.id,
                api_key=account.api_key,
                databases=self.organizations[index].databases,
                folder=folder / f"node-{account.id}",
                codec=PayloadCodec(keys[index].result() if keys else None),
                allowed=self._allowed,
            )
            node = Node(self.url, config, self._algorithms, runner, proxy, relay)
            stack.callback(node.stop)
            nodes.append(node)
        _wait_until_online(nodes, relay)

    def _generate_keys(self, stack: contextlib.ExitStack) -> "list[Future[RSAPrivateKey]] | None":
        """Start generating a private key per organization, if encryption is on."""
        if not self.encrypted:
            return None
        makers = ThreadPoolExecutor(os.cpu_count())
        stack.callback(makers.shutdown, cancel_futures=True)
        return [makers.submit(_keys.generate_private_key) for _ in self._organization_specs]

    def _set_attributes(self, seeded: Seed) -> None:
        """Set the attributes that the seed defines."""
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
        """Log in as root and return the access token."""
        root = self.users["root"]
        token, _ = log_in(self.url, root.username, root.password, root.otp_secret)
        return token

    def _node_rows(self) -> list[dict[str, object]]:
        """Return the nodes with their current status."""
        with _api.authenticated_client(self.url, self._root_token()) as client:
            page = _api.unwrap(list_nodes.sync_detailed(client=client, per_page=_PAGE, sort="id"))
        return [
            {
                "id": node.id,
                "name": node.name,
                "organization": node.organization.id,
                "status": node.status,
            }
            for node in page.data
        ]


def _check_patterns(allowed: Sequence[str] | None) -> tuple[str, ...]:
    """Raise an error if a regular expression is invalid; real nodes find out on the first run."""
    if isinstance(allowed, str) or not isinstance(cast("object", allowed or ()), Sequence):
        raise LocalNetworkError(
            f"allowed_algorithms: expected a list, got {allowed!r}. Pass [{allowed!r}]."
        )
    for pattern in allowed or ():
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            message = f"allowed_algorithms: expected regular expressions, got {pattern!r}: {error}."
            raise LocalNetworkError(message) from None
    return tuple(allowed or ())


def _wait_until_online(nodes: list[Node], relay: EventRelay) -> None:
    """Wait until all nodes are connected to the server."""
    deadline = time.monotonic() + _ONLINE_SECONDS
    for node in nodes:
        if not node.online.wait(max(0.0, deadline - time.monotonic())):
            log = scrub(relay.log.read_text(errors="replace"))
            tail = "\n  ".join(log.splitlines()[-20:])
            message = f"node {node.config.id}: not online after {_ONLINE_SECONDS:.0f} s."
            raise NodeStartError(f"{message} End of the event relay's log:\n  {tail}")
