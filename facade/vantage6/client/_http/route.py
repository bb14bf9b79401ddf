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
    """How to get to a server: through which proxy, and whom to trust there.

    Attributes
    ----------
    verify : bool, path or SSLContext
        Whose certificates to trust.
    cert : path, tuple or None
        The client's own certificate: a file, or files of certificate and key, and a passphrase.
    proxy : str, False or None
        Address of the proxy; False for none, None for what the environment says.
    """

    verify: Verify = True
    cert: Cert | None = field(default=None, repr=False)
    proxy: str | Literal[False] | None = field(default=None, repr=False)
