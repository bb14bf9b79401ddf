"""Commands for tasks."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import starmap
from shutil import which
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from ._command import (
    CommandContext,
    Group,
    kwarg_option,
    list_options,
    name_option,
    option_type,
    page_arguments,
    read_document,
)
from ._completers import complete_names
from ._exit_codes import DENIED, FAILED, OK, USAGE, exit_code
from ._output import (
    print_error,
    print_json,
    print_results,
    print_text,
    print_timeline,
    progress_setting,
)
from ._values import parse_extraction, parse_value

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from vantage6.client import Finished, LogLine, Plan

    # The client's `notify` setting.
    Notify: TypeAlias = Callable[[Finished], object] | Literal["desktop"] | None

task = Group("task", help="Create, wait for, follow and stop tasks.", no_args_is_help=True)


@task.command("list")
@click.option("--name", metavar="PATTERN", help="Filter by name; % matches any characters.")
@click.option("--status", help="Filter by status, such as active or completed.")
@click.option(
    "--image", metavar="PATTERN", help="Filter by algorithm image; % matches any characters."
)
@name_option("study", "--study", help="Filter by study.")
@name_option("store", "--store", help="Filter by the algorithm store.")
@name_option(
    "organization",
    "--by",
    "initiating_org",
    help="Filter by the organization that created the task.",
)
@name_option("task", "--parent", help="Filter by parent task.")
@click.option("--job", type=int, metavar="N", help="Filter by job.")
@list_options
@click.pass_obj
def list_(
    context: CommandContext, limit: int | None, fields: list[str] | None, **filters: Any
) -> None:
    """List tasks, newest first."""
    context.print_rows(context.client.task.list(fields=fields, **filters, **page_arguments(limit)))


@task.command("show")
@click.argument("task", shell_complete=complete_names("task"))
@click.option("--timeline", is_flag=True, help="Show who was asked, ran and ended when.")
@click.pass_obj
def show(context: CommandContext, task: str, timeline: bool) -> None:
    """Show a task."""
    if timeline:
        print_timeline(context.client.task.timeline(task), as_json=context.as_json)
    else:
        context.print_row(context.client.task.get(task))


@task.command("create")
@name_option(
    "organization",
    "-o",
    "--organization",
    "organizations",
    multiple=True,
    required=True,
    help="Organization to run the task; repeatable.",
)
@click.option("--image", required=True, help="Docker image of the algorithm.")
@click.option("--method", help="Function of the algorithm to run.")
@click.option(
    "--arg",
    "args",
    type=option_type(parse_value),
    multiple=True,
    metavar="VALUE",
    help="Positional argument: JSON or text; repeatable.",
)
@kwarg_option("kwargs")
@click.option(
    "--input",
    "input_",
    metavar="FILE",
    help="JSON file with method, args and kwargs; - is standard input.",
)
@click.option("--name", help="Name of the task; by default the method.")
@click.option("--description", default="", help="Description of the task.")
@click.option(
    "--database",
    "databases",
    multiple=True,
    metavar="LABEL",
    help="Database label, or at HQ a data frame; repeatable.",
)
@click.option(
    "--extract",
    "extractions",
    type=option_type(parse_extraction),
    multiple=True,
    metavar="LABEL=METHOD",
    help="Database, at HQ extracted by a function of the image; repeatable.",
)
@name_option("session", "--session", help="Session to compute in (HQ).")
@click.option(
    "--action",
    type=click.Choice(["federated_compute", "central_compute"]),
    help="Kind of the function (HQ).",
)
@name_option("study", "--study", help="Study to run the task in.")
@name_option("store", "--store", help="Algorithm store of the image.")
@click.option("--wait", is_flag=True, help="Wait for the results and print them.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Maximum time to wait.")
@click.option("--logs", is_flag=True, help="Show the logs of the algorithms while waiting.")
@click.option(
    "--dry-run", is_flag=True, help="Send nothing; show at which organizations it would run."
)
@click.pass_obj
def create(
    context: CommandContext,
    organizations: tuple[str, ...],
    image: str,
    method: str | None,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    input_: str | None,
    name: str | None,
    wait: bool,
    timeout: float | None,
    logs: bool,
    dry_run: bool,
    databases: tuple[str, ...],
    extractions: tuple[tuple[str, str], ...],
    **others: Any,
) -> int:
    """Create a task.

    With --dry-run, exit with 0 if nothing is known that prevents the task, otherwise with the code
    of the reason: 4 for a missing permission, 2 for the arguments, 9 for an organization.

    \b
      v6c task create -o IKNL -o Maastro --image harbor2.vantage6.ai/demo/average \\
          --method partial_average --kwarg column_name=age --database default --wait
    """  # noqa: D301 - click reads "\b" as "do not rewrap"
    if (timeout is not None or logs) and not wait:
        raise click.UsageError("--timeout and --logs: expected --wait to be set as well.")
    if dry_run and wait:
        raise click.UsageError("--dry-run and --wait: expected one of them.")
    from vantage6.client import Extraction

    input_document = None if input_ is None else _read_input(input_)
    method_of = context.client.task.plan if dry_run else context.client.task.create
    row: Any = method_of(
        organizations,
        name or method or str((input_document or {}).get("method") or image),
        image,
        input_=input_document,
        method=method,
        args=list(args) or None,
        kwargs=kwargs or None,
        databases=[*databases, *starmap(Extraction, extractions)] or None,
        **others,
    )
    if dry_run:
        return _print_plan(context, row)
    if not wait:
        context.print_message(f"created task {row['id']}, {row['name']!r}", row)
        return OK
    print_error(f"created task {row['id']}")
    return _wait_for_results(context, [row["id"]], timeout, logs)


def _print_plan(context: CommandContext, plan: Plan) -> int:
    """Print a plan, and return the exit code of what prevents the task, if anything."""
    from vantage6.client import Plan

    if context.as_json:
        known = {name: getattr(plan, name) for name in Plan.__match_args__}
        print_json({"ok": plan.ok, "ready": plan.ready, **asdict(Plan(**known))})
    else:
        for line in str(plan).split("\n"):
            print_text(line)
    if plan.right.state == "no":
        return DENIED
    return USAGE if plan.arguments.state == "no" else OK if plan.ok else FAILED


def _read_input(file: str) -> Mapping[str, object]:
    document = read_document(file, "--input")
    if not isinstance(document, dict):
        raise click.BadParameter('expected a JSON object with a "method".', param_hint="--input")
    return cast("dict[str, object]", document)


@task.command("wait")
@click.argument("tasks", nargs=-1, required=True, shell_complete=complete_names("task"))
@click.option("--timeout", type=float, metavar="SECONDS", help="Maximum time to wait.")
@click.option("--logs", is_flag=True, help="Show the logs of the algorithms.")
@click.option("--at-least", type=int, metavar="N", help="Number of results that suffice.")
@click.option(
    "--after",
    type=float,
    default=0,
    metavar="SECONDS",
    help="Time to wait for all results before --at-least suffices.",
)
@click.option(
    "--notify",
    metavar="COMMAND",
    help='Run a command when a task has ended, or "desktop" to show a notification.',
)
@click.pass_obj
def wait(
    context: CommandContext,
    tasks: tuple[str, ...],
    timeout: float | None,
    logs: bool,
    at_least: int | None,
    after: float,
    notify: str | None,
) -> int:
    """Wait for TASKS, and print their results.

    Progress is shown on standard error: drawn in a terminal, one line per change elsewhere. Ctrl-C
    leaves the tasks running.

    The command of --notify is split into words and run without a shell. It finds the id, status and
    outcome of the task in the variables V6C_TASK, V6C_STATUS and V6C_TEXT.
    """
    ids = [context.client.task.get(task, field="id")["id"] for task in tasks]
    tell = _notify_option(notify)
    return _wait_for_results(
        context, ids, timeout, logs, at_least=at_least, after=after, notify=tell
    )


def _notify_option(command: str | None) -> Notify:
    """Return the client's `notify` setting for a command."""
    if command is None:
        return None
    if command == "desktop":
        return "desktop"
    words = shlex.split(command)
    if not (words and which(words[0])):
        raise click.BadParameter(
            f"expected 'desktop' or a command on PATH, got {command!r}.", param_hint="--notify"
        )

    from vantage6.client._utils.processes import child_environment  # as late as the client

    def tell(done: Finished) -> None:
        texts = {"V6C_TASK": str(done.task_id), "V6C_STATUS": done.status}
        variables = {**child_environment(), **texts, "V6C_TEXT": str(done)}
        subprocess.run(words, env=variables, check=True, stdin=subprocess.DEVNULL)  # noqa: S603

    return tell


def _wait_for_results(
    context: CommandContext,
    tasks: Sequence[int],
    timeout: float | None,
    logs: bool,
    *,
    at_least: int | None = None,
    after: float = 0,
    notify: Notify = None,
) -> int:
    """Wait for tasks, print their results, and return the exit code."""
    from vantage6.client import Vantage6Error

    client = context.client
    try:
        found = client.wait_for_results(
            tasks,
            timeout=timeout,
            on_failure="return",
            progress=progress_setting(),
            logs=logs,
            at_least=at_least,
            after=after,
            notify=notify,
        )
    except KeyboardInterrupt:  # its own hint is for programmers
        print_error(
            f"the tasks keep running; to wait again, run: v6c task wait {' '.join(map(str, tasks))}"
        )
        raise
    print_results(zip(tasks, found, strict=True), as_json=context.as_json)
    code = OK
    for task, rows in zip(tasks, found, strict=True):
        for name, reason in rows.missing.items() if at_least else ():
            print_error(f"no result from {name}: {reason}")
        if (any(row["result"] is None for row in rows) and not at_least) or not rows:
            # The task has ended: this call only raises the error with the reason.
            try:
                client.wait_for_results(task, progress=False)
            except Vantage6Error as error:
                print_error(*str(error).split("\n"))
                code = exit_code(type(error))
    return code


@task.command("logs")
@click.argument("task", shell_complete=complete_names("task"))
@click.option("-f", "--follow", is_flag=True, help="Keep printing until the task ends.")
@click.pass_obj
def logs(context: CommandContext, task: str, follow: bool) -> None:
    """Show the logs of a task and its subtasks.

    With --json --follow, each line is a separate JSON document.
    """
    if follow:
        for line in context.client.task.stream_logs(task):
            if context.as_json:
                print_json(_log_line_document(line), indent=None)
            else:
                print_text(str(line))
            sys.stdout.flush()
        return
    lines = list(_log_lines(context, task))
    if context.as_json:
        print_json(lines)
    else:
        for line in lines:
            print_text(f"{line['organization']} | {line['text']}")


def _log_line_document(line: LogLine) -> dict[str, object]:
    return {
        "task": line.task_id,
        "run": line.run_id,
        "organization": line.organization,
        "text": line.text,
    }


def _log_lines(context: CommandContext, task: str) -> Iterator[dict[str, object]]:
    """Yield the log lines so far, subtasks after their parent."""
    client = context.client
    names = {row["id"]: row["name"] for row in client.organization.list(fields=["id", "name"])}
    open_tasks, seen = [client.task.get(task, field="id")["id"]], set[int]()
    while open_tasks:
        id_ = open_tasks.pop(0)
        seen.add(id_)
        for run in client.run.from_task(id_):
            where = run["organization"]
            name = names.get(where["id"]) or str(where["id"]) if where else ""
            for text in (run.get("log") or "").splitlines():
                yield {"task": id_, "run": run["id"], "organization": name, "text": text}
        subtasks = {row["id"] for row in client.task.list(parent=id_, field="id")}
        open_tasks += sorted(subtasks - seen)  # a server may call a task its own subtask


@task.command("why")
@click.argument("task", shell_complete=complete_names("task"))
@click.pass_obj
def why(context: CommandContext, task: str) -> None:
    """Explain why a task failed or waits.

    Says what is the matter at each organization, since when, and who can do what.
    """
    explanation = context.client.task.explain(task)
    if context.as_json:
        print_json(asdict(explanation))
    else:
        for line in str(explanation).split("\n"):
            print_text(line)


@task.command("kill")
@click.argument("tasks", nargs=-1, required=True, shell_complete=complete_names("task"))
@click.pass_obj
def kill(context: CommandContext, tasks: tuple[str, ...]) -> int:
    """Kill TASKS at all nodes.

    The tasks remain on the server with the status "killed by user". The server considers a task
    ended as soon as one of its runs has failed. A task that has ended cannot be killed; the other
    TASKS still are.
    """
    from vantage6.client import BadRequestError

    code = OK
    for task in tasks:
        try:
            response = context.client.task.kill(task)
        except BadRequestError as error:
            print_error(str(error))
            code = exit_code(type(error))
        else:
            context.print_message(response["msg"], response)
    return code


@task.command("delete")
@click.argument("tasks", nargs=-1, required=True, shell_complete=complete_names("task"))
@click.option("--yes", is_flag=True, help="Delete without confirmation.")
@click.pass_obj
def delete(context: CommandContext, tasks: tuple[str, ...], yes: bool) -> None:
    """Delete TASKS with their runs, results and subtasks.

    Active runs are killed, unless one of the runs has failed: then the other runs continue to
    their end, and their results are discarded.
    """
    from vantage6.client import NotFoundError

    client = context.client
    ids = dict.fromkeys(client.task.get(task, field="id")["id"] for task in tasks)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("cannot prompt: standard input is not a terminal. Pass --yes.")
        which = f"task{'s' if len(ids) > 1 else ''} {', '.join(map(str, ids))}"
        click.confirm(f"Delete {which} and all results?", abort=True, err=True)
    for id_ in ids:
        try:
            response = client.task.delete(id_)
        except NotFoundError:
            response = {"msg": f"task {id_} was already deleted, for example with its parent task"}
        context.print_message(response["msg"], response)
