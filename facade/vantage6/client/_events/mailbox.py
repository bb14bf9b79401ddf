"""Mailboxes: queues that deliver events to waiting callers."""

from __future__ import annotations

import queue
import threading
from collections import deque
from contextlib import suppress
from time import monotonic

from ..errors import ClientClosedError
from .types import Received, weight

# Maximum number of unread events; a mailbox beyond it gets `Lost` and nothing more. An event with
# a long text counts as several.
MAX_PENDING_EVENTS = 100_000
# The kernel of a notebook (ipykernel 7.4) interrupts a waiting cell only when the event loop wakes.
WAKE_SECONDS = 1.0


class _MailboxBase:
    """Base of both mailboxes: a bounded queue that ends when the client is closed."""

    def __init__(self) -> None:
        self._put = self._got = 0  # one thread at a time updates each counter

    @property
    def is_full(self) -> bool:
        """Whether the mailbox accepts no more events until some are read."""
        return self._put - self._got >= MAX_PENDING_EVENTS

    def put(self, item: Received) -> None:
        """Add an item; not safe for several threads at once."""
        self._put += weight(item)
        self._add(item)

    def end(self) -> None:
        """Make `get` raise ClientClosedError once all earlier items are read."""
        self._add(ClientClosedError())

    def _add(self, item: Received | ClientClosedError) -> None:
        raise NotImplementedError

    def _taken(self, item: Received | ClientClosedError) -> Received:
        if isinstance(item, ClientClosedError):
            raise item
        self._got += weight(item)
        return item


class Mailbox(_MailboxBase):
    """A mailbox for a thread."""

    def __init__(self) -> None:
        super().__init__()
        self._items: queue.SimpleQueue[Received | ClientClosedError] = queue.SimpleQueue()

    def _add(self, item: Received | ClientClosedError) -> None:
        self._items.put(item)

    def get(self, seconds: float) -> Received | None:
        """Wait for the next item; return None if there is none within `seconds`."""
        try:
            item = self._items.get(timeout=max(0.0, min(seconds, threading.TIMEOUT_MAX)))
        except queue.Empty:
            return None
        return self._taken(item)


class AsyncMailbox(_MailboxBase):
    """A mailbox for an event loop."""

    def __init__(self) -> None:
        import asyncio  # not at the top: slow to load, and only asynchronous programs need it

        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()
        self._items: deque[Received | ClientClosedError] = deque()

    def _add(self, item: Received | ClientClosedError) -> None:
        self._items.append(item)
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._event.set)

    async def get(self, seconds: float) -> Received | None:
        """Wait for the next item; return None if there is none within `seconds`."""
        until = monotonic() + seconds
        while not self._items and (left := until - monotonic()) > 0:
            self._event.clear()
            # Not `asyncio.wait_for`: before Python 3.12, it can ignore a cancellation.
            timer = self._loop.call_later(min(left, WAKE_SECONDS), self._event.set)
            try:
                await self._event.wait()
            finally:
                timer.cancel()
        return self._taken(self._items.popleft()) if self._items else None
