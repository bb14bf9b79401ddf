"""Generation 5.x, whose server is called HQ: its operations, events, identity and limits."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from http import HTTPStatus
from inspect import signature
from math import inf
from typing import TYPE_CHECKING, Any, cast

from vantage6.bindings.hq import calls
from vantage6.bindings.hq.since import SINCE
from vantage6.bindings.hq_store import calls as store_calls
from vantage6.bindings.hq_store.since import SINCE as STORE_SINCE

from .._auth.identity import WhoAmI
from .._auth.realm import RealmRefresh
from .._auth.tokens import claims
from .._http.status_errors import is_expired
from .._utils.time import server_time
from ..errors import NotAuthenticatedError, PermissionDeniedError, UnsupportedServerVersionError
from .generation import Generation
from .versions import Service

if TYPE_CHECKING:
    from types import ModuleType

    from vantage6.bindings.call import Call

    from .._auth.realm import Realm
    from .._auth.strategy import AuthStrategy
    from .._auth.tokens import Tokens
    from .._events.types import Received
    from .._http.response import Response
    from ..errors import ServerError, Vantage6Error
    from .v4_operations import ServerOperations, StoreOperations

ACCOUNT = "Users manage passwords and second factors on the account page of their Keycloak."
# What to do instead of the operations that HQ lacks.
INSTEAD: Mapping[str, str] = {
    "change_password": ACCOUNT,
    "recover_password": ACCOUNT,
    "reset_password": ACCOUNT,
    "recover_two_factor": ACCOUNT,
    "reset_two_factor": ACCOUNT,
}


class Operations:
    """The operations of a service under their names of 4.x; one that it lacks is an error."""

    def __init__(self, service: str, module: ModuleType) -> None:
        self._service = service
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Call[Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        operation = getattr(self._module, name, None)
        if operation is None:
            raise _unsupported(f"{name}: {self._service} has no such operation", name)
        known = signature(operation).parameters

        def call(*values: object, **query: object) -> Call[Any]:
            given = {key: value for key, value in query.items() if value is not None}
            if unknown := sorted(given.keys() - known.keys()):
                raise _unsupported(f"{unknown[0]}: {self._service} has no such parameter", name)
            return operation(*values, **given)

        return call


def _unsupported(what: str, operation: str) -> UnsupportedServerVersionError:
    instead = INSTEAD.get(operation, "It belongs to servers of version 4.")
    return UnsupportedServerVersionError(
        f"{what} in version 5. {instead}",
        operation=operation,
        server="5",
        needed="4",
        method=operation,
        url="to HQ",
    )


class V5(Generation):
    """The backend for HQ 5.x and its algorithm store."""

    name = "5.x"
    server = cast("ServerOperations", Operations("HQ", calls))
    store = cast("StoreOperations", Operations("the algorithm store", store_calls))
    server_service = Service("HQ", SINCE, calls.get_version(), "hq")
    store_service = Service(
        "an algorithm store", STORE_SINCE, store_calls.get_version(), "hq_store"
    )
    event_namespace = "/tasks"

    def parse_event(self, name: str, data: object) -> Received | None:
        """Return the event in a message of the socket, or None."""
        from .._events.parsing import parse  # not at the top: few programs receive events

        return parse("new_task" if name == "new_task_update" else name, data)

    def resumed(self, realm: Realm | None) -> AuthStrategy:
        """Return the strategy that renews the tokens of a saved login."""
        if realm is None:
            raise TypeError("HQ requires a realm")
        return RealmRefresh(realm)

    def rejects_token(self, response: Response, tokens: Tokens) -> bool:
        """Return whether a response means that the token of the request has expired.

        On routes that containers may use, HQ fails before it does anything. It is recognized by
        HQ's own clock, so that no other failure of HQ repeats a request.
        """
        if response.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            return is_expired(response.status, response.content)
        expires = claims(tokens.access).get("exp")
        now = server_time(response.date, -inf)
        return isinstance(expires, int | float) and now >= expires

    def explain_failure(self, error: ServerError, *, has_login: bool) -> Vantage6Error:
        """Return the error that a failure of the server stands for."""
        is_missing = not has_login and error.status == HTTPStatus.INTERNAL_SERVER_ERROR
        return NotAuthenticatedError() if is_missing else error

    def identify(
        self, username: str, tokens: Tokens
    ) -> Generator[Call[Any], Any, tuple[str, WhoAmI]]:
        """Yield the calls that identify the logged-in user; return the username and the user."""
        user = yield calls.get_current_user()
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
            name=username,
            organization_name=name or "",
            organization_id=organization["id"],
        )
