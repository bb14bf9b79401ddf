"""Normalize server addresses."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

DEFAULT_PORTS = {"https": 443, "http": 80}


def canonical_url(url: str) -> str:
    """Return the canonical form of a server address."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != DEFAULT_PORTS.get(parts.scheme) else ""
    return quote(f"{parts.scheme}://{host}{port}{parts.path}", safe=":/[]%")
