"""Messages that the wrong key cannot decrypt."""

from collections.abc import Callable
from typing import TypeVar

from vantage6.client import DecryptionError

T = TypeVar("T")


def undecryptable(seal: Callable[[], T], unseal: Callable[[T], object]) -> T:
    """Return a message that the key cannot decrypt; by chance, it could decrypt one in 250."""
    while True:
        sealed = seal()
        try:
            unseal(sealed)
        except DecryptionError:
            return sealed
