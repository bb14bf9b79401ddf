"""Test that connections are closed with their client."""

import gc
import warnings

import pytest

from tests.support.scripted_server import ScriptedServer
from vantage6.client import Client


@pytest.mark.parametrize("aged", [0, 1, 2], ids=["new", "once collected", "twice collected"])
def test_client_in_a_cycle_closes_its_connections(server: ScriptedServer, aged: int) -> None:
    gc.collect()  # garbage of other tests
    server.reply = lambda _: (200, {"version": "4.15.2"})
    client = Client("http://127.0.0.1", server.port, "/api", log_level=None)
    # The garbage collector finalizes the objects of a cycle in the order of their age.
    for generation in range(aged):
        gc.collect(generation)
    client.util.get_server_version()
    cycle: list[object] = [client]
    cycle.append(cycle)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del client, cycle
        gc.collect()
