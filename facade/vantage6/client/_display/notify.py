"""Notify the user that a wait is over, by a function or on the desktop."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from shutil import which
from typing import TYPE_CHECKING, Literal, TypeAlias

from .._utils.logging import LOGGER
from .._utils.processes import child_environment
from .._utils.text import sanitize
from ..errors import InvalidInputError

if TYPE_CHECKING:
    from .._waiting.finished import Finished

NotifyOption: TypeAlias = 'Callable[[Finished], object] | Literal["desktop"] | None'
# Programs that show a notification, with the arguments before its title and text.
PROGRAMS = {
    "notify-send": ("--app-name=vantage6", "--"),
    "osascript": (
        "-e",
        "on run argv",
        "-e",
        "display notification (item 2 of argv) with title (item 1 of argv)",
        "-e",
        "end run",
    ),
}
SECONDS = 10.0


def notifier(notify: NotifyOption) -> Callable[[Finished], None]:
    """Return the function that tells of a task; one that fails only causes a warning."""
    if notify is None:
        return lambda _: None
    if not (callable(notify) or notify == "desktop"):
        raise InvalidInputError(f"notify: expected a function, 'desktop' or None, got {notify!r}")
    tell = notify if callable(notify) else _desktop()

    def told(done: Finished) -> None:
        try:
            tell(done)
        except Exception as error:
            LOGGER.warning("notify failed for task %s: %s", done.task_id, sanitize(str(error)))

    return told


def _desktop() -> Callable[[Finished], object]:
    for program, arguments in PROGRAMS.items():
        if found := which(program):
            return lambda done: subprocess.run(  # noqa: S603 - no shell, and texts come last
                [found, *arguments, "vantage6", str(done)],
                check=True,
                env=child_environment(),
                timeout=SECONDS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
    raise InvalidInputError(
        f"notify: expected a function, since 'desktop' requires {' or '.join(PROGRAMS)} on PATH"
    )
