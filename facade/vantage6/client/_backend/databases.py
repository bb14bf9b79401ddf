"""The data of a task: labels of databases on 4.x, data frames of a session on 5.x."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .._rows.references import Ref, is_collection
from ..errors import InvalidInputError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import DatabaseInput

    from .._rows.names import Kind, Scope

# A label (4.x), a data frame (5.x), or several data frames for one argument (5.x).
Database: TypeAlias = "Ref | Sequence[Ref]"
Databases: TypeAlias = "Ref | Sequence[Database] | None"


@dataclass(frozen=True)
class Lookup:
    """A step of a plan: look up the id that a reference stands for."""

    kind: Kind
    ref: Ref
    within: Scope | None = None


@dataclass(frozen=True)
class Place:
    """Where a task runs: its collaboration, and optionally a study and a session."""

    collaboration_id: int
    study_id: int | None
    session: Mapping[str, Any] | None
    # The sessions that the client created by itself, by collaboration and study.
    own_sessions: dict[tuple[int, int | None], int]


@dataclass(frozen=True)
class TaskPlan:
    """What a new task sends: the input of the function, and the fields of the body."""

    payload: Mapping[str, object]
    path: str
    body: dict[str, Any]
    frames: list[list[Ref]] = field(default_factory=list["list[Ref]"])


def database_list(databases: Databases) -> list[DatabaseInput]:
    """Return the databases of a task as dicts with a valid label."""
    is_one = isinstance(databases, str | Mapping)
    if not is_one and not isinstance(cast("object", databases), Iterable | None):
        raise InvalidInputError(
            f"databases: expected labels such as ['default'], got {databases!r}"
        )
    items = [databases] if is_one else list(cast("Iterable[object]", databases or ()))
    inputs = [{"label": item} if isinstance(item, str) else item for item in items]
    for index, item in enumerate(inputs):
        label = cast("dict[str, object]", item).get("label") if isinstance(item, Mapping) else None
        if not isinstance(label, str):
            raise InvalidInputError(
                f"databases[{index}]: expected a label, or a dict with one such as "
                f"{{'label': 'default'}}, got {item!r}"
            )
        if not label.isidentifier():
            raise InvalidInputError(
                f"databases[{index}]: expected a label of letters, digits and underscores that "
                f"does not start with a digit, got {label!r}"
            )
    return cast("list[DatabaseInput]", inputs)


def frame_groups(databases: Databases) -> list[list[Ref]]:
    """Return the data frames of a task: a list for each argument of the function."""
    if databases is None:
        return []
    items: Iterable[Any] = databases if is_collection(databases) else [databases]
    groups = [list(item) if is_collection(item) else [item] for item in items]
    for index, item in enumerate(item for group in groups for item in group):
        if isinstance(item, Mapping) and "label" in item:
            raise label_error(f"databases[{index}]", cast("Mapping[str, object]", item)["label"])
    return [[_frame(item) for item in group] for group in groups if group]


def _frame(item: Ref) -> Ref:
    """Return a reference; the official client sends ``{"dataframe_id": 1}``."""
    return item["dataframe_id"] if isinstance(item, Mapping) and "dataframe_id" in item else item


def label_error(argument: str, label: object) -> InvalidInputError:
    """Return the error for the label of a database where HQ expects a data frame."""
    return InvalidInputError(
        f"{argument}: expected a data frame, got {label!r}. HQ computes with data frames of a "
        "session. If this is the label of a database, extract it first: frame = "
        f"client.dataframe.create({label!r}, image, method); client.dataframe.wait(frame); then "
        "pass databases=[frame]."
    )
