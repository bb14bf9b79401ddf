"""Generation 4.x: its operations, events, identity and limits, in one place."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

from vantage6.bindings.server import calls
from vantage6.bindings.server.since import SINCE
from vantage6.bindings.store import calls as store_calls
from vantage6.bindings.store.since import SINCE as STORE_SINCE

from .._auth.password import RefreshOnly
from .._http.status_errors import is_expired
from .databases import TaskPlan, database_list
from .generation import Generation
from .v4_operations import ServerOperations, StoreOperations
from .versions import Service

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._auth.identity import WhoAmI
    from .._auth.strategy import AuthStrategy
    from .._auth.tokens import Tokens
    from .._events.types import Received
    from .._http.response import Response
    from .._rows.references import Ref
    from ..errors import ServerError, Vantage6Error
    from .databases import Databases, Extract, Lookup, Place
    from .rows import Message, Task


class V4(Generation):
    """The backend for servers 4.x."""

    name = "4.x"
    server = ServerOperations()
    store = StoreOperations()
    server_service = Service("a server", SINCE, calls.get_version(), "server")
    store_service = Service("an algorithm store", STORE_SINCE, store_calls.get_version(), "store")
    event_namespace = "/tasks"
    input_field = "input"
    waits_for_all_runs = False
    stores_before_status = False
    checks_study = True
    pins_stores = False
    # Nodes of 4.15.2 do not recognize ids that are numbers, and fail at names: they take the
    # server's page for a list.
    nodes_match_senders = False

    @property
    def bindings(self) -> Any:
        """The package of the server's bindings, which is slow to load."""
        from vantage6.bindings import server

        return server

    def parse_event(self, name: str, data: object) -> Received | None:
        """Return the event in a message of the socket, or None."""
        from .._events.parsing import parse  # not at the top: few programs receive events

        return parse(name, data)

    def store_link(
        self, url: str, name: str, api_path: str | None, *, force: bool, server_url: str
    ) -> Any:
        """Return the body that links a store, whose address includes the path of its API."""
        self.only_in_5("create_algorithm_store", api_path=api_path)
        link = {"algorithm_store_url": url, "name": name, "force": force}
        return {**link, "server_url": server_url}

    def unlink_store(self, id_: int, server_url: str) -> Call[Message]:
        """Return the call that removes the link to an algorithm store."""
        return self.server.delete_algorithm_store(id_, server_url=server_url)

    def plan_task(
        self,
        function: Mapping[str, Any],
        databases: Databases,
        action: str | None,
        store: Ref | None,
    ) -> TaskPlan:
        """Return what a new task sends; actions have no meaning here."""
        return TaskPlan(function, "", {"databases": database_list(databases)})

    def repeat_task(
        self, task: Task, payload: Mapping[str, Any] | None, *, with_databases: bool
    ) -> dict[str, Any]:
        """Return the arguments that ask a task's question again."""
        databases: list[dict[str, Any]] = [
            {"label": database["label"], **json.loads(database["parameters"] or "{}")}
            for database in task["databases"]
        ]
        known: dict[str, Any] = {"databases": databases if with_databases else None}
        if payload is not None and "method" in payload:
            known |= {name: payload.get(name) for name in ("method", "args")}
            known["kwargs"] = payload.get("kwargs") or {}
        return known

    def complete_task(
        self, plan: TaskPlan, place: Place
    ) -> Generator[Call[Any] | Lookup | Extract, Any, Mapping[str, Any]]:
        """Return the further fields of a task: none, as databases need no preparation."""
        yield from ()
        return {}

    def own_rules(self, user_id: int, per_page: int) -> Call[Any]:
        """Return the call that lists the rules of the logged-in user."""
        return self.server.list_rules(user_id=user_id, page=1, per_page=per_page)

    def find_session(self, place: Place) -> Generator[Call[Any], Any, int]:
        """Raise, as there are no sessions."""
        yield self.sessions.get_session(0)
        return 0

    def resumed(self) -> AuthStrategy:
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
        return (yield from self._who(user, username, user.get("firstname")))
