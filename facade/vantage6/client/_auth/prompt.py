"""Ask for a password or code in a terminal or notebook."""

from __future__ import annotations

import sys

from vantage6.bindings.secret import Secret

from .._utils.notebook import is_notebook
from ..errors import InvalidInputError


def can_ask() -> bool:
    """Tell whether somebody is there to be asked: in front of a terminal, or of a notebook.

    Returns
    -------
    bool
        Whether it makes sense to ask.
    """
    if is_notebook():
        return True
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # it is closed
        return False


def ask(question: str) -> Secret:
    """Ask for a secret; what is typed is not shown.

    Parameters
    ----------
    question : str
        What to ask for.

    Returns
    -------
    Secret
        The answer, which does not show itself.

    Raises
    ------
    InvalidInputError
        When there is no answer.
    """
    from getpass import getpass

    try:
        answer = Secret(getpass(f"{question}: "))
    except EOFError:
        answer = Secret("")
    if not answer:
        raise InvalidInputError(f"nothing was given for: {question}")
    return answer
