"""Explain names of the official client for versions 2 and 3, which scripts may still use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

from ..errors import InvalidInputError

P = ParamSpec("P")
T = TypeVar("T")
MEMBERS = {
    "post_task": "client.task.create(organizations=[…], name=…, image=…, collaboration=…)",
    "get_results": "client.result.from_task(task_id)",
    "list": "client.run.list() for runs, or client.result.from_task(task_id) for results",
}
PARAMETERS = {
    "input": "Use method= and kwargs=, or input_={'method': …, 'kwargs': {…}}",
    "data_format": "Leave it out: inputs and results are JSON",
    "database": "Use databases=",
    "sleep": "Use interval=",
    "initiator": "Use initiating_org=",
    "result": "Use run=",
    "include_task": "Use client.run.from_task(task_id, include_task=True)",
    "include_metadata": "Leave it out: rows have ['data'] and ['links']",
}


def find_former(owner: object, name: str, *former: str) -> Any:
    """Return an attribute that was not found, or raise the error that explains a former name."""
    if name in former:
        raise AttributeError(
            f"{name}: expected a name of version 4, got one of version 2 or 3. Use {MEMBERS[name]}."
        )
    return object.__getattribute__(owner, name)  # raises the first error again


def explains_former(*names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a method explain former parameters."""

    def check(arguments: dict[str, Any]) -> None:
        for name in arguments.keys() & set(names):
            raise InvalidInputError(
                f"{name}: expected a parameter of version 4, got one of version 2 or 3. "
                f"{PARAMETERS[name]}."
            )

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            check(kwargs)
            return method(*args, **kwargs)

        @wraps(method)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            check(kwargs)
            return await cast("Awaitable[Any]", method(*args, **kwargs))

        return cast("Callable[P, T]", call_async) if iscoroutinefunction(method) else call

    return decorate
