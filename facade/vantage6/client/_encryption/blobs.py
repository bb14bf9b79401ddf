"""Inputs and results in the server's blob store, piece by piece.

In an encrypted collaboration a blob is a message in the blob form of the wire format; in a plain
one it is base64 text, as an input or a result is that the server keeps itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from ..errors import DecryptionError
from .base64 import decode, encode
from .wire_format import SEPARATOR

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from .cipher import Decryptor

# Gets the bytes done so far and their number in all, or None where nobody knows that.
OnTransfer: TypeAlias = Callable[[int, "int | None"], object]
# How much is sent at a time; the server takes no piece of 1 MiB. A multiple of 3, for base64.
PIECE = 3 * 2**16
# Far more than the head of an encrypted blob, which ends with a separator.
MAX_HEAD_BYTES = 2**13
# What blobs are called is far shorter.
MAX_ID_LENGTH = 2**10


@dataclass(frozen=True)
class Blob:
    """What has been read of a blob."""

    data: bytes | DecryptionError
    is_encrypted: bool


def check_blob_id(blob_id: str) -> str:
    """Check that a reference can be one to a blob."""
    # Dots alone lead to another address.
    is_name = blob_id.isascii() and blob_id.isprintable() and blob_id.strip(".")
    if is_name and len(blob_id) <= MAX_ID_LENGTH:
        return blob_id
    raise DecryptionError("it is said to lie in the blob store, but the reference to it is none")


class TransferCounter:
    """Adds up the bytes of several blobs as they come, and tells of it."""

    def __init__(self, report: OnTransfer | None) -> None:
        self._report = report
        self._done = 0

    def add(self, number: int) -> None:
        """Count more bytes."""
        self._done += number
        if self._report:
            self._report(self._done, None)


class MemoryBudget:
    """The memory that there is for several blobs together; who sends one can make it endless."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most

    def take(self, data: bytes) -> bytes:
        """Accept what is read of a blob."""
        self._left -= len(data)
        if self._left < 0:
            raise DecryptionError(
                f"there are more than the {self._most} bytes that this client takes into memory: "
                "give it a larger max_response_bytes, or write each result to a file with "
                "result.save()"
            )
        return data


class BlobUpload:
    """The pieces of a blob; each iteration gives them all, freshly encrypted."""

    def __init__(
        self, data: bytes, public_key: str | None, report: Callable[[int], object] | None = None
    ) -> None:
        self._data = data
        self._public_key = public_key
        self._report = report

    def __iter__(self) -> Iterator[bytes]:
        view = memoryview(self._data)
        if self._public_key is None:
            for start in range(0, len(view), PIECE):
                yield encode(view[start : start + PIECE]).encode()
                self._send_message(start + PIECE)
            return
        from .cipher import Encryptor

        encryptor = Encryptor(self._public_key)
        yield encryptor.head.encode()
        for start in range(0, len(view), PIECE):
            yield encryptor.update(view[start : start + PIECE])
            self._send_message(start + PIECE)

    def _send_message(self, done: int) -> None:
        if self._report:
            self._report(min(done, len(self._data)))


class BlobReader:
    """Reads a blob, plain or encrypted, piece by piece as it comes."""

    def __init__(self, key: RSAPrivateKey | None) -> None:
        self._key = key
        self._rest = b""  # a head that is not whole yet, or base64 that has no four characters yet
        self._is_plain = False
        self._decryptor: Decryptor | None = None
        self.is_encrypted = False

    def update(self, piece: bytes) -> bytes:
        """Read the next piece."""
        if self._decryptor:
            return self._decryptor.update(piece)
        piece = self._rest + piece
        if not self._is_plain and SEPARATOR.encode() in piece[:MAX_HEAD_BYTES]:
            return self._decrypt(piece)
        self._is_plain = self._is_plain or len(piece) >= MAX_HEAD_BYTES
        end = len(piece) // 4 * 4 if self._is_plain else 0
        self._rest = piece[end:]
        return _decoded(piece[:end])

    def finish(self) -> bytes:
        """Report that all of the blob has come."""
        if self._decryptor:
            self._decryptor.finish()
            return b""
        return _decoded(self._rest)

    def _decrypt(self, piece: bytes) -> bytes:
        """Begin to decrypt."""
        self.is_encrypted = True
        if self._key is None:
            raise DecryptionError("it is encrypted: give setup_encryption() your private key first")
        from .cipher import Decryptor

        self._decryptor = Decryptor(self._key)
        return self._decryptor.update(piece)


def _decoded(text: bytes) -> bytes:
    return decode(text.decode("latin-1"))
