"""Test that each line of a log is yielded once, whatever part of the log the API returns."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage6.client._waiting.logs import LogLine, new_lines, overlap


def follow(*logs: str) -> list[list[str]]:
    """Return the new lines of each log, after those before it."""
    seen, found = list[str](), list[list[str]]()
    for log in logs:
        found.append(list(new_lines(seen, log.split())))
        seen += found[-1]
    return found


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
    assert new_lines(before, before + more) == more


def test_repetitive_log_is_not_slow() -> None:
    many = ["a"] * 100_000
    began = time.monotonic()
    assert new_lines([*many, "b"], [*many, "c"])[-1] == "c"
    assert time.monotonic() - began < 20, "it would be minutes"


def test_printed_log_line_has_no_control_characters() -> None:
    line = LogLine(1, 1, 1, "IK\x1bNL", "red \x1b[31m")
    assert "\x1b" not in str(line)
    assert "\x1b" in line.text
