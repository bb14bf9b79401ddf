"""Show the QR code of a second factor."""

from __future__ import annotations

import sys

from .._utils.notebook import is_notebook
from .._utils.text import sanitize
from ..errors import InvalidInputError, MissingDependencyError, TwoFactorSetupRequiredError


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
    TwoFactorSetupRequiredError("", uri=uri).show_qr()


def offer_qr(uri: str) -> None:
    """Show a second factor that the server tells but once, if somebody is there to see it."""
    if not (is_notebook() or sys.stdout.isatty()):
        return  # output that goes to a file is no place for a secret
    try:
        show_qr(uri)
    except (MissingDependencyError, InvalidInputError):
        print(f"For your authenticator app: {sanitize(uri)}")  # noqa: T201 - shown, not logged
