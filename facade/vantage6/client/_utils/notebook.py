"""Detect a Jupyter notebook and display objects in it."""

from __future__ import annotations

import sys
from importlib import import_module


def is_notebook() -> bool:
    """Return whether this runs in a notebook."""
    ipython = sys.modules.get("IPython")  # where it is not loaded yet, nobody is in a notebook
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def display(thing: object, **options: object) -> None:
    """Show something below the notebook's cell."""
    import_module("IPython.display").display(thing, **options)
