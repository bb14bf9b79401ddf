"""Go on for longer than tokens and sessions last, as programs and as people do."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.support.browser import enter
from vantage6.client import Client, LoginExpiredError
from vantage6.localnet import LocalNetwork
from vantage6.localnet._v5 import network as _network
from vantage6.localnet._v5.realm import Lifetimes

pytestmark = pytest.mark.live

TOKEN, SESSION = 20, 60
SECONDS = float(os.environ.get("VANTAGE6_WAIT_MINUTES") or 3) * 60


def wait_long(client: Client, task: Any) -> tuple[Any, float]:
    """Wait for a task; return its results, or the error, and the seconds that it took."""
    began = monotonic()
    try:
        return client.wait_for_results(task, progress=False), monotonic() - began
    except LoginExpiredError as error:
        return error, monotonic() - began


def test_wait_outlasts_tokens_and_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lifetimes = partial(Lifetimes, idle=SESSION, session=SESSION, poll=1)
    monkeypatch.setattr(_network, "Lifetimes", lifetimes)
    with LocalNetwork(version="5.0.3", organizations=2, token_seconds=TOKEN) as network:
        clients = [
            Client(
                network.url,
                auth_url=network.auth_url,
                log_level=None,
                known_organizations=tmp_path / f"known-{number}",
            )
            for number in range(3)
        ]
        program, person, patient = clients
        account = network.service_account
        assert account
        program.initialize_service_account(account.client_secret, account.username)
        program.authenticate_service_account()
        program.setup_collaboration(network.collaboration.name)
        task = program.task.create(
            [each.name for each in network.organizations],
            "sleep",
            "localnet/slow",
            method="sleep",
            arguments={"seconds": SECONDS, "step": 10},
            action="federated_compute",
        )
        # One who does not come back, and one whose browser stays open.
        person.authenticate(show=enter(network, "researcher"), open_browser=False)
        codes: list[Any] = []
        again = enter(network, "viewer")
        patient.authenticate(
            show=lambda code: (codes.append(code), again(code)),
            open_browser=False,
            auto_relogin=True,
        )
        with ThreadPoolExecutor() as pool:
            waits = [pool.submit(wait_long, each, task) for each in clients]
            (results, took), (error, ended), (others, _) = [wait.result() for wait in waits]
        expected = {each.name: {"slept": SECONDS} for each in network.organizations}
        assert results.by_organization == others.by_organization == expected
        assert SECONDS - 15 < took < SECONDS + 60
        assert isinstance(error, LoginExpiredError)
        assert SESSION - 2 * TOKEN < ended < SESSION + 2 * TOKEN, "at once, not at the end"
        assert "continue" in str(error), "the task does"
        # A session has ended when a token cannot be renewed, at most a token's life later.
        assert len(codes) >= SECONDS // (SESSION + TOKEN), "one for each session"
        # All that was sent has arrived: each line that the function has printed is in the log.
        for run in program.run.from_task(task):
            assert run["log"].count("slept ") >= SECONDS // 10
        for client in clients:
            client.close()


PROGRAM = """
import sys, time
from vantage6.client import Client

with Client.from_saved_login(sys.argv[1], log_level=None) as client:
    until, tokens = time.monotonic() + 15, set()
    while time.monotonic() < until:
        assert client.node.list()
        tokens.add(client.token)
        time.sleep(0.2)
print(len(tokens))
"""


def test_processes_share_refresh_tokens_that_are_valid_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh token that is used twice would end the session for all of them."""
    monkeypatch.setattr(_network, "Lifetimes", partial(Lifetimes, poll=1, with_rotation=True))
    with LocalNetwork(version="5.0.3", organizations=1, token_seconds=3) as network:
        with Client(network.url, auth_url=network.auth_url, log_level=None) as client:
            client.authenticate(show=enter(network, "researcher"), open_browser=False)
            file = client.saved_login.save(tmp_path / "login.json")
        command = [sys.executable, "-c", PROGRAM, str(file)]
        programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
        printed = [program.communicate(timeout=120)[0] for program in programs]
        assert [program.returncode for program in programs] == [0, 0, 0]
        assert all(int(number) >= 3 for number in printed), "each saw several tokens"
        with Client.from_saved_login(file, log_level=None) as client:
            assert client.name == "researcher"
