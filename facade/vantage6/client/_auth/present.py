"""Show the code of a login in a terminal or notebook, and open a browser."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._utils.logging import LOGGER
from .._utils.notebook import display, is_notebook
from .prompt import can_ask

if TYPE_CHECKING:
    from .device import DeviceCode

# Variables of remote sessions, shared notebooks and build servers: no user looks at their browser.
ELSEWHERE = ("SSH_CONNECTION", "SSH_TTY", "JUPYTERHUB_USER", "CI", "KUBERNETES_SERVICE_HOST")
CONTAINERS = ("/.dockerenv", "/run/.containerenv")
TEXT_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")


class DevicePresenter:
    """Shows the page and the code, as text and as a QR code, and opens the page in a browser."""

    def __init__(
        self, show: Callable[[DeviceCode], object] | None = None, open_browser: bool | None = None
    ) -> None:
        self._show = show
        self._open_browser = open_browser
        self._display: Any = None

    def show(self, code: DeviceCode) -> None:
        """Show the code, by the caller's function if there is one."""
        if self._show:
            self._show(code)
        elif is_notebook():
            self._display = display(_Lines(text_of(code)), display_id=True)
        else:
            print(text_of(code), file=sys.stderr, flush=True)  # noqa: T201 - shown
        url = code.url_with_code or code.url
        if urlsplit(url).netloc != code.host:
            return  # a page elsewhere is only shown
        if not self._show:
            _draw(url)
        if can_open_browser() if self._open_browser is None else self._open_browser:
            _open(url)

    def end(self) -> None:
        """Replace the code in a notebook, so that a saved notebook has none that is valid."""
        if self._display:
            self._display.update(_Lines("The login has ended."))
            self._display = None

    def offer(self) -> bool:
        """Ask in a terminal or notebook whether to show another code; return False elsewhere."""
        if self._show or not can_ask():
            return False
        text = "The code has expired. Press Enter for another one, or enter q to stop."
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - shown
        try:
            return not input().strip()
        except EOFError:
            return False


class _Lines:
    """Text that a notebook shows without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def text_of(code: DeviceCode) -> str:
    """Return what a user needs to know to log in."""
    minutes = max(1, round(code.seconds / 60))
    return (
        f"Log in at {code.url} with the code {code.user_code} (valid for {minutes} min).\n"
        + (f"Or open {code.url_with_code}\n" if code.url_with_code else "")
        + f"Continue only if you started this login to {code.host} yourself."
    )


def _draw(url: str) -> None:
    """Draw the address as a QR code, where there is a place and a library for it."""
    if not (is_notebook() or sys.stderr.isatty()):
        return
    from .._utils.qr import draw_code

    with suppress(ImportError, ValueError):
        draw_code(url, sys.stderr)


def can_open_browser() -> bool:
    """Return whether this machine probably has a browser that the user looks at."""
    if any(os.environ.get(name) for name in ELSEWHERE):
        return False
    if any(Path(path).exists() for path in CONTAINERS):
        return False
    if os.environ.get("BROWSER"):
        return True
    needs_display = sys.platform not in ("win32", "darwin")
    has_display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return not needs_display or bool(has_display) or "WSL_DISTRO_NAME" in os.environ


def _open(url: str) -> None:
    """Open a page in a graphical browser; a failure is logged."""
    import threading
    import webbrowser

    def run() -> None:
        try:
            # Python does not know the program that opens the browser of Windows.
            is_windows = "WSL_DISTRO_NAME" in os.environ and not os.environ.get("BROWSER")
            program = shutil.which("wslview") if is_windows else None
            browser = webbrowser.GenericBrowser(program) if program else webbrowser.get()
            name = Path(getattr(browser, "name", "")).name
            if name in TEXT_BROWSERS or not browser.open(url):
                LOGGER.info("No browser was opened: open the address yourself")
        except (webbrowser.Error, OSError) as error:
            LOGGER.info("No browser was opened: %s", error)

    threading.Thread(target=run, name="vantage6-browser", daemon=True).start()
