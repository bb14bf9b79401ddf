"""Encode algorithm input as JSON.

The wrapper around an algorithm parses the JSON and calls the function with what it finds there, so
each value becomes what a function can make it from again in one step: `pandas.DataFrame(value)`,
`numpy.array(value)`, `datetime.fromisoformat(value)`. What would lose something is refused.
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
    """Turn a value into the JSON that algorithms read."""
    try:
        return json.dumps(value, default=to_json_value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        place, reason = next(_find_problems(value, name, ()), (name, str(error)))
        raise InvalidInputError(f"{place} cannot be sent as JSON: {reason}") from None


def _find_problems(value: object, place: str, above: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Yield each place in `value` that JSON cannot hold, with the reason; `above` finds cycles."""
    if value is None or isinstance(value, str | int | float):
        return
    inside = (*above, id(value))
    if id(value) in above:
        yield place, "it contains itself"
    elif isinstance(value, dict):
        for key, item in cast("dict[object, object]", value).items():
            if key is not None and not isinstance(key, str | int | float):
                yield f"{place}[{key!r}]", f"a key must be a str, not {type(key).__name__}"
            yield from _find_problems(item, _member(place, key), inside)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[object]", value)):
            yield from _find_problems(item, f"{place}[{index}]", inside)
    else:
        try:
            known = to_json_value(value)
        except NotSendableError as error:
            yield place, str(error)
        else:
            yield from _find_problems(known, place, inside)


def _member(place: str, key: object) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{place}.{key}" if place else key
    return f"{place}[{key!r}]"


class NotSendableError(ValueError):
    """The value has no place in an input; the message says why."""


def to_json_value(value: object) -> object:
    """Convert a value that JSON does not know into one that it does, or that this does in turn."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, timedelta):
        raise NotSendableError("a duration has no form in JSON; send its total_seconds()")
    if isinstance(value, datetime | date | time):
        # pandas' NaT calls itself a datetime, and is what None is in a column of dates.
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
            return list(array)  # each item is seen to in turn: tolist() makes numbers of times
        if array.dtype.names is None:
            return array.tolist() if array.dtype.kind not in "mM" else array[()]
    if isinstance(value, numpy.datetime64):
        moment = cast("numpy.datetime64[Any]", value)
        return None if numpy.isnat(moment) else str(moment)
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
            "the index of this Series has no form in JSON; reset_index(drop=True) does without it"
        )
    if isinstance(value, pandas.Index):
        return cast("pandas.Index[Any]", value).tolist()
    raise NotSendableError(f"a pandas.{type(value).__name__} is not a JSON value")


def _of_frame(frame: pandas.DataFrame) -> dict[str, list[object]]:
    """Write a frame as its columns, which keeps their order, and those of an empty frame."""
    names = cast("list[object]", list(frame.columns))
    if not frame.columns.is_unique or not all(isinstance(name, str) for name in names):
        raise NotSendableError("the columns of this DataFrame are not different names, of type str")
    if not _is_plain(frame.index):
        raise NotSendableError(
            "the index of this DataFrame has no form in JSON; reset_index() makes columns of it"
        )
    columns = cast("Iterable[tuple[str, pandas.Series[Any]]]", frame.items())
    return {name: column.tolist() for name, column in columns}


def _is_plain(index: pandas.Index[Any]) -> bool:
    """Return whether an index only counts the rows from 0, so that nothing is lost without it."""
    return index.name is None and list(index) == list(range(len(index)))
