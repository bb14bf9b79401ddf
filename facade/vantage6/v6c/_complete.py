"""Completes names in a shell: asks the server for them, by the login that is saved.

Nobody is asked for anything, nobody is told of failures, and nobody logs in: a password that is no
longer right would lock the account of whoever presses a key too often.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from threading import Thread
from typing import Literal, TypeAlias

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    add_completion_class,
)

from ._connect import Options, connect_unasked

Kind: TypeAlias = Literal["organization", "collaboration", "study", "node", "task", "store", "role"]
Complete: TypeAlias = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

# Longer than this nobody looks at a line that does not move.
SECONDS = 3.0
# Among more nobody chooses.
MOST = 100


def names_of(kind: Kind) -> Complete:
    """Give what completes the names of one kind of thing.

    Parameters
    ----------
    kind : str
        What has the names: ``"organization"``, ``"task"`` and so on.

    Returns
    -------
    callable
        What is asked for the words that a word may become.
    """

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del param
        options = Options.taken_from(ctx.params)
        return _beginning(incomplete, _in_time(lambda: _listed(kind, options, incomplete)))

    return complete


def names_of_profiles(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Give the profiles whose names a word may become."""
    del ctx, param
    from vantage6.client import profiles

    return _beginning(incomplete, _in_time(lambda: list(profiles())))


def _listed(kind: Kind, options: Options, start: str) -> list[str]:
    with connect_unasked(options) as client:
        rows = getattr(client, kind).list(name=f"{start}%", page=1, per_page=MOST)
        return [row["name"] for row in rows if row["name"]]


def _in_time(ask: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Ask, and give nothing where that fails or takes too long."""
    found: list[str] = []

    def run() -> None:
        with suppress(Exception):  # whatever it says would stand in the midst of a line
            found.extend(ask())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Not here, since the look-up of a server's address, for one, knows no limit.
        thread = Thread(target=run, daemon=True)
        thread.start()
        thread.join(SECONDS)
    return () if thread.is_alive() else found


def _beginning(start: str, names: Iterable[str]) -> list[CompletionItem]:
    """Keep each name that begins so once, if it fits into a line."""
    fitting = [name for name in names if name.startswith(start) and name.isprintable()]
    return [CompletionItem(name) for name in dict.fromkeys(fitting)]


# -- what shells make of names --------------------------------------------------------------------
@add_completion_class
class Bash(BashComplete):
    """Names of several words in bash, which takes what is completed as if it had been typed.

    Other people choose names: what has a meaning for the shell must not keep it.
    """

    # By itself it takes backslashes out again.
    source_template = BashComplete.source_template.replace(" read type", " read -r type")

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Write the words as they can stand in the line."""
        *_, word = ["", *os.environ["COMP_WORDS"].split("\n")[: int(os.environ["COMP_CWORD"]) + 1]]
        items = super().get_completions(args, incomplete)
        quote = word[:1]
        if quote in ("'", '"'):
            # Bash closes the quotes itself; what would end them before cannot stand there.
            special = "'" if quote == "'" else r'"$`\!'
            return [item for item in items if not set(special) & set(item.value)]
        for item in items:
            item.value = re.sub(r"[^\w@%+:,./-]", r"\\\g<0>", item.value)
        return items


@add_completion_class
class Fish(FishComplete):
    """Names with commas in fish."""

    source_template = FishComplete.source_template.replace(
        'string split ","', 'string split --max 1 ","'
    )
