"""Test that the text that users read avoids the words on the list of the style guide."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BANNED = re.compile(
    r"\b(?:whoever|nobody|anew|by way of|lapse[sd]?|everybody's|gives back|told once)\b", re.I
)
# As the first word of a docstring: the verbs of an API are Return, Create, List, Raise, Send, ...
FIRST = re.compile(r"(?:Give|Tell|Say)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def pages() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "openapi" / "README.md"]


def sources() -> list[Path]:
    return [file for file in (ROOT / "facade").rglob("*.py") if "_sync" not in file.parts]


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_page_has_no_banned_word(page: Path) -> None:
    assert BANNED.findall(page.read_text()) == []


@pytest.mark.parametrize("source", sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_source_has_no_banned_word(source: Path) -> None:
    tree = ast.parse(source.read_text())
    # Separate strings that stand side by side are one constant here, so that none hides in two.
    found = [(line, BANNED.findall(text)) for line, text in texts(tree) if BANNED.search(text)]
    assert found == []
    documented = [node for node in ast.walk(tree) if isinstance(node, DOCUMENTED)]
    starts = [(ast.get_docstring(node) or "").lstrip() for node in documented]
    assert [start[:60] for start in starts if FIRST.match(start)] == []


def test_list_is_found() -> None:
    assert BANNED.findall("Nobody told once; it lapsed by way of X.") == [
        *("Nobody", "told once", "lapsed", "by way of"),
    ]
    assert FIRST.match("Give the row.")
    assert not FIRST.match("Given rows.")
