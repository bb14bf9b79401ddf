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
    """How to get to a server: through which proxy, and whom to trust there."""

    verify: Verify = True
    cert: Cert | None = field(default=None, repr=False)
    proxy: str | Literal[False] | None = field(default=None, repr=False)
