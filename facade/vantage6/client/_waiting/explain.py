"""Explain what is the matter with the runs of a task: only what is known, by rules that are data.

Each rule is reproduced on the local network by a test, and has its section in docs/failed.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._utils.text import sanitize
from .._utils.time import format_time, to_timestamp
from .failure_text import describe_missing
from .progress import RunProgress
from .statuses import COMPLETED, UNDER_WAY, has_finished

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Run, Task

PAGE = "docs/failed.md"
YOU, OPERATOR, AUTHOR = "you", "the operator of the node", "the author of the algorithm"


@dataclass(frozen=True)
class Rule:
    """What a status and a line in the log mean, and who can do what about it."""

    name: str
    statuses: frozenset[str]
    cause: str  # `{0}` and `{1}` stand for what the pattern finds, `{image}` for the image
    remedies: Sequence[tuple[str, str]]
    pattern: re.Pattern[str] | None = None
    is_offline: bool = False


RULES = (
    Rule(
        "offline",
        UNDER_WAY,
        "its node is offline; the run waits until the node is back",
        (
            (OPERATOR, "start the node, or restore its connection"),
            (YOU, "wait only until enough others have a result, or kill the task"),
        ),
        is_offline=True,
    ),
    Rule(
        "not-allowed",
        frozenset({"not allowed"}),
        "the policy of its node does not allow the task: image {image!r}, its store, or its sender",
        (
            (YOU, "plan the task to see what the node allows, and use such an image"),
            (OPERATOR, "extend the policies of the node"),
        ),
    ),
    Rule(
        "no-image",
        frozenset({"non-existing Docker image"}),
        "its node cannot get the image {image!r}",
        (
            (YOU, "check the name of the image and its tag"),
            (OPERATOR, "check that the node can reach the registry and may log in there"),
        ),
    ),
    Rule(
        "no-function",
        frozenset({"crashed"}),
        "the image has no function {0!r}",
        ((YOU, "pass another method, or a version of the image that has it"),),
        re.compile(r"Method '([^'\n]+)' not found!"),
    ),
    Rule(
        "wrong-arguments",
        frozenset({"crashed"}),
        "the arguments do not fit the function: {0}",
        ((YOU, "correct the arguments, and retry the task"),),
        re.compile(
            r"^TypeError: (\w+\(\) (?:got an unexpected keyword|missing \d+ required|takes \d+).*)",
            re.MULTILINE,
        ),
    ),
    Rule(
        "no-database",
        frozenset({"crashed"}),
        "its node has no database with the label {0!r} (in capitals)",
        (
            (YOU, "pass a label that the node has; a plan of the task says which"),
            (OPERATOR, "add the database to the node"),
        ),
        re.compile(r"^KeyError: '(\w+)_DATABASE_URI'", re.MULTILINE),
    ),
    Rule(
        "crashed",
        frozenset({"crashed"}),
        "the algorithm raised {0}",
        (
            (YOU, "check the arguments and the data, and read the whole log"),
            (AUTHOR, "correct the algorithm, if it should have handled this"),
        ),
        re.compile(r"^((?:\w+\.)*\w*(?:Error|Exception)\b.*)$", re.MULTILINE),
    ),
    Rule(
        "killed",
        frozenset({"killed by user"}),
        "a user has killed it",
        ((YOU, "retry the task, if that was a mistake"),),
    ),
    Rule(
        "other-run-failed",
        frozenset({"failed"}),
        "it did not start, because run {0} of the task failed: {1}",
        ((YOU, "resolve what is the matter there, then retry the task"),),
        re.compile(r"sibling run id=(\d+) failed with status '([^'\n]+)'"),
    ),
)


@dataclass(frozen=True)
class Finding:
    """What is the matter with a run.

    Attributes
    ----------
    organization : str
        Name of the organization.
    run_id : int
        Identifier of the run.
    status : str
        Status of the run.
    text : str
        What is the matter, in one sentence.
    since : float or None
        Since when, by the server's clock, in seconds since the epoch; None if unknown.
    rule : str
        Name of the rule that explains it; empty if only the status is known.
    remedies : sequence of (str, str)
        Who can do what.
    is_subtask : bool
        Whether the run belongs to a subtask.
    """

    organization: str
    run_id: int
    status: str
    text: str
    since: float | None = None
    rule: str = ""
    remedies: Sequence[tuple[str, str]] = ()
    is_subtask: bool = False

    @property
    def page(self) -> str:
        """Section of the documentation about it; empty without a rule."""
        return f"{PAGE}#{self.rule}" if self.rule else ""

    def __str__(self) -> str:
        since = "" if self.since is None else f", since {format_time(self.since, '%Y-%m-%d %H:%M')}"
        subtask = " (subtask)" if self.is_subtask else ""
        lines = [f"{sanitize(self.organization)}{subtask}: {self.text}{since}"]
        lines += [f"  - {who}: {what}" for who, what in self.remedies]
        return "\n".join([*lines, f"  {self.page}"] if self.rule else lines)


@dataclass(frozen=True)
class Explanation:
    """What is the matter with a task; ``print(explanation)`` shows it.

    Attributes
    ----------
    task_id : int
        Identifier of the task.
    name : str
        Name of the task.
    status : str
        Status of the task.
    findings : list of Finding
        What is the matter, for each run of the task and each failed run of its subtasks.
    """

    task_id: int
    name: str
    status: str
    findings: Sequence[Finding]

    def __str__(self) -> str:
        title = f"task {self.task_id} {sanitize(self.name)!r}: {sanitize(self.status)}"
        return "\n".join([title, *map(str, self.findings)])


def explain_run(
    run: Run, task: Task, names: Mapping[int, str], last_seen: float | None, *, is_subtask: bool
) -> Finding:
    """Return what is the matter with a run; `last_seen` is when its node was last online."""
    status, log = run["status"] or "pending", run["log"] or ""
    place = run["organization"]
    organization = names.get(place["id"]) or f"organization {place['id']}" if place else "?"
    node: Mapping[str, Any] = run.get("node") or {}
    is_offline = node.get("status") == "offline" and not has_finished(status)
    began, ended = to_timestamp(run["started_at"]), to_timestamp(run["finished_at"])
    # Servers give runs the time of their own start as `assigned_at`.
    since = ended if has_finished(status) else began or to_timestamp(task["created_at"])
    for rule in RULES:
        found = [*rule.pattern.finditer(log)] if rule.pattern else []
        if (
            status in rule.statuses
            and rule.is_offline <= is_offline
            and bool(found) == bool(rule.pattern)
        ):
            values = [sanitize(text) for text in found[-1].groups()] if found else []
            text = rule.cause.format(*values, image=sanitize(task["image"] or ""))
            since = last_seen if rule.is_offline else since
            return Finding(
                organization, run["id"], status, text, since, rule.name, rule.remedies, is_subtask
            )
    progress = RunProgress(run["id"], task["id"], None, "", status, started=began, finished=ended)
    text = "it has ended with a result" if status == COMPLETED else ""
    text = text or describe_missing(progress, log, 0.0).partition(" for ")[0]
    return Finding(organization, run["id"], status, text, since, is_subtask=is_subtask)


def explain_task(
    task: Task,
    subtasks: Iterable[Task],
    names: Mapping[int, str],
    last_seen: Mapping[int, float | None],
) -> Explanation:
    """Return what is the matter with a task; its row and those of its subtasks include the runs."""
    findings: list[Finding] = []
    for row in (task, *subtasks):
        for run in sorted(runs_in(row), key=lambda run: run["id"]):
            is_subtask = row is not task
            if is_subtask and run["status"] in (COMPLETED, *UNDER_WAY):
                continue
            place = run["organization"]
            seen = last_seen.get(place["id"]) if place else None
            findings.append(explain_run(run, row, names, seen, is_subtask=is_subtask))
    return Explanation(task["id"], task["name"] or "", task["status"], findings)


def runs_in(task: Task) -> Sequence[Run]:
    """Return the runs that a row includes; none if it has only a link to them."""
    runs: Any = task["runs"]
    return () if isinstance(runs, str) else runs
