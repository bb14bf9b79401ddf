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

Connections and logins are counted in the log of nginx.
"""

import sqlite3
import statistics
from collections.abc import Iterator
from contextlib import ExitStack, closing

from front import Front
from harness import CANDIDATES, Contestant, Row, race, value_of

from vantage6.localnet import LocalNetwork

TITLE = "Calls"
TASKS = 5000
AT_ONCE = 16
ROUND_TRIPS = (0.0, 0.02)
CALLS = 20  # in a turn
TOLERANCE = 0.004  # of the relay


def rows() -> Iterator[Row]:
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
