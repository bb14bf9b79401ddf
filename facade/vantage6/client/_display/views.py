"""Show progress and log lines: in a terminal, a notebook or a log.

In a terminal rich draws a picture that stays up to date; without rich, and in files and pipes,
there is a line for each change. In a notebook one output is replaced again and again.
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
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, TextIO, TypeAlias, cast

from .._utils.logging import LOGGER
from .._utils.notebook import display, is_notebook
from .._utils.text import sanitize
from .._waiting.progress import Progress
from .progress import ASCII, BLOCKS, StyledText, render_change, render_html, render_lines

if TYPE_CHECKING:
    from rich.text import Text
    from typing_extensions import Self

ProgressOption: TypeAlias = "bool | Callable[[Progress], object] | None"
# The colors of a line where rich does not draw it.
CODES = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}
# Organizations are told apart by these in logs.
LOG_COLORS = ("cyan", "magenta", "blue", "green", "yellow")
LOG_CODES = ("36", "35", "34", "32", "33")
# A terminal has room for one picture that moves; who comes second writes lines above it.
_live_lock = Lock()


class Line(Protocol):
    """A line of a log."""

    @property
    def organization(self) -> str:
        """Where it was written."""
        ...

    @property
    def text(self) -> str:
        """What was written."""
        ...


class View(Protocol):
    """One way to show progress."""

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Show where all tasks stand, one of which has changed."""

    def log(self, organization: str, line: str) -> None:
        """Show a line of a log, harmless already."""

    def stop(self) -> None:
        """End, and leave the terminal as it was."""


class ProgressDisplay:
    """Where the news of a wait go."""

    def __init__(self, progress: ProgressOption, logs: bool) -> None:
        self._watch = progress if callable(progress) else None
        self._logs = logs
        self._tasks: dict[int, Progress] = {}
        self._view = (
            None if callable(progress) or progress is False else _choose_view(progress is True)
        )
        if logs and self._view is None:
            self._view = LineView(sys.stderr, with_changes=False)
        # Whether runs, subtasks and logs are to be looked at for this.
        self.is_wanted = logs or self._watch is not None or self._view is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._view:
            self._view.stop()

    def take(self, item: Progress | Line) -> None:
        """Show a change, or a line of a log."""
        if not isinstance(item, Progress):
            if self._logs and self._view:
                self._view.log(sanitize(item.organization), sanitize(item.text))
            return
        self._tasks[item.task_id] = item
        if self._watch:
            self._watch(item)
        elif self._view:
            self._view.show(list(self._tasks.values()), item)


def _choose_view(is_asked_for: bool) -> View | None:
    """Choose how to show progress where it would go now."""
    if is_notebook():
        return NotebookView()
    stream = cast("TextIO | None", sys.stderr)  # programs without a console have none
    if stream is not None and _is_terminal(stream):
        return LiveView(stream) if find_spec("rich") else LineView(stream)
    if is_asked_for and stream is not None:
        return LineView(stream)
    return LineView(None) if not is_asked_for and LOGGER.isEnabledFor(INFO) else None


def _is_terminal(stream: TextIO) -> bool:
    if os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


class LineView:
    """A line for each change."""

    def __init__(self, stream: TextIO | None, *, with_changes: bool = True) -> None:
        self._stream = stream
        self._with_changes = with_changes
        self._is_colored = (
            stream is not None and _is_terminal(stream) and not os.environ.get("NO_COLOR")
        )
        self._known: dict[int, str] = {}
        self._organizations: list[str] = []

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Write a line for each run that stands elsewhere than before."""
        del tasks
        if not self._with_changes:
            return
        for run in changed.runs:
            if self._known.get(run.run_id) != run.status:
                self._known[run.run_id] = run.status
                self._write(render_change(changed, run))

    def log(self, organization: str, line: str) -> None:
        """Write a line of a log."""
        number = _index_of(organization, self._organizations)
        code = LOG_CODES[number % len(LOG_CODES)]
        name = self._painted(organization, code)
        _write_line(self._stream or sys.stderr, f"{name} | {line}")

    def stop(self) -> None:
        """There is nothing to restore."""

    def _write(self, pieces: Iterable[StyledText]) -> None:
        line = "".join(self._painted(text, CODES.get(style, "")) for text, style in pieces)
        if self._stream is None:
            LOGGER.info("%s", line)
        else:
            _write_line(self._stream, line)

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if code and self._is_colored else text


class LiveView:
    """A picture in a terminal that rich keeps up to date."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._tasks: Sequence[Progress] = ()
        self._organizations: list[str] = []
        self._has_started = False
        self._lines = LineView(stream)
        self._console = Console(file=stream, highlight=False)
        # Seconds tick; more often than that nothing moves by itself.
        self._live = RichLive(
            console=self._console, get_renderable=self._picture, refresh_per_second=1
        )

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Draw the tasks as they stand now."""
        self._tasks = tasks
        if not self._has_started and _live_lock.acquire(blocking=False):
            self._has_started = True
            self._live.start()
        if self._has_started:
            self._live.refresh()
        else:
            self._lines.show(tasks, changed)

    def log(self, organization: str, line: str) -> None:
        """Print a line of a log above the picture."""
        from rich.text import Text

        number = _index_of(organization, self._organizations)
        style = LOG_COLORS[number % len(LOG_COLORS)]
        self._console.print(Text.assemble((organization, style), f" | {line}"), soft_wrap=True)

    def stop(self) -> None:
        """Draw a last time, and give the terminal back."""
        if self._has_started:
            self._has_started = False
            try:
                self._live.stop()
            finally:
                _live_lock.release()

    def _picture(self) -> Text:
        from rich.text import Text

        blocks = ASCII if self._console.options.ascii_only else BLOCKS
        lines = render_lines(self._tasks, time.time(), self._console.height, blocks)
        made = Text("\n", no_wrap=True, overflow="ellipsis").join(
            Text.assemble(*pieces) for pieces in lines
        )
        made.no_wrap, made.overflow = True, "ellipsis"
        return made


class NotebookView:
    """An output of a notebook's cell that is replaced at each change, without widgets."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._organizations: list[str] = []

    def show(self, tasks: Sequence[Progress], changed: Progress) -> None:
        """Show the tasks as they stand now."""
        del changed
        lines = render_lines(tasks, time.time(), sys.maxsize)
        text = "\n".join("".join(text for text, _ in pieces) for pieces in lines)
        bundle = {"text/html": render_html(tasks), "text/plain": text}
        is_new = self._id is None
        self._id = self._id or os.urandom(8).hex()
        display(bundle, raw=True, display_id=self._id, update=not is_new)

    def log(self, organization: str, line: str) -> None:
        """Print a line of a log below."""
        _write_line(sys.stdout, f"{organization} | {line}")

    def stop(self) -> None:
        """There is nothing to restore."""


def _index_of(organization: str, known: list[str]) -> int:
    if organization not in known:
        known.append(organization)
    return known.index(organization)


def _write_line(stream: TextIO, line: str) -> None:
    # Nobody may be left to read it; the wait goes on all the same.
    with suppress(OSError, ValueError):
        stream.write(f"{line}\n")
        stream.flush()
