"""Test that inputs become JSON, or an error that names the location."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client import InvalidInputError
from vantage6.client._tasks.encoding import serialize


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_values_round_trip(value: Any) -> None:
    assert json.loads(serialize(value, "input_")) == value


CYCLE: list[Any] = []
CYCLE.append({"again": CYCLE})


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"kwargs": {"x": object()}}, r"input_\.kwargs\.x .*object"),
        ({"args": [1, [2, {3}]]}, r"input_\.args\[1\]\[1\] .*set"),
        ({"kwargs": {"column name": b"x"}}, r"input_\.kwargs\['column name'\] .*bytes"),
        ({"kwargs": {(1, 2): 3}}, r"input_\.kwargs\[\(1, 2\)\] .*key"),
        (
            {"kwargs": {"x": {1: "a", "1": "b"}}},
            r"kwargs\.x .*keys 1 and '1' are both '1' in JSON",
        ),
        (
            {"kwargs": {"x": {True: 1, "true": 2}}},
            r"kwargs\.x .*keys True and 'true' are both",
        ),
        ({"kwargs": {"x": {None: 1, "null": 2}}}, r"input_\.kwargs\.x .*are both 'null' in JSON"),
        ({"kwargs": {"x": 10**5000}}, "input_ .*number with too many digits"),
        (CYCLE, r"input_\[0\]\.again .*contains itself"),
    ],
)
def test_unsupported_value_is_named_by_its_location(value: Any, place: str) -> None:
    with pytest.raises(InvalidInputError, match=place):
        serialize(value, "input_")


def test_separate_arguments_are_named_in_errors() -> None:
    with pytest.raises(InvalidInputError, match=r"^kwargs\.x\[1\] cannot be sent"):
        serialize({"method": "f", "kwargs": {"x": [1, {2}]}}, "")


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value


@pytest.mark.parametrize("depth", [3000, 3001, 100_000])
def test_deeply_nested_input_is_rejected(depth: int) -> None:
    with pytest.raises(InvalidInputError, match=r"^input_ .*nested too deeply"):
        serialize(nested(depth), "input_")
    assert json.loads(serialize(nested(100), "input_")) == nested(100)


def test_numeric_keys_become_their_text() -> None:
    assert json.loads(serialize({1: 2, 1.5: 3, "a": {None: 4}}, "x")) == {
        "1": 2,
        "1.5": 3,
        "a": {"null": 4},
    }
