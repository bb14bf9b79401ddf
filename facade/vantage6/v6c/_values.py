"""Parse command-line values."""

from __future__ import annotations

import json
from collections.abc import Iterable
from math import isinf
from typing import NoReturn


class ValueParseError(ValueError):
    """A command-line value cannot be parsed; the message shows the expected form."""


# Words that stand for a value in Python or JavaScript, but are text in JSON.
NEAR_JSON = {
    "True": "true",
    "False": "false",
    "None": "null",
    **dict.fromkeys(("NaN", "Infinity", "-Infinity"), "null"),
}


def parse_value(word: str) -> object:
    """Parse JSON; return the text itself if it is not JSON, unless it looks like it."""
    text = word.strip()
    if text in NEAR_JSON:
        raise ValueParseError(
            f"expected {NEAR_JSON[text]}, or '\"{text}\"' for the text, got {text}"
        )
    if text.startswith(("{", "[", '"')):
        return parse_json(text, repr(word))
    try:
        return _load(text)
    except ValueParseError:
        raise
    except (ValueError, RecursionError):
        return word


def parse_pair(word: str) -> tuple[str, object]:
    """Parse NAME=VALUE."""
    name, equals, value = word.partition("=")
    if not (name and equals):
        raise ValueParseError(f"expected NAME=VALUE, such as column_name=age, got {word!r}")
    return name, parse_value(value)


def parse_extraction(word: str) -> tuple[str, str]:
    """Parse LABEL=METHOD."""
    label, _, method = word.partition("=")
    if not (label and method):
        raise ValueParseError(f"expected LABEL=METHOD, such as default=read_csv, got {word!r}")
    return label, method


def parse_json(text: str | bytes, source: str) -> object:
    """Parse a JSON document."""
    try:
        return _load(text)
    except UnicodeDecodeError:
        raise ValueParseError(f"{source}: expected JSON in UTF-8, got other bytes") from None
    except (ValueError, RecursionError) as error:
        raise ValueParseError(f"{source}: expected JSON: {error}") from None


def _load(text: str | bytes) -> object:
    return json.loads(
        text,
        parse_constant=_reject_constant,
        parse_float=_finite,
        object_pairs_hook=unique_pairs,
    )


def unique_pairs(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Create a dict of pairs, each with another name."""
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise ValueParseError(f"{name}: expected one value, got two")
        found[name] = value
    return found


def _finite(number: str) -> float:
    if isinf(value := float(number)):
        raise ValueParseError(f"{number}: expected a number of at most 1.8e308")
    return value


def _reject_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def looks_like_json(word: str) -> bool:
    """Return whether a word is a JSON document rather than a file name."""
    return word.lstrip().startswith(("{", "["))
