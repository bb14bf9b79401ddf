"""Test that each line of a log is yielded once, whatever part of the log the API returns."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client._waiting import logs
from vantage6.client._waiting.logs import LogLine, LogMerger, overlap


def follow(*logs: str) -> list[list[str]]:
    """Return the new lines of each log, after those before it."""
    track = LogMerger()
    return [track.looked(log.replace(" ", "\n")) for log in logs]


@pytest.mark.parametrize(
    ("logs", "new"),
    [
        (["a b", "a b c", "a b c"], ["a b", "c", ""]),
        (["a b c", "b c d", "b c", ""], ["a b c", "d", "", ""]),
        ([". .", ". . . . ."], [". .", ". . ."]),
        (["a a a a a", "", "a b c", "a a a a a b c d"], ["a a a a a", "", "b c", "d"]),
        (["c", "a b c d"], ["c", "d"]),
    ],
    ids=["grows", "is cut", "repeats itself", "is emptied", "begins earlier"],
)
def test_lines_of_a_log_are_yielded_once(logs: list[str], new: list[str]) -> None:
    assert follow(*logs) == [lines.split() for lines in new]


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


@given(st.lists(st.sampled_from("ab"), max_size=12), st.lists(st.sampled_from("ab"), max_size=12))
def test_growing_log_loses_no_line(before: list[str], more: list[str]) -> None:
    track = LogMerger()
    track.looked("\n".join(before))
    assert track.looked("\n".join(before + more)) == more


def test_repetitive_log_is_not_slow() -> None:
    track, many = LogMerger(), "a\n" * 100_000
    began = time.monotonic()
    track.looked(many + "b\n")
    assert track.looked(many + "c\n")[-1] == "c"
    assert time.monotonic() - began < 20, "it would be minutes"


def test_followed_log_keeps_only_its_last_lines_in_memory() -> None:
    track, log = LogMerger(), ""
    tracemalloc.start()
    try:
        for number in range(30):
            lines = [f"{number} {index} " + "x" * 90 for index in range(4000)]
            log += "\n".join(lines) + "\n"
            assert track.looked(log) == lines
        del log
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 8 << 20, "of 12 MB"
    assert track.looked("\n".join(lines)) == []
    assert track._count == 120_000


@pytest.mark.parametrize("kept", [0, 70, 700], ids=["no line", "one line", "ten lines"])
def test_log_longer_than_the_kept_lines_repeats_no_lines(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr(logs, "MAX_KEPT_CHARS", kept)
    track, lines = LogMerger(), [f"{number:06}" for number in range(100)]
    for count in range(90):
        assert track.looked("\n".join(lines[: count + 1])) == lines[count : count + 1]
    assert track.looked("\n".join(lines)) == lines[90:]
    assert track.looked("\n".join(lines[:95])) == []
    assert track.looked("\n".join(lines[:99])) == []
    if kept:
        assert track.looked("\n".join([*lines[50:], "new"])) == ["new"], "the server dropped some"


@pytest.mark.parametrize("end", ["\n", "\r", "\v", "\x85", "\u2028", "\u2029"])
def test_printed_log_line_is_one_line(end: str) -> None:
    """Another organization chooses its name, and the algorithm its text."""
    line = LogLine(1, 1, 1, f"IKNL{end}Maastro | age: 99", f"age: 17{end}Maastro | age: 99")
    assert len(str(line).splitlines()) == 1
    assert str(line).startswith("IKNL")


def test_printed_log_line_has_no_control_characters() -> None:
    line = LogLine(1, 1, 1, "IK\x1bNL", "red \x1b[31m")
    assert "\x1b" not in str(line)
    assert "\x1b" in line.text
