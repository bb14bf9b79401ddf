"""Draw QR codes in a terminal or a notebook."""

from __future__ import annotations

import sys
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, TextIO
from urllib.parse import parse_qs, unquote, urlsplit

from .notebook import display, is_notebook

if TYPE_CHECKING:
    from segno import QRCode

# White on black regardless of the terminal's colors: not every app reads inverted codes.
COLORS, RESET = "\x1b[97;40m", "\x1b[0m"
PIXELS = 5  # per module


class Picture:
    """A QR code as a picture for notebooks."""

    def __init__(self, code: QRCode) -> None:
        self._code = code

    def __repr__(self) -> str:
        return "<QR code>"

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self._code.save(file, kind="png", scale=PIXELS)
        return file.getvalue()


def describe_factor(uri: str) -> str | None:
    """Return what the address of a second factor is for; None if it is not such an address."""
    # https://github.com/google/google-authenticator/wiki/Key-Uri-Format
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    if (parts.scheme, parts.netloc) not in (("otpauth", "totp"), ("otpauth", "hotp")):
        return None
    issuer, _, account = unquote(parts.path.lstrip("/")).rpartition(":")
    issuer = parse_qs(parts.query).get("issuer", [issuer])[0]
    return f"second factor of {account.strip()!r} at {issuer!r}"


def draw_qr(uri: str) -> None:
    """Draw the QR code of a second factor: a picture in a notebook, characters elsewhere."""
    draw_code(uri, sys.stdout)
    print(f"QR code: {describe_factor(uri)}")  # noqa: T201 - shown


def draw_code(text: str, file: TextIO) -> None:
    """Draw any text as a QR code."""
    # Raises ImportError without segno, and ValueError if the text does not fit into a code.
    from segno import make_qr

    code = make_qr(text)
    if is_notebook():
        display(Picture(code))
        return
    drawn = StringIO()
    code.terminal(drawn, compact=True)
    for line in drawn.getvalue().splitlines():
        print(f"{COLORS}{line}{RESET}" if file.isatty() else line, file=file)
