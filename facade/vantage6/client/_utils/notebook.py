"""Detect a Jupyter notebook and display objects in it."""

from __future__ import annotations

import sys
from importlib import import_module

# Frontends of a kernel that cannot replace an output, by the name of their program.
CONSOLES = ("jupyter-console", "jupyter_console", "jupyter-qtconsole", "qtconsole")


def is_notebook() -> bool:
    """Return whether the process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")  # a kernel has always imported it already
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def can_redraw() -> bool:
    """Return whether the notebook can replace an output: a console that starts a kernel cannot."""
    try:
        parent = import_module("psutil").Process().parent()  # every kernel has this package
        words = " ".join(parent.cmdline()[:3]) if parent else ""
    except Exception:  # it is missing, or the process must not be looked at
        return True
    return not any(name in words for name in CONSOLES)


def display(content: object, **options: object) -> None:
    """Show content below the notebook's cell."""
    import_module("IPython.display").display(content, **options)
