"""Find the new lines of a run's log.

The API returns the log up to some moment, and empties it when the status of the run changes; at the
end, it is complete again. So the new lines are those after the ones that were seen before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._utils.text import sanitize


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


def new_lines(seen: Sequence[str], log: Sequence[str]) -> Sequence[str]:
    """Return the lines of a log that were not seen before."""
    if log[: len(seen)] == seen:
        return log[len(seen) :]  # the usual case, and fast
    end, found = overlap(log, seen)
    if found == len(seen):
        return log[end:]  # the log begins earlier than the lines seen
    return log[overlap(seen, log)[1] :]


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
