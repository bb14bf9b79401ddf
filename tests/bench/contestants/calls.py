"""Calls of a server behind nginx: ours, the official client's, and bare httpx with json.loads."""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor

HOST = "https://127.0.0.1"
# As a careful person would have it.
PAGE = 250


def ours_client(port, bundle, username, password):
    from vantage6.client import Client

    client = Client(HOST, port, "/api", verify=bundle, log_level=None)
    client.authenticate(username, password)
    return client


def official_client(port, bundle, username, password):
    from vantage6.client import Client

    os.environ["REQUESTS_CA_BUNDLE"] = bundle
    client = Client(HOST, port, "/api", log_level="critical")
    client.authenticate(username, password)
    return client


def bare_client(port, bundle, username, password):
    import ssl

    import httpx

    client = httpx.Client(
        base_url=f"{HOST}:{port}/api",
        verify=ssl.create_default_context(cafile=bundle),
        timeout=60,
    )
    login = client.post("/token/user", json={"username": username, "password": password})
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    return client


def times(count, call):
    """Make a call several times over."""

    def measured():
        for _ in range(count):
            call()

    return measured


# -- one call --------------------------------------------------------------------------------------
def ours_call(count, **login):
    client = ours_client(**login)
    return times(count, lambda: client.organization.get(1))


def official_call(count, **login):
    client = official_client(**login)
    return times(count, lambda: client.organization.get(1))


def bare_call(count, **login):
    client = bare_client(**login)
    return times(count, lambda: json.loads(client.get("/organization/1").content))


def ours_version(count, **login):
    client = ours_client(**login)
    return times(count, client.util.get_server_version)


def official_version(count, **login):
    client = official_client(**login)
    return times(count, client.util.get_server_version)


def bare_version(count, **login):
    client = bare_client(**login)
    return times(count, lambda: json.loads(client.get("/version").content))


# -- a listing -------------------------------------------------------------------------------------
def ours_list(**login):
    client = ours_client(**login)
    return lambda: len({row["id"] for row in client.task.list()})


def official_list(**login):
    client = official_client(**login)

    def everything():
        rows, number = [], 1
        while True:
            page = client.task.list(page=number, per_page=50)
            rows += page["data"]
            if "next" not in page["links"]:
                return len({row["id"] for row in rows})
            number += 1

    return everything


def bare_list(**login):
    client = bare_client(**login)

    def everything():
        rows, number = [], 1
        while True:
            wanted = {"page": number, "per_page": PAGE, "sort": "id"}
            page = json.loads(client.get("/task", params=wanted).content)
            rows += page["data"]
            if "next" not in page["links"]:
                return len({row["id"] for row in rows})
            number += 1

    return everything


# -- many at once ----------------------------------------------------------------------------------
def ours_many(tasks, count, port, bundle, username, password):
    from vantage6.client import AsyncClient

    async def main():
        async with AsyncClient(HOST, port, "/api", verify=bundle, log_level=None) as client:
            await client.authenticate(username, password)

            async def one():
                for _ in range(count):
                    await client.organization.get(1)

            await asyncio.gather(*(one() for _ in range(tasks)))

    return lambda: asyncio.run(main())


def official_many(tasks, count, **login):
    """Do so in threads, since there is no asynchronous client."""

    def main():
        client = official_client(**login)
        with ThreadPoolExecutor(tasks) as pool:
            for done in [
                pool.submit(times(count, lambda: client.organization.get(1))) for _ in range(tasks)
            ]:
                done.result()

    return main
