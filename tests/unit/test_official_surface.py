"""Test that the client has the methods, modules and attributes of the official one."""

import inspect
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any

import pytest

from tests.support.official_surface import OFFICIAL_NAMES, SURFACE_5
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


def described(surface: Any) -> Iterator[tuple[str, list[list[str]], list[str]]]:
    """Yield each official method: its dotted name, its parameters, and those it takes by name."""
    yield "Client", surface["constructor"], []
    for name, method in surface["client"].items():
        yield name, method["parameters"], []
    for resource, methods in surface["resources"].items():
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


def differences(client: object, surface: Any) -> Iterator[tuple[str, str]]:
    """Compare each method: which parameter of which method differs, and how."""
    for name, theirs, by_name in described(surface):
        method = find(client, name)
        if method is None:
            yield name, "is missing"
            continue
        known = inspect.signature(method).parameters
        order = [p.name for p in known.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        if surface is SURFACE_5:
            order = [*getattr(method, "positions_of_5", order)]
            if more := order[len(theirs) :]:  # positions of version 4 that version 5 lacks
                yield name, f"takes also {', '.join(more)}"
                order = order[: len(theirs)]
        if order != [parameter for parameter, *_ in theirs]:
            yield name, f"has {', '.join(order)}"
            continue
        for parameter, *value in theirs:
            before, now = value[0] if value else None, default(known[parameter])
            if before != now:
                yield f"{name}({parameter})", f"{before or 'required'} is {now or 'required'}"
        for parameter in by_name:
            if parameter not in known:
                yield f"{name}({parameter})", "is missing"


GENERATIONS = [
    (OFFICIAL, "Names and defaults", {"host": "http://localhost", "port": 7601}),
    (
        SURFACE_5,
        "Names and defaults of version 5",
        {"hq_url": "https://hq", "auth_url": "https://a"},
    ),
]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(("surface", "title", "address"), GENERATIONS, ids=["4.15.2", "5.0.3"])
def test_only_listed_differences_from_the_official_client(
    kind: type[Client | AsyncClient], surface: Any, title: str, address: dict[str, Any]
) -> None:
    page = listed(title)
    used: set[tuple[str, str]] = set()
    for place, what in differences(kind(**address, log_level=None), surface):
        lines = [line for line in page if fnmatchcase(place, line[0]) and what == line[1]]
        assert lines, f"docs/differences.md does not list: {place}: {what}"
        used.update(lines)
    assert used == page, "docs/differences.md lists what no longer differs"


@pytest.mark.parametrize("name", sorted({*OFFICIAL["properties"], *SURFACE_5["properties"]}))
def test_every_property_exists(name: str) -> None:
    assert isinstance(inspect.getattr_static(Client, name), property)


def test_official_surface_is_complete() -> None:
    assert sum(1 for name, *_ in described(OFFICIAL) if "." in name) == 84
    assert sum(1 for name, *_ in described(SURFACE_5) if "." in name) == 93
    assert len(SURFACE_5["client"]) == 12
    assert len(SURFACE_5["resources"]) == 20


def test_only_listed_exports_of_version_5_are_missing() -> None:
    import vantage6.client as ours

    page = {place for place, what in listed("Modules and attributes") if what == "is missing"}
    missing = [name for name in SURFACE_5["exports"] if not hasattr(ours, name)]
    for name in missing:
        assert any(fnmatchcase(f"vantage6.client.{name}", place) for place in page), name


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
        assert name in dir(client)


def test_every_difference_of_behavior_has_a_test() -> None:
    lines = re.split(r"\n(?=- )", section("Behavior").strip())
    assert len(lines) >= 25
    for line in lines:
        named = re.findall(r"([\w/]+\.py)::(test_\w+)", line.partition("<!-- ")[2])
        assert named, line
        for file, name in named:
            source = (ROOT / "tests" / file).read_text()
            assert re.search(rf"def {name}\(", source), f"{file}::{name}"
