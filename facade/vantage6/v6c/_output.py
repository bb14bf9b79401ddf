"""Output: tables and lines for people, JSON for programs."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

if TYPE_CHECKING:
    from vantage6.client import ResultRows, Rows, Timeline


def is_terminal(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that supports cursor control."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def progress_setting() -> bool | None:
    """Return the client's `progress` setting: drawn in a terminal, lines elsewhere."""
    return None if is_terminal(sys.stderr) else True


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
    from vantage6.client._rows.columns import table_of_rows

    if as_json:
        print_json(list(rows))
        return
    in_terminal = is_terminal(sys.stdout)
    table = table_of_rows(
        cast("list[object]", mask_secrets(list(rows))),
        rows.fields,
        rows.total,
        rows.names,
        is_whole=not in_terminal,
        hint="--json shows everything",
    )
    if in_terminal and find_spec("rich"):
        from rich.console import Console

        console = Console()
        console.print(table.rich(console.width))
    else:
        click.echo(table.text(get_terminal_size().columns if in_terminal else None))


def print_columns(columns: Iterable[Mapping[str, Any]]) -> None:
    """Print the columns of a data frame, with their types at each organization."""
    from vantage6.client._rows.columns import table_of_rows

    columns = list(columns)
    places = sorted({place for column in columns for place in column["types"]})
    rows = [
        {
            "column": column["name"],
            **{f"at {place}": column["types"].get(place) for place in places},
            "note": "index" * column["is_index"] or "types differ" * column["differs"],
        }
        for column in columns
    ]
    click.echo(
        table_of_rows(rows, list(rows[0]) if rows else [], len(rows), {}, is_whole=True).text()
    )


def print_row(row: Mapping[str, Any], *, as_json: bool, secrets: bool = False) -> None:
    """Print one row, one field per line, or as JSON."""
    from vantage6.client._rows.columns import table_of_row

    if as_json:
        print_json(row, secrets=secrets)
        return
    shown = cast("Mapping[str, object]", row if secrets else mask_secrets(row))
    click.echo(table_of_row(shown, getattr(row, "names", {}), is_whole=True).text())


def print_timeline(timeline: Timeline, *, as_json: bool) -> None:
    """Print a timeline as text that fits the terminal, or as JSON."""
    from dataclasses import asdict

    if as_json:
        print_json(asdict(timeline))
    else:
        click.echo(timeline.text(get_terminal_size().columns if is_terminal(sys.stdout) else 100))


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
