"""Encode algorithm input as JSON.

The wrapper around an algorithm parses the JSON and passes the values to the function. Each value is
encoded so that the function can restore it in one step: `pandas.DataFrame(value)`,
`numpy.array(value)`, `datetime.fromisoformat(value)`. Values that would lose information are
rejected.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast

from ..errors import InvalidInputError

if TYPE_CHECKING:
    import numpy
    import pandas


def serialize(value: object, name: str) -> bytes:
    """Return a value as the JSON that algorithms read."""
    try:
        return json.dumps(value, default=to_json_value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        path, reason = next(_find_problems(value, name, ()), (name, str(error)))
        raise InvalidInputError(f"{path} cannot be sent as JSON: {reason}") from None


def _find_problems(value: object, path: str, parents: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Yield the path of each value that JSON cannot hold and the reason; `parents` finds cycles."""
    if value is None or isinstance(value, str | int | float):
        return
    ids = (*parents, id(value))
    if id(value) in parents:
        yield path, "it contains itself"
    elif isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            if key is not None and not isinstance(key, str | int | float):
                yield f"{path}[{key!r}]", f"expected a key of type str, got {type(key).__name__}"
            yield from _find_problems(item, _member(path, key), ids)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _find_problems(item, f"{path}[{index}]", ids)
    else:
        try:
            converted = to_json_value(value)
        except NotSendableError as error:
            yield path, str(error)
        else:
            yield from _find_problems(converted, path, ids)


def _member(path: str, key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}" if path else key
    return f"{path}[{key!r}]"


class NotSendableError(ValueError):
    """A value has no JSON form; the message says why."""


def to_json_value(value: object) -> object:
    """Convert a value one step closer to JSON; the result may need another conversion."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, timedelta):
        raise NotSendableError("JSON has no durations. Send its total_seconds().")
    if isinstance(value, datetime | date | time):
        # pandas' NaT is a datetime that is not equal to itself: the None of a column of dates.
        return value.isoformat() if value == value else None
    library = type(value).__module__.partition(".")[0]
    if library == "numpy":
        return _of_numpy(value)
    if library == "pandas":
        return _of_pandas(value)
    raise NotSendableError(f"a {type(value).__name__} is not a JSON value")


def _of_numpy(value: object) -> object:
    import numpy

    kind = type(value).__name__
    if isinstance(value, numpy.ndarray):
        array = cast("numpy.ndarray[Any, Any]", value)
        if array.dtype.kind in "mMO" and array.ndim:
            return list(array)  # converted item by item: tolist() turns times into numbers
        if array.dtype.names is None:
            return array.tolist() if array.dtype.kind not in "mM" else array[()]
    if isinstance(value, numpy.datetime64):
        time_ = cast("numpy.datetime64[Any]", value)
        return None if numpy.isnat(time_) else str(time_)
    if isinstance(value, numpy.bool_ | numpy.integer):
        return cast("numpy.integer[Any]", value).item()
    if isinstance(value, numpy.floating):
        return float(cast("float", value))
    raise NotSendableError(f"a numpy.{kind} is not a JSON value")


def _of_pandas(value: object) -> object:
    import pandas

    if value is pandas.NA:
        return None
    if isinstance(value, pandas.DataFrame):
        return _of_frame(value)
    if isinstance(value, pandas.Series):
        series = cast("pandas.Series[Any]", value)
        items: list[object] = series.tolist()
        if _is_plain(series.index):
            return items
        if series.index.is_unique and all(isinstance(label, str) for label in series.index):
            return dict(zip(series.index, items, strict=True))
        raise NotSendableError(
            "the index of this Series would be lost. Call reset_index(drop=True) to drop it."
        )
    if isinstance(value, pandas.Index):
        return cast("pandas.Index[Any]", value).tolist()
    raise NotSendableError(f"a pandas.{type(value).__name__} is not a JSON value")


def _of_frame(frame: pandas.DataFrame) -> dict[str, list[object]]:
    """Return a frame by column, which keeps the column order and the columns of an empty frame."""
    names = cast("list[object]", list(frame.columns))
    if not frame.columns.is_unique or not all(isinstance(name, str) for name in names):
        raise NotSendableError("the columns of this DataFrame must have unique names of type str")
    if not _is_plain(frame.index):
        raise NotSendableError(
            "the index of this DataFrame would be lost. Call reset_index() to turn it into columns."
        )
    columns = cast("Iterable[tuple[str, pandas.Series[Any]]]", frame.items())
    return {name: column.tolist() for name, column in columns}


def _is_plain(index: pandas.Index[Any]) -> bool:
    """Return whether an index only counts the rows from 0 and can be dropped without loss."""
    return index.name is None and list(index) == list(range(len(index)))
