"""Organizations of the collaboration and their databases."""

import codecs
import csv
import gzip
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeAlias, cast, runtime_checkable

from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._processes import open_private

# Database types of the algorithm tools, by file extension; they read no other files, except for
# tab-separated ones, which get a copy with commas.
DATABASE_TYPES = {
    ".csv": "csv",
    ".csv.gz": "csv",
    ".tsv": "csv",
    ".tsv.gz": "csv",
    ".xls": "excel",
    ".xlsx": "excel",
    ".db": "sql",
    ".sqlite": "sql",
    ".sqlite3": "sql",
    ".parquet": "parquet",
}
# Algorithms of version 4 have no library to read these.
_OF_VERSION_5 = (".parquet",)
DEFAULT_LABEL = "default"
_DEFAULT_COUNT = 3
_MAX_NAME = 128  # of the server
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


@runtime_checkable
class Frame(Protocol):
    """A data frame of pandas, which writes itself as CSV."""

    def to_csv(self, path_or_buf: Any, /, *, index: bool) -> Any:
        """Write the frame to a file."""


# Databases of an organization: that of "default", or several by label.
Database: TypeAlias = "str | Path | Frame"
Databases: TypeAlias = "Database | Mapping[str, Database]"


@dataclass(frozen=True)
class OrganizationSpec:
    """Name and databases of an organization; without databases, it gets generated data."""

    name: str
    databases: dict[str, Path | Frame] = field(default_factory=dict[str, Path | Frame])

    def write_databases(self, folder: Path, prefix: str) -> dict[str, Path]:
        """Return the database files by label; write those that algorithms cannot read as given."""
        files: dict[str, Path] = {}
        for index, (label, source) in enumerate(self.databases.items(), start=1):
            files[label] = folder / f"{prefix}-{index}.csv"
            if isinstance(source, Path) and ".tsv" not in _extension(source):
                files[label] = source
                continue
            with open_private(files[label]) as binary, codecs.getwriter("utf-8")(binary) as file:
                if isinstance(source, Path):
                    with open_text(source) as lines:
                        csv.writer(file).writerows(csv.reader(lines, delimiter="\t"))
                else:
                    source.to_csv(file, index=False)
        return files


def organization_specs(
    organizations: int | Sequence[str] | None = None,
    databases: Mapping[str, Databases] | None = None,
    *,
    version_5: bool = False,
) -> list[OrganizationSpec]:
    """Return the organizations, and check that their databases can be read."""
    given: Mapping[str, Databases] = {} if databases is None else databases
    if not isinstance(cast("object", given), Mapping):
        raise LocalNetworkError(
            f"databases: expected a mapping of organization names to files, got {_kind(given)}."
        )
    names = _resolve_names(
        tuple(given) or _DEFAULT_COUNT if organizations is None else organizations
    )
    for name in given:
        if name not in names:
            raise LocalNetworkError(
                f"databases: expected the names of organizations ({', '.join(names)}), got "
                f"{name!r}."
            )
    kinds = [kind for kind in DATABASE_TYPES if version_5 or kind not in _OF_VERSION_5]
    return [
        OrganizationSpec(name, _resolve_files(name, given[name], kinds) if name in given else {})
        for name in names
    ]


def _resolve_names(organizations: int | Sequence[str]) -> list[str]:
    if isinstance(organizations, str):
        raise LocalNetworkError(
            f"organizations: expected a list of names, got {organizations!r}. "
            f"Pass [{organizations!r}]."
        )
    if isinstance(organizations, int) and not isinstance(organizations, bool):
        names = [
            _DEFAULT_NAMES[index] if index < len(_DEFAULT_NAMES) else f"Hospital {index + 1}"
            for index in range(organizations)
        ]
    elif isinstance(organizations, Sequence) and all(
        isinstance(cast("object", name), str) for name in organizations
    ):
        names = list(organizations)
        forms = [unicodedata.normalize("NFC", name).strip() for name in names]
        if invalid := sorted({name for name in forms if forms.count(name) > 1 or not name}):
            raise LocalNetworkError(
                f"organizations: expected unique, non-empty names, got {invalid}."
            )
        if long := [name for name in names if len(name) > _MAX_NAME]:
            raise LocalNetworkError(
                f"organizations: expected names of at most {_MAX_NAME} characters, got one of "
                f"{len(long[0])}."
            )
    else:
        raise LocalNetworkError(
            f"organizations: expected a number or a list of names, got {organizations!r}."
        )
    if not names:
        raise LocalNetworkError(f"organizations: expected 1 or more, got {organizations}.")
    return names


def _resolve_files(
    name: str, databases: Databases, kinds: Sequence[str]
) -> dict[str, Path | Frame]:
    by_label = databases if isinstance(databases, Mapping) else {DEFAULT_LABEL: databases}
    files: dict[str, Path | Frame] = {}
    for label, source in by_label.items():
        subject = f"database {label!r} of {name!r}"
        if not isinstance(cast("object", label), str) or not re.fullmatch(r"\w+", label):
            raise LocalNetworkError(f"{subject}: expected a label of letters, digits and '_'.")
        if isinstance(source, str | Path):
            files[label] = Path(source).resolve()
            _check_file(subject, Path(source).resolve(), kinds)
        elif isinstance(cast("object", source), Frame):
            files[label] = source
        else:
            raise LocalNetworkError(
                f"{subject}: expected a file or a data frame, got {_kind(source)}."
            )
    if not files:
        raise LocalNetworkError(f"databases of {name!r}: expected 1 or more, got none.")
    if len({label.upper() for label in files}) < len(files):
        raise LocalNetworkError(
            f"databases of {name!r}: expected labels that differ in more than case."
        )
    return files


def _check_file(subject: str, path: Path, kinds: Sequence[str]) -> None:
    """Raise an error unless algorithms can read a file."""
    if _extension(path) not in kinds:
        known = ", ".join(kinds)
        raise LocalNetworkError(f"{subject}: expected one of {known}, got {path.name!r}.")
    if not path.is_file():
        raise LocalNetworkError(f"{subject}: expected a file at {path}.")
    try:
        if database_type(path) == "csv":
            with open_text(path) as file:
                while file.read(1 << 20):
                    pass
    except UnicodeDecodeError as error:
        is_utf_16 = error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "UTF-16" if is_utf_16 else "another encoding, such as Latin-1"
        raise LocalNetworkError(
            f"{subject}: expected text in UTF-8, which algorithms read, got {encoding} in {path}. "
            "Save it as UTF-8."
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise LocalNetworkError(f"{subject}: cannot read {path}: {error}.") from None


def open_text(path: Path) -> TextIO:
    """Open a CSV or TSV file, which may be compressed, without its byte order mark."""
    is_compressed = path.suffix.lower() == ".gz"
    return (gzip.open if is_compressed else open)(path, "rt", newline="", encoding="utf-8-sig")


def _extension(path: Path) -> str:
    """Return the known extension of a path, in lower case; empty if it has none."""
    name = path.name.lower()
    return next((known for known in DATABASE_TYPES if name.endswith(known)), "")


def _kind(value: object) -> str:
    """Return what an argument is, for an error."""
    return f"{type(value).__name__} {value!r}"[:80]


def database_type(path: Path) -> str:
    """Return the database type for the algorithm tools, such as "csv"."""
    return DATABASE_TYPES[_extension(path)]


def database_uri(path: Path) -> str:
    """Return the database URI for the algorithm tools."""
    return f"sqlite:///{path}" if database_type(path) == "sql" else str(path)
