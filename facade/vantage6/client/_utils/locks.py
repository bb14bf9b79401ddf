"""Locks that work across threads, event loops and forked processes."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    import asyncio


class Forked(Protocol):
    """What must not be shared with the process that this one was forked from."""

    def after_fork(self) -> None:
        """Start afresh."""
        ...


_forked: WeakSet[Forked] = WeakSet()


def reset_after_fork(thing: Forked) -> None:
    """Let a child process start afresh with something."""
    _forked.add(thing)


def _reset_all() -> None:
    for thing in list(_forked):
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # there are systems that do not fork
    os.register_at_fork(after_in_child=_reset_all)


class Lock:
    """A lock for threads. In a child process it is open, whoever held it in the parent."""

    def __init__(self) -> None:
        self.after_fork()
        reset_after_fork(self)

    def after_fork(self) -> None:
        """Be open."""
        self._lock = threading.Lock()

    def acquire(self, seconds: float) -> bool:
        """Wait for the lock, but no longer than this; tell whether it was got."""
        return self._lock.acquire(timeout=max(0.0, min(seconds, threading.TIMEOUT_MAX)))

    def release(self) -> None:
        """Let the next one have it."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


class AsyncLock:
    """A lock for the tasks of an event loop; each loop has one of its own."""

    def __init__(self) -> None:
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )

    def _here(self) -> asyncio.Lock:
        import asyncio  # only asynchronous programs need it, and it takes time to load

        loop = asyncio.get_running_loop()
        if loop not in self._locks:
            self._locks[loop] = asyncio.Lock()
        return self._locks[loop]

    async def acquire(self, seconds: float) -> bool:
        """Wait for the lock, but no longer than this; tell whether it was got."""
        import asyncio

        try:
            await asyncio.wait_for(self._here().acquire(), min(seconds, 1e8))
        except (asyncio.TimeoutError, TimeoutError):
            return False
        return True

    def release(self) -> None:
        """Let the next one have it."""
        self._here().release()

    async def __aenter__(self) -> None:
        await self._here().acquire()

    async def __aexit__(self, *error: object) -> None:
        self._here().release()
