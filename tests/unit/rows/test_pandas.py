"""Test rows as data frames."""

import sys

import pandas as pd
import pytest

from vantage6.bindings.server.rows import PageLinks
from vantage6.client import MissingDependencyError, Rows

LINKS: PageLinks = {"first": "", "self": ""}
NODES = [
    {
        "id": number,
        "name": f"node {number}",
        "organization": {"id": 10 + number, "link": "/api/organization/1", "methods": ["GET"]},
        "node": {"id": number, "ip": None, "name": "n", "status": "online"},
        "last_seen": seen,
        "config": [{"key": "a", "value": "b"}],
    }
    for number, seen in [(1, "2026-11-22T23:10:05.500000"), (2, None), (3, "2026-11-22T00:00:00")]
]


def test_data_frame_has_all_rows_and_fields() -> None:
    frame = Rows(NODES, LINKS).to_pandas()
    assert len(frame) == 3
    assert list(frame.columns) == [
        *("id", "name", "organization.id"),
        *("node.id", "node.ip", "node.name", "node.status"),
        *("last_seen", "config"),
    ]
    assert frame["organization.id"].sum() == 36
    assert frame["config"][0] == [{"key": "a", "value": "b"}]


def test_times_become_utc_timestamps() -> None:
    seen = Rows(NODES, LINKS).to_pandas()["last_seen"]
    assert str(seen.dtype).startswith("datetime64[")
    assert str(seen.dtype).endswith(", UTC]")
    assert seen[0].isoformat() == "2026-11-22T23:10:05.500000+00:00"
    assert seen.isna().tolist() == [False, True, False]
    assert (seen.max() - seen.min()).total_seconds() == 23 * 3600 + 605.5


def test_ids_with_gaps_stay_whole_numbers() -> None:
    rows = [{"id": 1, "parent": None}, {"id": 2, "parent": {"id": 1, "name": "a"}}]
    assert Rows(rows, LINKS).to_pandas()["parent.id"].tolist() == [pd.NA, 1]


def test_other_text_stays_unchanged() -> None:
    frame = Rows([{"last_seen": "yesterday"}, {"last_seen": None}], LINKS).to_pandas()
    assert frame["last_seen"][0] == "yesterday"


def test_no_rows_make_an_empty_data_frame() -> None:
    assert Rows([], LINKS).to_pandas().empty


def test_missing_pandas_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingDependencyError, match=r"vantage6-sdk\[pandas\]"):
        Rows(NODES, LINKS).to_pandas()
