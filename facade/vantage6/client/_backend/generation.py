"""What the generations have in common: the operations behind rows and names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._rows.names import Kind
    from .v4_operations import ServerOperations, StoreOperations

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

    def listing(self, kind: Kind, **filters: Any) -> Any:
        """Return the operation that lists all rows of a kind, for names."""
        if kind == "role":
            filters["include_root"] = True
        return partial(self._operation(kind, 0), **filters)

    def row(self, kind: Kind, id_: int) -> Any:
        """Return the operation that gets the row with an id."""
        return self._operation(kind, 1)(id_)

    def _operation(self, kind: Kind, which: int) -> Any:
        if kind in SERVER:
            return getattr(self.server, SERVER[kind][which])
        return getattr(self.store, STORE[kind][which])

    def status_paths(self, task_id: int) -> tuple[str, ...]:
        """Return the paths that return a task's status, the fastest first; servers may lack it."""
        return self.server.get_task_status(task_id).path, self.server.get_task(task_id).path
