"""Read positional arguments in the order of the official client for the connected generation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class Arguments:
    """The arguments of a call. Tracebacks with variables do not show them: they may be secrets."""

    __slots__ = ("_by_name", "_positional", "error")

    def __init__(
        self, method: str, names: Sequence[str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        self._positional: Sequence[Any] = args
        self._by_name: Mapping[str, Any] = kwargs
        self.error = ""
        owner, *values = args
        if not values or owner._core.backend.name != "5.x":
            return
        if len(values) > len(names):
            self.error = (
                f"{method}() takes up to {len(names)} positional arguments at HQ "
                f"({', '.join(names)}), but {len(values)} were given"
            )
            return
        found = dict(zip(names, values, strict=False))
        if twice := found.keys() & kwargs.keys():
            self.error = f"{method}() got multiple values for argument {min(twice)!r}"
        self._positional, self._by_name = (owner,), {**found, **kwargs}

    def __repr__(self) -> str:
        return "<arguments>"

    def pass_to(self, method: Callable[..., Any]) -> Any:
        """Call a method with these arguments."""
        return method(*self._positional, **self._by_name)


def positions_of_5(*names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a method of version 4 take positional arguments in the order of version 5 at HQ."""

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        name = method.__name__

        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            given = Arguments(name, names, args, kwargs)
            del args, kwargs
            if given.error:
                raise TypeError(given.error)
            return given.pass_to(method)

        @wraps(method)
        async def call_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            given = Arguments(name, names, args, kwargs)
            del args, kwargs
            if given.error:
                raise TypeError(given.error)
            return await given.pass_to(method)

        found = cast("Any", call_async if iscoroutinefunction(method) else call)
        found.positions_of_5 = names
        return found

    return decorate
