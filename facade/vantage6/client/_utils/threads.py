"""Run blocking work in a thread beside the event loop, or directly in synchronous code."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in a thread of its own, so that the event loop goes on meanwhile."""
    from asyncio import to_thread  # not above: `here` does without, and it takes time to load

    return await to_thread(function, *args, **kwargs)


def run_directly(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function; what `beside` is in the synchronous client."""
    return function(*args, **kwargs)
