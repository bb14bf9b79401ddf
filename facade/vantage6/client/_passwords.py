"""Where a password comes from that nobody gave: the keyring, or whoever sits in front of this."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from vantage6.bindings.secret import Secret

from ._notebook import is_notebook
from ._pins import server_name
from ._settings import LOGGER
from .errors import ConfigurationError, InvalidInputError, MissingDependencyError


def service(url: str) -> str:
    """Name what a password is for, in the keyring.

    Parameters
    ----------
    url : str
        The address of the API.

    Returns
    -------
    str
        The name of the service.
    """
    return f"vantage6 {server_name(url)}"


def find_password(url: str, username: str) -> Secret | None:
    """Look for a password in the keyring.

    Parameters
    ----------
    url : str
        The address of the API.
    username : str
        The account.

    Returns
    -------
    Secret or None
        The password; None where there is none, or no keyring, or none that opens.
    """
    if find_spec("keyring") is None:
        return None
    import keyring.errors

    try:
        found = keyring.get_password(service(url), username)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        LOGGER.warning("The keyring does not open: %s", error)
        return None
    return Secret(found) if found else None


def store_password(url: str, username: str, password: str) -> None:
    """Put a password into the keyring, in place of one that may be there.

    Parameters
    ----------
    url : str
        The address of the API.
    username : str
        The account.
    password : str
        The password.

    Raises
    ------
    MissingDependencyError
        When the package lacks its extra ``keyring``.
    ConfigurationError
        When the keyring does not take it, or there is none.
    """
    keyring = _keyring()
    try:
        keyring.set_password(service(url), username, password)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"the password cannot be stored in a keyring: {error}") from None


def drop_password(url: str, username: str) -> bool:
    """Take a password out of the keyring.

    Parameters
    ----------
    url : str
        The address of the API.
    username : str
        The account.

    Returns
    -------
    bool
        Whether there was one.

    Raises
    ------
    MissingDependencyError
        When the package lacks its extra ``keyring``.
    ConfigurationError
        When the keyring does not open, or there is none.
    """
    keyring = _keyring()
    try:
        if keyring.get_password(service(url), username) is None:
            return False
        keyring.delete_password(service(url), username)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(
            f"the password cannot be taken out of a keyring: {error}"
        ) from None
    return True


def _keyring() -> Any:
    if find_spec("keyring") is None:
        raise MissingDependencyError(
            "a keyring needs a library that is not installed: pip install 'vantage6-sdk[keyring]'"
        )
    from importlib import import_module

    import_module("keyring.errors")
    return import_module("keyring")


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
