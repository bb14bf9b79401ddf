"""What is known of a task while it is waited for: a picture at one moment, to be drawn (pure)."""

from __future__ import annotations

from dataclasses import dataclass

from ._waiting import COMPLETED, has_failed, has_finished


@dataclass(frozen=True)
class RunProgress:
    """Where the run of one organization stands.

    Attributes
    ----------
    run_id : int
        Identifier of the run.
    task_id : int
        The task it belongs to: the one waited for, or a subtask of it.
    organization_id : int or None
        Identifier of the organization.
    organization : str
        Its name, or its identifier as text where the name is not known.
    status : str
        Its status, such as ``"pending"``, ``"active"`` or ``"crashed"``.
    is_subtask : bool
        Whether it belongs to a subtask.
    started, finished : float or None
        When it began and ended, as far as known: seconds since the epoch.
    """

    run_id: int
    task_id: int
    organization_id: int | None
    organization: str
    status: str
    is_subtask: bool = False
    started: float | None = None
    finished: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the run has ended, well or not."""
        return has_finished(self.status)

    @property
    def is_good(self) -> bool:
        """Whether the run has ended with a result."""
        return self.status == COMPLETED

    @property
    def is_bad(self) -> bool:
        """Whether the run has ended without a result."""
        return has_failed(self.status)


@dataclass(frozen=True)
class Progress:
    """Where a task stands.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    name : str
        Its name.
    status : str
        Its status, such as ``"active"``.
    runs : tuple of RunProgress
        Its runs, in the order of the organizations asked, then those of its subtasks.
    waited : float
        Seconds since waiting began.
    """

    task_id: int
    name: str
    status: str
    runs: tuple[RunProgress, ...]
    waited: float

    def __str__(self) -> str:
        from ._picture import sentence_of

        return sentence_of(self)

    @property
    def is_over(self) -> bool:
        """Whether the task has ended, well or not."""
        return has_finished(self.status)
