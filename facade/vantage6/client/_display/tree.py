"""Draw a tree as plain text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from .._utils.text import sanitize

# A title, and the branches below it.
Branch: TypeAlias = "tuple[str, Sequence[Any]]"


def draw_tree(title: str, branches: Sequence[Branch]) -> str:
    """Return the lines of a tree."""
    return "\n".join([sanitize(title), *_lines(branches, "")])


def _lines(branches: Sequence[Branch], indent: str) -> Iterator[str]:
    for index, (title, below) in enumerate(branches):
        is_last = index == len(branches) - 1
        yield f"{indent}{'└── ' if is_last else '├── '}{sanitize(title)}"
        yield from _lines(below, f"{indent}{'    ' if is_last else '│   '}")
