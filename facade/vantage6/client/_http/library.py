"""The HTTP library, imported without its own command line."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from types import ModuleType

COMMAND_LINE = "httpx._main"


def _import_httpx() -> None:
    """Import httpx, and its command line only once a program uses it.

    Where click is installed, httpx imports it, rich and pygments for `httpx.main` (0.25 to 0.28),
    which takes longer than all the rest of it.
    """
    if "httpx" in sys.modules or COMMAND_LINE in sys.modules:
        return
    sys.modules[COMMAND_LINE] = cast("ModuleType", None)  # httpx takes it for not installed
    try:
        names = vars(import_module("httpx"))
    finally:
        del sys.modules[COMMAND_LINE]
    explain_missing = names.pop("main")

    def find(name: str) -> Any:
        """Return what the command line defines; Python calls this for missing names."""
        if name == "_main":
            return import_module(COMMAND_LINE)
        if name != "main":
            raise AttributeError(f"module 'httpx' has no attribute {name!r}")
        try:
            main = import_module(COMMAND_LINE).main
        except ImportError:
            main = explain_missing
        main.__module__ = "httpx"
        return names.setdefault("main", main)

    names["__getattr__"] = find
    names["__dir__"] = lambda: sorted({*names, "main"})


_import_httpx()
import httpx as httpx  # noqa: E402 - for all modules of the client
