"""Test the display of progress in terminal, notebook, pipe and log."""

import fcntl
import io
import logging
import os
import pty
import struct
import subprocess
import sys
import termios
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pyte
import pytest

from vantage6.client import Progress, RunProgress
from vantage6.client._display.progress import render_html, render_lines
from vantage6.client._display.views import ProgressDisplay
from vantage6.client._waiting.progress import format_duration, status_text

NASTY = "VUmc\x1b[2J\r\n<b>"


class LogLine(NamedTuple):
    organization: str
    text: str


def run(
    number: int,
    name: str,
    status: str,
    *,
    sub: bool = False,
    began: float | None = 100,
    ended: float | None = 112,
) -> RunProgress:
    is_over = status not in ("pending", "initializing", "active")
    started = None if status == "pending" else began
    return RunProgress(number, 12, number, name, status, sub, started, ended if is_over else None)


def task(*runs: RunProgress, number: int = 12, name: str = "average age") -> Progress:
    return Progress(number, name, "active", runs, 0, server_time=100)


def text_of(lines: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


# -- what it says ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("pending", "queued"),
        ("initializing", "starting"),
        ("active", "running"),
        ("completed", "done in 12 s"),
        ("crashed", "crashed after 12 s"),
        ("killed by user", "killed by user after 12 s"),
        ("something\x1b[m new", "something\N{REPLACEMENT CHARACTER}[m new after 12 s"),
    ],
)
def test_run_is_described_in_words(status: str, words: str) -> None:
    assert status_text(run(1, "IKNL", status)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3725, "1 h 2 min"), (90061, "25 h 1 min")],
)
def test_durations_are_short(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_progress_has_a_line_per_organization_and_a_bar() -> None:
    runs = [
        run(1, "IKNL", "completed"),
        run(2, "Maastro", "active"),
        run(3, NASTY, "crashed"),
        run(4, "IKNL", "pending", sub=True),
    ]
    assert text_of(render_lines([task(*runs)], 30, 40)) == [
        "average age (task 12)",
        "  IKNL           done in 12 s",
        "  Maastro        running for 30 s",
        "  VUmc�[2J  <b>  crashed after 12 s",
        "    IKNL         queued",
        "  " + "█" * 15 + "░" * 15 + "  1 of 4 done, 1 failed",
    ]


def test_hidden_runs_are_counted_and_active_ones_stay() -> None:
    runs = [run(number, f"hospital {number}", "completed") for number in range(50)]
    runs[20] = run(20, "hospital 20", "active")
    runs[40] = run(40, "hospital 40", "crashed")
    runs[45] = run(45, "hospital 45", "pending")
    lines = text_of(render_lines([task(*runs)], 30, 10))
    assert len(lines) == 10
    assert [line.split()[1] for line in lines[1:8]] == ["0", "1", "2", "3", "20", "40", "45"]
    assert lines[8] == "  and 43 more: 43 done"
    assert lines[9].endswith("47 of 50 done, 1 failed")


def test_progress_reads_as_a_sentence() -> None:
    one = task(run(1, "IKNL", "completed"), run(2, NASTY, "active", sub=True))
    assert str(one) == (
        "average age (task 12): IKNL done in 12 s, "
        "VUmc\N{REPLACEMENT CHARACTER}[2J  <b> "
        "(subtask) running (1 of 2 done)"
    )
    assert str(task(name="")) == "task 12: active"


def test_html_is_escaped_and_uses_theme_colors() -> None:
    html = render_html([task(run(1, NASTY, "active"), run(2, "IKNL", "completed"))])
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert '<table class="tex2jax_ignore mathjax_ignore">' in html, "no name becomes a formula"
    assert "running since 00:01:40 UTC" in html
    assert '<progress value="1" max="2" aria-label="1 of 2 done">' in html
    assert "color" not in html


# -- where it goes ---------------------------------------------------------------------------------
def test_callback_receives_progress_and_nothing_is_printed(capfd: Any) -> None:
    seen: list[Progress] = []
    one = task(run(1, "IKNL", "active"))
    with ProgressDisplay(seen.append, logs=False) as drawing:
        assert drawing.is_wanted
        drawing.take(one)
    assert seen == [one]
    assert capfd.readouterr() == ("", "")


def test_progress_false_prints_nothing(capfd: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "vantage6.client")
    with ProgressDisplay(False, logs=False) as drawing:
        assert not drawing.is_wanted
        drawing.take(task(run(1, "IKNL", "active")))
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_pipe_has_a_line_per_change(capfd: Any) -> None:
    with ProgressDisplay(True, logs=True) as drawing:
        drawing.take(task(run(1, "IKNL", "pending"), run(2, "Maastro", "pending")))
        drawing.take(task(run(1, "IKNL", "pending"), run(2, "Maastro", "active")))
        drawing.take(LogLine("Maastro", "reading \x1b[31mdata"))
        drawing.take(task(run(1, "IKNL", "completed"), run(2, "Maastro", "active")))
        drawing.take(task(run(1, "IKNL", "completed"), run(2, "Maastro", "active")))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "average age (task 12): IKNL: queued",
        "average age (task 12): Maastro: queued",
        "average age (task 12): Maastro: running",
        "Maastro | reading �[31mdata",
        "average age (task 12): IKNL: done in 12 s (1 of 2 done)",
    ]


def test_progress_is_logged_at_level_info_by_default(
    capfd: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "vantage6.client")
    assert not ProgressDisplay(None, logs=False).is_wanted
    caplog.set_level(logging.INFO, "vantage6.client")
    with ProgressDisplay(None, logs=False) as drawing:
        drawing.take(task(run(1, "IKNL", "completed", sub=True)))
    (message,) = caplog.messages
    assert message == "average age (task 12): IKNL (subtask): done in 12 s (1 of 1 done)"
    assert capfd.readouterr() == ("", "")


def test_logs_alone_are_shown_without_progress(capfd: Any) -> None:
    with ProgressDisplay(False, logs=True) as drawing:
        drawing.take(task(run(1, "IKNL", "active")))
        drawing.take(LogLine("IKNL", "hello"))
    assert capfd.readouterr().err == "IKNL | hello\n"


def test_closed_pipe_does_not_end_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(text)

    monkeypatch.setattr(sys, "stderr", Gone())
    with ProgressDisplay(True, logs=False) as drawing:
        drawing.take(task(run(1, "IKNL", "active")))
        drawing.take(task(run(1, "IKNL", "completed")))


def test_silent_server_is_reported_once_and_stops_the_durations(capfd: Any) -> None:
    one = task(run(1, "IKNL", "active"))
    silent = replace(one, silent_for=12.0, waited=50.0)
    assert text_of(render_lines([silent], 53, 40))[1:3] == [
        "  IKNL  running",
        "  no response from the server for 15 s, retrying",
    ]
    assert "no response from the server for 12 s, retrying" in render_html([silent])
    with ProgressDisplay(True, logs=False) as drawing:
        for now in (one, silent, silent, one):
            drawing.take(now)
    assert capfd.readouterr().err.count("no response") == 1


def test_offline_node_and_deleted_task_are_shown(capfd: Any) -> None:
    offline = replace(run(1, "IKNL", "pending"), is_offline=True, last_seen=0.0)
    gone = replace(task(number=13), status="deleted")
    lines = text_of(render_lines([task(offline), gone], 0, 40))
    assert lines[1] == "  IKNL  queued, node offline since 1970-01-01 00:00 UTC"
    assert lines[2] == "average age (task 13): deleted"
    assert "average age (task 13): deleted" in render_html([gone])
    with ProgressDisplay(True, logs=False) as drawing:
        for now in (task(run(1, "IKNL", "pending")), task(offline), gone, gone):
            drawing.take(now)
    assert capfd.readouterr().err.splitlines() == [
        "average age (task 12): IKNL: queued",
        "average age (task 12): IKNL: queued, node offline since 1970-01-01 00:00 UTC",
        "average age (task 13): deleted",
    ]


@pytest.mark.parametrize(
    ("words", "is_redrawn"),
    [
        (["python", "/usr/bin/jupyter-console"], False),
        (["python", "-m", "jupyter_console"], False),
        (["python", "/usr/bin/jupyter-lab"], True),
        ([], True),
    ],
)
def test_console_of_jupyter_has_lines(
    words: list[str], is_redrawn: bool, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    parent = SimpleNamespace(cmdline=lambda: words)
    process = SimpleNamespace(parent=lambda: parent if words else None)
    monkeypatch.setitem(sys.modules, "psutil", SimpleNamespace(Process=lambda: process))
    shell = SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    drawn: list[object] = []
    monkeypatch.setitem(
        sys.modules, "IPython.display", SimpleNamespace(display=lambda it, **_: drawn.append(it))
    )
    with ProgressDisplay(None, logs=False) as drawing:
        drawing.take(task(run(1, "IKNL", "active")))
    assert bool(drawn) == is_redrawn
    assert ("IKNL: running" in capfd.readouterr().err) != is_redrawn


# -- a real terminal -------------------------------------------------------------------------------
SCRIPT = f"""
import time, os, signal, sys
from vantage6.client import Progress, RunProgress
from vantage6.client._display.views import ProgressDisplay
from collections import namedtuple

# Where tests run in the background, Ctrl-C is ignored, and so it would be here.
signal.signal(signal.SIGINT, signal.default_int_handler)
LogLine = namedtuple("LogLine", "organization text")
now = time.time()

def take(drawing, *states):
    names = ["IKNL", "Maastro", {NASTY!r}, "IKNL"]
    runs = [
        RunProgress(i, 12, i, names[i], state, i == 3, now - 5, now if state != "active" else None)
        for i, state in enumerate(states)
    ]
    drawing.take(Progress(12, "average age", "active", tuple(runs), 0, now))
"""
BODY = """
with ProgressDisplay(None, True) as drawing:
    take(drawing, "active", "pending", "pending")
    drawing.take(LogLine("IKNL", "reading\\x1b[2J the data"))
    print("printed by the script")
    take(drawing, "completed", "active", "crashed", "active")
    {last}
"""
END = 'take(drawing, "completed", "completed", "crashed", "completed")'
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT); time.sleep(30)"


def in_a_terminal(script: str, *options: str, **environment: str) -> tuple[pyte.Screen, bytes]:
    """Run a script in a terminal of 80 columns, and return what stands there at the end."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, *options, "-c", script],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**kept, "TERM": "xterm-256color", "PYTHONUTF8": "1", **environment},
    )
    os.close(follower)
    written = b""
    try:
        while data := os.read(leader, 65536):
            written += data
    except OSError:  # on Linux: the other end is closed
        pass
    finally:
        os.close(leader)
        process.wait(timeout=30)
    screen = pyte.Screen(80, 24)
    pyte.ByteStream(screen).feed(written)
    return screen, written


def shown(screen: pyte.Screen) -> list[str]:
    return [line.rstrip() for line in screen.display if line.strip()]


PICTURE = [
    "average age (task 12)",
    "  IKNL           done in 5 s",
    "  Maastro        done in 5 s",
    "  VUmc�[2J  <b>  crashed after 5 s",
    "    IKNL         done in 5 s",
    "  " + "█" * 30 + "  3 of 4 done, 1 failed",
]


def test_terminal_shows_one_view_below_other_output() -> None:
    screen, written = in_a_terminal(SCRIPT + BODY.format(last=END))
    assert shown(screen) == ["IKNL | reading�[2J the data", "printed by the script", *PICTURE]
    assert not screen.cursor.hidden
    assert b"\x1b[32m" in written, "in color"


def test_erased_view_leaves_the_terminal_to_the_caller() -> None:
    between = 'drawing.stop(erase=True); print("handled by the script"); ' + END
    screen, _ = in_a_terminal(SCRIPT + BODY.format(last=between))
    assert shown(screen)[1:] == ["printed by the script", "handled by the script", *PICTURE]
    assert not screen.cursor.hidden


def test_ctrl_c_restores_the_terminal() -> None:
    screen, written = in_a_terminal(SCRIPT + BODY.format(last=INTERRUPT))
    assert b"\x1b[?25l" in written, "the cursor was hidden"
    assert not screen.cursor.hidden
    lines = shown(screen)
    assert any(line.startswith("  Maastro        running for ") for line in lines)
    assert lines[-1] == "KeyboardInterrupt"


def test_concurrent_wait_prints_lines_above_the_view() -> None:
    second = (
        'other = ProgressDisplay(None, False); other.__enter__(); take(other, "active"); '
        f"other.__exit__(None, None, None); {END}"
    )
    lines = shown(in_a_terminal(SCRIPT + BODY.format(last=second))[0])
    assert lines[2] == "average age (task 12): IKNL: running"
    assert lines[3:] == PICTURE


@pytest.mark.parametrize(
    ("blocked", "environment", "is_colored"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (False, {"CI": "true"}, False),
        (False, {"TERM": "dumb"}, False),
    ],
)
def test_lines_without_rich_or_terminal(
    blocked: bool, environment: dict[str, str], is_colored: bool, tmp_path: Path
) -> None:
    hide = "import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p]\n"
    body = BODY.format(last=END).replace("ProgressDisplay(None", "ProgressDisplay(True")
    script = SCRIPT.replace("import time", "import time, logging") + body
    # rich is looked for when drawing begins, and by then it cannot be found.
    script = (
        script.replace("\nwith ProgressDisplay", f"\n{hide}with ProgressDisplay")
        if blocked
        else script
    )
    screen, written = in_a_terminal(script, **environment)
    lines = shown(screen)
    assert lines[0] == "average age (task 12): IKNL: running"
    assert "average age (task 12): IKNL: done in 5 s (1 of 4 done, 1 failed)" in lines
    assert b"\x1b[?25l" not in written
    assert (b"\x1b[32m" in written) == is_colored
