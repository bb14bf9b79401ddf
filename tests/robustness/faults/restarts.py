"""Restart a server during calls, and record the outcome of each."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from vantage6.client import Timeouts

from .breaking_proxy import Exchange, breaking_proxy
from .cases import AMPLE, KINDS, RESTART, Kind
from .runner import AsyncLane, Found, Lane, judge
from .shared_network import SharedNetwork

# Enough of both to outlast the restart.
PATIENT: dict[str, Any] = {
    "timeout": Timeouts(AMPLE, AMPLE, AMPLE, AMPLE, total=60),
    "max_retries": 20,
}
# How many seconds the task runs that is waited for, and until all have to be ready.
TASK, READY = 8.0, 120.0


class Away:
    """Tells when the server has gone."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_so = threading.Event()

    def watch(self) -> None:
        """Look until it has gone."""
        while not self._is_so.is_set():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)):
                    self._is_so.set()
            time.sleep(0.01)

    def wait(self) -> None:
        """Wait for that."""
        if not self._is_so.wait(AMPLE):
            raise TimeoutError("the server did not go away")

    def then_reset(self, exchange: Exchange) -> None:
        """Hold a request until then, and reset its connection."""
        self.wait()
        exchange.reset()


def run_restart(shared: SharedNetwork) -> list[Found]:
    """Restart the server once, under all kinds of exchanges with both clients.

    Lists go through a proxy, which holds the second page until the server is away. So does one
    of two waits: without events, it looks again and again.
    """
    assert shared.network
    away, task_ids = Away(shared.port), list[int]()
    way = replace(RESTART, fault=away.then_reset, times=1)
    jobs = [(make, kind, False) for kind in KINDS for make in (Lane, AsyncLane)]
    jobs += [(make, kind, True) for make, kind, _ in jobs if kind.name == "wait"]
    # The task begins when all are there: however long that took, it is not over by then.
    ready = threading.Barrier(len(jobs) + 1, lambda: task_ids.append(shared.make_task(TASK)))

    def work(make: type[Lane], kind: Kind, is_heard: bool) -> Found:
        is_between = kind.name in ("list", "wait") and not is_heard
        with breaking_proxy(shared.port) as proxy:
            lane = make(shared, proxy, PATIENT, 0 if is_between else shared.port)
            broken, subject = kind, kind.prepare(shared)
            ready.wait(READY)
            if kind.name == "wait":
                broken = replace(kind, is_meant=lambda _: False)
                subject = replace(shared, task_id=task_ids[0])
            elif kind.name != "list":
                away.wait()
            found = lane.run(way, broken, subject)
            lane.close()
        return replace(found, way=RESTART, kind=kind)

    with ThreadPoolExecutor(len(jobs) + 1) as pool:
        futures = [pool.submit(work, *job) for job in jobs]
        ready.wait(READY)
        watching = pool.submit(away.watch)
        time.sleep(0.5)  # for waits to have begun
        shared.network.restart_server()
        watching.result()
        found = [future.result() for future in futures]
    pairs = [(one.form, one.kind.name) for one in found]
    return [
        max(
            (one for one in found if (one.form, one.kind.name) == pair),
            key=lambda one: (judge(one), one.seconds),
        )
        for pair in dict.fromkeys(pairs)
    ]
