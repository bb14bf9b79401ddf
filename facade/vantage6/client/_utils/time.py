"""Parse and recognize the server's timestamps."""

from __future__ import annotations

from datetime import datetime, timezone


def is_time(field: str) -> bool:
    """Tell whether a field holds moments, by its name.

    Parameters
    ----------
    field : str
        Its name.

    Returns
    -------
    bool
        True for ``created_at``, ``last_seen`` and the like.
    """
    return field.endswith(("_at", "_seen", "_sent"))


def parse_time(value: object) -> datetime | None:
    """Read a time as the server writes it: in UTC, without saying so.

    Parameters
    ----------
    value : object
        What stands in a row.

    Returns
    -------
    datetime or None
        The moment, in UTC; None for what is no time.
    """
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
    """Read a time of the server, which is in UTC and does not say so.

    Parameters
    ----------
    text : str or None
        The time.

    Returns
    -------
    float or None
        Seconds since the epoch; None if there is no time.
    """
    try:
        return datetime.fromisoformat(text or "").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None


def server_time(date: str | None, now: float) -> float:
    """Tell what time it is at the server.

    Parameters
    ----------
    date : str or None
        The header of that name in an answer that came just now.
    now : float
        The time here, for servers that do not tell theirs.

    Returns
    -------
    float
        Seconds since 1970.
    """
    from email.utils import parsedate_to_datetime  # rarely needed, and takes time to load

    try:
        return parsedate_to_datetime(date).timestamp() if date else now
    except (ValueError, TypeError, OverflowError):
        return now
