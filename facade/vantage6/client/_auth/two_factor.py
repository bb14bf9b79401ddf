"""Show the QR code for two-factor login."""

from __future__ import annotations

import sys

from .._utils.notebook import is_notebook
from .._utils.qr import describe_factor
from .._utils.text import sanitize
from ..errors import InvalidInputError, MissingDependencyError, TwoFactorSetupRequiredError


def show_qr(uri: str) -> None:
    """Show the QR code for two-factor login: as an image in a notebook, elsewhere as text.

    The text below the code names the account and the issuer.
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
        If it is not an ``otpauth://`` address, or too long for a QR code.

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
    except (MissingDependencyError, InvalidInputError) as error:
        # What is not an address of a second factor is not shown in any form.
        subject = describe_factor(uri)
        text = f"{subject}, for your authenticator app: {sanitize(uri)}" if subject else str(error)
        print(text)  # noqa: T201 - shown, not logged
