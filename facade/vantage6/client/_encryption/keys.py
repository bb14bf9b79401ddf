"""RSA keys: generate, load, write, fingerprint."""

from __future__ import annotations

import base64
import hashlib

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
from ..errors import DecryptionError, InvalidKeyError
from .base64 import decode, encode


def generate_private_key(bits: int = 4096) -> rsa.RSAPrivateKey:
    """Create a new key pair."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def private_key_to_pem(key: rsa.RSAPrivateKey, passphrase: str | bytes | None = None) -> bytes:
    """Write a private key as PEM (PKCS#8), the content of a key file."""
    secret = secret_bytes(passphrase)
    protection = BestAvailableEncryption(secret) if secret else NoEncryption()
    return SecretBytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))


def load_private_key(pem: bytes, passphrase: str | bytes | None = None) -> rsa.RSAPrivateKey:
    """Read a private key from the content of a key file."""
    try:
        key = load_pem_private_key(pem, secret_bytes(passphrase))
    except TypeError:
        needed = passphrase is None
        raise InvalidKeyError(
            "the private key is protected: give its passphrase"
            if needed
            else "the private key has no passphrase, but one was given"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        hint = " (or the passphrase is wrong)" if passphrase else ""
        raise InvalidKeyError(f"this is not a private key in PEM form{hint}") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidKeyError("the private key is not an RSA key, the only kind the platform uses")
    return key


def public_key_of(private_key: rsa.RSAPrivateKey) -> str:
    """Return the public half of a private key, as the server stores it."""
    pem = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return encode(pem)


def fingerprint(public_key: str) -> str:
    """Return the short form by which people compare public keys."""
    der = load_public_key(public_key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode("ascii").rstrip("=")


def load_public_key(public_key: str) -> rsa.RSAPublicKey:
    try:
        key = load_pem_public_key(decode(public_key))
    except (DecryptionError, ValueError, UnsupportedAlgorithm):
        raise InvalidKeyError(
            "this is not a public key in the platform's form (base64 of PEM)"
        ) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise InvalidKeyError("the public key is not an RSA key, the only kind the platform uses")
    return key
