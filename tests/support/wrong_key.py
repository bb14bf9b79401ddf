"""Messages for another key, as tests need them."""

from collections.abc import Callable
from typing import TypeVar

from vantage6.client import DecryptionError

T = TypeVar("T")


def undecryptable(seal: Callable[[], T], unseal: Callable[[T], object]) -> T:
    """Seal until that cannot be unsealed: a wrong key opens one message in some 250 by chance."""
    while True:
        sealed = seal()
        try:
            unseal(sealed)
        except DecryptionError:
            return sealed
