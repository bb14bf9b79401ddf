"""The interface of a backend: all differences between the generations of the platform."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._auth.identity import WhoAmI
    from .._auth.strategy import AuthStrategy, LoginEnd
    from .._auth.tokens import Tokens
    from .._events.types import Received
    from .._http.response import Response
    from .._rows.names import Kind
    from .._rows.references import Ref
    from ..errors import ServerError, Vantage6Error
    from .databases import Databases, Extract, Lookup, Place, TaskPlan
    from .rows import Message, Task
    from .v4_operations import ServerOperations, StoreOperations
    from .v5_operations import SessionOperations
    from .versions import Service


class Backend(Protocol):
    """One generation of the platform."""

    @property
    def server(self) -> ServerOperations:
        """The operations of the server."""
        ...

    @property
    def store(self) -> StoreOperations:
        """The operations of an algorithm store."""
        ...

    @property
    def server_service(self) -> Service:
        """Versions and response checks of the server."""
        ...

    @property
    def store_service(self) -> Service:
        """Versions and response checks of an algorithm store."""
        ...

    @property
    def event_namespace(self) -> str:
        """The namespace of the event socket."""
        ...

    def parse_event(self, name: str, data: object) -> Received | None:
        """Return the event in a message of the socket, or None."""
        ...

    @property
    def sessions(self) -> SessionOperations:
        """The operations of sessions and data frames; an error where there are none."""
        ...

    @property
    def input_field(self) -> str:
        """The field of runs and new tasks that holds the input for an organization."""
        ...

    @property
    def waits_for_all_runs(self) -> bool:
        """Whether a wait goes on after a failure until the other runs have ended."""
        ...

    @property
    def stores_before_status(self) -> bool:
        """Whether the result of a run is stored when its event reports it as completed."""
        ...

    @property
    def bindings(self) -> Any:
        """The package of the server's bindings."""
        ...

    @property
    def checks_study(self) -> bool:
        """Whether the service refuses tasks at organizations outside the study."""
        ...

    @property
    def pins_stores(self) -> bool:
        """Whether one token serves all stores that the server names, so that each is known."""
        ...

    def plan_task(
        self,
        function: Mapping[str, Any],
        databases: Databases,
        action: str | None,
        store: Ref | None,
    ) -> TaskPlan:
        """Return what a new task sends, before anything is requested."""
        ...

    def repeat_task(
        self, task: Task, payload: Mapping[str, Any] | None, *, with_databases: bool
    ) -> dict[str, Any]:
        """Return the arguments of `task.create` that ask a task's question again.

        The payload is what the function received; None if it is unknown.
        """
        ...

    def complete_task(
        self, plan: TaskPlan, place: Place
    ) -> Generator[Call[Any] | Lookup | Extract, Any, Mapping[str, Any]]:
        """Yield the calls and look-ups for the data of a task; return more fields of its body."""
        ...

    def get_task(
        self, id_: int, include: Sequence[str] | None
    ) -> Generator[Call[Any], Any, Mapping[str, Any]]:
        """Yield the calls for a task; return its row, with what the service leaves out."""
        ...

    def own_rules(self, user_id: int, per_page: int) -> Call[Any]:
        """Return the call that lists the rules of the logged-in user."""
        ...

    @property
    def nodes_match_senders(self) -> bool:
        """Whether nodes recognize the ids and names in their policy, in whatever form."""
        ...

    def find_session(self, place: Place) -> Generator[Call[Any], Any, int]:
        """Yield the call for a session where none was given; return the id of the session."""
        ...

    @property
    def name(self) -> str:
        """The versions of this generation, such as ``"4.x"``."""
        ...

    def end_login(self, tokens: Tokens) -> LoginEnd:
        """Return the steps that end a login for all that use its tokens."""
        ...

    def resumed(self) -> AuthStrategy:
        """Return the strategy that renews the tokens of a saved login."""
        ...

    def rejects_token(self, response: Response, tokens: Tokens) -> bool:
        """Return whether a response means that the token of the request has expired."""
        ...

    def explain_failure(self, error: ServerError, *, has_login: bool) -> Vantage6Error:
        """Return the error that a failure of the server stands for."""
        ...

    def only_in_4(self, operation: str, **given: Any) -> dict[str, Any]:
        """Return the given arguments that only servers 4.x have; raise for them at HQ."""
        ...

    def only_in_5(self, operation: str, **given: Any) -> dict[str, Any]:
        """Return the given arguments that only HQ 5.x has; raise for them on servers 4.x."""
        ...

    def store_link(
        self, url: str, name: str, api_path: str | None, *, force: bool, server_url: str
    ) -> Any:
        """Return the body that links an algorithm store, without its collaboration."""
        ...

    def unlink_store(self, id_: int, server_url: str) -> Call[Message]:
        """Return the call that removes the link to an algorithm store."""
        ...

    def listing(self, kind: Kind, **filters: Any) -> Any:
        """Return the operation that lists all rows of a kind."""
        ...

    def row(self, kind: Kind, id_: int) -> Any:
        """Return the operation that gets the row with an id."""
        ...

    def status_paths(self, task_id: int) -> tuple[str, ...]:
        """Return the paths that return a task's status, the preferred one first."""
        ...

    def identify(
        self, username: str, tokens: Tokens
    ) -> Generator[Call[Any], Any, tuple[str, WhoAmI]]:
        """Yield the calls that identify the logged-in user; return the username and the user."""
        ...
