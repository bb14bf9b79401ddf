"""The suite's option, and what all its tests look at: what came of the cases."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cases import FLOODS, KINDS
from run import Found, run_all
from shared import Ground, ground


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write", action="store_true", help="write the table into docs/faults.md")


@pytest.fixture(scope="session")
def shared() -> Iterator[Ground]:
    """A real network."""
    with ground() as shared:
        yield shared


@pytest.fixture(scope="session")
def both(shared: Ground) -> tuple[list[Found], list[Found]]:
    """What came of all cases, which are run once, side by side; and of those with too much."""
    assert shared.network
    port = shared.network.port
    program = [sys.executable, Path(__file__).with_name("floods.py"), str(port), shared.password]
    processes = [
        subprocess.Popen([*program, form], stdout=subprocess.PIPE) for form in ("sync", "async")
    ]
    found = run_all(shared, port)
    said = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    ways = {way.name: way for way in FLOODS}
    kinds = {kind.name: kind for kind in KINDS}
    floods = [
        Found(**{**line, "way": ways[line["way"]], "kind": kinds[line["kind"]]})
        for line in map(json.loads, b"".join(said).splitlines())
    ]
    return found, floods


@pytest.fixture(scope="session")
def found(both: tuple[list[Found], list[Found]]) -> list[Found]:
    """What came of all cases but those with too much in an answer."""
    return both[0]


@pytest.fixture(scope="session")
def floods(both: tuple[list[Found], list[Found]]) -> list[Found]:
    """What came of the cases with too much in an answer, whose memory was watched."""
    return both[1]
