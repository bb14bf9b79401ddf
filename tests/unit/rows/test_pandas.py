"""Rows become data frames."""

import sys

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


def test_a_frame_has_a_line_for_each_row_and_a_column_for_each_field() -> None:
    frame = Rows(NODES, LINKS).to_pandas()
    assert len(frame) == 3
    assert list(frame.columns) == [
        *("id", "name", "organization.id"),
        *("node.id", "node.ip", "node.name", "node.status"),
        *("last_seen", "config"),
    ]
    assert frame["organization.id"].sum() == 36
    assert frame["config"][0] == [{"key": "a", "value": "b"}]


def test_times_are_moments_in_utc() -> None:
    seen = Rows(NODES, LINKS).to_pandas()["last_seen"]
    assert str(seen.dtype).startswith("datetime64[")
    assert str(seen.dtype).endswith(", UTC]")
    assert seen[0].isoformat() == "2026-11-22T23:10:05.500000+00:00"
    assert seen.isna().tolist() == [False, True, False]
    assert (seen.max() - seen.min()).total_seconds() == 23 * 3600 + 605.5


def test_what_is_no_time_stays_as_it_is() -> None:
    frame = Rows([{"last_seen": "yesterday"}, {"last_seen": None}], LINKS).to_pandas()
    assert frame["last_seen"][0] == "yesterday"


def test_no_rows_are_an_empty_frame() -> None:
    assert Rows([], LINKS).to_pandas().empty


def test_without_pandas_the_error_tells_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(MissingDependencyError, match=r"vantage6-sdk\[pandas\]"):
        Rows(NODES, LINKS).to_pandas()
