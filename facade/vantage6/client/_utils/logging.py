"""The client's logger and its console handler."""

from __future__ import annotations

import logging
import sys

from .text import sanitize

LOGGER = logging.getLogger("vantage6.client")


def _sanitize_record(record: logging.LogRecord) -> bool:
    """Let no message steer the terminal that shows it, or look like several."""
    message = record.getMessage()
    if (harmless := sanitize(message)) != message:
        record.msg, record.args = harmless, ()
    return True


LOGGER.addFilter(_sanitize_record)


class _Console(logging.Handler):
    """Shows the client's messages, unless the application has set up logging by itself."""

    def emit(self, record: logging.LogRecord) -> None:
        if logging.getLogger().handlers:
            return  # the message has reached them already, by propagation
        # Looked up at each message, since notebooks and tests replace it.
        sys.stderr.write(self.format(record) + "\n")


def show_messages(level: str) -> None:
    """Show messages of this level and above, of this package alone."""
    LOGGER.setLevel(level.upper())
    if not any(isinstance(handler, _Console) for handler in LOGGER.handlers):
        console = _Console()
        console.setFormatter(logging.Formatter("%(message)s"))
        LOGGER.addHandler(console)
