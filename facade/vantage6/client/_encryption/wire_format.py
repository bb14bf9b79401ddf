"""How the platform marks encrypted values."""

from __future__ import annotations

# Parts the three parts of an encrypted value; base64 text never contains it.
SEPARATOR = "$"


def is_encrypted(text: str) -> bool:
    """Report an encrypted value from a plain one, by its format."""
    return SEPARATOR in text
