"""Parse and recognize the server's timestamps."""

from __future__ import annotations

from datetime import datetime, timezone


def is_time(field: str) -> bool:
    """Return whether a field holds moments, by its name."""
    return field.endswith(("_at", "_seen", "_sent"))


def parse_time(value: object) -> datetime | None:
    """Read a time as the server writes it: in UTC, without saying so."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    try:
        return time.astimezone(timezone.utc) if time.tzinfo else time.replace(tzinfo=timezone.utc)
    except OverflowError:  # an offset that leads out of the years there are
        return None


def to_timestamp(text: str | None) -> float | None:
    """Read a time of the server, which is in UTC and does not say so."""
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def server_time(date: str | None, now: float) -> float:
    """Return what time it is at the server."""
    from email.utils import parsedate_to_datetime  # rarely needed, and takes time to load

    try:
        return parsedate_to_datetime(date).timestamp() if date else now
    except (ValueError, TypeError, OverflowError):
        return now
