"""The commands about tasks: ask for them, wait for them, read what they log, end them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from ._codes import OK, code_of
from ._command import Group, Shell, listing, named, paged, pair, read_document
from ._complete import names_of
from ._output import complain, is_terminal, say, show_json, show_results
from ._values import value_of

if TYPE_CHECKING:
    from vantage6.client import LogLine

task = Group("task", help="Tasks: create, wait for, follow and end them.", no_args_is_help=True)


@task.command("list")
@click.option("--name", metavar="PATTERN", help="Those of this name; % is any characters.")
@click.option("--status", help="Those in this status, such as active or completed.")
@click.option("--image", metavar="PATTERN", help="Those with this algorithm.")
@named("study", "--study", help="Those of this study.")
@named("store", "--store", help="Those whose algorithm is from this store.")
@named("organization", "--by", "initiating_org", help="Those that this organization asked.")
@named("task", "--parent", help="The subtasks of this task.")
@click.option("--job", type=int, metavar="N", help="Those of this job.")
@listing
@click.pass_obj
def list_(shell: Shell, limit: int | None, fields: list[str] | None, **filters: Any) -> None:
    """List tasks, the newest first."""
    shell.rows(shell.client.task.list(fields=fields, **filters, **paged(limit)))


@task.command("show")
@click.argument("task", shell_complete=names_of("task"))
@click.pass_obj
def show(shell: Shell, task: str) -> None:
    """Show a task."""
    shell.row(shell.client.task.get(task))


@task.command("create")
@named(
    "organization",
    "-o",
    "--organization",
    "organizations",
    multiple=True,
    required=True,
    help="An organization that is to run it; give one of these for each.",
)
@click.option("--image", required=True, help="The algorithm: the name of its Docker image.")
@click.option("--method", help="The function of the algorithm to run.")
@click.option(
    "--arg",
    "args",
    type=value_of,
    multiple=True,
    metavar="VALUE",
    help="An argument: JSON, or text.",
)
@click.option(
    "--kwarg",
    "kwargs",
    type=pair,
    multiple=True,
    metavar="NAME=VALUE",
    help="A named argument: JSON, or text.",
)
@click.option(
    "--input",
    "input_",
    metavar="FILE",
    help="JSON with method, args and kwargs, in place of these; - is standard input.",
)
@click.option("--name", help="Name of the task; by default the method's.")
@click.option("--description", default="", help="What it is for.")
@click.option(
    "--database", "databases", multiple=True, metavar="LABEL", help="A database to use, by label."
)
@named("study", "--study", help="The study to run it in.")
@named("store", "--store", help="The store that the algorithm comes from.")
@click.option("--wait", is_flag=True, help="Wait for the results, and show them.")
@click.option("--timeout", type=float, metavar="SECONDS", help="How long to wait at most.")
@click.option("--logs", is_flag=True, help="Show what the algorithms log, while waiting.")
@click.pass_obj
def create(
    shell: Shell,
    organizations: tuple[str, ...],
    image: str,
    method: str | None,
    args: tuple[object, ...],
    kwargs: tuple[tuple[str, object], ...],
    input_: str | None,
    name: str | None,
    wait: bool,
    timeout: float | None,
    logs: bool,
    databases: tuple[str, ...],
    **others: Any,
) -> int:
    """Ask organizations to run an algorithm.

    \b
      v6c task create -o IKNL -o Maastro --image harbor2.vantage6.ai/demo/average \\
          --method partial_average --kwarg column_name=age --database default --wait
    """  # noqa: D301 - the mark is a character for click
    if (timeout is not None or logs) and not wait:
        raise click.UsageError("--timeout and --logs are about waiting: give --wait, too")
    read = None if input_ is None else _input(input_)
    row = shell.client.task.create(
        organizations,
        name or method or str((read or {}).get("method") or image),
        image,
        input_=read,
        method=method,
        args=list(args) or None,
        kwargs=dict(kwargs) or None,
        databases=list(databases) or None,
        **others,
    )
    if not wait:
        shell.tell(f"task {row['id']}, {row['name']!r}, is created", row)
        return OK
    complain(f"task {row['id']} is created")
    return _await(shell, [row["id"]], timeout, logs)


def _input(file: str) -> Mapping[str, object]:
    document = read_document(file, "--input")
    if not isinstance(document, dict):
        raise click.BadParameter('it is no object with a "method"', param_hint="--input")
    return cast("dict[str, object]", document)


@task.command("wait")
@click.argument("tasks", nargs=-1, required=True, shell_complete=names_of("task"))
@click.option("--timeout", type=float, metavar="SECONDS", help="How long to wait at most.")
@click.option("--logs", is_flag=True, help="Show what the algorithms log.")
@click.pass_obj
def wait(shell: Shell, tasks: tuple[str, ...], timeout: float | None, logs: bool) -> int:
    """Wait for TASKS, and show what they returned.

    How they stand is shown on standard error: drawn in a terminal, in lines elsewhere. Ctrl-C
    leaves the tasks running.
    """
    ids = [shell.client.task.get(task, field="id")["id"] for task in tasks]
    return _await(shell, ids, timeout, logs)


def _await(shell: Shell, tasks: Sequence[int], timeout: float | None, logs: bool) -> int:
    """Wait for tasks, show their results, and give the exit code."""
    from vantage6.client import TaskFailedError

    client = shell.client
    try:
        found = client.wait_for_results(
            tasks, timeout=timeout, on_failure="return", progress=_progress(), logs=logs
        )
    except KeyboardInterrupt:
        complain(f"wait again with: v6c task wait {' '.join(map(str, tasks))}")
        raise
    show_results(zip(tasks, found, strict=True), as_json=shell.as_json)
    code = OK
    for task, rows in zip(tasks, found, strict=True):
        if any(row["result"] is None for row in rows) or not rows:
            # It has ended: this asks again only to be told why it failed.
            try:
                client.wait_for_results(task, progress=False)
            except TaskFailedError as error:
                complain(str(error))
                code = code_of(TaskFailedError)
    return code


def _progress() -> bool | None:
    """Draw in a terminal, and write lines elsewhere."""
    return None if is_terminal(sys.stderr) else True


@task.command("logs")
@click.argument("task", shell_complete=names_of("task"))
@click.option("-f", "--follow", is_flag=True, help="Go on until the task has ended.")
@click.pass_obj
def logs(shell: Shell, task: str, follow: bool) -> None:
    """Show what the algorithms of a task and of its subtasks log.

    With --json --follow each line is a document of its own.
    """
    if follow:
        for line in shell.client.task.stream_logs(task):
            if shell.as_json:
                show_json(_document(line), indent=None)
            else:
                say(str(line))
            sys.stdout.flush()
        return
    lines = list(_written(shell, task))
    if shell.as_json:
        show_json(lines)
    else:
        for line in lines:
            say(f"{line['organization']} | {line['text']}")


def _document(line: LogLine) -> dict[str, object]:
    return {
        "task": line.task_id,
        "run": line.run_id,
        "organization": line.organization,
        "text": line.text,
    }


def _written(shell: Shell, task: str) -> Iterator[dict[str, object]]:
    """Give the lines that are written by now, those of subtasks after those of their task."""
    client = shell.client
    names = {row["id"]: row["name"] for row in client.organization.list(fields=["id", "name"])}
    open_tasks = [client.task.get(task, field="id")["id"]]
    while open_tasks:
        id_ = open_tasks.pop(0)
        for run in client.run.from_task(id_):
            where = run["organization"]
            name = names.get(where["id"]) or str(where["id"]) if where else ""
            for text in (run["log"] or "").splitlines():
                yield {"task": id_, "run": run["id"], "organization": name, "text": text}
        open_tasks += sorted(row["id"] for row in client.task.list(parent=id_, field="id"))


@task.command("kill")
@click.argument("tasks", nargs=-1, required=True, shell_complete=names_of("task"))
@click.pass_obj
def kill(shell: Shell, tasks: tuple[str, ...]) -> int:
    """Stop TASKS at all nodes. They remain, as killed by you.

    To the server a task has ended as soon as one of its runs has failed. What has ended cannot be
    stopped, and keeps no other task from being stopped.
    """
    from vantage6.client import BadRequestError

    code = OK
    for task in tasks:
        try:
            answer = shell.client.task.kill(task)
        except BadRequestError as error:
            complain(str(error))
            code = code_of(type(error))
        else:
            shell.tell(answer["msg"], answer)
    return code


@task.command("delete")
@click.argument("task", shell_complete=names_of("task"))
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(shell: Shell, task: str, yes: bool) -> None:
    """Delete a task with its runs, results and subtasks.

    What still runs is killed, unless one of the runs has failed: then the others work on to their
    end, and nobody hears of them.
    """
    row = shell.client.task.get(task, fields=["id", "name"])
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("nobody can be asked here: give --yes")
        click.confirm(f"Delete task {row['id']} and its results?", abort=True, err=True)
    answer = shell.client.task.delete(row["id"])
    shell.tell(answer["msg"], answer)
