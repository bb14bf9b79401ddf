"""Stream the server's events across reconnections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from math import inf
from typing import TYPE_CHECKING

from ..._events.mailbox import AsyncMailbox
from ..._events.types import Connected, Joined, Lost, Reconnected, Refused
from ..._utils.pauses import RECONNECT
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

# Seconds that the server may take to report the permitted events after it accepted the connection.
JOIN_SECONDS = 3.0
CONNECT_SECONDS = 20.0
NO_RIGHT = (
    "events of {what}: expected permission to receive them, got none. A role needs the rule to "
    "receive events of a collaboration, which the default roles Researcher and Viewer have."
)


async def listen(
    core: Core,
    filter_: EventFilter,
    collaboration: Ref | None,
    task: Ref | None,
    timeout: float | None,
) -> AsyncIterator[Event]:
    """Yield the requested events; the parameters are those of ``client.events``."""
    if core.socket is None:
        raise MissingDependencyError(
            "events require the extra 'events': pip install 'vantage6-sdk[events]'"
        )
    filter_.only(
        core.collaboration_id
        if collaboration is None
        else await core.id_of("collaboration", collaboration),
        None if task is None else await core.id_of("task", task),
    )
    ends = inf if timeout is None else time.monotonic() + timeout
    mailbox = AsyncMailbox()
    try:
        await _join(core, core.socket, mailbox, filter_.collaboration_id)
        while (left := ends - time.monotonic()) > 0:
            event = await mailbox.get(left)
            if isinstance(event, Lost | Refused):
                await _reconnect(core, core.socket, mailbox, filter_.collaboration_id, ends)
                event = Reconnected()
            if event is None or isinstance(event, Connected | Joined | Lost | Refused):
                continue
            unknown = filter_.unknown(event)
            if unknown:
                filter_.learn(unknown, await _collaboration_of(core, *unknown))
            if event in filter_:
                yield event
    finally:
        core.socket.leave(mailbox)


async def _join(
    core: Core, socket: Socket, mailbox: AsyncMailbox, collaboration_id: int | None
) -> None:
    """Connect, and wait for the confirmation that events will arrive."""
    socket.join(mailbox)
    token = await core.fresh_token()
    socket.open(token)
    until = time.monotonic() + CONNECT_SECONDS
    while (left := until - time.monotonic()) > 0:
        event = await mailbox.get(left)
        if isinstance(event, Lost):
            raise EventsUnavailableError(
                f"events: expected a connection to the server, got none: {event.reason}"
            )
        if isinstance(event, Refused):
            refused, token = token, await core.fresh_token()
            if token == refused:
                raise EventsUnavailableError(
                    "events: expected a login that the server accepts, got one that it refuses."
                )
            socket.open(token)  # the first one expired in the meantime
        if isinstance(event, Connected):
            until = time.monotonic() + JOIN_SECONDS
        if isinstance(event, Joined) and collaboration_id in (None, event.collaboration_id):
            return
    what = "any collaboration" if collaboration_id is None else f"collaboration {collaboration_id}"
    raise EventsUnavailableError(NO_RIGHT.format(what=what))


async def _reconnect(
    core: Core, socket: Socket, mailbox: AsyncMailbox, collaboration_id: int | None, ends: float
) -> None:
    """Reconnect, with a pause before each attempt."""
    attempts = 0
    while (left := ends - time.monotonic()) > 0:
        pause = RECONNECT.delay(attempts)
        attempts += 1
        await asyncio.sleep(min(left, pause))
        try:
            await _join(core, socket, mailbox, collaboration_id)
        except (TransportError, EventsUnavailableError):
            continue
        return


async def _collaboration_of(core: Core, kind: str, id_: int) -> int | None:
    """Return the collaboration of a task, run or node, or None if it is not visible."""
    try:
        if kind == "run":
            kind, id_ = "task", (await core.send(core.backend.server.get_run(id_)))["task"]["id"]
        if kind == "task":
            found = (await core.send(core.backend.server.get_task(id_))).get("collaboration")
        else:
            found = (await core.send(core.backend.server.get_node(id_))).get("collaboration")
    except (NotFoundError, PermissionDeniedError):
        return None
    return found["id"] if found else None
