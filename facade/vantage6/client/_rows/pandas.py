"""Convert rows and outputs to pandas data frames."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

from vantage6.bindings.secret import NAMES, SecretRow

from .._utils.time import is_time, parse_time
from ..errors import InvalidInputError, MissingDependencyError
from .columns import REFERENCE

if TYPE_CHECKING:
    from pandas import DataFrame, Series

# The index of a data frame of outputs.
INDEX = "organization"
# The largest whole numbers that a column of fractions and one of integers can hold.
MAX_EXACT, MAX_INT64 = 2**53, 2**63 - 1


def to_data_frame(rows: Iterable[object]) -> DataFrame:
    """Create a data frame of rows, with a line for each."""
    _require_pandas()
    import pandas

    records = [_flatten(_without_secrets(row)) for row in rows]
    columns = _columns(records)
    frame = _frame(columns, len(records))
    for name, values in columns.items():
        if not is_time(name):
            continue
        times = [parse_time(value) for value in values]
        if all(time or value is None for time, value in zip(times, values, strict=True)):
            frame[name] = pandas.to_datetime(pandas.Series(times, index=frame.index), utc=True)
    return frame


def _without_secrets(row: object) -> Mapping[str, object]:
    """Drop the secret fields of a whole row; a row of selected fields is a plain dict."""
    fields = cast("Mapping[str, object]", row)
    if isinstance(row, SecretRow):
        return {name: value for name, value in fields.items() if name not in NAMES}
    return fields


def outputs_to_data_frame(organizations: Sequence[str], outputs: Sequence[object]) -> DataFrame:
    """Create a data frame of the outputs of algorithms."""
    _require_pandas()
    import pandas

    if all(output is None or isinstance(output, str | int | float) for output in outputs):
        outputs = [None if output is None else {"result": output} for output in outputs]
    names: list[str] = []
    records: list[Mapping[str, object]] = []
    for name, output in zip(organizations, outputs, strict=True):
        for record in _records(name, output):
            names.append(name)
            records.append(_flatten(record))
    columns = _columns(records)
    if INDEX in columns:
        raise InvalidInputError(
            f"outputs: expected fields with names other than {INDEX!r}, which is the index of the "
            "data frame. Use .outputs or .by_organization."
        )
    frame = _frame(columns, len(names))
    frame.index = pandas.Index(names, name=INDEX)
    return frame


def _frame(columns: Mapping[str, Sequence[object]], size: int) -> DataFrame:
    import pandas

    data = {name: _series(values) for name, values in columns.items()}
    return pandas.DataFrame(data, index=pandas.RangeIndex(size))


def _columns(records: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    """Return the values of each field, with None where a record lacks it."""
    names = dict.fromkeys(name for record in records for name in record)
    return {name: [record.get(name) for record in records] for name in names}


def _series(values: Sequence[object]) -> Series[Any]:
    """Create a column; whole numbers and booleans stay what they are next to missing values."""
    import pandas

    kinds = {type(value) for value in values if value is not None}
    largest = max((abs(value) for value in values if isinstance(value, int | float)), default=0)
    dtype: Any = None
    if kinds == {bool} and None in values:
        dtype = "boolean"
    elif kinds == {int} and None in values:
        dtype = "Int64" if largest <= MAX_INT64 else object
    elif kinds == {int, float} and largest > MAX_EXACT:
        dtype = object
    return pandas.Series(values, dtype=dtype)


def _records(name: str, output: object) -> list[Mapping[str, object]]:
    if output is None:
        return []
    records = cast("list[object]", output if isinstance(output, list) else [output])
    if not all(isinstance(record, Mapping) for record in records):
        raise InvalidInputError(
            f"output of {name}: expected a record or a list of records, got "
            f"{reprlib.repr(cast('object', output))}, which has no columns. "
            "Use .outputs or .by_organization."
        )
    return cast("list[Mapping[str, object]]", records)


def _require_pandas() -> None:
    if find_spec("pandas") is None:
        raise MissingDependencyError(
            "data frames require pandas: pip install 'vantage6-sdk[pandas]', or pandas itself"
        )


def _flatten(row: Mapping[str, object]) -> dict[str, object]:
    """Move the fields of rows inside a row to the row itself, with dotted names."""
    flat: dict[str, object] = {}
    for name, value in _fields(row, ""):
        if name in flat:
            raise InvalidInputError(
                f"data frame: expected different fields, got two that are called {name!r}"
            )
        flat[name] = value
    return flat


def _fields(row: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in row.items():
        if not isinstance(value, Mapping):
            yield prefix + name, value
            continue
        inner = cast("Mapping[str, object]", value)
        is_reference = set(inner) == REFERENCE
        yield from _fields({"id": inner["id"]} if is_reference else inner, f"{prefix}{name}.")
