# Derived by unasync.py: edit facade/vantage6/client/_async/client.py instead.
"""The client: one login on one server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import inf
from os import PathLike
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, overload

from vantage6.bindings.secret import conceal

from .._auth.credentials import parse_code, parse_password
from .._backend.former_names import explains_former, find_former
from .._backend.logins import service_account, user_login
from .._backend.positions import positions_of_5
from .._config.options import mask_options, resolve_server, show_log
from .._encryption.key_files import key_source
from .._encryption.trust import Trust, strictest, trust_mode
from .._http.context import SendOptions
from .._http.limits import Limits
from .._http.request import bearer_header, check_arguments, custom_call
from .._http.route import Route
from .._http.secrets import mask_route, secret, secret_bytes
from .._http.timeouts import Timeouts
from .._rows.names import check_kind
from .._rows.references import is_collection
from .._storage.files import file_path
from .._utils.logging import LOGGER
from .._utils.pauses import POLL
from .._waiting.arguments import (
    as_list,
    check_display_options,
    check_timeout,
    check_times,
    enough_of,
)
from .._waiting.statuses import has_finished
from ..errors import (
    ConfigurationError,
    EndpointNotFoundError,
    InvalidInputError,
    WaitTimeoutError,
)
from .core.core import Core
from .resources import Lazy

if TYPE_CHECKING:
    from logging import Logger

    from typing_extensions import Never, Self, Unpack

    from vantage6.bindings.server import Client as ServerBindings

    from .._auth.credentials import MfaCode, Password
    from .._auth.device import DeviceCode
    from .._auth.identity import WhoAmI
    from .._auth.remember import SavedLogin
    from .._config.options import ConnectOptions
    from .._config.plan import ConnectionPlan, Stored
    from .._display.notify import NotifyOption
    from .._display.views import ProgressOption
    from .._encryption.cryptor import Cryptor
    from .._encryption.trust import TrustMode
    from .._events.types import Event, EventKind
    from .._http.address import Address
    from .._http.route import Cert, Verify
    from .._rows.names import AnyRow, Kind
    from .._rows.references import Ref
    from .._rows.results import ResultRows
    from .._waiting.arguments import OnFailure
    from .._waiting.finished import Finished
    from .resources.algorithm import Algorithms
    from .resources.collaboration import Collaborations
    from .resources.dataframe import Dataframes
    from .resources.node import Nodes
    from .resources.organization import Organizations
    from .resources.result import Results
    from .resources.role import Roles
    from .resources.rule import Rules
    from .resources.run import Runs
    from .resources.session import Sessions
    from .resources.store import AlgorithmStores
    from .resources.study import Studies
    from .resources.task import Tasks
    from .resources.user import Users
    from .resources.util import Utilities


class Client:
    """A connection to a vantage6 server for one user.

    Create a client, then call ``authenticate``; or do both with ``from_env``, ``from_profile`` or
    ``from_saved_login``. The client keeps its connections open: call ``close`` when you are done,
    or use ``with``.

    Parameters
    ----------
    host : str
        Address of the server, such as ``"https://server.example/api"``: scheme and name, and
        optionally the port and the path of the API.
    port : int, str or None
        Port of the server; None for the port in `host`, or else the default port of the scheme.
    path : str or None
        Path of the API on the server; None for the path in `host`, or else ``"/api"``, or ``"/hq"``
        for HQ.
    log_level : str or None
        Lowest level of the client's messages to show: ``"debug"``, ``"info"``, ``"warning"``,
        ``"error"`` or ``"critical"``. This configures only the client's own logger,
        ``vantage6.client``; None leaves that one unchanged too.
    hq_url : str, optional
        Address of HQ, the server of version 5, in place of `host`.
    auth_url : str, optional
        Address of the Keycloak where users of HQ log in, such as ``"https://auth.example"``. With
        it, the client is one of HQ. HQ does not tell this address; its operator does. The
        positional arguments of the official client of version 5 are understood too: HQ's address,
        `auth_url`, `auth_realm` and `auth_client`.
    auth_realm : str, optional
        Name of the realm in the Keycloak; ``"vantage6"`` by default.
    auth_client : str, optional
        The realm's client for users; ``"public_client"`` by default.
    auth_verify : bool, path or SSLContext
        Certificates to trust for `auth_url`, as `verify`, if it has another origin than HQ.
    timeout : float or Timeouts, optional
        Maximum seconds for a call including its retries; `Timeouts` sets the parts separately.
        The default is 10 to connect, 60 without receiving a byte, and 300 in total.
    max_retries : int
        Maximum number of retries of a request that is safe to repeat.
    max_response_bytes : int
        Maximum size of a response in bytes, decompressed and decoded; the default is 1 GiB. Results
        that are saved to files may be larger.
    verify : bool, path or SSLContext
        Certificates to trust: True for the commonly trusted ones, a file or folder for those in
        it, or False for any, which is not safe. An SSLContext of your own decides everything. This
        and `cert` apply to the server's origin; ``store.set`` takes those of a store elsewhere.
    cert : path, tuple of path and path, or of path, path and str, optional
        Certificate to present to a server, or a proxy before it, that requests one: a PEM file
        with certificate and key, or the two files, or the two files and the passphrase of the key.
    proxy : str, False or None
        Address of the proxy to use, such as ``"http://proxy.example:3128"`` or, with the extra
        ``socks``, ``"socks5://proxy.example:1080"``. None uses the proxy from the environment
        (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, unless ``NO_PROXY`` names the server or
        the server is this machine), False no proxy.
    trust : str
        How far to trust the server about the public keys of other organizations and about which
        collaborations are encrypted: ``"first-use"`` trusts and remembers the first value,
        ``"strict"`` requires that you accept it, ``"off"`` trusts every value. If the environment
        variable ``VANTAGE6_TRUST`` is stricter, it applies.
    known_organizations : str or path, optional
        File that stores these values; by default the one that the environment variable
        ``VANTAGE6_KNOWN_ORGANIZATIONS`` names, or else one of the user's data files.

    Attributes
    ----------
    organization : Organizations
        The participating organizations.
    collaboration : Collaborations
        The collaborations of organizations.
    study : Studies
        Subsets of a collaboration's organizations.
    node : Nodes
        The machines that run tasks.
    task : Tasks
        The tasks: list, create and kill them.
    run : Runs
        The runs of tasks at the organizations, with status and log.
    result : Results
        The results of the runs.
    user : Users
        The people with an account.
    role : Roles
        Named sets of rules.
    rule : Rules
        The available permissions.
    store : AlgorithmStores
        The algorithm stores, and the content of the chosen one.
    algorithm : Algorithms
        The algorithms of the chosen store.
    util : Utilities
        The server itself.
    session : Sessions
        The sessions of HQ 5.x.
    dataframe : Dataframes
        The data frames of those sessions.
    saved_login : SavedLogin
        The login, which can be saved for later.

    Raises
    ------
    ConfigurationError
        If an argument is invalid.

    Examples
    --------
    >>> from vantage6.client import Client
    >>> client = Client("https://server.example", 443, "/api")
    >>> client.authenticate("researcher", "password")
    >>> [organization["name"] for organization in client.organization.list()]
    ['IKNL', 'Maastro', 'Radboudumc']
    """

    organization: Lazy[Organizations] = Lazy(".organization", "Organizations")
    collaboration: Lazy[Collaborations] = Lazy(".collaboration", "Collaborations")
    study: Lazy[Studies] = Lazy(".study", "Studies")
    node: Lazy[Nodes] = Lazy(".node", "Nodes")
    task: Lazy[Tasks] = Lazy(".task", "Tasks")
    run: Lazy[Runs] = Lazy(".run", "Runs")
    result: Lazy[Results] = Lazy(".result", "Results")
    user: Lazy[Users] = Lazy(".user", "Users")
    role: Lazy[Roles] = Lazy(".role", "Roles")
    rule: Lazy[Rules] = Lazy(".rule", "Rules")
    store: Lazy[AlgorithmStores] = Lazy(".store", "AlgorithmStores")
    algorithm: Lazy[Algorithms] = Lazy(".algorithm", "Algorithms")
    util: Lazy[Utilities] = Lazy(".util", "Utilities")
    session: Lazy[Sessions] = Lazy(".session", "Sessions")
    dataframe: Lazy[Dataframes] = Lazy(".dataframe", "Dataframes")
    saved_login: Lazy[SavedLogin] = Lazy("..._auth.remember", "SavedLogin")

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = None,
        path: str | None = None,
        log_level: str | None = "info",
        *,
        hq_url: str | None = None,
        auth_url: str | None = None,
        auth_realm: str | None = None,
        auth_client: str | None = None,
        auth_verify: Verify = True,
        timeout: float | Timeouts | None = None,
        max_retries: int = 3,
        max_response_bytes: int = 1 << 30,
        verify: Verify = True,
        cert: Cert | None = None,
        proxy: str | Literal[False] | None = None,
        trust: TrustMode = "first-use",
        known_organizations: str | PathLike[str] | None = None,
    ) -> None:
        cert, proxy = mask_route(cert, proxy)
        server = resolve_server(
            host, port, path, log_level, hq_url, auth_url, auth_realm, auth_client
        )
        address, log_level = server.address, server.log_level
        file = None
        if known_organizations is not None:
            file = file_path(known_organizations, "known_organizations")
        trusting = Trust(address.url, strictest(trust_mode(trust)) or "first-use", file)
        show_log(log_level)
        limits = Limits(Timeouts.of(timeout), max_retries, max_response_bytes)
        core = Core(address, Route(verify, cert, proxy), limits, trusting, server.realm)
        if server.realm:
            core.set_route(server.realm.url, auth_verify)
        self._core = core

    def __repr__(self) -> str:
        if not hasattr(self, "_core"):  # a debugger may call this before __init__ is done
            return f"<{type(self).__name__}>"
        user = f" as {self.name!r}" if hasattr(self, "name") else ""
        return f"<{type(self).__name__} of {self.base_path}{user}>"

    if not TYPE_CHECKING:  # type checkers would accept any name

        def __getattr__(self, name: str) -> object:
            return find_former(self, name, "post_task", "get_results")

    def __reduce__(self) -> Never:
        raise TypeError(
            "a client cannot be copied or pickled, because it holds connections and a login. "
            "Create one in each process, for example with from_saved_login(); "
            "with_options() returns one with other limits."
        )

    # ---- connecting -----------------------------------------------------------------------------

    @classmethod
    def from_env(
        cls,
        *,
        password: Password | None = None,
        mfa_code: MfaCode | None = None,
        save: bool | None = None,
        auto_relogin: bool = False,
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Connect and log in with the settings of the environment.

        The environment must have ``VANTAGE6_SERVER``, the full address of the API, and
        ``VANTAGE6_USERNAME``. Further variables are ``VANTAGE6_PASSWORD``, ``VANTAGE6_MFA_CODE``,
        ``VANTAGE6_COLLABORATION``, ``VANTAGE6_PRIVATE_KEY`` and
        ``VANTAGE6_PRIVATE_KEY_PASSPHRASE``, ``VANTAGE6_CA`` (a file of certificates to trust),
        ``VANTAGE6_TRUST`` (how far to trust the server, as `trust` of the client; the strictest
        value applies) and ``VANTAGE6_PROFILE``, a profile that supplies missing settings.

        HQ 5.x needs no username but ``VANTAGE6_AUTH_URL``, and optionally ``VANTAGE6_AUTH_REALM``
        and ``VANTAGE6_AUTH_CLIENT``. A program logs in with ``VANTAGE6_SERVICE_ACCOUNT`` and
        ``VANTAGE6_CLIENT_SECRET``; a person with a saved login, or else with a code that the client
        shows in a terminal or notebook.

        Parameters
        ----------
        password : str or callable, optional
            The password, or a function without parameters that supplies it; the asynchronous
            client also awaits its result. By default, the client looks in the environment, then in
            the system keyring (extra ``keyring``), and then prompts for the password in a terminal
            or notebook. If the environment has no password, a saved login takes precedence.
        mfa_code : str, int or callable, optional
            The current code from the authenticator app, as for ``authenticate``. In a terminal or
            notebook, the client prompts for it when the server asks for one.
        save : bool, optional
            Whether to save the login for later. By default, a login that was saved continues to be
            saved.
        auto_relogin : bool
            Whether to log in again when the login has expired, as for ``authenticate``. The
            password stays in memory and is looked up at once, even if a saved login is reused.
        options : object
            `server`, `username`, `collaboration`, `private_key` and `private_key_passphrase`, which
            take precedence over the environment; and keyword arguments of the client, such as
            `timeout`. `login` is ``"code"`` to log in at HQ with a new code even if a login is
            saved, or False to not log in; `show` and `open_browser` are those of ``authenticate``.

        Returns
        -------
        Client
            A logged-in client with its collaboration and key set up, if they are specified.

        Raises
        ------
        ConfigurationError
            If settings are missing (the error lists all of them), contradictory or invalid.
        LoginFailedError
            If username, password or code is wrong, or the account is locked.
        TwoFactorRequiredError
            If the account uses two-factor login and there is no code.
        Vantage6Error
            Any other error of ``authenticate``, ``setup_collaboration`` or ``setup_encryption``.

        Examples
        --------
        >>> from vantage6.client import Client
        >>> client = Client.from_env(collaboration="demo", timeout=20)
        >>> client.whoami.organization_name
        'IKNL'
        """
        password, mfa_code = parse_password(password), parse_code(mfa_code)
        options = mask_options(options)
        from .._config.plan import plan_from_env

        return cls._connected(
            *plan_from_env(options, password, mfa_code, save), auto_relogin=auto_relogin
        )

    @classmethod
    def from_profile(
        cls,
        name: str | None = None,
        *,
        password: Password | None = None,
        mfa_code: MfaCode | None = None,
        save: bool | None = None,
        auto_relogin: bool = False,
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Connect and log in with a profile: a section of the file ``vantage6/profiles.ini``.

        The file is in the folder of your configuration files, ``~/.config`` on Linux, or at the
        path in ``VANTAGE6_PROFILES``. A profile can have `server`, `username`, `collaboration`,
        `private_key`, `verify`, `cert`, `proxy` and `save`, all of them optional, but never a
        password. The environment takes precedence over it, as in ``from_env``. A profile is for
        its own server: if the environment or `server` names another one, none of it is used, and a
        warning says so.

        Parameters
        ----------
        name : str, optional
            Name of the profile; by default the value of ``VANTAGE6_PROFILE``, or else the only
            profile, or the one named ``default``.
        password, mfa_code : str or callable, optional
            The password and the current code, or functions that supply them, as for ``from_env``.
        save : bool, optional
            Whether to save the login for later; by default the setting in the profile.
        auto_relogin : bool
            Whether to log in again when the login has expired, as for ``from_env``.
        options : object
            Settings that take precedence over profile and environment, and arguments of the
            client, as for ``from_env``.

        Returns
        -------
        Client
            A logged-in client with its collaboration and key set up, if they are specified.

        Raises
        ------
        ConfigurationError
            If there is no such profile, the file contains unknown entries, or settings are missing
            (the error lists all of them), contradictory or invalid.
        LoginFailedError
            If username, password or code is wrong, or the account is locked.
        TwoFactorRequiredError
            If the account uses two-factor login and there is no code.
        Vantage6Error
            Any other error of ``authenticate``, ``setup_collaboration`` or ``setup_encryption``.

        Examples
        --------
        >>> from vantage6.client import Client
        >>> client = Client.from_profile("demo")
        >>> client.whoami.organization_name
        'IKNL'
        """
        password, mfa_code = parse_password(password), parse_code(mfa_code)
        options = mask_options(options)
        from .._config.plan import plan_from_profile

        return cls._connected(
            *plan_from_profile(name, options, password, mfa_code, save), auto_relogin=auto_relogin
        )

    @classmethod
    def from_saved_login(
        cls,
        path: str | PathLike[str] | None = None,
        *,
        password: Password | None = None,
        mfa_code: MfaCode | None = None,
        save: bool | None = None,
        auto_relogin: bool = False,
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Reuse a login that ``client.saved_login.save()`` saved.

        If the server no longer accepts the login, the client logs in again as the same user, with
        a password from the sources that ``from_env`` uses.

        Parameters
        ----------
        path : str or path, optional
            The file; by default the only saved login, limited to the `server` and the `username`
            if you pass these.
        password, mfa_code : str or callable, optional
            The password and the code for a new login, as for ``from_env``.
        save : bool, optional
            False to not write renewed tokens to the file.
        auto_relogin : bool
            Whether to log in again when the login has expired, as for ``from_env``.
        options : object
            Settings that take precedence over the environment, and arguments of the client, as for
            ``from_env``.

        Returns
        -------
        Client
            A logged-in client with its collaboration and key set up, if they are specified.

        Raises
        ------
        ConfigurationError
            If there is no such saved login, it belongs to a different server or user than
            requested, or a new login needs a password that cannot be found.
        LoginFailedError
            If a new login is needed and username, password or code is wrong, or the account is
            locked.
        Vantage6Error
            Any other error of ``authenticate``, ``setup_collaboration`` or ``setup_encryption``.

        Examples
        --------
        >>> from vantage6.client import Client
        >>> file = client.saved_login.save()
        >>> other = Client.from_saved_login(file)
        >>> other.whoami == client.whoami
        True
        """
        password, mfa_code = parse_password(password), parse_code(mfa_code)
        options = mask_options(options)
        from .._config.plan import plan_from_saved_login

        file = None if path is None else file_path(path, "path")
        return cls._connected(
            *plan_from_saved_login(file, options, password, mfa_code, save),
            auto_relogin=auto_relogin,
        )

    @classmethod
    def _connected(
        cls, address: Address, plan: ConnectionPlan, stored: Stored | None, *, auto_relogin: bool
    ) -> Self:
        from .core.connect import connect

        client = cls(address.host, address.port, address.path, **plan.options)
        try:
            if plan.login is not False:
                connect(client._core, plan, stored, auto_relogin=auto_relogin)
        except BaseException:
            client.close()
            raise
        return client

    def save_profile(self, name: str) -> Path:
        """Save the settings of this client as a profile for ``from_profile``.

        These are the address of the server, the username, the collaboration and the private key
        file that are set up, the trusted certificates, the certificate to present, the proxy, how
        far the server is trusted, and whether the login is saved; never a password. A profile of
        the same name is replaced; of one for the same server, the text of a private key, the
        service account and `save` remain.

        Parameters
        ----------
        name : str
            Name of the profile.

        Returns
        -------
        Path
            The profile file.

        Raises
        ------
        ConfigurationError
            If the profile file cannot be written or does not allow the name or a value, such as a
            proxy address with a login.

        Examples
        --------
        >>> client.save_profile("work").name
        'profiles.ini'
        """
        from .._config.profiles import Profile, save_profile

        core = self._core
        if not self.path:
            raise ConfigurationError(
                f"server: expected an address with a path, got {self.base_path}. "
                "A profile cannot store an API at the root, because an address without a path "
                "means /api."
            )
        key, route = core.state.private_key_file, core.http.pools.route
        realm = core.realm
        at_realm = core.http.pools.route_to(realm.url).verify if realm else True
        if isinstance(route.cert, tuple):
            raise ConfigurationError(
                "cert: expected one file with certificate and key, got several values, which a "
                "profile cannot store. Pass one file."
            )
        return save_profile(
            Profile(
                name=name,
                server=self.base_path,
                username=core.state.username,
                collaboration=core.state.collaboration_ref,
                private_key=key and key.absolute(),
                verify=_storable(route.verify, "verify"),
                cert=None if route.cert is None else Path(route.cert).absolute(),
                proxy=route.proxy,
                trust=None if core.trust.mode == "first-use" else core.trust.mode,
                save=bool(core.auth.saved) or None,
                auth_url=realm.url if realm else None,
                auth_client=realm.client if realm else None,
                auth_verify=_storable(at_realm, "auth_verify"),
            )
        )

    # ---- connection and login -------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections. The client can no longer be used.

        Calls in other threads or tasks that wait or listen to events with it raise
        `ClientClosedError`. A client from ``with_options`` is closed together with the client that
        it came from, and not before.

        Examples
        --------
        >>> client.close()
        """
        self._core.close()

    def with_options(
        self,
        *,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
    ) -> Self:
        """Return this client with other limits, for one or more calls.

        The returned client shares the connections, login, collaboration, key and algorithm store:
        a change in one client applies to both. Creating it is cheap, and it need not be closed.

        Parameters
        ----------
        timeout : float or Timeouts, optional
            Maximum seconds for a call, as for the client; by default unchanged.
        max_retries : int, optional
            Maximum number of retries; by default unchanged.
        max_response_bytes : int, optional
            Maximum size of a response in bytes; by default unchanged.

        Returns
        -------
        Client
            The client with the new limits.

        Raises
        ------
        ConfigurationError
            If a limit is invalid.

        Examples
        --------
        >>> quick = client.with_options(timeout=10, max_retries=0)
        """
        kind = type(self)
        view = object.__new__(kind)
        for name, value in vars(self).items():
            if not isinstance(getattr(kind, name, None), Lazy):  # resources have the old limits
                setattr(view, name, value)
        limits = self._core.http.limits.but(timeout, max_retries, max_response_bytes)
        view._core = self._core.limited(limits)
        return view

    def authenticate(
        self,
        username: str | None = None,
        password: str | None = None,
        mfa_code: MfaCode | None = None,
        *,
        auto_relogin: bool = False,
        open_browser: bool | None = None,
        show: Callable[[DeviceCode], object] | None = None,
    ) -> None:
        """Log in. The client then renews the token as needed.

        At HQ 5.x, you log in on a page of the Keycloak, in any browser: without arguments, the
        method shows the address and a code to enter there, and waits until you have done so. Few
        realms allow to log in with username and password instead.

        A client that is already logged in continues as the new user, without the private key if
        the new user belongs to another organization. A failed login changes nothing.

        Parameters
        ----------
        username : str
            Username of the account.
        password : str, optional
            Password of the account. By default, the client looks in the system keyring (extra
            ``keyring``), and then prompts for the password, and for a code that the server asks
            for, in a terminal or notebook.
        mfa_code : str, int or callable, optional
            The current code from the authenticator app, if the account uses two-factor login. A
            function without parameters is called only when the server asks for a code; the
            asynchronous client also awaits its result.
        auto_relogin : bool
            Whether to log in again when the login has expired, which happens when the client is
            not used for a while (48 hours by default). The password then stays in memory. A
            function for `mfa_code` is called again; without one, `TwoFactorRequiredError` is
            raised if the server asks for a code. At HQ, a login lasts 30 minutes without a request
            and 10 hours in total by default; then another code is shown.
        open_browser : bool, optional
            At HQ, whether to open the page in a browser of this machine. By default, it is opened
            if there probably is one that you can see.
        show : callable, optional
            At HQ, a function that shows the `DeviceCode` in place of the client.

        Warns
        -----
        UserWarning
            If the password would be sent over plain http to another machine.

        Raises
        ------
        LoginFailedError
            If username, password or code is wrong, or the account is locked.
        TwoFactorRequiredError
            If the account uses two-factor login and you passed no code.
        TwoFactorSetupRequiredError
            If the server requires two-factor login and has just set it up for the account. In a
            notebook or a terminal, the QR code is shown at once; ``show_qr()`` of the error shows
            it again. The server sends it only once.
        CredentialsNotFoundError
            If no password is passed, and it is not in the keyring and cannot be prompted for.
        InvalidInputError
            If the function for the code returns something else.
        EndpointNotFoundError
            If there is no API at this address.

        Examples
        --------
        >>> client.authenticate("researcher", "password", "123456")
        >>> client.authenticate("researcher", "password", lambda: input("Code: "))
        """
        mfa_code = parse_code(mfa_code)
        if username is not None and password is None:
            from .core.connect import complete_login

            login, _ = complete_login(self._core, username, None, mfa_code)
        else:
            password = None if password is None else secret(password, "password")
            login = user_login(self._core.realm, username, password, mfa_code, show, open_browser)
        self._core.login(username or "", login, auto_relogin=auto_relogin)

    def initialize_service_account(
        self, client_secret: str, username: str | None = None, client_name: str | None = None
    ) -> None:
        """Set the account that ``authenticate_service_account`` logs in with (HQ 5.x).

        Parameters
        ----------
        client_secret : str
            The secret that ``user.create`` returned for the service account.
        username : str, optional
            Username of the service account.
        client_name : str, optional
            Name of its client in the realm; by default `username` and ``-user-client``.

        Raises
        ------
        ConfigurationError
            If there is neither `username` nor `client_name`, or the server has no realm.

        Examples
        --------
        >>> client.initialize_service_account(secret, "nightly")
        >>> client.authenticate_service_account()
        """
        self._core.state.service = service_account(
            self._core.realm, secret(client_secret, "client_secret"), username, client_name
        )

    def authenticate_service_account(self) -> None:
        """Log in as the account of ``initialize_service_account`` (HQ 5.x).

        The client logs in again by itself when the token expires.

        Raises
        ------
        ConfigurationError
            If ``initialize_service_account`` was not called.
        LoginFailedError
            If the realm refuses name and secret.

        Examples
        --------
        >>> client.authenticate_service_account()
        """
        login = self._core.state.service
        if login is None:
            raise ConfigurationError(
                "service account: expected one, got none. Call initialize_service_account() first."
            )
        self._core.login("", login, auto_relogin=True)

    def refresh_token(self) -> None:
        """Renew the token now. The client does this automatically when needed.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        LoginExpiredError
            If the login is too long ago: call ``authenticate`` again.

        Examples
        --------
        >>> client.refresh_token()
        """
        self._core.renew()

    def obtain_new_token(self) -> None:
        """Renew the token now, by the name of version 5; see ``refresh_token``.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        LoginExpiredError
            If the login is too long ago: call ``authenticate`` again.

        Examples
        --------
        >>> client.obtain_new_token()
        """
        self._core.renew()

    def obtain_new_token_interactive(self) -> None:
        """Renew the token of a person now; the same as ``obtain_new_token``.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        LoginExpiredError
            If the login is too long ago: call ``authenticate`` again.

        Examples
        --------
        >>> client.obtain_new_token_interactive()
        """
        self._core.renew()

    def log_out(self) -> None:
        """End the login at HQ 5.x for all programs that use it, and delete the saved login.

        Afterwards, the refresh token is worthless; HQ accepts the access token until it expires, 5
        minutes after it was issued by default.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        UnsupportedServerVersionError
            If the server is of generation 4.x, which cannot end a login.

        Examples
        --------
        >>> client.log_out()
        """
        self._core.end_login()
        self.saved_login.forget()
        self._core.forget_login()

    def setup_collaboration(self, collaboration_id: Ref) -> None:
        """Set the default collaboration for all methods that accept one.

        Parameters
        ----------
        collaboration_id : int, str or row
            Id, name or row of the collaboration.

        Raises
        ------
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If the id does not exist, or the name matches nothing that you may see or several.
        PermissionDeniedError
            If you may not see the collaboration.

        Examples
        --------
        >>> client.setup_collaboration("demo")
        >>> client.organization.list(field="name")
        [{'name': 'IKNL'},
         {'name': 'Maastro'},
         {'name': 'Radboudumc'}]
        """
        self._core.choose_collaboration(collaboration_id)

    def setup_session(self, session: Ref) -> None:
        """Set the default session of HQ 5.x, and with it the default collaboration.

        Parameters
        ----------
        session : int, str or row
            Id, name or row of the session.

        Raises
        ------
        UnsupportedServerVersionError
            If the server is one of generation 4.x.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If the id does not exist, or the name matches nothing that you may see or several.
        PermissionDeniedError
            If you may not see the session.

        Examples
        --------
        >>> client.setup_session("survival")
        >>> client.dataframe.list(fields=["name", "ready"])
        [{'name': 'patients', 'ready': True}]
        """
        self._core.choose_session(session)

    def setup_encryption(
        self,
        private_key_file: str | PathLike[str] | None,
        *,
        passphrase: str | bytes | None = None,
        replace: bool = False,
    ) -> None:
        """Set the private key of your organization, for encrypted collaborations.

        The client compares the public key on the server with the private key and replaces it only
        if you pass `replace`. If the server has no public key yet, the client uploads the one that
        belongs to the private key. Each client has its own key.

        Parameters
        ----------
        private_key_file : str, path or None
            PEM file with the private key, or the text of the key; None to remove the key from the
            client.
        passphrase : str or bytes, optional
            Passphrase of the file, if it has one.
        replace : bool
            Whether to store the public key of this private key on the server even if the server
            has a different one. Data encrypted for the old key can then be read only with its
            private key.

        Warns
        -----
        UserWarning
            If other users of this machine can read the file.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.
        MissingFileError, FileAccessError
            If the file does not exist, or cannot be read.
        InvalidKeyError
            If the file does not contain a private RSA key, or the passphrase is wrong.
        KeyMismatchError
            If the server has a different public key for your organization and you did not pass
            `replace`. The error has the fingerprints of both keys.
        PermissionDeniedError
            If the public key must be stored on the server and you may not do so.

        Examples
        --------
        >>> client.setup_encryption("private_key.pem")
        """
        passphrase = secret_bytes(passphrase)
        if private_key_file is not None:
            private_key_file = key_source(private_key_file, "private_key_file")
        self._core.use_key_file(private_key_file, passphrase, replace=replace)

    def find(self, kind: Kind, name: str, *, collaboration: Ref | None = None) -> AnyRow:
        """Return the row with a name, for scripts that determine the kind of row at run time.

        ``client.organization.find`` and the same method of other resources do the same, with the
        exact type of the row.

        Parameters
        ----------
        kind : str
            Kind of row: ``"organization"``, ``"collaboration"``, ``"study"``, ``"node"``,
            ``"role"``, ``"rule"``, ``"user"``, ``"task"`` or ``"store"``; in the chosen algorithm
            store ``"algorithm"``, ``"review"``, ``"store_user"``, ``"store_role"`` or
            ``"store_rule"``.
        name : str
            The name to find: first an exact match, then one that ignores case.
        collaboration : int, str or row, optional
            Collaboration to search; by default the one that ``setup_collaboration`` set, then
            everywhere.

        Returns
        -------
        dict
            The row.

        Raises
        ------
        InvalidInputError
            If there is no such kind.
        NameNotFoundError, AmbiguousNameError
            If no row that you may see has the name, or several have it.

        Examples
        --------
        >>> (client.find("organization", "IKNL"))["id"]
        1
        """
        within = self._core.within(collaboration)
        return self._core.find(check_kind(kind), name, within)

    # ---- waiting --------------------------------------------------------------------------------

    @overload
    def wait_for_results(
        self,
        task_id: Ref,
        interval: float = 1,
        *,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
        at_least: int | None = None,
        after: float = 0,
        notify: NotifyOption = None,
    ) -> ResultRows: ...
    @overload
    def wait_for_results(
        self,
        task_id: Iterable[Ref],
        interval: float = 1,
        *,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
        at_least: int | None = None,
        after: float = 0,
        notify: NotifyOption = None,
    ) -> list[ResultRows]: ...
    @explains_former("sleep")
    def wait_for_results(
        self,
        task_id: Ref | Iterable[Ref],
        interval: float = 1,
        *,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
        at_least: int | None = None,
        after: float = 0,
        notify: NotifyOption = None,
    ) -> ResultRows | list[ResultRows]:
        """Wait until one or more tasks have finished and return the results.

        With events from the server, the client notices the end as soon as the server has the last
        result. This requires the extra ``events`` and the permission to receive events of the
        collaboration, which researchers have. Without events, the client polls. A renewed token, a
        broken connection or a restarting server does not end the wait; only a server that sends no
        response for a quarter of an hour does, or `timeout`.

        During the wait, the server shows you as online to the collaboration.

        Parameters
        ----------
        task_id : int, str, row, or iterable of these
            Id, name or row of the task. Waiting for several tasks takes one connection and hardly
            more requests than one task does.
        interval : float
            Polling interval in seconds, used without events: the pause between two polls starts at
            a tenth of it and grows with the time waited, up to three times as much.
        timeout : float, optional
            Maximum seconds to wait; by default there is no limit.
        on_failure : {"raise", "return"}
            What to do when a run fails: raise an error at once, or wait for the other runs and
            return the available results. With several tasks, the error is raised once all of them
            have ended, and has the results of the others; a task that is gone has no rows.
        progress : bool or callable, optional
            How to show the progress of the runs at the organizations, including those of subtasks.
            By default, a terminal shows a live display (extra ``rich``), a notebook a table, and
            elsewhere the client logs a line for each change. False shows nothing; True writes such
            lines to standard error where no display is possible. A function is called with a
            `Progress` at each change instead of showing anything.
        logs : bool
            Whether to print the log lines of the algorithms as they arrive, each preceded by the
            name of its organization.
        at_least : int, optional
            Number of results of each task that suffice. Failed runs do not count, and raise no
            error unless this number can no longer be reached. By default, all runs must have ended.
        after : float
            Seconds to wait for all runs in any case, before `at_least` results suffice.
        notify : callable or "desktop", optional
            How to tell you that a task has ended, or that `timeout` has passed: a function, which
            is called with a `Finished`, or a notification of the desktop (``notify-send`` on Linux,
            ``osascript`` on macOS).

        Returns
        -------
        ResultRows, or list of these
            A row for each run, in the order of the requested organizations, as
            ``client.result.from_task`` returns them; `missing` of the rows names the organizations
            without a result, and why. For several tasks, a list of these in the order of the tasks.

        Raises
        ------
        InvalidInputError
            If you pass no task, an argument is invalid, or `at_least` is above the number of runs.
        TaskFailedError
            If a run failed, crashed, was killed or was not allowed, or too many of them for
            `at_least`. The error shows each run's
            organization, status and last log lines, and has the available results. With several
            tasks, it also stands for a task that was deleted, does not exist or cannot be read; its
            `finished` has all tasks.
        WaitTimeoutError
            If the timeout passes. The task continues; wait again, or kill it. The error names the
            organizations whose results are missing, and why; its `results` has the others.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If the task does not exist, or its name matches nothing that you may see or several.
        DecryptionError
            If results cannot be read.

        Examples
        --------
        >>> results = client.wait_for_results("average age", timeout=600)
        >>> results.outputs
        [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
        """
        from .tasks.wait import wait_for  # not at the top: slow to load, and not always needed

        refs = as_list(task_id)
        options = (interval, timeout, on_failure, progress, logs, at_least, after, notify)
        found = wait_for(self._core, refs, *options)
        return found if is_collection(task_id) else found[0]

    wait_for_result = wait_for_results

    def as_completed(
        self,
        tasks: Iterable[Ref],
        interval: float = 1,
        *,
        timeout: float | None = None,
        progress: ProgressOption = None,
        at_least: int | None = None,
        after: float = 0,
        notify: NotifyOption = None,
    ) -> Iterator[Finished]:
        """Yield tasks with their results as they end, the first to end first.

        Parameters
        ----------
        tasks : iterable of int, str or row
            Ids, names or rows of the tasks.
        interval : float
            Polling interval in seconds, as for ``wait_for_results``.
        timeout : float, optional
            Maximum seconds to wait for the last task; by default there is no limit.
        progress : bool or callable, optional
            How to show the progress, as for ``wait_for_results``. In a terminal, the display is
            removed while your code handles a task.
        at_least : int, optional
            Number of results of each task that suffice, as for ``wait_for_results``.
        after : float
            Seconds before `at_least` results suffice.
        notify : callable or "desktop", optional
            How to tell you of each task that has ended, as for ``wait_for_results``.

        Yields
        ------
        Finished
            A task that has ended with all its runs, or has enough results. If it failed, was
            deleted or does not exist, or some of its results cannot be read, it has an `error`;
            none is raised for it.

        Raises
        ------
        InvalidInputError
            If you pass no task, or an argument is invalid.
        WaitTimeoutError
            If the timeout passes. The error names the organizations whose results are missing.
        NameNotFoundError, AmbiguousNameError
            If a name matches nothing that you may see, or several tasks.
        NotFoundError
            If you pass one task that does not exist.

        Examples
        --------
        >>> for done in client.as_completed(["average age", "average of nothing"]):
        ...     print(done.task_id, done.status)
        1 completed
        ... crashed
        """
        from .tasks.wait import iterate_completed

        check_times(interval, timeout)
        check_display_options("return", progress)
        enough = enough_of(at_least, after)
        options = (interval, timeout, progress, enough, notify)
        return iterate_completed(self._core, as_list(tasks), *options)

    def events(
        self,
        collaboration: Ref | None = None,
        task: Ref | None = None,
        kind: EventKind | Sequence[EventKind] | None = None,
        *,
        timeout: float | None = None,
    ) -> Iterator[Event]:
        """Yield the server's events as they happen, without end.

        If the connection breaks, the client reconnects and yields a `Reconnected`; events from the
        meantime are lost. While the client listens, the server shows you as online to the
        collaboration.

        Parameters
        ----------
        collaboration : int, str or row, optional
            Yield only events of this collaboration; by default of the one that
            ``setup_collaboration`` set, if any.
        task : int, str or row, optional
            Yield only events of this task and its subtasks.
        kind : str or sequence of str, optional
            Yield only events of these kinds: ``"task_created"``, ``"run_status"``,
            ``"run_updated"``, ``"log"``, ``"node_online"``, ``"node_offline"``, ``"kill"``,
            ``"reconnected"``.
        timeout : float, optional
            Seconds after which the iteration ends; by default it does not end.

        Yields
        ------
        Event
            One of `TaskCreated`, `RunStatusChanged`, `RunUpdated`, `LogWritten`, `NodeOnline`,
            `NodeOffline`, `KillRequested` and `Reconnected`.

        Raises
        ------
        EventsUnavailableError
            If you lack the permission to receive a collaboration's events, or something between
            client and server blocks the connection.
        MissingDependencyError
            If the extra ``events`` is not installed.
        InvalidInputError
            If there is no such kind, or the timeout is not a number of seconds.

        Examples
        --------
        >>> for event in client.events(kind=["run_status"], timeout=60):
        ...     print("run", event.run_id, event.status)
        ...     if event.status == "completed":
        ...         break
        run ... completed
        """
        from .._events.filters import EventFilter
        from .tasks.events import listen

        check_timeout(timeout)
        return listen(self._core, EventFilter(kind), collaboration, task, timeout)

    def wait_for_task_completion(
        self,
        request_func: Callable[[str], Any],
        task_id: Ref,
        interval: float = 1,
        log_animation: bool = True,
        *,
        timeout: float | None = None,
    ) -> str:
        """Wait until a task has finished, successfully or not, without fetching its results.

        Parameters
        ----------
        request_func : callable
            Function that sends the requests: ``client.request``, or one that accepts a path and
            returns the response in the same form.
        task_id : int, str or row
            Id, name or row of the task.
        interval : float
            Polling interval in seconds, as for ``wait_for_results``.
        log_animation : bool
            Whether to log the status only when it changes; False logs each poll.
        timeout : float, optional
            Maximum seconds to wait; by default there is no limit.

        Returns
        -------
        str
            The final status of the task, such as ``"completed"`` or ``"crashed"``.

        Raises
        ------
        InvalidInputError
            If `interval` or `timeout` is invalid.
        WaitTimeoutError
            If the timeout passes. The task continues.
        NotFoundError, NameNotFoundError, AmbiguousNameError
            If the task does not exist, or its name matches nothing that you may see or several.

        Examples
        --------
        >>> task = client.task.get("average age")
        >>> client.wait_for_task_completion(client.request, task["id"], timeout=600)
        'completed'
        """
        check_times(interval, timeout)
        task_id = self._core.id_of("task", task_id)
        began, logged = monotonic(), None
        while True:
            status = self._status(task_id, request_func)
            if status != logged or not log_animation:
                LOGGER.info("Task %s is %s after %.0f s", task_id, status, monotonic() - began)
                logged = status
            if has_finished(status):
                return status
            self._sleep(task_id, status, monotonic() - began, interval, timeout)

    def _status(self, task_id: int, request: Callable[[str], Any]) -> str:
        first, second = self._core.backend.status_paths(task_id)
        try:
            return (request(first))["status"]
        except EndpointNotFoundError:
            return (request(second))["status"]

    def _sleep(
        self, task_id: int, status: str, waited: float, interval: float, timeout: float | None
    ) -> None:
        left = inf if timeout is None else timeout - waited
        if left <= 0:
            raise WaitTimeoutError(
                f"task {task_id}: expected to end within {timeout} s, got status {status!r}. "
                "The task continues.",
                task_id=task_id,
                status=status,
            )
        time.sleep(min(left, POLL.after(waited, interval)))

    # ---- the API beyond the resources -----------------------------------------------------------

    @positions_of_5(
        "endpoint",
        "json",
        "method",
        "params",
        "headers",
        "first_try",
        "retry",
        "attempts_on_timeout",
        "is_for_algorithm_store",
        "silent_on_connection_error",
    )
    def request(
        self,
        endpoint: str,
        json: object = None,
        method: str = "get",
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        first_try: bool = True,
        retry: bool = True,
        attempts_on_timeout: int | None = None,
        is_for_algorithm_store: bool = False,
        *,
        silent_on_connection_error: bool = False,
    ) -> Any:
        """Send any request to the API.

        Parameters
        ----------
        endpoint : str
            Path relative to the API, such as ``"task/12"``.
        json : object, optional
            Body of the request, sent as JSON.
        method : str
            HTTP method.
        params : dict, optional
            Query parameters; those that are None are not sent.
        headers : dict, optional
            Additional headers.
        first_try, retry : bool
            Whether to renew the token and send the request again if the server reports that the
            token has expired; if either is False, an error is raised instead.
        attempts_on_timeout : int, optional
            Maximum number of retries if no connection can be established; the default is three.
        is_for_algorithm_store : bool
            Whether to send the request to the algorithm store that ``client.store.set`` chose
            instead of the server.
        silent_on_connection_error : bool
            Accepted for scripts of version 5; a connection error is always raised and never logged.

        Returns
        -------
        object
            The decoded body of the response.

        Raises
        ------
        StatusError
            If the server returns an error status; the subclasses indicate the reason.
        ConnectionFailedError
            If the server cannot be reached.
        InvalidInputError
            If an argument has the wrong type or cannot be sent.
        ConfigurationError
            If the request is for an algorithm store and none has been chosen.

        Examples
        --------
        >>> client.request("version")
        {'version': '4.15.2'}
        """
        json, headers, params = conceal(json), conceal(headers), conceal(params)
        check_arguments(endpoint, method, params, headers)
        call = custom_call(method, endpoint, params, json)
        options = SendOptions(
            may_renew=first_try and retry, max_retries=attempts_on_timeout, headers=headers or {}
        )
        connection = self._core.store if is_for_algorithm_store else self._core
        return connection.send(call, options)

    def check_if_blob_store_enabled(self) -> bool:
        """Return whether the server stores large inputs and results outside its database.

        Returns
        -------
        bool
            Always False for servers before 4.13, which have no blob store.

        Raises
        ------
        NotAuthenticatedError
            If the client is not logged in.

        Examples
        --------
        >>> client.check_if_blob_store_enabled()
        False
        """
        return self._core.blobs.is_there(again=True)

    @property
    def api(self) -> ServerBindings:
        """The generated bindings, with this client's connections and login.

        Pass it to any endpoint function below ``vantage6.bindings.server.api``, at HQ below
        ``vantage6.bindings.hq.api``.
        """
        bindings = self._core.backend.bindings.Client(base_url=self.base_path)
        return bindings.set_httpx_client(self._core.http)

    def generate_path_to(self, endpoint: str, is_for_algorithm_store: bool = False) -> str:
        """Return the full address of an endpoint.

        Parameters
        ----------
        endpoint : str
            Path relative to the API, such as ``"task/12"``.
        is_for_algorithm_store : bool
            Whether the endpoint belongs to the algorithm store instead of the server.

        Returns
        -------
        str
            The address.

        Raises
        ------
        ConfigurationError
            If the endpoint is for an algorithm store and none has been chosen.

        Examples
        --------
        >>> client.generate_path_to("task/12")
        'http...://.../api/task/12'
        """
        if not isinstance(endpoint, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidInputError(f"endpoint: expected a str, got {type(endpoint).__name__}")
        base = self._core.store.url if is_for_algorithm_store else self.base_path
        return f"{base}/{endpoint.lstrip('/')}"

    # ---- state ----------------------------------------------------------------------------------

    @property
    def log(self) -> Logger:
        """The logger of this package, ``vantage6.client``."""
        return LOGGER

    @property
    def cryptor(self) -> Cryptor:
        """Encrypts and decrypts single messages, with the key of ``setup_encryption``.

        ``decrypt(text)`` and ``encrypt_bytes_to_str(data, public_key)`` are for values that are
        read or sent with ``request``. Without a key, they decode and encode base64.
        """
        from .._encryption.cryptor import Cryptor

        return Cryptor(self._core.private_key)

    @property
    def whoami(self) -> WhoAmI:
        """The logged-in user: `id_`, `name`, `organization_id` and `organization_name`."""
        return self._core.whoami

    @property
    def name(self) -> str:
        """First name of the logged-in user."""
        return self._core.whoami.name

    @property
    def login_source(self) -> str | None:
        """Where the login is from, such as a saved login or a variable; None without a login."""
        return self._core.state.login_source

    @property
    def collaboration_id(self) -> int | None:
        """Id of the collaboration that ``setup_collaboration`` set."""
        return self._core.collaboration_id

    @property
    def token(self) -> str | None:
        """The current access token of the login; it changes when it is renewed."""
        tokens = self._core.auth.tokens
        return tokens.access if tokens else None

    @property
    def headers(self) -> dict[str, str]:
        """The authorization headers of a request; empty before the login."""
        return bearer_header(self.token) if self.token else {}

    @property
    def hq_url(self) -> str:
        """The full address of the API of HQ, by the name of version 5."""
        return self._core.address.url

    @property
    def auth_url(self) -> str | None:
        """Address of the Keycloak where users log in; None on servers 4.x."""
        return self._core.realm.url if self._core.realm else None

    @property
    def host(self) -> str:
        """Scheme and host name of the server."""
        return self._core.address.host

    @property
    def port(self) -> int | None:
        """Port of the server; None for the default port of the scheme."""
        return self._core.address.port

    @property
    def path(self) -> str:
        """Path of the API on the server."""
        return self._core.address.path

    @property
    def base_path(self) -> str:
        """The full address of the API."""
        return self._core.address.url


def _storable(verify: Verify, name: str) -> bool | Path:
    """Return certificates to trust as a profile stores them."""
    if isinstance(verify, bool):
        return verify
    if not isinstance(verify, str | PathLike):
        raise ConfigurationError(
            f"{name}: expected True, False or a file, got an SSLContext, which a profile cannot "
            "store. Pass a file."
        )
    return Path(verify).absolute()
