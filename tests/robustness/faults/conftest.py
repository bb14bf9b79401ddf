"""The option `--write`, and a fixture that runs all cases."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import pytest

from tests.support.paths import ROOT

from .cases import AT_STORES, FLOODS, KINDS, STORE_KINDS, WAYS
from .realm import run_at_realm
from .restarts import run_restart
from .runner import Found, run_all
from .shared_network import shared_network

# Run as a program, so that its memory is its own.
OVERSIZED = "tests.robustness.faults.oversized_responses"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write", action="store_true", help="write the table into docs/faults.md")


@pytest.fixture(scope="session")
def found() -> list[Found]:
    """What came of all cases, which are run once, side by side."""
    with ThreadPoolExecutor() as pool:
        others = [pool.submit(each) for each in (_at_stores, _at_a_restart, run_at_realm)]
        with shared_network() as shared:
            port, password = str(shared.port), shared.password
            program = [sys.executable, "-m", OVERSIZED, port, password]
            processes = [
                subprocess.Popen([*program, form], stdout=subprocess.PIPE, cwd=ROOT)
                for form in ("sync", "async")
            ]
            found = run_all(shared)
            said = [process.communicate()[0] for process in processes]
        assert [process.returncode for process in processes] == [0, 0]
        return [*found, *_floods(b"".join(said)), *chain(*(other.result() for other in others))]


def _at_stores() -> list[Found]:
    """Return what comes of what goes to and comes from the stores."""
    with shared_network(stores=True) as shared:
        ways = [way for way in WAYS if way.name in AT_STORES]
        return run_all(shared, ways, STORE_KINDS, lanes=6)


def _at_a_restart() -> list[Found]:
    """Return what comes of a restart, which would be in the way of all else."""
    with shared_network() as shared:
        return run_restart(shared)


def _floods(said: bytes) -> list[Found]:
    """Return what came of too much in an answer: that has processes of its own for its memory."""
    ways = {way.name: way for way in FLOODS}
    kinds = {kind.name: kind for kind in KINDS}
    return [
        Found(**{**line, "way": ways[line["way"]], "kind": kinds[line["kind"]]})
        for line in map(json.loads, said.splitlines())
    ]
