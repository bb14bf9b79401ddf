"""Parse command-line values."""

from __future__ import annotations

import json
from typing import NoReturn


class ValueParseError(ValueError):
    """A command-line value cannot be parsed; the message shows the expected form."""


def parse_value(word: str) -> object:
    """Parse JSON; return the text itself if it is not JSON."""
    try:
        return json.loads(word, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        return word


def parse_pair(word: str) -> tuple[str, object]:
    """Parse NAME=VALUE."""
    name, equals, value = word.partition("=")
    if not (name and equals):
        raise ValueParseError(f"expected NAME=VALUE, such as column_name=age, got {word!r}")
    return name, parse_value(value)


def parse_json(text: str | bytes, source: str) -> object:
    """Parse a JSON document."""
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise ValueParseError(f"{source}: expected JSON: {error}") from None


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def looks_like_json(word: str) -> bool:
    """Return whether a word is a JSON document rather than a file name."""
    return word.lstrip().startswith(("{", "["))
