"""The wire format of encrypted collaborations: AES-CTR for the data, RSA for its key.

A message is ``<wrapped key>$<iv>$<ciphertext>``, each part in base64. RSA PKCS#1 v1.5 wraps the
32-byte AES key. The web interface wraps the key's base64 text instead of its bytes, and encrypts
the data's base64 text; this module reads both forms and distinguishes them by the wrapped key. The
format has no authentication tag: a message that is altered in transit decrypts to other bytes
without an error. In the blob form, for the server's blob store, the ciphertext consists of raw
bytes instead of base64.
"""

from __future__ import annotations

import os
from contextlib import suppress
from io import BytesIO
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from vantage6.bindings.secret import SecretBytes

from ..errors import DecryptionError
from .base64 import Decoder, decode, decoded_pieces, encode
from .keys import fingerprint, load_public_key, public_key_of
from .wire_format import SEPARATOR

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

AES_KEY_BYTES = 32
IV_BYTES = 16
# Bytes to encrypt at a time: they fit in the processor's cache. A multiple of 3, for base64.
PIECE = 3 * 2**16
# Far more than the head of a message with an RSA key of 16384 bits.
MAX_HEAD_BYTES = 2**13
_NOT_THE_FORMAT = (
    "expected an encrypted message in the platform's format, three parts separated by "
    f"'{SEPARATOR}', got something else"
)


class Encryptor:
    """Encrypts one message, piece by piece, so that only the owner of a key can read it."""

    # In the blob form, a message is `head`, followed by the pieces that `update` returns.

    def __init__(self, public_key: str) -> None:
        key, iv = SecretBytes(os.urandom(AES_KEY_BYTES)), os.urandom(IV_BYTES)
        wrapped_key = load_public_key(public_key).encrypt(key, PKCS1v15())
        self.head = f"{encode(wrapped_key)}{SEPARATOR}{encode(iv)}{SEPARATOR}"
        self._key, self._iv = key, iv
        self._cipher = Cipher(AES(key), CTR(iv)).encryptor()

    def at(self, start: int, data: memoryview) -> memoryview:
        """Encrypt the part of the data from `start` on, in any order and in any thread."""
        block = int.from_bytes(self._iv, "big") + start // IV_BYTES
        iv = (block % (1 << 8 * IV_BYTES)).to_bytes(IV_BYTES, "big")
        # Unlike `update`, this lets other threads run meanwhile (cryptography 50).
        buffer = bytearray(len(data) + IV_BYTES)
        count = Cipher(AES(self._key), CTR(iv)).encryptor().update_into(data, buffer)
        return memoryview(buffer)[:count]

    def update(self, data: bytes | memoryview) -> bytes:
        """Encrypt the next piece of the data."""
        return self._cipher.update(data)


class Decryptor:
    """Decrypts one message, in the blob form or as text, piece by piece as it is received."""

    def __init__(self, private_key: rsa.RSAPrivateKey, *, is_text: bool = False) -> None:
        self._private_key = private_key
        self._head = b""
        self._cipher: CipherContext | None = None
        self._decoder = Decoder() if is_text else None
        self.is_web_form = False

    def update(self, data: bytes) -> bytes:
        """Decrypt the next piece of the message."""
        if self._cipher is None:
            data = self._read_head(data)
        if self._cipher is None:
            return b""
        return self._cipher.update(self._decoder.update(data) if self._decoder else data)

    def finish(self) -> None:
        """Check, after the last piece, that the message had a complete head."""
        if self._cipher is None:
            raise DecryptionError(_NOT_THE_FORMAT)
        if self._decoder:
            self._decoder.finish()

    def _read_head(self, data: bytes) -> bytes:
        """Collect the head; return the data after its end."""
        self._head += data
        parts = self._head.split(SEPARATOR.encode(), 2)
        if len(parts) == 3:
            wrapped_key, iv = (part.decode("latin-1") for part in parts[:2])
            self._cipher, self.is_web_form = _open_head(wrapped_key, iv, self._private_key)
            self._head = b""
            return parts[2]
        if len(self._head) > MAX_HEAD_BYTES:
            raise DecryptionError(_NOT_THE_FORMAT)
        return b""


def encrypt(data: bytes, public_key: str) -> str:
    """Encrypt bytes so that only the owner of a key can read them."""
    encryptor = Encryptor(public_key)
    message, view = encryptor.head, memoryview(data)
    for start in range(0, len(data), PIECE):
        # A string without other references grows in place; joining pieces would need twice as much.
        message += encode(encryptor.update(view[start : start + PIECE]))
    return message


def decrypt(message: str, private_key: rsa.RSAPrivateKey) -> bytes:
    """Decrypt a message that was encrypted for the owner of a key."""
    if message.count(SEPARATOR) != 2:
        raise DecryptionError(_NOT_THE_FORMAT)
    end_of_key = message.index(SEPARATOR)
    end_of_iv = message.index(SEPARATOR, end_of_key + 1)
    wrapped_key, iv = message[:end_of_key], message[end_of_key + 1 : end_of_iv]
    cipher, is_web_form = _open_head(wrapped_key, iv, private_key)
    plain = BytesIO()
    for piece in decoded_pieces(message, end_of_iv + 1):
        plain.write(cipher.update(piece))
    data = plain.getvalue()
    return without_web_form(data) if is_web_form else data


def _open_head(
    wrapped_key: str, iv: str, private_key: rsa.RSAPrivateKey
) -> tuple[CipherContext, bool]:
    """Return the cipher for the data of a message, and whether its key was wrapped as text."""
    iv_bytes = decode(iv)
    if len(iv_bytes) != IV_BYTES:
        raise DecryptionError(
            f"the message is damaged: expected an IV of {IV_BYTES} bytes, got {len(iv_bytes)}"
        )
    key, is_web_form = _unwrap(decode(wrapped_key), private_key)
    return Cipher(AES(key), CTR(iv_bytes)).decryptor(), is_web_form


def without_web_form(data: bytes) -> bytes:
    """Return the data of a message whose key was wrapped as text."""
    try:
        return decode(data.decode("ascii"))
    except (DecryptionError, UnicodeDecodeError):
        return data  # only the key was wrapped as text; a JSON object is never valid base64


def _unwrap(wrapped_key: bytes, private_key: rsa.RSAPrivateKey) -> tuple[bytes, bool]:
    """Return the AES key, and whether it was wrapped as text."""
    try:
        key = SecretBytes(private_key.decrypt(wrapped_key, PKCS1v15()))
    except ValueError:
        key = SecretBytes()
    is_text = len(key) > AES_KEY_BYTES and key.isascii()
    if is_text:
        with suppress(DecryptionError):
            key = SecretBytes(decode(key.decode("ascii")))
    if len(key) != AES_KEY_BYTES:
        # With a wrong key, OpenSSL often returns random bytes: it hides failures from attackers.
        raise DecryptionError(
            "the message was encrypted for a key other than "
            f"{fingerprint(public_key_of(private_key))}, or is damaged"
        )
    return key, is_text
