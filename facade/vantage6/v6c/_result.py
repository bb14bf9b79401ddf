"""Commands for results."""

from __future__ import annotations

from pathlib import Path

import click

from ._command import CommandContext, Group
from ._completers import complete_names
from ._output import print_results, print_text

result = Group("result", help="Show and save results.", no_args_is_help=True)


@result.command("list")
@click.argument("task", shell_complete=complete_names("task"))
@click.pass_obj
def list_(context: CommandContext, task: str) -> None:
    """Show the results of a task so far, by organization."""
    id_ = context.client.task.get(task, field="id")["id"]
    print_results([(id_, context.client.result.from_task(id_))], as_json=context.as_json)


@result.command("show")
@click.argument("run", type=int)
@click.pass_obj
def show(context: CommandContext, run: int) -> None:
    """Print the result of one run as the algorithm wrote it.

    RUN is the run's id.
    """
    text = context.client.result.get(run)
    if context.as_json:
        context.print_message("", {"run": run, "result": text})
    else:
        for line in ("no result" if text is None else text).split("\n"):
            print_text(line)


@result.command("save")
@click.argument("run", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def save(context: CommandContext, run: int, file: Path) -> None:
    """Save the result of one run to a FILE that only you can read.

    RUN is the run's id.
    """
    saved = context.client.result.save(run, file)
    message = "no result yet" if saved is None else f"saved the result of run {run} to {saved}"
    context.print_message(message, {"run": run, "file": None if saved is None else str(saved)})
