"""Test values of numpy, pandas and datetime as JSON."""

import json
import math
from datetime import date, datetime, time, timedelta, timezone
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client import InvalidInputError
from vantage6.client._tasks.encoding import serialize

NOON = datetime(2026, 11, 22, 12, 0, 0, 250_000, timezone.utc)


def sent(value: Any) -> Any:
    """Return a value as a function gets it."""
    return json.loads(serialize({"kwargs": {"x": value}}, "input_"))["kwargs"]["x"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.int64(3), 3),
        (np.uint8(255), 255),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("word"), "word"),
        (np.array([1, 2]), [1, 2]),
        (np.array([[1.5], [2.5]]), [[1.5], [2.5]]),
        (np.array(7), 7),
        (np.array([], dtype="int64"), []),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array([np.int8(1), None, "x"], dtype=object), [1, None, "x"]),
        (np.datetime64("2026-11-22"), "2026-11-22"),
        (np.datetime64("NaT", "ns"), None),
        (np.array(["2026-11-22T12:00", "NaT"], "datetime64[s]"), ["2026-11-22T12:00:00", None]),
        (np.array("2026-11-22", "datetime64[D]"), "2026-11-22"),
        (np.datetime64("2026-11", "M"), "2026-11-01"),
        (np.array(["2026", "NaT"], "datetime64[Y]"), ["2026-01-01", None]),
        (np.datetime64("2026-11-22T12", "h"), "2026-11-22T12:00:00"),
        (np.datetime64("2026-11-22T12:00:00.25", "ns"), "2026-11-22T12:00:00.250000"),
        (np.ma.MaskedArray([1, 2], mask=[False, True]), [1, None]),
        (np.array([2**64 - 1, 2**64 - 2], "uint64"), [2**64 - 1, 2**64 - 2]),
        (np.array([1, 2], "uint64"), [1, 2]),
        (pd.Series([2**53 + 1, 1]), [2**53 + 1, 1]),
        (pd.Series([2**53, None], dtype="Int64"), [2**53, None]),
        (pd.Series([2**53 + 1, "x", None]), [2**53 + 1, "x", None]),
        (date(2026, 11, 22), "2026-11-22"),
        (NOON, "2026-11-22T12:00:00.250000+00:00"),
        (time(12, 30), "12:30:00"),
        (pd.Timestamp("2026-11-22 12:00"), "2026-11-22T12:00:00"),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Series([1, None], dtype="Int64"), [1, None]),
        (pd.Series({"mean": 40.5, "std": 2.0}), {"mean": 40.5, "std": 2.0}),
        (pd.Index(["a", "b"]), ["a", "b"]),
        (MappingProxyType({"a": np.int64(1)}), {"a": 1}),
        ((1, (2,)), [1, [2]]),
    ],
)
def test_values_become_json_types(value: Any, expected: Any) -> None:
    found = sent(value)
    assert (found, type(found)) == (expected, type(expected))


def test_missing_numbers_are_kept() -> None:
    assert math.isnan(sent(float("nan")))
    assert math.isnan(sent(pd.Series([1.0, None]))[1])
    assert math.isnan(sent(np.array([np.nan]))[0])


FRAME = pd.DataFrame(
    {
        "age": [61, 48],
        "weight": [71.5, float("nan")],
        "sex": pd.Categorical(["f", "m"]),
        "smokes": pd.array([True, None], dtype="boolean"),
        "seen": pd.to_datetime(["2026-11-22", None]),
    }
)


@pytest.mark.parametrize("frame", [FRAME, FRAME[:0], pd.DataFrame(), FRAME[["sex", "age"]]])
def test_data_frame_is_restored_in_one_step(frame: pd.DataFrame) -> None:
    again = pd.DataFrame(sent(frame))
    assert again.columns.tolist() == frame.columns.tolist()
    assert len(again) == len(frame)
    for name in frame:
        assert again[name].isna().tolist() == frame[name].isna().tolist()
    if "seen" in frame:
        assert pd.to_datetime(again["seen"]).dropna().tolist() == frame["seen"].dropna().tolist()
    if "age" in frame:
        assert again["age"].tolist() == frame["age"].tolist()


DAYS = pd.to_datetime(["2026-03-28 12:00", "2026-03-30 12:00", None])


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(DAYS).dt.tz_localize("Europe/Amsterdam"),
        pd.Series(DAYS).dt.tz_localize("UTC"),
        pd.Series(DAYS + pd.to_timedelta([0, 0.25, 1], unit="s")),
    ],
)
def test_column_of_times_is_restored_as_documented(column: "pd.Series[Any]") -> None:
    # Over a change of clocks, and with a fraction in some of the rows.
    again = pd.to_datetime(pd.DataFrame(sent(pd.DataFrame({"x": column})))["x"], utc=True)
    utc = column.dt.tz_convert("UTC") if column.dt.tz else column.dt.tz_localize("UTC")
    assert again.dropna().tolist() == utc.dropna().tolist()


def test_series_is_restored_in_one_step() -> None:
    for series in pd.Series([1, 2]), pd.Series({"a": 1, "b": 2}):
        assert pd.Series(sent(series)).equals(series)


def test_array_is_restored_in_one_step() -> None:
    array = np.arange(24).reshape(2, 3, 4)
    assert np.array_equal(np.array(sent(array)), array)


@given(st.datetimes() | st.dates() | st.times())
def test_dates_and_times_are_restored_in_one_step(value: Any) -> None:
    assert type(value).fromisoformat(sent(value)) == value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (timedelta(days=1), r"total_seconds\(\)"),
        (pd.Timedelta("1 day"), r"total_seconds\(\)"),
        (np.timedelta64(1, "D"), r"total_seconds\(\)"),
        (np.array([5], "timedelta64[ns]"), r"total_seconds\(\)"),
        (np.complex128(1j), "numpy.complex128 is not"),
        (np.array([1j]), "a complex is not"),
        (np.array([b"x"]), "bytes"),
        (np.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), "numpy.ndarray is not"),
        (pd.Period("2026-11"), "pandas.Period is not"),
        (FRAME.set_index("sex"), r"index of this DataFrame .* reset_index\(\)"),
        (FRAME[1:], r"index of this DataFrame .* reset_index\(\)"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "columns of this DataFrame"),
        (pd.DataFrame([[1, 2]]), "columns of this DataFrame"),
        (pd.Series([1, 2], index=[5, 6]), r"index of this Series .* reset_index\(drop=True\)"),
        (pd.Series([1, 2], index=["a", "a"]), "index of this Series"),
        (pd.Series([2**53 + 1, None], dtype="Int64"), "would be rounded"),
        (pd.Series([2**53 + 1, 1.5], dtype=object), "would be rounded"),
        (pd.DataFrame({"a": pd.array([-(2**60), None], dtype="Int64")}), "would be rounded"),
        (np.array([2**64 - 1, 1], "uint64"), "would be rounded"),
        (np.array([[1], [2**63]], "uint64"), "would be rounded"),
        (np.longdouble(1) / 3, "more digits than a float"),
        (np.array([np.longdouble(1) / 3]), "more digits than a float"),
        (np.datetime64("2026-11-22T12:00:00.123456789"), "Python's dates cannot represent"),
        (np.datetime64("20260-01-01"), "Python's dates cannot represent"),
        (np.array(["2026-11-22T12:00:00.123456789"], "datetime64[ns]"), "Python's dates cannot"),
        (pd.Timestamp("2026-11-22T12:00:00.123456789"), "has nanoseconds"),
        (pd.Series(pd.to_datetime(["2026-11-22T12:00:00.123456789"])), "has nanoseconds"),
    ],
)
def test_lossy_values_are_rejected(value: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"input_\.kwargs\.x.* cannot be sent.*{reason}"):
        sent(value)


def test_location_inside_an_array_is_named() -> None:
    with pytest.raises(
        InvalidInputError, match=r"input_\.kwargs\.x\.a\[1\] cannot .* a set is not"
    ):
        sent(pd.DataFrame({"a": [1, {2}]}))
