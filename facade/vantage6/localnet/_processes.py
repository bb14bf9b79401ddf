"""Processes that run on the environment's Python and exchange JSON lines."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from vantage6.bindings.secret import SecretBytes

_HERE = Path(__file__).parent
_STOP_SECONDS = 10.0
# Umask for the network's processes: their files are readable only by the user.
PRIVATE_UMASK = 0o077
# Variables that a process needs to start; the user's PYTHONPATH, proxies and V6_* are left out.
_KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

Message = dict[str, object]


def script_path(name: str) -> str:
    """Return the path of a script that runs on the environment's Python."""
    return str(_HERE / "_scripts" / name)


def write_private(path: Path, content: bytes) -> None:
    """Write a file with mode 0600."""
    with open_private(path) as file:
        file.write(content)


def open_private(path: Path, *, append: bool = False) -> BinaryIO:
    """Open a file for writing or appending; a new file gets mode 0600."""
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if append else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def clean_environment(**more: str) -> dict[str, str]:
    """Return the environment variables for a process of the network."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {**kept, **more}


class ScriptProcess:
    """A script on the environment's Python that exchanges JSON lines over pipes."""

    # The script ends with this process, because that closes its standard input.

    def __init__(
        self,
        python: Path,
        script: str,
        log: Path,
        on_message: Callable[[Message], None],
        on_end: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        with open_private(log) as errors:
            self._process = subprocess.Popen(
                [str(python), script_path(script), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean_environment(**(environment or {})),
                start_new_session=True,
                umask=PRIVATE_UMASK,
            )
        self._on_message = on_message
        self._on_end = on_end
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name=f"localnet-{script}", daemon=True)
        self._reader.start()

    def send(self, message: Message) -> None:
        """Send a message; it is dropped if the script has ended."""
        line = SecretBytes(json.dumps(message).encode() + b"\n")  # may contain a token
        with self._lock:
            if self._process.stdin is not None and not self._process.stdin.closed:
                try:
                    self._process.stdin.write(line)
                    self._process.stdin.flush()
                except BrokenPipeError:
                    return

    def stop(self) -> None:
        """Close the script's input and wait until the script ends."""
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
        """Pass each message to the callback until the script ends."""
        if self._process.stdout is None:
            return
        try:
            with self._process.stdout as lines:
                for line in lines:
                    if line.endswith(b"\n"):  # a killed script may leave an incomplete line
                        self._on_message(json.loads(line))
        finally:  # threads waiting for a message must be released
            self._on_end()
