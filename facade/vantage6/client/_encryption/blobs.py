"""Write and read inputs and results in the server's blob store, piece by piece.

In an encrypted collaboration, a blob is a message in the blob form of the wire format. In an
unencrypted one, it is base64 text, like an input or a result outside the blob store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import IO, TYPE_CHECKING

from .._http.large_texts import OnTransfer, placeholder
from ..errors import DecryptionError
from .base64 import decode, encode
from .wire_format import NO_KEY, SEPARATOR

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from .cipher import Decryptor

# Bytes to send at a time; the server rejects pieces of 1 MiB. A multiple of 3, for base64.
PIECE = 3 * 2**16
LARGER = "Set a larger max_bytes."
# Far more than the head of an encrypted blob, which ends with a separator.
MAX_HEAD_BYTES = 2**13
# Far more than the id of a blob.
MAX_ID_LENGTH = 2**10


@dataclass(frozen=True)
class Blob:
    """The content of a blob, or the error from reading it."""

    data: bytes | DecryptionError
    is_encrypted: bool


def check_blob_id(blob_id: str) -> str:
    """Check that a value can be the id of a blob."""
    # An id of dots alone would lead to another URL.
    is_name = blob_id.isascii() and blob_id.isprintable() and blob_id.strip(".")
    if is_name and len(blob_id) <= MAX_ID_LENGTH:
        return blob_id
    raise DecryptionError("expected a reference to the blob store, got an invalid one")


class TransferCounter:
    """Counts the bytes of several blobs and reports the progress."""

    def __init__(self, report: OnTransfer | None) -> None:
        self._report = report
        self._done = 0

    def add(self, count: int) -> None:
        """Count more bytes."""
        self._done += count
        if self._report:
            self._report(self._done, None)


class SizeLimit:
    """The limit for one or more blobs together, since a sender can make a blob endless."""

    def __init__(self, max_bytes: int, hint: str) -> None:
        self._max_bytes = self._left = max_bytes
        self._hint = hint

    def take(self, data: bytes) -> bytes:
        """Subtract data from what is left."""
        self._left -= len(data)
        if self._left < 0:
            raise DecryptionError(
                f"expected at most {self._max_bytes} bytes, got more. {self._hint}"
            )
        return data


class BlobUpload:
    """The pieces of a blob; each iteration yields all of them, encrypted with a new key."""

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
                self._report_progress(start + PIECE)
            return
        from .cipher import Encryptor

        encryptor = Encryptor(self._public_key)
        yield encryptor.head.encode()
        for start in range(0, len(view), PIECE):
            yield encryptor.update(view[start : start + PIECE])
            self._report_progress(start + PIECE)

    def _report_progress(self, done: int) -> None:
        if self._report:
            self._report(min(done, len(self._data)))


class BlobReader:
    """Decodes a blob, plain or encrypted, piece by piece as it is received; or a text."""

    def __init__(self, key: RSAPrivateKey | None, *, is_text: bool = False) -> None:
        self._key = key
        self._is_text = is_text
        self._rest = b""  # an incomplete head, or an incomplete group of four base64 characters
        self._is_plain = False
        self._decryptor: Decryptor | None = None
        self.is_encrypted = False

    def update(self, piece: bytes) -> bytes:
        """Decode the next piece."""
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
        """Decode the rest, after the last piece."""
        if self._decryptor:
            self._decryptor.finish()
            return b""
        return _decoded(self._rest)

    @property
    def is_web_form(self) -> bool:
        """Whether what is decrypted is in the form of the web interface."""
        return self._decryptor is not None and self._decryptor.is_web_form

    def _decrypt(self, piece: bytes) -> bytes:
        """Start the decryption."""
        self.is_encrypted = True
        if self._key is None:
            raise DecryptionError(NO_KEY)
        from .cipher import Decryptor

        self._decryptor = Decryptor(self._key, is_text=self._is_text)
        return self._decryptor.update(piece)


def _decoded(text: bytes) -> bytes:
    return decode(text.decode("latin-1"))


class ReceivedText(str):
    """A large result that was decoded while it was received; as a `str`, its placeholder.

    Attributes
    ----------
    data : bytes, str or DecryptionError
        The result, as text once it was read as text; or the error from reading it.
    """

    data: bytes | str | DecryptionError
    is_encrypted: bool
    is_web_form: bool


class ResultReceiver:
    """Decodes one large result of a response while it is received, into memory or a file."""

    def __init__(
        self,
        key: RSAPrivateKey | None,
        counter: TransferCounter,
        file: Callable[[], IO[bytes]] | None = None,
        limit: SizeLimit | None = None,
    ) -> None:
        self._reader = BlobReader(key, is_text=True)
        self._counter = counter
        self._target: IO[bytes] | BytesIO = file() if file else BytesIO()
        self._target.seek(0)
        self._target.truncate()  # what an interrupted response has left
        self._limit = copy(limit)
        self._size = 0
        self._error: DecryptionError | None = None

    def update(self, piece: bytes) -> None:
        """Decode the next piece; after an error, skip it, as other results may follow."""
        self._size += len(piece)
        self._take(partial(self._reader.update, piece))
        self._counter.add(len(piece))

    def _take(self, decode: Callable[[], bytes]) -> None:
        if self._error:
            return
        try:
            data = decode()
        except DecryptionError as error:
            self._error = error
        else:
            self._target.write(self._limit.take(data) if self._limit else data)

    def finish(self) -> ReceivedText:
        """Return the result, after the last piece."""
        self._take(self._reader.finish)
        found = ReceivedText(placeholder(self._size))
        found.is_encrypted, found.is_web_form = self._reader.is_encrypted, self._reader.is_web_form
        if found.is_web_form and not self._error:
            from .cipher import without_web_form

            self._target.seek(0)
            data = without_web_form(self._target.read())
            self._target.seek(0)
            self._target.truncate()
            self._target.write(data)
        target = self._target
        found.data = self._error or (target.getvalue() if isinstance(target, BytesIO) else b"")
        return found
