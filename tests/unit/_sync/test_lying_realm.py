# Derived by unasync.py: edit tests/unit/_async/test_lying_realm.py instead.
"""Test that a lying realm, HQ or store gets no secret that is not for it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_realm import REALM, ScriptedRealm, refusal
from tests.support.scripted_server import Request, ScriptedServer, scripted_server
from vantage6.client import (
    Client,
    ConfigurationError,
    InvalidResponseError,
    LoginFailedError,
    StatusError,
    Vantage6Error,
)
from vantage6.client._sync.core import auth

NODE = {"id": 1, "name": "node"}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(_: float) -> None:
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


@pytest.fixture
def client(realm: ScriptedRealm, hq_server: ScriptedServer, tmp_path: Path) -> Iterator[Client]:
    with Client(
        f"http://127.0.0.1:{hq_server.port}",
        auth_url=realm.url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        yield client


def log_in(client: Client) -> None:
    client.authenticate(show=lambda _: None, open_browser=False)


def sent_to(server: ScriptedServer) -> str:
    """Return all that a server has received."""
    return json.dumps([[each.path, each.authorization, each.body] for each in server.seen])


def test_secrets_go_to_their_own_origin(
    client: Client, realm: ScriptedRealm, hq_server: ScriptedServer
) -> None:
    client.initialize_service_account("the-client-secret", "nightly")
    client.authenticate_service_account()
    client.authenticate("ada", "the-password")
    log_in(client)
    realm.hq = lambda _: (200, NODE)
    realm.valid.clear()
    client.node.get(1)
    token = client.token
    client.log_out()
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
def test_redirects_are_not_followed(
    client: Client,
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
        log_in(client)


@pytest.mark.parametrize("password", [None, "the-password"])
def test_hq_of_another_generation_gets_no_password(
    client: Client, realm: ScriptedRealm, hq_server: ScriptedServer, password: str | None
) -> None:
    def reply(request: Request) -> Any:
        if request.path.endswith("/version"):
            return 200, {"version": "4.15.2"}
        return 404, b"<html>not here</html>"

    hq_server.reply = reply
    with pytest.raises(ConfigurationError, match=r"has version 4\.15\.2"):
        client.authenticate(
            *(("ada", password) if password else ()),
            **({} if password else {"show": lambda _: None, "open_browser": False}),
        )
    assert "the-password" not in sent_to(hq_server)
    assert [each for each in hq_server.seen if each.method != "GET"] == []


def test_realm_is_read_to_a_limit(client: Client, realm: ScriptedRealm) -> None:
    realm.device_reply = 200, {"device_code": "x" * (2 << 20)}
    with pytest.raises(InvalidResponseError, match="expected a realm of Keycloak"):
        log_in(client)


def test_text_of_the_realm_is_harmless(client: Client, realm: ScriptedRealm) -> None:
    text = "no\x1b[2J\r\nlogin \u202ewith client_secret=the-client-secret now"
    realm.token_replies = [refusal("invalid_client", text)]
    client.initialize_service_account("the-client-secret", "nightly")
    with pytest.raises(LoginFailedError) as caught:
        client.authenticate_service_account()
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
def test_tokens_that_are_none_are_refused(
    client: Client, realm: ScriptedRealm, tokens: dict[str, Any]
) -> None:
    realm.token_replies = [(200, tokens)]
    with pytest.raises(Vantage6Error, match="token from the realm"):
        log_in(client)


def test_no_credentials_of_netrc_are_sent(
    client: Client, realm: ScriptedRealm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login ada password from-netrc\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    log_in(client)
    assert {each.authorization for each in realm.server.seen} == {None}


def test_claims_of_tokens_do_not_say_who_one_is(client: Client, realm: ScriptedRealm) -> None:
    log_in(client)
    assert client.token
    assert "ada" not in client.token
    assert (client.name, client.whoami.id_) == ("ada", 7)  # by user/me


def test_store_does_not_change_the_certificates_of_the_realm(
    realm: ScriptedRealm, hq_server: ScriptedServer, tmp_path: Path
) -> None:
    """HQ says where a store is: at the address of the realm, its options would be the realm's."""
    row = {"id": 4, "name": "store", "url": realm.url, "api_path": ""}
    realm.hq = lambda _: (200, row)
    for verify in (True, tmp_path / "ca.pem"):
        with Client(
            f"http://127.0.0.1:{hq_server.port}",
            auth_url=realm.url,
            auth_verify=verify,
            log_level=None,
        ) as client:
            log_in(client)
            for options in ({"verify": False}, {"cert": "me.pem"}):
                with pytest.raises(ConfigurationError, match="of the server or its realm"):
                    client.store.set(4, **options)
            client.store.set(4)
            assert client._core.http.pools.route_to(realm.url).verify == verify


@pytest.mark.parametrize("trust", ["first-use", "strict", "off"])
def test_store_that_moves_gets_no_login_until_it_is_accepted(
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
    with Client(address, known_organizations=known, **options) as client:
        log_in(client)
        if trust == "strict":
            with pytest.raises(ConfigurationError, match="expected an address that you have"):
                client.store.set(1)
        client.store.set(1, trust=trust == "strict")
        client.algorithm.list()
        assert store.seen[-1].authorization == f"Bearer {client.token}"
    with scripted_server() as elsewhere:
        elsewhere.reply, port = store.reply, elsewhere.port
        with Client(address, known_organizations=known, **options) as client:
            log_in(client)
            if trust != "off":
                with pytest.raises(ConfigurationError, match="Your login was not sent there"):
                    client.store.set(1)
                with pytest.raises(ConfigurationError, match=r"store\.set\(\) first"):
                    client.algorithm.list()
                assert elsewhere.seen == []
            client.store.set(1, trust=trust != "off")
            client.algorithm.list()
            assert elsewhere.seen[-1].authorization == f"Bearer {client.token}"
            client.store.set(1)  # it is known from now on
    line = f" store 1 http://127.0.0.1:{port} store\n"
    assert (known.exists() and line in known.read_text()) == (trust != "off")


@pytest.mark.parametrize("name", ["store", "STORE "])
def test_known_store_under_another_id_gets_no_login(
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
    with Client(
        f"http://127.0.0.1:{hq_server.port}",
        auth_url=realm.url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        log_in(client)
        client.store.set("store")
        row |= {"id": 2, "name": name, "url": f"http://127.0.0.1:{elsewhere.port}"}
        client._core.names.forget()
        for ref in ("store", 2):
            with pytest.raises(ConfigurationError, match=r"expected https://store\.example, got"):
                client.store.set(ref)
        row["url"] = "https://store.example/other"
        client.store.set("store")  # the same origin


def test_token_goes_to_the_chosen_store_alone(
    client: Client, realm: ScriptedRealm, store: ScriptedServer, elsewhere: ScriptedServer
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
    log_in(client)
    client.store.get(2)  # named by HQ, but not chosen
    client.store.set(1)
    client.algorithm.list()
    assert [each.authorization for each in store.seen] == [f"Bearer {client.token}"]
    assert "refresh-" not in sent_to(store)
