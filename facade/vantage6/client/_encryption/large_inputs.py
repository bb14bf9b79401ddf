"""Inputs of tasks that are encoded and encrypted while they are sent."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from functools import partial
from typing import TYPE_CHECKING

from .._http.large_texts import LargeText
from .base64 import encode_bytes

if TYPE_CHECKING:
    from typing_extensions import Self

    from .._http.large_texts import Job
    from .cipher import Encryptor

# Inputs that are smaller than this, for all organizations together, are encoded beforehand.
MIN_LARGE_BYTES = 1 << 19
# Bytes to encrypt at a time, large enough for threads to be worthwhile: a multiple of 3, as base64
# requires, and of 16, as AES does.
PIECE = 3 * 2**18


def is_large(data: bytes, organizations: Sized) -> bool:
    """Return whether an input is encoded while it is sent."""
    return len(data) * len(organizations) >= MIN_LARGE_BYTES


class LargeInput(LargeText):
    """The input for one organization, in the wire format; all of them share the same data."""

    _data: bytes
    _encryptor: Encryptor | None

    def __new__(cls, data: bytes, encryptor: Encryptor | None = None) -> Self:
        """Create it, encrypted if there is an `encryptor`, otherwise only encoded."""
        size = (len(data) + 2) // 3 * 4 + (len(encryptor.head) if encryptor else 0)
        made = super().__new__(cls, size)
        made._data, made._encryptor = data, encryptor
        return made

    def jobs(self) -> Iterator[Job]:
        """Yield what makes the pieces, the same each time: what is sent again is not different."""
        if self._encryptor:
            yield self._encryptor.head.encode
        for start in range(0, len(self._data), PIECE):
            yield partial(self._piece, start)

    def _piece(self, start: int) -> bytes:
        part = memoryview(self._data)[start : start + PIECE]
        return encode_bytes(self._encryptor.at(start, part) if self._encryptor else part)
