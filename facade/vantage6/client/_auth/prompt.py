"""Prompt for a password or code in a terminal or notebook."""

from __future__ import annotations

import sys

from vantage6.bindings.secret import Secret

from .._utils.notebook import is_notebook
from ..errors import InvalidInputError


def can_ask() -> bool:
    """Return whether a user can be prompted: in a terminal or a notebook."""
    if is_notebook():
        return True
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # it is closed
        return False


def ask(question: str) -> Secret:
    """Prompt for a secret without echoing the input."""
    from getpass import getpass

    try:
        entered = Secret(getpass(f"{question}: "))
    except EOFError:
        entered = Secret("")
    if not entered:
        raise InvalidInputError(f"{question}: expected a value, got no input")
    return entered
