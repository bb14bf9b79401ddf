"""Test blobs in pieces of any size."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client import DecryptionError
from vantage6.client._encryption.blobs import (
    PIECE,
    BlobReader,
    BlobUpload,
    SizeLimit,
    TransferCounter,
    check_blob_id,
)
from vantage6.client._encryption.keys import generate_private_key, public_key_of

KEY, OTHER = generate_private_key(2048), generate_private_key(2048)
PUBLIC = public_key_of(KEY)


def read(reader: BlobReader, pieces: list[bytes]) -> bytes:
    return b"".join(map(reader.update, pieces)) + reader.finish()


def cut(blob: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(blob), *(place % (len(blob) + 1) for place in places)})
    return [blob[start:end] for start, end in pairwise(ends)]


@given(data=st.binary(max_size=40_000), places=st.lists(st.integers(0), max_size=5))
@pytest.mark.parametrize("public_key", [None, PUBLIC])
def test_uploaded_blob_is_readable(data: bytes, places: list[int], public_key: str | None) -> None:
    blob = b"".join(BlobUpload(data, public_key))
    reader = BlobReader(KEY)
    assert read(reader, cut(blob, places)) == data
    assert reader.is_encrypted is (public_key is not None)


def test_plain_blob_is_base64() -> None:
    data = bytes(range(256)) * 2000
    pieces = list(BlobUpload(data, None))
    assert base64.b64decode(b"".join(pieces), validate=True) == data
    assert len(pieces) == -(-len(data) // PIECE)
    assert max(map(len, pieces)) < 2**20, "the server takes no larger ones"


def test_each_iteration_encrypts_with_a_new_key() -> None:
    upload = BlobUpload(b"data", PUBLIC)
    first, second = b"".join(upload), b"".join(upload)
    assert first != second
    assert read(BlobReader(KEY), [first]) == read(BlobReader(KEY), [second]) == b"data"


def test_upload_and_download_report_progress() -> None:
    told: list[object] = []
    data = b"x" * (PIECE + 1)
    list(BlobUpload(data, PUBLIC, told.append))
    assert told == [PIECE, PIECE + 1]
    tally = TransferCounter(lambda done, total: told.append((done, total)))
    tally.add(3)
    tally.add(4)
    assert told[2:] == [(3, None), (7, None)]


@pytest.mark.parametrize(
    ("blob", "key", "reason"),
    [
        (b"".join(BlobUpload(b"x", PUBLIC)), None, "setup_encryption"),
        (b"eHh4$", KEY, "format"),
        (b"no base64", KEY, "base64"),
        (b"x" * 9001, KEY, "base64"),
        (b"\xff" * 9000, KEY, "base64"),
    ],
    ids=["no key", "no head", "no base64", "torn", "binary"],
)
def test_unreadable_blob_explains_why(blob: bytes, key: object, reason: str) -> None:
    with pytest.raises(DecryptionError, match=reason):
        read(BlobReader(key), [blob])  # type: ignore[arg-type]


def test_blob_for_another_key() -> None:
    # Of ten, since one in some 250 opens by chance, to random bytes.
    with pytest.raises(DecryptionError, match="a key other than"):
        [read(BlobReader(OTHER), [b"".join(BlobUpload(b"x", PUBLIC))]) for _ in range(10)]


@pytest.mark.parametrize("name", ["", ".", "..", "a\n", "\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_reference_to_another_path_is_rejected(name: str) -> None:
    with pytest.raises(DecryptionError, match="reference"):
        check_blob_id(name)


def test_total_size_of_blobs_is_limited() -> None:
    room = SizeLimit(10, "Set a larger limit.")
    assert room.take(b"12345678") == b"12345678"
    with pytest.raises(DecryptionError, match=r"at most 10 bytes, got more\. Set a larger limit\."):
        room.take(b"123")
