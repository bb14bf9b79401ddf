"""Styles of statuses, in the syntax of rich."""

from __future__ import annotations

from collections.abc import Mapping

STATUS_STYLES: Mapping[str, str] = {
    "completed": "green",
    "online": "green",
    "approved": "green",
    "active": "yellow",
    "initializing": "yellow",
    "offline": "red",
    "failed": "red",
    "crashed": "red",
    "start failed": "red",
    "not allowed": "red",
    "non-existing Docker image": "red",
    "unknown error": "red",
    "killed by user": "red",
    "rejected": "red",
}
