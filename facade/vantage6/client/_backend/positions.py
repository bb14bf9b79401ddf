"""Read positional arguments in the order of the official client for the connected generation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


def positions_of_5(*names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a method of version 4 take positional arguments in the order of version 5 at HQ."""

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        def named(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any], Any]:
            owner, *values = args
            if not values or owner._core.backend.name != "5.x":
                return cast("tuple[Any]", args), kwargs
            if len(values) > len(names):
                raise TypeError(
                    f"{method.__name__}() takes up to {len(names)} positional arguments at HQ "
                    f"({', '.join(names)}), but {len(values)} were given"
                )
            found = dict(zip(names, values, strict=False))
            if twice := found.keys() & kwargs.keys():
                raise TypeError(
                    f"{method.__name__}() got multiple values for argument {min(twice)!r}"
                )
            return (owner,), found | kwargs

        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            given, by_name = named(args, kwargs)
            return cast("Any", method)(*given, **by_name)

        @wraps(method)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            given, by_name = named(args, kwargs)
            return await cast("Awaitable[Any]", cast("Any", method)(*given, **by_name))

        found = cast("Any", call_async if iscoroutinefunction(method) else call)
        found.positions_of_5 = names
        return found

    return decorate
