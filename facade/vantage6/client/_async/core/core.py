"""The core of a client: its connection, login and chosen defaults."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from vantage6.bindings.call import Call
from vantage6.bindings.secret import Secret

from ..._auth.identity import WhoAmI
from ..._auth.strategy import Callback, Pause, RealmRequest
from ..._auth.tokens import Tokens
from ..._backend.detection import backend_of, explain_generation
from ..._backend.versions import complete_store_address
from ..._http.address import Address
from ..._http.context import DEFAULTS, SendOptions
from ..._http.deadline import Deadline
from ..._http.decoding import decode_json
from ..._http.response import Response
from ..._rows.names import NAMINGS, SCOPED, SERVER_KINDS, Scope
from ..._rows.references import given_id, parse_id
from ..._utils.logging import LOGGER
from ..._utils.threads import run_in_thread
from ..._utils.warnings import warn
from ...errors import (
    ConfigurationError,
    EndpointNotFoundError,
    InvalidInputError,
    KeyMismatchError,
    LoginExpiredError,
    NameNotFoundError,
    NotAuthenticatedError,
    TwoFactorSetupRequiredError,
    Vantage6Error,
)
from .connection import SERVER_URL, Connection, StoreConnection

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from typing_extensions import Self

    from ..._auth.realm import Realm, ServiceAccount
    from ..._auth.strategy import AuthStrategy, LoginFlow, LoginStep
    from ..._backend.databases import Extract, Lookup
    from ..._backend.rows import AlgorithmStore, OrganizationUpdate
    from ..._encryption.key_files import KeySource
    from ..._encryption.trust import Trust
    from ..._events.socket import Socket
    from ..._http.limits import Limits
    from ..._http.route import Cert, Route, Verify
    from ..._rows.names import AnyRow, Kind
    from ..._rows.references import Ref
    from ..._tasks.decoding import Reader
    from ..._tasks.repeat import RecentInputs
    from .auth import ClientAuth
    from .blob_store import BlobStore


T = TypeVar("T")


@dataclass
class State:
    """The state of a client, shared by its views with other limits."""

    whoami: WhoAmI | None = None
    username: str | None = None
    login_source: str | None = None
    collaboration_id: int | None = None
    collaboration_name: str | None = None
    private_key: RSAPrivateKey | None = None
    private_key_file: Path | None = None
    store: StoreConnection | None = None
    socket: Socket | None = None
    service: ServiceAccount | None = None
    created: set[int] = field(default_factory=set[int])
    # Organizations whose nodes were offline when a wait asked, and when, by collaboration.
    offline: dict[int | None, tuple[frozenset[int], float]] = field(
        default_factory=dict[int | None, tuple[frozenset[int], float]]
    )
    session: Mapping[str, Any] | None = None
    # The data frames that the client extracted for tasks.
    extracted: set[int] = field(default_factory=set[int])
    own_sessions: dict[tuple[int, int | None], int] = field(
        default_factory=dict["tuple[int, int | None]", int]
    )

    @cached_property
    def inputs(self) -> RecentInputs:
        """What the functions of the last tasks received."""
        from ..._tasks.repeat import RecentInputs

        return RecentInputs()

    @property
    def collaboration_ref(self) -> str | None:
        """What stands for the collaboration in a profile: its name, unless that is an id's text."""
        name = self.collaboration_name
        return str(self.collaboration_id) if name and parse_id(name) is not None else name


class Extracts(Protocol):
    """Finds or starts an extraction, and returns the id of its data frame."""

    async def __call__(self, step: Extract) -> int: ...


class Core(Connection):
    """The connection of a client to its server, with its login and chosen defaults."""

    def __init__(
        self,
        address: Address,
        route: Route,
        limits: Limits,
        trust: Trust,
        realm: Realm | None = None,
    ) -> None:
        # Not at the top, so that the package imports quickly.
        from ..._http.tls import warn_if_unverified
        from .auth import ClientAuth
        from .http import AsyncHttp
        from .pools import AsyncPools

        warn_if_unverified(address.url, route)
        self.address = address
        self.trust = trust
        self.realm = realm
        backend = backend_of(realm)
        self.auth = ClientAuth(address.url, backend.resumed(), backend.rejects_token)
        http = AsyncHttp(address.url, AsyncPools(address.url, route), limits, self.auth)
        super().__init__(http, address.url, backend, backend.server_service)
        self.state = State()
        self.is_view = False
        self.session_lock = http.lock()
        self._whole: Core | None = None

    def set_route(self, url: str, verify: Verify) -> None:
        """Trust other certificates at the realm, which no store changes."""
        from ..._http.tls import warn_if_unverified

        route = self.http.pools.route.elsewhere(verify)
        self.http.pools.set_route(url, route, is_own=True)
        warn_if_unverified(url, route)

    def limited(self, limits: Limits) -> Self:
        """Return a view of this core with other limits for each call."""
        view = super().limited(limits)
        view.is_view = True
        view._whole = self
        vars(view).pop("blobs", None)
        return view

    @cached_property
    def blobs(self) -> BlobStore:
        """Inputs and results that the server keeps apart."""
        from .blob_store import BlobStore

        shared = self._whole.blobs if self._whole else None
        return BlobStore(self, lambda: self.reader, self.trust, shared)

    @property
    def collaboration_id(self) -> int | None:
        """The default collaboration of methods."""
        return self.state.collaboration_id

    @property
    def private_key(self) -> RSAPrivateKey | None:
        """The private key of the user's organization."""
        return self.state.private_key

    @property
    def whoami(self) -> WhoAmI:
        """The logged-in user; NotAuthenticatedError if there is none."""
        if self.state.whoami is None:
            raise NotAuthenticatedError()
        return self.state.whoami

    def warn_if_insecure(self) -> None:
        """Warn before a password is sent over plain http."""
        if self.address.is_insecure:
            warn(
                f"{self.address.host}: expected https, got plain http. Anyone on the network path "
                "can read your password and all other data. Use the https address if there is one."
            )

    @property
    def reader(self) -> Reader:
        """The reader of inputs and results, with the user's key."""
        from ..._tasks.decoding import Reader

        return Reader(self.whoami, self.private_key, input_field=self.backend.input_field)

    async def login(self, username: str, strategy: AuthStrategy, *, auto_relogin: bool) -> WhoAmI:
        """Log in, and return the user."""
        self.warn_if_insecure()
        try:
            tokens = await self._get_tokens(strategy)
            found = await self._identify(username, tokens)
        except EndpointNotFoundError as error:
            raise await self.explain(error) from None
        later = strategy.for_relogin if auto_relogin else strategy.refresh_only
        who = self._set_user(tokens, *found, later)
        LOGGER.info("Successfully authenticated")
        LOGGER.info("User: %s (id %s)", who.name, who.id_)
        LOGGER.info("Organization: %s (id %s)", who.organization_name, who.organization_id)
        return who

    async def explain(self, error: EndpointNotFoundError) -> Vantage6Error:
        """Return the error for a server of the other generation, or with its API elsewhere."""
        steps = explain_generation(self.address, self.realm)
        url = next(steps)
        try:
            while True:
                try:
                    url = steps.send(await self._version_at(url))
                except Vantage6Error:
                    url = steps.send(None)
        except StopIteration as last:
            return last.value or error

    async def _version_at(self, url: str) -> object:
        """Return the version that an API at some address of the server's host reports."""
        return decode_json(await self.http.get_unsigned(f"{url}/version"))

    async def resume(self, username: str, auth: ClientAuth) -> WhoAmI:
        """Log in with the tokens of an earlier login, and renew them if needed."""
        expiring = auth.expiring_tokens()
        if expiring:
            await self._renew(auth, expiring)
        try:
            found = await self._identify(username, auth.require_tokens())
        except LoginExpiredError:
            if expiring:
                raise
            await self._renew(auth, auth.require_tokens(), forced=True)
            found = await self._identify(username, auth.require_tokens())
        if found[0] != username:
            raise ConfigurationError(
                f"saved login: expected one of {username!r}, got one of {found[0]!r}."
            )
        return self._set_user(auth.require_tokens(), *found, auth.strategy)

    def _set_user(
        self, tokens: Tokens, username: str, who: WhoAmI, strategy: AuthStrategy
    ) -> WhoAmI:
        """Set the user and the tokens, after all requests of a login, since each may fail."""
        state = self.state
        before, state.whoami = state.whoami, who
        self.names.forget()  # other users may see other objects
        if who.organization_name:
            self.names.seen[who.organization_id] = who.organization_name
        if before and before.organization_id != who.organization_id:
            state.private_key = state.private_key_file = None  # of the previous organization
        if before and before.id_ != who.id_:
            state.session, state.own_sessions = None, {}  # of the previous user
        if username != state.username:
            self.auth.saved = None  # of the previous user
        state.username, state.login_source = username, "authenticate()"
        self.auth.use(tokens, strategy)
        return who

    async def _get_tokens(self, strategy: AuthStrategy) -> Tokens:
        """Log in, and return the tokens."""
        try:
            return await self._run_flow(strategy.log_in())
        except TwoFactorSetupRequiredError as error:
            from ..._auth.two_factor import offer_qr

            offer_qr(error.uri)  # the server sends it only once, and the error may not be caught
            raise

    async def _run_flow(self, steps: LoginFlow) -> Tokens:
        """Run the steps of a login, and return the tokens."""
        step = next(steps)
        try:
            while True:
                try:
                    result = await self._run_step(step)
                except Vantage6Error as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as last:
            return last.value
        finally:
            steps.close()  # if it was interrupted

    async def _run_step(self, step: LoginStep) -> Response | str | None:
        """Run one step of a login."""
        if isinstance(step, RealmRequest):
            return await self.http.post_form(step.url, step.form)
        if isinstance(step, Pause | Callback) or callable(step):
            from .auth import run_step

            return await run_step(step)
        call, headers = step
        return await self.http.exchange(call, SendOptions(signed=False, headers=headers))

    async def _identify(self, username: str, tokens: Tokens) -> tuple[str, WhoAmI]:
        """Return the username and the user that tokens belong to."""
        steps = self.backend.identify(username, tokens)
        signed = SendOptions(signed=False, headers=tokens.signing)  # not the client's tokens yet
        return await self.run_plan(steps, signed)

    async def run_plan(
        self,
        steps: Generator[Call[Any] | Lookup | Extract, Any, T],
        options: SendOptions = DEFAULTS,
        extract: Extracts | None = None,
        read: list[Any] | None = None,
    ) -> T:
        """Send the calls, look up the names and extract the data that a backend's plan yields.

        With a list for the rows that it reads, it ends before the first change, with None.
        """
        try:
            step = next(steps)
            while True:
                if read is not None and isinstance(step, Call) and step.method != "GET":
                    return cast("T", None)
                try:
                    if isinstance(step, Call):
                        found: Any = await self.send(step, options)
                        if read is not None:
                            read.append(found)
                    else:
                        found = await self._prepare(step, extract)
                except Vantage6Error as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(found)
        except StopIteration as last:
            return last.value

    async def _prepare(self, step: Lookup | Extract, extract: Extracts | None) -> int | None:
        from ..._backend.databases import Lookup

        if isinstance(step, Lookup):
            return await self.id_of(step.kind, step.ref, step.within)
        return await extract(step) if extract else None

    async def renew(self) -> None:
        """Renew the token now, whether it is about to expire or not."""
        await self._renew(self.auth, self.auth.require_tokens(), forced=True)

    async def end_login(self) -> None:
        """End the login for all programs that use it."""
        steps = self.backend.end_login(self.auth.require_tokens())
        with suppress(StopIteration):
            request = next(steps)
            while True:
                request = steps.send(await self.http.post_form(request.url, request.form))

    def forget_login(self) -> None:
        """Continue without a user."""
        state, self.auth.tokens = self.state, None
        state.whoami = state.username = state.login_source = None
        state.private_key = state.private_key_file = None

    async def _renew(self, auth: ClientAuth, outdated: Tokens, *, forced: bool = False) -> None:
        """Renew tokens, unless another task, thread or process does so meanwhile."""
        deadline = Deadline(self.http.limits.timeouts)
        async with auth.renewal(lambda: deadline.left, "POST", self.url):
            steps = auth.renewing(outdated, forced=forced)
            if steps is None:
                return
            with closing(steps):
                step = next(steps)
                while step:
                    try:
                        result = await self._run_step(step)
                    except Vantage6Error as error:
                        result = error
                    step = auth.advance(steps, result)

    async def fresh_token(self) -> str:
        """Return a token that does not expire soon, for connections that are signed only once."""
        if expiring := self.auth.expiring_tokens():
            await self._renew(self.auth, expiring)
        return self.auth.require_tokens().access

    @property
    def socket(self) -> Socket | None:
        """The connection to the server's events; None without the libraries for it."""
        from ..._events.socket import Socket, can_connect
        from ..._http.proxy import socket_options

        if self.state.socket is None and can_connect():
            route, url = self.http.pools.route, self.address.url
            self.state.socket = Socket(
                self.address,
                partial(socket_options, url, route),
                self.http.limits.timeouts.connect,
                self.backend,
            )
        return self.state.socket

    async def choose_collaboration(self, ref: Ref) -> None:
        """Set the default collaboration of methods."""
        row = await self.send(
            self.backend.server.get_collaboration(await self.id_of("collaboration", ref))
        )
        self.state.collaboration_id, self.state.collaboration_name = row["id"], row.get("name")
        self.state.session = None  # of the previous collaboration
        LOGGER.info("Using collaboration %s (id %s)", row.get("name"), row["id"])

    async def choose_session(self, ref: Ref) -> None:
        """Set the default session of methods, and its collaboration."""
        get_session = self.backend.sessions.get_session
        row = await self.send(get_session(await self.id_of("session", ref)))
        await self.choose_collaboration(row["collaboration"])
        self.state.session = cast("Mapping[str, Any]", row)
        LOGGER.info("Using session %s (id %s)", row["name"], row["id"])

    async def use_key_file(
        self, source: KeySource | None, passphrase: str | bytes | None, *, replace: bool
    ) -> None:
        """Use the private key in a file, or its text; None removes the key."""
        _ = self.whoami  # raises before anything is read
        self.state.private_key = self.state.private_key_file = None
        if source is None:
            return
        from ..._encryption.key_files import read_private_key
        from ..._encryption.keys import load_private_key

        key = load_private_key(read_private_key(source), passphrase)
        file = None if isinstance(source, Secret) else source
        await self.use_key(key, file or "private key", replace=replace)
        self.state.private_key_file = file

    async def use_key(self, key: RSAPrivateKey, source: object, *, replace: bool = False) -> None:
        """Use a private key, after checking or storing its public key on the server."""
        from ..._encryption.keys import fingerprint, public_key_of

        who = self.whoami
        public_key = public_key_of(key)
        local = fingerprint(public_key)
        known = (await self.send(self.backend.server.get_organization(who.organization_id))).get(
            "public_key"
        )
        if known and (server := fingerprint(known)) != local and not replace:
            raise KeyMismatchError(
                f"{source}: expected the private key of organization {who.organization_name} (id "
                f"{who.organization_id}), got another key",
                local=local,
                server=server,
            )
        if not known or replace:
            body: OrganizationUpdate = {"public_key": public_key}
            await self.send(self.backend.server.update_organization(who.organization_id, body))
            self.names.forget("organization")
            LOGGER.info("Stored the public key %s on the server", local)
        self.state.private_key = key

    @property
    def store(self) -> StoreConnection:
        """The chosen algorithm store; ConfigurationError if there is none."""
        store, limits = self.state.store, self.http.limits
        if store is None:
            raise ConfigurationError(
                "algorithm store: expected a chosen one, got none. Call store.set() first."
            )
        return store if store.http.limits is limits else store.limited(limits)

    async def choose_store(
        self, row: AlgorithmStore, verify: Verify, cert: Cert | None, *, trusted: bool
    ) -> None:
        """Use an algorithm store for all store requests from now on."""
        from ..._http.tls import warn_if_unverified
        from .http import AsyncHttp

        # HQ stores the path of the API apart.
        path = (row.get("api_path") or "").strip("/")
        url = row["url"] or ""
        address = Address.parse_store(f"{url.rstrip('/')}/{path}" if path else row["url"])
        if not address.path:
            address = complete_store_address(address, await self._ask_version())
        url = address.url
        if self.backend.pins_stores:
            await run_in_thread(partial(self.trust.accept_store, row, url, trusted=trusted))
        route = self.http.pools.route.elsewhere(verify, cert)
        self.http.pools.set_route(url, route)
        warn_if_unverified(url, route)
        http = AsyncHttp(url, self.http.pools, self.http.limits, self.auth)
        http.headers[SERVER_URL] = self.address.url
        self.state.store = StoreConnection(http, row["id"], url, self.backend)
        self.auth.sign_for_store(url)

    async def find(
        self, kind: Kind, name: str, within: Scope | None = None, *, accepting: bool = False
    ) -> AnyRow:
        """Return the row with a name, with `accepting` even if it was known for another id."""
        if not isinstance(cast("object", name), str) or parse_id(name) is not None:
            raise InvalidInputError(
                f"{NAMINGS[kind].word}: expected a name, got {name!r}. "
                "Use get() for an id or a row."
            )
        row = await self._find(kind, name, within)
        if kind in ("organization", "collaboration") and not accepting:
            await run_in_thread(self.trust.check_name, kind, row)
        return row

    async def _find(self, kind: Kind, name: str, within: Scope | None) -> AnyRow:
        names = self.names if kind in SERVER_KINDS else self.store.names
        if within is None and self.collaboration_id is not None and kind in SCOPED:
            with suppress(NameNotFoundError):
                return await names.find(kind, name, Scope("collaboration", self.collaboration_id))
        return await names.find(kind, name, within)

    async def within(self, collaboration: Ref | None) -> Scope | None:
        """Return the scope of a collaboration, or None without one."""
        if collaboration is None:
            return None
        return Scope("collaboration", await self.id_of("collaboration", collaboration))

    async def id_of(
        self, kind: Kind, ref: Ref, within: Scope | None = None, *, accepting: bool = False
    ) -> int:
        """Return the id of an argument; `accepting` a name that was known for another id."""
        id_ = given_id(ref, NAMINGS[kind].word)
        if id_ is not None:
            return id_
        return (await self.find(kind, cast("str", ref), within, accepting=accepting))["id"]

    async def close(self) -> None:
        """Close all connections, unless this is a view of another core."""
        if not self.is_view:
            await self.http.aclose()
            if self.state.socket:
                self.state.socket.close()
