"""What `v6c doctor` concludes from what it finds; it looks for nothing itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

# What is off by more makes logins, tokens or certificates look expired.
CLOCK_SECONDS = 60.0
# Versions of servers that the client is tested with: the first and the last of each generation.
TESTED = (((4, 7), (4, 15)), ((5, 0), (5, 0)))
LOOPBACK = re.compile(r"localhost|127\.[\d.]+|::1")


@dataclass(frozen=True)
class Check:
    """One part of a connection: its state, what was found, and what to do."""

    name: str
    state: Literal["ok", "warning", "failure", "unknown"]
    text: str
    remedy: str = ""


def check_tls(url: str, verify: object) -> Check:
    """Return whether a connection that works is a secure one."""
    parts = urlsplit(url)
    if parts.scheme == "https" and verify is False:
        remedy = "set VANTAGE6_CA to the file of the server's certificate authority"
        return Check("tls", "warning", "the certificate is not verified", remedy)
    if parts.scheme == "https":
        return Check("tls", "ok", "the certificate is valid")
    if LOOPBACK.fullmatch(parts.hostname or ""):
        return Check("tls", "ok", "not used on this machine")
    remedy = "use the https address, if the server has one"
    return Check("tls", "warning", "plain http: anyone on the path can read passwords", remedy)


def check_proxy(
    url: str, proxies: Mapping[str, str], chosen: str | Literal[False] | None, *, is_bypassed: bool
) -> Check:
    """Return which proxy is used, without its login; `chosen` is that of the profile."""
    parts = urlsplit(url)
    proxy = chosen or proxies.get(parts.scheme) or proxies.get("all")
    is_local = chosen is None and (is_bypassed or LOOPBACK.fullmatch(parts.hostname or ""))
    if not proxy or chosen is False or is_local:
        return Check("proxy", "ok", "none is used")
    address = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        where = f"{address.scheme}://{address.hostname}:{address.port or ''}".rstrip(":")
    except ValueError:
        where = "an address with an invalid port"
    return Check("proxy", "ok", f"{where} is used")


def check_clock(date: str | None, now: float) -> Check:
    """Compare this machine's clock with the `Date` of a response."""
    try:
        ahead = now - parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, TypeError, OverflowError):
        ahead = None
    if ahead is None:
        return Check("clock", "unknown", "the server does not tell its time")
    if abs(ahead) <= CLOCK_SECONDS:
        return Check("clock", "ok", f"within {CLOCK_SECONDS:.0f} s of the server's")
    side = "ahead of" if ahead > 0 else "behind"
    remedy = "turn on the synchronization of the clock of this machine, or of the server"
    return Check("clock", "warning", f"{abs(ahead):.0f} s {side} the server's", remedy)


def check_versions(client: str, server: str) -> Check:
    """Return whether the client is tested with the server's version."""
    text = f"v6c {client}, server {server}"
    number = re.match(r"(\d+)\.(\d+)", server)
    version = tuple(map(int, number.groups())) if number else None
    if version and any(first <= version <= last for first, last in TESTED):
        return Check("versions", "ok", text)
    ranges = ", ".join(f"{first[0]}.{first[1]} to {last[0]}.{last[1]}" for first, last in TESTED)
    return Check("versions", "warning", text, f"v6c is tested with servers {ranges}")


def check_key(*, has_key: bool, is_registered: bool, needs_key: bool) -> Check | None:
    """Return what is known about the private key without comparing it; None if it is to be."""
    if not has_key and needs_key:
        remedy = "pass --private-key FILE, or set VANTAGE6_PRIVATE_KEY"
        return Check("key", "warning", "none, but a collaboration is encrypted", remedy)
    if not has_key:
        return Check("key", "ok", "none, and no visible collaboration is encrypted")
    if not is_registered:
        remedy = "the next command with this key registers its public key"
        return Check("key", "warning", "the server has no public key of your organization", remedy)
    return None
