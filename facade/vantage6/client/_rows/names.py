"""Match names to rows: the names of a row, the row of a name, and the error if there is none.

A name is compared exactly first, then ignoring case. It must match exactly one row. Text of digits
is not a name but an id; see `references`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, Literal, TypeAlias, TypeVar, cast, get_args

from .._utils.text import fold_name
from ..errors import AmbiguousNameError, InvalidInputError, NameNotFoundError
from .references import Ref, given_id

ServerKind: TypeAlias = Literal[
    "organization",
    "collaboration",
    "study",
    "node",
    "role",
    "rule",
    "user",
    "task",
    "store",
    "session",
    "dataframe",
]
StoreKind: TypeAlias = Literal["algorithm", "review", "store_user", "store_role", "store_rule"]
Kind: TypeAlias = "ServerKind | StoreKind"
AnyRow: TypeAlias = Mapping[str, Any]
SERVER_KINDS: frozenset[Kind] = frozenset(get_args(ServerKind))
# Kinds whose names can be searched within one collaboration.
SCOPED: frozenset[Kind] = frozenset(
    {"organization", "study", "node", "task", "session", "dataframe"}
)


@dataclass(frozen=True)
class Scope:
    """The collaboration, study or session in which to search for a name."""

    kind: Literal["collaboration", "study", "session"]
    id: int


def describe_scope(within: Scope | None, name: str | None) -> str:
    """Return the scope of a search for an error message."""
    if within is None:
        return ""
    return (
        f" in {within.kind} {name!r} (id {within.id})" if name else f" in {within.kind} {within.id}"
    )


Row = TypeVar("Row", bound=Mapping[str, Any])
# Maximum number of rows in an error message.
MAX_SHOWN = 5


@dataclass(frozen=True)
class Naming:
    """How the objects of one kind are named."""

    word: str
    labels: Sequence[Sequence[str]] = (("name",),)
    traits: Sequence[str] = ()
    plural: str = ""
    separator: str = " "
    owner: tuple[Kind, str] | None = None

    @property
    def owner_kind(self) -> Kind | None:
        """Kind whose names also identify these objects."""
        return self.owner[0] if self.owner else None

    @property
    def words(self) -> str:
        """Plural of the word."""
        return self.plural or f"{self.word}s"


_USER_LABELS = (("username",), ("email",), ("firstname", "lastname"))
_RULE_LABELS = (("name", "operation", "scope"), ("name", "operation"), ("name",))
NAMINGS: Mapping[Kind, Naming] = {
    "organization": Naming("organization", traits=("country", "domain")),
    "collaboration": Naming("collaboration", traits=("encrypted",)),
    "study": Naming("study", traits=("collaboration",), plural="studies"),
    "node": Naming(
        "node",
        traits=("collaboration", "organization", "status"),
        owner=("organization", "organization"),
    ),
    "role": Naming("role", traits=("organization", "description")),
    "rule": Naming("rule", _RULE_LABELS, traits=("operation", "scope"), separator="."),
    "user": Naming("user", _USER_LABELS, traits=("username", "email", "organization")),
    "task": Naming("task", traits=("status", "created_at", "collaboration")),
    "store": Naming("algorithm store", (("name",), ("url",)), traits=("url",)),
    "session": Naming("session", traits=("scope", "collaboration")),
    "dataframe": Naming("dataframe", traits=("db_label", "session")),
    "algorithm": Naming("algorithm", (("name",), ("image",)), traits=("image", "status")),
    "review": Naming(
        "review",
        labels=(),
        traits=("algorithm_id", "reviewer", "status"),
        owner=("algorithm", "algorithm_id"),
    ),
    "store_user": Naming("user of the store", (("username",), ("email",)), ("server",)),
    "store_role": Naming("role of the store", traits=("description",)),
    "store_rule": Naming(
        "rule of the store", _RULE_LABELS[1:], traits=("operation",), separator="."
    ),
}


def check_kind(kind: str) -> Kind:
    """Check that a kind exists."""
    if kind not in NAMINGS:
        raise InvalidInputError(f"kind: expected one of {', '.join(NAMINGS)}, got {kind!r}")
    return cast("Kind", kind)


class Directory(Generic[Row]):
    """The objects of one kind, by name."""

    def __init__(
        self,
        kind: Kind,
        rows: Sequence[Row],
        scope: str = "",
        owners: Mapping[int, str | None] | None = None,
    ) -> None:
        self._naming = NAMINGS[kind]
        self._rows = rows
        self._scope = scope
        self._owners = owners or {}
        self._exact: dict[str, list[Row]] = {}
        self._loose: dict[str, list[Row]] = {}
        for row in rows:
            names = set(self._names(row))
            for name in names:
                self._exact.setdefault(name, []).append(row)
            for name in {fold_name(name) for name in names}:
                self._loose.setdefault(name, []).append(row)

    def find(self, name: str) -> Row:
        """Find the one row that has a name."""
        found = self._exact.get(name) or self._loose.get(fold_name(name))
        if not found:
            raise self._not_found(name)
        if len(found) > 1:
            raise self._ambiguous(name, found)
        return found[0]

    def id_of(self, ref: Ref) -> int:
        """Return the id of an argument: a given id, or that of the one row that has the name."""
        id_ = given_id(ref, self._naming.word)
        return self.find(cast("str", ref))["id"] if id_ is None else id_

    def called(self) -> dict[int, str]:
        """Return the name of each row, by its id."""
        names = ((row["id"], _names(row, self._naming, self._owners)) for row in self._rows)
        return {id_: name for id_, of_row in names for name in islice(of_row, 1)}

    def name_of(self, id_: int) -> str | None:
        """Return the name of the row with an id."""
        rows = (row for row in self._rows if row["id"] == id_)
        return next((name for row in rows for name in self._names(row)), None)

    def _names(self, row: Row) -> Iterator[str]:
        return _names(row, self._naming, self._owners)

    def _ambiguous(self, name: str, found: Sequence[Row]) -> AmbiguousNameError:
        naming = self._naming
        message = (
            f"{naming.word} {name!r}: expected one match{self._scope}, got {len(found)}. "
            f"Use an id: {join_first([self._describe(row) for row in found])}."
        )
        return AmbiguousNameError(message, kind=naming.word, name=name, candidates=found)

    def _not_found(self, name: str) -> NameNotFoundError:
        from difflib import get_close_matches  # rarely needed

        naming = self._naming

        close = get_close_matches(fold_name(name), self._loose)
        similar = list({row["id"]: row for match in close for row in self._loose[match]}.values())
        if similar:
            hint = f"Did you mean {join_first([self._describe(row) for row in similar], ' or ')}?"
        elif self._rows:
            hint = f"Available: {join_first([self._describe(row) for row in self._rows])}."
        else:
            hint = f"You can see no {naming.words} there."
        message = f"{naming.word} {name!r}: not found{self._scope}. {hint}"
        return NameNotFoundError(message, kind=naming.word, name=name, candidates=similar)

    def _describe(self, row: Row) -> str:
        name = next(self._names(row), None)
        traits = [
            f"{trait} {_format_trait(row[trait])}"
            for trait in self._naming.traits
            if row.get(trait) not in (None, "", name)
        ]
        details = [f"id {row['id']}", *traits]
        return f"{name!r} ({', '.join(details)})"


def _names(
    row: Mapping[str, Any], naming: Naming, owners: Mapping[int, str | None]
) -> Iterator[str]:
    for fields in naming.labels:
        parts = [row.get(field) for field in fields]
        if all(parts):
            yield naming.separator.join(map(str, parts))
    if naming.owner:
        owner: Any = row.get(naming.owner[1])
        reference = cast("AnyRow", owner).get("id") if isinstance(owner, Mapping) else owner
        name = owners.get(cast("int", reference))
        if name:
            yield name


def _format_trait(value: object) -> str:
    if isinstance(value, Mapping):  # a reference to another object, or the row of a user
        inner = cast("Mapping[str, object]", value)
        value = inner.get("username") or inner.get("url") or inner.get("id")
    return repr(value) if isinstance(value, str) else str(value).lower()


def join_first(items: Sequence[str], separator: str = ", ") -> str:
    """Join the first items of a list, and count the others."""
    more = len(items) - MAX_SHOWN
    return separator.join(items[:MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")
