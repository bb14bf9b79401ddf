"""Logins and calls at HQ: ours, and bare httpx with json.loads."""

import json
from contextlib import closing


def ours_client(url, auth_url, username, secret):
    from vantage6.client import Client

    client = Client(url, auth_url=auth_url, log_level=None)
    client.initialize_service_account(secret, username)
    client.authenticate_service_account()
    return client


def bare_client(url, auth_url, username, secret):
    import httpx

    client = httpx.Client(base_url=f"{url}/hq", timeout=60)
    form = {"client_id": f"{username}-user-client", "client_secret": secret}
    answer = client.post(
        f"{auth_url}/realms/vantage6/protocol/openid-connect/token",
        data={"grant_type": "client_credentials", **form},
    )
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    user = json.loads(client.get("/user/me").content)
    json.loads(client.get(f"/organization/{user['organization']['id']}").content)
    return client


def times(count, call):
    """Make a call several times over."""

    def measured():
        for _ in range(count):
            call()

    return measured


def ours_login(count, **login):
    def first():
        with ours_client(**login) as client:
            assert len(client.organization.list()) == 3

    return times(count, first)


def bare_login(count, **login):
    def first():
        with closing(bare_client(**login)) as client:
            query = {"page": 1, "per_page": 250, "sort": "id"}
            rows = json.loads(client.get("/organization", params=query).content)["data"]
            assert len(rows) == 3

    return times(count, first)


def ours_call(count, **login):
    client = ours_client(**login)
    return times(count, lambda: client.organization.get(1))


def bare_call(count, **login):
    client = bare_client(**login)
    return times(count, lambda: json.loads(client.get("/organization/1").content))


def ours_version(count, **login):
    client = ours_client(**login)
    return times(count, client.util.get_server_version)


def bare_version(count, **login):
    client = bare_client(**login)
    return times(count, lambda: json.loads(client.get("/version").content))
