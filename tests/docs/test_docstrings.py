"""Test that public docstrings are complete, and that both clients have the same methods."""

import inspect
from enum import Enum
from typing import Any

import pytest

import vantage6.client
import vantage6.localnet
from tests.support.client_resources import client_resources
from vantage6.client import AsyncClient, Client

GIVEN = ("Returns", "Yields")
CANNOT_FAIL = ("close",)


def public_methods(client: Client | AsyncClient) -> dict[str, Any]:
    """Return every method that users may call, by its dotted name."""
    return {
        f"{name}{member}": method
        for name, owner in client_resources(client)
        for member, method in inspect.getmembers(owner, inspect.ismethod)
        if not member.startswith("_")
    }


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_method_is_documented(kind: type[Client | AsyncClient]) -> None:
    methods = public_methods(kind("http://localhost", 7601, log_level=None))
    assert len(methods) > 90
    for name, method in methods.items():
        manual = inspect.getdoc(method) or ""
        assert "Examples\n--------\n>>> " in manual, name
        parameters = inspect.signature(method).parameters
        described = [line for line in manual.splitlines() if line and not line.startswith(" ")]
        for parameter in parameters:
            assert any(
                parameter in line.split(" : ")[0].replace(",", "").split() for line in described
            ), f"{name}: {parameter}"
        is_async = inspect.iscoroutinefunction(method)
        assert ("await " in manual) == is_async, name
        assert ("Parameters\n----------\n" in manual) == bool(parameters), name
        is_telling = inspect.signature(method).return_annotation != "None"
        assert any(f"{part}\n" + "-" * len(part) in manual for part in GIVEN) == is_telling, name
        assert "Raises\n------\n" in manual or name in CANNOT_FAIL, name


# What people make themselves; errors and rows are made by the client, and members of enums exist.
NOT_MADE = (Exception, list, Enum)
MADE = [
    thing
    for module in (vantage6.client, vantage6.localnet)
    for name in module.__all__
    if inspect.isclass(thing := getattr(module, name)) and not issubclass(thing, NOT_MADE)
]


@pytest.mark.parametrize("kind", MADE)
def test_every_class_documents_its_parameters(kind: type[Any]) -> None:
    lines = [line for line in (inspect.getdoc(kind) or "").splitlines() if " : " in line]
    told = {word for line in lines for word in line.split(" : ")[0].replace(",", "").split()}
    for parameter in inspect.signature(kind).parameters.values():
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            assert parameter.name in told, parameter.name


def test_sync_and_async_have_the_same_methods() -> None:
    sync, other = (
        public_methods(kind("http://localhost", 7601, log_level=None))
        for kind in (Client, AsyncClient)
    )
    assert sync.keys() == other.keys()
    for name, method in sync.items():
        parameters = inspect.signature(method).parameters
        assert list(parameters) == list(inspect.signature(other[name]).parameters), name
