# Derived by unasync.py: edit tests/live/_async/test_login.py instead.
"""Test every kind of login at a real server with two-factor login and mail."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

import pyotp
import pytest

from tests.support.mail_sink import MailSink
from vantage6.client import (
    BadRequestError,
    Client,
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
NAMES = (f"{Client.__name__}-{number}" for number in count(1))
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


@pytest.fixture
def root(guarded_network: LocalNetwork) -> Iterator[Client]:
    """Someone who may do all."""
    with stranger(guarded_network) as client:
        user = guarded_network.users["root"]
        client.authenticate(user.username, user.password, lambda: user.code or "")
        yield client


@pytest.fixture
def client(guarded_network: LocalNetwork) -> Iterator[Client]:
    """Someone who has not logged in yet."""
    with stranger(guarded_network) as client:
        yield client


def stranger(network: LocalNetwork) -> Client:
    return Client("http://127.0.0.1", network.port, log_level=None)


def newcomer(root: Client, role: str | None = "Viewer", organization: int = 1) -> str:
    """Make an account without a second factor, and return its name."""
    name = next(NAMES)
    roles = [row["id"] for row in root.role.list(name=role)] if role else []
    root.user.create(name, "Ada", "A", FIRST, f"{name}@example.org", organization, roles)
    return name


def enroll(
    root: Client, client: Client, role: str | None = "Viewer", organization: int = 1
) -> Account:
    """Make an account, and load its second factor into an app."""
    name = newcomer(root, role, organization)
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        client.authenticate(name, FIRST)
    app = pyotp.parse_uri(caught.value.uri)
    assert isinstance(app, pyotp.TOTP)
    (row,) = root.user.list(username=name)
    return Account(row["id"], name, app)


# -- the second factor -----------------------------------------------------------------------------
def test_first_login_returns_the_second_factor_once(
    root: Client, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    name = newcomer(root)
    with pytest.raises(TwoFactorSetupRequiredError, match=r"show_qr\(\)") as caught:
        client.authenticate(name, FIRST)
    error = caught.value
    app = pyotp.parse_uri(error.uri)
    assert isinstance(app, pyotp.TOTP)
    assert app.name == name
    assert app.secret not in f"{error} {error!r}"
    error.show_qr()
    assert "▀" in capsys.readouterr().out
    with pytest.raises(TwoFactorRequiredError, match="mfa_code"):
        client.authenticate(name, FIRST)
    client.authenticate(name, FIRST, app.now())
    assert client.name == "Ada"


def test_code_is_accepted_in_every_form(root: Client, client: Client) -> None:
    account = enroll(root, client)
    asked = 0

    def supply() -> str:
        nonlocal asked
        asked += 1
        return account.app.now()

    now = account.app.now()
    for code in (now, int(now), f"{now[:3]} {now[3:]}", account.app.now, supply):
        client.authenticate(account.name, FIRST, code)
        assert client.whoami.id_ == account.id_
    assert asked == 1
    with pytest.raises(LoginFailedError, match="locked"):
        client.authenticate(account.name, SECOND, supply)
    assert asked == 1, "the server asks for the code when the password is right"


def test_wrong_code_differs_from_wrong_password(root: Client, client: Client) -> None:
    account = enroll(root, client)
    with pytest.raises(LoginFailedError, match="code") as caught:
        client.authenticate(account.name, FIRST, account.wrong_code())
    assert "locked" not in str(caught.value)
    with pytest.raises(LoginFailedError, match="password"):
        client.authenticate(account.name, SECOND, account.app.now())


# -- what is lost ----------------------------------------------------------------------------------
def test_locked_account_is_unlocked_by_mail(
    root: Client, client: Client, mail_sink: MailSink
) -> None:
    account = enroll(root, client)
    for _ in range(12):  # the server takes note a moment after it has answered
        with pytest.raises(LoginFailedError, match="locked"):
            client.authenticate(account.name, SECOND)
        if mail_sink.has(account.email, LOCKED):
            break
    with pytest.raises(LoginFailedError, match="refuses even the correct one"):
        client.authenticate(account.name, FIRST, account.app.now())
    assert "locked" in mail_sink.text_for(account.email, LOCKED)

    client.util.reset_my_password(email=account.email)
    token = mail_sink.token_for(account.email, NEW_PASSWORD)
    with pytest.raises(BadRequestError, match="8 characters"):
        client.util.set_my_password(token, "short")
    client.util.set_my_password(token, SECOND)
    client.authenticate(account.name, SECOND, account.app.now())
    assert client.whoami.id_ == account.id_
    with pytest.raises(LoginFailedError):
        client.authenticate(account.name, FIRST, account.app.now())


def test_lost_second_factor_is_reset_by_mail(
    root: Client, client: Client, mail_sink: MailSink
) -> None:
    account = enroll(root, client)
    with pytest.raises(LoginFailedError, match="password"):
        client.util.reset_two_factor_auth(SECOND, username=account.name)
    client.util.reset_two_factor_auth(FIRST, username=account.name)
    token = mail_sink.token_for(account.email, NEW_FACTOR)
    with pytest.raises(BadRequestError, match="token"):
        client.util.set_two_factor_auth(token[:-8])
    secret = client.util.set_two_factor_auth(token)
    app = pyotp.parse_uri(secret["qr_uri"])
    assert isinstance(app, pyotp.TOTP)
    assert app.secret == secret["otp_secret"] != account.app.secret
    with pytest.raises(LoginFailedError, match="code"):
        client.authenticate(account.name, FIRST, account.app.now())
    client.authenticate(account.name, FIRST, app.now())
    assert client.whoami.id_ == account.id_
    client.util.set_my_password(token, SECOND)  # the same token is good for both
    client.authenticate(account.name, SECOND, app.now())


# -- the session -----------------------------------------------------------------------------------
def test_expired_token_is_refreshed_while_possible(
    guarded_network: LocalNetwork, root: Client, client: Client
) -> None:
    account = enroll(root, client)
    with stranger(guarded_network) as surprised, stranger(guarded_network) as late:
        for each in (client, surprised, late):
            each.authenticate(account.name, FIRST, account.app.now)
        # One of them does not know when its token expires, and one cannot renew it any more.
        auth = surprised._core.auth  # pyright: ignore[reportPrivateUsage]
        assert auth.tokens is not None
        auth.tokens = replace(auth.tokens, renew_at=float("inf"))
        auth = late._core.auth  # pyright: ignore[reportPrivateUsage]
        assert auth.tokens is not None
        auth.tokens = replace(auth.tokens, refresh=auth.tokens.access)
        before = client.token, surprised.token
        time.sleep(6.1)
        for each in (client, surprised):
            assert (each.user.get())["username"] == account.name
        assert client.token != before[0]
        assert surprised.token != before[1]
        with pytest.raises(LoginExpiredError, match=r"authenticate\(\)"):
            late.user.get()
        late.authenticate(account.name, FIRST, account.app.now)
        assert (late.user.get())["username"] == account.name


def test_deleted_user_gets_a_clear_error(root: Client, client: Client) -> None:
    account = enroll(root, client)
    client.authenticate(account.name, FIRST, account.app.now)
    root.user.delete(account.id_)
    with pytest.raises(LoginExpiredError, match=r"authenticate\(\)"):
        client.node.list()
    with pytest.raises(LoginExpiredError, match=r"authenticate\(\)"):
        client.refresh_token()
    with pytest.raises(LoginFailedError):
        client.authenticate(account.name, FIRST, account.app.now)


def test_login_works_without_any_permission(root: Client, client: Client) -> None:
    account = enroll(root, client, role=None)
    client.authenticate(account.name, FIRST, account.app.now)
    assert (client.whoami.organization_id, client.whoami.organization_name) == (1, "")
    with pytest.raises(PermissionDeniedError):
        client.organization.get()
    assert (client.user.get())["username"] == account.name


def test_second_login_switches_the_user(root: Client, client: Client) -> None:
    made = root.organization.create(next(NAMES), "", "", "", "NL", "x.example")
    one = enroll(root, client, role="Root")
    other = enroll(root, client, organization=made["id"])
    client.authenticate(one.name, FIRST, one.app.now)
    session = client._core  # pyright: ignore[reportPrivateUsage]
    session.state.private_key = key = object()  # type: ignore[assignment]  # any will do
    with pytest.raises(LoginFailedError):
        client.authenticate(other.name, SECOND)
    assert (client.whoami.id_, session.private_key) == (one.id_, key)
    client.authenticate(one.name, FIRST, one.app.now)
    assert session.private_key is key, "it is that of the organization"
    client.authenticate(other.name, FIRST, other.app.now)
    assert client.whoami.organization_name == made["name"]
    assert session.private_key is None
    with pytest.raises(PermissionDeniedError):
        client.user.delete(one.id_)
