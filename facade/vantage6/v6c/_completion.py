"""Command `v6c completion`, and fixes to click's shell scripts."""

from __future__ import annotations

import os
import re

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
    get_completion_class,
)

PROGRAM = "v6c"
# The completion script runs the program with this variable set.
COMPLETE_VARIABLE = "_V6C_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    \b
      bash: echo 'eval "$(v6c completion bash)"' >> ~/.bashrc
      zsh:  echo 'eval "$(v6c completion zsh)"' >> ~/.zshrc
      fish: v6c completion fish > ~/.config/fish/completions/v6c.fish
    """  # noqa: D301 - click reads "\b" as "do not rewrap"
    context = click.get_current_context().find_root()
    if completer := get_completion_class(shell):
        click.echo(completer(context.command, {}, PROGRAM, COMPLETE_VARIABLE).source())


# -- shell scripts --------------------------------------------------------------------------------
@add_completion_class
class Bash(BashComplete):
    """Bash completion that escapes special characters in names."""

    # Bash inserts a completion as if it had been typed, and other people choose the names: nothing
    # in them may be run.

    # Without -r, `read` would remove the backslashes again.
    source_template = BashComplete.source_template.replace(" read type", " read -r type")

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the completions, escaped for the current quoting."""
        *_, word = ["", *os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]]
        items = super().get_completions(args, incomplete)
        quote = word[:1]
        if quote in ("'", '"'):
            # Bash closes the quotes itself; names that would end them early are left out.
            special = "'" if quote == "'" else r'"$`\!'
            return [item for item in items if not set(special) & set(item.value)]
        for item in items:
            item.value = re.sub(r"[^\w@%+:,./-]", r"\\\g<0>", item.value)
        return items


@add_completion_class
class Fish(FishComplete):
    """Fish completion that keeps commas in names."""

    source_template = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )
