"""Record commands in a terminal on a local network, as the picture of the front page.

Run it in the environment of the tests: ``python docs/terminal.py``.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from vantage6.localnet import LocalNetwork

PICTURE = Path(__file__).parent / "assets" / "terminal.svg"
WIDTH, HEIGHT = 88, 60
COMMANDS = (
    ["v6c", "node", "list", "--fields", "name,status"],
    [
        *("v6c", "task", "create", "-o", "IKNL", "-o", "Maastro", "--wait"),
        *("--image", "harbor2.vantage6.ai/demo/average", "--method", "partial_average"),
        *("--kwarg", "column_name=age", "--extract", "default=read_csv"),
        *("--action", "federated_compute"),
    ],
    ["v6c", "task", "show", "TASK", "--timeline"],
)
THEME = TerminalTheme(
    (27, 31, 36),
    (222, 226, 230),
    [(27, 31, 36), (240, 113, 120), (127, 208, 140), (230, 192, 104), *[(150, 160, 175)] * 4],
)
# rich's own refers to fonts on another host.
FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" \
xmlns="http://www.w3.org/2000/svg" role="img">
<title>v6c in a terminal: the nodes, a task with its results, and its timeline</title>
<style>.{unique_id}-matrix {{font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono",
monospace; font-size: {char_height}px; line-height: {line_height}px}} {styles}</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}"
height="{terminal_height}"/></clipPath>{lines}</defs>{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g></svg>
"""


def run(words: list[str], environment: dict[str, str]) -> pyte.Screen:
    """Run a command in a terminal, and return the screen at its end."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - our own commands
        words,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
        start_new_session=True,
    )
    os.close(follower)
    written = b""
    try:
        while piece := os.read(leader, 65536):
            written += piece
    except OSError:  # the end of a terminal
        pass
    os.close(leader)
    if process.wait() != 0:
        raise RuntimeError(written.decode())
    screen = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(screen).feed(written.decode())
    return screen


def texts(screen: pyte.Screen) -> list[Text]:
    """Return the lines of a screen, with their colors."""
    lines = []
    for row in range(HEIGHT):
        line = Text()
        for column in range(WIDTH):
            cell = screen.buffer[row][column]
            color = None if cell.fg == "default" else cell.fg.replace("brown", "yellow")
            line.append(cell.data, Style(color=color, bold=cell.bold))
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def shown(words: list[str]) -> Text:
    """Return a command as someone types it, in lines that fit."""
    lines, line = [], "$"
    for word in words:
        if len(line) + len(word) + 3 > WIDTH:
            lines.append(f"{line} \\")
            line = "   "
        line += f" {word}"
    return Text("\n".join([*lines, line]), "bold")


def main() -> None:
    """Write the picture."""
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    size = {"COLUMNS": str(WIDTH), "LINES": str(HEIGHT), "TERM": "xterm-256color", "PATH": path}
    with LocalNetwork(version="5.0.3") as network:
        environment = {**os.environ, **network.client_variables(), **size}
        environment.pop("CI", None)
        with network.client() as client:
            for words in COMMANDS:
                tasks = client.task.list(name="partial%", field="id")
                newest = str(max((row["id"] for row in tasks), default=0))
                ready = [newest if word == "TASK" else word for word in words]
                console.print(shown(ready))
                for line in texts(run(ready, environment)):
                    console.print(line, no_wrap=True, crop=True)
                console.print()
    svg = console.export_svg(title="v6c", theme=THEME, code_format=FORMAT, unique_id="terminal")
    PICTURE.write_text(svg)


if __name__ == "__main__":
    main()
