"""Generate, load, write and fingerprint RSA keys."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from vantage6.bindings.secret import SecretBytes

from .._http.secrets import secret_bytes
from ..errors import DecryptionError, InvalidInputError, InvalidKeyError
from .base64 import decode, encode

_NOT_RSA = "expected an RSA key, the only kind that the platform uses, got another kind"

MAX_PASSPHRASE_BYTES = 1023  # a limit of OpenSSL


def generate_private_key(bits: int = 4096) -> rsa.RSAPrivateKey:
    """Generate a key pair."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_key_to_pem(key: rsa.RSAPrivateKey, passphrase: str | bytes | None = None) -> bytes:
    """Return a private key as PEM (PKCS#8), the content of a key file."""
    secret = secret_bytes(passphrase)
    if len(secret or b"") > MAX_PASSPHRASE_BYTES:
        raise InvalidInputError(
            f"passphrase: expected at most {MAX_PASSPHRASE_BYTES} bytes, got more"
        )
    protection = BestAvailableEncryption(secret) if secret else NoEncryption()
    return SecretBytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))


def load_private_key(pem: bytes, passphrase: str | bytes | None = None) -> rsa.RSAPrivateKey:
    """Load a private key from the content of a key file."""
    try:
        key = load_pem_private_key(pem, secret_bytes(passphrase))
    except TypeError:
        raise InvalidKeyError(
            "private key: expected its passphrase, got none"
            if passphrase is None
            else "private key: expected no passphrase, because it is not protected, got one"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        hint = " (or the passphrase is wrong)" if passphrase else ""
        raise InvalidKeyError(
            f"private key: expected a key in PEM format, got something else{hint}"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidKeyError(f"private key: {_NOT_RSA}")
    return key


def public_key_of(private_key: rsa.RSAPrivateKey) -> str:
    """Return the public half of a private key, as the server stores it."""
    pem = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encode(pem)


@lru_cache(maxsize=1024)  # of the recipients of each new task
def fingerprint(public_key: str) -> str:
    """Return the fingerprint by which people compare public keys."""
    der = load_public_key(public_key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode("ascii").rstrip("=")


def load_public_key(public_key: str) -> rsa.RSAPublicKey:
    try:
        key = load_pem_public_key(decode(public_key))
    except (DecryptionError, ValueError, UnsupportedAlgorithm):
        raise InvalidKeyError(
            "public key: expected a key in the platform's format (base64 of PEM), got something "
            "else"
        ) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidKeyError(f"public key: {_NOT_RSA}")
    return key
