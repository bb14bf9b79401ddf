"""Log in at a running HQ, at the stand-in and at a real Keycloak, and use what HQ shares."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.browser import enter
from vantage6.client import (
    AsyncClient,
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


@pytest_asyncio.fixture
async def client(address: dict[str, Any], tmp_path: Path) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(**address, known_organizations=tmp_path / "known") as client:
        yield client


async def test_device_code_logs_in(client: AsyncClient, network: LocalNetwork) -> None:
    await client.authenticate(show=enter(network, "researcher"), open_browser=False)
    assert client.whoami.organization_name == network.organizations[0].name
    assert client.name == "researcher"


async def test_declined_code_is_an_error(client: AsyncClient, network: LocalNetwork) -> None:
    with pytest.raises(LoginFailedError, match="declined"):
        await client.authenticate(show=enter(network, "researcher", deny=True), open_browser=False)
    with pytest.raises(NotAuthenticatedError):
        await client.task.list()


async def test_password_is_refused_by_the_usual_realm(
    client: AsyncClient, network: LocalNetwork
) -> None:
    password = str(network.users["researcher"].password)
    with pytest.raises(LoginFailedError, match="refuses this login"):
        await client.authenticate("researcher", password)


async def test_service_account_uses_what_both_generations_share(
    client: AsyncClient, network: LocalNetwork
) -> None:
    account = network.service_account
    await client.initialize_service_account(account.client_secret, account.username)
    await client.authenticate_service_account()
    assert client.name == account.username
    await client.setup_collaboration(network.collaboration.name)
    organizations = await client.organization.list()
    assert [row["name"] for row in organizations] == [each.name for each in network.organizations]
    assert (await client.organization.get(network.organizations[1].name))["id"] == 2
    for resource in (client.collaboration, client.study, client.node, client.user, client.rule):
        rows = await resource.list()
        assert rows, resource
        assert (await resource.get(rows[0]["id"]))["id"] == rows[0]["id"]
    assert {row["name"] for row in await client.role.list()} >= {"Researcher", "Viewer"}
    assert await client.task.list() == []
    assert (await client.util.get_server_version())["version"] == network.version
    with pytest.raises(PermissionDeniedError):
        await client.organization.create("x", "", "", "", "", "")
    with pytest.raises(UnsupportedServerVersionError, match="account page"):
        await client.util.reset_my_password(username="ada")


async def test_saved_login_is_renewed(
    client: AsyncClient, network: LocalNetwork, tmp_path: Path
) -> None:
    await client.authenticate(show=enter(network, "viewer"), open_browser=False)
    file = client.saved_login.save(tmp_path / "login.json")
    before = client.token
    await client.refresh_token()
    assert client.token != before
    async with await AsyncClient.from_saved_login(file, log_level=None) as again:
        assert again.name == "viewer"
        assert await again.node.list()
