"""Complete option values in a shell, with names from the server."""

# Completion never prompts, logs in or prints errors: a wrong password would lock the account after
# a few key presses.

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from threading import Thread
from typing import Any, Literal, TypeAlias

import click
from click.shell_completion import CompletionItem

from ._connection import ConnectionOptions, connect_without_prompt

ResourceKind: TypeAlias = Literal[
    "organization",
    "collaboration",
    "study",
    "node",
    "user",
    "task",
    "store",
    "role",
    "session",
    "dataframe",
]
Completer: TypeAlias = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

TIMEOUT_SECONDS = 3.0
MAX_NAMES = 100


def complete_names(kind: ResourceKind) -> Completer:
    """Return a `shell_complete` callback for the names of one kind of resource."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del param
        options = ConnectionOptions.pop_from(ctx.params, ctx.find_root().params)
        return _completion_items(
            incomplete, _call_with_timeout(lambda: _list_names(kind, options, incomplete))
        )

    return complete


def complete_profiles(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the profiles whose names start with the incomplete word."""
    del ctx, param
    from vantage6.client import profiles

    return _completion_items(incomplete, _call_with_timeout(lambda: list(profiles())))


def _list_names(kind: ResourceKind, options: ConnectionOptions, prefix: str) -> list[str]:
    with connect_without_prompt(options) as client:
        label = "username" if kind == "user" else "name"
        if kind == "dataframe":  # listed by session, without a filter
            sessions = client.session.list(page=1, per_page=MAX_NAMES)
            rows: Any = chain.from_iterable(map(client.session.dataframes, sessions))
        else:
            pattern = {label: f"{prefix}%"}
            rows = getattr(client, kind).list(**pattern, page=1, per_page=MAX_NAMES)
        # As an argument, text of digits is an id.
        return [name for row in rows if (name := row[label]) and not name.strip().isdecimal()]


def _call_with_timeout(function: Callable[[], Sequence[str]]) -> Sequence[str]:
    """Call a function in a thread; return nothing if it fails or takes too long."""
    found: list[str] = []

    def run() -> None:
        with suppress(Exception):  # an error message would end up in the command line
            found.extend(function())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # In a thread, because DNS resolution has no timeout.
        thread = Thread(target=run, daemon=True)
        thread.start()
        thread.join(TIMEOUT_SECONDS)
    return () if thread.is_alive() else found


def _completion_items(prefix: str, names: Iterable[str]) -> list[CompletionItem]:
    """Return unique, printable names with this prefix that cannot be taken for an option."""
    matches = [
        name
        for name in names
        if name.startswith(prefix) and name.isprintable() and not name.lstrip().startswith("-")
    ]
    return [CompletionItem(name) for name in dict.fromkeys(matches)]
