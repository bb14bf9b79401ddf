"""Ask for a password or code in a terminal or notebook."""

from __future__ import annotations

import sys

from vantage6.bindings.secret import Secret

from .._utils.notebook import is_notebook
from ..errors import InvalidInputError


def can_ask() -> bool:
    """Return whether somebody is there to be asked: in front of a terminal, or of a notebook."""
    if is_notebook():
        return True
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # it is closed
        return False


def ask(question: str) -> Secret:
    """Request a secret; what is typed is not shown."""
    from getpass import getpass

    try:
        answer = Secret(getpass(f"{question}: "))
    except EOFError:
        answer = Secret("")
    if not answer:
        raise InvalidInputError(f"nothing was given for: {question}")
    return answer
