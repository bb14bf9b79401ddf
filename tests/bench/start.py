"""From the start of a program to what it is for, on a local network without TLS.

A program imports the client, logs in with a saved login and lists the organizations; bare is the
same by an `httpx.Client`, with the same requests. The official client cannot save a login: its
program logs in with a password. Where the extra `cli` is installed, as here, `import httpx` loads
the packages of httpx's own command line; ours does without them. What is marked "beyond Python"
excludes the time of a bare Python. The candidates take turns after each has run once, so that all
is compiled, and a number is the median wall time.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import CANDIDATES, Row, python_of, race, surroundings

from vantage6.localnet import LocalNetwork

TITLE = "Start"
ROUNDS = 25
SAVED = """
from vantage6.client import Client
client = Client.from_saved_login(log_level=None)
assert len(client.organization.list()) == 3
client.close()
"""
PASSWORD = """
import sys
from vantage6.client import Client
client = Client("http://127.0.0.1", int(sys.argv[1]), "/api", log_level="critical")
client.authenticate(sys.argv[2], sys.argv[3])
assert len(client.organization.list()["data"]) == 3
"""
BARE = """
import json, sys
from pathlib import Path
import httpx
token, port = Path(sys.argv[1]).read_text(), sys.argv[2]
with httpx.Client(
    base_url=f"http://127.0.0.1:{port}/api", headers={"Authorization": f"Bearer {token}"}
) as client:
    for path in sys.argv[3:]:
        response = client.get(path)
        response.raise_for_status()
        rows = json.loads(response.content)
assert len(rows["data"]) == 3
"""


def rows() -> Iterator[Row]:
    yield from imports()
    with LocalNetwork(organizations=3) as network, TemporaryDirectory() as folder:
        user = network.users["researcher"]
        environment = {**os.environ, "XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}
        os.environ.update(environment)
        client = network.client("researcher")
        client.saved_login.save()
        token = Path(folder, "token")
        token.write_text(client.token)
        paths = [f"user/{client.whoami.id_}", f"organization/{client.whoami.organization_id}"]
        paths += ["organization?page=1&per_page=250"]
        login = [str(network.port), user.username, user.password]
        programs: dict[str, Callable[[], float]] = {
            "ours": partial(seconds, "ours", "-c", SAVED),
            "official": partial(seconds, "official", "-c", PASSWORD, *login),
            "bare": partial(seconds, "bare", "-c", BARE, str(token), str(network.port), *paths),
            "list": partial(seconds, "ours", "-m", "vantage6.v6c", "org", "list", "--json"),
        }
        if "earlier" in CANDIDATES:
            programs["earlier"] = partial(seconds, "earlier", "-c", SAVED)
        found = medians(programs)
        listed = found.pop("list")
        yield Row("saved login to first list", **found, at_most_bare=1.15, less_than_official=2.2)
        yield Row("`v6c org list --json`", listed, bare=found["ours"], at_most_bare=1.3)


def imports() -> Iterator[Row]:
    """Measure what takes time before anything is sent."""
    codes = {
        "import vantage6.client": 40,
        "from vantage6.client import Client": 40,
    }
    programs = {
        (who, code): partial(seconds, who, "-c", code)
        for who in CANDIDATES
        for code in ("pass", *codes)
    }
    help_ = ("ours", "v6c --help")
    programs[help_] = partial(seconds, "ours", "-m", "vantage6.v6c", "--help")
    found = medians(programs)
    for code, limit in codes.items():
        beyond = {who: 1000 * (found[who, code] - found[who, "pass"]) for who in CANDIDATES}
        yield Row(f"`{code}`, beyond Python", **beyond, unit="ms", at_most=limit)
    beyond_python = 1000 * (found[help_] - found["ours", "pass"])
    yield Row("`v6c --help`, beyond Python", beyond_python, unit="ms", at_most=60)


def seconds(who: str, *arguments: str) -> float:
    """Run a program; return how long that took."""
    began = time.perf_counter()
    done = subprocess.run(
        [python_of(who) if who == "official" else sys.executable, *arguments],
        env=surroundings(who),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f"{who} could not start:\n{done.stderr}")
    return time.perf_counter() - began


def medians(programs: dict) -> dict:
    """Return the median of each program."""
    for run in programs.values():
        run()
    found = race(ROUNDS, programs.values())
    return dict(zip(programs, map(statistics.median, found), strict=True))
