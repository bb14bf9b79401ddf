"""Ask a task's question once more."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from .._encryption.base64 import decode
from ..errors import InvalidInputError, Vantage6Error

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Run, Task

# Only short inputs of the last tasks are kept in memory.
MAX_TASKS, MAX_BYTES = 100, 1 << 20


class RecentInputs:
    """What the functions of the last tasks of a client received; in memory only."""

    def __init__(self) -> None:
        self._payloads: OrderedDict[int, bytes] = OrderedDict()

    def __repr__(self) -> str:
        return f"<inputs of {len(self._payloads)} tasks>"

    def add(self, task_id: int, data: bytes) -> None:
        """Keep the input of a new task, if it is short."""
        if len(data) <= MAX_BYTES:
            self._payloads[task_id] = data
        if len(self._payloads) > MAX_TASKS:
            self._payloads.popitem(last=False)

    def get(self, task_id: int) -> Mapping[str, Any] | None:
        """Return the input of a task, decoded."""
        data = self._payloads.get(task_id)
        return None if data is None else json.loads(data)


def failed_organizations(task: Task, runs: Sequence[Run], failed: Sequence[Run]) -> list[int]:
    """Return the organizations of the failed runs of a task, which must not be none."""
    found = [run["organization"]["id"] for run in failed if run["organization"]]
    if not found:
        statuses = ", ".join(dict.fromkeys(repr(run["status"]) for run in runs)) or "none"
        raise InvalidInputError(
            f"task {task['id']}: expected at least one failed run, got runs with status {statuses}"
        )
    return found


def readable_input(runs: Sequence[Run], field: str) -> Mapping[str, Any] | None:
    """Return the input of the first run, as it is in a collaboration without encryption."""
    for run in runs[:1]:
        text = cast("Mapping[str, Any]", run).get(field)
        with suppress(ValueError, Vantage6Error):  # encrypted, or the name of a blob
            found: object = json.loads(decode(text or ""))
            if isinstance(found, dict):
                return cast("dict[str, Any]", found)
    return None


def question_of(task: Task, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a new task that is to ask a task's question."""
    missing = [name for name in ("method", "kwargs") if name not in known]
    if missing:
        raise InvalidInputError(
            f"{' and '.join(missing)}: expected, because task {task['id']} was not created by this "
            "client, or has a long input, and its input is encrypted. Pass them."
        )
    return {
        "name": task["name"] or "",
        "image": task["image"] or "",
        "description": task["description"] or "",
        "collaboration": task["collaboration"],
        "study": task["study"],
        "store": task["algorithm_store"],
        **known,
    }
