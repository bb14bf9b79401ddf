"""Detect a Jupyter notebook and display objects in it."""

from __future__ import annotations

import sys
from importlib import import_module


def is_notebook() -> bool:
    """Return whether the process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")  # a kernel has always imported it already
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def display(content: object, **options: object) -> None:
    """Show content below the notebook's cell."""
    import_module("IPython.display").display(content, **options)
