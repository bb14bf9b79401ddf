"""Run the docstring examples that need HQ, and compare their output."""

import asyncio
import contextlib
import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.test_docstring_examples_live import AT_HQ, FLAGS, MANUALS, run
from vantage6.client import AsyncClient, Client
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

AVERAGE = "harbor2.vantage6.ai/demo/average"
NAMES = sorted(AT_HQ | {"Extraction"})
# Those that need no session, or one without a data frame.
WITHOUT_SESSION = {"session.create", "session.open", "session.delete_automatic"}
WITHOUT_FRAME = {"session.delete"}


class HqWorld:
    """A network of version 5 with a session, and the loop of what is async."""

    def __init__(self, network: LocalNetwork, folder: Path) -> None:
        account = network.service_account
        assert account
        self.loop, self.secret = asyncio.new_event_loop(), account.client_secret
        options: dict[str, Any] = {"auth_url": network.auth_url, "log_level": None}
        options["known_organizations"] = folder / "known"
        self.client = Client(network.url, **options)
        self.client.initialize_service_account(self.secret, account.username)
        self.client.authenticate_service_account()
        self.client.setup_collaboration("demo")
        self.network, self.options, self.account = network, options, account

    async def user(self, *, sync: bool, logged_in: bool) -> Any:
        if sync:
            return self.client
        client = AsyncClient(self.network.url, **self.options)
        if logged_in:
            await client.initialize_service_account(self.secret, self.account.username)
            await client.authenticate_service_account()
            await client.setup_collaboration("demo")
        return client

    def prepare(self, *, session: bool, frame: bool) -> None:
        """Make the session and the data frame that examples speak of, where they are missing."""
        sessions = self.client.session.list()
        if session and [row["name"] for row in sessions] == ["survival"]:
            frames = self.client.session.dataframes(sessions[0])
            steps = self.client.task.list(session=sessions[0])
            state = [(row["name"], row["ready"]) for row in frames], len(steps)
            if state == (([("patients", True)], 1) if frame else ([], 0)):
                return
        for row in sessions:
            self.client.session.delete(row, delete_dependents=True)
        if session:
            made = self.client.session.create("own", "survival")
        if session and frame:
            self.client.dataframe.create(
                "default", AVERAGE, "read_csv", session=made, name="patients"
            )
            self.client.dataframe.wait("patients", progress=False)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HqWorld]:
    with LocalNetwork(version="5.0.3", organizations=3) as network:
        world = HqWorld(network, tmp_path_factory.mktemp("examples"))
        with contextlib.closing(world.loop), world.client:
            yield world


@pytest.mark.parametrize("name", sorted(NAMES, key=lambda name: name in WITHOUT_SESSION))
def test_example_prints_the_documented_output_at_hq(name: str, world: HqWorld) -> None:
    world.prepare(session=name not in WITHOUT_SESSION, frame=name not in WITHOUT_FRAME)
    sync = "await " not in MANUALS[name] and "async " not in MANUALS[name]
    client = world.loop.run_until_complete(
        world.user(sync=sync, logged_in=name != "initialize_service_account")
    )
    known: dict[str, Any] = {"client": client, "secret": world.secret}
    try:
        for example in doctest.DocTestParser().get_examples(MANUALS[name]):
            source = example.source.replace('"nightly"', repr(world.account.username))
            got = run(world, source, known)
            assert doctest.OutputChecker().check_output(example.want, got, FLAGS), (
                f"\n>>> {source}says:\n{example.want}prints:\n{got}"
            )
    finally:
        if not sync:
            world.loop.run_until_complete(client.close())
