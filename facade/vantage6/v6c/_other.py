"""The commands that need no server: a network on this machine, and completion."""

from __future__ import annotations

import runpy
import sys

import click


@click.command(
    "localnet",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def localnet(arguments: tuple[str, ...]) -> int:
    """Start a server and nodes on this machine: up, run, demo."""
    sys.argv = ["v6c localnet", *(arguments or ["--help"])]
    try:
        # All of it: it also minds the signals that end it.
        runpy.run_module("vantage6.localnet", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and names.

    \b
      bash: echo 'eval "$(v6c completion bash)"' >> ~/.bashrc
      zsh:  echo 'eval "$(v6c completion zsh)"' >> ~/.zshrc
      fish: v6c completion fish > ~/.config/fish/completions/v6c.fish
    """  # noqa: D301 - the mark is a character for click
    from click.shell_completion import get_completion_class

    from ._app import app
    from ._run import COMPLETE, PROGRAM

    if kind := get_completion_class(shell):
        click.echo(kind(app, {}, PROGRAM, COMPLETE).source())
