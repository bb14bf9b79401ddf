"""Which network a test wants: from the settings of the project and the marks on the test (pure)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

if TYPE_CHECKING:
    from vantage6.localnet._parties import Databases

FilePath: TypeAlias = "str | Path"


class WantedError(ValueError):
    """A setting or a mark does not say what network is wanted; the message says what would."""


@dataclass(frozen=True)
class Wanted:
    """A network, so that equal ones are one.

    Attributes
    ----------
    version : str or None
        Version of the server; None for that of `LocalNetwork`.
    organizations : int, tuple of str or None
        How many, or their names; None for what the databases name, or else three.
    encrypted : bool
        Whether the collaboration is encrypted.
    algorithms : tuple of (str, Path)
        Image names, each with the folder or file of its package.
    databases : tuple of (str, str, Path)
        Organizations, labels and files.
    """

    version: str | None = None
    organizations: int | tuple[str, ...] | None = None
    encrypted: bool = False
    algorithms: tuple[tuple[str, Path], ...] = ()
    databases: tuple[tuple[str, str, Path], ...] = ()

    def databases_by_name(self) -> dict[str, Databases]:
        """Give the databases as `LocalNetwork` takes them.

        Returns
        -------
        dict
            Labels and files by the name of the organization.
        """
        found: dict[str, dict[str, FilePath]] = {}
        for name, label, path in self.databases:
            found.setdefault(name, {})[label] = path
        return {**found}

    def __str__(self) -> str:
        """Say what tells it apart, for the name of a test."""
        count = self.organizations
        names = {name for name, _, _ in self.databases}
        number = count if isinstance(count, int) else len(count or names) or 3
        some = "1 organization" if number == 1 else f"{number} organizations"
        return f"{some}{', encrypted' if self.encrypted else ''}"


def by_settings(
    organizations: Sequence[str],
    algorithms: Sequence[str],
    databases: Sequence[str],
    encrypted: bool,
    version: str | None,
    folder: Path,
) -> Wanted:
    """Read the settings of a project.

    Parameters
    ----------
    organizations : sequence of str
        Names, or one number.
    algorithms : sequence of str
        Lines ``image = path``.
    databases : sequence of str
        Lines ``organization = path`` or ``organization / label = path``.
    encrypted : bool
        Whether the collaboration is encrypted.
    version : str or None
        Version of the server.
    folder : Path
        Where paths start from.

    Returns
    -------
    Wanted
        The network.

    Raises
    ------
    WantedError
        When a line says something else.
    """
    count = len(organizations) == 1 and organizations[0].isdecimal()
    files: list[tuple[str, str, Path]] = []
    for name, path in _pairs("v6_databases", databases):
        organization, _, label = (part.strip() for part in name.partition("/"))
        files.append((organization, label or "default", folder / path))
    return Wanted(
        version=version or None,
        organizations=int(organizations[0]) if count else tuple(organizations) or None,
        encrypted=encrypted,
        algorithms=tuple((i, folder / path) for i, path in _pairs("v6_algorithms", algorithms)),
        databases=tuple(files),
    )


def _pairs(setting: str, lines: Sequence[str]) -> list[tuple[str, str]]:
    found = [re.fullmatch(r"\s*(\S.*?)\s*=\s*(\S.*?)\s*", line) for line in lines]
    for line, match in zip(lines, found, strict=True):
        if match is None:
            raise WantedError(f"{setting}: a line is 'name = path', not {line!r}")
    return [(match[1], match[2]) for match in found if match]


@dataclass(frozen=True)
class Mark:
    """What a mark says.

    Attributes
    ----------
    name : str
        Its name.
    args, kwargs : tuple and mapping
        Its arguments.
    """

    name: str
    args: tuple[object, ...] = ()
    kwargs: Mapping[str, object] | None = None


def with_marks(wanted: Wanted, marks: Sequence[Mark], folder: Path) -> Wanted:
    """Change what is wanted as marks say: each is for one thing, and wins over the settings.

    Parameters
    ----------
    wanted : Wanted
        The network of the settings.
    marks : sequence of Mark
        The marks of a test, the closest of each name alone.
    folder : Path
        Where paths start from.

    Returns
    -------
    Wanted
        The network.

    Raises
    ------
    WantedError
        When a mark has arguments that make no sense.
    """
    for mark in marks:
        if mark.kwargs:
            raise WantedError(f"{mark.name} takes no arguments by name: {', '.join(mark.kwargs)}")
        wanted = _MARKS[mark.name](wanted, mark.args, folder)
    return wanted


def _organizations(wanted: Wanted, args: tuple[object, ...], _folder: Path) -> Wanted:
    match args:
        case (int(count),) if not isinstance(count, bool):
            return replace(wanted, organizations=count)
        case _ if args and all(isinstance(name, str) for name in args):
            return replace(wanted, organizations=tuple(map(str, args)))
        case _:
            raise WantedError(f"v6_organizations takes a number or names, not {args!r}")


def _encrypted(wanted: Wanted, args: tuple[object, ...], _folder: Path) -> Wanted:
    match args:
        case () | (bool(),):
            return replace(wanted, encrypted=bool(args[0]) if args else True)
        case _:
            raise WantedError(f"v6_encrypted takes True, False or nothing, not {args!r}")


def _algorithms(wanted: Wanted, args: tuple[object, ...], folder: Path) -> Wanted:
    known = dict(wanted.algorithms)
    for image, path in _mapping("v6_algorithms", "image name to package folder", args).items():
        if not isinstance(path, str | Path):
            raise WantedError(f"v6_algorithms: {image!r} needs a path, not {path!r}")
        known[image] = folder / path
    return replace(wanted, algorithms=tuple(known.items()))


def _databases(wanted: Wanted, args: tuple[object, ...], folder: Path) -> Wanted:
    files: list[tuple[str, str, Path]] = []
    for name, given in _mapping("v6_databases", "organization to file", args).items():
        labels: Mapping[object, object] = {"default": given}
        if isinstance(given, Mapping):
            labels = cast("Mapping[object, object]", given)
        for label, path in labels.items():
            if not (isinstance(path, str | Path) and isinstance(label, str)):
                raise WantedError(f"v6_databases: {name!r} needs a path, or paths by label")
            files.append((name, label, folder / path))
    return replace(wanted, databases=tuple(files))


def _mapping(mark: str, what: str, args: tuple[object, ...]) -> dict[str, object]:
    if len(args) == 1 and isinstance(args[0], Mapping):
        given = cast("Mapping[object, object]", args[0])
        if all(isinstance(name, str) for name in given):
            return {str(name): path for name, path in given.items()}
    raise WantedError(f"{mark} takes a dict of {what}, not {args!r}")


_MARKS = {
    "v6_organizations": _organizations,
    "v6_encrypted": _encrypted,
    "v6_algorithms": _algorithms,
    "v6_databases": _databases,
}
MARKS = tuple(_MARKS)
