"""Run algorithms, one process per run, forked by a script in the environment."""

import base64
import itertools
import json
import queue
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vantage6.bindings.secret import SecretBytes
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._organizations import database_type, database_uri
from vantage6.localnet._processes import Message, ScriptProcess, clean_environment, write_private

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import TaskDatabase


# Modules that the script imports before it runs an algorithm, in their order.
MODULES = ("enum_format", "vantage6.algorithm.tools.decorators", "vantage6.algorithm.tools.wrap")
# The official wrapper, which runs an algorithm.
WRAPPER = "vantage6.algorithm.tools.wrap:wrap_algorithm"


class AlgorithmRunner:
    """Runs the algorithms of all nodes."""

    def __init__(self, python: Path, folder: Path, modules: Sequence[str] = MODULES) -> None:
        self._execution_ids = itertools.count(1)
        self._queues: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._ended = False
        self._script_process = ScriptProcess(
            python,
            "algorithm_runner.py",
            folder / "algorithm_runner.log",
            on_message=self._dispatch,
            on_end=self._release_waiting_threads,
            arguments=modules,
            # Many runs share the processors of this machine.
            environment={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def next_execution_id(self) -> int:
        """Return a new execution id; a run is executed again if its report was lost."""
        return next(self._execution_ids)

    def run(
        self,
        run: int,
        folder: Path,
        environment: Mapping[str, str],
        on_log: Callable[[str], None],
        function: str = WRAPPER,
    ) -> int:
        """Run a function to its end and return the exit code, negative after a signal."""
        messages = self._queues[run] = queue.SimpleQueue[Message | None]()
        try:
            self._script_process.send(
                {
                    "type": "start",
                    "run": run,
                    "folder": str(folder),
                    "environment": dict(environment),
                    "function": function,
                }
            )
            while not self._ended and (message := messages.get()) is not None:
                if isinstance(code := message.get("exit"), int):
                    return code
                on_log(str(message["log"]))
            raise LocalNetworkError("algorithm runner: the process has ended unexpectedly.")
        finally:
            del self._queues[run]

    def kill(self, run: int) -> None:
        """Kill a run if it is active."""
        self._script_process.send({"type": "kill", "run": run})

    def stop(self) -> None:
        """Kill all runs."""
        self._script_process.stop()

    def _dispatch(self, message: Message) -> None:
        """Pass a message to the thread that waits for its run."""
        run = message["run"]
        if isinstance(run, int) and (messages := self._queues.get(run)):
            messages.put(message)

    def _release_waiting_threads(self) -> None:
        """Wake all waiting threads, because the script has ended."""
        self._ended = True
        for messages in list(self._queues.values()):
            messages.put(None)


def prepare_run(
    folder: Path,
    *,
    algorithm: Path,
    input_: bytes,
    token: str,
    proxy: tuple[int, str],
    databases: Mapping[str, Path],
    requested: "list[TaskDatabase]",
) -> dict[str, str]:
    """Write the files for the official wrapper and return its environment variables."""
    files = {"INPUT_FILE": input_, "OUTPUT_FILE": b"", "TOKEN_FILE": SecretBytes(token.encode())}
    temporary = write_run_files(folder, files)
    variables = {
        **{name: str(folder / name) for name in files},
        "TEMPORARY_FOLDER": str(temporary),
        "HOST": "http://127.0.0.1",
        "PORT": str(proxy[0]),
        "API_PATH": proxy[1],
        "USER_REQUESTED_DATABASE_LABELS": ",".join(database["label"] for database in requested),
        "DB_LABELS": ",".join(databases),
        **{
            f"{label.upper()}_DATABASE_URI": database_uri(path) for label, path in databases.items()
        },
        **{
            f"{label.upper()}_DATABASE_TYPE": database_type(path)
            for label, path in databases.items()
        },
        **_database_settings(requested),
    }
    return run_environment(algorithm, temporary, variables)


def write_run_files(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write the files of a run, and return the folder for its temporary files."""
    # A run whose report was lost is executed again.
    shutil.rmtree(folder, ignore_errors=True)
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)  # in a folder with mode 0700
    for name, content in files.items():
        write_private(folder / name, content)
    return temporary


def run_environment(
    algorithm: Path, temporary: Path, variables: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment variables of a run, encoded as real nodes do."""
    return clean_environment(
        HOME=str(temporary),
        ALGORITHM_FOLDER=str(algorithm.parent),
        PKG_NAME=algorithm.stem,
        **{name: _encode(value) for name, value in variables.items()},
    )


def read_output(folder: Path) -> bytes:
    """Return the contents of a run's output file."""
    return (folder / "OUTPUT_FILE").read_bytes()


def _database_settings(databases: "list[TaskDatabase]") -> dict[str, str]:
    """Return the variables for the parameters of the requested databases."""
    variables: dict[str, str] = {}
    for database in databases:
        settings: dict[str, object] = json.loads(database["parameters"] or "{}")
        for key in ("query", "sheet_name", "preprocessing"):
            if key in settings:
                value = settings[key]
                text = value if isinstance(value, str) else json.dumps(value)
                variables[f"{database['label'].upper()}_{key.upper()}"] = text
    return variables


def _encode(value: str) -> str:
    """Encode a variable as real nodes do, without special characters."""
    data = value.encode(errors="surrogateescape")  # paths may have any bytes
    return base64.b32encode(data).decode().replace("=", "!")
