"""Tasks at HQ: ours, and the official client 5.0.3, in an environment of its own."""

import tempfile
import time
from pathlib import Path

from counting import Count

SLOW = {"image": "localnet/slow", "method": "sleep", "action": "federated_compute"}
STEP = {"image": "bench/algorithm", "method": "step", "action": "federated_compute"}


def ours(url, auth_url, auth_client, username, password, session):
    from vantage6.client import Client

    known = Path(tempfile.mkdtemp()) / "known_organizations"
    options = {"auth_client": auth_client, "log_level": None, "known_organizations": known}
    client = Client(url, auth_url=auth_url, **options)
    client.authenticate(username, password)
    client.setup_collaboration(1)
    client.setup_session(session)
    return client


def official(url, auth_url, auth_client, username, password, session):
    from vantage6.client import UserClient

    client = UserClient(f"{url}/hq", auth_url, auth_client=auth_client, log_level="critical")
    # It logs in by a browser only: this is what it does with the token that it gets.
    client._finalize_successful_authentication(_token(auth_url, auth_client, username, password))
    client.setup_encryption(None)
    return client


def _token(auth_url, auth_client, username, password):
    import requests

    form = {"grant_type": "password", "client_id": auth_client}
    form |= {"username": username, "password": password, "scope": "openid"}
    address = f"{auth_url}/realms/vantage6/protocol/openid-connect/token"
    return requests.post(address, data=form, timeout=60).json()


def waited(create, wait, is_ours):
    """Create a task, wait for it, and tell what that took."""
    task = create()
    counter = Count(ours=is_ours)
    wait(task)
    return {"ended": time.time(), "task": task, "requests": counter.requests}


def ours_wait(seconds, **login):
    client = ours(**login)
    client.organization.find("IKNL")  # names are known from then on
    arguments = {"seconds": seconds, "step": 5}
    return lambda: waited(
        lambda: client.task.create([1, 2, 3], "bench", arguments=arguments, **SLOW)["id"],
        lambda task: client.wait_for_results(task, progress=False),
        True,
    )


def official_wait(seconds, session, **login):
    client = official(session=session, **login)
    arguments = {"seconds": seconds, "step": 5}
    place = {"collaboration": 1, "session": session, "name": "bench", "description": ""}
    return lambda: waited(
        lambda: client.task.create(organizations=[1, 2, 3], arguments=arguments, **place, **SLOW)[
            "id"
        ],
        client.wait_for_results,
        False,
    )


def timed(rounds, run):
    """Run rounds, and tell how long each took."""
    tasks, seconds = [], []
    for _ in range(rounds):
        began = time.monotonic()
        tasks.append(run())
        seconds.append(time.monotonic() - began)
    return {"tasks": tasks, "seconds": seconds}


def ours_rounds(rounds, seconds, frame, **login):
    from vantage6.client import Extraction

    client = ours(**login)
    database = Extraction("default", "read_csv")

    def run():
        task = client.task.create(
            "all", "bench", kwargs={"seconds": seconds}, databases=[database], **STEP
        )
        client.wait_for_results(task, progress=False)
        return task["id"]

    run()  # extracts the data
    return lambda: timed(rounds, run)


def official_rounds(rounds, seconds, frame, session, **login):
    client = official(session=session, **login)
    place = {"collaboration": 1, "session": session, "name": "bench", "description": ""}

    def run():
        task = client.task.create(
            organizations=[1, 2, 3],
            arguments={"seconds": seconds},
            databases=[[{"dataframe_id": frame}]],
            **place,
            **STEP,
        )
        client.wait_for_results(task["id"])
        return task["id"]

    run()
    return lambda: timed(rounds, run)


def ours_receive(task, **login):
    client = ours(**login)
    return lambda: sum(len(row["result"]) for row in client.result.from_task(task))


def official_receive(task, **login):
    client = official(**login)
    return lambda: sum(len(str(row["result"])) for row in client.result.from_task(task)["data"])


def _counted(create, is_ours):
    counter = Count(ours=is_ours)
    create()
    return counter.requests


def ours_create(organizations, **login):
    client = ours(**login)
    arguments = {"seconds": 1}
    return lambda: _counted(
        lambda: client.task.create(organizations, "bench", arguments=arguments, **SLOW), True
    )


def official_create(organizations, session, **login):
    client = official(session=session, **login)
    place = {"collaboration": 1, "session": session, "name": "bench", "description": ""}
    return lambda: _counted(
        lambda: client.task.create(
            organizations=organizations, arguments={"seconds": 1}, **place, **SLOW
        ),
        False,
    )
