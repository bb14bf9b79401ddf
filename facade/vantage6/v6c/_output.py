"""Output: tables and lines for people, JSON for programs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

if TYPE_CHECKING:
    from vantage6.client import ResultRows, Rows

# Fields that name a nested row, in order of preference.
NAME_FIELDS = ("name", "username", "label", "url", "id")


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that supports cursor control."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def one_line(text: str) -> str:
    """Reduce text from other parties to one line of printable characters and tabs."""
    from vantage6.client._utils.text import sanitize  # help and completion stay fast

    # The output of an algorithm may have columns.
    return "\t".join(map(sanitize, text.split("\t")))


def print_text(text: str) -> None:
    """Print one line; a line break in a name does not begin another one."""
    click.echo(one_line(text))


def print_error(*lines: str) -> None:
    """Print the lines of an error message to standard error."""
    from vantage6.bindings.secret import hide_keys

    with suppress(OSError):  # there is no other place to report that
        click.echo("v6c: " + "\n".join(one_line(hide_keys(line)) for line in lines), err=True)


def print_json(value: object, *, secrets: bool = False, indent: int | None = 2) -> None:
    """Print a JSON document."""
    text = json.dumps(
        value if secrets else mask_secrets(value), ensure_ascii=False, indent=indent, default=str
    )
    # JSON escapes some control characters, but not all.
    click.echo(re.sub(r"[^\n]", lambda c: c[0] if c[0].isprintable() else _escape(c[0]), text))


def _escape(character: str) -> str:
    return json.dumps(character)[1:-1]


def mask_secrets(value: object) -> object:
    """Return a copy of rows with secrets replaced by "<hidden>"."""
    from vantage6.bindings.secret import HIDDEN, NAMES

    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        return {
            name: HIDDEN if inner and name in NAMES else mask_secrets(inner)
            for name, inner in row.items()
        }
    if isinstance(value, list):
        return [mask_secrets(inner) for inner in cast("list[object]", value)]
    return value


def print_rows(rows: Rows[Any], *, as_json: bool) -> None:
    """Print rows as a table or as JSON."""
    if as_json:
        print_json(list(rows))
        return
    rows[:] = cast("list[Any]", mask_secrets(list(rows)))
    if is_terminal(sys.stdout) and find_spec("rich"):
        from rich.console import Console

        Console().print(rows)
    else:
        click.echo(str(rows))


def print_row(row: Mapping[str, Any], *, as_json: bool, secrets: bool = False) -> None:
    """Print one row, one field per line, or as JSON."""
    if as_json:
        print_json(row, secrets=secrets)
        return
    shown = cast("Mapping[str, object]", row if secrets else mask_secrets(row))
    shown = {name: _format_value(value) for name, value in shown.items() if not _is_link(value)}
    width = max(map(len, shown), default=0)
    for name, text in shown.items():
        first, *others = text.splitlines() or [""]
        print_text(f"{name:<{width}}  {first}".rstrip())
        for line in others:
            print_text(f"{'':<{width}}  {line}")


def _is_link(value: object) -> bool:
    return isinstance(value, str) and value.startswith("/") and "?" in value


def _format_value(value: object) -> str:
    """Format a field; a nested row is shown by its name."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        row = cast("Mapping[str, object]", value)
        name = next((row[name] for name in NAME_FIELDS if row.get(name) is not None), None)
        return str(name) if name is not None else json.dumps(row, default=str)
    if isinstance(value, list):
        return ", ".join(map(_format_value, cast("list[object]", value)))
    return str(value)


def print_results(tasks: Iterable[tuple[int, ResultRows]], *, as_json: bool) -> None:
    """Print the results of tasks, one line per organization, or as JSON."""
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
        print_json(document)
        return
    names = [one_line(str(row["organization"] or f"run {row['run']}")) for row in document]
    _print_aligned(names, [_format_output(row["output"]) for row in document])


def _format_output(output: object) -> str:
    return "no result" if output is None else json.dumps(output, ensure_ascii=False)


def _print_aligned(names: Sequence[str], texts: Sequence[str]) -> None:
    width = max(map(len, names), default=0)
    for name, text in zip(names, texts, strict=True):
        print_text(f"{name:<{width}}  {text}")
