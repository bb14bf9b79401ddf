"""Warnings that point to the caller's own line of code."""

from __future__ import annotations

import inspect
import warnings

from vantage6.bindings.secret import hide_keys

from .text import sanitize


def warn(message: str) -> None:
    """Warn at the caller's line, every time; by default, Python warns once per line."""
    frame = inspect.currentframe()
    while frame and str(frame.f_globals.get("__name__")).startswith("vantage6.client."):
        frame = frame.f_back
    location = (frame.f_code.co_filename, frame.f_lineno) if frame else ("vantage6.client", 0)
    warnings.warn_explicit(sanitize(hide_keys(message)), UserWarning, *location, registry={})
