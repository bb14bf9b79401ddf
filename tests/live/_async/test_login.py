"""Test every kind of login at a real server with two-factor login and mail."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from itertools import count

import pyotp
import pytest
import pytest_asyncio

from tests.support.mail_sink import MailSink
from vantage6.client import (
    AsyncClient,
    BadRequestError,
    LoginExpiredError,
    LoginFailedError,
    PermissionDeniedError,
    TwoFactorRequiredError,
    TwoFactorSetupRequiredError,
)
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

FIRST, SECOND = "First-Secret-1", "Second-Secret-2"
# Both kinds of client use one server.
NAMES = (f"{AsyncClient.__name__}-{number}" for number in count(1))
LOCKED = "Failed login attempts"
NEW_PASSWORD = "Password reset"
NEW_FACTOR = "Two-factor authentication reset"


@dataclass
class Account:
    """Someone with an account, and an authenticator app."""

    id_: int
    name: str
    app: pyotp.TOTP

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    def wrong_code(self) -> str:
        return f"{(int(self.app.now()) + 1) % 10**6:06}"


@pytest_asyncio.fixture
async def root(guarded_network: LocalNetwork) -> AsyncIterator[AsyncClient]:
    """Someone who may do all."""
    async with stranger(guarded_network) as client:
        user = guarded_network.users["root"]
        await client.authenticate(user.username, user.password, lambda: user.code or "")
        yield client


@pytest_asyncio.fixture
async def client(guarded_network: LocalNetwork) -> AsyncIterator[AsyncClient]:
    """Someone who has not logged in yet."""
    async with stranger(guarded_network) as client:
        yield client


def stranger(network: LocalNetwork) -> AsyncClient:
    return AsyncClient("http://127.0.0.1", network.port, log_level=None)


async def newcomer(root: AsyncClient, role: str | None = "Viewer", organization: int = 1) -> str:
    """Make an account without a second factor, and return its name."""
    name = next(NAMES)
    roles = [row["id"] for row in await root.role.list(name=role)] if role else []
    await root.user.create(name, "Ada", "A", FIRST, f"{name}@example.org", organization, roles)
    return name


async def enroll(
    root: AsyncClient, client: AsyncClient, role: str | None = "Viewer", organization: int = 1
) -> Account:
    """Make an account, and load its second factor into an app."""
    name = await newcomer(root, role, organization)
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        await client.authenticate(name, FIRST)
    app = pyotp.parse_uri(caught.value.uri)
    assert isinstance(app, pyotp.TOTP)
    (row,) = await root.user.list(username=name)
    return Account(row["id"], name, app)


# -- the second factor -----------------------------------------------------------------------------
async def test_first_login_returns_the_second_factor_once(
    root: AsyncClient, client: AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    name = await newcomer(root)
    with pytest.raises(TwoFactorSetupRequiredError, match=r"show_qr\(\)") as caught:
        await client.authenticate(name, FIRST)
    error = caught.value
    app = pyotp.parse_uri(error.uri)
    assert isinstance(app, pyotp.TOTP)
    assert app.name == name
    assert app.secret not in f"{error} {error!r}"
    error.show_qr()
    assert "▀" in capsys.readouterr().out
    with pytest.raises(TwoFactorRequiredError, match="mfa_code"):
        await client.authenticate(name, FIRST)
    await client.authenticate(name, FIRST, app.now())
    assert client.name == "Ada"


async def test_code_is_accepted_in_every_form(root: AsyncClient, client: AsyncClient) -> None:
    account = await enroll(root, client)
    asked = 0

    async def supply() -> str:
        nonlocal asked
        asked += 1
        return account.app.now()

    now = account.app.now()
    for code in (now, int(now), f"{now[:3]} {now[3:]}", account.app.now, supply):
        await client.authenticate(account.name, FIRST, code)
        assert client.whoami.id_ == account.id_
    assert asked == 1
    with pytest.raises(LoginFailedError, match="locked"):
        await client.authenticate(account.name, SECOND, supply)
    assert asked == 1, "the server asks for the code when the password is right"


async def test_wrong_code_differs_from_wrong_password(
    root: AsyncClient, client: AsyncClient
) -> None:
    account = await enroll(root, client)
    with pytest.raises(LoginFailedError, match="code") as caught:
        await client.authenticate(account.name, FIRST, account.wrong_code())
    assert "locked" not in str(caught.value)
    with pytest.raises(LoginFailedError, match="password"):
        await client.authenticate(account.name, SECOND, account.app.now())


# -- what is lost ----------------------------------------------------------------------------------
async def test_locked_account_is_unlocked_by_mail(
    root: AsyncClient, client: AsyncClient, mail_sink: MailSink
) -> None:
    account = await enroll(root, client)
    for _ in range(12):  # the server takes note a moment after it has answered
        with pytest.raises(LoginFailedError, match="locked"):
            await client.authenticate(account.name, SECOND)
        if mail_sink.has(account.email, LOCKED):
            break
    with pytest.raises(LoginFailedError, match="refuses even the correct one"):
        await client.authenticate(account.name, FIRST, account.app.now())
    assert "locked" in mail_sink.text_for(account.email, LOCKED)

    await client.util.reset_my_password(email=account.email)
    token = mail_sink.token_for(account.email, NEW_PASSWORD)
    with pytest.raises(BadRequestError, match="8 characters"):
        await client.util.set_my_password(token, "short")
    await client.util.set_my_password(token, SECOND)
    await client.authenticate(account.name, SECOND, account.app.now())
    assert client.whoami.id_ == account.id_
    with pytest.raises(LoginFailedError):
        await client.authenticate(account.name, FIRST, account.app.now())


async def test_lost_second_factor_is_reset_by_mail(
    root: AsyncClient, client: AsyncClient, mail_sink: MailSink
) -> None:
    account = await enroll(root, client)
    with pytest.raises(LoginFailedError, match="password"):
        await client.util.reset_two_factor_auth(SECOND, username=account.name)
    await client.util.reset_two_factor_auth(FIRST, username=account.name)
    token = mail_sink.token_for(account.email, NEW_FACTOR)
    with pytest.raises(BadRequestError, match="token"):
        await client.util.set_two_factor_auth(token[:-8])
    secret = await client.util.set_two_factor_auth(token)
    app = pyotp.parse_uri(secret["qr_uri"])
    assert isinstance(app, pyotp.TOTP)
    assert app.secret == secret["otp_secret"] != account.app.secret
    with pytest.raises(LoginFailedError, match="code"):
        await client.authenticate(account.name, FIRST, account.app.now())
    await client.authenticate(account.name, FIRST, app.now())
    assert client.whoami.id_ == account.id_
    await client.util.set_my_password(token, SECOND)  # the same token is good for both
    await client.authenticate(account.name, SECOND, app.now())


# -- the session -----------------------------------------------------------------------------------
async def test_expired_token_is_refreshed_while_possible(
    guarded_network: LocalNetwork, root: AsyncClient, client: AsyncClient
) -> None:
    account = await enroll(root, client)
    async with stranger(guarded_network) as surprised, stranger(guarded_network) as late:
        for each in (client, surprised, late):
            await each.authenticate(account.name, FIRST, account.app.now)
        # One of them does not know when its token expires, and one cannot renew it any more.
        auth = surprised._core.auth  # pyright: ignore[reportPrivateUsage]
        assert auth.tokens is not None
        auth.tokens = replace(auth.tokens, renew_at=float("inf"))
        auth = late._core.auth  # pyright: ignore[reportPrivateUsage]
        assert auth.tokens is not None
        auth.tokens = replace(auth.tokens, refresh=auth.tokens.access)
        before = client.token, surprised.token
        await asyncio.sleep(6.1)
        for each in (client, surprised):
            assert (await each.user.get())["username"] == account.name
        assert client.token != before[0]
        assert surprised.token != before[1]
        with pytest.raises(LoginExpiredError, match=r"authenticate\(\)"):
            await late.user.get()
        await late.authenticate(account.name, FIRST, account.app.now)
        assert (await late.user.get())["username"] == account.name


async def test_deleted_user_gets_a_clear_error(root: AsyncClient, client: AsyncClient) -> None:
    account = await enroll(root, client)
    await client.authenticate(account.name, FIRST, account.app.now)
    await root.user.delete(account.id_)
    with pytest.raises(LoginExpiredError, match=r"authenticate\(\)"):
        await client.node.list()
    with pytest.raises(LoginExpiredError, match=r"authenticate\(\)"):
        await client.refresh_token()
    with pytest.raises(LoginFailedError):
        await client.authenticate(account.name, FIRST, account.app.now)


async def test_login_works_without_any_permission(root: AsyncClient, client: AsyncClient) -> None:
    account = await enroll(root, client, role=None)
    await client.authenticate(account.name, FIRST, account.app.now)
    assert (client.whoami.organization_id, client.whoami.organization_name) == (1, "")
    with pytest.raises(PermissionDeniedError):
        await client.organization.get()
    assert (await client.user.get())["username"] == account.name


async def test_second_login_switches_the_user(root: AsyncClient, client: AsyncClient) -> None:
    made = await root.organization.create(next(NAMES), "", "", "", "NL", "x.example")
    one = await enroll(root, client, role="Root")
    other = await enroll(root, client, organization=made["id"])
    await client.authenticate(one.name, FIRST, one.app.now)
    session = client._core  # pyright: ignore[reportPrivateUsage]
    session.state.private_key = key = object()  # type: ignore[assignment]  # any will do
    with pytest.raises(LoginFailedError):
        await client.authenticate(other.name, SECOND)
    assert (client.whoami.id_, session.private_key) == (one.id_, key)
    await client.authenticate(one.name, FIRST, one.app.now)
    assert session.private_key is key, "it is that of the organization"
    await client.authenticate(other.name, FIRST, other.app.now)
    assert client.whoami.organization_name == made["name"]
    assert session.private_key is None
    with pytest.raises(PermissionDeniedError):
        await client.user.delete(one.id_)
