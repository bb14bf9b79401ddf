"""Who takes part in the collaboration, and what data each of them holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from vantage6.localnet._errors import LocalNetworkError

# What the algorithm tools call a database by the ending of its file; other files they cannot read.
TYPES = {
    ".csv": "csv",
    ".xls": "excel",
    ".xlsx": "excel",
    ".db": "sql",
    ".sqlite": "sql",
    ".sqlite3": "sql",
}
DEFAULT_LABEL = "default"
_COUNT = 3
_NAMES = (
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

# The databases of an organization: the file of the one called "default", or the files by label.
Databases: TypeAlias = "str | Path | Mapping[str, str | Path]"


@dataclass(frozen=True)
class Party:
    """An organization that takes part.

    Attributes
    ----------
    name : str
        What it is called.
    databases : dict of str to Path
        The files with its data, by label; empty where patients are to be made up.
    """

    name: str
    databases: dict[str, Path] = field(default_factory=dict[str, Path])


def parties(
    organizations: int | Sequence[str] | None = None,
    databases: Mapping[str, Databases] | None = None,
) -> list[Party]:
    """Say who takes part.

    Parameters
    ----------
    organizations : int or sequence of str, optional
        How many, or their names; by default those that `databases` names, or else three.
    databases : mapping of str to path or mapping, optional
        Own data by the names of organizations; see `LocalNetwork`.

    Returns
    -------
    list of Party
        Who does.

    Raises
    ------
    LocalNetworkError
        There are none, two have one name, or data is not there or cannot be read by algorithms.

    Examples
    --------
    >>> [party.name for party in parties(2)]
    ['IKNL', 'Maastro']
    """
    own = databases or {}
    names = _names(tuple(own) or _COUNT if organizations is None else organizations)
    for name in own:
        if name not in names:
            raise LocalNetworkError(
                f"There are databases of {name!r}, but no such organization; there are: "
                f"{', '.join(names)}."
            )
    return [Party(name, _files(name, own[name]) if name in own else {}) for name in names]


def _names(organizations: int | Sequence[str]) -> list[str]:
    if isinstance(organizations, str):
        raise LocalNetworkError(f"Name the organizations in a list: [{organizations!r}].")
    if not isinstance(organizations, int):
        names = list(organizations)
        if twice := sorted({name for name in names if names.count(name) > 1 or not name.strip()}):
            raise LocalNetworkError(f"Each organization needs a name of its own, not {twice}.")
    else:
        names = [
            _NAMES[index] if index < len(_NAMES) else f"Hospital {index + 1}"
            for index in range(organizations)
        ]
    if not names:
        raise LocalNetworkError(f"A network needs an organization; {organizations} is too few.")
    return names


def _files(name: str, databases: Databases) -> dict[str, Path]:
    by_label = databases if isinstance(databases, Mapping) else {DEFAULT_LABEL: databases}
    files = {label: Path(path).resolve() for label, path in by_label.items()}
    for label, path in files.items():
        what = f"The database {label!r} of {name!r}"
        if not re.fullmatch(r"\w+", label):
            raise LocalNetworkError(f"{what} needs a label of letters, digits and '_'.")
        if path.suffix.lower() not in TYPES:
            known = ", ".join(TYPES)
            raise LocalNetworkError(f"{what} must be one of {known}; it is {path.name!r}.")
        if not path.is_file():
            raise LocalNetworkError(f"{what} should be at {path}, which is no file.")
    if len({label.upper() for label in files}) < len(files):
        raise LocalNetworkError(f"Labels of {name!r} differ by more than upper and lower case.")
    return files


def type_of(path: Path) -> str:
    """Give what the algorithm tools call a database.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    str
        Its type, such as ``"csv"``.
    """
    return TYPES[path.suffix.lower()]


def uri_of(path: Path) -> str:
    """Give where the algorithm tools find a database.

    Parameters
    ----------
    path : Path
        Its file.

    Returns
    -------
    str
        The path, or the address of what is read by SQL.
    """
    return f"sqlite:///{path}" if type_of(path) == "sql" else str(path)
