"""A keyring for one test, which may fail on request."""

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FakeKeyring(KeyringBackend):
    """A keyring in memory.

    Attributes
    ----------
    held : dict
        Passwords by service and username.
    fault : type of Exception or None
        Exception to raise at each access.
    """

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.fault: type[Exception] | None = None

    def _open(self) -> None:
        if self.fault:
            raise self.fault("it stays shut")

    def get_password(self, service: str, username: str) -> str | None:
        """Return a password, if there is one."""
        self._open()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a password."""
        self._open()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Delete a password."""
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError


@contextmanager
def fake_keyring() -> Iterator[FakeKeyring]:
    """Replace the system's keyring."""
    before, made = keyring.get_keyring(), FakeKeyring()
    keyring.set_keyring(made)
    try:
        yield made
    finally:
        keyring.set_keyring(before)
