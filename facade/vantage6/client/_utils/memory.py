"""The memory that JSON takes once it is decoded."""

from __future__ import annotations

# Upper limits for CPython, over the bytes of the text: a number, a text or a list takes at most 64
# bytes and an object 192, with its place in the list or object around it.
VALUE_BYTES = 64
OBJECT_BYTES = 192


def decoded_size(text: str | bytes) -> int:
    """Return the most bytes that a part of a JSON text can take in memory once it is decoded."""
    if isinstance(text, str):
        values, objects = text.count(",") + text.count("["), text.count("{")
    else:
        values, objects = text.count(b",") + text.count(b"["), text.count(b"{")
    return len(text) + values * VALUE_BYTES + objects * OBJECT_BYTES
