"""Test base64 with and without pybase64: same output, same errors."""

import base64
import os
from collections.abc import Iterator

import pybase64
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vantage6.client import DecryptionError
from vantage6.client._encryption import base64 as _base64
from vantage6.client._encryption.wire_format import is_encrypted

PIECE = _base64.PIECE // 4 * 3  # as many bytes stand in a piece


@pytest.fixture(params=[pybase64, None], ids=["pybase64", "without"], autouse=True)
def implementation(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_base64, "pybase64", request.param)
        yield


# The implementation is the same in all examples of a test.
one_implementation = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@one_implementation
@given(st.binary())
def test_any_bytes_round_trip(data: bytes) -> None:
    text = _base64.encode(data)
    assert text == base64.b64encode(data).decode()
    assert _base64.decode(text) == data
    assert b"".join(_base64.decoded_pieces(text)) == data
    assert not is_encrypted(text)


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 2])
def test_pieces_decode_like_the_whole(size: int) -> None:
    data = os.urandom(size)
    assert b"".join(_base64.decoded_pieces("ab$" + _base64.encode(data), 3)) == data


@pytest.mark.parametrize(
    "text",
    [
        "{not base64}",
        "QUJ",
        "QUI=QUI=",
        "QUI==",
        "QU=J",
        "QUJD\n",
        " QUJD",
        "QUJDé",
        "$",
        "=",
        "====",
    ],
)
def test_invalid_base64_is_rejected(text: str) -> None:
    with pytest.raises(DecryptionError, match="expected base64"):
        _base64.decode(text)
    with pytest.raises(DecryptionError, match="expected base64"):
        list(_base64.decoded_pieces(text))


def test_padding_between_pieces_is_rejected() -> None:
    piece = _base64.encode(bytes(PIECE - 1))
    with pytest.raises(DecryptionError, match="expected base64"):
        list(_base64.decoded_pieces(piece + "QUJD"))
