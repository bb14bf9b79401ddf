"""Make text from other parties safe to show: no terminal control codes, no hidden characters."""

from __future__ import annotations

from unicodedata import category, east_asian_width


def sanitize(text: str) -> str:
    """Make text that cannot steer a terminal, hide or turn around what stands beside it.

    Parameters
    ----------
    text : str
        Any text, such as a name that someone else chose.

    Returns
    -------
    str
        One line of printable characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def sanitize_lines(text: str) -> str:
    """Do as `inert`, but keep the lines of a text that has several.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Its lines, of printable characters.
    """
    if text.isascii() and text.isprintable():
        return text
    return "\n".join(map(sanitize, text.split("\n")))


ELLIPSIS = "…"


# -- text ------------------------------------------------------------------------------------------
def display_width(text: str) -> int:
    """Count the columns that a text takes in a terminal.

    Parameters
    ----------
    text : str
        Printable text.

    Returns
    -------
    int
        Two for each wide character, none for a mark above or below another.
    """
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def _char_width(character: str) -> int:
    if category(character) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(character) in ("W", "F") else 1


def truncate(text: str, width: int) -> str:
    """Cut a text that is too wide, and mark it as cut.

    Parameters
    ----------
    text : str
        Printable text.
    width : int
        How many columns it may take, 1 at least.

    Returns
    -------
    str
        The text, or its beginning and "…".
    """
    if display_width(text) <= width:
        return text
    kept, left = "", width - 1
    for character in text:
        left -= _char_width(character)
        if left < 0:
            break
        kept += character
    return kept + ELLIPSIS
