"""Run every case with both clients in parallel, and record the outcome of each."""

import asyncio
import inspect
import re
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any

from vantage6.client import AsyncClient, Client, Timeouts

from .breaking_proxy import BreakingProxy, Plan, breaking_proxy
from .cases import (
    AMPLE,
    ANY,
    EVER,
    KINDS,
    MIB,
    RECOVERED,
    SILENCE,
    TOTAL,
    WAIT,
    WAITS_ON,
    WAYS,
    WRONG,
    Case,
    Kind,
    Way,
)
from .shared_network import SharedNetwork

# So many cases at a time for each kind of client: they mostly wait.
LANES = 12
# What takes so long is taken for something that hangs, and is cut off.
HANGS = 40.0

LIMITS = {"timeout": Timeouts(AMPLE, AMPLE, AMPLE, AMPLE, total=2 * AMPLE)}
HURRIED = {"timeout": Timeouts(SILENCE, SILENCE, SILENCE, SILENCE, total=TOTAL)}
# A moment may get longer on a busy machine than all pauses between the usual attempts.
STUBBORN = {"max_retries": 20}


@dataclass(frozen=True)
class Found:
    """What came of a case."""

    way: Way
    kind: Kind
    form: str  # "sync" or "async"
    outcome: str  # "recovered", or the name of the error
    requests: int  # how often the request that is broken came to the proxy
    posts: int  # how often it came to the server
    made: int  # how many things there are now that the call was to make
    seconds: float
    message: str  # of the error
    again: str  # what came of a call after that, when nothing was broken any more
    rise: int = 0  # of the process's memory, in bytes, where that was watched

    @property
    def expected(self) -> Case:
        """What has to come."""
        return self.way.expected(self.kind)


class Lane:
    """A client and its proxy, for one case after the other."""

    form = "sync"
    kind: type[Client] | type[AsyncClient] = Client

    def __init__(
        self,
        shared: SharedNetwork,
        proxy: BreakingProxy,
        limits: Mapping[str, Any] = LIMITS,
        port: int = 0,
    ) -> None:
        self._shared, self._proxy = shared, proxy
        self._client = shared.connect(self.kind, port or proxy.port, limits)
        for log_in in shared.logins:
            with shared.lock:  # the server takes its time to check a password
                self.call(log_in)
        if proxy.store:
            self.call(lambda client: client.store.set(1))

    def call(self, act: Any) -> Any:
        return act(self._client)

    def close(self) -> None:
        self.call(lambda client: client.close())

    def run(self, way: Way, kind: Kind, subject: Any = None) -> Found:
        """Make a call that is broken, about what is given or else made for it."""
        wait = WAIT if way.expected(kind) == WAITS_ON else self._shared.wait
        subject = subject or kind.prepare(replace(self._shared, wait=wait))
        proxy = self._proxy
        proxy.arm(plan(way, kind))
        watchdog = threading.Timer(HANGS, proxy.hurry)
        watchdog.start()
        began = time.monotonic()
        with refusing(proxy, way.refused):
            outcome, message = self._outcome(way, kind, subject)
        seconds = time.monotonic() - began
        watchdog.cancel()
        requests = max(0, sum(map(kind.is_meant, proxy.came)) - kind.is_later)
        posts = sum(map(kind.is_meant, proxy.reached))
        proxy.calm()
        if proxy.other_host and proxy.other_host.was_called:
            outcome = "another host was called"
        again = self._again()
        made = kind.made(self._shared, subject)
        return Found(way, kind, self.form, outcome, requests, posts, made, seconds, message, again)

    def _outcome(self, way: Way, kind: Kind, subject: Any) -> tuple[str, str]:
        try:
            value = self.call(lambda client: kind.act(_within(client, way), subject))
        except Exception as error:  # whatever it is, it is what came of it
            return type(error).__name__, str(error)
        return RECOVERED if kind.check(value, subject) else WRONG, repr(value)

    def _again(self) -> str:
        try:
            rows = self.call(lambda client: client.organization.list())
        except Exception as error:
            return repr(error)
        return "" if [row["id"] for row in rows] == self._shared.organization_ids else repr(rows)


class AsyncLane(Lane):
    """An asynchronous client, in an event loop of its own."""

    form = "async"
    kind = AsyncClient

    def __init__(self, *things: Any, **more: Any) -> None:
        self._loop = asyncio.new_event_loop()
        super().__init__(*things, **more)

    def call(self, act: Any) -> Any:
        return self._loop.run_until_complete(_awaited(act(self._client)))

    def close(self) -> None:
        super().close()
        self._loop.close()


def _within(client: Any, way: Way) -> Any:
    """Return the same client with the limits for this."""
    limits = HURRIED if way.is_hurried else STUBBORN if 0 < way.refused < EVER else {}
    return client.with_options(**limits)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def plan(way: Way, kind: Kind) -> Plan:
    """Return the plan of a case: what to break, and how."""

    def is_meant(line: str) -> bool:
        is_renewal = way.renewal_too and line == "POST /api/token/refresh"
        return is_renewal or kind.is_meant(line)

    spared = int(kind.is_later)
    fault, cut = way.fault, way.to_connections
    return Plan(fault, is_meant, way.times, spared, _still_active, cut, way.is_stale)


def _still_active(answer: bytes) -> bytes:
    """Report a completed task as still active."""
    return re.sub(rb'"status": ?"completed"', rb'"status":"active"    ', answer)[: len(answer)]


@contextmanager
def refusing(proxy: BreakingProxy, seconds: float) -> Iterator[None]:
    """Refuse connections, for some seconds or permanently."""
    if not seconds:
        yield
        return
    proxy.refuse()
    again = threading.Timer(seconds, proxy.accept) if seconds < EVER else None
    if again:
        again.start()
    yield
    if again:
        again.join()
    else:
        proxy.accept()


def run_all(
    shared: SharedNetwork, ways: list[Way] = WAYS, kinds: list[Kind] = KINDS, lanes: int = LANES
) -> list[Found]:
    """Run every case with both clients.

    Parameters
    ----------
    shared : SharedNetwork
        What they share.
    ways : list of Way
        The ways to break things.
    kinds : list of Kind
        What to break.
    lanes : int
        How many cases to run at a time with each kind of client.

    Returns
    -------
    list of Found
        In the order of the ways and kinds, the synchronous client first.
    """
    cases = [(way, kind) for way in ways for kind in kinds]
    found: dict[tuple[str, str, str], Found] = {}

    def work(make: type[Lane], queue: SimpleQueue[tuple[Way, Kind]]) -> None:
        with breaking_proxy(shared.port, shared.store_port) as proxy:
            lane = make(shared, proxy)
            with suppress(Empty):
                while True:
                    one = lane.run(*queue.get_nowait())
                    found[one.form, one.way.name, one.kind.name] = one
            lane.close()

    with ThreadPoolExecutor(2 * lanes) as pool:
        jobs: list[Future[None]] = []
        for make in (Lane, AsyncLane):
            queue: SimpleQueue[tuple[Way, Kind]] = SimpleQueue()
            for case in sorted(cases, key=lambda case: -case[0].safe.seconds):
                queue.put(case)
            jobs += [pool.submit(work, make, queue) for _ in range(lanes)]
        for job in jobs:
            job.result()
    return [found[form, way.name, kind.name] for way, kind in cases for form in ("sync", "async")]


# On a machine that is busy with other things, all may take so much longer. What does not end by
# itself takes longer than this: AMPLE, or until it is cut off.
PATIENCE = 20.0
# What an answer of 100 MiB or 400 MiB may take.
ROOM = 80 * MIB


def judge(one: Found) -> list[str]:
    """Return what is wrong with what came of a case."""
    wanted = one.expected
    wrong: list[str] = []
    if one.outcome != wanted.outcome:
        wrong.append(f"{one.outcome} in place of {wanted.outcome}: {one.message}")
    if wanted.requests not in (ANY, one.requests):
        wrong.append(f"{one.requests} requests in place of {wanted.requests}")
    if one.seconds > wanted.seconds + PATIENCE:
        wrong.append(f"it took {one.seconds:.1f} s")
    if one.posts > 1 and not one.kind.is_safe:
        wrong.append(f"the server got it {one.posts} times")
    if one.made > 1:
        wrong.append(f"{one.made} were made")
    if one.rise > ROOM:
        wrong.append(f"it took {one.rise / MIB:.0f} MiB")
    if one.again:
        wrong.append(f"the client was of no use afterwards: {one.again}")
    return wrong
