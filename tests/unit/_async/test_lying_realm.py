"""Test that a lying realm, HQ or store gets no secret that is not for it."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.scripted_realm import REALM, ScriptedRealm, refusal
from tests.support.scripted_server import Request, ScriptedServer, scripted_server
from vantage6.client import (
    AsyncClient,
    ConfigurationError,
    InvalidResponseError,
    LoginFailedError,
    StatusError,
    Vantage6Error,
)
from vantage6.client._async.core import auth

NODE = {"id": 1, "name": "node"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_: float) -> None:
        pass

    monkeypatch.setattr(auth, "sleep", sleep)


@pytest.fixture
def realm(server: ScriptedServer) -> ScriptedRealm:
    return ScriptedRealm(server)


@pytest.fixture
def hq_server(realm: ScriptedRealm) -> Iterator[ScriptedServer]:
    """Run HQ at an origin of its own."""
    with scripted_server() as script:
        script.reply = realm.reply
        yield script


@pytest.fixture
def elsewhere() -> Iterator[ScriptedServer]:
    """Run a server that nothing is to be sent to."""
    with scripted_server() as script:
        yield script
        assert script.seen == []


@pytest_asyncio.fixture
async def client(
    realm: ScriptedRealm, hq_server: ScriptedServer, tmp_path: Path
) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(
        f"http://127.0.0.1:{hq_server.port}",
        auth_url=realm.url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        yield client


async def log_in(client: AsyncClient) -> None:
    await client.authenticate(show=lambda _: None, open_browser=False)


def sent_to(server: ScriptedServer) -> str:
    """Return all that a server has received."""
    return json.dumps([[each.path, each.authorization, each.body] for each in server.seen])


async def test_secrets_go_to_their_own_origin(
    client: AsyncClient, realm: ScriptedRealm, hq_server: ScriptedServer
) -> None:
    await client.initialize_service_account("the-client-secret", "nightly")
    await client.authenticate_service_account()
    await client.authenticate("ada", "the-password")
    await log_in(client)
    realm.hq = lambda _: (200, NODE)
    realm.valid.clear()
    await client.node.get(1)
    token = client.token
    await client.log_out()
    at_hq, at_realm = sent_to(hq_server), sent_to(realm.server)
    for secret in ("the-client-secret", "the-password", "the-device-code", "refresh-"):
        assert secret in at_realm, secret
        assert secret not in at_hq, secret
    assert token
    assert token in at_hq
    assert token not in at_realm
    assert {each.authorization for each in realm.server.seen} == {None}
    # What the realm says about its endpoints is not even asked for.
    assert not [each for each in realm.server.seen if "well-known" in each.path]


@pytest.mark.parametrize("path", [f"{REALM}/auth/device", f"{REALM}/token", "/hq/user/me"])
async def test_redirects_are_not_followed(
    client: AsyncClient,
    realm: ScriptedRealm,
    hq_server: ScriptedServer,
    elsewhere: ScriptedServer,
    path: str,
) -> None:
    there = {"location": f"http://127.0.0.1:{elsewhere.port}/somewhere"}

    def reply(request: Request) -> Any:
        return (307, b"", there) if request.path == path else realm.reply(request)

    realm.server.reply = hq_server.reply = reply
    realm.device = {"expires_in": 1}
    with pytest.raises((InvalidResponseError, StatusError)):
        await log_in(client)


@pytest.mark.parametrize("password", [None, "the-password"])
async def test_hq_of_another_generation_gets_no_password(
    client: AsyncClient, realm: ScriptedRealm, hq_server: ScriptedServer, password: str | None
) -> None:
    def reply(request: Request) -> Any:
        if request.path.endswith("/version"):
            return 200, {"version": "4.15.2"}
        return 404, b"<html>not here</html>"

    hq_server.reply = reply
    with pytest.raises(ConfigurationError, match=r"has version 4\.15\.2"):
        await client.authenticate(
            *(("ada", password) if password else ()),
            **({} if password else {"show": lambda _: None, "open_browser": False}),
        )
    assert "the-password" not in sent_to(hq_server)
    assert [each for each in hq_server.seen if each.method != "GET"] == []


async def test_realm_is_read_to_a_limit(client: AsyncClient, realm: ScriptedRealm) -> None:
    realm.device_reply = 200, {"device_code": "x" * (2 << 20)}
    with pytest.raises(InvalidResponseError, match="expected a realm of Keycloak"):
        await log_in(client)


async def test_text_of_the_realm_is_harmless(client: AsyncClient, realm: ScriptedRealm) -> None:
    text = "no\x1b[2J\r\nlogin \u202ewith client_secret=the-client-secret now"
    realm.token_replies = [refusal("invalid_client", text)]
    await client.initialize_service_account("the-client-secret", "nightly")
    with pytest.raises(LoginFailedError) as caught:
        await client.authenticate_service_account()
    shown = str(caught.value) + repr(vars(caught.value))
    assert "the-client-secret" not in shown
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "tokens",
    [
        {"access_token": 7},
        {"access_token": "a\r\nb: c", "refresh_token": "r"},
        {"access_token": ""},
        {"refresh_token": "r"},
        {"access_token": "a", "refresh_token": ["r"]},
    ],
)
async def test_tokens_that_are_none_are_refused(
    client: AsyncClient, realm: ScriptedRealm, tokens: dict[str, Any]
) -> None:
    realm.token_replies = [(200, tokens)]
    with pytest.raises(Vantage6Error, match="token from the realm"):
        await log_in(client)


async def test_no_credentials_of_netrc_are_sent(
    client: AsyncClient, realm: ScriptedRealm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ada password from-netrc\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    await log_in(client)
    assert {each.authorization for each in realm.server.seen} == {None}


async def test_claims_of_tokens_do_not_say_who_one_is(
    client: AsyncClient, realm: ScriptedRealm
) -> None:
    await log_in(client)
    assert client.token
    assert "ada" not in client.token
    assert (client.name, client.whoami.id_) == ("ada", 7)  # by user/me


async def test_store_does_not_change_the_certificates_of_the_realm(
    realm: ScriptedRealm, hq_server: ScriptedServer, tmp_path: Path
) -> None:
    """HQ says where a store is: at the address of the realm, its options would be the realm's."""
    row = {"id": 4, "name": "store", "url": realm.url, "api_path": ""}
    realm.hq = lambda _: (200, row)
    for verify in (True, tmp_path / "ca.pem"):
        async with AsyncClient(
            f"http://127.0.0.1:{hq_server.port}",
            auth_url=realm.url,
            auth_verify=verify,
            log_level=None,
        ) as client:
            await log_in(client)
            for options in ({"verify": False}, {"cert": "me.pem"}):
                with pytest.raises(ConfigurationError, match="of the server or its realm"):
                    await client.store.set(4, **options)
            await client.store.set(4)
            assert client._core.http.pools.route_to(realm.url).verify == verify


@pytest.mark.parametrize("trust", ["first-use", "strict", "off"])
async def test_store_that_moves_gets_no_login_until_it_is_accepted(
    realm: ScriptedRealm,
    hq_server: ScriptedServer,
    store: ScriptedServer,
    tmp_path: Path,
    trust: Any,
) -> None:
    known = tmp_path / "known"
    row: dict[str, Any] = {"id": 1, "name": "store", "api_path": "/store"}
    realm.hq = lambda _: (200, {**row, "url": f"http://127.0.0.1:{port}"})
    store.reply = lambda _: (200, {"data": [], "links": {"first": "", "self": ""}})
    port = store.port
    address = f"http://127.0.0.1:{hq_server.port}"
    options: dict[str, Any] = {"auth_url": realm.url, "trust": trust, "log_level": None}
    async with AsyncClient(address, known_organizations=known, **options) as client:
        await log_in(client)
        if trust == "strict":
            with pytest.raises(ConfigurationError, match="expected an address that you have"):
                await client.store.set(1)
        await client.store.set(1, trust=trust == "strict")
        await client.algorithm.list()
        assert store.seen[-1].authorization == f"Bearer {client.token}"
    with scripted_server() as elsewhere:
        elsewhere.reply, port = store.reply, elsewhere.port
        async with AsyncClient(address, known_organizations=known, **options) as client:
            await log_in(client)
            if trust != "off":
                with pytest.raises(ConfigurationError, match="Your login was not sent there"):
                    await client.store.set(1)
                with pytest.raises(ConfigurationError, match=r"store\.set\(\) first"):
                    await client.algorithm.list()
                assert elsewhere.seen == []
            await client.store.set(1, trust=trust != "off")
            await client.algorithm.list()
            assert elsewhere.seen[-1].authorization == f"Bearer {client.token}"
            await client.store.set(1)  # it is known from now on
    line = f" store 1 http://127.0.0.1:{port} store\n"
    assert (known.exists() and line in known.read_text()) == (trust != "off")


@pytest.mark.parametrize("name", ["store", "STORE "])
async def test_known_store_under_another_id_gets_no_login(
    realm: ScriptedRealm,
    hq_server: ScriptedServer,
    elsewhere: ScriptedServer,
    name: str,
    tmp_path: Path,
) -> None:
    row: dict[str, Any] = {
        "id": 1,
        "name": "store",
        "url": "https://store.example",
        "api_path": "/a",
    }
    page = {"links": {"first": "", "self": ""}}
    realm.hq = lambda request: (200, row if request.path[-1] in "12" else {"data": [row], **page})
    async with AsyncClient(
        f"http://127.0.0.1:{hq_server.port}",
        auth_url=realm.url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        await log_in(client)
        await client.store.set("store")
        row |= {"id": 2, "name": name, "url": f"http://127.0.0.1:{elsewhere.port}"}
        client._core.names.forget()
        for ref in ("store", 2):
            with pytest.raises(ConfigurationError, match=r"expected https://store\.example, got"):
                await client.store.set(ref)
        row["url"] = "https://store.example/other"
        await client.store.set("store")  # the same origin


async def test_token_goes_to_the_chosen_store_alone(
    client: AsyncClient, realm: ScriptedRealm, store: ScriptedServer, elsewhere: ScriptedServer
) -> None:
    stores = {"/hq/algorithmstore/1": store.port, "/hq/algorithmstore/2": elsewhere.port}
    realm.hq = lambda request: (
        200,
        {
            "id": int(request.path[-1]),
            "name": "s",
            "url": f"http://127.0.0.1:{stores[request.path]}",
            "api_path": "",
        },
    )
    store.reply = lambda _: (200, {"data": [], "links": {"first": "", "self": ""}})
    await log_in(client)
    await client.store.get(2)  # named by HQ, but not chosen
    await client.store.set(1)
    await client.algorithm.list()
    assert [each.authorization for each in store.seen] == [f"Bearer {client.token}"]
    assert "refresh-" not in sent_to(store)
