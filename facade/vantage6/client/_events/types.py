"""The events of a server and of the connection to it."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, get_args

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
    """A node reported a new status of one of its runs.

    A node reports ``"completed"`` before it sends the result to the server.

    Attributes
    ----------
    run_id, task_id, job_id, collaboration_id : int
        Identifiers of the run and of its task, job and collaboration.
    organization_id, node_id, parent_id : int or None
        Identifiers of the organization, the node and the parent of the task.
    status : str
        Status of the run, such as ``"active"`` or ``"crashed"``.
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
    """The server is storing a node's report on a run: its start, status, log or result.

    Attributes
    ----------
    run_id : int
        Identifier of the run.
    """

    kind: ClassVar[EventKind] = "run_updated"
    run_id: int


@dataclass(frozen=True)
class LogWritten:
    """An algorithm wrote to its log.

    Attributes
    ----------
    run_id, task_id : int
        Identifiers of the run and its task.
    text : str
        The new text, of one or more lines.
    """

    kind: ClassVar[EventKind] = "log"
    run_id: int
    task_id: int
    text: str


@dataclass(frozen=True)
class NodeOnline:
    """A node connected to the server.

    Attributes
    ----------
    node_id : int
        Identifier of the node.
    name : str
        Name of the node.
    organization_id : int or None
        Identifier of its organization.
    """

    kind: ClassVar[EventKind] = "node_online"
    node_id: int
    name: str
    organization_id: int | None


@dataclass(frozen=True)
class NodeOffline:
    """A node lost its connection to the server.

    Attributes
    ----------
    node_id : int
        Identifier of the node.
    name : str
        Name of the node.
    organization_id : int or None
        Identifier of its organization.
    """

    kind: ClassVar[EventKind] = "node_offline"
    node_id: int
    name: str
    organization_id: int | None


@dataclass(frozen=True)
class KillRequested:
    """A user requested that nodes stop runs.

    Attributes
    ----------
    collaboration_id : int or None
        Identifier of the collaboration.
    task_ids, run_ids : tuple of int
        Identifiers of the tasks and runs to stop.
    node_id : int or None
        The node that must stop all its runs, if the request named one.
    """

    kind: ClassVar[EventKind] = "kill"
    collaboration_id: int | None
    task_ids: tuple[int, ...]
    run_ids: tuple[int, ...]
    node_id: int | None


@dataclass(frozen=True)
class Reconnected:
    """The connection is restored; events during the interruption are not repeated."""

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


# ---- the connection ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Connected:
    """The server accepted the connection; it has not yet confirmed any collaboration."""


@dataclass(frozen=True)
class Joined:
    """From now on, all events of a collaboration arrive."""

    collaboration_id: int


@dataclass(frozen=True)
class Refused:
    """The server rejected the token of the connection."""


@dataclass(frozen=True)
class Lost:
    """The connection failed or was lost."""

    reason: str


ConnectionEvent: TypeAlias = Connected | Joined | Refused | Lost
Received: TypeAlias = Event | ConnectionEvent


def weight(item: Received) -> int:
    """Return how many events an item counts as in a mailbox."""
    return 1 + sum(len(value) for value in vars(item).values() if isinstance(value, Sized)) // 1000
