"""Checks a wheel and an sdist, and what is told of them: `python release/check.py FOLDER`."""

import re
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.version import Version

HERE = Path(__file__).parents[1]
LARGEST = 2_000_000
MOST_DEPENDENCIES = 5
# What an sdist has beside the sources: enough to build the wheel, and to know what it is.
OF_SDIST = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
# A module of the namespace itself would hide what other distributions have in it.
STRAY = r"(^|/)(tests?|__pycache__)/|\.pyc$|^vantage6/[^/]+$"
HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


# -- what is in the files -----------------------------------------------------------------------
def of_wheel(file: Path, version: str) -> Iterator[str]:
    """Tell what is wrong with a wheel."""
    if (size := file.stat().st_size) > LARGEST:
        yield f"{file.name} has {size:,} bytes; at most {LARGEST:,} are allowed"
    about = f"vantage6_sdk-{version}.dist-info"
    with ZipFile(file) as wheel:
        names = set(wheel.namelist())
        if f"{about}/METADATA" not in names:
            yield f"{file.name} is not of version {version}, which pyproject.toml says"
            return
        metadata = message_from_bytes(wheel.read(f"{about}/METADATA"))
    yield from of_names(names, about)
    yield from of_dependencies(metadata.get_all("Requires-Dist", []))
    if metadata["License-Expression"] != "Apache-2.0":
        yield f"the license is given as {metadata['License-Expression']!r}"


def of_names(names: Iterable[str], about: str) -> Iterator[str]:
    """Tell which files should not be in a wheel, or are missing."""
    names = set(names)
    packages = {name.split("/")[1] for name in names if re.match("vantage6/.+/", name)}
    for package in sorted(packages):
        if not any(re.fullmatch(rf"vantage6/{package}/(\w+/)?py\.typed", name) for name in names):
            yield f"vantage6/{package} has no py.typed"
    if f"{about}/licenses/LICENSE" not in names:
        yield "the wheel lacks its LICENSE"
    for name in sorted(names):
        is_inside = name.startswith(("vantage6/", f"{about}/"))
        if not is_inside or re.search(STRAY, name):
            yield f"{name} has no place in the wheel"


def of_dependencies(requirements: Sequence[str]) -> Iterator[str]:
    """Tell which dependencies are too many, or not given as a range."""
    parsed = [Requirement(text) for text in requirements]
    core = [one.name for one in parsed if "extra" not in str(one.marker or "")]
    if len(core) > MOST_DEPENDENCIES:
        yield f"{len(core)} core dependencies; at most {MOST_DEPENDENCIES}: {', '.join(core)}"
    for one in parsed:
        operators = {specifier.operator for specifier in one.specifier}
        if operators & {"==", "==="} or one.url:
            yield f"{one} is pinned; a library gives a range"
        elif ">=" not in operators:
            yield f"{one} tells no version that is known to work: give one by >="


def of_sdist(file: Path, version: str) -> Iterator[str]:
    """Tell what is wrong with an sdist."""
    root = f"vantage6_sdk-{version}/"
    with tarfile.open(file) as sdist:
        names = {name.removeprefix(root) for name in sdist.getnames()}
    for name in sorted(OF_SDIST - names - {".gitignore"}):
        yield f"the sdist lacks {name}"
    for name in sorted(names - OF_SDIST):
        if not name.startswith(("facade/vantage6/", "generated/vantage6/")):
            yield f"{name} has no place in the sdist"


def of_both(by_sdist: Path, by_tree: Path) -> Iterator[str]:
    """Tell where the wheel that the sdist builds differs from that of the working tree."""
    one, other = (dict(_members(file)) for file in (by_sdist, by_tree))
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield f"the sdist and the working tree build {name} differently"


def _members(file: Path) -> Iterator[tuple[str, int]]:
    with ZipFile(file) as wheel:
        yield from ((member.filename, member.CRC) for member in wheel.infolist())


# -- what is told of it -------------------------------------------------------------------------
def of_changelog(
    text: str, version: str, tags: Sequence[str] = (), here: Sequence[str] = ()
) -> Iterator[str]:
    """Tell where the changelog does not fit the version, the tags, or the tags of this commit."""
    found = list(HEADING.finditer(text))
    ends = [*(heading.start() for heading in found[1:]), len(text)]
    bodies = {
        heading["name"]: re.sub(r"^(#.*|\[.*\]: .*)$", "", text[heading.end() : end], flags=re.M)
        for heading, end in zip(found, ends, strict=True)
    }
    pending = bodies.pop("Unreleased", "").strip()
    for heading in found:
        name = heading["name"]
        if name in bodies and not heading["date"]:
            yield f"the changelog does not tell the day of {name}: ## [{name}] - YYYY-MM-DD"
        if name in bodies and not bodies[name].strip():
            yield f"the changelog says nothing of {name}"
    names = list(bodies)
    if names != sorted(names, key=Version, reverse=True):
        yield f"the changelog's versions are not the newest first: {', '.join(names)}"
    for tag in tags:
        if tag.removeprefix("v") not in bodies:
            yield f"the changelog has no section for the tag {tag}"
    if here and f"v{version}" not in here:
        yield f"this commit is tagged {', '.join(here)}, and pyproject.toml says {version}"
    if here and pending:
        yield f"this commit is tagged {', '.join(here)}, and [Unreleased] is not empty"
    newest = max(map(Version, names), default=None)
    if version not in bodies and newest is not None and Version(version) < newest:
        yield f"version {version} is older than {newest}, which the changelog has"
    if version not in bodies and not pending:
        yield f"the changelog has no section for {version}, and nothing under [Unreleased]"


def git(*command: str) -> list[str]:
    """Ask git; give the lines of its answer."""
    done = subprocess.run(["git", *command], cwd=HERE, capture_output=True, text=True, check=True)
    return done.stdout.split()


def version_here() -> str:
    """Give the version that pyproject.toml says."""
    found = re.search(r'^version = "(.+)"$', (HERE / "pyproject.toml").read_text(), re.MULTILINE)
    if not found:
        raise SystemExit("pyproject.toml gives no version")
    return found[1]


def main(folder: Path) -> None:
    """Check the wheel and the sdist in a folder, and the wheel of the working tree below it."""
    version = version_here()
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    (by_tree,) = folder.glob("tree/*.whl")
    flaws = [
        *of_wheel(wheel, version),
        *of_sdist(sdist, version),
        *of_both(wheel, by_tree),
        *of_changelog(
            (HERE / "CHANGELOG.md").read_text(),
            version,
            git("tag", "--list", "v*"),
            git("tag", "--list", "v*", "--points-at", "HEAD"),
        ),
    ]
    for flaw in flaws:
        print(flaw)
    print(f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB, {len(flaws)} flaws")
    sys.exit(bool(flaws))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
