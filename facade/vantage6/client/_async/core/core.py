"""The core of a client: its connection, login and chosen defaults."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, cast

from vantage6.bindings.server.calls import refresh_token

from ..._auth.credentials import aresolve_code
from ..._auth.identity import WhoAmI
from ..._auth.password import login_flow
from ..._auth.tokens import Tokens
from ..._backend.v4 import V4
from ..._backend.versions import complete_store_address
from ..._encryption.key_files import read_private_key
from ..._encryption.reader import Reader
from ..._http.address import Address
from ..._http.context import SendOptions
from ..._http.deadline import Deadline
from ..._http.response import Response
from ..._rows.names import NAMINGS, SCOPED, SERVER_KINDS, Scope
from ..._rows.references import id_of, parse_id
from ..._utils.logging import LOGGER
from ..._utils.warnings import warn
from ...errors import (
    ConfigurationError,
    InvalidInputError,
    KeyMismatchError,
    LoginExpiredError,
    NameNotFoundError,
    NotAuthenticatedError,
    PermissionDeniedError,
    TwoFactorSetupRequiredError,
)
from .blob_store import BlobStore
from .connection import SERVER_URL, Connection, StoreConnection

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from typing_extensions import Self

    from ..._auth.password import Account, LoginFlow, LoginStep
    from ..._backend.rows import AlgorithmStore, OrganizationUpdate
    from ..._encryption.trust import Trust
    from ..._events.socket import Socket
    from ..._http.limits import Limits
    from ..._http.route import Route
    from ..._rows.names import AnyRow, Kind
    from ..._rows.references import Ref
    from .auth import ClientAuth


@dataclass
class State:
    """What changes in a client, whatever limits it is seen with."""

    whoami: WhoAmI | None = None
    username: str | None = None
    collaboration_id: int | None = None
    collaboration_name: str | None = None
    private_key: RSAPrivateKey | None = None
    private_key_file: Path | None = None
    store: StoreConnection | None = None
    socket: Socket | None = None
    has_blobs: bool | None = None
    created: set[int] = field(default_factory=set[int])


class Core(Connection):
    """The one way of a client to its server, and what it has become on the way."""

    def __init__(self, address: Address, route: Route, limits: Limits, trust: Trust) -> None:
        # Here and not above, so that importing the package stays fast.
        from ..._http.pools import AsyncPools
        from ..._http.tls import warn_if_unverified
        from .auth import ClientAuth
        from .http import AsyncHttp

        warn_if_unverified(address.url, route)
        self.address = address
        self.trust = trust
        self.auth = ClientAuth(address.url)
        http = AsyncHttp(address.url, AsyncPools(route), limits, self.auth)
        backend = V4()
        super().__init__(http, address.url, backend, backend.server_service)
        self.state = State()
        self.is_view = False
        self.blobs = BlobStore(self)

    def limited(self, limits: Limits) -> Self:
        """Return the same session with other limits for each call."""
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

    def warn_if_insecure(self) -> None:
        """Warn, before a password is sent, that others could read it on the way."""
        if self.address.is_insecure:
            warn(
                f"{self.address.host} speaks plain http: whoever is on the way can read your "
                "password and all that follows; give the server's https address if it has one"
            )

    @property
    def reader(self) -> Reader:
        """Who reads inputs and results here, with which key."""
        return Reader(self.whoami, self.private_key)

    async def login(self, account: Account, *, auto_relogin: bool) -> WhoAmI:
        """Log in, and find out who that is."""
        self.warn_if_insecure()
        tokens = await self._enter(account)
        found = await self._identify(account.username, tokens)
        who = self._become(tokens, *found, account.for_relogin if auto_relogin else None)
        LOGGER.info("Successfully authenticated")
        LOGGER.info("User: %s (id %s)", who.name, who.id_)
        LOGGER.info("Organization: %s (id %s)", who.organization_name, who.organization_id)
        return who

    async def resume(self, username: str, auth: ClientAuth) -> WhoAmI:
        """Continue with the tokens of an earlier login, which are renewed if necessary."""
        is_due = auth.expiring_tokens()
        if is_due:
            await self._renew(auth, is_due)
        try:
            found = await self._identify(username, auth.require_tokens())
        except LoginExpiredError:
            if is_due:
                raise
            await self._renew(auth, auth.require_tokens(), forced=True)
            found = await self._identify(username, auth.require_tokens())
        if found[0] != username:
            raise ConfigurationError(f"the login is of {found[0]!r}, not of {username!r}")
        return self._become(auth.require_tokens(), *found)

    def _become(
        self, tokens: Tokens, username: str, who: WhoAmI, account: Account | None = None
    ) -> WhoAmI:
        """Be this user from now on: all at once, and last, since a login may fail."""
        state = self.state
        before, state.whoami = state.whoami, who
        self.names.forget()  # somebody else may see other things
        if before and before.organization_id != who.organization_id:
            # It belongs to the organization of the last login.
            state.private_key = state.private_key_file = None
        if username != state.username:
            self.auth.saved = None  # that file is of the last user
        state.username = username
        self.auth.use(tokens, account)
        return who

    async def _enter(self, account: Account) -> Tokens:
        """Get tokens."""
        try:
            return await self._run_flow(login_flow(account))
        except TwoFactorSetupRequiredError as error:
            from ..._auth.two_factor import offer_qr

            offer_qr(error.uri)  # who does not catch the error would lose what is told only once
            raise

    async def _run_flow(self, steps: LoginFlow) -> Tokens:
        """Do all that is to be done on the way to tokens."""
        step = next(steps)
        try:
            while True:
                step = steps.send(await self._take(step))
        except StopIteration as last:
            return last.value

    async def _take(self, step: LoginStep) -> Response | str:
        """Do what is to be done on the way to tokens."""
        if callable(step):
            return await aresolve_code(step)
        call, headers = step
        return await self.http.exchange(call, SendOptions(signed=False, headers=headers))

    async def _identify(self, username: str, tokens: Tokens) -> tuple[str, WhoAmI]:
        """Return the username and the user that tokens belong to."""
        steps = self.backend.identify(username, tokens)
        signed = SendOptions(signed=False, headers=tokens.signing)  # they are not the client's yet
        try:
            call = next(steps)
            while True:
                try:
                    body = await self.send(call, signed)
                except PermissionDeniedError as error:
                    call = steps.throw(error)
                else:
                    call = steps.send(body)
        except StopIteration as last:
            return last.value

    async def renew(self) -> None:
        """Renew the token now, whether it is about to expire or not."""
        await self._renew(self.auth, self.auth.require_tokens(), forced=True)

    async def _renew(self, auth: ClientAuth, outdated: Tokens, *, forced: bool = False) -> None:
        """Renew tokens, unless another task, thread or process does so meanwhile."""
        call, deadline = refresh_token(), Deadline(self.http.limits.timeouts)
        async with auth.renewal(lambda: deadline.left, call.method, f"{self.url}{call.path}"):
            steps = auth.renewing(outdated, forced=forced)
            step = next(steps) if steps else None
            while steps and step:
                step = auth.advance(steps, await self._take(step))

    async def fresh_token(self) -> str:
        """Return a token that will be valid for a while, for what is signed once and stays open."""
        if outdated := self.auth.expiring_tokens():
            await self._renew(self.auth, outdated)
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
        """Use a collaboration for all methods that are not given one."""
        row = await self.send(
            self.backend.server.get_collaboration(await self.id_of("collaboration", ref))
        )
        self.state.collaboration_id, self.state.collaboration_name = row["id"], row.get("name")
        LOGGER.info("Using collaboration %s (id %s)", row.get("name"), row["id"])

    async def use_key_file(
        self, file: Path | None, passphrase: str | bytes | None, *, replace: bool
    ) -> None:
        """Use the private key in a file, or none."""
        _ = self.whoami  # an error before anything is read
        self.state.private_key = self.state.private_key_file = None
        if file is None:
            return
        from ..._encryption.keys import load_private_key

        key = load_private_key(read_private_key(file), passphrase)
        await self.use_key(key, file, replace=replace)
        self.state.private_key_file = file

    async def use_key(self, key: RSAPrivateKey, source: object, *, replace: bool = False) -> None:
        """Go on with a private key, once the server has the public key that belongs to it."""
        from ..._encryption.keys import fingerprint, public_key_of

        who = self.whoami
        public_key = public_key_of(key)
        local = fingerprint(public_key)
        known = (await self.send(self.backend.server.get_organization(who.organization_id))).get(
            "public_key"
        )
        if known and (server := fingerprint(known)) != local and not replace:
            raise KeyMismatchError(
                f"{source} is not the private key of organization {who.organization_name} "
                f"(id {who.organization_id})",
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
        """The algorithm store that was chosen; ConfigurationError if there is none."""
        store, limits = self.state.store, self.http.limits
        if store is None:
            raise ConfigurationError("no algorithm store has been chosen: call store.set() first")
        return store if store.http.limits is limits else store.limited(limits)

    async def choose_store(self, row: AlgorithmStore) -> None:
        """Send what is for an algorithm store to this one, from now on."""
        from .http import AsyncHttp

        address = Address.parse_store(row["url"])
        if not address.path:
            address = complete_store_address(address, await self._ask_version())
        url = address.url
        http = AsyncHttp(url, self.http.pools, self.http.limits, self.auth)
        http.headers[SERVER_URL] = self.address.url
        self.state.store = StoreConnection(http, row["id"], url, self.backend)
        self.auth.sign_for_store(url)

    async def find(self, kind: Kind, name: str, within: Scope | None = None) -> AnyRow:
        """Find the one thing that has a name."""
        if not isinstance(cast("object", name), str):
            word = NAMINGS[kind].word
            raise InvalidInputError(
                f"{word}: {name!r} is no name, by which find() looks; see get()"
            )
        names = self.names if kind in SERVER_KINDS else self.store.names
        if within is None and self.collaboration_id is not None and kind in SCOPED:
            with suppress(NameNotFoundError):
                return await names.find(kind, name, Scope("collaboration", self.collaboration_id))
        return await names.find(kind, name, within)

    async def within(self, collaboration: Ref | None) -> Scope | None:
        """Return where to look, if a collaboration was named."""
        if collaboration is None:
            return None
        return Scope("collaboration", await self.id_of("collaboration", collaboration))

    async def id_of(self, kind: Kind, ref: Ref, within: Scope | None = None) -> int:
        """Return the identifier of what is meant."""
        if not isinstance(ref, str):
            return id_of(ref, NAMINGS[kind].word)
        try:
            return (await self.find(kind, ref, within))["id"]
        except NameNotFoundError:
            if (number := parse_id(ref)) is not None:
                return number
            raise

    async def close(self) -> None:
        """Close all connections, unless they are another session's as well."""
        if not self.is_view:
            await self.http.aclose()
            if self.state.socket:
                self.state.socket.close()
