"""Shows what the client gave: tables and lines to people, JSON to programs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

if TYPE_CHECKING:
    from vantage6.client import ResultRows, Rows

# What a row inside another is called by.
CALLED = ("name", "username", "label", "url", "id")


def is_terminal(stream: TextIO) -> bool:
    """Tell whether a person looks at a stream.

    Parameters
    ----------
    stream : file
        Standard output, or another.

    Returns
    -------
    bool
        False for pipes, files, and terminals that can do nothing.
    """
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Print text that others may have written.

    Parameters
    ----------
    text : str
        One line, or several.
    """
    from vantage6.client._utils.text import (
        sanitize_lines,  # here, so that help and completion stay fast
    )

    # What an algorithm wrote may have columns: tabs stay.
    click.echo("\t".join(map(sanitize_lines, text.split("\t"))))


def complain(text: str) -> None:
    """Tell of something that went wrong, beside the output.

    Parameters
    ----------
    text : str
        What went wrong.
    """
    from vantage6.client._utils.text import sanitize_lines

    click.echo(f"v6c: {sanitize_lines(text)}", err=True)


def show_json(value: object, *, secrets: bool = False, indent: int | None = 2) -> None:
    """Print a JSON document.

    Parameters
    ----------
    value : object
        What to print.
    secrets : bool
        Whether secrets are shown as they are.
    indent : int or None
        How far what is nested is set in; None for a single line.
    """
    text = json.dumps(
        value if secrets else masked(value), ensure_ascii=False, indent=indent, default=str
    )
    # JSON itself escapes some of what steers terminals, but not all.
    click.echo(re.sub(r"[^\n]", lambda c: c[0] if c[0].isprintable() else _escaped(c[0]), text))


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def masked(value: object) -> object:
    """Hide the secrets in what the server gave.

    Parameters
    ----------
    value : object
        Rows, or rows inside others.

    Returns
    -------
    object
        The same, with ``<hidden>`` in place of secrets.
    """
    from vantage6.bindings.secret import HIDDEN, NAMES

    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        return {
            name: HIDDEN if inner and name in NAMES else masked(inner)
            for name, inner in row.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in cast("list[object]", value)]
    return value


def show_rows(rows: Rows[Any], *, as_json: bool) -> None:
    """Print rows.

    Parameters
    ----------
    rows : Rows
        The rows.
    as_json : bool
        Whether as JSON, in place of a table.
    """
    if as_json:
        show_json(list(rows))
        return
    rows[:] = cast("list[Any]", masked(list(rows)))
    if is_terminal(sys.stdout) and find_spec("rich"):
        from rich.console import Console

        Console().print(rows)
    else:
        click.echo(str(rows))


def show_row(row: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one row, a field on each line.

    Parameters
    ----------
    row : dict
        The row.
    as_json : bool
        Whether as JSON.
    """
    if as_json:
        show_json(row)
        return
    shown = cast("Mapping[str, object]", masked(row))
    shown = {name: _told(value) for name, value in shown.items() if not _is_link(value)}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        first, *others = text.splitlines() or [""]
        say(f"{name:<{width}}  {first}".rstrip())
        for line in others:
            say(f"{'':<{width}}  {line}")


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and "?" in value


def _told(value: object) -> str:
    """Say a value in words: of a row inside another its name."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        name = next((row[name] for name in CALLED if row.get(name) is not None), None)
        return str(name) if name is not None else json.dumps(row, default=str)
    if isinstance(value, list):
        return ", ".join(map(_told, cast("list[object]", value)))
    return str(value)


def show_results(tasks: Iterable[tuple[int, ResultRows]], *, as_json: bool) -> None:
    """Print what algorithms returned, one line for each organization.

    Parameters
    ----------
    tasks : iterable of int and ResultRows
        Tasks and their results.
    as_json : bool
        Whether as JSON: a list with task, run, organization and output of each run.
    """
    document = [
        {
            "task": task,
            "run": row["run"]["id"],
            "organization": rows.organizations.get(row["run"]["id"]),
            "output": output,
        }
        for task, rows in tasks
        for row, output in zip(rows, rows.outputs, strict=True)
    ]
    if as_json:
        show_json(document)
        return
    names = [str(row["organization"] or f"run {row['run']}") for row in document]
    _show_aligned(names, [_one_line(row["output"]) for row in document])


def _one_line(output: object) -> str:
    return "no result" if output is None else json.dumps(output, ensure_ascii=False)


def _show_aligned(names: Sequence[str], texts: Sequence[str]) -> None:
    width = max(map(len, names), default=0)
    for name, text in zip(names, texts, strict=True):
        say(f"{name:<{width}}  {text}")
