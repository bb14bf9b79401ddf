"""Generation 4.x: its operations, events, identity and limits, in one place."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from vantage6.bindings.server import calls
from vantage6.bindings.server.since import SINCE
from vantage6.bindings.store import calls as store_calls
from vantage6.bindings.store.since import SINCE as STORE_SINCE

from .._auth.identity import WhoAmI
from ..errors import NotAuthenticatedError, PermissionDeniedError
from .versions import Service

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._auth.tokens import Tokens
    from .._events.types import Received
    from .._rows.names import Kind


class ServerOperations:
    """The operations of a server that the client uses."""

    add_organization_to_collaboration = staticmethod(calls.add_organization_to_collaboration)
    add_organization_to_study = staticmethod(calls.add_organization_to_study)
    change_password = staticmethod(calls.change_password)
    create_algorithm_store = staticmethod(calls.create_algorithm_store)
    create_collaboration = staticmethod(calls.create_collaboration)
    create_node = staticmethod(calls.create_node)
    create_organization = staticmethod(calls.create_organization)
    create_role = staticmethod(calls.create_role)
    create_study = staticmethod(calls.create_study)
    create_task = staticmethod(calls.create_task)
    create_user = staticmethod(calls.create_user)
    delete_algorithm_store = staticmethod(calls.delete_algorithm_store)
    delete_collaboration = staticmethod(calls.delete_collaboration)
    delete_node = staticmethod(calls.delete_node)
    delete_organization = staticmethod(calls.delete_organization)
    delete_role = staticmethod(calls.delete_role)
    delete_study = staticmethod(calls.delete_study)
    delete_task = staticmethod(calls.delete_task)
    delete_user = staticmethod(calls.delete_user)
    download_blob = staticmethod(calls.download_blob)
    get_algorithm_store = staticmethod(calls.get_algorithm_store)
    get_blob_store_status = staticmethod(calls.get_blob_store_status)
    get_collaboration = staticmethod(calls.get_collaboration)
    get_health = staticmethod(calls.get_health)
    get_node = staticmethod(calls.get_node)
    get_organization = staticmethod(calls.get_organization)
    get_result = staticmethod(calls.get_result)
    get_run = staticmethod(calls.get_run)
    get_study = staticmethod(calls.get_study)
    get_task = staticmethod(calls.get_task)
    get_task_status = staticmethod(calls.get_task_status)
    get_user = staticmethod(calls.get_user)
    get_version = staticmethod(calls.get_version)
    kill_node_tasks = staticmethod(calls.kill_node_tasks)
    kill_task = staticmethod(calls.kill_task)
    list_algorithm_stores = staticmethod(calls.list_algorithm_stores)
    list_collaborations = staticmethod(calls.list_collaborations)
    list_nodes = staticmethod(calls.list_nodes)
    list_organizations = staticmethod(calls.list_organizations)
    list_results = staticmethod(calls.list_results)
    list_roles = staticmethod(calls.list_roles)
    list_rules = staticmethod(calls.list_rules)
    list_runs = staticmethod(calls.list_runs)
    list_studies = staticmethod(calls.list_studies)
    list_tasks = staticmethod(calls.list_tasks)
    list_users = staticmethod(calls.list_users)
    recover_password = staticmethod(calls.recover_password)
    recover_two_factor = staticmethod(calls.recover_two_factor)
    remove_organization_from_collaboration = staticmethod(
        calls.remove_organization_from_collaboration
    )
    remove_organization_from_study = staticmethod(calls.remove_organization_from_study)
    reset_api_key = staticmethod(calls.reset_api_key)
    reset_password = staticmethod(calls.reset_password)
    reset_two_factor = staticmethod(calls.reset_two_factor)
    update_algorithm_store = staticmethod(calls.update_algorithm_store)
    update_collaboration = staticmethod(calls.update_collaboration)
    update_node = staticmethod(calls.update_node)
    update_organization = staticmethod(calls.update_organization)
    update_role = staticmethod(calls.update_role)
    update_study = staticmethod(calls.update_study)
    update_user = staticmethod(calls.update_user)
    upload_blob = staticmethod(calls.upload_blob)


class StoreOperations:
    """The operations of an algorithm store that the client uses."""

    approve_review = staticmethod(store_calls.approve_review)
    create_algorithm = staticmethod(store_calls.create_algorithm)
    create_review = staticmethod(store_calls.create_review)
    create_role = staticmethod(store_calls.create_role)
    create_user = staticmethod(store_calls.create_user)
    delete_algorithm = staticmethod(store_calls.delete_algorithm)
    delete_review = staticmethod(store_calls.delete_review)
    delete_role = staticmethod(store_calls.delete_role)
    delete_user = staticmethod(store_calls.delete_user)
    get_algorithm = staticmethod(store_calls.get_algorithm)
    get_policies = staticmethod(store_calls.get_policies)
    get_public_policies = staticmethod(store_calls.get_public_policies)
    invalidate_algorithm = staticmethod(store_calls.invalidate_algorithm)
    list_algorithms = staticmethod(store_calls.list_algorithms)
    list_reviews = staticmethod(store_calls.list_reviews)
    list_roles = staticmethod(store_calls.list_roles)
    list_rules = staticmethod(store_calls.list_rules)
    list_users = staticmethod(store_calls.list_users)
    reject_review = staticmethod(store_calls.reject_review)
    update_algorithm = staticmethod(store_calls.update_algorithm)
    update_role = staticmethod(store_calls.update_role)
    update_user = staticmethod(store_calls.update_user)


# The operations that list the rows of each kind, and that get one of them.
OPERATIONS: Mapping[Kind, tuple[Any, Any]] = {
    "organization": (calls.list_organizations, calls.get_organization),
    "collaboration": (calls.list_collaborations, calls.get_collaboration),
    "study": (calls.list_studies, calls.get_study),
    "node": (calls.list_nodes, calls.get_node),
    "role": (calls.list_roles, calls.get_role),
    "rule": (calls.list_rules, calls.get_rule),
    "user": (calls.list_users, calls.get_user),
    "task": (calls.list_tasks, calls.get_task),
    "store": (calls.list_algorithm_stores, calls.get_algorithm_store),
    "algorithm": (store_calls.list_algorithms, store_calls.get_algorithm),
    "review": (store_calls.list_reviews, store_calls.get_review),
    "store_user": (store_calls.list_users, store_calls.get_user),
    "store_role": (store_calls.list_roles, store_calls.get_role),
    "store_rule": (store_calls.list_rules, None),
}


class V4:
    """The backend for servers 4.x."""

    server = ServerOperations()
    store = StoreOperations()
    server_service = Service("a server", SINCE, calls.get_version(), "server")
    store_service = Service("an algorithm store", STORE_SINCE, store_calls.get_version(), "store")
    event_namespace = "/tasks"

    def parse_event(self, name: str, data: object) -> Received | None:
        """Return the event in a message of the socket, or None."""
        from .._events.parsing import parse  # not at the top: few programs receive events

        return parse(name, data)

    def listing(self, kind: Kind, **filters: Any) -> Any:
        """Return the operation that lists all rows of a kind, for names."""
        if kind == "role":
            filters["include_root"] = True
        return partial(OPERATIONS[kind][0], **filters)

    def row(self, kind: Kind, id_: int) -> Any:
        """Return the operation that gets the row with an id."""
        return OPERATIONS[kind][1](id_)

    def status_paths(self, task_id: int) -> tuple[str, ...]:
        """Return the paths that return a task's status, the fastest first; servers may lack it."""
        return calls.get_task_status(task_id).path, calls.get_task(task_id).path

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
