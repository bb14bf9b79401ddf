"""The servers that the tests of the contract drive."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cast import SECRET, VERSION, World, populate
from truth import Truth

from vantage6.localnet._environment import environment_python
from vantage6.localnet._server import Server

MAIL_SERVER = {"server": "127.0.0.1", "port": 9}


class TunedServer(Server):
    """A server with some settings of its own."""

    def __init__(self, folder: Path, settings: dict[str, object]) -> None:
        self.settings = {"jwt_secret_key": SECRET} | settings
        super().__init__(environment_python(VERSION), folder, None)

    def _configuration(self, folder: Path) -> dict[str, object]:
        return super()._configuration(folder) | self.settings


@contextmanager
def serve(**settings: object) -> Iterator[str]:
    """Run a new server with some settings of its own, and give its address."""
    with tempfile.TemporaryDirectory(prefix="vantage6-contract-") as folder:
        server = TunedServer(Path(folder), settings)
        try:
            server.wait_until_ready()
            yield server.url
        finally:
            server.stop()


@pytest.fixture(scope="module")
def truth() -> Iterator[Truth]:
    """Hold the contract against all that a module's tests say to a server."""
    truth = Truth("server", VERSION)
    with truth.watch():
        yield truth


@pytest.fixture(autouse=True)
def no_contradiction(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose exchanges contradict the contract."""
    if "truth" not in request.fixturenames:
        yield
        return
    truth: Truth = request.getfixturevalue("truth")
    before = len(truth.problems)
    yield
    problems = truth.problems[before:]
    assert not problems, f"{len(problems)} contradictions:\n" + "\n".join(problems)


@pytest.fixture(scope="module")
def world(truth: Truth) -> Iterator[World]:
    """Give a server with people and nodes."""
    # Where a store on this machine is found; without it, what such a store refuses is not told.
    with serve(dev={"host_uri": "127.0.0.1"}) as url:
        yield populate(url)


@pytest.fixture(scope="module")
def strict_url(truth: Truth) -> Iterator[str]:
    """Give the address of a server on which a second factor is obligatory, and mail set up."""
    with serve(two_factor_auth=True, smtp=MAIL_SERVER) as url:
        yield url
