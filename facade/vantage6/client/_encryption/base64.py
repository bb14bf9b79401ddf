"""Base64, by SIMD where pybase64 is installed."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from ..errors import DecryptionError

try:
    import pybase64
except ImportError:  # it is in the extra "fast"
    pybase64 = None


# What is decoded at a time, in characters: it stays in the processor's cache. A multiple of 4.
PIECE = 2**18


def encode(data: bytes | memoryview) -> str:
    """Write bytes as base64 text."""
    if pybase64:
        return pybase64.b64encode_as_string(data)
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode(text: str) -> bytes:
    """Read what `encode` wrote."""
    try:
        if len(text) % 4:  # Python 3.10 reads what has too much padding
            raise ValueError
        if pybase64:
            return pybase64.b64decode(text, validate=True)
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise DecryptionError("the value is not base64 text") from None


def decoded_pieces(text: str, start: int = 0) -> Iterator[bytes]:
    """Read what `encode` wrote piece by piece, so that it is never all in memory a second time."""
    for index in range(start, len(text), PIECE):
        piece = decode(text[index : index + PIECE])
        # Padding stands at the end of the whole, never in the midst of it.
        if len(piece) < PIECE // 4 * 3 and index + PIECE < len(text):
            raise DecryptionError("the value is not base64 text")
        yield piece
