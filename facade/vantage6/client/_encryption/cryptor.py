"""The encryption of messages in the form of the official client's ``client.cryptor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DecryptionError
from .base64 import decode, encode
from .wire_format import NO_KEY, is_encrypted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class Cryptor:
    """Encrypts messages for organizations, and decrypts those for one's own; all without a key."""

    bytes_to_str = staticmethod(encode)
    str_to_bytes = staticmethod(decode)

    def __init__(self, key: RSAPrivateKey | None) -> None:
        self._key = key

    def encrypt_bytes_to_str(self, data: bytes, pubkey_base64: str) -> str:
        """Return data as text: encrypted for a public key, or encoded without a private key."""
        from .cipher import encrypt

        return encrypt(data, pubkey_base64) if self._key else encode(data)

    def decrypt(self, data: str) -> bytes:
        """Return the data in a text that is encrypted for the private key, or only encoded."""
        from .cipher import decrypt

        if is_encrypted(data) and self._key is None:
            raise DecryptionError(NO_KEY)
        return decrypt(data, self._key) if self._key and is_encrypted(data) else decode(data)

    @property
    def public_key_str(self) -> str:
        """The public key, as it is stored on the server."""
        from .keys import public_key_of

        if self._key is None:
            raise AttributeError("public_key_str: expected a private key. Call setup_encryption().")
        return public_key_of(self._key)
