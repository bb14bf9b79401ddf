"""A keyring that lasts as long as a test, and opens or not as the test says."""

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FakeKeyring(KeyringBackend):
    """The keyring.

    Attributes
    ----------
    held : dict
        What is in it, by service and username.
    fault : type of Exception or None
        What opening it raises.
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
        """Give a password."""
        self._open()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Take a password."""
        self._open()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Throw a password away."""
        if self.held.pop((service, username), None) is None:
            raise PasswordDeleteError


@contextmanager
def fake_keyring() -> Iterator[FakeKeyring]:
    """Put it in the place of the system's keyring."""
    before, made = keyring.get_keyring(), FakeKeyring()
    keyring.set_keyring(made)
    try:
        yield made
    finally:
        keyring.set_keyring(before)
