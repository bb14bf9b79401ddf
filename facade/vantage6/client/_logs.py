"""The lines of a run's log, each once: from events as they come, and from looks at the log (pure).

Events tell of new lines at once, but not of those before the connection or during a break; the log
that the API gives has all of them up to some moment. Which lines are in both is told by what they
say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._inert import inert


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
        return f"{inert(self.organization)} | {inert(self.text)}"


class LogTrack:
    """What has been given of one run's log."""

    def __init__(self) -> None:
        self._given: list[str] = []
        # Lines that a look brought, which events on their way may bring again.
        self._expected: list[str] = []

    def wrote(self, text: str) -> list[str]:
        """Take in an event.

        Parameters
        ----------
        text : str
            What the algorithm wrote.

        Returns
        -------
        list of str
            The lines of it that are new.
        """
        lines = text.splitlines()
        for start in range(len(self._expected)):
            repeated = self._expected[start : start + len(lines)]
            if repeated == lines[: len(repeated)]:
                self._expected = self._expected[start + len(repeated) :]
                lines = lines[len(repeated) :]
                break
        else:
            self._expected = []
        self._given += lines
        return lines

    def looked(self, log: str | None) -> list[str]:
        """Take in the log as the API gives it.

        Parameters
        ----------
        log : str or None
            All of it up to now.

        Returns
        -------
        list of str
            The lines that are new.
        """
        lines = unseen(self._given, (log or "").splitlines())
        self._given += lines
        self._expected = lines
        return lines

    def settle(self) -> None:
        """Stop expecting that events repeat what the last look brought: that was long ago."""
        self._expected = []


def unseen(given: Sequence[str], log: Sequence[str]) -> list[str]:
    """Find what a log has beyond the lines that were given already.

    Parameters
    ----------
    given : sequence of str
        Lines that were given, in order.
    log : sequence of str
        The log now. It may lack its beginning, or its end.

    Returns
    -------
    list of str
        The lines that come after those that were given.
    """
    if not log:
        return []
    for start, line in enumerate(given):
        if line == log[0]:
            both = min(len(given) - start, len(log))
            if given[start : start + both] == log[:both]:
                return list(log[both:])
    return list(log)
