"""Run algorithms: each in a process of its own, forked from one that has imported pandas already.

Reads one JSON message per line, ``{"type": "start", "run", "folder", "environment"}`` or
``{"type": "kill", "run"}``; prints ``{"run", "log"}`` for what a run prints and ``{"run", "exit"}``
for its end. When its input ends, it kills every run and ends too.
"""

import contextlib
import importlib
import json
import os
import selectors
import signal
import sys
import time
import traceback
from types import FrameType
from typing import Literal, NoReturn, TypedDict

import mend as mend  # before anything of vantage6

_HIGHEST_DESCRIPTOR = 1024
# What is printed within this time travels in one message: each costs the server a write.
_GATHER_SECONDS = 0.02


class Message(TypedDict):
    """What the parent asks for; a run to kill has neither folder nor environment."""

    type: Literal["start", "kill"]
    run: int
    folder: str
    environment: dict[str, str]


class Run:
    """One algorithm at work: its process, and the pipe that it prints to."""

    def __init__(self, id_: int, pid: int, output: int) -> None:
        self.id = id_
        self.pid = pid
        self.output = output
        self._torn = b""

    def kill(self) -> None:
        """Kill the run and whatever it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def read(self) -> tuple[str, bool]:
        """Return the lines it has printed since the last time, and whether more may come."""
        received = [self._torn]
        more = True
        with contextlib.suppress(BlockingIOError):
            while more:
                received.append(os.read(self.output, 1 << 16))
                more = bool(received[-1])
        whole, newline, self._torn = b"".join(received).rpartition(b"\n")
        text = whole + newline
        if not more:
            text, self._torn = text + self._torn, b""
        return text.decode("utf-8", "replace"), more


class Runner:
    """Start runs, follow their output and report their ends, on a single thread.

    Parameters
    ----------
    reply : int
        File descriptor for the messages to the parent.
    """

    def __init__(self, reply: int) -> None:
        self._reply = reply
        self._runs: dict[int, Run] = {}
        self._killed: set[int] = set()
        self._torn = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        # A process that ends wakes the selector by way of this pipe.
        self._wakeup, write_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(write_end, False)
        signal.signal(signal.SIGCHLD, _do_nothing)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def serve(self) -> None:
        """Do what the parent asks until it is gone."""
        try:
            while self._turn():
                pass
        finally:
            for run in self._runs.values():
                run.kill()

    def _turn(self) -> bool:
        """Handle all that has happened; tell whether the parent is still there."""
        ready = {key.fd: key for key, _ in self._selector.select()}
        if 0 in ready:
            received = os.read(0, 1 << 16)
            if not received:
                return False
            self._obey(received)
        talking = [key.data for fd, key in ready.items() if fd not in (0, self._wakeup)]
        if talking:
            time.sleep(_GATHER_SECONDS)
            for run in talking:
                self._forward(run)
        if self._wakeup in ready:
            os.read(self._wakeup, 1 << 10)
            self._reap()
        return True

    def _obey(self, received: bytes) -> None:
        """Carry out the messages that are whole, keep the rest for later."""
        *lines, self._torn = (self._torn + received).split(b"\n")
        for line in lines:
            message: Message = json.loads(line)
            if message["type"] == "start":
                self._start(message["run"], message["folder"], message["environment"])
            else:
                self._kill(message["run"])

    def _kill(self, id_: int) -> None:
        """Kill a run; one that is not there yet is not to come either."""
        self._killed.add(id_)
        if id_ in self._runs:
            self._runs[id_].kill()

    def _start(self, id_: int, folder: str, environment: dict[str, str]) -> None:
        """Fork a process for a run and follow what it prints."""
        if id_ in self._killed:
            self._say({"run": id_, "exit": -signal.SIGKILL})
            return
        output, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            _become_algorithm(folder, environment, write_end)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # as the child does, whoever comes first
        os.close(write_end)
        os.set_blocking(output, False)
        self._runs[id_] = Run(id_, pid, output)
        self._selector.register(output, selectors.EVENT_READ, self._runs[id_])

    def _forward(self, run: Run) -> None:
        """Pass on what a run has printed."""
        lines, more = run.read()
        if lines:
            self._say({"run": run.id, "log": lines})
        if not more:
            self._selector.unregister(run.output)

    def _reap(self) -> None:
        """Report the runs whose process has ended."""
        for run in list(self._runs.values()):
            pid, status = os.waitpid(run.pid, os.WNOHANG)
            if pid == 0:
                continue
            run.kill()  # what it left behind
            if run.output in self._selector.get_map():
                self._forward(run)
                with contextlib.suppress(KeyError):
                    self._selector.unregister(run.output)
            os.close(run.output)
            del self._runs[run.id]
            self._say({"run": run.id, "exit": os.waitstatus_to_exitcode(status)})

    def _say(self, message: dict[str, object]) -> None:
        """Send a message to the parent."""
        line = json.dumps(message).encode() + b"\n"
        while line:
            line = line[os.write(self._reply, line) :]


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Be a handler of SIGCHLD, since without one the wakeup pipe stays silent."""


def _become_algorithm(folder: str, environment: dict[str, str], output: int) -> NoReturn:
    """Turn the forked process into what the algorithm's container is on a real node."""
    status = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, _HIGHEST_DESCRIPTOR)
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        status = _run_algorithm()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _run_algorithm() -> int:
    """Let the official wrapper do its work; return the exit code it would end the process with."""
    sys.path.insert(0, os.environ.pop("ALGORITHM_FOLDER"))
    try:
        importlib.import_module("vantage6.algorithm.tools.wrap").wrap_algorithm()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def main() -> None:
    """Import what every algorithm imports, then serve."""
    # A stray print of an imported module must not end up between the messages.
    reply = os.dup(1)
    os.dup2(2, 1)
    importlib.import_module("vantage6.algorithm.tools.decorators")
    importlib.import_module("vantage6.algorithm.tools.wrap")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Runner(reply).serve()


if __name__ == "__main__":
    main()
