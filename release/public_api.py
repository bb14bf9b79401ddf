"""Compare the public API to the last release: `python release/public_api.py [TAG]`."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import griffe
from check import project_version, run_git
from packaging.version import Version

PACKAGES = ("vantage6.client", "vantage6.localnet")
SOURCES = ("facade", "generated")


def public_objects(package: griffe.Module) -> dict[str, griffe.Object]:
    """Return the exported objects and the resources of the clients by path."""
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


def breaking_changes(
    tag: str, repository: Path, packages: Sequence[str] = PACKAGES
) -> Iterator[str]:
    """Yield the breaking changes since a tag."""
    search = [str(repository / source) for source in SOURCES]
    for name in packages:
        before = public_objects(
            griffe.load_git(name, ref=tag, repo=repository, search_paths=SOURCES)
        )
        now = public_objects(griffe.load(name, search_paths=search))
        yield from (f"{path} was removed" for path in before if path not in now)
        for path in before.keys() & now.keys():
            yield from changed_types(before[path], now[path])
        # griffe compares whole modules; the results are filtered by the public paths.
        pairs = {
            thing.module.path: (thing.module, now[path].module)
            for path, thing in before.items()
            if path in now
        }
        paths = tuple(f"{thing.path}." for thing in before.values())
        for one, other in pairs.values():
            for found in griffe.find_breaking_changes(one, other):
                if f"{found.obj.path}.".startswith(paths):
                    yield re.sub(r"\x1b\[\d*m", "", found.explain())  # remove colors


def changed_types(before: griffe.Object, now: griffe.Object) -> Iterator[str]:
    """Yield what griffe leaves out: bases of classes, `async`, types of parameters and values."""
    path = before.path
    if isinstance(before, griffe.Class) and isinstance(now, griffe.Class):
        for gone in [base for base in map(str, before.bases) if base not in map(str, now.bases)]:
            yield f"{path}: Base class was removed: {gone}"
        for name, old in before.members.items():
            new = now.members.get(name)
            is_public = name == "__init__" or not name.startswith("_")
            if is_public and new is not None and not (old.is_alias or new.is_alias):
                yield from changed_types(old, new)  # type: ignore[arg-type]
    if isinstance(before, griffe.Function) and isinstance(now, griffe.Function):
        for label in sorted({"async", "property"} & (before.labels ^ now.labels)):
            yield f"{path}: {label} was {'removed' if label in before.labels else 'added'}"
        for parameter in before.parameters:
            if parameter.name in now.parameters:
                old, new = parameter.annotation, now.parameters[parameter.name].annotation
                if not kinds(old) <= kinds(new):  # accepting more breaks no one
                    yield f"{path}({parameter.name}): Type was changed: {old} -> {new}"
        if not kinds(now.returns) <= kinds(before.returns):
            yield f"{path}: Type of the result was changed: {before.returns} -> {now.returns}"
    if isinstance(before, griffe.Attribute) and isinstance(now, griffe.Attribute):
        old, new = before.annotation, now.annotation
        if not kinds(new) <= kinds(old):
            yield f"{path}: Type was changed: {old} -> {new}"


def kinds(annotation: object) -> set[str]:
    """Return the alternatives of an annotation, such as `str | None`."""
    parts, depth = [""], 0
    for character in str(annotation):
        depth += (character in "[(") - (character in "])")
        if character == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return {part.strip() for part in parts}


def allows_breaking_changes(version: str, tag: str) -> bool:
    """Return whether semantic versioning allows breaking changes after a tag."""
    now, before = Version(version).release, Version(tag).release
    return now[:2] > before[:2] if before[0] == 0 else now[0] > before[0]


def main(tag: str | None, repository: Path) -> None:
    """Compare the public API to a tag, by default that of the last release."""
    tags = sorted(run_git("tag", "--list", "v*", "--merged", "HEAD"), key=Version)
    tag = tag or (tags[-1] if tags else None)
    if tag is None:
        print("no release yet: nothing to compare the public API to")
        return
    version = project_version()
    found = list(breaking_changes(tag, repository))
    for line in found:
        print(line)
    print(f"{len(found)} breaking changes since {tag}")
    if found and not allows_breaking_changes(version, tag):
        sys.exit(
            f"version {version} does not allow breaking changes since {tag}. Increase the version."
        )


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None, Path(__file__).parents[1])
