"""Executing algorithms: one process per run, which the runner in the environment forks."""

import base64
import itertools
import json
import queue
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vantage6.bindings.secret import SecretBytes
from vantage6.localnet._errors import LocalNetworkError
from vantage6.localnet._parties import type_of, uri_of
from vantage6.localnet._processes import Helper, Message, clean_environment, write_private

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import TaskDatabase


class Runner:
    """Runs algorithms for all nodes.

    Parameters
    ----------
    python : Path
        The environment's interpreter.
    folder : Path
        Private folder, for the runner's log.

    Examples
    --------
    >>> runner = Runner(python, folder)  # doctest: +SKIP
    >>> runner.run(1, work, environment, print)  # doctest: +SKIP
    0
    """

    def __init__(self, python: Path, folder: Path) -> None:
        self._tickets = itertools.count(1)
        self._inboxes: dict[int, queue.SimpleQueue[Message | None]] = {}
        self._ended = False
        self._helper = Helper(
            python,
            "runner.py",
            folder / "runner.log",
            on_message=self._hand_out,
            on_end=self._give_up,
            # Many runs share this machine's few processors.
            environment={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    def ticket(self) -> int:
        """Give an execution a number: a run whose report did not arrive is executed once more."""
        return next(self._tickets)

    def run(
        self,
        run: int,
        folder: Path,
        environment: Mapping[str, str],
        on_log: Callable[[str], None],
    ) -> int:
        """Execute an algorithm to its end.

        Parameters
        ----------
        run : int
            Its ticket.
        folder : Path
            Working folder.
        environment : mapping of str to str
            All environment variables of the process.
        on_log : callable
            Called with the lines that the algorithm prints, as they come.

        Returns
        -------
        int
            Exit code; negative when a signal ended it.

        Raises
        ------
        LocalNetworkError
            The runner ended before the run did.
        """
        inbox = self._inboxes[run] = queue.SimpleQueue[Message | None]()
        try:
            self._helper.send(
                {
                    "type": "start",
                    "run": run,
                    "folder": str(folder),
                    "environment": dict(environment),
                }
            )
            while not self._ended and (message := inbox.get()) is not None:
                if isinstance(code := message.get("exit"), int):
                    return code
                on_log(str(message["log"]))
            raise LocalNetworkError("the program that runs the algorithms has ended")
        finally:
            del self._inboxes[run]

    def kill(self, run: int) -> None:
        """End a run at once; one that has ended already is left alone."""
        self._helper.send({"type": "kill", "run": run})

    def stop(self) -> None:
        """End every run."""
        self._helper.stop()

    def _hand_out(self, message: Message) -> None:
        """Give a message to the thread that waits for its run."""
        run = message["run"]
        if isinstance(run, int) and (inbox := self._inboxes.get(run)):
            inbox.put(message)

    def _give_up(self) -> None:
        """Wake the threads that wait for runs that nobody follows any more."""
        self._ended = True
        for inbox in list(self._inboxes.values()):
            inbox.put(None)


def prepare(
    folder: Path,
    *,
    algorithm: Path,
    input_: bytes,
    token: str,
    proxy: tuple[int, str],
    databases: Mapping[str, Path],
    requested: "list[TaskDatabase]",
) -> dict[str, str]:
    """Write the files that the official wrapper reads, and return the environment it starts with.

    Parameters
    ----------
    folder : Path
        Folder for the run; what is in it is removed.
    algorithm : Path
        Python file, or folder of a package.
    input_ : bytes
        What the task asks for, as JSON.
    token : str
        The container token.
    proxy : tuple of int and str
        Port of the nodes' proxy, and this node's path there.
    databases : mapping of str to Path
        The files with the organization's data, by label.
    requested : list of TaskDatabase
        The databases that the task asks for.

    Returns
    -------
    dict of str to str
        All environment variables of the process.
    """
    # A run whose report did not arrive is executed once more.
    shutil.rmtree(folder, ignore_errors=True)
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)  # in a folder that is for this user alone
    files = {"INPUT_FILE": input_, "OUTPUT_FILE": b"", "TOKEN_FILE": SecretBytes(token.encode())}
    for name, content in files.items():
        write_private(folder / name, content)
    variables = {
        **{name: str(folder / name) for name in files},
        "TEMPORARY_FOLDER": str(temporary),
        "HOST": "http://127.0.0.1",
        "PORT": str(proxy[0]),
        "API_PATH": proxy[1],
        "USER_REQUESTED_DATABASE_LABELS": ",".join(database["label"] for database in requested),
        "DB_LABELS": ",".join(databases),
        **{f"{label.upper()}_DATABASE_URI": uri_of(path) for label, path in databases.items()},
        **{f"{label.upper()}_DATABASE_TYPE": type_of(path) for label, path in databases.items()},
        **_database_settings(requested),
    }
    return clean_environment(
        HOME=str(temporary),
        ALGORITHM_FOLDER=str(algorithm.parent),
        PKG_NAME=algorithm.stem,
        **{name: _encode(value) for name, value in variables.items()},
    )


def output_of(folder: Path) -> bytes:
    """Return what a run left in the output file of its folder."""
    return (folder / "OUTPUT_FILE").read_bytes()


def _database_settings(databases: "list[TaskDatabase]") -> dict[str, str]:
    """Return the variables for the settings that a user gives along with a database's label."""
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
    """Encode a variable as a node does, so that no character in it means anything."""
    return base64.b32encode(value.encode()).decode().replace("=", "!")
