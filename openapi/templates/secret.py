"""Secret strings and bytes, which are masked in ``repr``.

Tracebacks with locals, logs and notebooks show objects by their ``repr``. ``print``, ``str`` and
formatting return the text itself.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, SupportsIndex, TypeVar, cast

T = TypeVar("T")

HIDDEN = "<hidden>"

# Names of secrets in the rows and bodies of the APIs.
NAMES = frozenset(
    {
        "access_token",
        "api_key",
        "authorization",
        "client_secret",
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
# Those that the server sends in one response only.
SENT_ONCE = frozenset({"api_key", "container_token", "qr_uri"})
# Names of secrets in headers and in the forms of identity providers.
_OTHER_NAMES = frozenset(
    {
        "client_assertion",
        "code",
        "code_verifier",
        "cookie",
        "device_code",
        "id_token",
        "jwt-token",
        "passphrase",
        "proxy-authorization",
        "secret",
        "set-cookie",
        "token",
    }
)

# The text of a private key, as it is, in an address, or in base64 as the platform encodes keys.
_KEY = (
    r"-----BEGIN[\w %+]*?PRIVATE(?: |\+|%20)KEY-----"
    r"(?:.*?-----END[\w %+]*?PRIVATE(?: |\+|%20)KEY-----|.*)"
    r"|LS0tLS1CRUdJTiB(?:QUklW|SU0Eg|FTkNS|FQyBQ|PUEVO)[\w+/=%-]*(?:(?:\\+[rn]|[\r\n])+[\w+/=]+)*"
)
_ANY = "|".join(sorted(NAMES | _OTHER_NAMES))
_QUOTE = r"\\?[\"']|&(?:quot|apos|#0?3[49]|#x2[27]);"  # in HTML, too
_QUOTED = r"(?:'(?:[^'\\]|\\.)*'?|\"(?:[^\"\\]|\\.)*\"?)"
_FIELD = rf"(?:{_QUOTE})(?:{_ANY})(?:{_QUOTE})"
_IN_TEXT = (
    # a field of JSON or of a printed dict, a printed header or argument, possibly truncated
    rf"(?P<field>(?:{_FIELD}\s*:\s*|\(b?{_FIELD},\s*|(?<![\w-])(?:{_ANY})=)b?(?P<quote>{_QUOTE}))"
    r"(?:(?!(?P=quote))(?:\\.|.))*"
    # the element after a name on a page of HTML, or the value of a field of a form there
    rf"|(?P<cell>[>;\"'](?:{_ANY})(?:[\"']|&[#\w]+;)?:?\s*(?:</[^<>]*>\s*){{0,9}}"
    r"(?:<[^<>/][^<>]*>\s*){1,9})(?!<)[^<]+"
    rf"|(?P<input>name=[\"'](?:{_ANY})[\"'][^<>]{{0,200}}?\svalue=[\"'])[^\"'<>]+"
    # a field of a form or query; elsewhere, "code=1" is usually an exit code
    rf"|(?P<form>(?:[?&](?:{_ANY})|(?<![\w-])(?!code=)(?:{_ANY}))=)(?![,;.)])[^\s&\"'\\<>]+"
    # a login as HTTP libraries print it
    rf"|(?P<auth>(?<![\w-])auth=\()(?:,?\s*b?{_QUOTED})+"
    # header lines: all cookies, and a login with its scheme
    r"|(?P<cookie>(?<![\w-])(?:set-)?cookie:\s*)[^\r\n\"\\<]+"
    r"|(?P<header>(?:authorization|jwt-token):\s*)(?:[a-z]+[ \t]+)?[^\s\"',;\\<]+"
    # a token or a login with its scheme
    r"|(?P<bearer>bearer\s+)[^\s\"',;]+"
    r"|(?P<basic>basic\s+)(?-i:[\w+/-]+[A-Z\d=])[^\s\"',;]*"
    r"|eyJ[\w-]{8,}(?:\.[\w-]*)*"
    # the login in an address
    r"|(?P<address>://)[^\s/?#\"'<>]+(?=@)"
    r"|otpauth://[^\s\"'<]+"
    rf"|(?-i:{_KEY})"
)


@cache
def _pattern(text: str, flags: re.RegexFlag = re.DOTALL) -> re.Pattern[str]:
    """Compile a pattern when it is first used: that takes a tenth of the time of all imports."""
    return re.compile(text, flags)


class Secret(str):
    """String that is masked in ``repr``, and so are its slices.

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

    def __getitem__(self, key: SupportsIndex | slice) -> Secret:  # slices stay masked
        return Secret(super().__getitem__(key))


class SecretBytes(bytes):
    """Bytes that are masked in ``repr``, and so are their slices."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(HIDDEN.encode())

    __str__ = __repr__

    def __getitem__(self, key: Any) -> Any:  # a number, or bytes
        part = super().__getitem__(key)
        return SecretBytes(part) if isinstance(part, bytes) else part


class SecretRow(dict[str, Any]):
    """Row with a secret, which is masked in ``repr``; ``row["api_key"]`` returns it.

    A secret that the server sends only once is shown by ``print`` and ``str``.

    Examples
    --------
    >>> row = SecretRow({"id": 1, "api_key": "1f2e"})
    >>> row
    {'id': 1, 'api_key': "<hidden>: row['api_key'] returns it"}
    >>> print(row)
    {'id': 1, 'api_key': '1f2e'}
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(self._concealed())

    def __str__(self) -> str:
        return repr(self._concealed(shown=SENT_ONCE))

    def __rich_repr__(self) -> Any:
        yield self._concealed()

    def _concealed(self, shown: frozenset[str] = frozenset()) -> dict[str, object]:
        row = conceal(dict(self))
        for name, value in self.items():
            if name in NAMES and isinstance(value, str):
                hint = f"{HIDDEN}: row[{name!r}] returns it"
                row[name] = str(value) if name in shown else hint
        return row


def is_secret(name: object) -> bool:
    """Return whether a field with this name is a secret."""
    return str(name).lower() in NAMES | _OTHER_NAMES


def conceal(value: T) -> T:
    """Return a copy with secret fields as `Secret`, at any depth.

    Parameters
    ----------
    value : object
        Rows or a body, as parsed from JSON.

    Returns
    -------
    object
        Copy of the value.
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
    """Return rows, or a page of rows, with each row that has a secret as `SecretRow`.

    Parameters
    ----------
    value : object
        Response body.

    Returns
    -------
    object
        Response body with masked rows.
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
    """Remove secrets from the log records of a library, such as response headers.

    Parameters
    ----------
    name : str
        Name of the library's logger.
    """
    logging.getLogger(name).addFilter(_scrubbed)  # adds the same filter only once


def _scrubbed(record: logging.LogRecord) -> bool:
    record.msg, record.args = scrub(record.getMessage()), None
    return True


def scrub(text: str) -> str:
    """Mask what looks like a secret in a text, such as an invalid response body.

    Parameters
    ----------
    text : str
        Text to mask.

    Returns
    -------
    str
        Text with ``<hidden>`` in place of tokens, keys, cookies, logins and the values of secret
        fields.

    Examples
    --------
    >>> scrub('{"access_token": "eyJhbGciOi", "msg": "Welcome')
    '{"access_token": "<hidden>", "msg": "Welcome'
    """
    return _pattern(_IN_TEXT, re.IGNORECASE | re.DOTALL).sub(_hidden, text)


def hide_keys(text: str) -> str:
    """Mask the text of private keys.

    Parameters
    ----------
    text : str
        Text to mask, such as a message that quotes a value.

    Returns
    -------
    str
        Text with ``<hidden>`` in place of keys.
    """
    if "PRIVATE" in text or "LS0tLS1CRUdJTiB" in text:  # much faster than the expression
        return _pattern(_KEY).sub(HIDDEN, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    """Return what stands before a secret, and a placeholder for the secret."""
    return f"{found[found.lastgroup] if found.lastgroup else ''}{HIDDEN}"
