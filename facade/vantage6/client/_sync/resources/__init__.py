# Derived by unasync.py: edit facade/vantage6/client/_async/resources/__init__.py instead.
"""The resources of the client, one module each, which is loaded when it is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..core.core import Core

T = TypeVar("T")


class HasCore(Protocol):
    """A client."""

    _core: Core


class Lazy(Generic[T]):
    """A resource of a client, created when it is first used: a script needs few of them."""

    def __init__(self, module: str, name: str) -> None:
        self._module, self._name = module, name

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...

    @overload
    def __get__(self, client: HasCore, owner: type) -> T: ...

    def __get__(self, client: HasCore | None, owner: type) -> T | Self:
        if client is None:
            return self
        kind = getattr(import_module(self._module, __name__), self._name)
        # From now on, the attribute of the client is found first; of two threads, one creates it.
        return vars(client).setdefault(self.attribute, kind(client._core))  # pyright: ignore[reportPrivateUsage]
