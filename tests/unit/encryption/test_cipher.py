"""Test the wire format: fixed vectors, round trips, damaged messages."""

import base64
import os
from collections.abc import Iterable
from itertools import accumulate

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from tests.support.paths import VECTORS, VECTORS_KEY
from vantage6.client import DecryptionError, InvalidKeyError
from vantage6.client._encryption.cipher import PIECE, Decryptor, Encryptor, decrypt, encrypt
from vantage6.client._encryption.keys import (
    fingerprint,
    generate_private_key,
    load_private_key,
    private_key_to_pem,
    public_key_of,
)

KEY = load_private_key(VECTORS_KEY.read_bytes())
PUBLIC_KEY = public_key_of(KEY)
OTHER_KEY = generate_private_key(2048)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def web_message(data: bytes, *, encode_data: bool = True) -> str:
    """Write a message as the web interface does: key and data go in as base64 text."""
    key, iv = bytes(range(32)), bytes(16)
    encryptor = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
    ciphertext = encryptor.update(b64(data).encode() if encode_data else data)
    wrapped = KEY.public_key().encrypt(b64(key).encode(), PKCS1v15())
    return "$".join(b64(part) for part in (wrapped, iv, ciphertext))


def test_messages_of_the_official_package_are_decrypted() -> None:
    for name, data in {
        "json": b'{"sum": 2645.0, "count": 45}',
        "empty": b"",
        "one-byte": b"x",
        "binary": bytes(range(256)),
    }.items():
        message = (VECTORS / f"official-{name}.txt").read_text()
        assert decrypt(message, KEY) == data, name


def test_public_key_format_matches_the_official_package() -> None:
    assert (VECTORS / "official-public-key.txt").read_text() == PUBLIC_KEY


def test_blobs_of_the_official_package_are_decrypted() -> None:
    assert opened([(VECTORS / "official-blob.bin").read_bytes()]) == bytes(range(256))


def test_messages_of_the_web_interface_are_decrypted() -> None:
    # This one was made by the two libraries that the web interface uses, CryptoJS and forge.
    message = (VECTORS / "web-json.txt").read_text()
    assert decrypt(message, KEY) == b'{"method":"partial_average","kwargs":{"column_name":"age"}}'
    data = b'{"method": "partial_average"}'
    assert decrypt(web_message(data), KEY) == data
    assert decrypt(web_message(data, encode_data=False), KEY) == data


def blob_message(data: bytes, public_key: str = PUBLIC_KEY) -> bytes:
    encryptor = Encryptor(public_key)
    return encryptor.head.encode() + encryptor.update(data)


def opened(pieces: Iterable[bytes]) -> bytes:
    decryptor = Decryptor(KEY)
    data = b"".join(map(decryptor.update, pieces))
    decryptor.finish()
    return data


@given(st.binary(), st.lists(st.integers(1, 400)))
def test_blob_format_round_trips_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    message = blob_message(data)
    ends = list(accumulate(cuts))
    pieces = [message[start:end] for start, end in zip([0, *ends], [*ends, None], strict=True)]
    assert opened(pieces) == data


def test_blob_format_contains_raw_ciphertext() -> None:
    wrapped_key, iv, ciphertext = blob_message(bytes(1000)).split(b"$", 2)
    assert len(ciphertext) == 1000
    inline = b"$".join([wrapped_key, iv, base64.b64encode(ciphertext)])
    assert decrypt(inline.decode(), KEY) == bytes(1000)


def test_blob_with_key_wrapped_by_the_web_interface() -> None:
    wrapped_key, iv, ciphertext = web_message(b"data", encode_data=False).split("$")
    assert opened([f"{wrapped_key}${iv}$".encode() + base64.b64decode(ciphertext)]) == b"data"


@pytest.mark.parametrize(
    "message",
    [b"", b"no head at all", b"$" * 2, bytes(2**14), b"\xff$\xff$data", blob_message(b"")[:-1]],
)
def test_blob_without_header_is_rejected(message: bytes) -> None:
    with pytest.raises(DecryptionError):
        opened([message])


def test_blob_for_another_key_is_rejected() -> None:
    # Of ten, since one in some 250 opens by chance, to random bytes.
    with pytest.raises(DecryptionError, match="SHA256:"):
        [opened([blob_message(b"data", public_key_of(OTHER_KEY))]) for _ in range(10)]


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 7])
def test_messages_of_several_pieces_round_trip(size: int) -> None:
    data = os.urandom(size)
    assert decrypt(encrypt(data, PUBLIC_KEY), KEY) == data


@given(st.binary())
def test_bytes_round_trip(data: bytes) -> None:
    assert decrypt(encrypt(data, PUBLIC_KEY), KEY) == data


def test_same_bytes_encrypt_differently() -> None:
    first, second = (encrypt(b"same", PUBLIC_KEY).split("$") for _ in range(2))
    assert not set(first) & set(second)


def test_data_that_looks_like_base64_is_unchanged() -> None:
    assert decrypt(encrypt(b"bnVsbA==", PUBLIC_KEY), KEY) == b"bnVsbA=="


def test_decryption_error_names_the_wrong_key() -> None:
    # Of ten, since one in some 250 opens by chance, to random bytes.
    with pytest.raises(DecryptionError, match="SHA256:"):
        [decrypt(encrypt(b"data", public_key_of(OTHER_KEY)), KEY) for _ in range(10)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda message: message.replace("$", "", 1),
        lambda message: message + "$",
        lambda message: "",
        lambda message: message[10:],
        lambda message: message[:-1],
        lambda message: "!" + message[1:],
        lambda message: "$".join([message.split("$")[0], "AAAA", message.split("$")[2]]),
    ],
)
def test_damaged_message_is_rejected(damage: object) -> None:
    assert callable(damage)
    with pytest.raises(DecryptionError):
        decrypt(damage(encrypt(b"data", PUBLIC_KEY)), KEY)


@pytest.mark.parametrize("passphrase", [None, "open sesame", b"open sesame"])
def test_key_file_round_trips(passphrase: str | bytes | None) -> None:
    again = load_private_key(private_key_to_pem(KEY, passphrase), passphrase)
    assert public_key_of(again) == PUBLIC_KEY


def pem_of(key: ec.EllipticCurvePrivateKey | RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    ("pem", "passphrase", "hint"),
    [
        (private_key_to_pem(KEY, "secret"), None, "expected its passphrase"),
        (private_key_to_pem(KEY, "secret"), "wrong", "passphrase is wrong"),
        (private_key_to_pem(KEY), "secret", "expected no passphrase"),
        (b"not a key", None, "PEM"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), None, "expected an RSA key"),
    ],
)
def test_unusable_key_file_is_rejected(pem: bytes, passphrase: str | None, hint: str) -> None:
    with pytest.raises(InvalidKeyError, match=hint):
        load_private_key(pem, passphrase)


@pytest.mark.parametrize("public_key", ["", "not base64!", b64(b"not a key")])
def test_unusable_public_key_is_rejected(public_key: str) -> None:
    with pytest.raises(InvalidKeyError):
        encrypt(b"data", public_key)


def test_fingerprint_depends_on_the_key_not_its_format() -> None:
    same_key_written_otherwise = b64(base64.b64decode(PUBLIC_KEY).strip())
    assert fingerprint(same_key_written_otherwise) == fingerprint(PUBLIC_KEY)
    assert fingerprint(public_key_of(OTHER_KEY)) != fingerprint(PUBLIC_KEY)


def test_new_keys_are_long() -> None:
    assert generate_private_key().key_size == 4096
