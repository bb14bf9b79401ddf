"""Locks that work across threads, event loops and forked processes."""

from __future__ import annotations

import os
import threading
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    import asyncio


class Forked(Protocol):
    """State that a child process must not share with its parent."""

    def after_fork(self) -> None: ...


_forked: WeakSet[Forked] = WeakSet()


def reset_after_fork(state: Forked) -> None:
    """Call `after_fork` of an object in every child process."""
    _forked.add(state)


def _reset_all() -> None:
    for state in list(_forked):
        state.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_reset_all)


class Lock:
    """A lock for threads; a child process starts with it unlocked."""

    def __init__(self) -> None:
        self.after_fork()
        reset_after_fork(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def acquire(self, seconds: float) -> bool:
        """Return whether the lock was acquired within this time."""
        return self._lock.acquire(timeout=max(0.0, min(seconds, threading.TIMEOUT_MAX)))

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()


# Between two attempts to acquire a lock that another event loop or process holds.
PAUSE_SECONDS = 0.02


class AsyncLock:
    """A lock for the tasks of all event loops; a child process starts with it unlocked."""

    def __init__(self) -> None:
        self._guard = Lock()
        self.after_fork()
        reset_after_fork(self)

    def after_fork(self) -> None:
        self._holder: asyncio.AbstractEventLoop | None = None
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )

    def _current(self) -> asyncio.Lock:
        import asyncio  # slow to import, and only asynchronous programs need it

        loop = asyncio.get_running_loop()
        if loop not in self._locks:
            self._locks[loop] = asyncio.Lock()
        return self._locks[loop]

    async def acquire(self, seconds: float) -> bool:
        """Return whether the lock was acquired within this time."""
        import asyncio

        until, lock = monotonic() + seconds, self._current()
        attempt = asyncio.ensure_future(lock.acquire())
        try:
            # Not `asyncio.wait_for`: before Python 3.12, it can ignore a cancellation.
            await asyncio.wait({attempt}, timeout=min(seconds, 1e8))
        except BaseException:
            if not attempt.cancel():
                lock.release()
            raise
        if attempt.cancel():
            return False
        try:
            while not (is_held := self._take()) and monotonic() < until:
                await asyncio.sleep(PAUSE_SECONDS)
        except BaseException:
            lock.release()
            raise
        if not is_held:
            lock.release()
        return is_held

    def _take(self) -> bool:
        """Hold the lock for the current loop, unless another loop holds it."""
        import asyncio

        loop = asyncio.get_running_loop()
        with self._guard:
            # A loop that was abandoned in the middle of a call does not keep the others waiting.
            if self._holder not in (None, loop) and self._holder.is_running():
                return False
            self._holder = loop
        return True

    def release(self) -> None:
        import asyncio

        with self._guard:
            if self._holder is asyncio.get_running_loop():
                self._holder = None
        self._current().release()

    async def __aenter__(self) -> None:
        await self.acquire(inf)

    async def __aexit__(self, *error: object) -> None:
        self.release()
