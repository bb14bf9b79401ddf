"""The pages of the documentation and their code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.support.paths import ROOT

TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "openapi/README.md")
# Languages of code blocks: programs, their output, commands, settings.
KINDS = ("python", "pycon", "text", "sh", "ini", "toml", "yaml", "json")
COMMENT = re.compile(r"<!-- (not run|checked by|run by):? (.+?) -->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code on a page.

    Attributes
    ----------
    page : str
        The page, as a path in the repository.
    line : int
        The line of the page on which it begins.
    section : str
        The heading above it, of the first or second level.
    kind : str
        Its language; ``"indented"`` where it is a block without fences.
    code : str
        What is in it.
    mark, reason : str
        Why it is not run: a comment ``<!-- not run: REASON -->``, or
        ``<!-- checked by FILE -->``, right before it; empty where there is none.
    """

    page: str
    line: int
    section: str
    kind: str
    code: str
    mark: str = ""
    reason: str = ""

    @property
    def place(self) -> str:
        """Return page and line in the format of editors."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """List all pages: those of the site, and those at other places of the repository."""
    docs = (path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md"))
    return sorted([*docs, *(page for page in TOP if (ROOT / page).exists())])


def blocks(page: str, text: str | None = None) -> list[Block]:
    """Return the code blocks of a page."""
    if text is None:
        text = (ROOT / page).read_text()
    return list(_blocks(page, MarkdownIt("commonmark").parse(text)))


def _blocks(page: str, tokens: list[Token]) -> Iterator[Block]:
    section = ""
    mark = reason = ""
    heading = False
    for token in tokens:
        if token.type == "heading_open":
            heading = token.tag in ("h1", "h2")
        elif token.type == "inline" and heading:
            section, heading = token.content, False
        elif token.type == "html_block" and (found := COMMENT.match(token.content.strip())):
            mark, reason = found.groups()
            continue
        elif token.type in ("fence", "code_block"):
            kind = token.info.strip() if token.type == "fence" else "indented"
            line = (token.map or [0])[0] + 1
            yield Block(page, line, section, kind, token.content, mark, " ".join(reason.split()))
        mark = reason = ""
