"""Test inputs that are encoded and encrypted while they are sent."""

import json
import tracemalloc
from typing import Any

import pytest

from vantage6.client._encryption import base64 as _base64
from vantage6.client._encryption.base64 import decode
from vantage6.client._encryption.cipher import Encryptor, decrypt
from vantage6.client._encryption.keys import generate_private_key, public_key_of
from vantage6.client._encryption.large_inputs import PIECE, LargeInput
from vantage6.client._http import large_texts
from vantage6.client._http.large_texts import LargeBody

KEY = generate_private_key(2048)
PUBLIC_KEY = public_key_of(KEY)


def sent(*texts: str) -> tuple[LargeBody, Any]:
    """Return a body with texts, and what a server receives."""
    body = LargeBody.of(
        {"name": 'é "<7 characters>"', "parts": [{"input": text} for text in texts]}
    )
    assert body
    content = b"".join(body)
    assert len(content) == body.size
    return body, json.loads(content)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("size", [0, 1, 2, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 17])
def test_a_large_input_is_what_it_was_made_from(
    size: int, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        monkeypatch.setattr(_base64, "pybase64", None)
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    _, received = sent(LargeInput(data), LargeInput(data, Encryptor(PUBLIC_KEY)))
    plain, encrypted = (part["input"] for part in received["parts"])
    assert decode(plain) == data
    assert decrypt(encrypted, KEY) == data
    assert received["name"] == 'é "<7 characters>"'


def test_a_counter_that_overflows_goes_on_from_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda count: b"\xff" * count)
    data = b"x" * (2 * PIECE)
    text = LargeInput(data, Encryptor(PUBLIC_KEY))
    _, received = sent(text)
    assert decrypt(received["parts"][0]["input"], KEY) == data


@pytest.mark.parametrize("processors", [1, 2, 64])
def test_each_iteration_yields_the_same_whatever_the_processors(
    processors: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_texts.os, "cpu_count", lambda: processors)
    texts = [LargeInput(b"x" * (5 * PIECE), Encryptor(PUBLIC_KEY)) for _ in range(3)]
    body, received = sent(*texts)
    assert body.size > large_texts.MIN_THREADED_BYTES
    assert json.loads(b"".join(body)) == received
    for text, part in zip(texts, received["parts"], strict=True):
        assert text.is_same(part["input"])
        assert not text.is_same(part["input"][:-1])
        assert not text.is_same(part["input"][:-1] + "?")
        assert not text.is_same(None)


def test_two_inputs_never_share_a_key() -> None:
    data = b"x" * PIECE
    _, received = sent(*(LargeInput(data, Encryptor(PUBLIC_KEY)) for _ in range(2)))
    first, second = (part["input"].split("$") for part in received["parts"])
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("organizations", [3, 100])
def test_memory_does_not_grow_with_the_number_of_organizations(organizations: int) -> None:
    data = b"x" * (4 << 20)
    tracemalloc.start()
    try:
        texts = [LargeInput(data, Encryptor(PUBLIC_KEY)) for _ in range(organizations)]
        body = LargeBody.of({"organizations": texts})
        assert body
        sent_bytes = sum(len(piece) for piece in body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent_bytes == body.size > organizations * len(data)
    assert peak < 24 << 20, "pieces of a few threads, not the inputs of all organizations"


def test_text_that_looks_like_a_placeholder_is_sent_as_it_is() -> None:
    lookalike = str(LargeInput(b"x" * 9))
    _, received = sent(lookalike, LargeInput(b"y" * 9))
    assert received["parts"] == [{"input": lookalike}, {"input": "eXl5eXl5eXl5"}]
    assert LargeBody.of({"input": lookalike}) is None
