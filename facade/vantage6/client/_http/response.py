"""The client's own form of a response of the HTTP library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

# A count with more digits than this is not valid.
MAX_COUNT_DIGITS = 18


@dataclass(frozen=True)
class Response:
    """The response to a request."""

    method: str
    url: str
    status: int
    content: bytes = field(repr=False)
    location: str | None = None
    total: int | None = None
    date: str | None = None
    may_have_arrived: bool = False  # an earlier attempt of the same request


def parse_count(header: str) -> int | None:
    """Parse the header with the total number of rows."""
    is_number = header.isascii() and header.isdigit() and len(header) <= MAX_COUNT_DIGITS
    return int(header) if is_number else None


def json_or_text(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content.decode(errors="replace")


def message_in(body: object) -> str | None:
    if isinstance(body, Mapping):
        fields = cast("Mapping[str, object]", body)
        for name in ("msg", "message"):
            if isinstance(fields.get(name), str):
                return str(fields[name]).strip()
    return None
