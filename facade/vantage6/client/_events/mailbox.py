"""Mailboxes: where each waiting caller receives events."""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress

from ..errors import ClientClosedError
from .types import Received, weight

# Who takes in nothing while so many events come has lost the thread, and is told so. One with a
# long text counts as several.
MAX_PENDING_EVENTS = 100_000


class _MailboxBase:
    """What both kinds of mailbox have alike: it may be full, and its owner's client be closed."""

    def __init__(self) -> None:
        self._put = self._got = 0  # each is counted by one thread at a time

    @property
    def is_full(self) -> bool:
        """Whether there is to be no more until some is taken out."""
        return self._put - self._got >= MAX_PENDING_EVENTS

    def put(self, item: Received) -> None:
        """Add an item; one thread at a time may."""
        self._put += weight(item)
        self._add(item)

    def end(self) -> None:
        """Let the owner know that the client was closed."""
        self._add(ClientClosedError())

    def _add(self, item: Received | ClientClosedError) -> None:
        raise NotImplementedError

    def _taken(self, item: Received | ClientClosedError) -> Received:
        if isinstance(item, ClientClosedError):
            raise item
        self._got += weight(item)
        return item


class Mailbox(_MailboxBase):
    """Where one that waits in a program hears what the connection brings."""

    def __init__(self) -> None:
        super().__init__()
        self._items: queue.SimpleQueue[Received | ClientClosedError] = queue.SimpleQueue()

    def _add(self, item: Received | ClientClosedError) -> None:
        self._items.put(item)

    def get(self, seconds: float) -> Received | None:
        """Wait for the next item, but no longer than this; None if there was none."""
        try:
            item = self._items.get(timeout=max(0.0, min(seconds, threading.TIMEOUT_MAX)))
        except queue.Empty:
            return None
        return self._taken(item)


class AsyncMailbox(_MailboxBase):
    """Where one that waits in an event loop hears what the connection brings."""

    def __init__(self) -> None:
        import asyncio  # only asynchronous programs need it, and it takes time to load

        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._items: deque[Received | ClientClosedError] = deque()

    def _add(self, item: Received | ClientClosedError) -> None:
        self._items.append(item)
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def get(self, seconds: float) -> Received | None:
        """Wait for the next item, but no longer than this; None if there was none."""
        import asyncio

        if not self._items:
            self._event.clear()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._event.wait(), max(0.0, min(seconds, 1e8)))
        return self._taken(self._items.popleft()) if self._items else None
