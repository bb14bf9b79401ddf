"""The outcome of one of several tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._rows.results import ResultRows
    from ..errors import DecryptionError, TaskFailedError


@dataclass(frozen=True)
class Finished:
    """A task that has ended.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    status : str
        Final status of the task, such as ``"completed"`` or ``"crashed"``.
    results : ResultRows
        Result rows of the task, as ``client.result.from_task`` returns them.
    error : TaskFailedError, DecryptionError or None
        The error that ``client.wait_for_results`` would have raised: the task failed, or some of
        its results cannot be read; `results` has None for those.
    """

    task_id: int
    status: str
    # Not in the repr: both may be long, and users print each task as it ends.
    results: ResultRows = field(repr=False)
    error: TaskFailedError | DecryptionError | None = field(default=None, repr=False)
