"""Check a wheel, an sdist and the changelog: `python release/check.py FOLDER`."""

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
MAX_BYTES = 2_000_000
MAX_DEPENDENCIES = 5
# Files of the sdist in addition to the sources.
SDIST_FILES = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml", ".gitignore"}
# Modules directly in the namespace package would hide those of other distributions.
UNEXPECTED_PATTERN = r"(^|/)(tests?|__pycache__)/|\.pyc$|^vantage6/[^/]+$"
HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\d{4}-\d\d-\d\d))?$", re.MULTILINE)


# -- distributions ------------------------------------------------------------------------------
def check_wheel(file: Path, version: str) -> Iterator[str]:
    """Yield the problems of a wheel."""
    if (size := file.stat().st_size) > MAX_BYTES:
        yield f"{file.name}: expected at most {MAX_BYTES:,} bytes, got {size:,}"
    about = f"vantage6_sdk-{version}.dist-info"
    with ZipFile(file) as wheel:
        names = set(wheel.namelist())
        if f"{about}/METADATA" not in names:
            yield f"{file.name}: expected version {version} as in pyproject.toml"
            return
        metadata = message_from_bytes(wheel.read(f"{about}/METADATA"))
    yield from check_names(names, about)
    yield from check_dependencies(metadata.get_all("Requires-Dist", []))
    if metadata["License-Expression"] != "Apache-2.0":
        yield f"license: expected 'Apache-2.0', got {metadata['License-Expression']!r}"


def check_names(names: Iterable[str], about: str) -> Iterator[str]:
    """Yield files that are unexpected in a wheel, or missing."""
    names = set(names)
    packages = {name.split("/")[1] for name in names if re.match("vantage6/.+/", name)}
    for package in sorted(packages):
        if not any(re.fullmatch(rf"vantage6/{package}/(\w+/)?py\.typed", name) for name in names):
            yield f"vantage6/{package}: expected a py.typed"
    if f"{about}/licenses/LICENSE" not in names:
        yield "wheel: expected a LICENSE"
    for name in sorted(names):
        is_inside = name.startswith(("vantage6/", f"{about}/"))
        if not is_inside or re.search(UNEXPECTED_PATTERN, name):
            yield f"wheel: unexpected file {name}"


def check_dependencies(requirements: Sequence[str]) -> Iterator[str]:
    """Yield the problems of the dependencies: too many, or without a range."""
    parsed = [Requirement(text) for text in requirements]
    core = [
        requirement.name for requirement in parsed if "extra" not in str(requirement.marker or "")
    ]
    if len(core) > MAX_DEPENDENCIES:
        names = ", ".join(core)
        yield f"expected at most {MAX_DEPENDENCIES} dependencies, got {len(core)}: {names}"
    for requirement in parsed:
        operators = {specifier.operator for specifier in requirement.specifier}
        if operators & {"==", "==="} or requirement.url:
            yield f"{requirement}: expected a range, got a pinned version"
        elif ">=" not in operators:
            yield f"{requirement}: expected a minimum version with >="


def check_sdist(file: Path, version: str) -> Iterator[str]:
    """Yield the problems of an sdist."""
    root = f"vantage6_sdk-{version}/"
    with tarfile.open(file) as sdist:
        names = {name.removeprefix(root) for name in sdist.getnames()}
    for name in sorted(SDIST_FILES - names - {".gitignore"}):
        yield f"sdist: expected {name}"
    for name in sorted(names - SDIST_FILES):
        if not name.startswith(("facade/vantage6/", "generated/vantage6/")):
            yield f"sdist: unexpected file {name}"


def compare_wheels(by_sdist: Path, by_tree: Path) -> Iterator[str]:
    """Yield the files that differ between the wheels of the sdist and of the working tree."""
    one, other = (dict(_members(file)) for file in (by_sdist, by_tree))
    for name in sorted(one.keys() | other.keys()):
        if one.get(name) != other.get(name):
            yield f"{name} differs between the wheels of the sdist and of the working tree"


def _members(file: Path) -> Iterator[tuple[str, int]]:
    with ZipFile(file) as wheel:
        yield from ((member.filename, member.CRC) for member in wheel.infolist())


# -- version and changelog ----------------------------------------------------------------------
def check_changelog(
    text: str, version: str, tags: Sequence[str] = (), here: Sequence[str] = ()
) -> Iterator[str]:
    """Yield contradictions between the changelog, the version and the tags."""
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
            yield f"changelog: expected a date for {name}: ## [{name}] - YYYY-MM-DD"
        if name in bodies and not bodies[name].strip():
            yield f"changelog: expected entries for {name}"
    names = list(bodies)
    if names != sorted(names, key=Version, reverse=True):
        yield f"changelog: expected the newest version first, got {', '.join(names)}"
    for tag in tags:
        if tag.removeprefix("v") not in bodies:
            yield f"changelog: expected a section for the tag {tag}"
    if here and f"v{version}" not in here:
        yield f"tag of this commit: expected v{version} as in pyproject.toml, got {', '.join(here)}"
    if here and pending:
        yield f"changelog: expected no [Unreleased] entries in the commit of {', '.join(here)}"
    newest = max(map(Version, names), default=None)
    if version not in bodies and newest is not None and Version(version) < newest:
        yield f"version {version} is older than {newest} in the changelog"
    if version not in bodies and not pending:
        yield f"changelog: expected a section for {version}, or entries under [Unreleased]"


def run_git(*command: str) -> list[str]:
    """Return the words that a git command prints."""
    done = subprocess.run(["git", *command], cwd=HERE, capture_output=True, text=True, check=True)
    return done.stdout.split()


def project_version() -> str:
    """Return the version in pyproject.toml."""
    found = re.search(r'^version = "(.+)"$', (HERE / "pyproject.toml").read_text(), re.MULTILINE)
    if not found:
        raise SystemExit("pyproject.toml: expected a version")
    return found[1]


def main(folder: Path) -> None:
    """Check the distributions in a folder, and the wheel of the working tree in its subfolder."""
    version = project_version()
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    (by_tree,) = folder.glob("tree/*.whl")
    problems = [
        *check_wheel(wheel, version),
        *check_sdist(sdist, version),
        *compare_wheels(wheel, by_tree),
        *check_changelog(
            (HERE / "CHANGELOG.md").read_text(),
            version,
            run_git("tag", "--list", "v*"),
            run_git("tag", "--list", "v*", "--points-at", "HEAD"),
        ),
    ]
    for problem in problems:
        print(problem)
    print(f"{wheel.name}: {wheel.stat().st_size / 1024:.0f} KiB, {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
