"""Test malformed responses: a value or one of our errors, in time."""

import io
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext, redirect_stderr
from pathlib import Path
from shutil import copy, rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.malformed_responses import alterations
from tests.support.malformed_server import MalformedServer, malformed_server
from tests.support.paths import RECORDED_KEY
from vantage6.client import Client, Timeouts
from vantage6.client._rows.rows import Rows
from vantage6.client._sync.tasks import create
from vantage6.client._utils.pauses import Backoff
from vantage6.client.errors import InvalidInputError, Vantage6Error

FOLDER = Path(mkdtemp())
KEY, SAVED = FOLDER / "key.pem", FOLDER / "saved"
TIMES = Timeouts(connect=20, read=20, write=20, pool=20, total=40)
WAIT: dict[str, Any] = {"timeout": 0.02, "interval": 0.01}

RESOURCES = (
    *("organization", "collaboration", "study", "node", "task", "run", "user"),
    *("role", "rule", "store"),
)
STORED = ("algorithm", "store.review", "store.user", "store.role", "store.rule")


def _part(client: Client, name: str) -> Any:
    for part in name.split("."):
        client = getattr(client, part)
    return client


def _in_store(act: Callable[[Client], object]) -> Callable[[Client], object]:
    def both(client: Client) -> object:
        client.store.set(5)
        return act(client)

    return both


def _create(client: Client) -> object:
    return client.task.create([5], "name", "image", method="x", collaboration=5)


CALLS: dict[str, Callable[[Client], object]] = {
    **{f"{n}.list": lambda c, n=n: _part(c, n).list() for n in RESOURCES},
    **{
        f"{n}.list, one page": lambda c, n=n: _part(c, n).list(page=1, per_page=5)
        for n in RESOURCES
    },
    **{f"{n}.get": lambda c, n=n: _part(c, n).get(5) for n in RESOURCES},
    **{f"{n}.list": _in_store(lambda c, n=n: _part(c, n).list()) for n in STORED},
    **{f"{n}.get": _in_store(lambda c, n=n: _part(c, n).get(5)) for n in STORED[:3]},
    **{
        f"{n}.find": lambda c, n=n: _part(c, n).find("text")
        for n in ("organization", "collaboration", "study", "node", "user", "role", "rule", "task")
    },
    "login": lambda c: c.authenticate("u", "p"),
    "refresh": lambda c: c.refresh_token(),
    "second factor": lambda c: c.util.set_two_factor_auth("token"),
    "version": lambda c: c.util.get_server_version(),
    "health": lambda c: c.util.get_server_health(),
    "collaboration": lambda c: c.setup_collaboration("text"),
    "key": lambda c: c.setup_encryption(KEY),
    "create": _create,
    "create in a study": lambda c: c.task.create([5], "n", "i", method="x", study="text"),
    "create, encrypted": lambda c: (c.setup_encryption(KEY), _create(c)),
    "kill": lambda c: c.task.kill(5),
    "delete": lambda c: c.task.delete("text"),
    "tasks of a store": lambda c: c.task.list(store="text", status="pending", run=5),
    "runs of a port": lambda c: c.run.list(port=5),
    "runs of a task": lambda c: c.run.from_task(5),
    "results of a task": lambda c: c.result.from_task(5).outputs,
    "result": lambda c: c.result.get(5),
    "bytes": lambda c: c.result.get_bytes(5),
    "save": lambda c: c.result.save(5, SAVED),
    "frame": lambda c: c.run.list().to_pandas(),
    "frame of results": lambda c: c.result.from_task(5).to_pandas(),
    "wait": lambda c: c.wait_for_results(5, **WAIT),
    "wait, and see": lambda c: c.wait_for_results(5, **WAIT, logs=True, progress=True),
    "wait for two": lambda c: c.wait_for_results([5, 6], **WAIT),
    "as completed": lambda c: list(c.as_completed([5], **WAIT)),
    "update an algorithm": _in_store(lambda c: c.algorithm.update(5, name="new")),
    "change a user": lambda c: c.user.update(5, organization=4),
}


class Watching(logging.Handler):
    """Writes what is logged as text, and lets what goes wrong in that be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def server() -> Iterator[MalformedServer]:
    copy(RECORDED_KEY, KEY)
    KEY.chmod(0o600)
    with malformed_server() as one, pytest.MonkeyPatch.context() as patch:
        # A lost answer to the creation of a task is looked for again and again.
        patch.setattr(create, "LOST_RESPONSE", Backoff((0.01,)))
        yield one
    rmtree(FOLDER)


@pytest.fixture
def log() -> Iterator[Watching]:
    logger, watching = logging.getLogger("vantage6.client"), Watching()
    before = logger.level
    logger.addHandler(watching)
    logger.setLevel("DEBUG")
    yield watching
    logger.setLevel(before)
    logger.removeHandler(watching)


def _client(server: MalformedServer, folder: Path) -> Client:
    return Client(
        "http://127.0.0.1",
        server.port,
        log_level=None,
        max_retries=0,
        timeout=TIMES,
        known_organizations=folder / "known",
    )


def is_inert(text: str) -> bool:
    """Return whether text steers no terminal."""
    return all(c.isprintable() or c == "\n" for c in text)


# The user is in another organization.
REFUSED = {"change a user": InvalidInputError}


@pytest.mark.parametrize("name", CALLS)
def test_well_formed_responses_return_a_value(
    server: MalformedServer, tmp_path: Path, name: str
) -> None:
    with _client(server, tmp_path) as client:
        server.behave()
        client.authenticate("user", "password")
        with pytest.raises(REFUSED[name]) if name in REFUSED else nullcontext():
            CALLS[name](client)


@pytest.mark.parametrize("name", CALLS)
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_malformed_responses_raise_only_our_errors(
    server: MalformedServer, log: Watching, tmp_path: Path, name: str, data: st.DataObject
) -> None:
    numbers = st.dictionaries(st.integers(0, 5), alterations(), min_size=1, max_size=2)
    strange = data.draw(numbers)
    screen = io.StringIO()
    with _client(server, tmp_path) as client, redirect_stderr(screen):
        server.behave()
        client.authenticate("user", "password")
        server.behave(strange)
        began = time.monotonic()
        shown = ""
        try:
            value = CALLS[name](client)
        except Vantage6Error as error:
            shown = str(error)
        else:
            if isinstance(value, Rows):
                shown = f"{value}{value._repr_html_()}"
            repr(value)
    assert time.monotonic() - began < TIMES.read
    for text in (shown, screen.getvalue(), *log.lines):
        assert is_inert(text)
    log.lines.clear()
