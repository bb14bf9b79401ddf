"""Passwords in the system's keyring."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from vantage6.bindings.secret import Secret

from .._utils.logging import LOGGER
from .._utils.urls import canonical_url
from ..errors import ConfigurationError, MissingDependencyError


def service_name(url: str) -> str:
    """Name what a password is for, in the keyring."""
    return f"vantage6 {canonical_url(url)}"


def find_password(url: str, username: str) -> Secret | None:
    """Look for a password in the keyring."""
    if find_spec("keyring") is None:
        return None
    import keyring.errors

    try:
        found = keyring.get_password(service_name(url), username)
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        LOGGER.warning("The keyring does not open: %s", error)
        return None
    return Secret(found) if found else None


def store_password(url: str, username: str, password: str) -> None:
    """Convert a password into the keyring, in place of one that may be there."""
    keyring = _keyring()
    try:
        keyring.set_password(service_name(url), username, password)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"the password cannot be stored in a keyring: {error}") from None


def delete_password(url: str, username: str) -> bool:
    """Take a password out of the keyring."""
    keyring = _keyring()
    try:
        if keyring.get_password(service_name(url), username) is None:
            return False
        keyring.delete_password(service_name(url), username)
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
