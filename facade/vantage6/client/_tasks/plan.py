"""Decide what is known about a task before it is sent: yes, no or unknown, never a guess."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from .._utils.table import Column, Table
from .._utils.text import sanitize
from .._utils.time import format_time, to_timestamp
from .request import CLOCK_SLACK_SECONDS

if TYPE_CHECKING:
    from .._backend.node_config import Published

# The conditions at each organization, in the order of the table.
CONDITIONS = ("node", "online", "image", "sender", "data", "encryption")
NODE_LIST, NODE_CONFIG, CLIENT = "list of nodes", "what the node publishes", "this client"
# A policy's entry with one of these characters is a regular expression, any other one a name:
# `_is_regex_pattern` in the nodes of 4.15.2 and 5.0.3.
PATTERN = re.compile(r"[*\\?$^\[\](){}|+]")
# Patterns come from the server. Python could compare one for ever if it has repeated groups, many
# repetitions or many alternatives.
REPEATED_GROUP, REPETITION = re.compile(r"\)[*+?{]"), re.compile(r"[*+?{]")
MAX_REPETITIONS, MAX_ALTERNATIVES, MAX_PATTERN = 3, 10, 1000
DOCKER_HUB = re.compile(r"^(index\.)?docker\.io/")
TAG = re.compile(r"(:[^/:@]+)?(@.*)?$")
COLUMN_TYPES = ("column", "column_list")


@dataclass(frozen=True)
class Check:
    """What is known about one condition of a task.

    Attributes
    ----------
    state : {"yes", "no", "unknown"}
        Whether the condition is met.
    reason : str
        Why, in one sentence.
    source : str
        Where this comes from, such as ``"what the node publishes"``.
    as_of : float or None
        When the node was last seen with this, by the server's clock, in seconds since the epoch;
        None for what this client knows itself.
    age : float or None
        Seconds since then; None if the server does not tell its time.
    """

    state: Literal["yes", "no", "unknown"]
    reason: str
    source: str
    as_of: float | None = None
    age: float | None = None

    def __str__(self) -> str:
        return self.state


@dataclass(frozen=True)
class Asked:
    """What nodes decide on: the task, and who sends it."""

    images: Sequence[str]  # of the task, and of its extractions
    user_id: int
    organization_id: int
    organization_name: str
    nodes_match_senders: bool
    labels: Sequence[str]
    columns: Sequence[str]
    is_encrypted: bool
    frames: Sequence[Mapping[str, Any]] = ()


def without_tag(image: str) -> str:
    """Return the name of an image without tag and digest, as `get_image_name_wo_tag` does."""
    return DOCKER_HUB.sub("", TAG.sub("", image, count=1))


def allows_image(entries: Sequence[str] | None, image: str) -> tuple[str, str]:
    """Return whether a node's policy allows an image, and why."""
    if entries is None:
        return "unknown", "the node does not publish which images it allows"
    if entries == ("all",):
        return "yes", "the node allows all images"
    name, same, broken, slow = without_tag(image), "", "", ""
    for entry in entries:
        if PATTERN.search(entry):
            if not _is_quick(entry):
                slow = entry
                continue
            try:
                is_match = re.match(entry, image) is not None
            except re.error:  # such a node fails at every task
                broken = entry
                continue
        else:
            is_match = entry in (image, name)
            same = same if without_tag(entry) != name else entry
        if is_match:
            return "yes", f"the node allows {entry!r}"
    if broken:
        return "unknown", f"the node publishes {broken!r}, which is no regular expression"
    if slow:
        return "unknown", f"the node publishes {slow[:100]!r}, which may take too long to compare"
    if same:
        return "unknown", f"the node allows {same!r}, and compares the digests of the two images"
    return "no", f"the node allows only {', '.join(map(repr, entries))}"


def _is_quick(pattern: str) -> bool:
    """Return whether a regular expression is compared in a moment, whatever the text."""
    return (
        len(pattern) <= MAX_PATTERN
        and len(REPETITION.findall(pattern)) <= MAX_REPETITIONS
        and pattern.count("|") <= MAX_ALTERNATIVES
        and not REPEATED_GROUP.search(pattern)
    )


def allows_sender(published: Published, asked: Asked) -> tuple[str, str]:
    """Return whether a node's policy allows the user or the organization, and why."""
    users, organizations = published.users, published.organizations
    if not (users or organizations):
        return "yes", "the node names no users or organizations that it is limited to"
    if str(asked.user_id) in users:
        named = f"user {asked.user_id}"
    elif str(asked.organization_id) in organizations:
        named = f"organization {asked.organization_id}"
    elif asked.organization_name in organizations:
        named = f"organization {asked.organization_name!r}"
    else:
        named = ""
    if named and asked.nodes_match_senders:
        return "yes", f"the node allows {named}"
    if named:
        return "unknown", f"the node names {named}; nodes of 4.x recognize only ids in quotes"
    only = [*(f"user {user}" for user in users), *map(repr, organizations)]
    return "no", f"the node allows only {', '.join(only)}"


def has_data(published: Published, asked: Asked) -> tuple[str, str]:
    """Return whether a node has the databases and columns, and why."""
    if asked.labels and published.labels is None:
        return "unknown", "the node does not publish its databases"
    known = published.labels or frozenset[str]()
    if missing := [label for label in asked.labels if label not in known]:
        has = ", ".join(map(repr, sorted(known)))
        return "no", f"there is no database {missing[0]!r}; there are {has}"
    if not asked.columns:
        return "yes", "the databases are there"
    if not (asked.labels and (columns := published.columns.get(asked.labels[0]))):
        return "unknown", "the databases are there; the node does not publish their columns"
    if absent := [column for column in asked.columns if column not in columns]:
        return "no", f"database {asked.labels[0]!r} has no column {absent[0]!r}"
    return "yes", "the databases and columns are there"


def checks_of(
    asked: Asked,
    organization_id: int,
    node: Mapping[str, Any] | None,
    published: Published | None,
    now: float | None,
    *,
    sees_all: bool,
) -> dict[str, Check]:
    """Return what is known about the conditions at one organization."""
    seen = None if node is None else to_timestamp(node.get("last_seen"))
    age = None if seen is None or now is None else now - seen
    if age is not None and age < 0:  # a Date has whole seconds; otherwise the clocks contradict
        age = 0.0 if age > -CLOCK_SLACK_SECONDS else None

    def check(state: Any, reason: str, source: str = NODE_CONFIG) -> Check:
        return Check(state, reason, source, seen, age)

    if node is None:
        why = "you may not view all nodes" if not sees_all else "the organization has no node"
        found = check("no" if sees_all else "unknown", why, NODE_LIST)
        nothing = check("unknown", "nothing is known about a node", NODE_LIST)
        return {"node": found} | dict.fromkeys(CONDITIONS[1:], nothing)
    is_online = {"online": "yes", "offline": "no"}.get(node["status"], "unknown")
    found = {
        "node": check("yes", "the organization has a node", NODE_LIST),
        "online": check(is_online, f"the node is {node['status'] or 'of no status'}", NODE_LIST),
    }
    if is_online != "yes" or published is None:
        # The server forgets what a node has published when it goes offline.
        why = "the node shares no settings" if is_online == "yes" else "the node is not online"
        found |= dict.fromkeys(CONDITIONS[2:], check("unknown", why))
    else:
        verdicts = [allows_image(published.algorithms, image) for image in asked.images]
        order = ("no", "unknown", "yes")  # the worst one counts
        found["image"] = check(*min(verdicts, key=lambda verdict: order.index(verdict[0])))
        found["sender"] = check(*allows_sender(published, asked))
        found["data"] = check(*has_data(published, asked))
        on, off = "encrypts", "does not encrypt"
        if published.encrypted is None:
            found["encryption"] = check("unknown", "the node does not publish if it encrypts")
        elif published.encrypted == asked.is_encrypted:
            trusted = ", and its key is the known one" if asked.is_encrypted else ""
            state = on if asked.is_encrypted else off
            found["encryption"] = check("yes", f"the node {state}, as the collaboration{trusted}")
        else:
            state = on if published.encrypted else off
            found["encryption"] = check(
                "unknown", f"the node {state}, which contradicts the collaboration"
            )
    if asked.frames:
        lacking = [
            frame for frame in asked.frames if organization_id not in frame["organizations_ready"]
        ]
        name = lacking[0]["name"] if lacking else ""
        why = f"data frame {name!r} is not ready" if lacking else "the data frames are ready"
        found["data"] = Check("no" if lacking else "yes", why, "list of data frames")
    return found


def check_right(rules: Sequence[Mapping[str, Any]] | None, *, is_member: bool | None) -> Check:
    """Return whether the user may create the task."""
    source = "your rules"
    if rules is None:
        return Check("unknown", "your rules cannot be listed", source)
    scopes = scopes_of(rules, "task", "create")
    if "global" in scopes or ("collaboration" in scopes and is_member):
        return Check("yes", "you may create tasks in this collaboration", source)
    if "collaboration" in scopes:
        why = "you may create tasks if your organization is in this collaboration"
        return Check("unknown" if is_member is None else "no", why, source)
    return Check("no", "you lack the rule to create tasks", source)


def scopes_of(rules: Sequence[Mapping[str, Any]], name: str, operation: str) -> set[str]:
    """Return the scopes of a kind of rule; servers 4.x write them in capitals."""
    wanted = name, operation
    return {
        str(rule["scope"]).lower()
        for rule in rules
        if (rule["name"], str(rule["operation"]).lower()) == wanted
    }


def check_arguments(
    function: Mapping[str, Any] | None, kwargs: Mapping[str, object], count: int, why: str
) -> Check:
    """Return whether arguments fit the store's function; `count` of them have no name."""
    source = "the algorithm store"
    if function is None:
        return Check("unknown", why, source)
    arguments = [each for each in function["arguments"] if not each.get("is_frontend_only")]
    names = [each["name"] for each in arguments]
    given = {*names[:count], *kwargs}
    if unknown := sorted(given.difference(names)):
        takes = ", ".join(map(str, names)) or "none"
        return Check("no", f"the function has no argument {unknown[0]!r}; it takes {takes}", source)
    missing = [
        each
        for each in arguments
        if each["name"] not in given and each.get("conditional_on_id") is None
    ]
    for each in missing:
        if each.get("has_default_value") is False:
            return Check("no", f"the function requires the argument {each['name']!r}", source)
    if any(each.get("has_default_value") is None for each in missing):
        return Check("unknown", "the store does not say which arguments are required", source)
    return Check("yes", "the arguments are those of the function", source)


def columns_of(function: Mapping[str, Any] | None, kwargs: Mapping[str, object]) -> list[str]:
    """Return the columns that are passed to a function, by the types of its arguments."""
    found: list[str] = []
    for argument in function["arguments"] if function else ():
        value: Any = kwargs.get(argument["name"])
        values: list[Any] = [*value] if isinstance(value, list | tuple) else [value]
        if argument["type"] in COLUMN_TYPES:
            found += [each for each in values if isinstance(each, str)]
    return found


def history_of(
    tasks: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]], method: object
) -> dict[int, dict[str, object]]:
    """Return, by organization, the runs that wait there and the usual duration in seconds."""
    waiting: dict[int, int] = {}
    for run in runs:
        if run["organization"] and run["status"] == "pending":
            id_ = run["organization"]["id"]
            waiting[id_] = waiting.get(id_, 0) + 1
    seconds: dict[int, list[float]] = {}
    for task in tasks:
        if task.get("method", method) != method or isinstance(task["runs"], str):
            continue
        for run in task["runs"]:
            began, ended = to_timestamp(run["started_at"]), to_timestamp(run["finished_at"])
            if run["status"] == "completed" and run["organization"] and began and ended:
                seconds.setdefault(run["organization"]["id"], []).append(ended - began)
    return {
        id_: {
            "waiting": waiting.get(id_, 0),
            "seconds": round(median(seconds[id_]), 1) if id_ in seconds else None,
        }
        for id_ in waiting.keys() | seconds.keys()
    }


@dataclass(frozen=True)
class Plan:
    """What is known about a task that has not been sent.

    ``print(plan)`` shows a table with a row for each organization, and why something is not met or
    unknown. ``plan.send()`` creates the task as it was prepared, whatever the plan says. A node may
    also refuse for reasons that it does not publish, such as a list of allowed stores.

    Attributes
    ----------
    rows : list of dict
        For each organization its ``"id"`` and ``"organization"`` (its name), and a `Check` of each
        condition: ``"node"`` (it has one), ``"online"``, ``"image"`` and ``"sender"`` (the node's
        policy allows them), ``"data"`` (databases and columns, or data frames) and
        ``"encryption"``. With ``history=True`` also the number of runs ``"waiting"`` there, and the
        usual ``"seconds"`` of a run.
    right : Check
        Whether you may create the task.
    arguments : Check
        Whether the arguments fit the function in the chosen algorithm store.
    bytes_to_send : int
        Size of the inputs for all organizations.
    basis : str
        What the usual durations are based on; empty without a history.
    """

    rows: Sequence[Mapping[str, Any]]
    right: Check
    arguments: Check
    bytes_to_send: int
    basis: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing is known that prevents the task from running; some may be unknown."""
        return all(check.state != "no" for _, _, check in self._checks())

    @property
    def ready(self) -> list[int]:
        """The ids of the organizations where nothing is known that prevents the task."""
        return [
            row["id"]
            for row in self.rows
            if all(row[condition].state != "no" for condition in CONDITIONS)
        ]

    @property
    def reasons(self) -> list[str]:
        """What is not met or unknown, and why, a line for each."""
        lines: list[str] = []
        for state in ("no", "unknown"):
            for where, condition, check in self._checks():
                if check.state == state:
                    age = "" if check.age is None else f", seen {check.age:.0f} s ago"
                    if check.age is None and check.as_of is not None:
                        age = f", as of {format_time(check.as_of, '%Y-%m-%d %H:%M:%S')}"
                    lines.append(
                        f"{where}{condition}: {check}, {sanitize(check.reason)} "
                        f"({check.source}{age})"
                    )
        return list(dict.fromkeys(lines))

    def _checks(self) -> Iterator[tuple[str, str, Check]]:
        yield "", "right", self.right
        yield "", "arguments", self.arguments
        for row in self.rows:
            for condition in CONDITIONS:
                yield f"{sanitize(row['organization'])}, ", condition, row[condition]

    def _table(self) -> Table:
        """Return the rows as a table."""
        names = [name for name in self.rows[0] if name != "id"] if self.rows else []
        columns = [
            Column(
                name,
                name,
                ["" if row[name] is None else sanitize(str(row[name])) for row in self.rows],
            )
            for name in names
        ]
        return Table(
            columns, f"{self.bytes_to_send} bytes to send{self.basis and '; '}{self.basis}"
        )

    def __str__(self) -> str:
        return "\n".join([self._table().text(), *self.reasons])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
