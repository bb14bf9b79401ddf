"""Waiting for a job: how late its end is noticed, with how many requests and how much work."""

import datetime
import time

from counting import Count


def _watched(client, create, wait, finished, *, ours):
    """Create a job, wait for it, and tell what that took."""
    task = create()
    counter = Count(ours=ours)
    cpu, began = time.process_time(), time.monotonic()
    wait(task)
    ended, now = time.time(), time.monotonic()
    used, requests = time.process_time() - cpu, counter.requests
    last = max(
        datetime.datetime.fromisoformat(run["finished_at"])
        .replace(tzinfo=datetime.timezone.utc)
        .timestamp()
        for run in finished(task)
    )
    return {"late": ended - last, "requests": requests, "cpu": used / (now - began)}


def _task(seconds):
    return {
        "collaboration": 1,
        "organizations": [1, 2, 3],
        "name": "bench",
        "image": "localnet/slow",
        "description": "",
        "input_": {"method": "sleep", "kwargs": {"seconds": seconds, "step": 5}},
    }


def ours(seconds, port, username, password):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level=None)
    client.authenticate(username, password)
    client.organization.list()
    client.organization.find("IKNL")  # names are known from then on
    return lambda: _watched(
        client,
        lambda: client.task.create(**_task(seconds))["id"],
        lambda task: client.wait_for_results(task, progress=False),
        client.run.from_task,
        ours=True,
    )


def official(seconds, port, username, password):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level="critical")
    client.authenticate(username, password)
    client.setup_encryption(None)
    return lambda: _watched(
        client,
        lambda: client.task.create(databases=[], **_task(seconds))["id"],
        client.wait_for_results,
        lambda task: client.run.from_task(task)["data"],
        ours=False,
    )
