"""What a node does to inputs and results: encrypt and decrypt, or just encode and decode."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from vantage6.client._encryption import base64 as _base64
from vantage6.client._encryption import cipher as _crypto


class Cipher:
    """The wire format of one organization in one collaboration.

    Parameters
    ----------
    private_key : RSAPrivateKey or None
        The organization's key; None in a collaboration that is not encrypted.

    Examples
    --------
    >>> plain = Cipher(None)
    >>> plain.open(plain.seal(b"data", None))
    b'data'
    """

    def __init__(self, private_key: RSAPrivateKey | None) -> None:
        self._private_key = private_key

    @property
    def encrypts(self) -> bool:
        """Whether the collaboration is encrypted."""
        return self._private_key is not None

    def seal(self, data: bytes, public_key: str | None) -> str:
        """Return data in the form the server takes, for the owner of a public key to open."""
        if self._private_key is None:
            return _base64.encode(data)
        if not public_key:
            raise ValueError("the organization to encrypt for has no public key on the server")
        return _crypto.encrypt(data, public_key)

    def open(self, text: str) -> bytes:
        """Return the data in a text that the server gave."""
        if self._private_key is None:
            return _base64.decode(text)
        return _crypto.decrypt(text, self._private_key)

    def seal_blob(self, data: bytes, public_key: str | None) -> bytes:
        """Return data in the form that is kept in a blob store."""
        if self._private_key is None:
            return self.seal(data, None).encode()  # a blob of a plain collaboration is base64, too
        if not public_key:
            raise ValueError("the organization to encrypt for has no public key on the server")
        encryptor = _crypto.Encryptor(public_key)
        return encryptor.head.encode() + encryptor.update(data)

    def open_blob(self, blob: bytes) -> bytes:
        """Return the data in a blob."""
        if self._private_key is None:
            return self.open(blob.decode())
        decryptor = _crypto.Decryptor(self._private_key)
        data = decryptor.update(blob)
        decryptor.finish()
        return data
