"""Test login with a second factor, and resets by mail."""

import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from vantage6.client import (
    AsyncClient,
    BadRequestError,
    LoginFailedError,
    PermissionDeniedError,
    TwoFactorRequiredError,
    TwoFactorSetupRequiredError,
)

if TYPE_CHECKING:
    from ..conftest import Guarded

pytestmark = [pytest.mark.vcr, pytest.mark.block_network]

# No server is told these: they only have to be good enough for the account of a test.
FIRST, SECOND = "First-Secret-1", "Second-Secret-2"


@pytest_asyncio.fixture
async def client(guarded: "Guarded") -> AsyncIterator[AsyncClient]:
    async with AsyncClient("http://127.0.0.1", guarded.port, "/api") as client:
        yield client


async def newcomer(guarded: "Guarded", name: str, role: str | None = "Viewer") -> None:
    """Make an account without a second factor."""
    async with AsyncClient("http://127.0.0.1", guarded.port, "/api") as root:
        await root.authenticate(*guarded.root)
        roles = [row["id"] for row in await root.role.list(name=role)] if role else []
        await root.user.create(name, "Ada", "A", FIRST, f"{name}@example.org", 1, roles)


async def test_second_factor_is_set_up_and_required(
    guarded: "Guarded",
    client: AsyncClient,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await newcomer(guarded, "grace")
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        await client.authenticate("grace", FIRST)
    caught.value.uri = guarded.address(caught.value.uri)
    caught.value.show_qr()
    printed = capsys.readouterr().out
    assert "▀" in printed
    assert "grace" in printed
    shown: list[Any] = []
    with monkeypatch.context() as notebook:
        shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=None))
        notebook.setitem(sys.modules, "IPython", shell)
        notebook.setitem(sys.modules, "IPython.display", SimpleNamespace(display=shown.append))
        caught.value.show_qr()
    assert shown[0]._repr_png_().startswith(b"\x89PNG")
    assert "secret" not in repr(shown[0])
    with pytest.raises(TwoFactorRequiredError):
        await client.authenticate("grace", FIRST)
    with pytest.raises(LoginFailedError, match="clock"):
        await client.authenticate("grace", FIRST, "not it")
    with pytest.raises(LoginFailedError, match="locked"):
        await client.authenticate("grace", SECOND)

    async def supply() -> str:
        return guarded.code(caught.value.uri)

    await client.authenticate("grace", FIRST, supply)
    assert client.name == "Ada"
    await client.authenticate("grace", FIRST, await supply())
    assert client.whoami.organization_name == "IKNL"


async def test_lost_password_and_second_factor_are_reset_by_mail(
    guarded: "Guarded", client: AsyncClient
) -> None:
    await newcomer(guarded, "joan")
    with pytest.raises(TwoFactorSetupRequiredError):
        await client.authenticate("joan", FIRST)
    mail = "joan@example.org"
    await client.util.reset_my_password(username="joan")
    token = guarded.token(mail, "Password reset")
    with pytest.raises(BadRequestError, match="8 characters"):
        await client.util.set_my_password(token, "short")
    assert "msg" in await client.util.set_my_password(token, SECOND)
    with pytest.raises(LoginFailedError):
        await client.util.reset_two_factor_auth(FIRST, username="joan")
    assert "msg" in await client.util.reset_two_factor_auth(SECOND, username="joan")
    secret = await client.util.set_two_factor_auth(guarded.token(mail, "Two-factor"))
    await client.authenticate("joan", SECOND, guarded.code(secret["qr_uri"]))
    assert (await client.user.get())["username"] == "joan"


async def test_login_works_without_any_permission(guarded: "Guarded", client: AsyncClient) -> None:
    await newcomer(guarded, "mary", role=None)
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        await client.authenticate("mary", FIRST)
    await client.authenticate("mary", FIRST, guarded.code(caught.value.uri))
    assert client.whoami.organization_name == ""
    with pytest.raises(PermissionDeniedError):
        await client.organization.get(client.whoami.organization_id)
