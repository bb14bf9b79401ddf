"""Statuses of tasks and runs: which mean running, completed or failed."""

from __future__ import annotations

# Every other status is a way to fail, newer ones of later servers included.
UNDER_WAY = frozenset({"pending", "initializing", "active"})
COMPLETED = "completed"


def has_finished(status: str | None) -> bool:
    """Return whether a task or run has come to its end, good or bad."""
    return status is not None and status not in UNDER_WAY


def has_failed(status: str | None) -> bool:
    """Return whether a task or run has ended without a result."""
    return has_finished(status) and status != COMPLETED
