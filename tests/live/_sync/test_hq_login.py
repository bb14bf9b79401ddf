# Derived by unasync.py: edit tests/live/_async/test_hq_login.py instead.
"""Log in at a running HQ, at the stand-in and at a real Keycloak, and use what HQ shares."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import enter
from vantage6.client import (
    Client,
    LoginFailedError,
    NotAuthenticatedError,
    PermissionDeniedError,
    UnsupportedServerVersionError,
)
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live


@pytest.fixture(scope="module", params=["stand-in", "keycloak"])
def identity_provider(request: pytest.FixtureRequest) -> str:
    """Return where users log in: each test runs at both, and its id says where."""
    return request.param


@pytest.fixture(scope="module")
def network(identity_provider: str) -> Iterator[LocalNetwork]:
    keycloak = "" if identity_provider == "keycloak" else None  # an empty path: from Maven
    with LocalNetwork(
        version="5.0.3", organizations=3, token_seconds=20, keycloak=keycloak
    ) as network:
        yield network


@pytest.fixture(scope="module")
def address(network: LocalNetwork) -> dict[str, Any]:
    """Return where HQ is and where its users log in."""
    return {"host": network.url, "auth_url": network.auth_url, "log_level": None}


@pytest.fixture
def client(address: dict[str, Any], tmp_path: Path) -> Iterator[Client]:
    with Client(**address, known_organizations=tmp_path / "known") as client:
        yield client


def test_device_code_logs_in(client: Client, network: LocalNetwork) -> None:
    client.authenticate(show=enter(network, "researcher"), open_browser=False)
    assert client.whoami.organization_name == network.organizations[0].name
    assert client.name == "researcher"


def test_declined_code_is_an_error(client: Client, network: LocalNetwork) -> None:
    with pytest.raises(LoginFailedError, match="declined"):
        client.authenticate(show=enter(network, "researcher", deny=True), open_browser=False)
    with pytest.raises(NotAuthenticatedError):
        client.task.list()


def test_password_is_refused_by_the_usual_realm(client: Client, network: LocalNetwork) -> None:
    password = str(network.users["researcher"].password)
    with pytest.raises(LoginFailedError, match="refuses this login"):
        client.authenticate("researcher", password)


def test_service_account_uses_what_both_generations_share(
    client: Client, network: LocalNetwork
) -> None:
    account = network.service_account
    client.initialize_service_account(account.client_secret, account.username)
    client.authenticate_service_account()
    assert client.name == account.username
    client.setup_collaboration(network.collaboration.name)
    organizations = client.organization.list()
    assert [row["name"] for row in organizations] == [each.name for each in network.organizations]
    assert (client.organization.get(network.organizations[1].name))["id"] == 2
    for resource in (client.collaboration, client.study, client.node, client.user, client.rule):
        rows = resource.list()
        assert rows, resource
        assert (resource.get(rows[0]["id"]))["id"] == rows[0]["id"]
    assert {row["name"] for row in client.role.list()} >= {"Researcher", "Viewer"}
    assert client.task.list() == []
    assert (client.util.get_server_version())["version"] == network.version
    with pytest.raises(PermissionDeniedError):
        client.organization.create("x", "", "", "", "", "")
    with pytest.raises(UnsupportedServerVersionError, match="account page"):
        client.util.reset_my_password(username="ada")


def test_saved_login_is_renewed(client: Client, network: LocalNetwork, tmp_path: Path) -> None:
    client.authenticate(show=enter(network, "viewer"), open_browser=False)
    file = client.saved_login.save(tmp_path / "login.json")
    before = client.token
    client.refresh_token()
    assert client.token != before
    with Client.from_saved_login(file, log_level=None) as again:
        assert again.name == "viewer"
        assert again.node.list()
