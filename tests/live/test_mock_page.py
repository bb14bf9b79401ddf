"""Test docs/mock.md: its tests pass on the mock and fail on a network, or pass on a network."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.test_pytest_plugin import run_pytest
from tests.support.doc_pages import blocks
from tests.support.paths import ROOT
from vantage6.client import Client, TaskFailedError
from vantage6.localnet import LocalNetwork
from vantage6.localnet._environment import environment_python

pytestmark = pytest.mark.live

SUITE = ROOT / "tests/support/mock_suite"
FILES = ("visits.py", "on_the_mock.py", "on_a_network.py")
VERSION = "5.0.3"
IMAGE = "registry.example/visits"
CENTRAL = {"count_by_organization", "count_answers"}
# Calls each test of a module, and prints how it ended.
RUNNER = """
import json, runpy, sys
sys.path.insert(0, ".")
ends = {}
for name, test in runpy.run_path("on_the_mock.py").items():
    if name.startswith("test_"):
        try:
            test()
            ends[name] = "passed"
        except BaseException as error:
            ends[name] = repr(error)
print(json.dumps(ends))
"""


NAMES = [
    line.removeprefix("def ").partition("(")[0]
    for line in (SUITE / "on_the_mock.py").read_text().splitlines()
    if line.startswith("def test_")
]


@pytest.fixture(scope="module")
def run() -> Iterator[Callable[..., Any]]:
    """Return what runs a function on a network, with the arguments of that for the mock."""
    data = {"North": SUITE / "north.csv", "South": SUITE / "south.csv"}
    with LocalNetwork(
        version=VERSION, databases=data, algorithms={IMAGE: SUITE / "visits.py"}
    ) as network:
        client: Client = network.client()
        client.setup_collaboration("demo")
        frame = client.dataframe.create("default", IMAGE, "read_csv")
        client.dataframe.wait(frame, timeout=120)

        def run(method: str, organizations: Any = (1, 2), arguments: Any = None) -> Any:
            action = "central_compute" if method in CENTRAL else "federated_compute"
            # As the official client sends them: numbers as keys become text.
            sent = json.loads(json.dumps(arguments or {}))
            return client.task.run(
                [network.organizations[id_ - 1].name for id_ in organizations],
                method,
                IMAGE,
                method=method,
                kwargs=sent,
                databases=frame,
                action=action,
                timeout=120,
            )

        yield run


def test_tests_pass_on_the_mock(tmp_path: Path) -> None:
    for name in FILES[:2]:
        shutil.copy(SUITE / name, tmp_path)
    command = [environment_python(VERSION), "-c", RUNNER]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    ends = json.loads(done.stdout.splitlines()[-1])
    assert ends == dict.fromkeys(NAMES, "passed"), done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_test_fails_on_a_network(
    run: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEVEL", "")
    source = (SUITE / "on_the_mock.py").read_text()
    tests: dict[str, Any] = {"os": os, "run": run}  # in place of what runs them on the mock
    exec(source[source.index("def test_") :], tests)  # noqa: S102 - the page itself
    with pytest.raises((AssertionError, TaskFailedError)):
        tests[name]()


def test_tests_of_the_plugin_pass(tmp_path: Path) -> None:
    for path in SUITE.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    done = run_pytest(tmp_path, "--v6-version", VERSION, "on_a_network.py")
    assert f"{len(NAMES)} passed" in done.stdout, done.stdout + done.stderr


def test_page_shows_the_current_files() -> None:
    shown = [block.code for block in blocks("docs/mock.md") if block.kind == "python"]
    assert shown == [(SUITE / name).read_text() for name in FILES]
