"""Run blocking work in a thread beside the event loop, or directly in synchronous code."""

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
