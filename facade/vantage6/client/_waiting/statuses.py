"""Statuses of tasks and runs: unfinished, completed or failed."""

from __future__ import annotations

# All other statuses mean failure, including those that later servers may add.
# HQ calls all unfinished tasks "awaiting".
UNDER_WAY = frozenset({"pending", "initializing", "active", "awaiting"})
COMPLETED = "completed"


def has_finished(status: str | None) -> bool:
    """Return whether a task or run has ended, with or without a result."""
    return status is not None and status not in UNDER_WAY


def has_failed(status: str | None) -> bool:
    """Return whether a task or run has ended without a result."""
    return has_finished(status) and status != COMPLETED
