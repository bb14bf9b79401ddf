"""Lets one test run with the sync and the async client."""

import inspect
from typing import Any


async def maybe_await(value: Any) -> Any:
    """Return a value, awaited if it has to be."""
    return await value if inspect.isawaitable(value) else value
