"""Show progress and log lines in a terminal, a notebook or a log.

In a terminal, rich draws a live display. Without rich, in files and pipes, and in consoles of
Jupyter, each change is a line. In a notebook, one output is updated at each change.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from logging import INFO
from threading import Lock
from typing import TYPE_CHECKING, TextIO, TypeAlias, cast

from .._utils.colors import BAD, CODES, LOG_CODES, LOG_COLORS
from .._utils.logging import LOGGER
from .._utils.notebook import can_redraw, display, is_notebook
from .._utils.text import sanitize
from .._waiting.progress import Progress
from .progress import ASCII, BLOCKS, StyledText, render_change, render_html, render_lines

if TYPE_CHECKING:
    from rich.live import Live as RichLive
    from rich.text import Text
    from typing_extensions import Self

    from .._waiting.logs import LogLine

ProgressOption: TypeAlias = "bool | Callable[[Progress], object] | None"
# A terminal can show only one live display; a second wait writes lines above it.
_live_lock = Lock()


class View:
    """A display of progress and log lines."""

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Show the progress of all tasks, one of which has changed."""
        raise NotImplementedError

    def log(self, organization: str, line: str) -> None:
        """Show a log line; both texts are already sanitized."""
        raise NotImplementedError

    def stop(self, *, erase: bool = False) -> None:
        """End the display and restore the terminal."""


class ProgressDisplay:
    """The display of one wait: a view, a callback, or nothing."""

    def __init__(self, progress: ProgressOption, logs: bool) -> None:
        self._watch = progress if callable(progress) else None
        self._logs = logs
        self._tasks: dict[int, Progress] = {}
        self._view = (
            None if callable(progress) or progress is False else _choose_view(progress is True)
        )
        self.shows_progress = self._watch is not None or self._view is not None
        if logs and self._view is None:
            self._view = LineView(sys.stderr, with_changes=False)
        # Whether the wait has to poll runs, subtasks and logs for the display.
        self.is_wanted = logs or self.shows_progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self, *, erase: bool = False) -> None:
        """Release the terminal, until there is another change."""
        if self._view:
            self._view.stop(erase=erase)

    def take(self, item: Progress | LogLine) -> None:
        """Show a change or a log line."""
        if not isinstance(item, Progress):
            if self._logs and self._view:
                self._view.log(sanitize(item.organization), sanitize(item.text))
            return
        self._tasks[item.task_id] = item
        if self._watch:
            self._watch(item)
        elif self._view:
            self._view.show(list(self._tasks.values()), item)


def _choose_view(is_requested: bool) -> View | None:
    """Return the view for the current environment."""
    stream = cast("TextIO | None", sys.stderr)  # None in programs without a console
    if is_notebook():
        return NotebookView() if can_redraw() else LineView(stream)
    if stream is not None and _is_terminal(stream):
        return LiveView(stream) if find_spec("rich") else LineView(stream)
    if is_requested and stream is not None:
        return LineView(stream)
    return LineView(None) if not is_requested and LOGGER.isEnabledFor(INFO) else None


def _is_terminal(stream: TextIO) -> bool:
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except ValueError:  # the stream is closed
        return False


class LineView(View):
    """A view that writes a line for each change."""

    def __init__(self, stream: TextIO | None, *, with_changes: bool = True) -> None:
        self._stream = stream
        self._with_changes = with_changes
        self._is_colored = (
            stream is not None and _is_terminal(stream) and not os.environ.get("NO_COLOR")
        )
        self._known: dict[tuple[str, int], object] = {}
        self._organizations: dict[str, int] = {}

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Write a line for each run with a new status, or if the server does not respond."""
        del tasks
        if not self._with_changes:
            return
        for run in changed.runs:
            if self._is_new(("run", run.run_id), (run.status, run.is_offline)):
                self._write(render_change(changed, run))
        state = changed.silent_for is not None, changed.is_over and not changed.runs
        if self._is_new(("task", changed.task_id), state) and any(state):
            self._write([(str(changed), BAD)])

    def _is_new(self, subject: tuple[str, int], state: object) -> bool:
        before, self._known[subject] = self._known.get(subject), state
        return state != before

    def log(self, organization: str, line: str) -> None:
        """Write a log line."""
        number = _index_of(organization, self._organizations)
        code = LOG_CODES[number % len(LOG_CODES)]
        name = self._colored(organization, code)
        _write_line(self._stream or sys.stderr, f"{name} | {line}")

    def _write(self, parts: Iterable[StyledText]) -> None:
        line = "".join(self._colored(text, CODES.get(style, "")) for text, style in parts)
        if self._stream is None:
            LOGGER.info("%s", line)
        else:
            _write_line(self._stream, line)

    def _colored(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if code and self._is_colored else text


class LiveView(View):
    """A live display in a terminal, drawn by rich."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._tasks: Sequence[Progress] = ()
        self._offset = 0.0  # what the seconds of the wait are ahead of the clock
        self._organizations: dict[str, int] = {}
        self._lines = LineView(stream)
        self._console = Console(file=stream, highlight=False)
        self._live: RichLive | None = None

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Draw the current progress of the tasks."""
        from rich.live import Live as RichLive

        self._tasks, self._offset = tasks, changed.waited - time.monotonic()
        if self._live:
            self._live.refresh()
        elif _live_lock.acquire(blocking=False):
            # Only the durations change on their own, once a second.
            self._live = RichLive(
                console=self._console, get_renderable=self._render, refresh_per_second=1
            )
            self._live.start(refresh=True)
        else:
            self._lines.show(tasks, changed)

    def log(self, organization: str, line: str) -> None:
        """Print a log line above the live display."""
        from rich.text import Text

        number = _index_of(organization, self._organizations)
        style = LOG_COLORS[number % len(LOG_COLORS)]
        self._console.print(Text.assemble((organization, style), f" | {line}"), soft_wrap=True)

    def stop(self, *, erase: bool = False) -> None:
        """Draw a last time, or erase the display, and release the terminal."""
        if live := self._live:
            self._live, live.transient = None, erase
            try:
                live.stop()
            finally:
                _live_lock.release()

    def _render(self) -> Text:
        from rich.text import Text

        blocks = ASCII if self._console.options.ascii_only else BLOCKS
        lines = render_lines(
            self._tasks, self._offset + time.monotonic(), self._console.height, blocks
        )
        text = Text("\n", no_wrap=True, overflow="ellipsis").join(
            Text.assemble(*parts) for parts in lines
        )
        text.no_wrap, text.overflow = True, "ellipsis"
        return text


class NotebookView(View):
    """An output of a notebook cell that is updated at each change, without widgets."""

    def __init__(self) -> None:
        self._id: str | None = None

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Show the current progress of the tasks."""
        lines = render_lines(tasks, changed.waited, sys.maxsize)
        text = "\n".join("".join(text for text, _ in parts) for parts in lines)
        bundle = {"text/html": render_html(tasks), "text/plain": text}
        is_new = self._id is None
        self._id = self._id or os.urandom(8).hex()
        display(bundle, raw=True, display_id=self._id, update=not is_new)

    def log(self, organization: str, line: str) -> None:
        """Print a log line below the progress."""
        _write_line(sys.stdout, f"{organization} | {line}")


def _index_of(organization: str, known: dict[str, int]) -> int:
    return known.setdefault(organization, len(known))


def _write_line(stream: TextIO, line: str) -> None:
    # The wait continues even if the stream is closed or its reader is gone.
    with suppress(OSError, ValueError):
        stream.write(f"{line}\n")
        stream.flush()
