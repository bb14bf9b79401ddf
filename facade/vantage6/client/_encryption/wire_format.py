"""How the platform marks encrypted values."""

from __future__ import annotations

# Parts the three parts of an encrypted value; base64 text never contains it.
SEPARATOR = "$"


def is_encrypted(text: str) -> bool:
    """Tell an encrypted value from a plain one, by its format.

    Parameters
    ----------
    text : str
        The input or the result of a run, as the server gives it.

    Returns
    -------
    bool
        Whether it is encrypted.
    """
    return SEPARATOR in text
