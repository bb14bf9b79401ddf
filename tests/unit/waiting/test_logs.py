"""Test that log lines are yielded once, whether they arrive by event or by poll."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client._waiting import logs
from vantage6.client._waiting.logs import LogLine, LogMerger, overlap


def test_polled_log_lines_are_not_repeated_by_events() -> None:
    track = LogMerger()
    assert track.looked("a\nb\n") == ["a", "b"]
    assert track.wrote("b\nc\n") == ["c"]
    assert track.wrote("d\n") == ["d"]
    assert track.looked("a\nb\nc\nd\ne\n") == ["e"]


def test_truncated_log_repeats_no_lines() -> None:
    track = LogMerger()
    track.wrote("a\nb\nc\n")
    assert track.looked("b\nc\nd\n") == ["d"]
    assert track.looked("b\nc\n") == []
    assert track.looked(None) == []


def test_equal_log_lines_are_all_yielded() -> None:
    track = LogMerger()
    given = [*track.looked(".\n.\n"), *track.wrote(".\n"), *track.wrote(".\n")]
    given += track.looked(".\n.\n.\n.\n.\n")
    assert given == ["."] * 5


@given(st.lists(st.sampled_from("ab"), max_size=12), st.lists(st.sampled_from("ab"), max_size=12))
def test_overlap_is_the_first_match(before: list[str], lines: list[str]) -> None:
    found = [
        (start + count, count)
        for start in range(len(before))
        if (count := min(len(before) - start, len(lines)))
        and before[start : start + count] == lines[:count]
    ]
    end, count = overlap(before, lines)
    assert (end, count) == found[0] if found else count == 0
    track = LogMerger()
    track.wrote("\n".join(before))
    assert track.looked("\n".join(lines)) == lines[count:]


def test_repetitive_log_is_not_slow() -> None:
    track, many = LogMerger(), "a\n" * 100_000
    began = time.monotonic()
    track.looked(many + "b\n")
    assert track.looked(many + "c\n")[-1] == "c"
    assert track.wrote(many + "d\n")[-1] == "d"
    assert time.monotonic() - began < 20, "it would be minutes"


def test_followed_log_keeps_only_its_last_lines_in_memory() -> None:
    track = LogMerger()
    tracemalloc.start()
    try:
        for number in range(60):
            lines = [f"{number} {index} " + "x" * 90 for index in range(2000)]
            assert track.wrote("\n".join(lines)) == lines
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 8 << 20, "of 18 MB"
    assert track.looked("\n".join(lines)) == []
    assert track._count == 120_000


@pytest.mark.parametrize("kept", [0, 70, 700], ids=["no line", "one line", "ten lines"])
def test_log_longer_than_the_kept_lines_repeats_no_lines(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(logs, "MAX_KEPT_CHARS", kept)
    track, lines = LogMerger(), [f"{number:06}" for number in range(100)]
    for line in lines[:90]:
        assert track.wrote(line) == [line]
    assert track.looked("\n".join(lines[:50])) == [], "a poll from before"
    assert track.looked("\n".join(lines)) == lines[90:]
    assert track.looked("\n".join(lines[:95])) == []
    assert track.looked("\n".join(lines[:99])) == []
    if kept:
        assert track.looked("\n".join([*lines[50:], "new"])) == ["new"], "the server dropped some"


def test_printed_log_line_has_no_control_characters() -> None:
    line = LogLine(1, 1, 1, "IK\x1bNL", "red \x1b[31m")
    assert "\x1b" not in str(line)
    assert "\x1b" in line.text
