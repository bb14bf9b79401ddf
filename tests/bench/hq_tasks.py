"""Tasks at HQ 5.0.3, beside the official client 5.0.3, on a local network with three organizations.

The delay is the time from HQ's last result, by HQ's own database, which is read every 5 ms, to the
return of the wait. Both clients wait at the same time, each for a task of its own. The delay is the
median of several tasks: five of 5 s, three of 20 s, one of 120 s. Requests are those of the wait.
The task for 12 organizations is not encrypted. A round is a task whose runs take 2 s, the median of
ten rounds; bare is the time from the task's creation to the end of its last run, by HQ's database.
Ours extracts the data before the first round, which is not counted; the official client computes
with the same kind of data frame. Memory is the increase of the peak while results are received, and
bare their size.
"""

import sqlite3
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from harness import HERE, MIB, Row, measure, value_of
from waiting import Database

from vantage6.localnet import LocalNetwork
from vantage6.localnet._v5.realm import LOCAL_CLIENT

TITLE = "Tasks at HQ"
OFFICIAL_VERSION = "5.0.3"
JOBS = {5: 5, 20: 3, 120: 1}
WHO = {"ours": "ours", "official": "official-5"}
RESULT = 24 * MIB
ORGANIZATIONS = 12


def rows() -> Iterator[Row]:
    algorithms = {"bench/algorithm": HERE / "algorithm.py"}
    with LocalNetwork(version="5.0.3", organizations=3, algorithms=algorithms) as network:
        user = network.users["researcher"]
        login = {
            "url": network.url,
            "auth_url": network.auth_url,
            "auth_client": LOCAL_CLIENT,
            "username": user.username,
            "password": str(user.password),
        }
        path = network._folder / "hq.db"
        with network.client("researcher") as client:
            client.setup_collaboration(network.collaboration.name)
            login["session"] = client.session.create("own", "bench")["id"]
            frame = client.dataframe.create(
                "default", "bench/algorithm", "read_csv", session="bench", name="bench"
            )
            client.dataframe.wait(frame, progress=False)
        yield from delays(login, path)
        yield from rounds(login, path, frame["id"])
        yield from memory(login, network)
        yield from requests(login, network)


def delays(login: dict[str, Any], path: Path) -> Iterator[Row]:
    """Measure how late results are noticed."""
    with Database(path) as database, ThreadPoolExecutor() as pool:

        def wait(name: str, seconds: int) -> dict[str, float]:
            value: Any = value_of(
                "hq_tasks", f"{name}_wait", who=WHO[name], seconds=seconds, **login
            )
            value["late"] = value["ended"] - database.held[value["task"]]
            return value

        for seconds, times in JOBS.items():
            found: dict[str, list[dict[str, float]]] = {name: [] for name in WHO}
            for _ in range(times):
                jobs = {name: pool.submit(wait, name, seconds) for name in WHO}
                for name, job in jobs.items():
                    found[name].append(job.result())
            for what, key, unit, limit in (
                ("delay", "late", "s", 0.05),
                ("requests", "requests", "", 4 + 2 * (seconds // 60)),
            ):
                medians = {
                    name: statistics.median(value[key] for value in values)
                    for name, values in found.items()
                }
                yield Row(f"{seconds} s: {what}", **medians, unit=unit, at_most=limit)


def rounds(login: dict[str, Any], path: Path, frame: int) -> Iterator[Row]:
    """Measure the rounds of an iterative algorithm."""
    found: dict[str, float] = {}
    for name, who in WHO.items():
        value: Any = value_of(
            "hq_tasks", f"{name}_rounds", who=who, frame=frame, rounds=10, seconds=2, **login
        )
        found[name] = statistics.median(value["seconds"])
        if name == "ours":
            found["bare"] = statistics.median(durations(path, value["tasks"]))
    yield Row("a round", **found, at_most_bare=1.1)


def durations(path: Path, tasks: list[int]) -> Iterator[float]:
    """Yield the seconds from the creation of each task to the end of its last run."""
    query = (
        "SELECT task.created_at, MAX(run.finished_at) FROM task JOIN run ON run.task_id = task.id "
        "WHERE task.id = ?"
    )
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for task in tasks:
            began, ended = (
                datetime.fromisoformat(time).replace(tzinfo=timezone.utc)
                for time in connection.execute(query, (task,)).fetchone()
            )
            yield (ended - began).total_seconds()


def memory(login: dict[str, Any], network: LocalNetwork) -> Iterator[Row]:
    """Measure the memory that large results take; they would slow down what reads the database."""
    with network.client("researcher") as client:
        client.setup_collaboration(network.collaboration.name)
        large = {"method": "text", "arguments": {"size": RESULT}, "session": "bench"}
        task = client.task.create(
            "all", "text", "bench/algorithm", action="federated_compute", **large
        )
        client.wait_for_results(task, progress=False)
    functions = {name: f"{name}_receive" for name in WHO}
    found = measure("hq_tasks", functions, 2, WHO, task=task["id"], **login)
    what, decoded = f"receive {RESULT // MIB} MiB from 3 organizations", 3 * RESULT / MIB
    taken = {name: each.memory / MIB for name, each in found.items()}
    yield Row(
        f"{what}: extra memory", **taken, bare=decoded, unit="MiB", at_most=1.3 * decoded + 16
    )
    yield Row(what, **{name: each.seconds for name, each in found.items()})


def requests(login: dict[str, Any], network: LocalNetwork) -> Iterator[Row]:
    """Count the requests of a task for 12 organizations, whose further nodes are never online."""
    collaboration = network.collaboration.id
    ids = [organization.id for organization in network.organizations]
    with network.client("root") as root:
        for number in range(ORGANIZATIONS - len(ids)):
            made = root.organization.create(f"hospital-{number}", "", "", "", "", "")
            root.collaboration.add_organization(made, collaboration)
            root.node.create(collaboration, made, f"hospital-node-{number}")
            ids.append(made["id"])
    found = {
        name: value_of("hq_tasks", f"{name}_create", who=who, organizations=ids, **login)
        for name, who in WHO.items()
    }
    yield Row(f"a task for {ORGANIZATIONS} organizations: requests", **found, unit="", at_most=4)
