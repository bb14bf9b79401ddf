"""The log levels, where scripts for the official client import them from."""

from __future__ import annotations

from enum import Enum


class LogLevel(Enum):
    """Level of messages, for ``Client(log_level=)``.

    Examples
    --------
    >>> from vantage6.client import Client, LogLevel
    >>> client = Client("https://server.example", 443, "/api", log_level=LogLevel.DEBUG.value)
    """

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"
