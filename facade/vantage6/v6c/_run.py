"""Runs a command line, and turns whatever comes of it into words and an exit code."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO, cast

import click

from ._codes import BUG, INTERRUPTED, OK, UNREAD, USAGE, code_of, hint_of
from ._output import complain

PROGRAM = "v6c"
# By this variable a shell asks what a word may become.
COMPLETE = "_V6C_COMPLETE"


def run(arguments: Sequence[str] | None) -> int:
    """Run a command line.

    Parameters
    ----------
    arguments : sequence of str or None
        What follows the program's name; that of this process if None.

    Returns
    -------
    int
        The exit code.
    """
    from ._app import app

    if asked := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(app, {}, PROGRAM, COMPLETE, asked)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # what tests put there may lack it
        if reconfigure is not None:  # a name that a terminal cannot show is no failure
            reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _warn
        try:
            code = _outcome(app, arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            # Nobody reads on; nor will Python's last words find a reader.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = UNREAD
    return code


def _outcome(app: click.Command, arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        # Click's own `main` would make one exit code of all that this tells apart.
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
        return _failed(error)
    return code if isinstance(code, int) else OK


def _failed(error: Exception) -> int:
    """Tell of an error of the client or the machine; others are mistakes of ours, and end it."""
    from vantage6.client import Vantage6Error

    if isinstance(error, Vantage6Error):
        complain(str(error))
        hint = hint_of(type(error))
        if hint:
            complain(hint)
        return code_of(type(error))
    if isinstance(error, OSError):
        complain(str(error))
        return USAGE
    raise error


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Tell of what the client warns of, and not of what is for programmers."""
    del filename, lineno, file, line
    if issubclass(category, cast("type[Warning]", UserWarning)):
        complain(f"warning: {message}")
