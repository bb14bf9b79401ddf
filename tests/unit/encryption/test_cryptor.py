"""Test the encryption of single messages as `client.cryptor` of the official client does."""

import pytest

from vantage6.client import DecryptionError
from vantage6.client._encryption.cryptor import Cryptor
from vantage6.client._encryption.keys import generate_private_key, public_key_of

KEY = generate_private_key(2048)


def test_messages_round_trip_with_a_key() -> None:
    cryptor = Cryptor(KEY)
    assert cryptor.public_key_str == public_key_of(KEY)
    message = cryptor.encrypt_bytes_to_str(b"secret", cryptor.public_key_str)
    assert message.count("$") == 2
    assert cryptor.decrypt(message) == b"secret"
    assert cryptor.decrypt(cryptor.bytes_to_str(b"plain")) == b"plain"


def test_messages_are_only_encoded_without_a_key() -> None:
    plain = Cryptor(None)
    assert plain.encrypt_bytes_to_str(b"data", "") == plain.bytes_to_str(b"data") == "ZGF0YQ=="
    assert plain.decrypt("ZGF0YQ==") == plain.str_to_bytes("ZGF0YQ==") == b"data"
    with pytest.raises(DecryptionError, match="setup_encryption"):
        plain.decrypt(Cryptor(KEY).encrypt_bytes_to_str(b"x", public_key_of(KEY)))
    with pytest.raises(AttributeError, match="expected a private key"):
        _ = plain.public_key_str
