# Derived from facade/vantage6/client/_async/_session.py by unasync.py: edit that instead.
"""What the client and its resources share: the connection, the login and the chosen defaults."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, TypeVar, cast

from vantage6.bindings.server import calls

from .._call import Answer, read, undecodable
from .._entry import enter, renew
from .._identity import Tokens, WhoAmI, code_from
from .._listing import PAGE_SIZE, SORT, Listing, Pages, Rows, check_page
from .._opening import Reader
from .._resolve import NAMINGS, SCOPED, SERVER_KINDS, Within, id_of, number_in, outdated_by
from .._settings import LOGGER, Address
from .._versions import SERVER, STORE, Api, came_later, explained, fitted, late_parts, whole_address
from .._warn import warn
from ..errors import (
    ConfigurationError,
    EndpointNotFoundError,
    InvalidInputError,
    KeyMismatchError,
    LoginExpiredError,
    NameNotFoundError,
    NotAuthenticatedError,
    PermissionDeniedError,
    TwoFactorSetupRequiredError,
    UnauthorizedError,
    Vantage6Error,
)
from ._blobs import BlobStore
from ._names import Names

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from typing_extensions import Self

    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import AlgorithmStore, OrganizationUpdate

    from .._entry import Account, Step, Steps
    from .._listing import PageOf
    from .._resolve import AnyRow, Kind, Ref
    from .._settings import Limits, Route
    from .._socket import Socket
    from .._transport import Http
    from .._trust import Trust

T = TypeVar("T")
Row = TypeVar("Row")

# Tells an algorithm store which server can vouch for the token.
SERVER_URL = "Server-Url"


class Connection:
    """The way to one API.

    Parameters
    ----------
    http : Http
        The connections to it.
    url : str
        Its address.
    api : Api
        What is there, a server or an algorithm store.

    Attributes
    ----------
    names : Names
        What the things that the API knows are called.
    """

    def __init__(self, http: Http, url: str, api: Api) -> None:
        self.http = http
        self.url = url
        self._api = api
        self._version: list[str] = []  # at most one
        self.names = Names(self)

    def limited(self, limits: Limits) -> Self:
        """Give the same way, and what is known of the API, with other limits for each call.

        Parameters
        ----------
        limits : Limits
            What a call may cost.

        Returns
        -------
        Connection
            The way.
        """
        view = copy(self)
        view.http = self.http.limited(limits)
        view.names = Names(view, self.names)
        return view

    def send(
        self,
        call: Call[T],
        *,
        signed: bool = True,
        refused: type[UnauthorizedError] = PermissionDeniedError,
        extensions: Mapping[str, object] | None = None,
    ) -> T:
        """Send one request.

        Parameters
        ----------
        call : Call of T
            What to send.
        signed : bool
            Whether to send the token along.
        refused : type of UnauthorizedError
            The error for a 401 that is not about the token.
        extensions : dict, optional
            How to send it: ``"repeats"`` and ``"renew"``, see `Attempts` and `BearerAuth`.

        Returns
        -------
        T
            The body of the answer.
        """
        body, _ = self._exchange(call, signed, refused, extensions)
        return body

    def _exchange(
        self,
        call: Call[T],
        signed: bool = True,
        refused: type[UnauthorizedError] = PermissionDeniedError,
        extensions: Mapping[str, object] | None = None,
    ) -> tuple[T, Answer]:
        """Send a request, as this version of the API wants it, and read what comes back."""
        if late := late_parts(call, self._api.since):
            call = fitted(call, self._api, self._ask_version(), late, self.url)
        answer = self.http.exchange(call, signed=signed, extensions=extensions)
        try:
            body = read(call, answer, refused)
        except EndpointNotFoundError as error:
            raise self._reason(call, error) from None
        if outdated := outdated_by(call.operation):
            self.names.forget(*outdated)
        return body, answer

    def _ask_version(self) -> str:
        """Give the version of the API; it is asked once, and only when it matters."""
        if not self._version:
            answer = self.http.exchange(self._api.ask, signed=False)
            self._version.append(read(self._api.ask, answer)["version"])
        return self._version[0]

    def _reason(self, call: Call[T], error: EndpointNotFoundError) -> EndpointNotFoundError:
        """Find out whether an operation is unknown because the API is of an older version."""
        if not came_later(call, self._api):
            return error
        try:
            version = self._ask_version()
        except Vantage6Error:  # then the whole API is not there, and the first error says so
            return error
        return explained(error, call, self._api, version) or error

    def rows(
        self,
        listing: Listing[PageOf[Row]],
        page: int | None = None,
        per_page: int | None = None,
    ) -> Rows[Row]:
        """Get the rows of a listing.

        Parameters
        ----------
        listing : Listing
            The list operation, its filters filled in.
        page, per_page : int, optional
            The one page to get; all pages if neither is given.

        Returns
        -------
        Rows
            The rows.
        """
        check_page(page, per_page)
        if page is not None or per_page is not None:
            body, answer = self._exchange(listing(page=page, per_page=per_page, sort=SORT))
            return Rows(body["data"], body["links"], answer.total)
        pages = Pages[Row](self.http.limits.max_response_bytes, PAGE_SIZE)
        while pages.has_more:
            call = listing(page=pages.number, per_page=pages.per_page, sort=SORT)
            body, answer = self._exchange(call)
            if trouble := pages.add(body, len(answer.content)):
                raise undecodable(trouble, answer)
        return pages.rows()


class StoreConnection(Connection):
    """The way to the API of an algorithm store, with the login of the server.

    Parameters
    ----------
    http : Http
        The connections to it.
    id_ : int
        Identifier of the store, at the server.
    url : str
        Address of its API.
    """

    def __init__(self, http: Http, id_: int, url: str) -> None:
        super().__init__(http, url, STORE)
        self.id_ = id_


@dataclass
class State:
    """What changes in a client, whatever limits it is seen with.

    Attributes
    ----------
    whoami : WhoAmI or None
        The user who is logged in.
    username : str or None
        Their account.
    kept : Path or None
        The file in which the login is kept for the next time.
    collaboration_id : int or None
        The collaboration for methods that are not given one.
    collaboration_name : str or None
        What it is called.
    private_key : RSAPrivateKey or None
        The key of the user's organization.
    private_key_file : Path or None
        The file that it came from.
    store : StoreConnection or None
        The algorithm store that was chosen.
    socket : Socket or None
        The connection to the server's events.
    has_blobs : bool or None
        Whether the server has a blob store; None until it was asked.
    created : set of int
        The tasks that this client created.
    """

    whoami: WhoAmI | None = None
    username: str | None = None
    kept: Path | None = None
    collaboration_id: int | None = None
    collaboration_name: str | None = None
    private_key: RSAPrivateKey | None = None
    private_key_file: Path | None = None
    store: StoreConnection | None = None
    socket: Socket | None = None
    has_blobs: bool | None = None
    created: set[int] = field(default_factory=set[int])


class Session(Connection):
    """The one way of a client to its server, and what it has become on the way.

    Parameters
    ----------
    address : Address
        Where the API is.
    route : Route
        How to get there.
    limits : Limits
        What a call may cost.
    trust : Trust
        How far to go by what the server says of keys.

    Attributes
    ----------
    trust : Trust
        The same.
    state : State
        what changes; it is one for all that `limited` gives.
    is_view : bool
        Whether it came from `limited`.
    blobs : BlobStore
        Where the server may keep inputs and results.
    """

    def __init__(self, address: Address, route: Route, limits: Limits, trust: Trust) -> None:
        # Here and not above, so that importing the package stays fast.
        from .._auth import BearerAuth
        from .._pools import Pools, warn_of_anyone
        from .._transport import Http

        warn_of_anyone(address.url, route)
        self.address = address
        self.trust = trust
        self.auth = BearerAuth(address.url)
        http = Http(address.url, Pools(route), limits, self.auth)
        super().__init__(http, address.url, SERVER)
        self.state = State()
        self.is_view = False
        self.auth.renewed = self._keep_up
        self.blobs = BlobStore(self)

    def limited(self, limits: Limits) -> Self:
        """Give the same session with other limits for each call.

        Parameters
        ----------
        limits : Limits
            What a call may cost.

        Returns
        -------
        Session
            The session.
        """
        view = super().limited(limits)
        view.is_view = True
        view.blobs = BlobStore(view)
        return view

    @property
    def collaboration_id(self) -> int | None:
        """The collaboration for methods that are not given one."""
        return self.state.collaboration_id

    @property
    def private_key(self) -> RSAPrivateKey | None:
        """The key of the user's organization."""
        return self.state.private_key

    @property
    def whoami(self) -> WhoAmI:
        """The user who is logged in; NotAuthenticatedError if there is none."""
        if self.state.whoami is None:
            raise NotAuthenticatedError()
        return self.state.whoami

    def warn_of_readers(self) -> None:
        """Warn, before a password is sent, that others could read it on the way."""
        if self.address.is_readable:
            warn(
                f"{self.address.host} speaks plain http: whoever is on the way can read your "
                "password and all that follows; give the server's https address if it has one"
            )

    @property
    def reader(self) -> Reader:
        """Who reads inputs and results here, with which key."""
        return Reader(self.whoami, self.private_key)

    def login(self, account: Account, *, auto_relogin: bool) -> WhoAmI:
        """Log in, and find out who that is.

        Parameters
        ----------
        account : Account
            Who logs in.
        auto_relogin : bool
            Whether to do so again when the login has lapsed.

        Returns
        -------
        WhoAmI
            The user.
        """
        tokens = self._enter(account)
        found = self._identify(account.username, tokens)
        return self._go_on(tokens, *found, account.lasting if auto_relogin else None)

    def resume(self, username: str, tokens: Tokens) -> WhoAmI:
        """Go on with the tokens of an earlier login, which are renewed if need be.

        Parameters
        ----------
        username : str
            The account that they are of.
        tokens : Tokens
            The tokens.

        Returns
        -------
        WhoAmI
            The user.

        Raises
        ------
        LoginExpiredError
            When they cannot be renewed any more, or are somebody else's.
        """
        is_due = monotonic() >= tokens.renew_at
        try:
            tokens = self._renewed(tokens) if is_due else tokens
            found = self._identify(username, tokens)
        except LoginExpiredError:
            if is_due:
                raise
            tokens = self._renewed(tokens)
            found = self._identify(username, tokens)
        if found[0] != username:
            raise ConfigurationError(f"the login is of {found[0]!r}, not of {username!r}")
        return self._go_on(tokens, *found)

    def _go_on(
        self, tokens: Tokens, username: str, who: WhoAmI, account: Account | None = None
    ) -> WhoAmI:
        """Be this user from now on: all at once, and last, since a login may fail."""
        state = self.state
        before, state.whoami = state.whoami, who
        self.auth.tokens = tokens
        self.auth.account = account
        self.names.forget()  # somebody else may see other things
        if before and before.organization_id != who.organization_id:
            # It belongs to the organization of the last login.
            state.private_key = state.private_key_file = None
        if username != state.username:
            state.kept = None  # that file is of the last user
        state.username = username
        self._keep_up()
        return who

    def _keep_up(self) -> None:
        """Keep the tokens of now, where those of before were kept."""
        if self.state.kept:
            from .._keeping import keep_up

            keep_up(self)

    def _enter(self, account: Account) -> Tokens:
        """Get tokens."""
        try:
            return self._through(enter(account))
        except TwoFactorSetupRequiredError as error:
            from .._qr import offer

            offer(error.uri)  # who does not catch the error would lose what is told only once
            raise

    def _through(self, steps: Steps) -> Tokens:
        """Do all that is to be done on the way to tokens."""
        step = next(steps)
        try:
            while True:
                step = steps.send(self._take(step))
        except StopIteration as last:
            return last.value

    def _take(self, step: Step) -> Answer | str:
        """Do what is to be done on the way to tokens."""
        if callable(step):
            return code_from(step)
        call, headers = step
        return self.http.exchange(call, headers=headers, signed=False)

    def _identify(self, username: str, tokens: Tokens) -> tuple[str, WhoAmI]:
        """Find out whose tokens these are: the username, and who that is."""
        user = self._ask(calls.get_user(tokens.user_id), tokens)
        username = user.get("username") or username
        organization = user.get("organization")
        if organization is None:
            raise NotAuthenticatedError(f"user {username!r} belongs to no organization")
        organization_id = organization["id"]
        try:
            name = (self._ask(calls.get_organization(organization_id), tokens)).get("name")
        except PermissionDeniedError:
            name = None  # not everyone may see even their own
        return username, WhoAmI(
            type_="user",
            id_=user["id"],
            name=user.get("firstname") or username,
            organization_name=name or "",
            organization_id=organization_id,
        )

    def _ask(self, call: Call[T], tokens: Tokens) -> T:
        """Send a request with tokens that are not the client's yet."""
        return read(call, self.http.exchange(call, headers=tokens.signing, signed=False))

    def _renewed(self, tokens: Tokens) -> Tokens:
        """Renew tokens that are not the client's yet."""
        return self._through(renew(tokens, None))

    def renew(self) -> None:
        """Renew the token now, whether it is about to expire or not."""
        tokens = self.auth.tokens
        if tokens is None:
            raise NotAuthenticatedError()
        steps = self.auth.renewing(tokens)
        step = next(steps)
        while step:
            step = self.auth.go_on(steps, self._take(step))

    def fresh_token(self) -> str:
        """Give a token that will be valid for a while, for what is signed once and stays open."""
        if self.auth.is_outdated:
            self.renew()
        if self.auth.tokens is None:
            raise NotAuthenticatedError()
        return self.auth.tokens.access

    @property
    def socket(self) -> Socket | None:
        """The connection to the server's events; None without the libraries for it."""
        from .._pools import socket_options
        from .._socket import Socket, can_connect

        if self.state.socket is None and can_connect():
            route, url = self.http.pools.route, self.address.url
            self.state.socket = Socket(
                self.address,
                partial(socket_options, url, route),
                self.http.limits.timeouts.connect,
            )
        return self.state.socket

    def use_key(self, key: RSAPrivateKey, source: object, *, replace: bool = False) -> None:
        """Go on with a private key, once the server has the public key that belongs to it.

        Parameters
        ----------
        key : RSAPrivateKey
            The key.
        source : object
            Where it comes from, for the message of an error.
        replace : bool
            Whether to store its public key on the server even if there is another one.
        """
        from .._crypto import fingerprint, public_key_of

        who = self.whoami
        public_key = public_key_of(key)
        local = fingerprint(public_key)
        known = (self.send(calls.get_organization(who.organization_id))).get("public_key")
        if known and (server := fingerprint(known)) != local and not replace:
            raise KeyMismatchError(
                f"{source} is not the private key of organization {who.organization_name} "
                f"(id {who.organization_id})",
                local=local,
                server=server,
            )
        if not known or replace:
            body: OrganizationUpdate = {"public_key": public_key}
            self.send(calls.update_organization(who.organization_id, body))
            LOGGER.info("Stored the public key %s on the server", local)
        self.state.private_key = key

    @property
    def store(self) -> StoreConnection:
        """The algorithm store that was chosen; ConfigurationError if there is none."""
        store, limits = self.state.store, self.http.limits
        if store is None:
            raise ConfigurationError("no algorithm store has been chosen: call store.set() first")
        return store if store.http.limits is limits else store.limited(limits)

    def choose_store(self, row: AlgorithmStore) -> None:
        """Send what is for an algorithm store to this one, from now on.

        Parameters
        ----------
        row : AlgorithmStore
            What the server knows of the store.
        """
        from .._transport import Http

        address = Address.of_store(row["url"])
        if not address.path:
            address = whole_address(address, self._ask_version())
        url = address.url
        http = Http(url, self.http.pools, self.http.limits, self.auth)
        http.headers[SERVER_URL] = self.address.url
        self.state.store = StoreConnection(http, row["id"], url)
        self.auth.sign_at_store(url)

    def find(self, kind: Kind, name: str, within: Within | None = None) -> AnyRow:
        """Find the one thing that has a name.

        Parameters
        ----------
        kind : Kind
            What it is.
        name : str
            Its name.
        within : Within, optional
            Where to look; by default in the chosen collaboration, then everywhere.

        Returns
        -------
        dict
            Its row.
        """
        if not isinstance(cast("object", name), str):
            word = NAMINGS[kind].word
            raise InvalidInputError(
                f"{word}: {name!r} is no name, by which find() looks; see get()"
            )
        names = self.names if kind in SERVER_KINDS else self.store.names
        if within is None and self.collaboration_id is not None and kind in SCOPED:
            with suppress(NameNotFoundError):
                return names.find(kind, name, Within("collaboration", self.collaboration_id))
        return names.find(kind, name, within)

    def within(self, collaboration: Ref | None) -> Within | None:
        """Say where to look, if a collaboration was named.

        Parameters
        ----------
        collaboration : int, str or row, optional
            The collaboration.

        Returns
        -------
        Within or None
            Where to look.
        """
        if collaboration is None:
            return None
        return Within("collaboration", self.id_of("collaboration", collaboration))

    def id_of(self, kind: Kind, ref: Ref, within: Within | None = None) -> int:
        """Give the identifier of what is meant.

        Parameters
        ----------
        kind : Kind
            What it is.
        ref : int, str or row
            Its identifier, its name, or a row that has its identifier. A text of digits alone that
            is nobody's name is taken for an identifier.
        within : Within, optional
            Where to look for a name; by default in the chosen collaboration, then everywhere.

        Returns
        -------
        int
            The identifier.
        """
        if not isinstance(ref, str):
            return id_of(ref, NAMINGS[kind].word)
        try:
            return (self.find(kind, ref, within))["id"]
        except NameNotFoundError:
            if (number := number_in(ref)) is not None:
                return number
            raise

    def close(self) -> None:
        """Close all connections, unless they are another session's as well."""
        if not self.is_view:
            self.http.close()
            if self.state.socket:
                self.state.socket.close()
