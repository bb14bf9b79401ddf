"""Test that connections are closed with their client."""

import gc
import warnings

from tests.support.scripted_server import ScriptedServer
from vantage6.client import Client


def test_client_in_a_cycle_closes_its_connections(server: ScriptedServer) -> None:
    client = Client("http://127.0.0.1", server.port, "/api", log_level=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        server.reply = lambda _: (200, {"version": "4.15.2"})
        client.util.get_server_version()
        cycle: list[object] = [client]
        cycle.append(cycle)
        del client, cycle
        gc.collect()
