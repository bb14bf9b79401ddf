"""Test the site that `nox -s docs` has built.

Every link has a target, nothing is loaded from elsewhere, and the reference is complete.
"""

import inspect
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest

import vantage6.client
import vantage6.localnet
from tests.support.paths import ROOT
from vantage6.client import Client

SITE = ROOT / "site"
# Tags that make a browser fetch something, and where they say what.
FETCHING = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}


class Page(HTMLParser):
    """What a page is called by, links to, and fetches."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.name = path.relative_to(SITE).as_posix()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if FETCHING.get(tag) in given:
            self.fetched.add(given[FETCHING[tag]])


@pytest.fixture(scope="module")
def site() -> dict[str, Page]:
    found = {page.name: page for page in map(Page, SITE.glob("**/*.html"))}
    assert "index.html" in found, "nothing is built: nox -s docs"
    return found


def inside(page: Page, addresses: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the addresses that are on the site, as page and anchor."""
    for address in addresses:
        if not urlsplit(address).scheme and not address.startswith("//"):
            target, anchor = urldefrag(urljoin(page.name, address))
            yield unquote(target).removeprefix("/") or page.name, unquote(anchor)


def test_every_link_has_a_target(site: dict[str, Page]) -> None:
    dead = [
        f"{page.name}: {target}#{anchor}"
        for page in site.values()
        if page.name != "404.html"  # it does not know where it stands
        for target, anchor in inside(page, page.links | page.fetched)
        if not (SITE / target).exists()
        or (anchor and target in site and anchor not in site[target].anchors)
    ]
    assert not dead, "\n".join(dead)


def test_no_external_resources_are_loaded(site: dict[str, Page]) -> None:
    for page in site.values():
        for address in page.fetched:
            assert not urlsplit(address).netloc, f"{page.name}: {address}"
        # The theme would load the library for these from elsewhere.
        assert 'class="mermaid"' not in (SITE / page.name).read_text(), page.name
    for sheet in SITE.glob("**/*.css"):
        text = sheet.read_text()
        assert "url(http" not in text, sheet
        assert "@import" not in text, sheet


def methods_of(owner: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the client's methods and those of its resources, with where they are written."""
    for member, method in inspect.getmembers(owner, inspect.ismethod):
        if not member.startswith("_"):
            # What is public stands under its public name, and resources where they are written.
            public = type(owner).__name__ in vantage6.client.__all__
            home = "vantage6.client" if public else type(owner).__module__
            yield f"client.{name}{member}", f"{home}.{type(owner).__name__}.{method.__name__}"
    for member, value in vars(owner).items():
        if not member.startswith("_"):
            yield from methods_of(value, f"{name}{member}.")


def test_reference_is_complete(site: dict[str, Page]) -> None:
    there = {anchor for page in site.values() for anchor in page.anchors}
    methods = dict(methods_of(Client("http://localhost", 7601, log_level=None)))
    assert len(methods) > 90
    for name, place in methods.items():
        assert place in there, name
    for module in (vantage6.client, vantage6.localnet):
        for name in module.__all__:
            thing = getattr(module, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                name = thing.__name__  # UserClient is another word for Client
                assert {f"{module.__name__}.{name}", f"{thing.__module__}.{name}"} & there, name


def test_site_shows_its_logo_and_version() -> None:
    text = (SITE / "index.html").read_text()
    assert "assets/logo.svg" in text
    assert f"vantage6-sdk {version('vantage6-sdk')}" in text
