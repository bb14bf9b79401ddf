"""Show the QR code for two-factor login."""

from __future__ import annotations

import sys

from .._utils.notebook import is_notebook
from .._utils.text import sanitize
from ..errors import InvalidInputError, MissingDependencyError, TwoFactorSetupRequiredError


def show_qr(uri: str) -> None:
    """Show the QR code for two-factor login: as an image in a notebook, elsewhere as text.

    It contains the two-factor secret. Clear the output of the notebook cell before you save or
    share the notebook.

    Parameters
    ----------
    uri : str
        The ``otpauth://`` address, such as the `uri` of `TwoFactorSetupRequiredError` or the
        ``["qr_uri"]`` that ``client.util.set_two_factor_auth`` returns.

    Raises
    ------
    MissingDependencyError
        If the extra ``qr`` is not installed.
    InvalidInputError
        If the address is too long for a QR code.

    Examples
    --------
    >>> secret = client.util.set_two_factor_auth(token)
    >>> show_qr(secret["qr_uri"])
    """
    TwoFactorSetupRequiredError("", uri=uri).show_qr()


def offer_qr(uri: str) -> None:
    """Show a two-factor secret, which the server sends only once, in a terminal or notebook."""
    if not (is_notebook() or sys.stdout.isatty()):
        return  # a secret must not go to a file
    try:
        show_qr(uri)
    except (MissingDependencyError, InvalidInputError):
        print(f"For your authenticator app: {sanitize(uri)}")  # noqa: T201 - shown, not logged
