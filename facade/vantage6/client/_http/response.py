"""The client's own form of a response of the HTTP library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from .large_texts import LargeTexts

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
    texts: LargeTexts | None = field(default=None, repr=False)  # those that are not in `content`

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.content) + (self.texts.size if self.texts else 0)


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
