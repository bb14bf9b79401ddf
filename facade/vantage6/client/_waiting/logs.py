"""The lines of a run's log, each once.

Events tell of new lines at once, but not of those before the connection or during a break; the log
that the API gives has all of them up to some moment. Which lines are in both is told by what they
say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._utils.text import sanitize


@dataclass(frozen=True)
class LogLine:
    """One line that an algorithm wrote.

    Attributes
    ----------
    run_id, task_id : int
        The run that wrote it, and its task.
    organization_id : int or None
        Where it runs.
    organization : str
        The name of the organization, or its identifier as text where the name is not known.
    text : str
        The line, as it was written: to show it in a terminal, use ``str(line)``.
    """

    run_id: int
    task_id: int
    organization_id: int | None
    organization: str
    text: str

    def __str__(self) -> str:
        return f"{sanitize(self.organization)} | {sanitize(self.text)}"


class LogMerger:
    """What has been given of one run's log."""

    def __init__(self) -> None:
        self._given: list[str] = []
        # Lines that a look brought, which events on their way may bring again.
        self._expected: list[str] = []

    def wrote(self, text: str) -> list[str]:
        """Accept an event."""
        lines = text.splitlines()
        if lines:
            end, repeated = overlap(self._expected, lines)
            # What stands before is out of date; without any of it, all is.
            self._expected = self._expected[end:] if repeated else []
            lines = lines[repeated:]
        self._given += lines
        return lines

    def looked(self, log: str | None) -> list[str]:
        """Accept the log as the API gives it."""
        lines = unseen(self._given, (log or "").splitlines())
        self._given += lines
        self._expected = lines
        return lines

    def settle(self) -> None:
        """Stop expecting that events repeat what the last look brought: that was long ago."""
        self._expected = []


def unseen(given: Sequence[str], log: Sequence[str]) -> list[str]:
    """Find what a log has beyond the lines that were given already."""
    if list(log[: len(given)]) == list(given):  # nearly always, and quickly told
        return list(log[len(given) :])
    _, repeated = overlap(given, log)
    return list(log[repeated:])


def overlap(given: Sequence[str], lines: Sequence[str]) -> tuple[int, int]:
    """Find where some lines were given before: all of them, or their beginning at the very end."""
    # Each line is looked at a few times only, however often it repeats: a log may have a million
    # that say the same.
    if not lines:
        return 0, 0
    # For each line, how many at the beginning are repeated by those that end with it.
    borders, count = [0], 0
    for line in lines[1:]:
        while count and line != lines[count]:
            count = borders[count - 1]
        count += line == lines[count]
        borders.append(count)
    count = 0
    for end, line in enumerate(given, 1):
        while count and line != lines[count]:
            count = borders[count - 1]
        count += line == lines[count]
        if count == len(lines):
            return end, count
    return len(given), count
