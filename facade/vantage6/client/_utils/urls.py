"""Normalize server addresses."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

OWN_PORTS = {"https": 443, "http": 80}


def canonical_url(url: str) -> str:
    """Return the name of a server in the file: its address, written in one way only."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != OWN_PORTS.get(parts.scheme) else ""
    return quote(f"{parts.scheme}://{host}{port}{parts.path}", safe=":/[]%")
