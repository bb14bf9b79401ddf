"""Waiting for jobs: when it returns, with how many requests and how much work."""

import threading
import time

from counting import Count


def _watched(create, wait, seconds, many, *, ours):
    """Create jobs, wait for them, and tell what that took."""
    tasks = [create() for _ in range(many)]
    counter = Count(ours=ours)
    marks = []
    # What is loaded and connected at the beginning is over by then.
    for moment in (2, seconds - 0.5):
        mark = threading.Timer(
            moment, lambda: marks.append((time.monotonic(), time.process_time()))
        )
        mark.daemon = True
        mark.start()
    wait(tasks if many > 1 else tasks[0])
    ended = time.time()
    (began, before), (until, after) = marks
    return {
        "ended": ended,
        "tasks": tasks,
        "requests": counter.requests,
        "cpu": 100 * (after - before) / (until - began),
    }


def _clocks():
    return time.monotonic(), time.process_time()


def _task(seconds, organizations):
    return {
        "collaboration": 1,
        "organizations": organizations,
        "name": "bench",
        "image": "localnet/slow",
        "description": "",
        "input_": {"method": "sleep", "kwargs": {"seconds": seconds, "step": 5}},
    }


def ours(seconds, many, port, username, password):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level=None)
    client.authenticate(username, password)
    client.organization.find("IKNL")  # names are known from then on
    task = _task(seconds, [1, 2, 3] if many == 1 else [1])
    return lambda: _watched(
        lambda: client.task.create(**task)["id"],
        lambda tasks: client.wait_for_results(tasks, progress=False),
        seconds,
        many,
        ours=True,
    )


def official(seconds, many, port, username, password):
    from vantage6.client import Client

    client = Client("http://127.0.0.1", port, "/api", log_level="critical")
    client.authenticate(username, password)
    client.setup_encryption(None)
    task = _task(seconds, [1, 2, 3])
    return lambda: _watched(
        lambda: client.task.create(databases=[], **task)["id"],
        client.wait_for_results,
        seconds,
        many,
        ours=False,
    )
