"""Run the application, and map errors to messages and exit codes."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO, cast

import click

from ._app import app
from ._completion import COMPLETE_VARIABLE, PROGRAM
from ._connection import OPTION_PREFIX
from ._exit_codes import BUG, INTERRUPTED, OK, OUTPUT_CLOSED, USAGE, exit_code, hint, in_shell
from ._output import print_error


def run(arguments: Sequence[str] | None) -> int:
    """Run the command line and return the exit code."""
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, PROGRAM, COMPLETE_VARIABLE, instruction)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the shell has closed it
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - until the exit
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # replaced streams may lack it
        if reconfigure is not None:  # names the terminal cannot encode are no failure
            reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _print_warning
        try:
            code = _invoke(app, arguments)
            sys.stdout.flush()
        except OSError as error:
            code = OUTPUT_CLOSED if isinstance(error, BrokenPipeError) else _print_failure(error)
            # The reader has gone, or the disk is full: Python's own flush at exit would fail, too.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _invoke(app: click.Command, arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # click's own `main` maps all of these to a single exit code.
        with app.make_context(PROGRAM, words) as context:
            code = app.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.ClickException as error:
        from vantage6.bindings.secret import hide_keys  # help and completion stay fast

        shown = io.StringIO()
        error.show(shown)
        with suppress(OSError):
            click.echo(hide_keys(shown.getvalue()), err=True, nl=False)
        return USAGE if isinstance(error, click.UsageError | click.FileError) else BUG
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        return _print_failure(error)
    return code if isinstance(code, int) else OK


def _print_failure(error: Exception) -> int:
    """Print an error of the client or the system; raise any other."""
    from vantage6.client import Vantage6Error

    if isinstance(error, Vantage6Error):
        first, *lines = str(error).split("\n")
        print_error(in_shell(first, dict(_options(app))), *lines)
        if command_hint := hint(type(error)):
            print_error(command_hint)
        return exit_code(type(error))
    if isinstance(error, OSError):
        print_error(f"{error.filename or 'standard output'}: {error.strerror}")
        return USAGE
    raise error


def _options(command: click.Command) -> Iterator[tuple[str, str]]:
    """Yield the parameters of all commands with their names in a shell."""
    for param in command.params:
        if isinstance(param, click.Option) and param.name:
            yield param.name.removeprefix(OPTION_PREFIX), max(param.opts, key=len)
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _options(each)


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print warnings meant for users, and drop those meant for programmers."""
    del filename, lineno, file, line
    if issubclass(category, cast("type[Warning]", UserWarning)):
        print_error(f"warning: {message}")
