"""Encode and decode base64, with SIMD if pybase64 is installed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from ..errors import DecryptionError

try:
    import pybase64
except ImportError:  # part of the extra "fast"
    pybase64 = None


# Characters to decode at a time: they fit in the processor's cache. A multiple of 4.
PIECE = 2**18
_NOT_BASE64 = "expected base64 text, got something else"


def encode(data: bytes | memoryview) -> str:
    """Encode bytes as base64 text."""
    if pybase64:
        return pybase64.b64encode_as_string(data)
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def encode_bytes(data: bytes | memoryview) -> bytes:
    """Encode bytes as base64 text in ASCII."""
    return pybase64.b64encode(data) if pybase64 else binascii.b2a_base64(data, newline=False)


def decode(text: str | bytes) -> bytes:
    """Decode base64 text; reject characters outside the alphabet."""
    try:
        if len(text) % 4:  # Python 3.10 accepts excess padding
            raise ValueError
        if pybase64:
            return pybase64.b64decode(text, validate=True)
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise DecryptionError(_NOT_BASE64) from None


def decoded_pieces(text: str, start: int = 0) -> Iterator[bytes]:
    """Decode base64 text piece by piece, without a second copy of it all in memory."""
    for index in range(start, len(text), PIECE):
        piece = decode(text[index : index + PIECE])
        # Padding is allowed only at the end of the text.
        if len(piece) < PIECE // 4 * 3 and index + PIECE < len(text):
            raise DecryptionError(_NOT_BASE64)
        yield piece


class Decoder:
    """Decodes base64 text piece by piece as it is received."""

    def __init__(self) -> None:
        self._rest = b""  # an incomplete group of four characters
        self._is_over = False

    def update(self, piece: bytes) -> bytes:
        """Decode the next piece."""
        piece = self._rest + piece
        end = len(piece) // 4 * 4
        self._rest = piece[end:]
        if self._is_over and piece:  # padding is allowed only at the end of the text
            raise DecryptionError(_NOT_BASE64)
        data = decode(piece[:end])
        self._is_over = len(data) < end // 4 * 3
        return data

    def finish(self) -> None:
        """Check, after the last piece, that the text is complete."""
        if self._rest:
            raise DecryptionError(_NOT_BASE64)
