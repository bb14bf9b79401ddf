"""Rows and outputs as pandas data frames (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from ._display import is_time, moment
from .errors import MissingExtra

if TYPE_CHECKING:
    from pandas import DataFrame

# What embedded rows have beside their identifier, when they stand for a link.
REFERENCE = {"id", "link", "methods"}


def frame_of(rows: Iterable[object]) -> DataFrame:
    """Make a data frame with a line for each row.

    Parameters
    ----------
    rows : iterable of dict
        The rows.

    Returns
    -------
    pandas.DataFrame
        Their fields as columns, and of rows inside them the fields as ``outer.inner``.

    Raises
    ------
    MissingExtra
        When pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra(
            "data frames need pandas: pip install 'vantage6-sdk[pandas]', or pandas itself"
        ) from error
    lines = [_flat(cast("Mapping[str, object]", row)) for row in rows]
    columns: Sequence[str] = list(dict.fromkeys(name for line in lines for name in line))
    frame = pandas.DataFrame(lines, columns=pandas.Index(columns))
    for name in filter(is_time, columns):
        times = [moment(line.get(name)) for line in lines]
        if all(time or line.get(name) is None for time, line in zip(times, lines, strict=True)):
            frame[name] = pandas.to_datetime(pandas.Series(times, index=frame.index), utc=True)
    return frame


def _flat(row: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Put the fields of rows inside a row beside its own."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if not isinstance(value, Mapping):
            flat[prefix + name] = value
            continue
        inner = cast("Mapping[str, object]", value)
        if set(inner) == REFERENCE:
            flat[f"{prefix}{name}.id"] = inner["id"]
        else:
            flat.update(_flat(inner, f"{prefix}{name}."))
    return flat
