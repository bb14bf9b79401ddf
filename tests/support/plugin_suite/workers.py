"""Test two workers, each with its own network, async client and script."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vantage6.client import AsyncClient
from vantage6.localnet import LocalNetwork

MEETING = Path(os.environ["MEETING"])
SCRIPT = """
from vantage6.client import Client
with Client.from_env(log_level=None) as client:
    print(client.name, client.collaboration_id, client.organization.list()[0]["name"])
"""


def test_each_worker_has_a_network(v6_network: LocalNetwork) -> None:
    note = MEETING / f"{os.environ['PYTEST_XDIST_WORKER']}.note"
    note.write_text(v6_network.url)
    note.rename(note.with_suffix(".url"))
    ends = time.monotonic() + 60
    while len(met := list(MEETING.glob("*.url"))) < 2:
        assert time.monotonic() < ends, "the other worker does not come"
        time.sleep(0.1)
    assert len({file.read_text() for file in met}) == 2


@pytest.mark.asyncio
async def test_async_client_fixture_works(v6_async_client: AsyncClient) -> None:
    rows, _ = await asyncio.gather(v6_async_client.organization.list(), asyncio.sleep(0))
    assert [row["name"] for row in rows] == ["IKNL"]


@pytest.mark.usefixtures("v6_environment")
def test_a_script_connects() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == "Researcher 1 IKNL\n"
