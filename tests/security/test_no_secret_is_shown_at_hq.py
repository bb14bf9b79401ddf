"""Test that no secret of a login at HQ is shown: client secrets, device codes, all three tokens.

As in `test_no_secret_is_shown`, everything shown is searched, at a realm that fails and at a
running HQ with the stand-in for its Keycloak.
"""

import asyncio
import secrets
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import enter
from tests.support.maybe_await import maybe_await
from vantage6.client import DeviceCode, LoginExpiredError, LoginFailedError, Vantage6Error
from vantage6.client._auth import device, realm
from vantage6.client._auth.tokens import Tokens
from vantage6.client._http.response import Response
from vantage6.localnet import LocalNetwork
from vantage6.localnet._environment import environment_python

from .failing_server import FailingServer
from .secret_search import SecretSearch
from .test_no_secret_is_shown import KINDS, note_warnings, search

__all__ = ["search"]
pytestmark = pytest.mark.live

WAYS = ("reset", "half", "cut", "odd", "page", "400", "401", "404", "500")


def mark_responses(search: SecretSearch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Register each secret that a realm sends."""
    read = realm.read_response

    def marking(response: Response) -> Mapping[str, object]:
        body = read(response)
        for name in ("device_code", "access_token", "refresh_token", "id_token"):
            if isinstance(value := body.get(name), str):
                search.mark(name, value)
        return body

    monkeypatch.setattr(realm, "read_response", marking)
    monkeypatch.setattr(device, "read_response", marking)


# -- a realm that fails ----------------------------------------------------------------------------
async def fail_in_all_ways(search: SecretSearch, kind: type, server: FailingServer) -> int:
    """Send secrets to a realm that fails."""
    failures = 0
    for way in WAYS:
        url = f"http://127.0.0.1:{server.port}"
        options = {"auth_url": f"{url}/{way}", "log_level": "debug", "timeout": 5}
        client = kind(f"{url}/500", **options)
        secret = search.mark("client secret", secrets.token_urlsafe(24))
        password = search.mark("password", f"Pw1+{secrets.token_urlsafe(12)}/ä")
        access = search.mark("access token", f"h.eyJ{secrets.token_hex(20)}.s")
        refresh = search.mark("refresh token", f"h.eyJ{secrets.token_hex(20)}.r")
        code = search.mark("device code", secrets.token_urlsafe(24))
        await maybe_await(client.initialize_service_account(secret, "nightly"))
        client._core.auth.tokens = Tokens(access, refresh, float("inf"))
        body = {"device_code": code, "expires_in": 2, "interval": 1}
        shown = DeviceCode("https://auth.example", None, "ABCD-EFGH", 2, "auth.example")
        login = device.DeviceLogin(client._core.realm, device.Presenter)  # type: ignore[type-abstract]
        calls: dict[str, Callable[[], Any]] = {
            "service account": client.authenticate_service_account,
            "code": lambda c=client: c.authenticate(show=lambda _: None, open_browser=False),
            "password": lambda c=client, p=password: c.authenticate("ada", p),
            "refresh": client.refresh_token,
            "logout": client.log_out,
        }
        if way == "400":  # the session had ended already
            await maybe_await(calls.pop("logout")())
        for name, call in calls.items():
            error = await search.fails(f"{name}, {way}, {kind.__name__}", call)
            assert isinstance(error, Vantage6Error), (name, way, error)
            failures += 1
        if way == "400":  # polls that fail otherwise are repeated until the code expires
            steps = login._poll(body, shown, 0.0)
            error = await search.fails(
                f"poll, {way}", lambda c=client, s=steps: c._core._run_flow(s)
            )
            assert isinstance(error, LoginFailedError)
        search.look_at(f"client, {way}", client)
        search.look_at(f"login, {way}", (login, client._core.state.service))
        await maybe_await(client.close())
    return failures


@pytest.mark.parametrize("kind", KINDS)
def test_failing_realm_shows_no_secret(
    search: SecretSearch, kind: type, capfd: pytest.CaptureFixture[str]
) -> None:
    token = search.mark("access token", f"eyJ{secrets.token_hex(20)}.{secrets.token_hex(20)}.s")

    async def drive() -> int:
        asyncio.get_running_loop().set_debug(True)
        return await fail_in_all_ways(search, kind, server)

    with warnings.catch_warnings(record=True) as warned, FailingServer(token) as server:
        assert asyncio.run(drive()) == len(WAYS) * 5 - 1
    note_warnings(search, warned)
    out, err = capfd.readouterr()
    search.saw("output", out + err)
    assert search.found() == []


# -- a realm that works ----------------------------------------------------------------------------
async def play(search: SecretSearch, kind: type, network: LocalNetwork, folder: Path) -> None:
    """Log in and out at HQ in all ways, after all that can go wrong with that."""
    place = {"auth_url": network.auth_url, "log_level": "debug", "timeout": 30}
    program, person = kind(network.url, **place), kind(network.url, **place)
    account = network.service_account
    assert account
    wrong = search.mark("wrong secret", secrets.token_urlsafe(24))
    await maybe_await(program.initialize_service_account(wrong, account.username))
    error = await search.fails("secret", program.authenticate_service_account)
    assert isinstance(error, LoginFailedError)
    await maybe_await(program.initialize_service_account(account.client_secret, account.username))
    await maybe_await(program.authenticate_service_account())
    search.look_at("nodes", await maybe_await(program.node.list()))
    await maybe_await(program.refresh_token())

    denied = enter(network, "researcher", deny=True)
    error = await search.fails(
        "denied", lambda: person.authenticate(show=denied, open_browser=False)
    )
    assert isinstance(error, LoginFailedError)
    password = network.users["researcher"].password
    error = await search.fails("password", lambda: person.authenticate("researcher", password))
    assert isinstance(error, LoginFailedError)
    codes: list[DeviceCode] = []
    allow = enter(network, "researcher")
    await maybe_await(
        person.authenticate(show=lambda c: (codes.append(c), allow(c)), open_browser=False)
    )
    search.look_at("code", codes)
    file = folder / f"{kind.__name__}.json"
    person.saved_login.save(file)
    assert file.stat().st_mode & 0o077 == 0
    again = await maybe_await(kind.from_saved_login(file, log_level="debug"))
    search.look_at("client of a saved login", again)
    await maybe_await(again.refresh_token())
    await maybe_await(again.log_out())
    assert not file.exists()
    error = await search.fails("ended", person.refresh_token)
    assert isinstance(error, LoginExpiredError)
    for client in (program, person, again):
        search.look_at("client", client)
        search.saw("headers", repr((client.headers, [client.token])))
        await maybe_await(client.close())


def test_working_realm_shows_no_secret(
    search: SecretSearch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment_python("5.0.3")
    mark_responses(search, monkeypatch)
    with (
        warnings.catch_warnings(record=True) as warned,
        search.watch_processes() as processes,
        LocalNetwork(version="5.0.3", organizations=1, token_seconds=20) as network,
    ):
        for name, user in network.users.items():
            if name != "root":  # HQ demands this password in its environment
                search.mark("password", str(user.password))
        account = network.service_account
        assert account
        search.mark("client secret", account.client_secret)
        search.mark("api key", network.nodes[0].api_key)
        with ThreadPoolExecutor() as pool:
            acts = [play(search, kind, network, tmp_path) for kind in KINDS]
            list(pool.map(lambda act: asyncio.run(act, debug=True), acts))
        assert search.look_into(tmp_path, search=False) == []
        search.look_into(tmp_path, search=True)
    note_warnings(search, warned)
    out, err = capfd.readouterr()
    search.saw("output", out + err)
    print(search.summary())
    assert {"httpx", "httpcore", "vantage6", "asyncio"} <= search.logs().names
    assert processes.commands
    assert {"device_code", "id_token", "refresh_token"} <= search.names
    assert search.found() == []
