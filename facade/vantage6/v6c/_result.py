"""The commands that give what algorithms returned."""

from __future__ import annotations

from pathlib import Path

import click

from ._command import Group, Shell
from ._complete import names_of
from ._output import say, show_results

result = Group("result", help="Results: what algorithms returned.", no_args_is_help=True)


@result.command("list")
@click.argument("task", shell_complete=names_of("task"))
@click.pass_obj
def list_(shell: Shell, task: str) -> None:
    """Show what a task returned at each organization, as far as it has."""
    id_ = shell.client.task.get(task, field="id")["id"]
    show_results([(id_, shell.client.result.from_task(id_))], as_json=shell.as_json)


@result.command("show")
@click.argument("run", type=int)
@click.pass_obj
def show(shell: Shell, run: int) -> None:
    """Print the result of one run, as the algorithm wrote it.

    RUN is the run's id.
    """
    text = shell.client.result.get(run)
    if shell.as_json:
        shell.tell("", {"run": run, "result": text})
    else:
        say("no result" if text is None else text)


@result.command("save")
@click.argument("run", type=int)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def save(shell: Shell, run: int, file: Path) -> None:
    """Write the result of one run to a FILE that only you can read.

    RUN is the run's id.
    """
    saved = shell.client.result.save(run, file)
    told = "there is no result yet" if saved is None else f"{saved} has the result of run {run}"
    shell.tell(told, {"run": run, "file": None if saved is None else str(saved)})
