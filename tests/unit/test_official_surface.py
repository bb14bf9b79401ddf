"""Test that the client has the methods, modules and attributes of the official one."""

import inspect
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

import pytest

from tests.support.official_surface import OFFICIAL_NAMES
from tests.support.official_surface import SURFACE as OFFICIAL
from tests.support.paths import ROOT
from vantage6.client import AsyncClient, Client

# A line of the page, "- `task.list(page)`: 1 is None. Why.": what it is about, and what differs.
LINE = re.compile(r"^- `(?P<place>[^`]+)`: (?P<what>.+?)\. (?P<why>.+)$")


def section(title: str) -> str:
    """Return a section of the page of differences."""
    page = (ROOT / "docs" / "differences.md").read_text()
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def listed(title: str = "Names and defaults") -> set[tuple[str, str]]:
    """Return the differences that a section lists: where they are, and what differs."""
    lines = section(title).splitlines()
    found = [LINE.match(line) for line in lines if line.startswith("- ")]
    assert all(found), [line for line in lines if line.startswith("- ") and not LINE.match(line)]
    return {(match["place"], match["what"]) for match in found if match}


def described() -> Iterator[tuple[str, list[list[str]], list[str]]]:
    """Yield each official method: its dotted name, its parameters, and those it takes by name."""
    yield "Client", OFFICIAL["constructor"], []
    for name, method in OFFICIAL["client"].items():
        yield name, method["parameters"], []
    for resource, methods in OFFICIAL["resources"].items():
        for name, method in methods.items():
            yield f"{resource}.{name}", method["parameters"], method.get("post_filters", [])


def find(client: object, name: str) -> Any:
    """Return a method by its dotted name, or None."""
    if name == "Client":
        return type(client)
    for part in name.split("."):
        client = getattr(client, part, None)
    return client


def default(parameter: inspect.Parameter) -> str | None:
    return None if parameter.default is parameter.empty else repr(parameter.default)


def differences(client: object) -> Iterator[tuple[str, str]]:
    """Compare each method: which parameter of which method differs, and how."""
    for name, theirs, by_name in described():
        method = find(client, name)
        if method is None:
            yield name, "is missing"
            continue
        parameters = inspect.signature(method).parameters.values()
        ours = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        if [p.name for p in ours] != [parameter for parameter, *_ in theirs]:
            yield name, f"has {', '.join(p.name for p in ours)}"
            continue
        for mine, (parameter, *value) in zip(ours, theirs, strict=True):
            before, now = value[0] if value else None, default(mine)
            if before != now:
                yield f"{name}({parameter})", f"{before or 'required'} is {now or 'required'}"
        known = {p.name for p in parameters}
        for parameter in by_name:
            if parameter not in known:
                yield f"{name}({parameter})", "is missing"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_only_listed_differences_from_the_official_client(
    kind: type[Client | AsyncClient],
) -> None:
    page = listed()
    used: set[tuple[str, str]] = set()
    for place, what in differences(kind("http://localhost", 7601, log_level=None)):
        lines = [line for line in page if fnmatchcase(place, line[0]) and what == line[1]]
        assert lines, f"docs/differences.md does not list: {place}: {what}"
        used.update(lines)
    assert used == page, "docs/differences.md lists what no longer differs"


@pytest.mark.parametrize("name", OFFICIAL["properties"])
def test_every_property_exists(name: str) -> None:
    assert isinstance(inspect.getattr_static(Client, name), property)


def test_official_surface_is_complete() -> None:
    assert sum(1 for name, *_ in described() if "." in name) == 84


def missing_names() -> Iterator[tuple[str, str]]:
    """Yield the modules of the official package, and the names in them, that do not exist here."""
    for module, names in OFFICIAL_NAMES["modules"].items():
        try:
            ours = import_module(module)
        except ModuleNotFoundError:
            yield module, "is missing"
            continue
        for name in names:
            if not hasattr(ours, name):
                yield f"{module}.{name}", "is missing"


def test_only_listed_modules_and_names_are_missing() -> None:
    page, used = listed("Modules and attributes"), set[tuple[str, str]]()
    for place, what in missing_names():
        lines = [line for line in page if fnmatchcase(place, line[0]) and what == line[1]]
        assert lines, f"docs/differences.md does not list: {place}: {what}"
        used.update(lines)
    assert used == page, "docs/differences.md lists what no longer differs"


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_every_attribute_exists(kind: type[Client | AsyncClient]) -> None:
    client = kind("http://localhost", 7601, log_level=None)
    for name in OFFICIAL_NAMES["attributes"]:
        assert name in vars(client) or isinstance(inspect.getattr_static(kind, name), property)


def test_every_difference_of_behavior_has_a_test() -> None:
    lines = re.split(r"\n(?=- )", section("Behavior").strip())
    assert len(lines) >= 25
    for line in lines:
        named = re.findall(r"([\w/]+\.py)::(test_\w+)", line.partition("<!-- ")[2])
        assert named, line
        for file, name in named:
            source = (ROOT / "tests" / file).read_text()
            assert re.search(rf"def {name}\(", source), f"{file}::{name}"
