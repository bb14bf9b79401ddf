"""What the server announces over its socket: typed events, and how to read them (pure)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal, TypeAlias, cast, get_args

from .errors import InvalidInputError

EventKind: TypeAlias = Literal[
    "task_created",
    "run_status",
    "run_updated",
    "log",
    "node_online",
    "node_offline",
    "kill",
    "reconnected",
]
KINDS: tuple[EventKind, ...] = get_args(EventKind)


@dataclass(frozen=True)
class TaskCreated:
    """A task was created, by a user or, as a subtask, by an algorithm.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    parent_id : int or None
        The task whose algorithm created it.
    """

    kind: ClassVar[EventKind] = "task_created"
    task_id: int
    parent_id: int | None


@dataclass(frozen=True)
class RunStatusChanged:
    """A node tells how one of its runs stands.

    A node says ``"completed"`` before it sends the result to the server.

    Attributes
    ----------
    run_id, task_id, job_id, collaboration_id : int
        Identifiers of the run, and of what it belongs to.
    organization_id, node_id, parent_id : int or None
        Where it runs, and the task that its task is a subtask of.
    status : str
        Its status, such as ``"active"`` or ``"crashed"``.
    """

    kind: ClassVar[EventKind] = "run_status"
    run_id: int
    task_id: int
    job_id: int | None
    collaboration_id: int | None
    organization_id: int | None
    node_id: int | None
    parent_id: int | None
    status: str


@dataclass(frozen=True)
class RunUpdated:
    """The server takes in what a node reports of a run: its start, status, log or result.

    Attributes
    ----------
    run_id : int
        Identifier of the run.
    """

    kind: ClassVar[EventKind] = "run_updated"
    run_id: int


@dataclass(frozen=True)
class LogWritten:
    """An algorithm has written to its log.

    Attributes
    ----------
    run_id, task_id : int
        The run that wrote, and its task.
    text : str
        What it wrote: one line or several.
    """

    kind: ClassVar[EventKind] = "log"
    run_id: int
    task_id: int
    text: str


@dataclass(frozen=True)
class NodeOnline:
    """A node has connected to the server.

    Attributes
    ----------
    node_id : int
        Identifier of the node.
    name : str
        Its name.
    organization_id : int or None
        The organization it works for.
    """

    kind: ClassVar[EventKind] = "node_online"
    node_id: int
    name: str
    organization_id: int | None


@dataclass(frozen=True)
class NodeOffline:
    """A node has lost its connection to the server.

    Attributes
    ----------
    node_id : int
        Identifier of the node.
    name : str
        Its name.
    organization_id : int or None
        The organization it works for.
    """

    kind: ClassVar[EventKind] = "node_offline"
    node_id: int
    name: str
    organization_id: int | None


@dataclass(frozen=True)
class KillRequested:
    """Someone has asked the nodes to stop runs.

    Attributes
    ----------
    collaboration_id : int or None
        The collaboration of the runs.
    task_ids, run_ids : tuple of int
        The tasks and runs to stop.
    node_id : int or None
        The node that is to stop all its runs, if that was asked.
    """

    kind: ClassVar[EventKind] = "kill"
    collaboration_id: int | None
    task_ids: tuple[int, ...]
    run_ids: tuple[int, ...]
    node_id: int | None


@dataclass(frozen=True)
class Reconnected:
    """The connection is there again: what was announced while it was not will not be repeated."""

    kind: ClassVar[EventKind] = "reconnected"


Event: TypeAlias = (
    TaskCreated
    | RunStatusChanged
    | RunUpdated
    | LogWritten
    | NodeOnline
    | NodeOffline
    | KillRequested
    | Reconnected
)


# ---- of the connection itself -------------------------------------------------------------------


@dataclass(frozen=True)
class Connected:
    """The server has taken the connection; it has not said yet what it lets us hear."""


@dataclass(frozen=True)
class Joined:
    """From here on all of a collaboration is heard.

    Attributes
    ----------
    collaboration_id : int
        The collaboration.
    """

    collaboration_id: int


@dataclass(frozen=True)
class Refused:
    """The server does not take the token that the connection was opened with."""


@dataclass(frozen=True)
class Lost:
    """There is no connection, or not any more.

    Attributes
    ----------
    reason : str
        Why not.
    """

    reason: str


Notice: TypeAlias = Connected | Joined | Refused | Lost
Heard: TypeAlias = Event | Notice

# Rooms of one organization alone have no task events: they have a longer name.
_JOINED = re.compile(r"joined room <collaboration_([0-9]{1,18})>$")


def parse(name: str, data: object) -> Heard | None:
    """Read a message of the socket.

    Parameters
    ----------
    name : str
        The name under which the server sends it.
    data : object
        What goes along.

    Returns
    -------
    event or None
        None for what is not known, or lacks what such a message has: servers may say more.
    """
    if name == "message" and isinstance(data, str):
        joined = _JOINED.search(data)
        return Joined(int(joined[1])) if joined else None
    if name in ("expired_token", "invalid_token"):
        return Refused()
    reader = _READERS.get(name)
    if reader is None or not isinstance(data, Mapping):
        return None
    try:
        return reader(cast("Mapping[str, object]", data))
    except (LookupError, TypeError, ValueError, RecursionError):
        return None


def weight(item: Heard) -> int:
    """Tell for how many events one counts where they are kept.

    Parameters
    ----------
    item : event
        What was heard.

    Returns
    -------
    int
        One, and one more for each 1,000 characters or identifiers in it.
    """
    return 1 + sum(len(value) for value in vars(item).values() if isinstance(value, Sized)) // 1000


def _int(data: Mapping[str, object], name: str) -> int:
    value = data[name]
    if not isinstance(value, int):
        raise TypeError(name)
    return value


def _int_or_none(data: Mapping[str, object], name: str) -> int | None:
    value = data.get(name)
    return value if isinstance(value, int) else None


def _task_created(data: Mapping[str, object]) -> Event:
    return TaskCreated(_int(data, "id"), _int_or_none(data, "parent_id"))


def _run_status(data: Mapping[str, object]) -> Event:
    return RunStatusChanged(
        run_id=_int(data, "run_id"),
        task_id=_int(data, "task_id"),
        job_id=_int_or_none(data, "job_id"),
        collaboration_id=_int_or_none(data, "collaboration_id"),
        organization_id=_int_or_none(data, "organization_id"),
        node_id=_int_or_none(data, "node_id"),
        parent_id=_int_or_none(data, "parent_id"),
        status=str(data["status"]),
    )


def _log(data: Mapping[str, object]) -> Event:
    return LogWritten(_int(data, "run_id"), _int(data, "task_id"), str(data["log"]))


def _node(
    kind: type[NodeOnline] | type[NodeOffline], data: Mapping[str, object]
) -> NodeOnline | NodeOffline:
    return kind(_int(data, "id"), str(data.get("name")), _int_or_none(data, "org_id"))


def _kill(data: Mapping[str, object]) -> Event:
    given = data.get("kill_list")
    items = cast("Iterable[object]", given) if isinstance(given, list) else ()
    rows = [cast("Mapping[str, object]", item) for item in items if isinstance(item, Mapping)]
    tasks = (_int_or_none(row, "task_id") for row in rows)
    runs = (_int_or_none(row, "run_id") for row in rows)
    return KillRequested(
        collaboration_id=_int_or_none(data, "collaboration_id"),
        task_ids=tuple(dict.fromkeys(id_ for id_ in tasks if id_ is not None)),
        run_ids=tuple(id_ for id_ in runs if id_ is not None),
        node_id=_int_or_none(data, "node_id"),
    )


_READERS: dict[str, Callable[[Mapping[str, object]], Event]] = {
    "new_task": _task_created,
    "algorithm_status_change": _run_status,
    "status_update": lambda data: RunUpdated(_int(data, "run_id")),
    "algorithm_log": _log,
    "node-online": partial(_node, NodeOnline),
    "node-offline": partial(_node, NodeOffline),
    "kill_containers": _kill,
}


# ---- which of them are wanted -------------------------------------------------------------------


class Wanted:
    """Which events someone wants to hear.

    Parameters
    ----------
    kinds : str, sequence of str, or None
        Those of these kinds.

    Attributes
    ----------
    collaboration_id : int or None
        Those of this collaboration.

    Raises
    ------
    InvalidInputError
        When there is no such kind.
    """

    def __init__(self, kinds: EventKind | Sequence[EventKind] | None) -> None:
        names = [kinds] if isinstance(kinds, str) else list(kinds or ())
        for name in names:
            if name not in KINDS:
                raise InvalidInputError(
                    f"no kind of event is {name!r}; there is {', '.join(KINDS)}"
                )
        self.collaboration_id: int | None = None
        self._kinds = frozenset(names)
        self._tasks: set[int] = set()
        self._runs: set[int] = set()
        # Where tasks and nodes belong, as far as that is known.
        self._collaborations: dict[tuple[str, int], int | None] = {}

    def only(self, collaboration_id: int | None, task_id: int | None) -> None:
        """Want only what is of this collaboration, and of this task and its subtasks."""
        self.collaboration_id = collaboration_id
        self._tasks = set() if task_id is None else {task_id}

    def learn(self, what: tuple[str, int], collaboration_id: int | None) -> None:
        """Note to which collaboration a task or node belongs."""
        self._collaborations[what] = collaboration_id

    def unknown(self, event: Event) -> tuple[str, int] | None:
        """Give the task or node whose collaboration must be known to judge an event, if any."""
        what = _subject(event)
        if self.collaboration_id is None or what is None or not self._is_kind(event):
            return None
        if isinstance(event, RunStatusChanged):
            self.learn(what, event.collaboration_id)
        return None if what in self._collaborations else what

    def __contains__(self, event: Event) -> bool:
        match event:
            case TaskCreated(task_id, parent_id) if parent_id in self._tasks:
                self._tasks.add(task_id)
            case RunStatusChanged(run_id=run_id, task_id=task_id, parent_id=parent_id):
                if parent_id in self._tasks:
                    self._tasks.add(task_id)
                if task_id in self._tasks:
                    self._runs.add(run_id)
            case _:
                pass
        return self._is_kind(event) and self._is_of_task(event) and self._is_of_collaboration(event)

    def _is_kind(self, event: Event) -> bool:
        return not self._kinds or event.kind in self._kinds

    def _is_of_task(self, event: Event) -> bool:
        if not self._tasks or isinstance(event, Reconnected):
            return True
        match event:
            case TaskCreated() | RunStatusChanged() | LogWritten():
                return event.task_id in self._tasks
            case RunUpdated(run_id):
                return run_id in self._runs
            case KillRequested(task_ids=task_ids):
                return not self._tasks.isdisjoint(task_ids)
            case _:
                return False

    def _is_of_collaboration(self, event: Event) -> bool:
        if self.collaboration_id is None:
            return True
        if isinstance(event, KillRequested | RunStatusChanged):
            return event.collaboration_id == self.collaboration_id
        what = _subject(event)
        return what is None or self._collaborations.get(what) == self.collaboration_id


def _subject(event: Event) -> tuple[str, int] | None:
    """Give what tells of an event to which collaboration it belongs."""
    match event:
        case TaskCreated() | RunStatusChanged() | LogWritten():
            return "task", event.task_id
        case NodeOnline() | NodeOffline():
            return "node", event.node_id
        case RunUpdated(run_id):
            return "run", run_id
        case _:
            return None
