"""Processes of the environment's Python, and talking with them in lines of JSON."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from vantage6.bindings.secret import SecretBytes

_HERE = Path(__file__).parent
_STOP_SECONDS = 10.0
PRIVATE = 0o077
"""The mask of what the network's programs write: nobody else can read it."""
# All that a program needs to start; the user's PYTHONPATH, proxies and V6_* settings stay out.
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

Message = dict[str, object]
"""One line to or from a helper."""


def inside(name: str) -> str:
    """Return the path of a file that the environment's Python runs, not ours."""
    return str(_HERE / "_inside" / name)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only this user can read, whatever was there before."""
    with open_private(path) as file:
        file.write(content)


def open_private(path: Path, *, append: bool = False) -> BinaryIO:
    """Open a file to write it anew, or to append to it; only this user can read a new one."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment variables a process of the network starts with."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **more}


class Helper:
    """A program of ours that runs on the environment's Python and speaks in lines of JSON.

    It ends by itself when this process does, since its standard input then ends.

    Parameters
    ----------
    python : Path
        The environment's interpreter.
    script : str
        File name under ``_inside``.
    log : Path
        File for what it writes to standard error.
    on_message : callable
        Called with each message, on a thread of this helper.
    on_end : callable, optional
        Called on that thread when the program has ended.
    environment : mapping of str to str
        Variables besides those of `clean_environment`.

    Examples
    --------
    >>> relay = Helper(python, "relay.py", folder / "relay.log", print)  # doctest: +SKIP
    >>> relay.send({"type": "stop"})  # doctest: +SKIP
    """

    def __init__(
        self,
        python: Path,
        script: str,
        log: Path,
        on_message: Callable[[Message], None],
        on_end: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        with open_private(log) as errors:
            self._process = subprocess.Popen(
                [str(python), inside(script)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean_environment(**(environment or {})),
                start_new_session=True,
                umask=PRIVATE,
            )
        self._on_message = on_message
        self._on_end = on_end
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name=f"localnet-{script}", daemon=True)
        self._reader.start()

    def send(self, message: Message) -> None:
        """Send one message; a helper that is gone is not told anything."""
        line = SecretBytes(json.dumps(message).encode() + b"\n")  # it may hold a token
        with self._lock:
            if self._process.stdin is not None and not self._process.stdin.closed:
                try:
                    self._process.stdin.write(line)
                    self._process.stdin.flush()
                except BrokenPipeError:
                    return

    def stop(self) -> None:
        """Close its input, which ends it, and wait for that."""
        with self._lock:
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(_STOP_SECONDS)

    def _read(self) -> None:
        """Hand on each line that the helper prints, until it ends."""
        if self._process.stdout is None:
            return
        try:
            with self._process.stdout as lines:
                for line in lines:
                    if line.endswith(b"\n"):  # a program that is killed may leave a torn one
                        self._on_message(json.loads(line))
        finally:  # or who waits for a message would wait for ever
            self._on_end()
