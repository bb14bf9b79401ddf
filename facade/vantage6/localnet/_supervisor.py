"""Run a command that ends when its parent process ends, for any reason."""

# The parent holds the write end of this program's standard input. When the parent closes it or
# dies, even by SIGKILL, the read end becomes readable here. Usage: `python -I _supervisor.py FOLDER
# COMMAND...`; the folder is deleted then, unless it is empty text. Only the standard library is
# imported, so that it starts in a few milliseconds.

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
from types import FrameType


def main(folder: str, command: list[str]) -> int:
    """Run the command until it or the parent ends; return the command's exit code."""
    # In its own session, because the parent handles a Ctrl-C in the terminal.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        if _parent_is_gone_before(child):
            _kill(child)
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        _kill(child)
    return child.returncode


def _parent_is_gone_before(child: "subprocess.Popen[bytes]") -> bool:
    """Wait until the parent or the child ends; return whether the parent did."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while child.poll() is None:
            if selector.select(timeout=0.1):
                return True
    return False


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child's process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _on_terminate(_number: int, _frame: FrameType | None) -> None:
    """Exit with cleanup on SIGTERM."""
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _on_terminate)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
