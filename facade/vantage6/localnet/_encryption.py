"""Encode and decode inputs and results: encrypted, or as base64."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.client._encryption import base64, cipher


class PayloadCodec:
    """Encodes the payloads of one organization; without a private key they are not encrypted."""

    def __init__(self, private_key: RSAPrivateKey | None) -> None:
        self._private_key = private_key

    @property
    def is_encrypted(self) -> bool:
        """Whether the collaboration is encrypted."""
        return self._private_key is not None

    def encode(self, data: bytes, public_key: str | None) -> str:
        """Encode data for the owner of a public key."""
        if self._private_key is None:
            return base64.encode(data)
        if not public_key:
            raise ValueError("recipient: expected a public key on the server, found none.")
        return cipher.encrypt(data, public_key)

    def decode(self, text: str) -> bytes:
        """Decode a payload for this organization."""
        if self._private_key is None:
            return base64.decode(text)
        return cipher.decrypt(text, self._private_key)

    def encode_blob(self, data: bytes, public_key: str | None) -> bytes:
        """Encode data for a blob store."""
        if self._private_key is None:
            return self.encode(data, None).encode()  # unencrypted blobs are base64 as well
        if not public_key:
            raise ValueError("recipient: expected a public key on the server, found none.")
        encryptor = cipher.Encryptor(public_key)
        return encryptor.head.encode() + encryptor.update(data)

    def decode_blob(self, blob: bytes) -> bytes:
        """Decode a blob."""
        if self._private_key is None:
            return self.decode(blob.decode())
        decryptor = cipher.Decryptor(self._private_key)
        data = decryptor.update(blob)
        decryptor.finish()
        return data
