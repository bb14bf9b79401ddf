"""Generation 5.x, whose server is called HQ: its operations, events, identity and limits."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from inspect import signature
from math import inf
from secrets import token_hex
from time import monotonic
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit, urlunsplit

from vantage6.bindings.hq import calls
from vantage6.bindings.hq.since import SINCE
from vantage6.bindings.hq_store import calls as store_calls
from vantage6.bindings.hq_store.since import SINCE as STORE_SINCE

from .._auth.realm import RealmRefresh
from .._auth.tokens import claims
from .._http.status_errors import is_expired
from .._rows.names import Scope
from .._utils.logging import LOGGER
from .._utils.time import server_time
from ..errors import (
    InvalidInputError,
    NameNotFoundError,
    NotAuthenticatedError,
    UnsupportedServerVersionError,
)
from .databases import (
    AUTOMATIC,
    Extract,
    Extraction,
    Lookup,
    TaskPlan,
    frame_groups,
    label_error,
)
from .generation import Generation
from .v5_operations import SessionOperations
from .versions import Service

if TYPE_CHECKING:
    from types import ModuleType

    from vantage6.bindings.call import Call
    from vantage6.bindings.hq import rows

    from .._auth.identity import WhoAmI
    from .._auth.realm import Realm
    from .._auth.strategy import AuthStrategy, LoginEnd
    from .._auth.tokens import Tokens
    from .._events.types import Received
    from .._http.response import Response
    from .._rows.references import Ref
    from ..errors import ServerError, Vantage6Error
    from .databases import Databases, Place
    from .rows import Message, Task
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


# Within this time, the same status of a run is the same change.
REPEATED_SECONDS = 10.0
# So many changes are compared: several for each run of a large task.
MAX_HEARD = 10_000
KEYCLOAK = "Names and email addresses of users are in Keycloak."
NAMES_AT_KEYCLOAK: Mapping[str, str] = dict.fromkeys(("firstname", "lastname", "email"), KEYCLOAK)


class Operations:
    """The operations of a service under their names of 4.x; one that it lacks is an error."""

    def __init__(self, service: str, module: ModuleType) -> None:
        self._service = service
        self._module = module

    def __getattr__(self, name: str) -> Callable[..., Call[Any]]:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in BROKEN:
            raise _unsupported(f"{name}: {self._service} cannot do this", name, BROKEN[name])
        operation = getattr(self._module, name, None)
        if operation is None:
            raise _unsupported(f"{name}: {self._service} has no such operation", name)
        known = signature(operation).parameters

        def call(*values: object, **query: object) -> Call[Any]:
            given = {key: value for key, value in query.items() if value is not None}
            if name in UNSORTED:
                given.pop("sort", None)
            if unknown := sorted(given.keys() - known.keys()):
                raise _unsupported(f"{unknown[0]}: {self._service} has no such parameter", name)
            return operation(*values, **given)

        setattr(self, name, call)  # the signature is inspected once
        return call


def _unsupported(
    what: str, operation: str, instead: str = "It belongs to servers of version 4."
) -> UnsupportedServerVersionError:
    instead = INSTEAD.get(operation, instead)
    return UnsupportedServerVersionError(
        f"{what} in version 5. {instead}",
        operation=operation,
        server="5",
        needed="4",
        method=operation,
        url="to HQ",
    )


# Those of tasks; the others make data frames.
ACTIONS = ("federated_compute", "central_compute")
# What HQ has, but cannot do.
BROKEN: Mapping[str, str] = {
    "upload_blob": "HQ 5.0.0 to 5.0.3 loses what is in its blob store. Ask its operator to turn it "
    "off.",
}

# What the store of 5.0.0 to 5.0.3 fails to sort: it orders reviews by a column of users.
UNSORTED = frozenset({"list_reviews"})


def own_session(place: Place) -> Generator[Call[Any], Any, int]:
    """Yield the call for the session that the client creates by itself; return its id."""
    key = place.collaboration_id, place.study_id
    if key not in place.own_sessions:
        body: rows.SessionInput = {
            "collaboration_id": place.collaboration_id,
            "scope": "own",
            "name": f"{AUTOMATIC}{token_hex(4)}",
        }
        if place.study_id is not None:
            body["study_id"] = place.study_id
        row = yield calls.create_session(body)
        LOGGER.info("Created session %r (id %s) for this client", row["name"], row["id"])
        place.own_sessions[key] = row["id"]
    return place.own_sessions[key]


def check_place(session: Mapping[str, Any], place: Place) -> int:
    """Return the id of a session, which must be one of the collaboration and the study."""
    study = session["study"]
    expected = place.collaboration_id, place.study_id
    found = session["collaboration"]["id"], study["id"] if study else place.study_id
    if found != expected:
        raise InvalidInputError(
            f"session: expected one of collaboration {expected[0]} and study {expected[1]}, got "
            f"session {session['id']} of collaboration {found[0]} and study {found[1]}"
        )
    return session["id"]


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
    input_field = "arguments"
    # One failure fails the task at once, while the others run on and deliver their results.
    waits_for_all_runs = True
    # HQ's own event follows the request with which the node sends status and result together.
    stores_before_status = True
    checks_study = False
    pins_stores = True
    nodes_match_senders = True

    @property
    def bindings(self) -> Any:
        """The package of the server's bindings, which is slow to load."""
        from vantage6.bindings import hq

        return hq

    def __init__(self, realm: Realm) -> None:
        self._realm = realm
        self._heard: dict[tuple[int, int], float] = {}

    @property
    def sessions(self) -> SessionOperations:
        """The operations of sessions and data frames."""
        return SessionOperations()

    def parse_event(self, name: str, data: object) -> Received | None:
        """Return the event in a message of the socket, or None."""
        # Not at the top: few programs receive events.
        from .._events.parsing import parse
        from .._events.types import RunStatusChanged

        event = parse("new_task" if name == "new_task_update" else name, data)
        if isinstance(event, RunStatusChanged):  # HQ sends its own, then relays the node's
            heard, now = self._heard, monotonic()
            key = event.run_id, hash(event.status)  # the text may be long
            if now - heard.get(key, -inf) < REPEATED_SECONDS:
                return None
            heard.pop(key, None)
            heard[key] = now  # the latest is the last
            while len(heard) > MAX_HEARD or now - next(iter(heard.values())) >= REPEATED_SECONDS:
                del heard[next(iter(heard))]
        return event

    def only_in_4(self, operation: str, **given: Any) -> dict[str, Any]:
        """Raise for arguments that only servers 4.x have."""
        for name, value in given.items():
            if value is not None:
                raise _unsupported(
                    f"{name}: HQ has no such field",
                    operation,
                    NAMES_AT_KEYCLOAK.get(name, "Leave it out."),
                )
        return {}

    def only_in_5(self, operation: str, **given: Any) -> dict[str, Any]:
        """Return the given arguments."""
        return {name: value for name, value in given.items() if value is not None}

    def unlink_store(self, id_: int, server_url: str) -> Call[Message]:
        """Return the call that removes the link to an algorithm store."""
        return self.server.delete_algorithm_store(id_)

    def store_link(
        self, url: str, name: str, api_path: str | None, *, force: bool, server_url: str
    ) -> Any:
        """Return the body that links an algorithm store: HQ takes the path of its API apart."""
        self.only_in_4("create_algorithm_store", force=force or None)
        parts = urlsplit(url)
        if api_path is None and parts.path.strip("/"):
            api_path, url = parts.path, urlunsplit((parts.scheme, parts.netloc, "", "", ""))
        return {
            "algorithm_store_url": url,
            "name": name,
            "api_path": "/api" if api_path is None else api_path,
        }

    def plan_task(
        self,
        function: Mapping[str, Any],
        databases: Databases,
        action: str | None,
        store: Ref | None,
    ) -> TaskPlan:
        """Return what a new task sends, before anything is requested."""
        if function.get("args"):
            raise InvalidInputError(
                "args: expected arguments by name, as HQ passes no others, got positional ones. "
                "Pass them as kwargs."
            )
        body: dict[str, Any] = {"method": function["method"]}
        if action is not None:
            body["action"] = action
        if action not in ACTIONS and (action is not None or store is None):
            got = "None" if action is None else repr(action)
            raise InvalidInputError(
                f"action: expected 'federated_compute' or 'central_compute', got {got}. Pass the "
                "one that the function's decorator in the algorithm names (@federated or "
                "@central), or the algorithm store that knows the function."
            )
        kwargs = dict[str, object](function.get("kwargs") or {})
        return TaskPlan(kwargs, "kwargs", body, frame_groups(databases))

    def repeat_task(
        self, task: Task, payload: Mapping[str, Any] | None, *, with_databases: bool
    ) -> dict[str, Any]:
        """Return the arguments that ask a task's question again."""
        row = cast("rows.Task", task)
        groups: dict[int, list[int]] = {}
        for database in row["databases"] if with_databases else ():
            if database["dataframe_id"] is None:
                raise InvalidInputError(
                    f"task {row['id']}: expected data frames that still exist, got a deleted one. "
                    "Pass databases."
                )
            groups.setdefault(database["position"], []).append(database["dataframe_id"])
        return {
            "method": row["method"],
            "action": row["action"],
            "session": row["session"]["id"] if row["session"] else None,
            "databases": [groups[position] for position in sorted(groups)],
            **({} if payload is None else {"kwargs": payload}),
        }

    def complete_task(
        self, plan: TaskPlan, place: Place
    ) -> Generator[Call[Any] | Lookup | Extract, Any, Mapping[str, Any]]:
        """Yield the calls and look-ups for session and data frames; return their fields."""
        session = place.session
        groups: list[list[int | Extraction]] = []
        for refs in plan.frames:
            group: list[int | Extraction] = []
            for ref in refs:
                if isinstance(ref, Extraction):  # needs the session
                    group.append(ref)
                    continue
                row = yield from self._data_frame(ref, None if session is None else session["id"])
                if session is None:  # that of the first data frame
                    session = yield calls.get_session(row["session"]["id"])
                if row["session"]["id"] != session["id"]:
                    raise InvalidInputError(
                        f"databases: expected data frames of session {session['id']}, got "
                        f"{row['name']!r} of session {row['session']['id']}"
                    )
                group.append(row["id"])
            groups.append(group)
        session_id = yield from self.find_session(replace(place, session=session))
        frames: list[list[Mapping[str, object]]] = []
        for given in groups:
            frames.append([])
            for item in given:
                id_ = item
                if isinstance(item, Extraction):
                    action = plan.body.get("action")
                    id_ = yield Extract(item, session_id, action != "federated_compute")
                frames[-1].append({"type": "dataframe", "dataframe_id": id_})
        return {"session_id": session_id, **({"databases": frames} if frames else {})}

    def get_task(
        self, id_: int, include: Sequence[str] | None
    ) -> Generator[Call[Any], Any, Mapping[str, Any]]:
        """Yield the calls for a task; its runs tell when a failed one finished, HQ does not."""
        row = yield self.server.get_task(id_, include=include)
        if row["status"] == "failed" and row["finished_at"] is None:
            runs = (yield self.server.get_task(id_, include=["runs"]))["runs"]
            times = [run["finished_at"] for run in runs]
            if times and all(times):
                row = {**row, "finished_at": max(times)}
        return row

    def own_rules(self, user_id: int, per_page: int) -> Call[Any]:
        """Return the call that lists the rules of the logged-in user."""
        return calls.list_rules(current_user=True, page=1, per_page=per_page)

    def find_session(self, place: Place) -> Generator[Call[Any], Any, int]:
        """Yield the call for a session where none was given; return the id of the session."""
        if place.session is None:
            return (yield from own_session(place))
        return check_place(place.session, place)

    def _data_frame(
        self, ref: Ref, session_id: int | None
    ) -> Generator[Call[Any] | Lookup | Extract, Any, Mapping[str, Any]]:
        """Yield what finds a data frame; return its row."""
        if isinstance(ref, Mapping) and {"id", "name", "session"} <= ref.keys():
            return ref
        within = None if session_id is None else Scope("session", session_id)
        try:
            id_ = yield Lookup("dataframe", ref, within)
        except NameNotFoundError as error:
            raise label_error("databases", ref) from error
        return (yield calls.get_dataframe(id_))

    def end_login(self, tokens: Tokens) -> LoginEnd:
        """Return the steps that end a login for all that use its tokens."""
        return self._realm.end_session(tokens)

    def resumed(self) -> AuthStrategy:
        """Return the strategy that renews the tokens of a saved login."""
        return RealmRefresh(self._realm)

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
        return (yield from self._who(user, username))
