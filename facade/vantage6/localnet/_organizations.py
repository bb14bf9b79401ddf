"""Organizations of the collaboration and their databases."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from vantage6.localnet._errors import LocalNetworkError

# Database types of the algorithm tools, by file extension; they read no other files.
DATABASE_TYPES = {
    ".csv": "csv",
    ".xls": "excel",
    ".xlsx": "excel",
    ".db": "sql",
    ".sqlite": "sql",
    ".sqlite3": "sql",
}
DEFAULT_LABEL = "default"
_DEFAULT_COUNT = 3
_DEFAULT_NAMES = (
    "IKNL",
    "Maastro",
    "Radboudumc",
    "Amsterdam UMC",
    "Erasmus MC",
    "LUMC",
    "UMC Utrecht",
    "UMCG",
    "Oslo University Hospital",
    "Gemelli",
    "The Christie",
    "Princess Margaret",
)

# Databases of an organization: the file of "default", or files by label.
Databases: TypeAlias = "str | Path | Mapping[str, str | Path]"


@dataclass(frozen=True)
class OrganizationSpec:
    """Name and databases of an organization; without databases, it gets generated data."""

    name: str
    databases: dict[str, Path] = field(default_factory=dict[str, Path])


def organization_specs(
    organizations: int | Sequence[str] | None = None,
    databases: Mapping[str, Databases] | None = None,
) -> list[OrganizationSpec]:
    """Return the organizations, and check that their databases can be read."""
    given = databases or {}
    names = _resolve_names(
        tuple(given) or _DEFAULT_COUNT if organizations is None else organizations
    )
    for name in given:
        if name not in names:
            raise LocalNetworkError(
                f"databases: expected the names of organizations ({', '.join(names)}), got "
                f"{name!r}."
            )
    return [
        OrganizationSpec(name, _resolve_files(name, given[name]) if name in given else {})
        for name in names
    ]


def _resolve_names(organizations: int | Sequence[str]) -> list[str]:
    if isinstance(organizations, str):
        raise LocalNetworkError(
            f"organizations: expected a list of names, got {organizations!r}. "
            f"Pass [{organizations!r}]."
        )
    if not isinstance(organizations, int):
        names = list(organizations)
        if invalid := sorted({name for name in names if names.count(name) > 1 or not name.strip()}):
            raise LocalNetworkError(
                f"organizations: expected unique, non-empty names, got {invalid}."
            )
    else:
        names = [
            _DEFAULT_NAMES[index] if index < len(_DEFAULT_NAMES) else f"Hospital {index + 1}"
            for index in range(organizations)
        ]
    if not names:
        raise LocalNetworkError(f"organizations: expected 1 or more, got {organizations}.")
    return names


def _resolve_files(name: str, databases: Databases) -> dict[str, Path]:
    by_label = databases if isinstance(databases, Mapping) else {DEFAULT_LABEL: databases}
    files = {label: Path(path).resolve() for label, path in by_label.items()}
    for label, path in files.items():
        subject = f"database {label!r} of {name!r}"
        if not re.fullmatch(r"\w+", label):
            raise LocalNetworkError(f"{subject}: expected a label of letters, digits and '_'.")
        if path.suffix.lower() not in DATABASE_TYPES:
            known = ", ".join(DATABASE_TYPES)
            raise LocalNetworkError(f"{subject}: expected one of {known}, got {path.name!r}.")
        if not path.is_file():
            raise LocalNetworkError(f"{subject}: expected a file at {path}.")
    if len({label.upper() for label in files}) < len(files):
        raise LocalNetworkError(
            f"databases of {name!r}: expected labels that differ in more than case."
        )
    return files


def database_type(path: Path) -> str:
    """Return the database type for the algorithm tools, such as "csv"."""
    return DATABASE_TYPES[path.suffix.lower()]


def database_uri(path: Path) -> str:
    """Return the database URI for the algorithm tools."""
    return f"sqlite:///{path}" if database_type(path) == "sql" else str(path)
