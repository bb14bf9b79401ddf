"""The cost of calls of many sizes, against a server built from the contract."""

import tempfile
import time
from pathlib import Path

from counting import Count

TASK = {"name": "bench", "image": "harbor2.vantage6.ai/demo/average", "description": ""}
INPUT = {"method": "partial_average", "kwargs": {"column_name": "age"}}


def connected(port, key):
    from vantage6.client import Client

    known = Path(tempfile.mkdtemp()) / "known_organizations"
    client = Client("http://127.0.0.1", port, "/api", log_level=None, known_organizations=known)
    client.authenticate("ada", "secret")
    client.setup_encryption(key)
    return client


def counted(function):
    """Call a function; return the processor seconds and requests that took, and what it returned.

    The first call, which also imports modules, is the caller's.
    """
    counter, before = Count(ours=True), time.process_time()
    value = function()
    return {"cpu": time.process_time() - before, "requests": counter.requests, "value": value}


def create(port, key, size):
    client = connected(port, key)
    names = [f"hospital {number}" for number in range(1, size + 1)]

    def run():
        task = client.task.create(
            organizations=names, collaboration="demo", input_=INPUT, databases="default", **TASK
        )
        return len([task])

    client.collaboration.list()
    return lambda: counted(run)


def organizations(port, key, size):
    client = connected(port, key)
    client.collaboration.list()
    return lambda: counted(lambda: len(client.wait_for_results(1, progress=False).by_organization))


def tasks(port, key, size):
    client = connected(port, key)
    client.collaboration.list()
    ids = list(range(1, size + 1))
    return lambda: counted(lambda: len(client.wait_for_results(ids, progress=False)))


def rows(port, key, size):
    client = connected(port, key)
    client.collaboration.list()
    return lambda: counted(lambda: len(client.task.list()))


def table(port, key, size):
    client = connected(port, key)
    found = client.task.list()
    return lambda: counted(lambda: len(str(found)) // len(str(found)))


def frame(port, key, size):
    client = connected(port, key)
    found = client.task.list()
    found[:10].to_pandas()
    return lambda: counted(lambda: len(found.to_pandas()))


def lines(port, key, size):
    client = connected(port, key)
    client.collaboration.list()
    return lambda: counted(lambda: sum(1 for _ in client.task.stream_logs(1)))


def events(port, key, size):
    client = connected(port, key)
    client.collaboration.list()
    count = 5 * size

    def run():
        return sum(1 for _ in zip(range(count), client.events(1, timeout=30), strict=False))

    return lambda: counted(run)
