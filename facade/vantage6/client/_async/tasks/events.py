"""Receive the server's events across reconnections."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from math import inf
from typing import TYPE_CHECKING

from ..._events.mailbox import AsyncMailbox
from ..._events.types import Connected, Joined, Lost, Reconnected, Refused
from ..._utils.logging import LOGGER
from ..._utils.pauses import RECONNECT
from ...errors import (
    EventsUnavailableError,
    InvalidResponseError,
    MissingDependencyError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    TooManyRequestsError,
    TransportError,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..._events.filters import EventFilter
    from ..._events.types import Event, Received
    from ..._rows.references import Ref
    from ..core.core import Core

# Seconds that the server may take to report the permitted events after it accepted the connection.
JOIN_SECONDS = 3.0
CONNECT_SECONDS = 20.0
# Errors that may be temporary, such as a proxy's maintenance page; the wait continues.
TRANSIENT_ERRORS = (TransportError, ServerError, TooManyRequestsError, InvalidResponseError)
NO_RIGHT = (
    "events of {what}: expected permission to receive them, got none. A role needs the rule to "
    "receive events of a collaboration, which the default roles Researcher and Viewer have."
)


class Subscription:
    """The events of a client; after a break, the connection is opened again, with pauses."""

    def __init__(self, core: Core) -> None:
        self._core, self._socket = core, core.socket
        self._mailbox = AsyncMailbox()
        self._attempts = 0
        self._connect_at = inf if self._socket is None else -inf
        self.token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._socket:
            self._socket.leave(self._mailbox)

    async def get(self, seconds: float) -> Received | None:
        """Return the next event, or None if there is none in time; connect if that is due."""
        until = time.monotonic() + seconds
        while True:
            if self._connect_at <= time.monotonic():
                await self._connect()
            left = min(until, self._connect_at) - time.monotonic()
            event = await self._mailbox.get(left)
            if isinstance(event, Lost | Refused):
                LOGGER.debug("Events are unavailable: %s", event)
                self._connect_later()
            if isinstance(event, Connected):
                self._attempts = 0
            if event is not None or time.monotonic() >= until:
                return event

    async def _connect(self) -> None:
        self._connect_at = inf
        try:
            self.token = await self._core.fresh_token()
        except TRANSIENT_ERRORS:
            self._connect_later()
            return
        if self._socket:
            self._socket.join(self._mailbox)
            self._socket.open(self.token)

    def _connect_later(self) -> None:
        self._connect_at = time.monotonic() + RECONNECT.delay(self._attempts)
        self._attempts += 1


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
    async with Subscription(core) as subscription:
        await _join(core, subscription, filter_.collaboration_id)
        is_lost = False
        while (left := ends - time.monotonic()) > 0:
            event = await subscription.get(left)
            if isinstance(event, Lost | Refused):
                is_lost = True
            if isinstance(event, Joined) and is_lost:
                is_lost = filter_.collaboration_id not in (None, event.collaboration_id)
                event = None if is_lost else Reconnected()
            if event is None or isinstance(event, Connected | Joined | Lost | Refused):
                continue
            unknown = filter_.unknown(event)
            if unknown:
                filter_.learn(unknown, await _collaboration_of(core, *unknown))
            if event in filter_:
                yield event


async def _join(core: Core, subscription: Subscription, collaboration_id: int | None) -> None:
    """Connect, and wait for the confirmation that events will arrive."""
    until = time.monotonic() + CONNECT_SECONDS
    while (left := until - time.monotonic()) > 0:
        event = await subscription.get(left)
        if isinstance(event, Lost):
            raise EventsUnavailableError(
                f"events: expected a connection to the server, got none: {event.reason}"
            )
        # Where a token expired in the meantime, the next attempt has another one.
        if isinstance(event, Refused) and subscription.token == await core.fresh_token():
            raise EventsUnavailableError(
                "events: expected a login that the server accepts, got one that it refuses."
            )
        if isinstance(event, Connected):
            until = time.monotonic() + JOIN_SECONDS
        if isinstance(event, Joined) and collaboration_id in (None, event.collaboration_id):
            return
    what = "any collaboration" if collaboration_id is None else f"collaboration {collaboration_id}"
    raise EventsUnavailableError(NO_RIGHT.format(what=what))


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
