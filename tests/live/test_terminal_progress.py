"""Test the progress of a real task in a real terminal."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

SCRIPT = """
import os, signal, sys, threading, time
from vantage6.client import Client

# Where tests run in the background, Ctrl-C is ignored, and so it would be here.
signal.signal(signal.SIGINT, signal.default_int_handler)
client = Client("http://127.0.0.1", {port}, log_level=None)
client.authenticate("{username}", "{password}")

def task(name, seconds):
    return client.task.create(
        ["Maastro", "IKNL"], name, "localnet/slow", "",
        input_={{"method": "sleep", "kwargs": {{"seconds": seconds}}}}, collaboration="demo",
    )

def waits():
    frame = sys._current_frames()[threading.main_thread().ident]
    while frame and frame.f_code.co_name != "step":
        frame = frame.f_back
    return bool(frame)

def interrupt():
    while not waits():
        time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)

client.wait_for_results(task("nap", 1), timeout=120)
nap = task("long nap", 600)
try:
    client.wait_for_results(nap, timeout=120)
except KeyboardInterrupt as interrupted:
    print("still", client.task.get(nap["id"])["status"], interrupted)
threading.Thread(target=interrupt).start()
try:
    print(list(client.as_completed([nap])))
except KeyboardInterrupt as interrupted:
    print(interrupted)
"""

# An event loop that is interrupted cancels what runs in it, and raises the interruption after that.
ASYNC_SCRIPT = """
import asyncio, signal
from vantage6.client import AsyncClient, Client

signal.signal(signal.SIGINT, signal.default_int_handler)
tasks = []

async def main():
    async with AsyncClient("http://127.0.0.1", {port}) as client:
        await client.authenticate("{username}", "{password}")
        nap = await client.task.create(
            ["Maastro", "IKNL"], "long nap", "localnet/slow", "",
            input_={{"method": "sleep", "kwargs": {{"seconds": 600}}}}, collaboration="demo",
        )
        tasks.append(nap["id"])
        await client.wait_for_results(nap, timeout=120)

try:
    asyncio.run(main())
except KeyboardInterrupt:
    client = Client("http://127.0.0.1", {port}, log_level=None)
    client.authenticate("{username}", "{password}")
    print("still", client.task.get(tasks[0])["status"])
"""


@pytest.fixture
def place(network: LocalNetwork) -> Iterator[dict[str, object]]:
    """Where scripts connect, and as whom; what they leave at work is stopped."""
    user = network.users["researcher"]
    yield {"port": network.port, "username": user.username, "password": user.password}
    with network.client("root") as root:
        for task in root.task.list(name="long nap", status="active"):
            root.task.kill(task)


def in_a_terminal(script: str) -> str:
    """Run a script in a terminal, and return all that it wrote there.

    There is Ctrl-C once, when the long nap is drawn at work.
    """
    leader, follower = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**kept, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "PYTHONUTF8": "1"},
    )
    os.close(follower)
    written = b""
    is_interrupted = False
    try:
        while data := os.read(leader, 65536):
            written += data
            _, drawn, picture = written.rpartition(b"long nap (task ")
            if drawn and b"running" in picture and not is_interrupted:
                process.send_signal(signal.SIGINT)
                is_interrupted = True
    except OSError:  # on Linux: the other end is closed
        pass
    finally:
        os.close(leader)
        process.wait(timeout=30)
    return written.decode()


def test_ctrl_c_during_progress_restores_terminal_and_keeps_task(
    place: dict[str, object],
) -> None:
    written = in_a_terminal(SCRIPT.format(**place))
    first, second = written.split("\x1b[?25h")[:2]  # here the cursor is shown again
    last_picture = first.rsplit("nap (task ", 1)[1]
    assert last_picture.index("Maastro") < last_picture.index("IKNL"), "in the order asked"
    assert last_picture.count("done in") == 2
    assert "2 of 2 done" in last_picture

    assert "\x1b[?25l" in second, "here it was hidden"
    after = written.rsplit("\x1b[?25h", 1)[1]
    assert after.count("wait_for_results(") == 2, "how to go on, after either wait"
    assert "still active" in after
    assert "Traceback" not in written


def test_ctrl_c_in_event_loop_restores_terminal_and_keeps_task(
    place: dict[str, object],
) -> None:
    written = in_a_terminal(ASYNC_SCRIPT.format(**place))
    assert "\x1b[?25l" in written, "the cursor was hidden"
    after = written.rsplit("\x1b[?25h", 1)[1]
    assert "wait_for_results(" in after, "how to go on"
    assert "still active" in after
    assert "Traceback" not in written
