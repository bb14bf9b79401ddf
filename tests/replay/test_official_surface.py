"""Test that every method of the official client is replayed."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import OFFICIAL_SURFACE

HERE = Path(__file__).parent
SURFACE_5 = json.loads(OFFICIAL_SURFACE.with_name("official-surface-5.0.3.json").read_text())
OFFICIAL = json.loads(OFFICIAL_SURFACE.read_text())


def names(surface: Any) -> list[str]:
    """Return the methods and properties of an official client."""
    resources = surface["resources"].items()
    methods = [f"{resource}.{name}" for resource, found in resources for name in found]
    return [*surface["client"], *surface["properties"], *methods]


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
@pytest.mark.parametrize(
    ("surface", "files"), [(OFFICIAL, "test_*.py"), (SURFACE_5, "test_hq*.py")], ids=["4", "5"]
)
def test_every_official_method_is_replayed(form: str, surface: Any, files: str) -> None:
    modules = sorted((HERE / form).glob(files))
    replayed = {name for module in modules for name in used(module)}
    assert [name for name in names(surface) if name not in replayed] == []
