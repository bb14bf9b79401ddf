"""The data of a task: labels of databases on 4.x, data frames of a session on 5.x."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias, cast

from .._rows.references import Ref, is_collection
from ..errors import InvalidInputError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import DatabaseInput

    from .._rows.names import Kind, Scope

# The name of what the client makes by itself starts with this.
AUTOMATIC = "vantage6-sdk-"


@dataclass(frozen=True)
class Extraction:
    """A database for scripts that run on both generations of servers.

    On servers 4.x, it is the database with this label. HQ 5.x computes with data frames, so there
    the client extracts one from the database, once in each session, and waits until it is ready at
    the organizations that need it. A program reuses its own data frame. A data frame from an
    earlier program is reused only in a session that you choose, and the log shows its age.

    Parameters
    ----------
    label : str
        Label by which the nodes know the database.
    method : str
        Name of the function that extracts (HQ).
    image : str, optional
        Name of the Docker image with this function (HQ). By default, that of the task.
    arguments : dict, optional
        Arguments of the function by name (HQ).
    name : str, optional
        Name of the data frame, unique in the whole HQ. By default, one that starts with
        ``vantage6-sdk-``.
    refresh : bool
        Whether to extract again for this task, even if there is such a data frame.

    Raises
    ------
    InvalidInputError
        If an argument is not valid.

    Examples
    --------
    >>> from vantage6.client import Extraction
    >>> client.task.run(
    ...     organizations=["IKNL", "Maastro"],
    ...     name="average age",
    ...     image="harbor2.vantage6.ai/demo/average",
    ...     method="partial_average",
    ...     kwargs={"column_name": "age"},
    ...     collaboration="demo",
    ...     databases=[Extraction("default", "read_csv")],
    ...     action="federated_compute",
    ... )
    [{'sum': 3473.0, 'count': 58}, {'sum': 2645.0, 'count': 45}]
    """

    label: str
    method: str
    _: KW_ONLY
    image: str | None = None
    arguments: Mapping[str, object] | None = None
    name: str | None = None
    refresh: bool = False

    def __post_init__(self) -> None:
        check_label("label", self.label)
        for name in ("method", "image", "name"):
            value = getattr(self, name)
            if (not isinstance(value, str) or not value) and (
                value is not None or name == "method"
            ):
                raise InvalidInputError(f"{name}: expected text, got {value!r}")
        arguments = cast("object", self.arguments)
        if arguments is not None and not (
            isinstance(arguments, Mapping)
            and all(isinstance(key, str) for key in cast("Mapping[object, object]", arguments))
        ):
            raise InvalidInputError(
                f"arguments: expected a dict of arguments by name, got {arguments!r}"
            )


# A label (4.x), a data frame (5.x), or several data frames for one argument (5.x).
Database: TypeAlias = "Ref | Extraction | Sequence[Ref | Extraction]"
Databases: TypeAlias = "Ref | Extraction | Sequence[Database] | None"


@dataclass(frozen=True)
class Lookup:
    """A step of a plan: look up the id that a reference stands for."""

    kind: Kind
    ref: Ref
    within: Scope | None = None


@dataclass(frozen=True)
class Extract:
    """A step of a plan: find or start an extraction in a session, and return its data frame."""

    extraction: Extraction
    session_id: int
    # Whether the task may use the data frame at all organizations, through its subtasks.
    is_everywhere: bool


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
    frames: list[list[Ref | Extraction]] = field(default_factory=list["list[Ref | Extraction]"])

    @property
    def labels(self) -> list[str]:
        """The labels of the databases that nodes read for the task."""
        databases: list[DatabaseInput] = self.body.get("databases", [])
        return [*(row["label"] for row in databases), *(each.label for each in self._extractions)]

    @property
    def images(self) -> list[str]:
        """The images of the extractions, if they are not that of the task."""
        return [each.image for each in self._extractions if each.image]

    @property
    def _extractions(self) -> list[Extraction]:
        return [ref for refs in self.frames for ref in refs if isinstance(ref, Extraction)]


def database_list(databases: Databases) -> list[DatabaseInput]:
    """Return the databases of a task as dicts with a valid label."""
    is_one = isinstance(databases, str | Mapping | Extraction)
    if not is_one and not isinstance(cast("object", databases), Iterable | None):
        raise InvalidInputError(
            f"databases: expected labels such as ['default'], got {databases!r}"
        )
    items = [databases] if is_one else list(cast("Iterable[object]", databases or ()))
    inputs: list[object] = []
    for index, item in enumerate(items):
        found: object = item.label if isinstance(item, Extraction) else item
        given = cast("dict[str, object]", found if isinstance(found, Mapping) else {"label": found})
        label = given.get("label")
        if not isinstance(label, str):
            frame = "a data frame, which servers 4.x lack: " if _is_frame(given) else ""
            hint = ". Extraction('default', method) runs on both generations" if frame else ""
            raise InvalidInputError(
                f"databases[{index}]: expected a label, or a dict with one such as "
                f"{{'label': 'default'}}, got {frame}{item!r}{hint}"
            )
        check_label(f"databases[{index}]", label)
        inputs.append(given)
    return cast("list[DatabaseInput]", inputs)


def check_label(argument: str, label: object) -> None:
    """Raise unless a label is one that nodes may know a database by."""
    if not isinstance(label, str) or not label.isidentifier():
        raise InvalidInputError(
            f"{argument}: expected a label of letters, digits and underscores that "
            f"does not start with a digit, got {label!r}"
        )


def _is_frame(given: Mapping[str, object]) -> bool:
    """Return whether a database for HQ was given: the row of a data frame, ids, or a list."""
    label = given.get("label")
    is_listed = isinstance(label, SupportsIndex | list | tuple) and not isinstance(label, bool)
    return is_listed or "dataframe_id" in given or {"id", "session"} <= given.keys()


def frame_groups(databases: Databases) -> list[list[Ref | Extraction]]:
    """Return the data frames of a task: a list for each argument of the function."""
    if databases is None:
        return []
    items: Iterable[Any] = databases if is_collection(databases) else [databases]
    groups = [list(item) if is_collection(item) else [item] for item in items]
    for index, item in enumerate(item for group in groups for item in group):
        if isinstance(item, Mapping) and "label" in item:
            raise label_error(f"databases[{index}]", cast("Mapping[str, object]", item)["label"])
    return [[_frame(item) for item in group] for group in groups if group]


def _frame(item: Ref | Extraction) -> Ref | Extraction:
    """Return a reference; the official client sends ``{"dataframe_id": 1}``."""
    return item["dataframe_id"] if isinstance(item, Mapping) and "dataframe_id" in item else item


def label_error(argument: str, label: object) -> InvalidInputError:
    """Return the error for the label of a database where HQ expects a data frame."""
    return InvalidInputError(
        f"{argument}: expected a data frame, got {label!r}. HQ computes with data frames of a "
        "session. If this is the label of a database, pass the function that extracts from it: "
        f"databases=[Extraction({label!r}, method)]. client.dataframe.create({label!r}, image, "
        "method) extracts separately."
    )
