"""The outcome of one of several tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._utils.text import sanitize

if TYPE_CHECKING:
    from .._rows.results import ResultRows
    from ..errors import Vantage6Error


@dataclass(frozen=True)
class Finished:
    """A task that has ended.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    status : str
        Final status of the task, such as ``"completed"`` or ``"crashed"``; ``"deleted"`` or
        ``"not found"`` if the task is gone.
    results : ResultRows
        Result rows of the task, as ``client.result.from_task`` returns them.
    error : Vantage6Error or None
        The error that ``client.wait_for_results`` would have raised: a `TaskFailedError` if the
        task failed, a `DecryptionError` if some of its results cannot be read (`results` has None
        for those), a `NotFoundError` if it was deleted or does not exist, or a
        `PermissionDeniedError` if you may not view it.
    """

    task_id: int
    status: str
    # Not in the repr: both may be long, and users print each task as it ends.
    results: ResultRows = field(repr=False)
    error: Vantage6Error | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """Return the outcome in one line."""
        count = len(self.results) - len(self.results.missing)
        outcome = f"{count} of {len(self.results)} results"
        if self.error:
            outcome = str(self.error).partition("\n")[0]
        return sanitize(f"task {self.task_id} {self.status}: {outcome}")
