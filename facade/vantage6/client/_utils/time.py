"""Recognize and parse the server's timestamps."""

from __future__ import annotations

from datetime import datetime, timezone


def is_time(field: str) -> bool:
    """Return whether a field contains timestamps, according to its name."""
    return field.endswith(("_at", "_seen", "_sent"))


def parse_time(value: object) -> datetime | None:
    """Parse a timestamp of the server, which is in UTC unless it has an offset."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except OverflowError:  # the offset leads to a year that `datetime` does not support
        return None


def to_timestamp(text: str | None) -> float | None:
    """Parse a timestamp of the server, which is in UTC, as seconds since the epoch."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def server_time(date: str | None, now: float) -> float:
    """Return the server's clock time from the `Date` of a response; without one, `now`."""
    from email.utils import parsedate_to_datetime  # slow to import, and rarely needed

    try:
        return parsedate_to_datetime(date).timestamp() if date else now
    except (ValueError, TypeError, OverflowError):
        return now


def format_time(time: float, style: str) -> str:
    """Return a time in seconds since the epoch as text."""
    return f"{datetime.fromtimestamp(time, timezone.utc):{style}} UTC"
