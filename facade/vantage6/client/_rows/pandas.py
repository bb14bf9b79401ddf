"""Convert rows and outputs to pandas data frames."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from vantage6.bindings.secret import NAMES, SecretRow

from .._utils.time import is_time, parse_time
from ..errors import InvalidInputError, MissingDependencyError
from .columns import REFERENCE

if TYPE_CHECKING:
    from pandas import DataFrame


def to_data_frame(rows: Iterable[object]) -> DataFrame:
    """Create a data frame of rows, with a line for each."""
    _require_pandas()
    import pandas

    records = [_flatten(_without_secrets(row)) for row in rows]
    columns: Sequence[str] = list(dict.fromkeys(name for record in records for name in record))
    frame = pandas.DataFrame(records, columns=pandas.Index(columns))
    for name in filter(is_time, columns):
        values = [record.get(name) for record in records]
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

    names: list[str] = []
    records: list[Mapping[str, object]] = []
    for name, output in zip(organizations, outputs, strict=True):
        for record in _records(name, output):
            names.append(name)
            records.append(_flatten(record))
    columns = list(dict.fromkeys(field for record in records for field in record))
    index = pandas.Index(names, name="organization")
    return pandas.DataFrame(records, index=index, columns=pandas.Index(columns))


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


def _flatten(row: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Move the fields of rows inside a row to the row itself, with dotted names."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if not isinstance(value, Mapping):
            flat[prefix + name] = value
            continue
        inner = cast("Mapping[str, object]", value)
        if set(inner) == REFERENCE:
            flat[f"{prefix}{name}.id"] = inner["id"]
        else:
            flat.update(_flatten(inner, f"{prefix}{name}."))
    return flat
