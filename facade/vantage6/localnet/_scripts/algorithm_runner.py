"""Run each algorithm in a process forked from one that has already imported pandas."""

# Arguments: modules to import before. Reads one JSON message per line: {"type": "start", "run",
# "folder", "environment", "function"} or {"type": "kill", "run"}. Prints {"run", "log"} for the
# output of a run, and {"run", "exit"} when it ends. When its input ends, it kills all runs and
# exits.

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

_MAX_DESCRIPTOR = 1024
# Output within this time is sent in one message, because each message is a write on the server.
_BATCH_SECONDS = 0.02


class Message(TypedDict):
    """A message from the parent; "kill" names a run only."""

    type: Literal["start", "kill"]
    run: int
    folder: str
    environment: dict[str, str]
    function: str  # module and name


class Run:
    """The process of one algorithm, and the pipe with its output."""

    def __init__(self, id_: int, pid: int, output: int) -> None:
        self.id = id_
        self.pid = pid
        self.output = output
        self._partial_line = b""

    def kill(self) -> None:
        """Kill the run and its child processes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def read(self) -> tuple[str, bool]:
        """Return the complete lines since the last call, and whether more may follow."""
        received = [self._partial_line]
        more = True
        with contextlib.suppress(BlockingIOError):
            while more:
                received.append(os.read(self.output, 1 << 16))
                more = bool(received[-1])
        complete, newline, self._partial_line = b"".join(received).rpartition(b"\n")
        text = complete + newline
        if not more and self._partial_line:
            text, self._partial_line = text + self._partial_line + b"\n", b""
        return text.decode("utf-8", "replace"), more


class Runner:
    """Starts runs, forwards their output and reports their exit codes, in one thread."""

    def __init__(self, output_fd: int) -> None:
        self._output_fd = output_fd
        self._runs: dict[int, Run] = {}
        self._killed: set[int] = set()
        self._partial_line = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)
        # The end of a child process wakes the selector through this pipe.
        self._wakeup, write_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(write_end, False)
        signal.signal(signal.SIGCHLD, _ignore_signal)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        self._selector.register(self._wakeup, selectors.EVENT_READ)

    def serve(self) -> None:
        """Handle messages from the parent until its pipe closes."""
        try:
            while self._poll():
                pass
        finally:
            for run in self._runs.values():
                run.kill()

    def _poll(self) -> bool:
        """Handle all pending events; return whether the parent is still running."""
        ready = {key.fd: key for key, _ in self._selector.select()}
        if 0 in ready:
            received = os.read(0, 1 << 16)
            if not received:
                return False
            self._handle_messages(received)
        readable = [key.data for fd, key in ready.items() if fd not in (0, self._wakeup)]
        if readable:
            time.sleep(_BATCH_SECONDS)
            for run in readable:
                self._forward(run)
        if self._wakeup in ready:
            os.read(self._wakeup, 1 << 10)
            self._reap()
        return True

    def _handle_messages(self, received: bytes) -> None:
        """Handle complete messages, and keep an incomplete one for later."""
        *lines, self._partial_line = (self._partial_line + received).split(b"\n")
        for line in lines:
            message: Message = json.loads(line)
            if message["type"] == "start":
                self._start(message)
            else:
                self._kill(message["run"])

    def _kill(self, id_: int) -> None:
        """Kill a run, or prevent it from starting."""
        self._killed.add(id_)
        if id_ in self._runs:
            self._runs[id_].kill()

    def _start(self, message: Message) -> None:
        """Fork a process for a run and watch its output."""
        id_ = message["run"]
        if id_ in self._killed:
            self._send({"run": id_, "exit": -signal.SIGKILL})
            return
        output, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            _run_in_child(message, write_end)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)  # the child does the same; either may be first
        os.close(write_end)
        os.set_blocking(output, False)
        self._runs[id_] = Run(id_, pid, output)
        self._selector.register(output, selectors.EVENT_READ, self._runs[id_])

    def _forward(self, run: Run) -> None:
        """Forward the output of a run."""
        lines, more = run.read()
        if lines:
            self._send({"run": run.id, "log": lines})
        if not more:
            self._selector.unregister(run.output)

    def _reap(self) -> None:
        """Report the exit codes of runs that have ended."""
        for run in list(self._runs.values()):
            pid, status = os.waitpid(run.pid, os.WNOHANG)
            if pid == 0:
                continue
            run.kill()  # remaining child processes
            if run.output in self._selector.get_map():
                self._forward(run)
                with contextlib.suppress(KeyError):
                    self._selector.unregister(run.output)
            os.close(run.output)
            del self._runs[run.id]
            self._send({"run": run.id, "exit": os.waitstatus_to_exitcode(status)})

    def _send(self, message: dict[str, object]) -> None:
        """Send a message to the parent."""
        line = json.dumps(message).encode() + b"\n"
        while line:
            line = line[os.write(self._output_fd, line) :]


def _ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Handle SIGCHLD, because the wakeup pipe needs a handler."""


def _run_in_child(message: Message, output: int) -> NoReturn:
    """Turn the forked process into the algorithm's process."""
    status = 1
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, _MAX_DESCRIPTOR)
        sys.stdout = os.fdopen(1, "w", buffering=1, encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        os.environ.clear()
        os.environ.update(message["environment"])
        os.chdir(message["folder"])
        status = _call(message["function"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _call(function: str) -> int:
    """Call a function, such as the official wrapper, and return its exit code."""
    sys.path.insert(0, os.environ.pop("ALGORITHM_FOLDER"))
    module, _, name = function.partition(":")
    try:
        getattr(importlib.import_module(module), name)()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        names = [frame.f_globals["__name__"] for frame, _ in traceback.walk_tb(end.__traceback__)]
        is_own = names[-1 - (names[-1] == "_sitebuiltins")].startswith("vantage6.")
        if code in (0, 1) and not is_own:  # the node reports other codes
            sys.stderr.write(f"The algorithm called sys.exit({end.code!r}).\n")
        return code
    return 0


def main() -> None:
    """Import what every algorithm imports, then serve."""
    # Output of imported modules must not end up between the messages.
    output_fd = os.dup(1)
    os.dup2(2, 1)
    for module in sys.argv[1:]:
        importlib.import_module(module)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Runner(output_fd).serve()


if __name__ == "__main__":
    main()
