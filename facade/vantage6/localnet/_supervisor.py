"""Run a command that ends when the process that started it does, however that one ends.

The parent holds the write end of this program's standard input and never writes. When it closes
it, or dies, even by SIGKILL, the read end falls due here: the command's process group is killed
and the folder it worked in removed. Run as ``python -I _supervisor.py FOLDER COMMAND...``; nothing
but the standard library is imported, so that it starts in a few milliseconds.
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
from types import FrameType


def main(folder: str, command: list[str]) -> int:
    """Run the command until it ends or the parent does; return the command's exit code.

    Parameters
    ----------
    folder : str
        Folder to remove when the parent is gone.
    command : list of str
        Program and arguments.

    Returns
    -------
    int
        Exit code of the command, minus nine when it was killed because the parent is gone.
    """
    # In a session of its own, since a Ctrl-C in the terminal is the parent's to handle.
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        if _parent_is_gone_before(child):
            _kill(child)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        _kill(child)
    return child.returncode


def _parent_is_gone_before(child: "subprocess.Popen[bytes]") -> bool:
    """Wait for the end of the parent or of the child; tell whether it was the parent's."""
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        while child.poll() is None:
            if selector.select(timeout=0.1):
                return True
    return False


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child's process group: all it would save on a kind end is thrown away."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _on_terminate(_number: int, _frame: FrameType | None) -> None:
    """Leave by way of the ``finally`` above when asked to end."""
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _on_terminate)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
