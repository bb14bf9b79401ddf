"""Rows and outputs as pandas data frames."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

from vantage6.bindings.secret import NAMES, SecretRow

from .._utils.time import is_time, parse_time
from ..errors import InvalidInputError, MissingDependencyError

if TYPE_CHECKING:
    from pandas import DataFrame

# What embedded rows have beside their identifier, when they stand for a link.
REFERENCE = {"id", "link", "methods"}


def to_data_frame(rows: Iterable[object]) -> DataFrame:
    """Create a data frame with a line for each row."""
    _require_pandas()
    import pandas

    lines = [_flatten(_without_secrets(row)) for row in rows]
    columns: Sequence[str] = list(dict.fromkeys(name for line in lines for name in line))
    frame = pandas.DataFrame(lines, columns=pandas.Index(columns))
    for name in filter(is_time, columns):
        times = [parse_time(line.get(name)) for line in lines]
        if all(time or line.get(name) is None for time, line in zip(times, lines, strict=True)):
            frame[name] = pandas.to_datetime(pandas.Series(times, index=frame.index), utc=True)
    return frame


def _without_secrets(row: object) -> Mapping[str, object]:
    """Leave out what is secret in a whole row; who asked for that field has it in a plain dict."""
    fields = cast("Mapping[str, object]", row)
    if isinstance(row, SecretRow):
        return {name: value for name, value in fields.items() if name not in NAMES}
    return fields


def outputs_to_data_frame(where: Sequence[str], outputs: Sequence[object]) -> DataFrame:
    """Create a data frame of what algorithms returned."""
    _require_pandas()
    import pandas

    lines = [
        (name, _flatten(record))
        for name, output in zip(where, outputs, strict=True)
        for record in _records(name, output)
    ]
    columns = list(dict.fromkeys(field for _, line in lines for field in line))
    index = pandas.Index([name for name, _ in lines], name="organization")
    return pandas.DataFrame([line for _, line in lines], index=index, columns=pandas.Index(columns))


def _records(name: str, output: object) -> list[Mapping[str, object]]:
    if output is None:
        return []
    records = cast("list[object]", output if isinstance(output, list) else [output])
    if not all(isinstance(record, Mapping) for record in records):
        raise InvalidInputError(
            f"the output of {name} is no record, nor a list of records, so it has no columns: "
            f"it is {reprlib.repr(cast('object', output))}; use .outputs or .by_organization"
        )
    return cast("list[Mapping[str, object]]", records)


def _require_pandas() -> None:
    if find_spec("pandas") is None:
        raise MissingDependencyError(
            "data frames need pandas: pip install 'vantage6-sdk[pandas]', or pandas itself"
        )


def _flatten(row: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Convert the fields of rows inside a row beside its own."""
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
