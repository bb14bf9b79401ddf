"""Encode algorithm input as JSON.

The wrapper around an algorithm parses the JSON and passes the values to the function. Each value is
encoded so that the function can restore it in one step: `pandas.DataFrame(value)`,
`numpy.array(value)`, `datetime.fromisoformat(value)`. Values that would lose information are
rejected.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, cast

from ..errors import InvalidInputError

if TYPE_CHECKING:
    import numpy
    import pandas

    Array: TypeAlias = "numpy.ndarray[Any, Any]"

PLAIN = frozenset({bool, int, float, str, type(None)})
# Floating-point numbers hold all whole numbers up to this one.
MAX_EXACT = 2**53
MAX_INT64 = 2**63 - 1
# Characters to convert to bytes at a time.
PIECE = 2**16
NO_DURATIONS = "JSON has no durations. Send its total_seconds()."


def serialize(value: object, name: str) -> bytes:
    """Return a value as the JSON that algorithms read."""
    try:
        encoded = _encode(value, name, ())
        with suppress(ValueError):  # an integer with too many digits
            target = BytesIO()
            _write(encoded, target)
            return target.getvalue()
        _refuse(name or "input", "it contains a number with too many digits")
    except RecursionError:
        _refuse(name or "input", "it is nested too deeply")


def _write(value: object, target: BytesIO, depth: int = 3) -> None:
    """Write JSON as `json.dumps` does, with one large argument at a time in memory twice."""
    if depth and isinstance(value, dict) and value:
        items, start = cast("dict[str, object]", value), b"{"
        for name, item in items.items():
            target.write(start + json.dumps(name).encode() + b": ")
            _write(item, target, depth - 1)
            start = b", "
        target.write(b"}")
        return
    text = json.dumps(value)
    for index in range(0, len(text), PIECE):
        target.write(text[index : index + PIECE].encode())


def _refuse(path: str, reason: str) -> NoReturn:
    raise InvalidInputError(f"{path} cannot be sent as JSON: {reason}") from None


def _encode(value: object, path: str, parents: tuple[int, ...]) -> object:
    """Convert a value to JSON types; `parents` finds cycles."""
    if value is None or isinstance(value, str | int | float):
        return value
    if id(value) in parents:
        _refuse(path, "it contains itself")
    parents = (*parents, id(value))
    if isinstance(value, Mapping):
        return _encode_dict(cast("Mapping[object, object]", value), path, parents)
    if isinstance(value, list | tuple):
        return _encode_list(cast("Sequence[object]", value), path, parents)
    if isinstance(value, timedelta):
        _refuse(path, NO_DURATIONS)
    if isinstance(value, datetime | date | time):
        return _encode_time(value, path)
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return _encode_numpy(value, path, parents)
    if library == "pandas":
        return _encode_pandas(value, path, parents)
    _refuse(path, f"a {type(value).__name__} is not a JSON value")


def _encode_dict(
    items: Mapping[object, object], path: str, parents: tuple[int, ...]
) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, item in items.items():
        if not (key is None or isinstance(key, str | int | float)):
            _refuse(f"{path}[{key!r}]", f"expected a key of type str, got {type(key).__name__}")
        name = _text_of(key)
        if name in found:
            other = next(other for other in items if _text_of(other) == name)
            _refuse(path, f"the keys {other!r} and {key!r} are both {name!r} in JSON")
        if isinstance(key, str) and key.isidentifier():
            inner = f"{path}.{key}" if path else key
        else:
            inner = f"{path}[{key!r}]"
        found[name] = _encode(item, inner, parents)
    return found


def _text_of(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(key)


def _encode_list(items: Sequence[object], path: str, parents: tuple[int, ...]) -> list[object]:
    if set(map(type, items)) <= PLAIN:  # most lists, and fast
        return list(items)
    found: list[object] = []
    for index, item in enumerate(items):  # no comprehension: deep input would need more frames
        found.append(_encode(item, f"{path}[{index}]", parents))
    return found


def _encode_time(value: datetime | date | time, path: str, timespec: str = "auto") -> str | None:
    if value != value:  # pandas' NaT, the None of a column of dates
        return None
    if getattr(value, "nanosecond", 0):
        _refuse(path, f"{value} has nanoseconds, which Python's dates lack. Send it as text.")
    if isinstance(value, datetime):
        return value.isoformat(timespec=timespec)
    return value.isoformat()


def _encode_numpy(value: object, path: str, parents: tuple[int, ...]) -> object:
    import numpy

    kind = type(value).__name__
    if isinstance(value, numpy.ndarray):
        array = cast("Array", value)
        if array.dtype.names is None:
            if not array.ndim:
                return _encode(array[()], path, parents)
            if array.dtype.kind == "u" and array.size and array.max() > MAX_INT64 >= array.min():
                _refuse(path, _rounded("above 2**63 next to smaller ones"))
            # tolist() would turn times into numbers.
            items = list(array) if array.dtype.kind in "mM" else array.tolist()
            return _encode_list(cast("list[object]", items), path, parents)
    if isinstance(value, numpy.datetime64):
        return _encode_datetime64(cast("numpy.datetime64[Any]", value), path)
    if isinstance(value, numpy.timedelta64):  # which is an integer, too
        _refuse(path, NO_DURATIONS)
    if isinstance(value, numpy.bool_ | numpy.integer):
        return cast("numpy.integer[Any]", value).item()
    if isinstance(value, numpy.floating):
        number = float(cast("float", value))
        if number == value or number != number:
            return number
        _refuse(path, f"a numpy.{kind} has more digits than a float. Convert it to float.")
    _refuse(path, f"a numpy.{kind} is not a JSON value")


def _encode_datetime64(value: numpy.datetime64[Any], path: str) -> str | None:
    import numpy

    if numpy.isnat(value):
        return None
    # Months and years start on their first day; of smaller units, Python has microseconds at most.
    unit = numpy.datetime_data(value)[0]
    unit = "D" if unit in "YMWD" else "us"
    exact = value.astype(f"datetime64[{unit}]")
    moment = exact.item()
    if not isinstance(moment, date) or exact != value:
        _refuse(path, f"Python's dates cannot represent {value}. Send it as text.")
    return _encode_time(moment, path)


def _encode_pandas(value: object, path: str, parents: tuple[int, ...]) -> object:
    import pandas

    if value is pandas.NA:
        return None
    if isinstance(value, pandas.DataFrame):
        return _encode_frame(value, path, parents)
    if isinstance(value, pandas.Series):
        series = cast("pandas.Series[Any]", value)
        items = _encode_column(series, path, parents)
        if _is_plain(series.index):
            return items
        if series.index.is_unique and all(isinstance(label, str) for label in series.index):
            return dict(zip(series.index, items, strict=True))
        _refuse(
            path, "the index of this Series would be lost. Call reset_index(drop=True) to drop it."
        )
    if isinstance(value, pandas.Index):
        return _encode_column(cast("pandas.Index[Any]", value), path, parents)
    _refuse(path, f"a pandas.{type(value).__name__} is not a JSON value")


def _encode_column(
    column: pandas.Series[Any] | pandas.Index[Any], path: str, parents: tuple[int, ...]
) -> list[object]:
    items = cast("list[object]", column.tolist())
    if column.dtype.kind == "M":
        # pandas.to_datetime() expects the same digits in the whole column.
        times = cast("list[datetime]", items)
        has_fraction = any(time.microsecond for time in times if time == time)
        timespec = "microseconds" if has_fraction else "seconds"
        return [_encode_time(time, f"{path}[{i}]", timespec) for i, time in enumerate(times)]
    numbers = {type(item) for item in items}
    encoded = _encode_list(items, path, parents)
    if int in numbers and len(numbers) > 1 and any(map(_is_large, items)):
        others = [item for item in encoded if type(item) is not int]
        if all(item is None or isinstance(item, float) for item in others):
            _refuse(path, _rounded("above 2**53 next to missing values or fractions"))
    return encoded


def _is_large(item: object) -> bool:
    return type(item) is int and abs(item) > MAX_EXACT


def _rounded(numbers: str) -> str:
    return f"whole numbers {numbers} would be rounded. Send them as text."


def _encode_frame(
    frame: pandas.DataFrame, path: str, parents: tuple[int, ...]
) -> dict[str, list[object]]:
    """Return a frame by column, which keeps the column order and the columns of an empty frame."""
    names = cast("list[object]", list(frame.columns))
    if not frame.columns.is_unique or not all(isinstance(name, str) for name in names):
        _refuse(path, "the columns of this DataFrame must have unique names of type str")
    if not _is_plain(frame.index):
        _refuse(
            path,
            "the index of this DataFrame would be lost. Call reset_index() to turn it into "
            "columns.",
        )
    return {
        name: _encode_column(frame[name], f"{path}.{name}", parents)
        for name in cast("list[str]", names)
    }


def _is_plain(index: pandas.Index[Any]) -> bool:
    """Return whether an index only counts the rows from 0 and can be dropped without loss."""
    return index.name is None and list(index) == list(range(len(index)))
