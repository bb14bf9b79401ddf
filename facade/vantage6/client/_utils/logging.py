"""The client's logger and its console handler."""

from __future__ import annotations

import logging
import sys

from vantage6.bindings.secret import hide_keys

from .notebook import is_notebook
from .text import sanitize

LOGGER = logging.getLogger("vantage6.client")


def _sanitize_record(record: logging.LogRecord) -> bool:
    """Replace control characters, line breaks and the text of keys in a message."""
    message = record.getMessage()
    if (sanitized := sanitize(hide_keys(message))) != message:
        record.msg, record.args = sanitized, ()
    return True


LOGGER.addFilter(_sanitize_record)


class _Console(logging.Handler):
    """Writes the client's messages to stderr, unless the application has configured logging."""

    # Notebooks show stderr in red, which is for warnings and errors.

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return  # they receive the message by propagation
        # Looked up for each message, since notebooks and tests replace it.
        is_plain = record.levelno < logging.WARNING and is_notebook()
        (sys.stdout if is_plain else sys.stderr).write(self.format(record) + "\n")


def show_messages(level: str) -> None:
    """Show messages of this package alone, of this level and above."""
    LOGGER.setLevel(level.upper())
    if not any(isinstance(handler, _Console) for handler in LOGGER.handlers):
        console = _Console()
        console.setFormatter(logging.Formatter("%(message)s"))
        LOGGER.addHandler(console)
