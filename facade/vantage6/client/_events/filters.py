"""Filter events by kind, task and collaboration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import InvalidInputError
from .types import (
    KINDS,
    KillRequested,
    LogWritten,
    NodeOffline,
    NodeOnline,
    Reconnected,
    RunStatusChanged,
    RunUpdated,
    TaskCreated,
)

if TYPE_CHECKING:
    from .types import Event, EventKind


class EventFilter:
    """A filter by kind, collaboration and task."""

    def __init__(self, kinds: EventKind | Sequence[EventKind] | None) -> None:
        names = [kinds] if isinstance(kinds, str) else list(kinds or ())
        for name in names:
            if name not in KINDS:
                raise InvalidInputError(f"kind: expected one of {', '.join(KINDS)}, got {name!r}")
        self.collaboration_id: int | None = None
        self._kinds = frozenset(names)
        self._tasks: set[int] = set()
        self._runs: set[int] = set()
        # The known collaborations of tasks, runs and nodes.
        self._collaborations: dict[tuple[str, int], int | None] = {}

    def only(self, collaboration_id: int | None, task_id: int | None) -> None:
        """Restrict the filter to a collaboration, and to a task and its subtasks."""
        self.collaboration_id = collaboration_id
        self._tasks = set() if task_id is None else {task_id}

    def learn(self, subject: tuple[str, int], collaboration_id: int | None) -> None:
        """Record the collaboration of a task, run or node."""
        self._collaborations[subject] = collaboration_id

    def unknown(self, event: Event) -> tuple[str, int] | None:
        """Return the task, run or node whose collaboration is needed to filter an event, if any."""
        subject = _subject(event)
        if self.collaboration_id is None or subject is None or not self._is_kind(event):
            return None
        if isinstance(event, RunStatusChanged):
            self.learn(subject, event.collaboration_id)
        return None if subject in self._collaborations else subject

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
        subject = _subject(event)
        return subject is None or self._collaborations.get(subject) == self.collaboration_id


def _subject(event: Event) -> tuple[str, int] | None:
    """Return the task, run or node that determines the collaboration of an event."""
    match event:
        case TaskCreated() | RunStatusChanged() | LogWritten():
            return "task", event.task_id
        case NodeOnline() | NodeOffline():
            return "node", event.node_id
        case RunUpdated(run_id):
            return "run", run_id
        case _:
            return None
