"""Test logins at the stand-in for Keycloak and at a real Keycloak: whatever differs is a bug."""

import base64
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.browser import Browser
from vantage6.localnet import _api
from vantage6.localnet._authentication import new_password
from vantage6.localnet._environment import environment_python
from vantage6.localnet._v5.keycloak import Keycloak, find_keycloak
from vantage6.localnet._v5.login import client_login
from vantage6.localnet._v5.realm import (
    ADMIN_CLIENT,
    LOCAL_CLIENT,
    PUBLIC_CLIENT,
    REALM,
    Lifetimes,
)
from vantage6.localnet._v5.services import ROOT, IdentityProvider, StandIn

pytestmark = pytest.mark.live

# Short, so that tests see their end, but not too short for a busy machine.
LIFETIMES = Lifetimes(access=30, idle=8, session=60, device=25, poll=1)
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@pytest.fixture(scope="module", params=["stand-in", "keycloak"])
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IdentityProvider]:
    folder = tmp_path_factory.mktemp("provider")
    if request.param == "keycloak":
        provider: IdentityProvider = Keycloak(find_keycloak(Path()), folder, LIFETIMES)
    else:
        provider = StandIn(environment_python("5.0.3"), folder, LIFETIMES)
    provider.start()
    try:
        provider.wait_until_ready()
        yield provider
    finally:
        provider.stop()


@pytest.fixture(scope="module")
def web(provider: IdentityProvider) -> Iterator[httpx.Client]:
    base = f"{provider.url}/realms/{REALM}"
    with httpx.Client(base_url=base, trust_env=False, timeout=60) as client:
        yield client


@pytest.fixture
def admin(provider: IdentityProvider) -> Iterator[httpx.Client]:
    login = client_login(provider.url, ADMIN_CLIENT, provider.admin_secret)
    with _api.http_client(f"{provider.url}/admin/realms/{REALM}", login) as client:
        yield client


def ask(web: httpx.Client, path: str = "/token", **form: str) -> httpx.Response:
    return web.post(f"/protocol/openid-connect{path}", data=form)


def password_login(web: httpx.Client, provider: IdentityProvider, **more: str) -> httpx.Response:
    form = {"username": ROOT, "password": provider.root_password, "client_id": LOCAL_CLIENT}
    return ask(web, grant_type="password", **form, **more)


def refresh(web: httpx.Client, token: str, client: str = LOCAL_CLIENT) -> httpx.Response:
    return ask(web, grant_type="refresh_token", client_id=client, refresh_token=token)


def error(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]


def claims(token: str) -> dict[str, Any]:
    text = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def verify(token: str, key: rsa.RSAPublicKey) -> None:
    """Raise an error unless a key has signed a token."""
    text, _, signature = token.rpartition(".")
    decoded = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    key.verify(decoded, text.encode(), padding.PKCS1v15(), hashes.SHA256())


# -- what is public --------------------------------------------------------------------------------
def test_realm_names_the_key_that_signs_tokens(
    web: httpx.Client, provider: IdentityProvider
) -> None:
    token = password_login(web, provider).json()["access_token"]
    der = base64.b64decode(web.get("").json()["public_key"])
    key = serialization.load_der_public_key(der)
    assert isinstance(key, rsa.RSAPublicKey)
    verify(token, key)
    head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert head["alg"] == "RS256"
    (jwk,) = (
        each
        for each in web.get("/protocol/openid-connect/certs").json()["keys"]
        if each["kid"] == head["kid"]
    )
    modulus = int.from_bytes(base64.urlsafe_b64decode(jwk["n"] + "=="), "big")
    assert (jwk["use"], jwk["kty"], modulus) == ("sig", "RSA", key.public_numbers().n)


def test_discovery_names_the_endpoints(web: httpx.Client) -> None:
    found = web.get("/.well-known/openid-configuration").json()
    base = f"{found['issuer']}/protocol/openid-connect"
    assert found["issuer"] == str(web.base_url).rstrip("/")
    assert found["token_endpoint"] == f"{base}/token"
    assert found["device_authorization_endpoint"] == f"{base}/auth/device"
    assert found["jwks_uri"] == f"{base}/certs"
    assert found["end_session_endpoint"] == f"{base}/logout"
    assert found["userinfo_endpoint"] == f"{base}/userinfo"


def test_unknown_realm_is_not_found(provider: IdentityProvider) -> None:
    answer = httpx.get(f"{provider.url}/realms/other", trust_env=False)
    assert error(answer) == (404, "Realm does not exist")


# -- passwords -------------------------------------------------------------------------------------
def test_password_login(web: httpx.Client, provider: IdentityProvider) -> None:
    answer = password_login(web, provider).json()
    assert sorted(answer["scope"].split()) == ["email", "profile"]
    header = {"Authorization": f"Bearer {answer['access_token']}"}
    refused = web.get("/protocol/openid-connect/userinfo", headers=header)
    assert refused.status_code == 403, "without the scope openid"
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", LIFETIMES.access)
    assert answer["refresh_expires_in"] == LIFETIMES.idle
    said = claims(answer["access_token"])
    assert said["exp"] - said["iat"] == LIFETIMES.access
    assert said["vantage6_client_type"] == "user"
    assert (said["preferred_username"], said["azp"]) == (ROOT, LOCAL_CLIENT)
    assert said["iss"] == str(web.base_url).rstrip("/")
    assert {"sub", "jti", "sid", "email"} <= said.keys()


def test_openid_scope_gives_the_profile(web: httpx.Client, provider: IdentityProvider) -> None:
    answer = password_login(web, provider, scope="openid").json()
    assert "openid" in answer["scope"].split()
    header = {"Authorization": f"Bearer {answer['access_token']}"}
    profile = web.get("/protocol/openid-connect/userinfo", headers=header).json()
    assert profile["sub"] == claims(answer["access_token"])["sub"]
    assert profile["preferred_username"] == ROOT


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "wrong"}, (400, "invalid_grant")),
        ({"username": "nobody"}, (400, "invalid_grant")),
        ({"client_id": "nobody"}, (401, "invalid_client")),
        ({"client_id": PUBLIC_CLIENT}, (400, "unauthorized_client")),
        ({"client_id": ADMIN_CLIENT}, (401, "unauthorized_client")),
        ({"grant_type": "magic"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "invalid_request")),
    ],
)
def test_refused_password_login(
    web: httpx.Client,
    provider: IdentityProvider,
    changes: dict[str, str],
    expected: tuple[int, str],
) -> None:
    form = {
        "grant_type": "password",
        "username": ROOT,
        "password": provider.root_password,
        "client_id": LOCAL_CLIENT,
    }
    form = {name: value for name, value in {**form, **changes}.items() if value}
    assert error(ask(web, **form)) == expected


# -- sessions --------------------------------------------------------------------------------------
def test_refresh_continues_a_session(web: httpx.Client, provider: IdentityProvider) -> None:
    first = password_login(web, provider).json()
    second = refresh(web, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    before, after = claims(first["access_token"]), claims(second["access_token"])
    assert (before["sid"], before["sub"]) == (after["sid"], after["sub"])
    assert before["jti"] != after["jti"]
    assert refresh(web, first["refresh_token"]).is_success, "the realm allows it again"


def test_refresh_renews_an_idle_session(web: httpx.Client, provider: IdentityProvider) -> None:
    token = password_login(web, provider).json()["refresh_token"]
    for _ in range(3):
        time.sleep(LIFETIMES.idle / 2)
        answer = refresh(web, token)
        assert answer.is_success, answer.text
        token = answer.json()["refresh_token"]
    time.sleep(LIFETIMES.idle + 1)
    assert error(refresh(web, token)) == (400, "invalid_grant")


def test_refused_refresh(web: httpx.Client, provider: IdentityProvider) -> None:
    answer = password_login(web, provider).json()
    token = answer["refresh_token"]
    assert error(refresh(web, "nonsense")) == (400, "invalid_grant")
    assert error(refresh(web, answer["access_token"])) == (400, "invalid_grant")
    assert error(refresh(web, token, PUBLIC_CLIENT)) == (400, "invalid_grant")
    form = {"grant_type": "refresh_token", "client_id": LOCAL_CLIENT}
    assert error(ask(web, **form)) == (400, "invalid_request")


def test_logout_ends_a_session(web: httpx.Client, provider: IdentityProvider) -> None:
    answer = password_login(web, provider, scope="openid").json()
    token = answer["refresh_token"]
    done = ask(web, "/logout", client_id=LOCAL_CLIENT, refresh_token=token)
    assert (done.status_code, done.content) == (204, b"")
    assert error(refresh(web, token)) == (400, "invalid_grant")
    header = {"Authorization": f"Bearer {answer['access_token']}"}
    assert web.get("/protocol/openid-connect/userinfo", headers=header).status_code == 401


def test_sessions_outlive_a_restart(web: httpx.Client, provider: IdentityProvider) -> None:
    key = web.get("").json()["public_key"]
    before = password_login(web, provider).json()
    if isinstance(provider, Keycloak):
        # It takes longer to start than the sessions of this realm last.
        provider.restart()
        assert web.get("").json()["public_key"] == key
        assert password_login(web, provider).is_success
        return
    provider.restart()
    assert web.get("").json()["public_key"] == key
    assert refresh(web, before["refresh_token"]).is_success


# -- clients that log in themselves ----------------------------------------------------------------
def new_client(name: str, kind: str = "node") -> dict[str, object]:
    """Return a client as HQ makes it."""
    return {
        "clientId": name,
        "publicClient": False,
        "enabled": True,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "protocolMappers": [
            {
                "name": "vantage6_client_type",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-hardcoded-claim-mapper",
                "config": {
                    "claim.name": "vantage6_client_type",
                    "claim.value": kind,
                    "access.token.claim": True,
                },
            }
        ],
    }


def created_id(answer: httpx.Response) -> str:
    assert (answer.status_code, answer.content) == (201, b"")
    return answer.headers["Location"].rpartition("/")[2]


def client_token(web: httpx.Client, client: str, secret: str) -> httpx.Response:
    return ask(web, grant_type="client_credentials", client_id=client, client_secret=secret)


def test_node_from_creation_to_deletion(web: httpx.Client, admin: httpx.Client) -> None:
    answer = admin.post("/clients", json=new_client("IKNL-node-client"))
    id_ = created_id(answer)
    assert answer.headers["Location"] == f"{admin.base_url}clients/{id_}"
    again = admin.post("/clients", json=new_client("IKNL-node-client"))
    assert again.status_code == 409
    query = {"username": "service-account-IKNL-node-client", "exact": "true", "max": "1"}
    (account,) = admin.get("/users", params=query).json()
    assert account["username"] == "service-account-iknl-node-client"
    (found,) = admin.get("/clients", params={"clientId": "IKNL-node-client"}).json()
    assert (found["id"], found["clientId"]) == (id_, "IKNL-node-client")

    secret = admin.get(f"/clients/{id_}/client-secret").json()["value"]
    token = client_token(web, "IKNL-node-client", secret)
    assert token.is_success
    assert "refresh_token" not in token.json()
    said = claims(token.json()["access_token"])
    assert (said["sub"], said["vantage6_client_type"]) == (account["id"], "node")
    pair = base64.b64encode(f"IKNL-node-client:{secret}".encode()).decode()
    basic = web.post(
        "/protocol/openid-connect/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {pair}"},
    )
    assert basic.is_success

    renewed = admin.post(f"/clients/{id_}/client-secret").json()["value"]
    assert renewed != secret
    assert error(client_token(web, "IKNL-node-client", secret)) == (401, "unauthorized_client")
    assert client_token(web, "IKNL-node-client", renewed).is_success

    assert admin.delete(f"/clients/{id_}").status_code == 204
    assert error(client_token(web, "IKNL-node-client", renewed)) == (401, "invalid_client")
    assert admin.get("/users", params=query).json() == []
    assert admin.delete(f"/clients/{id_}").status_code == 404


def test_public_client_has_no_service_account(web: httpx.Client) -> None:
    answer = client_token(web, PUBLIC_CLIENT, "")
    assert error(answer) == (401, "unauthorized_client")


# -- users -----------------------------------------------------------------------------------------
def new_user(name: str, password: str) -> dict[str, object]:
    """Return a user as HQ makes it."""
    return {
        "username": name,
        "enabled": True,
        "credentials": [{"type": "password", "value": password, "temporary": True}],
        "attributes": {"organization_id": ["7"]},
    }


def test_user_from_creation_to_deletion(
    web: httpx.Client, admin: httpx.Client, provider: IdentityProvider
) -> None:
    password = new_password()
    id_ = created_id(admin.post("/users", json=new_user("Ada", password)))
    assert admin.post("/users", json=new_user("ada", password)).status_code == 409
    (found,) = admin.get("/users", params={"username": "ada", "exact": "true"}).json()
    assert (found["id"], found["username"]) == (id_, "ada")
    assert admin.get("/users", params={"username": "ad", "exact": "true"}).json() == []
    assert admin.get(f"/users/{id_}").json()["attributes"] == {"organization_id": ["7"]}

    form = {"username": "ada", "password": password, "client_id": LOCAL_CLIENT}
    answer = ask(web, grant_type="password", **form)
    assert error(answer) == (400, "invalid_grant")
    assert answer.json()["error_description"] == "Account is not fully set up"

    provider.set_up_user("ada", password)
    token = ask(web, grant_type="password", **form).json()
    assert claims(token["access_token"])["sub"] == id_
    found = admin.get(f"/users/{id_}").json()
    assert found["attributes"] == {"organization_id": ["7"]}, "kept by the changes"
    assert (found["email"], found["firstName"]) == ("ada@example.org", "Ada")

    assert admin.put(f"/users/{id_}", json={**found, "enabled": False}).status_code == 204
    answer = ask(web, grant_type="password", **form)
    assert error(answer) == (400, "invalid_grant")
    assert answer.json()["error_description"] == "Account disabled"
    assert error(refresh(web, token["refresh_token"])) == (400, "invalid_grant")

    assert admin.delete(f"/users/{id_}").status_code == 204
    assert error(ask(web, grant_type="password", **form)) == (400, "invalid_grant")
    assert admin.get(f"/users/{id_}").status_code == 404


def test_admin_api_needs_a_role(web: httpx.Client, provider: IdentityProvider) -> None:
    users = f"{provider.url}/admin/realms/{REALM}/users"
    assert error(httpx.get(users, trust_env=False)) == (401, "HTTP 401 Unauthorized")
    token = password_login(web, provider).json()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    assert error(httpx.get(users, headers=header, trust_env=False)) == (
        403,
        "HTTP 403 Forbidden",
    )


# -- the device flow -------------------------------------------------------------------------------
def start_device_flow(web: httpx.Client) -> dict[str, Any]:
    answer = ask(web, "/auth/device", client_id=PUBLIC_CLIENT, scope="openid")
    assert answer.is_success, answer.text
    return answer.json()


def poll(web: httpx.Client, code: str) -> httpx.Response:
    return ask(web, grant_type=DEVICE_GRANT, client_id=PUBLIC_CLIENT, device_code=code)


def test_device_flow(web: httpx.Client, provider: IdentityProvider) -> None:
    device = start_device_flow(web)
    assert (device["expires_in"], device["interval"]) == (LIFETIMES.device, LIFETIMES.poll)
    assert device["verification_uri"] == f"{str(web.base_url).rstrip('/')}/device"
    assert device["verification_uri_complete"].endswith(f"?user_code={device['user_code']}")
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", device["user_code"])
    assert error(poll(web, device["device_code"])) == (400, "authorization_pending")
    assert error(poll(web, device["device_code"])) == (400, "slow_down")

    browser = Browser(username=ROOT, password=provider.root_password)
    assert "uccess" in browser.open(device["verification_uri_complete"])
    time.sleep(LIFETIMES.poll)
    tokens = poll(web, device["device_code"])
    assert tokens.is_success, tokens.text
    said = claims(tokens.json()["access_token"])
    assert (said["azp"], said["vantage6_client_type"]) == (PUBLIC_CLIENT, "user")
    assert claims(tokens.json()["id_token"])["aud"] == PUBLIC_CLIENT, "the scope is openid"
    assert refresh(web, tokens.json()["refresh_token"], PUBLIC_CLIENT).is_success
    assert error(poll(web, device["device_code"])) == (400, "invalid_grant"), "only once"


def test_device_flow_with_a_code_that_is_typed(
    web: httpx.Client, provider: IdentityProvider
) -> None:
    device = start_device_flow(web)
    wrong = Browser(device_user_code="AAAA-AAAA")
    assert "Invalid code" in wrong.open(device["verification_uri"])
    browser = Browser(
        device_user_code=device["user_code"].lower(),
        username=ROOT,
        password=provider.root_password,
    )
    assert "uccess" in browser.open(device["verification_uri"])
    assert poll(web, device["device_code"]).is_success


def test_denied_device_flow(web: httpx.Client, provider: IdentityProvider) -> None:
    device = start_device_flow(web)
    browser = Browser(username=ROOT, password=provider.root_password)
    browser.open(device["verification_uri_complete"], deny=True)
    assert error(poll(web, device["device_code"])) == (400, "access_denied")


def test_expired_device_flow(web: httpx.Client) -> None:
    device = start_device_flow(web)
    time.sleep(LIFETIMES.device + 1)
    assert error(poll(web, device["device_code"])) == (400, "expired_token")


def test_wrong_password_in_the_browser(web: httpx.Client) -> None:
    device = start_device_flow(web)
    browser = Browser(username=ROOT, password="wrong")
    assert "Invalid username or password" in browser.open(device["verification_uri_complete"])
    assert error(poll(web, device["device_code"])) == (400, "authorization_pending")


def test_refused_device_flow(web: httpx.Client) -> None:
    assert error(ask(web, "/auth/device", client_id="nobody")) == (401, "invalid_client")
    refused = ask(web, "/auth/device", client_id=LOCAL_CLIENT)
    assert error(refused) == (400, "unauthorized_client")
    assert error(poll(web, "nonsense")) == (400, "invalid_grant")


# -- what only the stand-in promises ---------------------------------------------------------------
def test_stand_in_answers_on_the_loopback_interface_only(
    tmp_path: Path,
) -> None:
    provider = StandIn(environment_python("5.0.3"), tmp_path, LIFETIMES)
    provider.start()
    try:
        provider.wait_until_ready()
        url = f"{provider.url}/realms/{REALM}"
        rebound = httpx.get(url, headers={"Host": "attacker.example"}, trust_env=False)
        assert rebound.status_code == 403
        for name in ("identity_provider.json", "identity_provider.yaml", "identity_provider.log"):
            assert (tmp_path / name).stat().st_mode & 0o077 == 0, name
        log = (tmp_path / "identity_provider.log").read_text()
        assert provider.root_password not in log
    finally:
        provider.stop()


def test_used_refresh_token_ends_the_session_with_rotation(tmp_path: Path) -> None:
    lifetimes = Lifetimes(with_rotation=True)
    provider = StandIn(environment_python("5.0.3"), tmp_path, lifetimes)
    provider.start()
    try:
        provider.wait_until_ready()
        base = f"{provider.url}/realms/{REALM}"
        with httpx.Client(base_url=base, trust_env=False) as web:
            first = password_login(web, provider).json()["refresh_token"]
            second = refresh(web, first).json()["refresh_token"]
            assert error(refresh(web, first)) == (400, "invalid_grant")
            assert error(refresh(web, second)) == (400, "invalid_grant")
    finally:
        provider.stop()


# ---- other accounts of this machine ----------------------------------------------------------


def test_no_other_account_becomes_an_administrator(provider: IdentityProvider) -> None:
    with httpx.Client(base_url=provider.url, trust_env=False, follow_redirects=True) as neighbor:
        page = neighbor.get("/").text
        assert "<form" not in page, "one that creates the first administrator"
        assert 'name="password"' not in page
        for realm, client in ((REALM, LOCAL_CLIENT), ("master", "admin-cli")):
            for name in (ROOT, "admin", "temp-admin", "keycloak"):
                form = {"grant_type": "password", "client_id": client, "username": name}
                for password in ("root", "admin", "password", "keycloak", "vantage6", name):
                    url = f"/realms/{realm}/protocol/openid-connect/token"
                    response = neighbor.post(url, data={**form, "password": password})
                    assert response.status_code in {400, 401, 404}, (realm, name, password)
