"""Network specifications, read from ini settings and markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from vantage6.localnet._organizations import Databases

FilePath: TypeAlias = "str | Path"


class NetworkSpecError(ValueError):
    """A setting or marker is invalid; the message shows the expected form."""


@dataclass(frozen=True)
class NetworkSpec:
    """The network that a test needs; hashable, so that tests with equal specs share one."""

    version: str | None = None
    organizations: int | tuple[str, ...] | None = None
    encrypted: bool = False
    algorithms: tuple[tuple[str, Path], ...] = ()
    databases: tuple[tuple[str, str, Path], ...] = ()

    def databases_by_name(self) -> dict[str, Databases]:
        """Return the databases in the form that `LocalNetwork` takes."""
        found: dict[str, dict[str, FilePath]] = {}
        for name, label, path in self.databases:
            found.setdefault(name, {})[label] = path
        return {**found}

    def __str__(self) -> str:
        """Return the test id suffix."""
        count = self.organizations
        names = {name for name, _, _ in self.databases}
        number = count if isinstance(count, int) else len(count or names) or 3
        noun = "organization" if number == 1 else "organizations"
        return f"{number} {noun}{', encrypted' if self.encrypted else ''}"


def spec_from_settings(
    organizations: Sequence[str],
    algorithms: Sequence[str],
    databases: Sequence[str],
    encrypted: bool,
    version: str | None,
    folder: Path,
) -> NetworkSpec:
    """Parse the ini settings of a project."""
    count = len(organizations) == 1 and organizations[0].isdecimal()
    files: list[tuple[str, str, Path]] = []
    for name, path in _parse_pairs("v6_databases", databases):
        organization, _, label = (part.strip() for part in name.partition("/"))
        files.append((organization, label or "default", folder / path))
    return NetworkSpec(
        version=version or None,
        organizations=int(organizations[0]) if count else tuple(organizations) or None,
        encrypted=encrypted,
        algorithms=tuple(
            (i, folder / path) for i, path in _parse_pairs("v6_algorithms", algorithms)
        ),
        databases=tuple(files),
    )


def _parse_pairs(setting: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    found = [re.fullmatch(r"\s*(\S.*?)\s*=\s*(\S.*?)\s*", line) for line in lines]
    for line, match in zip(lines, found, strict=True):
        if match is None:
            raise NetworkSpecError(f"{setting}: expected lines 'name = path', got {line!r}")
    return [(match[1], match[2]) for match in found if match]


@dataclass(frozen=True)
class Mark:
    """Name and arguments of a marker."""

    name: str
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] | None = None


def apply_markers(spec: NetworkSpec, marks: Sequence[Mark], folder: Path) -> NetworkSpec:
    """Apply the closest marker of each name; markers override settings."""
    for mark in marks:
        if mark.kwargs:
            names = ", ".join(mark.kwargs)
            raise NetworkSpecError(f"{mark.name}: expected no keyword arguments, got {names}")
        spec = _MARKER_FUNCTIONS[mark.name](spec, mark.args, folder)
    return spec


def _apply_organizations(spec: NetworkSpec, args: tuple[object, ...], _folder: Path) -> NetworkSpec:
    match args:
        case (int(count),) if not isinstance(count, bool):
            return replace(spec, organizations=count)
        case _ if args and all(isinstance(name, str) for name in args):
            return replace(spec, organizations=tuple(map(str, args)))
        case _:
            raise NetworkSpecError(f"v6_organizations: expected a number or names, got {args!r}")


def _apply_encrypted(spec: NetworkSpec, args: tuple[object, ...], _folder: Path) -> NetworkSpec:
    match args:
        case () | (bool(),):
            return replace(spec, encrypted=bool(args[0]) if args else True)
        case _:
            raise NetworkSpecError(
                f"v6_encrypted: expected True, False or no argument, got {args!r}"
            )


def _apply_algorithms(spec: NetworkSpec, args: tuple[object, ...], folder: Path) -> NetworkSpec:
    known = dict(spec.algorithms)
    for image, path in _dict_argument(
        "v6_algorithms", "image name to package folder", args
    ).items():
        if not isinstance(path, str | Path):
            raise NetworkSpecError(f"v6_algorithms: expected a path for {image!r}, got {path!r}")
        known[image] = folder / path
    return replace(spec, algorithms=tuple(known.items()))


def _apply_databases(spec: NetworkSpec, args: tuple[object, ...], folder: Path) -> NetworkSpec:
    files: list[tuple[str, str, Path]] = []
    for name, given in _dict_argument("v6_databases", "organization to file", args).items():
        labels: Mapping[object, object] = {"default": given}
        if isinstance(given, Mapping):
            labels = cast("Mapping[object, object]", given)
        for label, path in labels.items():
            if not (isinstance(path, str | Path) and isinstance(label, str)):
                raise NetworkSpecError(
                    f"v6_databases: expected a path or paths by label for {name!r}, got {given!r}"
                )
            files.append((name, label, folder / path))
    return replace(spec, databases=tuple(files))


def _dict_argument(mark: str, content: str, args: tuple[object, ...]) -> dict[str, object]:
    if len(args) == 1 and isinstance(args[0], Mapping):
        given = cast("Mapping[object, object]", args[0])
        if all(isinstance(name, str) for name in given):
            return {str(name): path for name, path in given.items()}
    raise NetworkSpecError(f"{mark}: expected a dict of {content}, got {args!r}")


_MARKER_FUNCTIONS = {
    "v6_organizations": _apply_organizations,
    "v6_encrypted": _apply_encrypted,
    "v6_algorithms": _apply_algorithms,
    "v6_databases": _apply_databases,
}
MARKERS = tuple(_MARKER_FUNCTIONS)


def check_marker_names(names: Iterable[str], known: Iterable[str]) -> None:
    """Reject markers that look like ours but are unknown, so that they are not silently ignored."""
    expected = {*MARKERS, *known}
    for name in names:
        if name == "v6_version":
            raise NetworkSpecError(
                "v6_version: expected a setting, got a mark. Use the ini setting v6_version or the "
                "option --v6-version."
            )
        if name.startswith("v6_") and name not in expected:
            similar = get_close_matches(name, expected, n=1) or MARKERS
            raise NetworkSpecError(f"{name}: expected the mark {' or '.join(similar)}, got {name}")
