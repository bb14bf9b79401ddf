"""Draw QR codes in a terminal or a notebook."""

from __future__ import annotations

import sys
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

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
        return "<QR code of a second factor>"

    def _repr_png_(self) -> bytes:
        file = BytesIO()
        self._code.save(file, kind="png", scale=PIXELS)
        return file.getvalue()


def draw_qr(text: str) -> None:
    """Draw a QR code: a picture in a notebook, characters elsewhere."""
    # Raises ImportError without segno, and ValueError if the text does not fit into a code.
    from segno import make_qr

    code = make_qr(text)
    if is_notebook():
        display(Picture(code))
        return
    drawn = StringIO()
    code.terminal(drawn, compact=True)
    for line in drawn.getvalue().splitlines():
        print(f"{COLORS}{line}{RESET}" if sys.stdout.isatty() else line)  # noqa: T201 - the output
