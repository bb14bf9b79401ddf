"""Detect a Jupyter notebook and display objects in it."""

from __future__ import annotations

import sys
from importlib import import_module


def is_notebook() -> bool:
    """Tell whether this runs in a notebook.

    Returns
    -------
    bool
        False as well in a plain IPython, which has no kernel.
    """
    ipython = sys.modules.get("IPython")  # where it is not loaded yet, nobody is in a notebook
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def display(thing: object, **options: object) -> None:
    """Show something below the notebook's cell.

    Parameters
    ----------
    thing : object
        What to show, in one of the ways that notebooks know.
    **options : object
        As IPython's own function of this name takes them.
    """
    import_module("IPython.display").display(thing, **options)
