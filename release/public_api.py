"""Compares what users import with the last release: `python release/public_api.py [TAG]`."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import griffe
from check import git, version_here
from packaging.version import Version

PACKAGES = ("vantage6.client", "vantage6.localnet")
SOURCES = ("facade", "generated")


def public(package: griffe.Module) -> dict[str, griffe.Object]:
    """Give what users meet, by its path: what is exported, and the resources of the clients."""
    found = [
        (f"{package.path}.{name}", package.members.get(name)) for name in package.exports or ()
    ]
    for form in ("_async", "_sync"):
        if form in package.modules:
            inner = package.modules[form].modules
            resources = inner["resources"].modules.values() if "resources" in inner else ()
            modules = [inner["client"], *resources]
            classes = [one for module in modules for one in module.classes.values()]
            found += [(one.path, one) for one in classes if not one.is_alias]
    there: dict[str, griffe.Object] = {}
    for path, thing in found:
        with suppress(griffe.AliasResolutionError):
            if thing is not None and (target := thing.final_target if thing.is_alias else thing):
                there[path] = target
    return there


def breaks(tag: str, repository: Path, packages: Sequence[str] = PACKAGES) -> Iterator[str]:
    """Tell what a program may miss that was written for a tag."""
    search = [str(repository / source) for source in SOURCES]
    for name in packages:
        before = public(griffe.load_git(name, ref=tag, repo=repository, search_paths=SOURCES))
        now = public(griffe.load(name, search_paths=search))
        yield from (f"{path} was removed" for path in before if path not in now)
        # Compared are the modules that they are in; what else is there is nobody's concern.
        pairs = {
            thing.module.path: (thing.module, now[path].module)
            for path, thing in before.items()
            if path in now
        }
        paths = tuple(f"{thing.path}." for thing in before.values())
        for one, other in pairs.values():
            for found in griffe.find_breaking_changes(one, other):
                if f"{found.obj.path}.".startswith(paths):
                    yield re.sub(r"\x1b\[\d*m", "", found.explain())  # it is colored


def may_break(version: str, tag: str) -> bool:
    """Tell whether a version may do without what an earlier one had (Semantic Versioning)."""
    now, before = Version(version).release, Version(tag).release
    return now[:2] > before[:2] if before[0] == 0 else now[0] > before[0]


def main(tag: str | None, repository: Path) -> None:
    """Compare with a tag, by default with the last release."""
    tags = sorted(git("tag", "--list", "v*", "--merged", "HEAD"), key=Version)
    tag = tag or (tags[-1] if tags else None)
    if tag is None:
        print("there is no release yet: the public API is compared with nothing")
        return
    version = version_here()
    found = list(breaks(tag, repository))
    for line in found:
        print(line)
    print(f"{len(found)} breaking changes since {tag}")
    if found and not may_break(version, tag):
        sys.exit(f"version {version} may not break what {tag} had: raise it, or give it back")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None, Path(__file__).parents[1])
