# Derived by unasync.py: edit facade/vantage6/client/_async/tasks/events.py instead.
"""Stream the server's events across reconnections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING

from ..._events.mailbox import Mailbox
from ..._events.types import Connected, Joined, Lost, Reconnected, Refused
from ..._utils.backoff import RECONNECT
from ...errors import (
    EventsUnavailableError,
    MissingDependencyError,
    NotFoundError,
    PermissionDeniedError,
    TransportError,
)

if TYPE_CHECKING:
    from ..._events.filters import EventFilter
    from ..._events.socket import Socket
    from ..._events.types import Event
    from ..._rows.references import Ref
    from ..core.core import Core

# How long the server may take to tell what may be heard, once it has taken the connection.
JOIN_SECONDS = 3.0
CONNECT_SECONDS = 20.0
NO_RIGHT = (
    "the server lets you hear no events of {what}: that takes a role with the rule to receive "
    "events of a collaboration, which the usual Researcher and Viewer have"
)


def listen(
    core: Core,
    wanted: EventFilter,
    collaboration: Ref | None,
    task: Ref | None,
    timeout: float | None,
) -> Iterator[Event]:
    """Return the events that are wanted; the parameters are those of ``client.events``."""
    if core.socket is None:
        raise MissingDependencyError(
            "events need a library that is not installed: pip install 'vantage6-sdk[events]'"
        )
    wanted.only(
        core.collaboration_id
        if collaboration is None
        else core.id_of("collaboration", collaboration),
        None if task is None else core.id_of("task", task),
    )
    ends = inf if timeout is None else time.monotonic() + timeout
    mailbox = Mailbox()
    try:
        _join(core, core.socket, mailbox, wanted.collaboration_id)
        while (left := ends - time.monotonic()) > 0:
            event = mailbox.get(left)
            if isinstance(event, Lost | Refused):
                _reconnect(core, core.socket, mailbox, wanted.collaboration_id, ends)
                event = Reconnected()
            if event is None or isinstance(event, Connected | Joined | Lost | Refused):
                continue
            unknown = wanted.unknown(event)
            if unknown:
                wanted.learn(unknown, _collaboration_of(core, *unknown))
            if event in wanted:
                yield event
    finally:
        core.socket.leave(mailbox)


def _join(core: Core, socket: Socket, mailbox: Mailbox, collaboration_id: int | None) -> None:
    """Connect, and make sure that events will be heard."""
    socket.join(mailbox)
    token = core.fresh_token()
    socket.open(token)
    until = time.monotonic() + CONNECT_SECONDS
    while (left := until - time.monotonic()) > 0:
        event = mailbox.get(left)
        if isinstance(event, Lost):
            raise EventsUnavailableError(f"no connection to the server's events: {event.reason}")
        if isinstance(event, Refused):
            refused, token = token, core.fresh_token()
            if token == refused:
                raise EventsUnavailableError("the server does not take this login for its events")
            socket.open(token)  # that one had lapsed on its way
        if isinstance(event, Connected):
            until = time.monotonic() + JOIN_SECONDS
        if isinstance(event, Joined) and collaboration_id in (None, event.collaboration_id):
            return
    what = "any" if collaboration_id is None else str(collaboration_id)
    raise EventsUnavailableError(NO_RIGHT.format(what=f"collaboration {what}"))


def _reconnect(
    core: Core,
    socket: Socket,
    mailbox: Mailbox,
    collaboration_id: int | None,
    ends: float,
) -> None:
    """Connect again, however often it takes, with a pause before each time."""
    attempts = 0
    while (left := ends - time.monotonic()) > 0:
        pause = RECONNECT.delay(attempts)
        attempts += 1
        time.sleep(min(left, pause))
        try:
            _join(core, socket, mailbox, collaboration_id)
        except (TransportError, EventsUnavailableError):
            continue
        return


def _collaboration_of(core: Core, kind: str, id_: int) -> int | None:
    """Ask to which collaboration a task, run or node belongs; None for what cannot be seen."""
    try:
        if kind == "run":
            kind, id_ = "task", (core.send(core.backend.server.get_run(id_)))["task"]["id"]
        if kind == "task":
            found = (core.send(core.backend.server.get_task(id_))).get("collaboration")
        else:
            found = (core.send(core.backend.server.get_node(id_))).get("collaboration")
    except (NotFoundError, PermissionDeniedError):
        return None
    return found["id"] if found else None
