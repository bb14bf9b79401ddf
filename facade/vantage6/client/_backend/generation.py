"""What the generations have in common: the operations behind rows and names."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .._auth.identity import WhoAmI
from ..errors import (
    NotAuthenticatedError,
    PermissionDeniedError,
    UnsupportedServerVersionError,
)

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._auth.strategy import LoginEnd
    from .._auth.tokens import Tokens
    from .._rows.names import Kind
    from .v4_operations import ServerOperations, StoreOperations
    from .v5_operations import SessionOperations

# The operations that list the rows of each kind, and that get one of them.
SERVER: Mapping[Kind, tuple[str, str]] = {
    "organization": ("list_organizations", "get_organization"),
    "collaboration": ("list_collaborations", "get_collaboration"),
    "study": ("list_studies", "get_study"),
    "node": ("list_nodes", "get_node"),
    "role": ("list_roles", "get_role"),
    "rule": ("list_rules", "get_rule"),
    "user": ("list_users", "get_user"),
    "task": ("list_tasks", "get_task"),
    "store": ("list_algorithm_stores", "get_algorithm_store"),
}
SESSIONS: Mapping[Kind, tuple[str, str]] = {
    "session": ("list_sessions", "get_session"),
    "dataframe": ("list_dataframes", "get_dataframe"),
}
STORE: Mapping[Kind, tuple[str, str]] = {
    "algorithm": ("list_algorithms", "get_algorithm"),
    "review": ("list_reviews", "get_review"),
    "store_user": ("list_users", "get_user"),
    "store_role": ("list_roles", "get_role"),
    "store_rule": ("list_rules", ""),
}


class Generation:
    """One generation of the platform."""

    server: ServerOperations
    store: StoreOperations

    @property
    def sessions(self) -> SessionOperations:
        """The operations of sessions and data frames."""
        raise UnsupportedServerVersionError(
            "sessions and data frames belong to HQ 5.x, and this server is of generation 4.x. Pass "
            "the labels of databases to task.create() instead.",
            operation="list_sessions",
            server="4",
            needed="5",
            method="GET",
            url="/session",
        )

    def end_login(self, tokens: Tokens) -> LoginEnd:
        """Raise an error: these servers keep a login until it expires."""
        raise UnsupportedServerVersionError(
            "log_out: servers of generation 4.x cannot end a login, which lasts until it expires "
            "(48 hours without use by default). saved_login.forget() deletes it on this machine.",
            operation="log_out",
            server="4",
            needed="5",
            method="POST",
            url="/token",
        )

    def listing(self, kind: Kind, **filters: Any) -> Any:
        """Return the operation that lists all rows of a kind, for names."""
        if kind == "role":
            filters["include_root"] = True
        return partial(self._operation(kind, 0), **filters)

    def row(self, kind: Kind, id_: int) -> Any:
        """Return the operation that gets the row with an id."""
        return self._operation(kind, 1)(id_)

    def _operation(self, kind: Kind, which: int) -> Any:
        if kind in SESSIONS:
            return getattr(self.sessions, SESSIONS[kind][which])
        if kind in SERVER:
            return getattr(self.server, SERVER[kind][which])
        return getattr(self.store, STORE[kind][which])

    def _who(
        self, user: Mapping[str, Any], username: str, name: str | None = None
    ) -> Generator[Call[Any], Any, tuple[str, WhoAmI]]:
        """Yield the call for a user's organization; return the username and the user."""
        username = user.get("username") or username
        organization = user.get("organization")
        if organization is None:
            raise NotAuthenticatedError(
                f"user {username!r}: expected a user with an organization, got one without"
            )
        try:
            row = yield self.server.get_organization(organization["id"])
            organization_name = row.get("name")
        except PermissionDeniedError:  # some users may not view even their own
            organization_name = None
        return username, WhoAmI(
            type_="user",
            id_=user["id"],
            name=name or username,
            organization_name=organization_name or "",
            organization_id=organization["id"],
        )

    def status_paths(self, task_id: int) -> tuple[str, ...]:
        """Return the paths that return a task's status, the fastest first; servers may lack it."""
        return self.server.get_task_status(task_id).path, self.server.get_task(task_id).path
