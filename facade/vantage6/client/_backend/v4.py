"""Generation 4.x: its operations, events, identity and limits, in one place."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from vantage6.bindings.server import calls
from vantage6.bindings.server.since import SINCE
from vantage6.bindings.store import calls as store_calls
from vantage6.bindings.store.since import SINCE as STORE_SINCE

from .._auth.identity import WhoAmI
from .._auth.password import RefreshOnly
from .._http.status_errors import is_expired
from ..errors import NotAuthenticatedError, PermissionDeniedError
from .generation import Generation
from .v4_operations import ServerOperations, StoreOperations
from .versions import Service

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._auth.realm import Realm
    from .._auth.strategy import AuthStrategy
    from .._auth.tokens import Tokens
    from .._events.types import Received
    from .._http.response import Response
    from ..errors import ServerError, Vantage6Error


class V4(Generation):
    """The backend for servers 4.x."""

    name = "4.x"
    server = ServerOperations()
    store = StoreOperations()
    server_service = Service("a server", SINCE, calls.get_version(), "server")
    store_service = Service("an algorithm store", STORE_SINCE, store_calls.get_version(), "store")
    event_namespace = "/tasks"

    def parse_event(self, name: str, data: object) -> Received | None:
        """Return the event in a message of the socket, or None."""
        from .._events.parsing import parse  # not at the top: few programs receive events

        return parse(name, data)

    def resumed(self, realm: Realm | None) -> AuthStrategy:
        """Return the strategy that renews the tokens of a saved login."""
        return RefreshOnly()

    def rejects_token(self, response: Response, tokens: Tokens) -> bool:
        """Return whether a response means that the token of the request has expired."""
        return is_expired(response.status, response.content)

    def explain_failure(self, error: ServerError, *, has_login: bool) -> Vantage6Error:
        """Return the error that a failure of the server stands for."""
        return error

    def identify(
        self, username: str, tokens: Tokens
    ) -> Generator[Call[Any], Any, tuple[str, WhoAmI]]:
        """Yield the calls that identify the logged-in user; return the username and the user."""
        user = yield calls.get_user(tokens.user_id)
        username = user.get("username") or username
        organization = user.get("organization")
        if organization is None:
            raise NotAuthenticatedError(
                f"user {username!r}: expected a user with an organization, got one without"
            )
        try:
            row = yield calls.get_organization(organization["id"])
            name = row.get("name")
        except PermissionDeniedError:  # some users may not view even their own
            name = None
        return username, WhoAmI(
            type_="user",
            id_=user["id"],
            name=user.get("firstname") or username,
            organization_name=name or "",
            organization_id=organization["id"],
        )
