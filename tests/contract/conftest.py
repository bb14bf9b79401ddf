"""Servers for the tests of the contract."""

from collections.abc import Iterator

import pytest

from . import hq
from .callers import VERSION, World, populate, serve
from .sandbox import Sandbox
from .truth import Truth

MAIL_SERVER = {"server": "127.0.0.1", "port": 9}


@pytest.fixture(scope="module")
def truth() -> Iterator[Truth]:
    """Hold the contract against all that a module's tests say to a server."""
    truth = Truth("server", VERSION)
    with truth.watch():
        yield truth


@pytest.fixture(autouse=True)
def no_contradiction(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test whose exchanges contradict the contract."""
    watched = {"truth", "hq_truth"} & set(request.fixturenames)
    if not watched:
        yield
        return
    truth: Truth = request.getfixturevalue(watched.pop())
    before = len(truth.problems)
    yield
    problems = truth.problems[before:]
    assert not problems, f"{len(problems)} contradictions:\n" + "\n".join(problems)


@pytest.fixture(scope="module")
def world(truth: Truth) -> Iterator[World]:
    """Yield a server with people and nodes."""
    # Where a store on this machine is found; without it, what such a store refuses is not told.
    # By which address the store knows this server is left to those who ask.
    with serve(dev={"host_uri": "127.0.0.1"}, server_url=None) as url:
        yield populate(url)


@pytest.fixture(scope="module")
def strict_url(truth: Truth) -> Iterator[str]:
    """Yield the address of a server on which a second factor is obligatory, and mail set up."""
    with serve(two_factor_auth=True, smtp=MAIL_SERVER) as url:
        yield url


@pytest.fixture(scope="module")
def hq_truth() -> Iterator[Truth]:
    """Hold the contract against all that a module's tests say to HQ."""
    truth = Truth("hq", hq.VERSION)
    with truth.watch():
        yield truth


@pytest.fixture(scope="module")
def hq_world(hq_truth: Truth) -> Iterator[hq.HqWorld]:
    """Yield an HQ with people and nodes."""
    with hq.serve_hq() as world:
        yield world


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """Yield the services, by name, on which anything may be tried."""
    sandbox = Sandbox()
    with sandbox.stack:
        yield sandbox
