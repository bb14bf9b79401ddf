"""Test that the page of messages has each public error class, with words that the client uses."""

import ast
import inspect
import os
import re
from functools import cache
from pathlib import Path

import pytest

from vantage6.client import errors

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| `(.+?)` \| (`.+?`) \| .+ \|$", re.MULTILINE)
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
ROWS = ROW.findall(PAGE)
CLASSES = {
    name
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.Vantage6Error) and not name.startswith("_")
}


@cache
def source() -> str:
    """Return all texts of the client; what is filled in is "…"."""
    texts: list[str] = [os.strerror(2), "You lack the permission"]  # of the system, of servers
    for file in (ROOT / "facade" / "vantage6" / "client").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "…" for p in node.values)
                texts.append("".join(map(str, parts)))
    return "\n".join(texts)


@pytest.mark.parametrize("message", [message for message, _ in ROWS])
def test_words_of_the_message_are_those_of_the_client(message: str) -> None:
    wanted = re.sub(r"returned \d{3}: ", "returned … ", message)
    parts = [part.strip(" ,:;.") for part in wanted.split("…")]
    assert any(parts)
    assert [part for part in parts if part not in source()] == []


def test_each_error_class_has_a_message() -> None:
    named = {name for _, kinds in ROWS for name in re.findall(r"\w+Error", kinds)}
    assert named <= CLASSES
    assert CLASSES - named == {"Vantage6Error", "TransportError"}
    assert {name for name in CLASSES if name not in PAGE} == set()
