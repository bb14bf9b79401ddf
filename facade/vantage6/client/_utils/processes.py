"""Child processes."""

from __future__ import annotations

import os


def child_environment() -> dict[str, str]:
    """Return the environment for a child process, without the secret of a service account."""
    return {name: text for name, text in os.environ.items() if name != "VANTAGE6_CLIENT_SECRET"}
