"""100 MiB there and back: ours, the official client's, and the primitives alone."""

import base64
import os
import tempfile
from pathlib import Path

from counting import Count
from samples import json_of

KEY, IV = os.urandom(32), os.urandom(16)


def rsa_key():
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=4096)


def aes(data):
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    cryptor = Cipher(algorithms.AES(KEY), modes.CTR(IV)).encryptor()
    return cryptor.update(data)


def message_of(data, key):
    """Write a message without holding more of it than need be once this returns."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    parts = (key.public_key().encrypt(KEY, PKCS1v15()), IV, aes(data))
    return "$".join(base64.b64encode(part).decode() for part in parts)


# -- ours ------------------------------------------------------------------------------------------
def ours_encrypt(size, fast=True):
    from vantage6.client._encryption import base64 as _base64
    from vantage6.client._encryption.cipher import encrypt
    from vantage6.client._encryption.keys import public_key_of

    if not fast:
        _base64.pybase64 = None
    data, public_key = json_of(size), public_key_of(rsa_key())
    return lambda: encrypt(data, public_key)


def ours_decrypt(size, fast=True):
    from vantage6.client._encryption import base64 as _base64
    from vantage6.client._encryption.cipher import decrypt

    if not fast:
        _base64.pybase64 = None
    key = rsa_key()
    message = message_of(json_of(size), key)
    return lambda: decrypt(message, key)


def ours_task(port, username, password, key, organizations):
    from vantage6.client import Client

    known = Path(tempfile.mkdtemp()) / "known_organizations"
    client = Client("http://127.0.0.1", port, log_level=None, known_organizations=known)
    client.authenticate(username, password)
    client.setup_encryption(key)
    return counted(client, organizations, ours=True)


def counted(client, organizations, *, ours):
    """Create a task, and count the requests of it."""

    def create():
        count = Count(ours=ours)
        client.task.create(
            collaboration=1,
            organizations=organizations,
            name="bench",
            image="harbor2.vantage6.ai/demo/average",
            description="",
            input_={"method": "partial_average", "kwargs": {"column_name": "age"}},
            databases=[{"label": "default"}],
        )
        return count.requests

    return create


# -- the official client's -------------------------------------------------------------------------
def official_cryptor():
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from vantage6.common.encryption import RSACryptor

    key = rsa_key()
    with tempfile.NamedTemporaryFile() as file:
        form = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        Path(file.name).write_bytes(key.private_bytes(*form))
        return RSACryptor(Path(file.name)), key


def official_encrypt(size):
    cryptor, _ = official_cryptor()
    data, public_key = json_of(size), cryptor.public_key_str
    return lambda: cryptor.encrypt_bytes_to_str(data, public_key)


def official_decrypt(size):
    cryptor, key = official_cryptor()
    message = message_of(json_of(size), key)
    return lambda: cryptor.decrypt(message)


def official_task(port, username, password, key, organizations):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level="critical")
    client.authenticate(username, password)
    client.setup_encryption(key)
    return counted(client, organizations, ours=False)


# -- the primitives alone --------------------------------------------------------------------------
def bare_encrypt(size):
    import pybase64

    data = json_of(size)
    return lambda: pybase64.b64encode_as_string(aes(data))


def bare_decrypt(size):
    import pybase64

    text = base64.b64encode(os.urandom(size)).decode()
    return lambda: aes(pybase64.b64decode(text, validate=True))
