"""Threads and event loops, with counterparts for synchronous code."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread, without blocking the event loop."""
    from asyncio import to_thread  # slow to import, and the synchronous client does not need it

    return await to_thread(function, *args, **kwargs)


def run_directly(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function; the synchronous client uses this in place of `run_in_thread`."""
    return function(*args, **kwargs)


def running_loop() -> object:
    """Return the event loop that is running."""
    from asyncio import get_running_loop

    return get_running_loop()


def no_loop() -> object:
    """Return the same object each time; the synchronous client uses it as its only event loop."""
    return no_loop
