"""Secrets: used like any other text, but not shown where nobody asked for them.

What shows objects (tracebacks with locals, logs, notebooks) does so by their ``repr``, so that is
what is masked here. ``print``, ``str`` and formatting give the text itself: who does that means it.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any, SupportsIndex, TypeVar, cast

T = TypeVar("T")

HIDDEN = "<hidden>"

# What the API calls secrets, in requests, answers and headers.
NAMES = frozenset(
    {
        "access_token",
        "api_key",
        "authorization",
        "container_token",
        "current_password",
        "mfa_code",
        "new_password",
        "otp_secret",
        "password",
        "qr_uri",
        "refresh_token",
        "reset_token",
    }
)

_IN_TEXT = re.compile(
    # a field of JSON, or of a dict that was printed, perhaps cut off
    rf"(?P<name>[\"'](?:{'|'.join(sorted(NAMES))})\\?[\"']\s*:\s*\\?[\"'])(?:[^\"'\\]|\\.)*"
    # a token, with or without what signs a request by it
    r"|(?P<bearer>bearer\s+)[^\s\"',;]+"
    r"|eyJ[\w-]{8,}(?:\.[\w-]*)*"
    r"|otpauth://[^\s\"'<]+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)",
    re.IGNORECASE | re.DOTALL,
)


class Secret(str):
    """A text whose ``repr`` does not show it, nor does that of a part of it.

    Examples
    --------
    >>> password = Secret("Analytical-1843")
    >>> [password]
    ['<hidden>']
    >>> print(password)
    Analytical-1843
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN)

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:  # what shows a long text cuts it
        return Secret(super().__getitem__(key))


class SecretBytes(bytes):
    """Bytes whose ``repr`` does not show them, nor does that of a part of them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN.encode())

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:  # a number, or bytes
        part = super().__getitem__(key)
        return SecretBytes(part) if isinstance(part, bytes) else part


class SecretRow(dict[str, Any]):
    """A row with a secret in it, which its ``repr`` does not show; ``row["api_key"]`` gives it.

    Examples
    --------
    >>> row = SecretRow({"id": 1, "api_key": "1f2e"})
    >>> row
    {'id': 1, 'api_key': '<hidden>'}
    >>> row["api_key"]
    '1f2e'
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(conceal(dict(self)))

    def __rich_repr__(self) -> Any:
        yield conceal(dict(self))


def is_secret(name: object) -> bool:
    """Tell whether what goes by a name is a secret."""
    return str(name).lower() in NAMES


def conceal(value: T) -> T:
    """Make what is secret by its name a `Secret`, at any depth.

    Parameters
    ----------
    value : object
        Rows or a body: what JSON can hold.

    Returns
    -------
    object
        The same, in containers of its own.
    """
    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        return cast("T", {name: _concealed(name, inner) for name, inner in row.items()})
    if isinstance(value, list | tuple):
        return cast("T", [conceal(inner) for inner in cast("list[object]", value)])
    return value


def _concealed(name: object, value: object) -> object:
    if is_secret(name) and isinstance(value, str):
        return Secret(value)
    return conceal(value)


def shaded(value: T) -> T:
    """Make rows that have a secret into such as do not show it, one by one or in a page.

    Parameters
    ----------
    value : object
        What a call is answered with.

    Returns
    -------
    object
        The same, with a `SecretRow` in place of each of these rows.
    """
    if isinstance(value, list):
        return cast("T", [shaded(inner) for inner in cast("list[object]", value)])
    if not isinstance(value, dict):
        return value
    row = cast("dict[str, object]", value)
    if any(row.get(name) for name in NAMES & row.keys()):
        return cast("T", SecretRow(row))
    if isinstance(row.get("data"), list):
        return cast("T", {**row, "data": shaded(row["data"])})
    return value


def scrub_log(name: str) -> None:
    """Keep tokens out of what a library logs, such as the headers of answers, from now on.

    Parameters
    ----------
    name : str
        The library's logger.
    """
    logging.getLogger(name).addFilter(_scrubbed)  # which takes the same filter only once


def _scrubbed(record: logging.LogRecord) -> bool:
    record.msg, record.args = scrub(record.getMessage()), None
    return True


def scrub(text: str) -> str:
    """Take out of a text what looks like a secret, such as of a body that cannot be read.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text, with ``<hidden>`` in place of tokens, keys and the values of secret fields.

    Examples
    --------
    >>> scrub('{"access_token": "eyJhbGciOi", "msg": "Welcome')
    '{"access_token": "<hidden>", "msg": "Welcome'
    """
    return _IN_TEXT.sub(lambda found: f"{found['name'] or found['bearer'] or ''}{HIDDEN}", text)
