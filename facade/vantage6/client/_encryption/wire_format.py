"""The mark of encrypted values, and the error message without a key for one."""

from __future__ import annotations

# Separates the three parts of an encrypted value; base64 text never contains it.
SEPARATOR = "$"
NOT_ENCRYPTED = (
    "expected an encrypted value, because the collaboration is known to be encrypted, got one that "
    "is not"
)
NO_KEY = "it is encrypted; call setup_encryption() with your private key first"


def is_encrypted(text: str) -> bool:
    """Return whether a value is encrypted, according to its format."""
    return SEPARATOR in text
