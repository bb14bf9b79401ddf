"""Shows the QR code of a second factor where the user is: in a notebook, or in a terminal."""

from __future__ import annotations

import sys
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from ._inert import inert
from ._notebook import display, is_notebook
from .errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from segno import QRCode

# White on black, whatever the terminal's own colors: not every app reads a code turned inside out.
PAINT, RESET = "\x1b[97;40m", "\x1b[0m"
PIXELS = 5  # to a square


class Picture:
    """A QR code that notebooks show as a picture.

    Parameters
    ----------
    code : QRCode
        The code.
    """

    def __init__(self, code: QRCode) -> None:
        self._code = code

    def __repr__(self) -> str:
        return "<QR code of a second factor>"

    def _repr_png_(self) -> bytes:
        """Draw it; notebooks call this."""
        file = BytesIO()
        self._code.save(file, kind="png", scale=PIXELS)
        return file.getvalue()


def show_qr(uri: str) -> None:
    """Show the QR code of a second factor: as a picture in a notebook, else as text.

    It holds the secret of the second factor. Clear the output of the notebook's cell before you
    save or share it.

    Parameters
    ----------
    uri : str
        The ``otpauth://`` address, such as the `uri` of `TwoFactorSetupRequiredError` or the
        ``["qr_uri"]`` that ``client.util.set_two_factor_auth`` gives.

    Raises
    ------
    MissingDependencyError
        When the package lacks its extra ``qr``.
    InvalidInputError
        When the address is too long for a QR code.

    Examples
    --------
    >>> secret = client.util.set_two_factor_auth(token)
    >>> show_qr(secret["qr_uri"])
    """
    try:
        from segno import make_qr
    except ImportError:
        raise MissingDependencyError(
            "QR codes need the extra 'qr': pip install 'vantage6-sdk[qr]'; without it, type the "
            "secret in the otpauth:// address into the authenticator app"
        ) from None
    try:
        code = make_qr(uri)
    except ValueError:
        raise InvalidInputError(
            f"no QR code holds the {len(uri)} characters of this address: no second factor has one "
            "of that length"
        ) from None
    if is_notebook():
        display(Picture(code))
        return
    drawn = StringIO()
    code.terminal(drawn, compact=True)
    for line in drawn.getvalue().splitlines():
        print(f"{PAINT}{line}{RESET}" if sys.stdout.isatty() else line)  # noqa: T201 - that is it


def offer(uri: str) -> None:
    """Show a second factor that the server tells but once, if somebody is there to see it.

    Parameters
    ----------
    uri : str
        Its ``otpauth://`` address, which is shown itself where there are no QR codes.
    """
    if not (is_notebook() or sys.stdout.isatty()):
        return  # output that goes to a file is no place for a secret
    try:
        show_qr(uri)
    except (MissingDependencyError, InvalidInputError):
        print(f"For your authenticator app: {inert(uri)}")  # noqa: T201 - shown, not logged
