"""The suite's option, and what all its tests look at: what came of the cases."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import FLOODS, KINDS
from run import Found, run_all, run_restart
from shared import Ground, ground


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write", action="store_true", help="write the table into docs/faults.md")


@pytest.fixture(scope="session")
def shared() -> Iterator[Ground]:
    """A real network."""
    with ground() as shared:
        yield shared


@pytest.fixture(scope="session")
def found(shared: Ground) -> list[Found]:
    """What came of all cases, which are run once, side by side."""
    assert shared.network
    return run_all(shared, shared.network.port)


@pytest.fixture(scope="session")
def floods(shared: Ground, found: list[Found]) -> list[Found]:
    """What came of the cases with too much in an answer; not before all others are done."""
    del found
    assert shared.network
    program = [sys.executable, Path(__file__).with_name("floods.py")]
    processes = [
        subprocess.Popen(
            [*program, str(shared.network.port), shared.password, form], stdout=subprocess.PIPE
        )
        for form in ("sync", "async")
    ]
    lines = [
        json.loads(line) for process in processes for line in process.communicate()[0].splitlines()
    ]
    assert [process.returncode for process in processes] == [0, 0]
    ways = {way.name: way for way in FLOODS}
    kinds = {kind.name: kind for kind in KINDS}
    return [
        Found(**{**line, "way": ways[line["way"]], "kind": kinds[line["kind"]]}) for line in lines
    ]


@pytest.fixture(scope="session")
def restarted(shared: Ground, floods: list[Found]) -> list[Found]:
    """What came of calls while the server was restarted; that is done last."""
    del floods
    assert shared.network
    return run_restart(shared, shared.network)
