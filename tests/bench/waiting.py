"""Tasks at three organizations: the time from the server's last result to the return of the wait.

The server's own database, read every 5 ms, determines when the server has the result. Both clients
wait at the same time, each for a task of its own. The delay is the median of several tasks: five of
5 s, three of 30 s, one of 120 s. Requests are those of the wait. CPU is the share of one processor
while there is nothing to do, from 2 s after the beginning to the end of the task.
"""

import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from harness import CANDIDATES, Row, value_of

from vantage6.localnet import LocalNetwork

TITLE = "Waiting"
JOBS = {5: 5, 30: 3, 120: 1}
MANY = 50


class Database:
    """Tells when the server held the last result of each task: read from its own database."""

    def __init__(self, path: Path) -> None:
        self.held: dict[int, float] = {}
        self._path = path
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Database":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        query = (
            "SELECT task_id FROM run GROUP BY task_id HAVING SUM(result IS NULL OR result = '') = 0"
        )
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            while not self._ended.wait(0.005):
                for (task_id,) in connection.execute(query):
                    self.held.setdefault(task_id, time.time())


def rows() -> Iterator[Row]:
    with (
        LocalNetwork(organizations=3) as network,
        Database(network._folder / "server.db") as database,
        ThreadPoolExecutor() as pool,
    ):
        user = network.users["researcher"]
        login = {"port": network.port, "username": user.username, "password": user.password}

        def wait(who: str, seconds: int, many: int = 1) -> dict[str, float]:
            value = value_of(
                "waiting",
                "official" if who == "official" else "ours",
                who=who,
                seconds=seconds,
                many=many,
                **login,
            )
            assert isinstance(value, dict)
            value["late"] = value["ended"] - max(database.held[id_] for id_ in value["tasks"])
            return value

        for seconds, times in JOBS.items():
            found: dict[str, list[dict[str, float]]] = {who: [] for who in CANDIDATES}
            for _ in range(times):
                jobs = {name: pool.submit(wait, name, seconds) for name in found}
                for name, job in jobs.items():
                    found[name].append(job.result())

            for what, key, unit, limit in (
                ("delay", "late", "s", 0.2),
                ("requests", "requests", "", 3 + seconds // 60),
                ("CPU", "cpu", "%", 1),
            ):
                medians = {
                    who: statistics.median(value[key] for value in values)
                    for who, values in found.items()
                }
                yield Row(f"{seconds} s: {what}", **medians, unit=unit, at_most=limit)
        one, many = (wait("ours", 5, count)["requests"] for count in (1, MANY))
        yield Row(f"requests, {MANY} tasks at once", many, unit="", bare=one, at_most_bare=1.5)
