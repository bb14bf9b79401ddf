"""Colors of statuses in the terminal, in the syntax of rich."""

from __future__ import annotations

from collections.abc import Mapping

GOOD, BUSY, BAD, WAITING = "green", "yellow", "red", "dim"
STATUS_COLORS: Mapping[str, str] = {
    **dict.fromkeys(("completed", "online", "approved"), GOOD),
    **dict.fromkeys(("active", "initializing"), BUSY),
    **dict.fromkeys(("offline", "failed", "crashed", "start failed", "not allowed"), BAD),
    **dict.fromkeys(("unknown error", "killed by user", "rejected"), BAD),
    "non-existing Docker image": BAD,
}
# ANSI codes, for lines that rich does not draw.
CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
# Colors of organizations in logs, for rich and as ANSI codes.
LOG_COLORS = ("cyan", "magenta", "blue", "green", "yellow")
LOG_CODES = ("36", "35", "34", "32", "33")
