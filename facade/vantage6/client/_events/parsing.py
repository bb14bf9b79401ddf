"""Parse messages of the event socket."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from .types import (
    Joined,
    KillRequested,
    LogWritten,
    NodeOffline,
    NodeOnline,
    Refused,
    RunStatusChanged,
    RunUpdated,
    TaskCreated,
)

if TYPE_CHECKING:
    from .types import Event, Received

# Rooms of a single organization have longer names; they carry no task events.
_JOINED = re.compile(r"joined room <collaboration_([0-9]{1,18})>$")


def parse(name: str, data: object) -> Received | None:
    """Return the event that a socket message stands for, or None if there is none."""
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
    kill_list = data.get("kill_list")
    items = cast("Iterable[object]", kill_list) if isinstance(kill_list, list) else ()
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
