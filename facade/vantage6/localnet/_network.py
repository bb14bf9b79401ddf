"""The local network: starts all components, and stops them in reverse order."""

import contextlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from vantage6.bindings.secret import Secret, SecretBytes
from vantage6.client._storage.files import atomic_write
from vantage6.localnet import _api
from vantage6.localnet._algorithms import resolve_algorithms
from vantage6.localnet._authentication import LoginSettings
from vantage6.localnet._environment import check_version, environment_python, is_version_5
from vantage6.localnet._errors import LocalNetworkError, NotStartedError
from vantage6.localnet._kept import kept_folder
from vantage6.localnet._organizations import Databases, organization_specs
from vantage6.localnet._running import Options, Running
from vantage6.localnet._seed import NamedResource, NodeAccount, Organization, User
from vantage6.localnet._server import check_port
from vantage6.localnet._server_network import ServerNetwork
from vantage6.localnet._store import LinkedStore
from vantage6.localnet._v5.accounts import ServiceAccount
from vantage6.localnet._v5.network import HqNetwork
from vantage6.localnet._v5.realm import LOCAL_CLIENT
from vantage6.localnet._v5.services import HQ_PATH

if TYPE_CHECKING:
    from vantage6.client import AsyncClient, Client

DEFAULT_VERSION = "4.15.2"
# Variables of another login, which would take part in `Client.from_env()`.
LOGIN_VARIABLES = frozenset(
    f"VANTAGE6_{name}"
    for name in (
        *("MFA_CODE", "PRIVATE_KEY", "PRIVATE_KEY_PASSPHRASE", "CA", "PROFILE"),
        *("AUTH_URL", "AUTH_REALM", "AUTH_CLIENT", "SERVICE_ACCOUNT", "CLIENT_SECRET"),
    )
)


class LocalNetwork:
    """A local vantage6 network: a real server with users, organizations and working nodes.

    Use it as a context manager: entering starts the network, and exiting stops all of it. `start`
    and `stop` do the same in a notebook. The first start of a version builds an environment for it,
    which takes less than a minute; later starts take seconds.

    Parameters
    ----------
    version : str, default "4.15.2"
        Version of the server, or 5.0.x for HQ.
    organizations : int or sequence of str, optional
        Number or names of the organizations, each with its own node and data. By default those in
        `databases`, or else three.
    databases : mapping of str to path, DataFrame or mapping, optional
        Your own data by organization name: a file or a pandas data frame for the database
        ``default``, or a mapping of labels to several. Supported files are CSV (.csv) and
        tab-separated text (.tsv), which may be compressed (.gz), Excel (.xls, .xlsx) and SQLite
        (.db, .sqlite, .sqlite3), and on version 5 Parquet (.parquet). Text is in UTF-8. Of data
        frames, the index is left out. Other organizations get generated patients.
    encrypted : bool, default False
        Whether the collaboration is encrypted end to end.
    port : int, optional
        Server port on the loopback interface; any free port if None.
    algorithms : mapping of str to path, optional
        Algorithms in addition to the included ones: image names to Python files or package folders.
    allowed_algorithms : sequence of str, or mapping of str to sequence of str, optional
        Policy of the nodes, or of those of some organizations by name: images, or regular
        expressions that are matched at the start of image names. Runs of other images get the
        status "not allowed". By default, all images are allowed.
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
    keycloak : str or Path, optional
        Folder of a Keycloak distribution, to run in place of the stand-in for it on a network of
        version 5; an empty string means to download one with Maven. Needs Java 17 or later.
    folder : str or Path, optional
        Folder in which the network keeps its address, users, keys and results when it stops. The
        next start with this folder continues it. It must be empty or that of a network with the
        same options. If None, all data is deleted.

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
    auth_url, realm : str or None
        Address of the identity provider and its realm, on a network of version 5.
    service_account : ServiceAccount or None
        Account for scripts, on a network of version 5, with its ``client_id`` and
        ``client_secret``. It is a researcher.

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
    auth_url: str | None
    realm: str | None
    service_account: ServiceAccount | None
    _folder: Path
    _running: Running

    def __init__(
        self,
        *,
        version: str = DEFAULT_VERSION,
        organizations: int | Sequence[str] | None = None,
        databases: Mapping[str, Databases] | None = None,
        encrypted: bool = False,
        port: int | None = None,
        algorithms: Mapping[str, str | Path] | None = None,
        allowed_algorithms: Sequence[str] | Mapping[str, Sequence[str]] | None = None,
        store: bool = False,
        review: bool = False,
        two_factor: bool = False,
        smtp: tuple[str, int] | None = None,
        token_seconds: int | None = None,
        blob_store: bool = False,
        keycloak: str | Path | None = None,
        folder: str | Path | None = None,
    ) -> None:
        check_platform()
        check_version(version)
        if review and not store:
            raise LocalNetworkError("review: expected an algorithm store. Set store as well.")
        if blob_store and re.match(r"4\.(\d|1[0-2])\.", version):
            raise LocalNetworkError(
                f"blob_store: expected server version 4.13 or later, got {version}."
            )
        if is_version_5(version):
            _check_version_5(two_factor=two_factor, smtp=smtp, blob_store=blob_store)
        elif keycloak is not None:
            raise LocalNetworkError(
                f"keycloak: expected version 5, got {version}, which has logins of its own. Leave "
                "it out."
            )
        if folder is not None and blob_store:
            raise LocalNetworkError("folder: a blob store keeps nothing. Leave out one of them.")
        if port is not None:
            check_port(port)
        self.version = version
        self.encrypted = encrypted
        self.api_path = HQ_PATH if is_version_5(version) else _api.API_PATH
        specs = organization_specs(organizations, databases, version_5=is_version_5(version))
        self._options = Options(
            organizations=specs,
            algorithms=resolve_algorithms(algorithms, version),
            allowed=_policies(allowed_algorithms, [spec.name for spec in specs]),
            encrypted=encrypted,
            port=port,
            store=store,
            review=review,
            login=LoginSettings(two_factor, smtp, token_seconds),
            blob_store=blob_store,
            keycloak=None if keycloak is None else Path(keycloak),
            folder=None if folder is None else Path(folder).resolve(),
        )
        self._exit_stack = contextlib.ExitStack()
        self._is_running = False

    def start(self) -> "LocalNetwork":
        """Start the network, for notebooks and shells; `stop` stops it.

        Returns
        -------
        LocalNetwork
            This network.

        Raises
        ------
        LocalNetworkError
            If it is running, or cannot start.

        Examples
        --------
        >>> net = LocalNetwork().start()  # doctest: +SKIP
        >>> net.stop()  # doctest: +SKIP
        """
        if self._is_running:
            raise LocalNetworkError("start: expected a network that is stopped; it is running.")
        with contextlib.ExitStack() as stack:
            self._start(stack)
            self._exit_stack = stack.pop_all()
        self._is_running = True
        return self

    def stop(self) -> None:
        """Stop the network, if it is running, and delete its data unless it has a `folder`.

        Examples
        --------
        >>> net.stop()  # doctest: +SKIP
        """
        self._is_running = False
        self._exit_stack.close()

    if not TYPE_CHECKING:  # the type checker knows the attributes

        def __getattr__(self, name: str) -> object:
            """Raise an error that explains how a network gets its address, users and nodes."""
            if name in self.__annotations__:
                raise NotStartedError(
                    f"{name}: expected a network that was started. Use it with 'with', or call "
                    "start()."
                )
            return self.__getattribute__(name)

    def __repr__(self) -> str:
        if not self._is_running:
            return f"<LocalNetwork {self.version}: stopped>"
        names = ", ".join(organization.name for organization in self.organizations)
        encryption = "encrypted" if self.encrypted else "not encrypted"
        address = f"{self.url}{self.api_path}"
        return f"<LocalNetwork {self.version} at {address}: nodes of {names}; {encryption}>"

    def __enter__(self) -> "LocalNetwork":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

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
        client = Client(self.url, **self._client_options)
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
        client = AsyncClient(self.url, **self._client_options)
        try:
            await client.authenticate(who.username, who.password, who.code)
            await client.setup_encryption(self.private_keys.get(who.organization_id))
        except BaseException:
            await client.close()
            raise
        return client

    @property
    def _client_options(self) -> dict[str, Any]:
        """Return the options of clients of this network."""
        login = {"auth_url": self.auth_url, "auth_client": LOCAL_CLIENT} if self.auth_url else {}
        return {"log_level": None, "known_organizations": self.known_organizations, **login}

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
        self._running.server.restart()

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
        self._running.node(organization_id).disconnect()

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
        self._running.reconnect_node(organization_id)

    def client_variables(self) -> dict[str, str]:
        """Return the environment variables with which ``Client.from_env()`` connects.

        Returns
        -------
        dict of str to str
            Address, username and password of the researcher, the collaboration and, if it is
            encrypted, the private key; on version 5 also where users log in.

        Examples
        --------
        >>> os.environ.update(net.client_variables())  # doctest: +SKIP
        """
        user = self._user("researcher")
        values = {
            "SERVER": f"{self.url}{self.api_path}",
            "AUTH_URL": self.auth_url,
            "AUTH_CLIENT": LOCAL_CLIENT if self.auth_url else None,
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
            "nodes": self._running.node_rows(),
            "store": asdict(self.store) if self.store else None,
            **self._running.more(),
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
        folder = self._folder = self._data_folder(stack)
        kind = HqNetwork if is_version_5(self.version) else ServerNetwork
        running = self._running = kind(self._options, python, folder, stack)
        self.version, self.store = running.version, running.store
        self.url, self.port = running.server.url, running.server.port
        seeded = running.seed
        self.auth_url, self.realm, self.service_account = running.login
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

    def _data_folder(self, stack: contextlib.ExitStack) -> Path:
        """Return the folder of the network's data: one that is kept, or one that is deleted."""
        options = self._options
        if options.folder is None:
            folder = Path(tempfile.mkdtemp(prefix="vantage6-localnet-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            return folder
        same = {
            "version": self.version,
            "organizations": [each.name for each in options.organizations],
            "encrypted": options.encrypted,
            "store": options.store,
            "two_factor": options.login.two_factor,
            "keycloak": options.keycloak is not None,
        }
        stack.enter_context(kept_folder(options.folder, same))
        return options.folder


def check_platform() -> None:
    """Raise an error on Windows."""
    if sys.platform == "win32":
        raise LocalNetworkError(
            "the local network: expected Linux or macOS, got Windows. Use the Windows Subsystem "
            "for Linux (WSL)."
        )


def _check_version_5(**options: object) -> None:
    """Raise an error for an option that version 5 does not have."""
    reasons = {
        "two_factor": "second factors are set up at its identity provider",
        "smtp": "its identity provider sends the mail",
        "blob_store": "its blob store does not work",
    }
    for name, value in options.items():
        if value:
            raise LocalNetworkError(
                f"{name}: expected version 4, got version 5: {reasons[name]}. Leave it out."
            )


def _policies(
    allowed: Sequence[str] | Mapping[str, Sequence[str]] | None, organizations: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the policy of each organization's node."""
    given = allowed if isinstance(allowed, Mapping) else dict.fromkeys(organizations, allowed)
    for name in given:
        if name not in organizations:
            raise LocalNetworkError(
                f"allowed_algorithms: expected the names of organizations "
                f"({', '.join(organizations)}), got {name!r}."
            )
    return {name: _check_patterns(patterns) for name, patterns in given.items()}


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
