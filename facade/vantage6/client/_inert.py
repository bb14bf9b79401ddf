"""Text that someone else wrote, made harmless before it is shown (pure).

Names, logs and the server's own words may hold what steers a terminal, hides text or turns it
around. All that is printed or logged goes through here: rows by `_display`, progress and log lines
by `_drawing`, errors by the root of their tree, and messages by the filter of the client's logger.
"""

from __future__ import annotations


def inert(text: str) -> str:
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


def inert_lines(text: str) -> str:
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
    return "\n".join(map(inert, text.split("\n")))
