"""Test that decoded JSON takes no more memory than estimated."""

import json
import tracemalloc

import pytest

from vantage6.client._utils.memory import decoded_size

VALUES = [
    "{}",
    '{"a":1}',
    '{"a":{"a":{"a":{}}}}',
    "[]",
    "[1]",
    "1000",
    "1.5",
    '"ab"',
    f'"{"x" * 90}"',
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:20])
def test_decoded_size_is_an_upper_limit(value: str) -> None:
    text = f"[{','.join([value] * 100_000)}]"
    tracemalloc.start()
    try:
        decoded = json.loads(text)
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(decoded) == 100_000
    assert used <= decoded_size(text) == decoded_size(text.encode())
