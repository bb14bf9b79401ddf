"""Passwords in the system keyring."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from vantage6.bindings.secret import Secret

from .._utils.logging import LOGGER
from .._utils.urls import canonical_url
from ..errors import ConfigurationError, MissingDependencyError

# Long enough for a user who is asked to open it.
SECONDS = 60.0


def service_name(url: str) -> str:
    """Return the service name that identifies a server in the keyring."""
    return f"vantage6 {canonical_url(url)}"


def find_password(url: str, username: str) -> Secret | None:
    """Return the password from the keyring, if there is one."""
    if find_spec("keyring") is None:
        return None
    import keyring.errors

    try:
        found = _bounded(lambda: keyring.get_password(service_name(url), username))
    except keyring.errors.NoKeyringError:
        return None
    except keyring.errors.KeyringError as error:
        LOGGER.warning("Cannot open the keyring: %s", error)
        return None
    return Secret(found) if found else None


def store_password(url: str, username: str, password: str) -> None:
    """Store a password in the keyring, replacing an existing one."""
    keyring = _keyring()
    try:
        keyring.set_password(service_name(url), username, password)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"cannot store the password in the keyring: {error}") from None


def delete_password(url: str, username: str) -> bool:
    """Delete a password from the keyring; return whether there was one."""
    keyring = _keyring()
    try:
        if keyring.get_password(service_name(url), username) is None:
            return False
        keyring.delete_password(service_name(url), username)
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(f"cannot delete the password from the keyring: {error}") from None
    return True


def _bounded(find: Callable[[], str | None]) -> str | None:
    """Return what a function finds; some keyrings do not respond without a desktop."""
    from queue import Empty, SimpleQueue
    from threading import Thread

    found: SimpleQueue[str | Exception | None] = SimpleQueue()

    def run() -> None:
        try:
            found.put(find())
        except Exception as error:  # raised below, in the thread that waits
            found.put(error)

    Thread(target=run, name="vantage6-keyring", daemon=True).start()
    try:
        result = found.get(timeout=SECONDS)
    except Empty:
        LOGGER.warning("The keyring did not respond within %g s", SECONDS)
        return None
    if isinstance(result, Exception):
        raise result
    return result


def _keyring() -> Any:
    if find_spec("keyring") is None:
        raise MissingDependencyError(
            "the keyring requires a package that is not installed. "
            "Run: pip install 'vantage6-sdk[keyring]'"
        )
    from importlib import import_module

    import_module("keyring.errors")
    return import_module("keyring")
