"""Make text from other parties safe to show: no terminal control codes, no hidden characters.

Names, logs and the server's own words may hold what steers a terminal, hides text or turns it
around. All that is printed or logged goes through here: rows by `_display`, progress and log lines
by `_drawing`, errors by the root of their tree, and messages by the filter of the client's logger.
"""

from __future__ import annotations

from unicodedata import category, east_asian_width


def sanitize(text: str) -> str:
    """Create text that cannot steer a terminal, hide or turn around what stands beside it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def sanitize_lines(text: str) -> str:
    """Do the same as `inert`, but keep the lines of a text that has several."""
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(sanitize, text.split("\n")))


ELLIPSIS = "…"


# -- text ------------------------------------------------------------------------------------------
def display_width(text: str) -> int:
    """Count the columns that a text takes in a terminal."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def truncate(text: str, width: int) -> str:
    """Cut a text that is too wide, and mark it as cut."""
    if display_width(text) <= width:
        return text
    kept, left = "", width - 1
    for character in text:
        left -= _char_width(character)
        if left < 0:
            break
        kept += character
    return kept + ELLIPSIS
