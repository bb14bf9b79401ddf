"""Statuses of tasks and runs: which mean running, completed or failed."""

from __future__ import annotations

# Every other status is a way to fail, newer ones of later servers included.
UNDER_WAY = frozenset({"pending", "initializing", "active"})
COMPLETED = "completed"


def has_finished(status: str | None) -> bool:
    """Tell whether a task or run has come to its end, good or bad.

    Parameters
    ----------
    status : str or None
        Its status; a run that no node has taken up yet may have none.

    Returns
    -------
    bool
        False while it may still produce a result.
    """
    return status is not None and status not in UNDER_WAY


def has_failed(status: str | None) -> bool:
    """Tell whether a task or run has ended without a result.

    Parameters
    ----------
    status : str or None
        Its status.

    Returns
    -------
    bool
        True for every ending but ``"completed"``.
    """
    return has_finished(status) and status != COMPLETED
