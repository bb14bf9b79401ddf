"""Find the new lines of a run's log.

The API returns the log up to some moment, and empties it when the status of the run changes; at the
end, it is complete again. So the new lines are those after the ones that were seen before.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from .._utils.text import sanitize

# Size of the last lines of each run to keep, to compare new ones with, and the size that a line has
# at least.
MAX_KEPT_CHARS = 4 << 20
LINE_CHARS = 64


@dataclass(frozen=True)
class LogLine:
    """One line of an algorithm's log.

    Attributes
    ----------
    run_id, task_id : int
        Identifiers of the run and its task.
    organization_id : int or None
        Identifier of the organization of the run.
    organization : str
        Name of the organization, or its identifier as text if the name is unknown.
    text : str
        The unmodified line. To show it in a terminal, use ``str(line)``.
    """

    run_id: int
    task_id: int
    organization_id: int | None
    organization: str
    text: str

    def __str__(self) -> str:
        return f"{sanitize(self.organization)} | {sanitize(self.text)}"


class LogMerger:
    """Finds the new lines of one run's log; keeps only the last lines, up to `MAX_KEPT_CHARS`."""

    def __init__(self) -> None:
        self._count = 0  # lines so far
        self._tail: deque[str] = deque()
        self._left = MAX_KEPT_CHARS

    def looked(self, log: str | None) -> list[str]:
        """Add the log from the API; return its new lines."""
        lines = self._unseen((log or "").splitlines())
        self._count += len(lines)
        for line in lines:
            self._tail.append(line)
            self._left -= len(line) + LINE_CHARS
            while self._left < 0:
                self._left += len(self._tail.popleft()) + LINE_CHARS
        return lines

    def _unseen(self, log: list[str]) -> list[str]:
        """Return the lines of a log that were not seen before."""
        tail, dropped = list(self._tail), self._count - len(self._tail)
        if len(log) >= self._count and log[dropped : self._count] == tail:
            return log[self._count :]  # the usual case, and fast
        if tail:  # the log may begin later, or earlier than the lines that are kept
            end, found = overlap(log, tail)
            if found == len(tail):
                return log[end:]
        _, repeated = overlap(tail, log)
        is_older = dropped and not repeated and len(log) < self._count
        return [] if is_older else log[repeated:]


def overlap(seen: Sequence[str], lines: Sequence[str]) -> tuple[int, int]:
    """Return the end and length of the match of `lines`, or of their start, in `seen`."""
    # All of `lines` may match anywhere, a part of them only at the end of `seen`. The search is
    # linear (Knuth-Morris-Pratt): a log may repeat the same line a million times.
    if not lines:
        return 0, 0
    # For each line, the length of the longest prefix that ends with it.
    borders, count = [0], 0
    for line in lines[1:]:
        while count and line != lines[count]:
            count = borders[count - 1]
        count += line == lines[count]
        borders.append(count)
    count = 0
    for end, line in enumerate(seen, 1):
        while count and line != lines[count]:
            count = borders[count - 1]
        count += line == lines[count]
        if count == len(lines):
            return end, count
    return len(seen), count
