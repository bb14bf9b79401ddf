"""How to reach a server: certificates and proxy."""

from __future__ import annotations

from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import ssl

FilePath: TypeAlias = "str | PathLike[str]"
Verify: TypeAlias = "bool | FilePath | ssl.SSLContext"
Cert: TypeAlias = "FilePath | tuple[FilePath, FilePath] | tuple[FilePath, FilePath, str]"


@dataclass(frozen=True)
class Route:
    """TLS options and proxy for one origin."""

    verify: Verify = True
    cert: Cert | None = field(default=None, repr=False)
    proxy: str | Literal[False] | None = field(default=None, repr=False)

    def elsewhere(self, verify: Verify = True, cert: Cert | None = None) -> Route:
        """Return the route to another origin: same proxy, but TLS options of its own."""
        return Route(verify, cert, self.proxy)
