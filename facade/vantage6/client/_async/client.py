"""The client: one object for one login on one server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from math import inf
from os import PathLike
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, overload

from vantage6.bindings.secret import conceal

from .._auth.credentials import parse_code, parse_password
from .._auth.password import Account
from .._auth.remember import SavedLogin
from .._config.options import mask_options, show_log
from .._encryption.trust import Trust, trust_mode
from .._http.address import Address
from .._http.context import SendOptions
from .._http.limits import Limits
from .._http.request import bearer_header, check_arguments, custom_call
from .._http.route import Route
from .._http.secrets import mask_route, secret, secret_bytes
from .._http.timeouts import Timeouts
from .._rows.names import check_kind
from .._utils.backoff import POLL
from .._utils.logging import LOGGER
from .._waiting.failure import wait_timeout_error
from .._waiting.polling import as_list, check_timeout, check_times, is_list
from .._waiting.statuses import has_finished
from ..errors import ConfigurationError, EndpointNotFoundError
from .core.core import Core
from .resources.algorithm import Algorithms
from .resources.collaboration import Collaborations
from .resources.node import Nodes
from .resources.organization import Organizations
from .resources.result import Results
from .resources.role import Roles
from .resources.rule import Rules
from .resources.run import Runs
from .resources.store import AlgorithmStores
from .resources.study import Studies
from .resources.task import Tasks
from .resources.user import Users
from .resources.util import Utilities

if TYPE_CHECKING:
    from typing_extensions import Never, Self, Unpack

    from vantage6.bindings.server import Client as ServerBindings

    from .._auth.credentials import AsyncMfaCode, AsyncPassword
    from .._auth.identity import WhoAmI
    from .._config.options import ConnectOptions
    from .._config.plan import ConnectionPlan, Stored
    from .._display.views import ProgressOption
    from .._encryption.trust import TrustMode
    from .._events.types import Event, EventKind
    from .._http.route import Cert, Verify
    from .._rows.names import AnyRow, Kind
    from .._rows.references import Ref
    from .._rows.results import ResultRows
    from .._waiting.finished import Finished
    from .._waiting.polling import OnFailure


class AsyncClient:
    """A vantage6 server, seen by one user.

    Make one, then call ``authenticate``; or let ``from_env``, ``from_profile`` or
    ``from_saved_login`` do both. It keeps its connections open: ``close`` it at the end, or
    let ``async with`` do that.

    Parameters
    ----------
    host : str
        The server's address, such as ``"https://server.example/api"``: its scheme and name, and
        perhaps the port and the path of the API.
    port : int, str or None
        Its port; None for that of `host`, or else the scheme's own.
    path : str or None
        Path of the API on the server; None for that of `host`, or else ``"/api"``.
    log_level : str or None
        From which level on the client's messages are shown: ``"debug"``, ``"info"``,
        ``"warning"``, ``"error"`` or ``"critical"``. Only its own logger ``vantage6.client`` is
        touched, and with None not even that.
    timeout : float or Timeouts, optional
        Seconds that a call may take, with all its attempts; `Timeouts` sets its parts one by one.
        By default 10 to connect, 60 without a byte, and 300 in all.
    max_retries : int
        How many further attempts to make where nothing can happen twice by it.
    max_response_bytes : int
        How many bytes an answer may have at most, unpacked; by default 1 GiB. What comes from a
        blob store may be of any size.
    verify : bool, path or SSLContext
        Whose certificates to trust: those that are commonly trusted, those in this file or folder,
        or (False) anyone's, which is not safe. A context of your own decides all by itself.
    cert : path, tuple of path and path, or of path, path and str, optional
        The certificate to show to a server, or proxy before it, that wants one: a PEM file with
        certificate and key, or the file of each, or these and the passphrase of the key.
    proxy : str, False or None
        Address of the proxy to go through, such as ``"http://proxy.example:3128"`` or, with the
        extra ``socks``, ``"socks5://proxy.example:1080"``. None takes that of the environment
        (``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY``, unless ``NO_PROXY`` names the server or it
        is this machine), False none.
    trust : str
        How far to go by what the server says of others' public keys, and of which collaborations
        are encrypted: ``"first-use"`` believes and remembers what it says first, ``"strict"`` wants
        it accepted, ``"off"`` believes all.
    known_organizations : str or path, optional
        The file that remembers it; by default the one that the environment variable
        ``VANTAGE6_KNOWN_ORGANIZATIONS`` names, or else one of the user's data files.

    Attributes
    ----------
    organization : Organizations
        The organizations that take part.
    collaboration : Collaborations
        Their collaborations.
    study : Studies
        Subsets of a collaboration's organizations.
    node : Nodes
        The machines that run tasks.
    task : Tasks
        The tasks: list, create and kill them.
    run : Runs
        Their runs at the organizations, with status and log.
    result : Results
        What the runs gave back.
    user : Users
        The people with an account.
    role : Roles
        Named sets of rules.
    rule : Rules
        The permissions there are.
    store : AlgorithmStores
        The algorithm stores, and what is in the chosen one.
    algorithm : Algorithms
        The algorithms of the chosen store.
    util : Utilities
        The server itself.
    session : SavedLogin
        The login, as it can be kept for the next time.

    Raises
    ------
    ConfigurationError
        When an argument cannot work.

    Examples
    --------
    >>> from vantage6.client import AsyncClient
    >>> client = AsyncClient("https://server.example", 443, "/api")
    >>> await client.authenticate("researcher", "password")
    >>> [organization["name"] for organization in await client.organization.list()]
    ['IKNL', 'Maastro', 'Radboudumc']
    """

    def __init__(
        self,
        host: str,
        port: int | str | None = None,
        path: str | None = None,
        log_level: str | None = "info",
        *,
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
        address = Address.parse(host, port, path)
        file = Path(known_organizations) if known_organizations else None
        trusting = Trust(address.url, trust_mode(trust), file)
        show_log(log_level)
        limits = Limits(Timeouts.of(timeout), max_retries, max_response_bytes)
        self._bind(Core(address, Route(verify, cert, proxy), limits, trusting))

    def _bind(self, core: Core) -> None:
        """Show what a session can do."""
        self._core = core
        self.organization = Organizations(core)
        self.collaboration = Collaborations(core)
        self.study = Studies(core)
        self.node = Nodes(core)
        self.task = Tasks(core)
        self.run = Runs(core)
        self.result = Results(core)
        self.user = Users(core)
        self.role = Roles(core)
        self.rule = Rules(core)
        self.store = AlgorithmStores(core)
        self.algorithm = Algorithms(core)
        self.util = Utilities(core)
        self.saved_login = SavedLogin(core)

    def __repr__(self) -> str:
        if not hasattr(self, "_core"):  # a debugger looks at it before it is made
            return f"<{type(self).__name__}>"
        who = f" as {self.name!r}" if hasattr(self, "name") else ""
        return f"<{type(self).__name__} of {self.base_path}{who}>"

    def __reduce__(self) -> Never:
        raise TypeError(
            "a client cannot be copied or pickled, it holds connections and a login: make one in "
            "each process, as with from_saved_login(); with_options() gives one with other limits"
        )

    # ---- ways to connect ------------------------------------------------------------------------

    @classmethod
    async def from_env(
        cls,
        *,
        password: AsyncPassword | None = None,
        mfa_code: AsyncMfaCode | None = None,
        save: bool | None = None,
        auto_relogin: bool = False,
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Connect and log in by what the environment says.

        It has ``VANTAGE6_SERVER``, the whole address of the API, and ``VANTAGE6_USERNAME``. Further
        variables are ``VANTAGE6_PASSWORD``, ``VANTAGE6_MFA_CODE``, ``VANTAGE6_COLLABORATION``,
        ``VANTAGE6_PRIVATE_KEY`` and ``VANTAGE6_PRIVATE_KEY_PASSPHRASE``, ``VANTAGE6_CA`` (a file of
        certificates to trust) and ``VANTAGE6_PROFILE``, which fills in what is not there.

        Parameters
        ----------
        password : str or callable, optional
            The password, or a function without parameters that supplies it; an asynchronous client
            also awaits what it gives. By default it is looked for: in the environment, in the
            system's keyring (extra ``keyring``), and in a terminal or notebook it is asked for.
            Without a password in the environment, a saved login comes first.
        mfa_code : str, int or callable, optional
            The current code of the authenticator app, as for ``authenticate``. In a terminal or
            notebook it is asked for when the server wants one.
        save : bool, optional
            Whether to save the session for the next time. By default one that was saved goes on
            being saved.
        auto_relogin : bool
            Whether to log in again when the login has lapsed, as for ``authenticate``. The password
            stays in memory, and is looked for at once even where a saved login goes on.
        options : object
            `server`, `username`, `collaboration`, `private_key` and `private_key_passphrase`, which
            win over the environment; and what the client itself takes by name, such as `timeout`.

        Returns
        -------
        AsyncClient
            A client that is logged in, its collaboration and its key set up if they are named.

        Raises
        ------
        ConfigurationError
            When something is missing (the error names all that is), contradicts or cannot work.
        LoginFailedError
            When username, password or code is wrong, or the account is locked.
        TwoFactorRequiredError
            When the account has two-factor login, and there is no code.
        Vantage6Error
            Whatever else ``authenticate``, ``setup_collaboration`` and ``setup_encryption`` raise.

        Examples
        --------
        >>> from vantage6.client import AsyncClient
        >>> client = await AsyncClient.from_env(collaboration="demo", timeout=20)
        >>> client.whoami.organization_name
        'IKNL'
        """
        password, mfa_code = parse_password(password), parse_code(mfa_code)
        options = mask_options(options)
        from .._config.plan import plan_from_env

        return await cls._connected(
            *plan_from_env(options, password, mfa_code, save), auto_relogin=auto_relogin
        )

    @classmethod
    async def from_profile(
        cls,
        name: str | None = None,
        *,
        password: AsyncPassword | None = None,
        mfa_code: AsyncMfaCode | None = None,
        save: bool | None = None,
        auto_relogin: bool = False,
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Connect and log in by a profile: a section of the file ``vantage6/profiles.ini``.

        The file is in the folder of your configuration files, ``~/.config`` on Linux, or where
        ``VANTAGE6_PROFILES`` says. A profile has `server`, `username`, `collaboration`,
        `private_key`, `verify`, `cert`, `proxy` and `save`, all of them optional, and never a
        password. The environment wins over it, as in ``from_env``.

        Parameters
        ----------
        name : str, optional
            What the profile is called; by default what ``VANTAGE6_PROFILE`` says, or else the only
            profile, or that called ``default``.
        password : str or callable, optional
            The password, or a function that supplies it, as for ``from_env``.
        mfa_code : str, int or callable, optional
            The current code of the authenticator app, as for ``from_env``.
        save : bool, optional
            Whether to save the session for the next time; by default what the profile says.
        auto_relogin : bool
            Whether to log in again when the login has lapsed, as for ``from_env``.
        options : object
            What wins over profile and environment, and what the client takes, as for ``from_env``.

        Returns
        -------
        AsyncClient
            A client that is logged in, its collaboration and its key set up if they are named.

        Raises
        ------
        ConfigurationError
            When there is no such profile, or the file holds what does not belong there; when
            something is missing (the error names all that is), contradicts or cannot work.
        LoginFailedError
            When username, password or code is wrong, or the account is locked.
        TwoFactorRequiredError
            When the account has two-factor login, and there is no code.
        Vantage6Error
            Whatever else ``authenticate``, ``setup_collaboration`` and ``setup_encryption`` raise.

        Examples
        --------
        >>> from vantage6.client import AsyncClient
        >>> client = await AsyncClient.from_profile("demo")
        >>> client.whoami.organization_name
        'IKNL'
        """
        password, mfa_code = parse_password(password), parse_code(mfa_code)
        options = mask_options(options)
        from .._config.plan import plan_from_profile

        return await cls._connected(
            *plan_from_profile(name, options, password, mfa_code, save), auto_relogin=auto_relogin
        )

    @classmethod
    async def from_saved_login(
        cls,
        path: str | PathLike[str] | None = None,
        *,
        password: AsyncPassword | None = None,
        mfa_code: AsyncMfaCode | None = None,
        save: bool | None = None,
        auto_relogin: bool = False,
        **options: Unpack[ConnectOptions],
    ) -> Self:
        """Go on with a login that ``client.saved_login.save()`` has kept.

        When the server does not take it any more, this is a new login: of the same user, with a
        password from where ``from_env`` looks for one.

        Parameters
        ----------
        path : str or path, optional
            The file; by default the only one that is saved, of the `server` and the `username`
            where these are given.
        password : str or callable, optional
            The password for a new login, or a function that supplies it.
        mfa_code : str, int or callable, optional
            The code for a new login, as for ``from_env``.
        save : bool, optional
            False not to write renewed tokens to the file.
        auto_relogin : bool
            Whether to log in again when the login has lapsed, as for ``from_env``.
        options : object
            What wins over the environment, and what the client takes, as for ``from_env``.

        Returns
        -------
        AsyncClient
            A client that is logged in, its collaboration and its key set up if they are named.

        Raises
        ------
        ConfigurationError
            When there is no such session, it is of another server or user than is given, or a new
            login needs a password that is not to be found.
        LoginFailedError
            When a new login is needed and username, password or code is wrong, or the account is
            locked.
        Vantage6Error
            Whatever else ``authenticate``, ``setup_collaboration`` and ``setup_encryption`` raise.

        Examples
        --------
        >>> from vantage6.client import AsyncClient
        >>> file = client.saved_login.save()
        >>> other = await AsyncClient.from_saved_login(file)
        >>> other.whoami == client.whoami
        True
        """
        password, mfa_code = parse_password(password), parse_code(mfa_code)
        options = mask_options(options)
        from .._config.plan import plan_from_saved_login

        file = Path(path) if path else None
        return await cls._connected(
            *plan_from_saved_login(file, options, password, mfa_code, save),
            auto_relogin=auto_relogin,
        )

    @classmethod
    async def _connected(
        cls, address: Address, plan: ConnectionPlan, stored: Stored | None, *, auto_relogin: bool
    ) -> Self:
        from .core.connect import connect

        client = cls(address.host, address.port, address.path, **plan.options)
        try:
            await connect(client._core, plan, stored, auto_relogin=auto_relogin)
        except BaseException:
            await client.close()
            raise
        return client

    def save_profile(self, name: str) -> Path:
        """Write down what this client is connected with, for ``from_profile``.

        That is the server's address, the username, the collaboration and the private key's file
        that are set up, whose certificates are trusted, which one is shown, the proxy, and whether
        the session is saved; never a password. A profile of the same name is replaced.

        Parameters
        ----------
        name : str
            What the profile is to be called.

        Returns
        -------
        Path
            The profile file.

        Raises
        ------
        ConfigurationError
            When the profile file cannot be written, or does not allow such a name or value: the
            address of a proxy with a login, for instance.

        Examples
        --------
        >>> client.save_profile("work").name
        'profiles.ini'
        """
        from .._config.profiles import Profile, save_profile

        core = self._core
        if not self.path:
            raise ConfigurationError(
                f"a profile cannot say that the API is at the root of {self.base_path}: without a "
                "path, /api is meant"
            )
        key, verify = core.state.private_key_file, core.http.pools.route.verify
        if not isinstance(verify, bool | str | PathLike):
            raise ConfigurationError("a profile cannot hold an SSLContext: give verify a file")
        route = core.http.pools.route
        if isinstance(route.cert, tuple):
            raise ConfigurationError(
                "a profile can hold the certificate to show as one file, which has its key too: "
                "give cert such a file"
            )
        return save_profile(
            Profile(
                name=name,
                server=self.base_path,
                username=core.state.username,
                collaboration=core.state.collaboration_name,
                private_key=key and key.absolute(),
                verify=verify if isinstance(verify, bool) else Path(verify).absolute(),
                cert=None if route.cert is None else Path(route.cert).absolute(),
                proxy=route.proxy,
                save=bool(core.state.saved_login_file) or None,
            )
        )

    # ---- connection and login -------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; the client cannot be used any more.

        Whoever waits with it or listens to its events, in another thread or task, gets
        `ClientClosedError`. What ``with_options`` gave is closed with the client that it came from,
        and not before.

        Examples
        --------
        >>> await client.close()
        """
        await self._core.close()

    def with_options(
        self,
        *,
        timeout: float | Timeouts | None = None,
        max_retries: int | None = None,
        max_response_bytes: int | None = None,
    ) -> Self:
        """Give this same client with other limits, for one call or several.

        It has the same connections, login, collaboration, key and algorithm store: what is changed
        there is changed here. It takes no time to make, and need not be closed.

        Parameters
        ----------
        timeout : float or Timeouts, optional
            Seconds that a call may take, as for the client; by default as it is here.
        max_retries : int, optional
            How many further attempts to make; by default as it is here.
        max_response_bytes : int, optional
            How many bytes an answer may have; by default as it is here.

        Returns
        -------
        AsyncClient
            The client.

        Raises
        ------
        ConfigurationError
            When a limit makes no sense.

        Examples
        --------
        >>> quick = client.with_options(timeout=10, max_retries=0)
        """
        view = object.__new__(type(self))
        vars(view).update(vars(self))
        limits = self._core.http.limits.but(timeout, max_retries, max_response_bytes)
        view._bind(self._core.limited(limits))
        return view

    async def authenticate(
        self,
        username: str,
        password: str,
        mfa_code: AsyncMfaCode | None = None,
        *,
        auto_relogin: bool = False,
    ) -> None:
        """Log in. From here on the token is renewed as needed.

        A client that is logged in already goes on as the new user, without the private key if that
        one is of another organization. A login that fails leaves all as it was.

        Parameters
        ----------
        username, password : str
            The account.
        mfa_code : str, int or callable, optional
            The current code of the authenticator app, if the account has two-factor login. A
            function without parameters is called if the server asks for a code, and not before; an
            asynchronous client also awaits what it gives.
        auto_relogin : bool
            Whether to log in again when the login has lapsed, which it does when the client was not
            used for a while (48 hours by default). The password then stays in memory. A function
            for `mfa_code` is called again; without one, `TwoFactorRequiredError` is raised where
            the server asks for a code.

        Warns
        -----
        UserWarning
            When the password is about to travel over plain http to another machine.

        Raises
        ------
        LoginFailedError
            When username, password or code is wrong, or the account is locked.
        TwoFactorRequiredError
            When the account has two-factor login, and no code was given.
        TwoFactorSetupRequiredError
            When the server demands two-factor login, and has set it up for the account just now.
            In a notebook or a terminal its QR code is shown at once; ``show_qr()`` of the error
            shows it again. The server tells it this once.
        InvalidInputError
            When the function for the code supplies something else.
        EndpointNotFoundError
            When there is no API at this address.

        Examples
        --------
        >>> await client.authenticate("researcher", "password", "123456")
        >>> await client.authenticate("researcher", "password", lambda: input("Code: "))
        """
        password, mfa_code = secret(password, "password"), parse_code(mfa_code)
        account = Account(username, password, mfa_code)
        await self._core.login(account, auto_relogin=auto_relogin)

    async def refresh_token(self) -> None:
        """Renew the token now. The client does so by itself, whenever that is needed.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.
        LoginExpiredError
            When the login is too long ago: call ``authenticate`` again.

        Examples
        --------
        >>> await client.refresh_token()
        """
        await self._core.renew()

    async def setup_collaboration(self, collaboration_id: Ref) -> None:
        """Choose the collaboration for all methods that are not given one.

        Parameters
        ----------
        collaboration_id : int, str or row
            The collaboration: its id, name or row.

        Raises
        ------
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is none with this identifier.
        PermissionDeniedError
            When you may not see it.

        Examples
        --------
        >>> await client.setup_collaboration("demo")
        >>> await client.organization.list(field="name")
        [{'name': 'IKNL'},
         {'name': 'Maastro'},
         {'name': 'Radboudumc'}]
        """
        await self._core.choose_collaboration(collaboration_id)

    async def setup_encryption(
        self,
        private_key_file: str | PathLike[str] | None,
        *,
        passphrase: str | bytes | None = None,
        replace: bool = False,
    ) -> None:
        """Give the private key of your organization, for encrypted collaborations.

        The public key on the server is compared with it, and not replaced unless you say so. Where
        the server has none yet, that of this private key is stored there. Each client has a key of
        its own.

        Parameters
        ----------
        private_key_file : str, path or None
            The file with the key, in PEM form; None to forget the key.
        passphrase : str or bytes, optional
            The passphrase of the file, if it has one.
        replace : bool
            Whether to store the public key of this private key on the server even if there is
            another one. What is encrypted for that one is then out of reach for all who lack its
            private key.

        Warns
        -----
        UserWarning
            When others on this machine may read the file.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.
        FileNotFoundError
            When there is no such file.
        InvalidKeyError
            When it does not hold a private RSA key, or the passphrase is wrong.
        KeyMismatchError
            When the server has another public key for your organization, and `replace` is not
            given. The error has the fingerprints of both.
        PermissionDeniedError
            When the public key is to be stored on the server, and you may not do that.

        Examples
        --------
        >>> await client.setup_encryption("private_key.pem")
        """
        passphrase = secret_bytes(passphrase)
        file = None if private_key_file is None else Path(private_key_file)
        await self._core.use_key_file(file, passphrase, replace=replace)

    async def find(self, kind: Kind, name: str, *, collaboration: Ref | None = None) -> AnyRow:
        """Look up what has a name, for scripts that are told at run time what to look for.

        ``client.organization.find`` and its like do the same and know the fields of the row.

        Parameters
        ----------
        kind : str
            What it is: ``"organization"``, ``"collaboration"``, ``"study"``, ``"node"``,
            ``"role"``, ``"rule"``, ``"user"``, ``"task"`` or ``"store"``; of the chosen algorithm
            store ``"algorithm"``, ``"review"``, ``"store_user"``, ``"store_role"`` or
            ``"store_rule"``.
        name : str
            Its name. It is compared exactly first, then without regard to case.
        collaboration : int, str or row, optional
            Where to look; by default in the collaboration that ``setup_collaboration`` chose, then
            everywhere.

        Returns
        -------
        dict
            The row.

        Raises
        ------
        InvalidInputError
            When there is no such kind.
        NameNotFoundError
            When none is called that, as far as you may see.
        AmbiguousNameError
            When several are.

        Examples
        --------
        >>> (await client.find("organization", "IKNL"))["id"]
        1
        """
        within = await self._core.within(collaboration)
        return await self._core.find(check_kind(kind), name, within)

    # ---- waiting --------------------------------------------------------------------------------

    @overload
    async def wait_for_results(
        self,
        task_id: Ref,
        interval: float = 1,
        *,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
    ) -> ResultRows: ...
    @overload
    async def wait_for_results(
        self,
        task_id: Iterable[Ref],
        interval: float = 1,
        *,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
    ) -> list[ResultRows]: ...
    async def wait_for_results(
        self,
        task_id: Ref | Iterable[Ref],
        interval: float = 1,
        *,
        timeout: float | None = None,
        on_failure: OnFailure = "raise",
        progress: ProgressOption = None,
        logs: bool = False,
    ) -> ResultRows | list[ResultRows]:
        """Wait until a task has finished, or several have, and give the results.

        Where the server's events can be heard, the end is noticed as soon as the server has the
        last result; for that there must be the extra ``events``, and you the right to receive
        events of the collaboration, as researchers have. Elsewhere the client looks again and
        again. A renewed token, a broken connection and a server that restarts do not end the
        waiting: only a server without an answer for a quarter of an hour does, or `timeout`.

        While it waits, the server shows you as online to the collaboration.

        Parameters
        ----------
        task_id : int, str, row, or iterable of these
            The task: its id, name or row. Several are waited for with one connection, and hardly
            more requests than one.
        interval : float
            Pace of the looks at the server where no events are heard, in seconds: the pause between
            two of them starts at a tenth of it, and grows with the time waited up to three times as
            much.
        timeout : float, optional
            How many seconds to wait at most; by default there is no end.
        on_failure : {"raise", "return"}
            What to do when a run fails: raise an error at once, or wait for the other runs and
            return what there is.
        progress : bool or callable, optional
            How to show where the runs at the organizations stand, and those of subtasks. By
            default a terminal has a picture that stays up to date (extra ``rich``), a notebook a
            table, and elsewhere the client's log a line for each change. False shows nothing; True
            writes such lines to standard error where no picture can be. A function is called with
            a `Progress` at each change, and nothing is shown.
        logs : bool
            Whether to print what the algorithms log, as it comes: each line with the name of its
            organization in front.

        Returns
        -------
        ResultRows, or list of these
            A row for each run, in the order of the organizations asked, as
            ``client.result.from_task`` gives them. For several tasks a list of such rows, in the
            order in which the tasks are given.

        Raises
        ------
        InvalidInputError
            When no task is given, or `interval`, `timeout` or `on_failure` makes no sense.
        TaskFailedError
            When a run failed, crashed, was killed or was not allowed. It tells each run's
            organization, status and last log lines, and carries the results there are.
        WaitTimeoutError
            When the time is up. The task runs on; wait again, or kill it.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is no such task.
        DecryptionError
            When results cannot be read.

        Examples
        --------
        >>> results = await client.wait_for_results("average age", timeout=600)
        >>> results.outputs
        [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
        """
        from .tasks.wait import (
            wait_for,  # not above: not all programs wait, and it takes time to load
        )

        refs = as_list(task_id)
        found = await wait_for(self._core, refs, interval, timeout, on_failure, progress, logs)
        return found if is_list(task_id) else found[0]

    wait_for_result = wait_for_results

    def as_completed(
        self,
        tasks: Iterable[Ref],
        interval: float = 1,
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[Finished]:
        """Give tasks as they end, the first to end first, with their results.

        Parameters
        ----------
        tasks : iterable of int, str or row
            The tasks: their ids, names or rows.
        interval : float
            Pace of the looks at the server, as in ``wait_for_results``.
        timeout : float, optional
            How many seconds to wait for the last of them; by default there is no end.

        Yields
        ------
        Finished
            A task that has ended with all its runs. One that failed, or whose results cannot all
            be read, has an `error`; nothing is raised for it.

        Raises
        ------
        InvalidInputError
            When no task is given, or `interval` or `timeout` makes no sense.
        WaitTimeoutError
            When the time is up.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is no such task.

        Examples
        --------
        >>> async for done in client.as_completed(["average age", "average of nothing"]):
        ...     print(done.task_id, done.status)
        1 completed
        ... crashed
        """
        from .tasks.wait import iterate_completed

        check_times(interval, timeout)
        return iterate_completed(self._core, as_list(tasks), interval, timeout)

    def events(
        self,
        collaboration: Ref | None = None,
        task: Ref | None = None,
        kind: EventKind | Sequence[EventKind] | None = None,
        *,
        timeout: float | None = None,
    ) -> AsyncIterator[Event]:
        """Give what the server announces, as it happens, without an end.

        After a break of the connection it goes on by itself, with a `Reconnected` in between:
        what was announced meanwhile is lost. While it listens, the server shows you as online to
        the collaboration.

        Parameters
        ----------
        collaboration : int, str or row, optional
            Only what is of this collaboration; by default of the one that ``setup_collaboration``
            chose, if any.
        task : int, str or row, optional
            Only what is of this task and its subtasks.
        kind : str or sequence of str, optional
            Only these kinds: ``"task_created"``, ``"run_status"``, ``"run_updated"``, ``"log"``,
            ``"node_online"``, ``"node_offline"``, ``"kill"``, ``"reconnected"``.
        timeout : float, optional
            Seconds after which the iteration ends; by default it does not.

        Yields
        ------
        Event
            One of `TaskCreated`, `RunStatusChanged`, `RunUpdated`, `LogWritten`, `NodeOnline`,
            `NodeOffline`, `KillRequested` and `Reconnected`.

        Raises
        ------
        EventsUnavailableError
            When you lack the right to receive a collaboration's events, or something on the way
            does not let the connection through.
        MissingDependencyError
            When the package lacks its extra ``events``.
        InvalidInputError
            When there is no such kind, or the timeout is no number of seconds.

        Examples
        --------
        >>> async for event in client.events(kind=["run_status"], timeout=60):
        ...     print("run", event.run_id, event.status)
        ...     if event.status == "completed":
        ...         break
        run ... completed
        """
        from .._events.filters import EventFilter
        from .tasks.events import listen

        check_timeout(timeout)
        wanted = EventFilter(kind)
        return listen(self._core, wanted, collaboration, task, timeout)

    async def wait_for_task_completion(
        self,
        request_func: Callable[[str], Any],
        task_id: Ref,
        interval: float = 1,
        log_animation: bool = True,
        *,
        timeout: float | None = None,
    ) -> str:
        """Wait until a task has finished, well or not, and leave its results alone.

        Parameters
        ----------
        request_func : callable
            How to ask the server: ``client.request``, or what takes a path and gives the answer in
            the same way.
        task_id : int, str or row
            The task: its id, name or row.
        interval : float
            Pace of the looks at the server, in seconds, as in ``wait_for_results``.
        log_animation : bool
            Whether to log the status only when it changes; False logs each look.
        timeout : float, optional
            How many seconds to wait at most; by default there is no end.

        Returns
        -------
        str
            The status in which it ended, such as ``"completed"`` or ``"crashed"``.

        Raises
        ------
        InvalidInputError
            When `interval` or `timeout` makes no sense.
        WaitTimeoutError
            When the time is up. The task runs on.
        NameNotFoundError, AmbiguousNameError
            When nothing that you may see has the name given, or several things have.
        NotFoundError
            When there is no such task.

        Examples
        --------
        >>> task = await client.task.get("average age")
        >>> await client.wait_for_task_completion(client.request, task["id"], timeout=600)
        'completed'
        """
        check_times(interval, timeout)
        task_id = await self._core.id_of("task", task_id)
        began, logged = monotonic(), None
        while True:
            status = await self._status(task_id, request_func)
            if status != logged or not log_animation:
                LOGGER.info("Task %s is %s after %.0f s", task_id, status, monotonic() - began)
                logged = status
            if has_finished(status):
                return status
            await self._sleep(task_id, status, monotonic() - began, interval, timeout)

    async def _status(self, task_id: int, ask: Callable[[str], Any]) -> str:
        first, second = self._core.backend.status_paths(task_id)
        try:
            return (await ask(first))["status"]
        except EndpointNotFoundError:
            return (await ask(second))["status"]

    async def _sleep(
        self, task_id: int, status: str, waited: float, interval: float, timeout: float | None
    ) -> None:
        left = inf if timeout is None else timeout - waited
        if left <= 0:
            from .._waiting.tracker import TaskState

            raise wait_timeout_error([TaskState(task_id, status=status)], timeout)
        await asyncio.sleep(min(left, POLL.after(waited, interval)))

    # ---- the API beyond the resources -----------------------------------------------------------

    async def request(
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
    ) -> Any:
        """Send any request to the API.

        Parameters
        ----------
        endpoint : str
            Path below that of the API, such as ``"task/12"``.
        json : object, optional
            The body, to be sent as JSON.
        method : str
            The HTTP method.
        params : dict, optional
            Query parameters; those that are None are not sent.
        headers : dict, optional
            Further headers.
        first_try, retry : bool
            Whether the token may be renewed and the request sent again, should the server say that
            the token has expired; with one of the two False, that is an error.
        attempts_on_timeout : int, optional
            How often to try again when no connection can be made; by default three times.
        is_for_algorithm_store : bool
            Whether to send it to the algorithm store that ``client.store.set`` chose, in place of
            the server.

        Returns
        -------
        object
            The decoded body of the answer.

        Raises
        ------
        StatusError
            When the server refuses; its subclasses tell why.
        ConnectionFailedError
            When the server cannot be reached.
        InvalidInputError
            When an argument is of another kind than it has to be, or cannot be sent.
        ConfigurationError
            When it is for an algorithm store, and none has been chosen.

        Examples
        --------
        >>> await client.request("version")
        {'version': '4.15.2'}
        """
        json, headers, params = conceal(json), conceal(headers), conceal(params)
        check_arguments(endpoint, method, params, headers)
        call = custom_call(method, endpoint, params, json)
        options = SendOptions(
            may_renew=first_try and retry,
            max_retries=attempts_on_timeout,
            headers=headers or {},
        )
        connection = self._core.store if is_for_algorithm_store else self._core
        return await connection.send(call, options)

    async def check_if_blob_store_enabled(self) -> bool:
        """Ask whether the server keeps large inputs and results apart from its database.

        Returns
        -------
        bool
            False as well for servers before 4.13, which cannot.

        Raises
        ------
        NotAuthenticatedError
            When nobody is logged in yet.

        Examples
        --------
        >>> await client.check_if_blob_store_enabled()
        False
        """
        return await self._core.blobs.is_there(again=True)

    @property
    def api(self) -> ServerBindings:
        """The generated bindings, on this client's connections and login.

        Pass it to any endpoint function below ``vantage6.bindings.server.api``.
        """
        from vantage6.bindings.server import Client as ServerBindings

        bindings = ServerBindings(base_url=self.base_path)
        return bindings.set_async_httpx_client(self._core.http)

    def generate_path_to(self, endpoint: str, is_for_algorithm_store: bool = False) -> str:
        """Give the whole address of an endpoint.

        Parameters
        ----------
        endpoint : str
            Path below that of the API, such as ``"task/12"``.
        is_for_algorithm_store : bool
            Whether it is an endpoint of the algorithm store, in place of the server.

        Returns
        -------
        str
            The address.

        Raises
        ------
        ConfigurationError
            When it is for an algorithm store, and none has been chosen.

        Examples
        --------
        >>> client.generate_path_to("task/12")
        'http...://.../api/task/12'
        """
        base = self._core.store.url if is_for_algorithm_store else self.base_path
        return f"{base}/{endpoint.lstrip('/')}"

    # ---- what it is connected to, and as whom ---------------------------------------------------

    @property
    def whoami(self) -> WhoAmI:
        """The user who is logged in: `id_`, `name`, `organization_id` and `organization_name`."""
        return self._core.whoami

    @property
    def name(self) -> str:
        """First name of the user who is logged in."""
        return self._core.whoami.name

    @property
    def collaboration_id(self) -> int | None:
        """The collaboration that ``setup_collaboration`` chose."""
        return self._core.collaboration_id

    @property
    def token(self) -> str | None:
        """The access token of the login, as it is now: it changes when it is renewed."""
        tokens = self._core.auth.tokens
        return tokens.access if tokens else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that sign a request; empty before the login."""
        return bearer_header(self.token) if self.token else {}

    @property
    def host(self) -> str:
        """Scheme and name of the server."""
        return self._core.address.host

    @property
    def port(self) -> int | None:
        """Port of the server; None for the scheme's own."""
        return self._core.address.port

    @property
    def path(self) -> str:
        """Path of the API on the server."""
        return self._core.address.path

    @property
    def base_path(self) -> str:
        """The whole address of the API."""
        return self._core.address.url
