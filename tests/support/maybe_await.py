"""What a test does with either of the two clients."""

import inspect
from typing import Any


async def done(value: Any) -> Any:
    """Await what the async client gives, and pass on what the other one does."""
    return await value if inspect.isawaitable(value) else value
