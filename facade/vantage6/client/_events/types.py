"""The events that a server announces."""

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
    """From here on all of a collaboration is heard."""

    collaboration_id: int


@dataclass(frozen=True)
class Refused:
    """The server does not take the token that the connection was opened with."""


@dataclass(frozen=True)
class Lost:
    """There is no connection, or not any more."""

    reason: str


ConnectionEvent: TypeAlias = Connected | Joined | Refused | Lost
Received: TypeAlias = Event | ConnectionEvent


def weight(item: Received) -> int:
    """Report for how many events one counts where they are kept."""
    return 1 + sum(len(value) for value in vars(item).values() if isinstance(value, Sized)) // 1000
