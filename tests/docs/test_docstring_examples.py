"""Test that docstring examples call existing methods with valid arguments."""

import ast
import doctest
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.official_surface import SURFACE as OFFICIAL
from tests.support.paths import ROOT
from vantage6.client import AsyncClient, Client

from .test_docstrings import public_methods

TYPING = ROOT / "tests/unit/typing/every_method.py"


def methods(kind: type[Client | AsyncClient]) -> dict[str, Any]:
    return public_methods(kind("http://localhost", 7601, log_level=None))


def examples(manual: str) -> Iterator[ast.Module]:
    """Parse each example, those with ``await`` at the top too."""
    for example in doctest.DocTestParser().get_examples(manual):
        yield compile(  # type: ignore[misc]
            example.source,
            "<example>",
            "exec",
            ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )


def chain(node: ast.expr) -> str:
    """Return ``client.store.user.list`` in this form; nothing for what is not a chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (owner := chain(node.value)):
        return f"{owner}.{node.attr}"
    return ""


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of a client, with the method's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            owner, _, name = chain(node.func).partition(".")
            if name and owner in ("client", "root", "admin", "Client", "AsyncClient"):
                yield name, node


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_examples_call_existing_methods_correctly(
    kind: type[Client | AsyncClient],
) -> None:
    known = methods(kind)
    for name, method in known.items():
        own = False
        for tree in examples(inspect.getdoc(method) or ""):
            awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
            for called, call in calls(tree):
                assert called in known, f"{name}: there is no client.{called}"
                own = own or known[called].__func__ is method.__func__
                given = inspect.signature(known[called])
                keywords = {word.arg: None for word in call.keywords if word.arg}
                if not any(isinstance(a, ast.Starred) for a in call.args):
                    given.bind(*call.args, **keywords)
                is_async = inspect.iscoroutinefunction(known[called])
                assert (id(call) in awaited) == is_async, f"{name}: client.{called}"
        assert own, f"{name}: its example is of something else"


def test_typing_program_calls_every_method() -> None:
    program = ast.parse(TYPING.read_text())
    awaited = {id(node.value) for node in ast.walk(program) if isinstance(node, ast.Await)}
    checked = {(name, id(call) in awaited) for name, call in calls(program)}
    for resource, theirs in OFFICIAL["resources"].items():
        for name in theirs:
            for is_async in (False, True):
                assert (f"{resource}.{name}", is_async) in checked
