"""Test that every method of the official client is replayed."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.paths import OFFICIAL_SURFACE

HERE = Path(__file__).parent
OFFICIAL = json.loads(OFFICIAL_SURFACE.read_text())
SURFACE = [
    *OFFICIAL["client"],
    *OFFICIAL["properties"],
    *(f"{name}.{method}" for name, methods in OFFICIAL["resources"].items() for method in methods),
]


def dotted(node: ast.expr) -> str:
    """Return ``client.store.user.list`` in this form; nothing for what is not a chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def used(file: Path) -> Iterator[str]:
    """Yield what a test module uses of its clients, whatever it calls them."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Attribute):
            yield dotted(node).partition(".")[2]


@pytest.mark.parametrize("form", ["_async", "_sync"])
def test_every_official_method_is_replayed(form: str) -> None:
    modules = sorted((HERE / form).glob("test_*.py"))
    replayed = {name for module in modules for name in used(module)}
    assert [name for name in SURFACE if name not in replayed] == []
