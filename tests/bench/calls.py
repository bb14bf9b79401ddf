"""Calls to a server as in production: uWSGI as in the platform's image, nginx, and TLS.

Bare is an `httpx.Client` that keeps its connection and has the token in a header, and `json.loads`.
It requests tasks in pages of 250; the official client in pages of 50, in the usual loop. The
candidates take turns, and a number is the median wall time of their turns. The 20 ms come from a
relay in a process of its own that delays all data by 10 ms in each direction, and a new connection
by the round trip of a handshake; the first row shows how long nginx itself then takes to respond.
The trusted certificates are in one file, with the authorities of `certifi` and that of the server.

Each number includes the server's own work. For a list, that is nearly all of it: for each task, the
server searches all runs and all databases. An administrator of 5,000 tasks would create indexes for
them, and so does this benchmark; the rows marked "no index" show the values without. At 0 ms, there
is little time that a client could save.

A start is the start of a program: it imports the client, logs in and lists the organizations. The
duration of an import excludes that of a bare Python. Connections and logins are counted in the log
of nginx.
"""

import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial

from front import Front
from harness import CANDIDATES, Contestant, Row, python_of, race, surroundings, value_of

from vantage6.localnet import LocalNetwork

TITLE = "Calls"
TASKS = 5000
AT_ONCE = 16
ROUND_TRIPS = (0.0, 0.02)
CALLS = 20  # in a turn
TOLERANCE = 0.004  # of the relay

START = {
    "ours": """
import sys, time
from vantage6.client import Client
client = Client("https://127.0.0.1", int(sys.argv[1]), "/api", verify=sys.argv[2], log_level=None)
""",
    "official": """
import os, sys, time
os.environ["REQUESTS_CA_BUNDLE"] = sys.argv[2]
from vantage6.client import Client
client = Client("https://127.0.0.1", int(sys.argv[1]), "/api", log_level="critical")
""",
}
START["earlier"] = START["ours"]
FIRST_LIST = """
client.authenticate(sys.argv[3], sys.argv[4])
rows = client.organization.list()
assert len(rows["data"]) == 3
print("answered", time.time())
"""


def rows() -> Iterator[Row]:
    yield from imports()
    with ExitStack() as stack:
        network = stack.enter_context(LocalNetwork(organizations=3))
        fill(network)
        front = stack.enter_context(Front(network.port))
        ports = {0.0: front.port, 0.02: stack.enter_context(front.far(0.02))}
        user = network.users["researcher"]
        who = {"bundle": str(front.bundle), "username": user.username, "password": user.password}
        yield round_trips(front, ports)
        for round_trip, port in ports.items():
            yield from calls(round_trip, {"port": port, **who})
        for round_trip, port in ports.items():
            yield start(round_trip, {"port": port, **who})
        yield from at_once(front, {"port": ports[0.02], **who})
        for round_trip, port in ports.items():
            yield listing(round_trip, {"port": port, **who})
        change(network, "DROP INDEX {name}")
        for round_trip, port in ports.items():
            yield listing(round_trip, {"port": port, **who}, ", no index")


def fill(network: LocalNetwork) -> None:
    """Make as many tasks as are to be listed: one is made, and copied in the server's database."""
    client = network.client()
    task = client.task.create(
        collaboration=network.collaboration.id,
        organizations=[network.organizations[0].id],
        name="average",
        image="harbor2.vantage6.ai/demo/average",
        input_={"method": "partial_average", "kwargs": {"column_name": "age"}},
        databases=[{"label": "default"}],
    )
    client.wait_for_results(task["id"], progress=False)
    with closing(sqlite3.connect(network._folder / "server.db", timeout=60)) as database:
        for table, parent in (("task", "id"), ("run", "task_id"), ("taskdatabase", "task_id")):
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            copied = ", ".join(f'"{name}"' for name in columns if name not in ("id", parent))
            database.execute("CREATE TEMPORARY TABLE copy (number INTEGER)")
            numbers = range(task["id"] + 1, task["id"] + TASKS)
            database.executemany("INSERT INTO copy VALUES (?)", ((number,) for number in numbers))
            database.execute(
                f"INSERT INTO {table} ({parent}, {copied}) "  # noqa: S608 - names of columns
                f"SELECT number, {copied} FROM copy, {table} WHERE {table}.{parent} = ?",
                (task["id"],),
            )
            database.execute("DROP TABLE copy")
        database.commit()
    assert client.task.list(per_page=1).total == TASKS
    change(network, "CREATE INDEX {name} ON {table} (task_id)")


def change(network: LocalNetwork, statement: str) -> None:
    """Make or drop what the server finds the parts of a task by."""
    with closing(sqlite3.connect(network._folder / "server.db", timeout=60)) as database:
        for table in ("run", "taskdatabase"):
            database.execute(statement.format(name=f"bench_{table}", table=table))
        database.commit()


def round_trips(front: Front, ports: dict[float, int]) -> Row:
    """Hold the relay to what it is for."""
    near, far = (min(front.round_trip(port) for _ in range(5)) for port in ports.values())
    if not 0.02 <= far - near <= 0.02 + TOLERANCE:
        raise SystemExit(f"a round trip of 20 ms takes {far * 1000:.1f} ms: is this machine busy?")
    return Row("a round trip of 20 ms", far)


def named(what: str, round_trip: float) -> str:
    return f"{what}, {round_trip * 1000:.0f} ms"


def compare(
    function: str, rounds: int, login: dict[str, object], **more: object
) -> tuple[dict[str, float], set[object]]:
    """Let all contestants and bare httpx take turns; return medians, and their values."""
    with ExitStack() as stack:
        contestants = {
            who: stack.enter_context(
                Contestant("calls", f"{prefix(who)}_{function}", who=who, **more, **login)
            )
            for who in (*CANDIDATES, "bare")
        }
        turns = [lambda each=each: each.turn()[0] for each in contestants.values()]
        found = race(rounds, turns)
        values = {each.value for each in contestants.values()}
    return dict(zip(contestants, map(statistics.median, found), strict=True)), values


def prefix(who: str) -> str:
    """Return how the functions of a contestant begin."""
    return "ours" if who == "earlier" else who


def calls(round_trip: float, login: dict[str, object]) -> Iterator[Row]:
    for what, function in (("an organization", "call"), ("the server's version", "version")):
        found, _ = compare(function, 25, login, count=CALLS)
        yield Row(
            named(what, round_trip),
            **{who: seconds / CALLS for who, seconds in found.items()},
            at_most_bare=1.15,
            less_than_official=2 if round_trip else None,
        )


def listing(round_trip: float, login: dict[str, object], note: str = "") -> Row:
    found, values = compare("list", 5, login)
    assert values == {TASKS}, values
    what = named(f"{TASKS:,} tasks", round_trip) + note
    faster = 3 if round_trip and not note else None
    return Row(what, **found, at_most_bare=1.3, less_than_official=faster)


# -- starts ----------------------------------------------------------------------------------------
def run(who: str, code: str, *arguments: str) -> tuple[float, str]:
    """Run a program; give the time at which it was started, and what it printed."""
    began = time.time()
    done = subprocess.run(
        [python_of(who), "-c", code, *arguments],
        env=surroundings(who),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{who} could not start:\n{done.stderr}")
    return began, done.stdout


def until_end(who: str, code: str) -> float:
    began, _ = run(who, code)
    return time.time() - began


def until_answer(who: str, login: dict[str, object]) -> float:
    arguments = [str(login[name]) for name in ("port", "bundle", "username", "password")]
    began, printed = run(who, START[who] + FIRST_LIST, *arguments)
    return float(printed.rsplit("answered", 1)[1]) - began


def warm_race(rounds: int, turns: Sequence[Callable[[], float]]) -> list[float]:
    """Give the medians of a race of programs, each run once before: then all is compiled."""
    for turn in turns:
        turn()
    return [statistics.median(found) for found in race(rounds, turns)]


def imports() -> Iterator[Row]:
    """Measure what importing takes beyond a bare Python."""
    codes = {
        "import vantage6.client": 40,
        "from vantage6.client import Client": 40,
    }
    programs = [(who, code) for who in CANDIDATES for code in ("pass", *codes)]
    turns: list[Callable[[], float]] = [partial(until_end, *program) for program in programs]
    found = dict(zip(programs, warm_race(25, turns), strict=True))
    for code, limit in codes.items():
        beyond = {who: 1000 * (found[who, code] - found[who, "pass"]) for who in CANDIDATES}
        yield Row(f"`{code}`", **beyond, unit="ms", at_most=limit)


def start(round_trip: float, login: dict[str, object]) -> Row:
    found = warm_race(15, [partial(until_answer, who, login) for who in CANDIDATES])
    seconds = dict(zip(CANDIDATES, found, strict=True))
    return Row(named("start to first response", round_trip), **seconds, less_than_official=1)


# -- many at once ----------------------------------------------------------------------------------
def at_once(front: Front, login: dict[str, object]) -> Iterator[Row]:
    """Count what tasks in flight make of connections and logins; nothing is measured in time."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for who in CANDIDATES:
        with front.requests() as found[who]:
            value_of(
                "calls",
                f"{prefix(who)}_many",
                who=who,
                tasks=AT_ONCE,
                count=10,
                **login,
            )
        served = sum(path.endswith("/organization/1") for _, _, path in found[who])
        assert served >= AT_ONCE * 10, served
    connections = {who: len({one for one, _, _ in each}) for who, each in found.items()}
    logins = {
        who: sum(path.endswith("/token/user") for _, _, path in each) for who, each in found.items()
    }
    what = f"{AT_ONCE} tasks at once, 10 calls each"
    yield Row(f"{what}: connections", **connections, unit="", at_most=AT_ONCE)
    yield Row(f"{what}: logins", **logins, unit="", at_most=1)
