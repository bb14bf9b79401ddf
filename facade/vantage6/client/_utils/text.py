"""Make text from other parties safe to show: no terminal control codes, no hidden characters.

Names, logs and the server's messages can contain control codes, line breaks, and characters that
hide or reverse text. Everything that is printed or logged is sanitized here, before lines are
composed of it: tables by `_rows`, progress and log lines by `_waiting` and `_display`, errors by
their base class, and log messages by the filter of the client's logger.
"""

from __future__ import annotations

from collections.abc import Iterable
from unicodedata import category, east_asian_width, normalize


def sanitize(text: str) -> str:
    """Replace line breaks, and characters that control a terminal, or hide or reverse text."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def sanitize_lines(text: str) -> str:
    """Sanitize each line of a text."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(sanitize, text.split("\n")))


# Maximum characters of a name to fold: the time of the normalization can grow with the square of
# the length. Longer names are compared as they are.
MAX_FOLDED = 1000


def fold_name(name: str) -> str:
    """Return a name without differences of case, outer spaces or the encoding of accents."""
    if len(name) > MAX_FOLDED:
        return name
    return normalize("NFC", name).strip().casefold()


def suggest(name: object, known: Iterable[str]) -> str:
    """Return a hint for an unknown name: the known ones that are similar, or all."""
    from difflib import get_close_matches  # rarely needed

    folded = {fold_name(each): each for each in known}
    close = get_close_matches(fold_name(str(name)), folded, n=2)
    if close:
        return f"Did you mean {' or '.join(repr(folded[each]) for each in close)}?"
    return f"Use one of: {', '.join(folded.values())}."


ELLIPSIS = "…"


# -- width -----------------------------------------------------------------------------------------
def display_width(text: str) -> int:
    """Return the width of a text in a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def truncate(text: str, width: int) -> str:
    """Cut a text to a width, and mark the cut with an ellipsis."""
    if display_width(text) <= width:
        return text
    kept, remaining = "", width - 1
    for character in text:
        remaining -= _char_width(character)
        if remaining < 0:
            break
        kept += character
    return kept + ELLIPSIS
