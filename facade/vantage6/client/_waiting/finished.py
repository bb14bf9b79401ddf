"""How one of several tasks ended."""

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
        How it ended, such as ``"completed"`` or ``"crashed"``.
    results : ResultRows
        Its result rows, as ``client.result.from_task`` gives them.
    error : TaskFailedError, DecryptionError or None
        What ``client.wait_for_results`` would have raised: the task failed, or not all of its
        results can be read; `results` has None for those.
    """

    task_id: int
    status: str
    # Both may be long, and these are printed when they come.
    results: ResultRows = field(repr=False)
    error: TaskFailedError | DecryptionError | None = field(default=None, repr=False)
