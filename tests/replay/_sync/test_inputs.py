# Derived by unasync.py: edit tests/replay/_async/test_inputs.py instead.
"""Test values of other libraries as arguments: they become JSON or are rejected."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from vantage6.client import Client, InvalidInputError

from . import logged_in

if TYPE_CHECKING:
    from ..conftest import Recorded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

SENT: dict[str, tuple[object, object]] = {
    "day": (date(2026, 11, 22), "2026-11-22"),
    "hour": (time(12, 30), "12:30:00"),
    "moment": (datetime(2026, 11, 22, tzinfo=timezone.utc), "2026-11-22T00:00:00+00:00"),
    "no_moment": (pd.NaT, None),
    "mapping": (MappingProxyType({"a": np.int64(1)}), {"a": 1}),
    "flag": (np.bool_(True), True),
    "half": (np.float32(0.5), 0.5),
    "array": (np.array([[1, 2]]), [[1, 2]]),
    "days": (np.array(["2026-11-22", "NaT"], "datetime64[D]"), ["2026-11-22", None]),
    "missing": (pd.NA, None),
    "series": (pd.Series([1, 2]), [1, 2]),
    "named": (pd.Series({"mean": 40.5}), {"mean": 40.5}),
    "index": (pd.Index(["a"]), ["a"]),
    "frame": (pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}), {"a": [1, 2], "b": ["x", "y"]}),
}
REFUSED: dict[str, object] = {
    "total_seconds": timedelta(1),
    "numpy.complex": np.complex128(1j),
    "pandas.Interval": pd.Interval(0, 1),
    "index of this Series": pd.Series([1], index=[7]),
    "index of this DataFrame": pd.DataFrame({"a": [1]}, index=[7]),
    "columns of this DataFrame": pd.DataFrame([[1, 2]], columns=["a", "a"]),
}


@pytest.fixture
def client(recorded: "Recorded") -> Iterator[Client]:
    with logged_in(recorded, "researcher") as client:
        client.setup_collaboration("demo")
        yield client


def test_values_of_other_libraries_become_json(client: Client) -> None:
    given: dict[str, Any] = {name: value for name, (value, _) in SENT.items()}
    task = client.task.create(["IKNL"], "values", "localnet/slow", method="sleep", kwargs=given)
    (run,) = client.run.from_task(task)
    expected = {name: value for name, (_, value) in SENT.items()}
    assert json.loads(run["input"])["kwargs"] == expected


@pytest.mark.parametrize("told", REFUSED)
def test_lossy_values_are_rejected(client: Client, told: str) -> None:
    given = {"x": REFUSED[told]}
    with pytest.raises(InvalidInputError, match=f"kwargs.*x.*{told}"):
        client.task.create(["IKNL"], "x", "localnet/slow", method="sleep", kwargs=given)
