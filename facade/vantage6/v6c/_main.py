"""Run the application, and map errors to messages and exit codes."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO, cast

import click

from ._app import app
from ._completion import COMPLETE_VARIABLE, PROGRAM
from ._exit_codes import BUG, INTERRUPTED, OK, OUTPUT_CLOSED, USAGE, exit_code, hint
from ._output import print_error


def run(arguments: Sequence[str] | None) -> int:
    """Run the command line and return the exit code."""
    if instruction := os.environ.get(COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, PROGRAM, COMPLETE_VARIABLE, instruction)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # replaced streams may lack it
        if reconfigure is not None:  # names the terminal cannot encode are no failure
            reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _print_warning
        try:
            code = _invoke(app, arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has gone, so Python's own flush at exit would fail as well.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = OUTPUT_CLOSED
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
        error.show()
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
        print_error(*str(error).split("\n"))
        if command_hint := hint(type(error)):
            print_error(command_hint)
        return exit_code(type(error))
    if isinstance(error, OSError):
        print_error(str(error))
        return USAGE
    raise error


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
