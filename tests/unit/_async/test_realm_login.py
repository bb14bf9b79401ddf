"""Test logins at the realm of HQ: device codes, service accounts, passwords, renewals."""

import time
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.scripted_hq import Hq
from tests.support.scripted_realm import PENDING, REALM, ScriptedRealm, refusal
from tests.support.scripted_server import Reply, Request, ScriptedServer
from vantage6.client import (
    AsyncClient,
    ConfigurationError,
    CredentialsNotFoundError,
    DeviceCode,
    InvalidResponseError,
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    ServerError,
    UnsupportedServerVersionError,
)
from vantage6.client._async.core import auth
from vantage6.client._auth import device, shared

NODE = {"id": 1, "name": "node"}
ROLE = {"id": 1, "name": "r"}


@pytest.fixture
def realm(server: ScriptedServer) -> ScriptedRealm:
    return ScriptedRealm(server)


@pytest_asyncio.fixture
async def hq(realm: ScriptedRealm, tmp_path: Path) -> AsyncIterator[AsyncClient]:
    known = tmp_path / "known"
    async with AsyncClient(
        realm.url, auth_url=realm.url, log_level=None, known_organizations=known
    ) as client:
        yield client


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Note the pauses between requests, which then take no time."""
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr(auth, "sleep", sleep)
    return found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that passes in pauses alone."""
    now = [0.0]

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(auth, "sleep", sleep)
    monkeypatch.setattr(device, "monotonic", lambda: now[0])
    return now


async def log_in(client: AsyncClient, shown: list[DeviceCode] | None = None) -> None:
    codes: list[DeviceCode] = [] if shown is None else shown
    await client.authenticate(show=codes.append, open_browser=False)


# ---- device codes ---------------------------------------------------------------------------


async def test_code_is_shown_until_the_user_has_entered_it(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.token_replies = [(400, PENDING), refusal("slow_down"), (400, PENDING), None]
    shown: list[DeviceCode] = []
    await log_in(hq, shown)
    (code,) = shown
    assert (code.user_code, code.url) == ("ABCD-EFGH", f"{realm.url}/realms/vantage6/device")
    assert "ABCD" not in repr(code)
    assert [round(pause) for pause in pauses] == [5, 5, 10, 10], "slow_down holds from then on"
    assert hq.whoami.id_ == 7
    assert (hq.name, hq.whoami.organization_name) == ("ada", "IKNL")
    assert {form["client_id"] for form in realm.forms} == {"public_client"}
    # No password and no token goes anywhere but to the realm, and no secret is in an address.
    assert all("the-device-code" not in request.path for request in realm.server.seen)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("access_denied", "was declined"),
        ("expired_token", "expired before it was entered"),
        ("invalid_grant", "no longer knows the code"),
    ],
)
async def test_refused_code_ends_the_login(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], error: str, expected: str
) -> None:
    realm.token_replies = [refusal(error)]
    with pytest.raises(LoginFailedError, match=expected):
        await log_in(hq)
    assert len(realm.forms) == 1
    with pytest.raises(NotAuthenticatedError):
        _ = hq.whoami


async def test_failures_while_waiting_for_the_user_are_waited_out(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.token_replies = [(503, b"busy"), (200, b"<html>proxy</html>"), (400, PENDING), None]
    await log_in(hq)
    assert [round(pause) for pause in pauses] == [5, 10, 20, 20]


@pytest.mark.parametrize("reply", [(503, b"busy"), (200, b"<html>"), (200, {}), (404, b"no")])
async def test_failure_before_the_code_is_an_error_at_once(
    hq: AsyncClient, realm: ScriptedRealm, reply: Any
) -> None:
    realm.device_reply = reply
    with pytest.raises((ServerError, InvalidResponseError)):
        await log_in(hq)


@pytest.mark.parametrize(
    ("interval", "first"),
    [
        (None, 5),
        (0, 1),
        (-3, 1),
        ("soon", 5),
        (True, 5),
        (1e9, 60),
        (10**400, 60),
        (float("nan"), 5),
    ],
)
async def test_interval_of_the_realm_is_bounded(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], interval: object, first: int
) -> None:
    realm.device = {"interval": interval}
    await log_in(hq)
    assert [round(pause) for pause in pauses] == [first]


@pytest.mark.parametrize(
    "address",
    ["http://auth.example/device", "https://ada:pw@auth.example/", "javascript:alert(1)", 7, ""],
)
async def test_unsafe_address_is_not_shown(
    hq: AsyncClient, realm: ScriptedRealm, address: object
) -> None:
    realm.device = {"verification_uri": address}
    shown: list[DeviceCode] = []
    with pytest.raises(InvalidResponseError, match="https address"):
        await log_in(hq, shown)
    assert not shown


async def test_unsafe_address_with_the_code_is_not_used(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.device = {"verification_uri_complete": "javascript:alert(1)"}
    shown: list[DeviceCode] = []
    await log_in(hq, shown)
    assert shown[0].url_with_code is None


async def test_control_characters_of_a_code_are_not_shown(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.device = {"user_code": "AB\x1b[2JCD\nEF"}
    shown: list[DeviceCode] = []
    await log_in(hq, shown)
    assert shown[0].user_code.isprintable()


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "unauthorized_client"), (401, "invalid_client"), (403, "access_denied")],
)
async def test_client_without_device_login_is_named(
    hq: AsyncClient, realm: ScriptedRealm, status: int, error: str
) -> None:
    realm.device_reply = status, {"error": error, "error_description": "not allowed"}
    with pytest.raises(LoginFailedError, match=r"client 'public_client'.*not allowed") as caught:
        await log_in(hq)
    assert "OAuth 2.0 Device Authorization Grant" in str(caught.value), "what the operator does"
    (request,) = [each for each in realm.server.seen if each.path.endswith("/auth/device")]
    assert request.body == {"client_id": "public_client", "scope": "openid"}, "no secret, no PKCE"


async def test_address_with_the_code_is_never_made_up(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.device = {"verification_uri_complete": None}
    shown: list[DeviceCode] = []
    await log_in(hq, shown)
    assert shown[0].url_with_code is None


async def test_realm_that_never_stops_slowing_down_is_asked_until_the_code_expires(
    hq: AsyncClient, realm: ScriptedRealm, clock: list[float]
) -> None:
    realm.device = {"expires_in": 60}
    realm.token_replies = [refusal("slow_down") for _ in range(99)]
    with pytest.raises(LoginFailedError, match="expired before it was entered"):
        await log_in(hq)
    assert len(realm.forms) == 5, "after 5, 15, 30, 50 and, one last time, 60 s"
    assert round(clock[0]) == 60
    realm.token_replies = [refusal("slow_down") for _ in range(4)]
    await log_in(hq)  # the last request succeeds


async def test_unknown_realm_is_named(realm: ScriptedRealm) -> None:
    client = AsyncClient(realm.url, auth_url=realm.url, auth_realm="other", log_level=None)
    async with client:
        with pytest.raises(ConfigurationError, match=r"expected a realm at .*/realms/other"):
            await log_in(client)


async def test_code_is_shown_on_standard_error(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    await hq.authenticate(open_browser=False)
    out, error = capsys.readouterr()
    assert not out
    assert "ABCD-EFGH (valid for 10 min)" in error
    assert f"{realm.url}/realms/vantage6/device" in error
    assert "only if you started this login" in error


# ---- service accounts and passwords ---------------------------------------------------------


async def test_service_account_logs_in_again_when_its_token_expires(
    hq: AsyncClient, realm: ScriptedRealm
) -> None:
    realm.hq = lambda _: (200, NODE)
    await hq.initialize_service_account("the-secret", "nightly")
    await hq.authenticate_service_account()
    assert realm.forms == [
        {
            "grant_type": "client_credentials",
            "client_id": "nightly-user-client",
            "client_secret": "the-secret",
        }
    ]
    realm.valid.clear()
    await hq.node.get(1)
    assert [form["grant_type"] for form in realm.forms] == ["client_credentials"] * 2
    assert "the-secret" not in repr(vars(hq._core.state))


async def test_refused_service_account_is_asked_for_once(
    hq: AsyncClient, realm: ScriptedRealm
) -> None:
    await hq.initialize_service_account("the-secret", client_name="robot")
    realm.token_replies = [(401, {"error": "invalid_client"})]
    with pytest.raises(LoginFailedError, match="client 'robot'") as caught:
        await hq.authenticate_service_account()
    assert "the-secret" not in str(caught.value)
    assert len(realm.forms) == 1


async def test_service_account_needs_a_name(hq: AsyncClient) -> None:
    with pytest.raises(ConfigurationError, match="username or client_name"):
        await hq.initialize_service_account("the-secret")
    with pytest.raises(ConfigurationError, match=r"initialize_service_account\(\) first"):
        await hq.authenticate_service_account()


async def test_password_goes_to_the_realm_only(hq: AsyncClient, realm: ScriptedRealm) -> None:
    await hq.authenticate("ada", "the-password")
    assert [form["grant_type"] for form in realm.forms] == ["password"]
    others = [each for each in realm.server.seen if each.path.startswith("/hq/")]
    assert others
    assert all(each.body is None for each in others)


async def test_code_of_an_app_is_asked_for_by_the_page(hq: AsyncClient) -> None:
    with pytest.raises(ConfigurationError, match="page of the realm asks"):
        await hq.authenticate("ada", "the-password", "123456")
    with pytest.raises(CredentialsNotFoundError, match="password of ada"):
        await hq.authenticate("ada")


# ---- renewal --------------------------------------------------------------------------------


async def test_token_is_renewed_before_it_expires(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.seconds = 0.0
    await log_in(hq)
    realm.seconds, realm.hq = 300, lambda _: (200, NODE)
    await hq.node.get(1)
    assert realm.forms[-1] == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-1",
        "client_id": "public_client",
    }
    await hq.node.get(1)
    assert len(realm.forms) == 2


async def test_ended_session_is_an_expired_login(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    realm.valid.clear()
    realm.token_replies = [refusal("invalid_grant", "Session not active")]
    with pytest.raises(LoginExpiredError, match="Session not active"):
        await hq.node.get(1)


async def test_ended_session_ends_a_wait(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    script = Hq(runs=[("active", None)])
    looks = 0

    def reply(request: Request) -> Reply | None:
        nonlocal looks
        looks += request.path == "/hq/task/9"
        if looks == 2:
            realm.valid.clear()
            realm.token_replies = [refusal("invalid_grant", "Session not active")]
        return script(request)

    realm.hq = reply
    with pytest.raises(LoginExpiredError, match=r"Session not active.*wait_for_results"):
        await hq.wait_for_results(9, interval=0.1, progress=False)
    assert len(realm.forms) == 2


async def test_ended_session_is_asked_for_once(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    realm.valid.clear()
    realm.token_replies = [refusal("invalid_grant", "Session not active")]
    for _ in range(3):
        with pytest.raises(LoginExpiredError, match="Session not active"):
            await hq.node.get(1)
    assert len(realm.forms) == 2, "the code, and one refusal: it is final"
    realm.hq = lambda _: (200, NODE)
    await log_in(hq)
    assert await hq.node.get(1) == NODE


async def test_lost_response_to_a_renewal_is_tried_once_with_the_old_token(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    realm.valid.clear()
    replies = [ConnectionAbortedError(), refusal("invalid_grant", "Maximum allowed refresh")]
    answer = realm.reply

    def lose(request: Request) -> Any:
        if request.path != f"{REALM}/token" or not replies:
            return answer(request)
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply  # the connection breaks
        return reply

    realm.server.reply = lose
    for _ in range(2):
        with pytest.raises(LoginExpiredError, match="Maximum allowed refresh"):
            await hq.node.get(1)
    assert [form.get("refresh_token") for form in realm.forms[1:]] == ["refresh-1"] * 2
    await log_in(hq)
    realm.hq = lambda _: (200, NODE)
    realm.valid.clear()
    replies.append(ConnectionAbortedError())
    assert await hq.node.get(1) == NODE, "a realm that accepts it again"


@pytest.mark.parametrize("skew", [-600, 600])
async def test_clocks_may_differ_by_minutes(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], skew: float
) -> None:
    realm.skew = skew
    await log_in(hq)
    realm.hq = lambda _: (200, NODE)
    await hq.node.get(1)
    assert len(realm.forms) == 1, "the token is as old as it is here"
    date = formatdate(time.time() + skew + realm.seconds + 1, usegmt=True)
    failures = [(500, {"msg": "An unexpected error occurred!"}, {"date": date})]
    realm.hq = lambda _: failures.pop() if failures else (200, NODE)
    await hq.node.get(1)
    assert len(realm.forms) == 2, "it has expired by the clock of HQ"


async def test_failing_realm_does_not_end_the_login(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    realm.hq = lambda _: (200, NODE)
    realm.valid.clear()
    realm.token_replies = [(503, b"busy")]
    with pytest.raises(ServerError, match="realm"):
        await hq.node.get(1)
    await hq.node.get(1)


async def test_failure_for_an_expired_token_renews_it(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    realm.seconds = 5
    await log_in(hq)
    late = {"date": "Fri, 01 Jan 2100 00:00:00 GMT"}
    failures = [(500, {"msg": "An unexpected error occurred!"}, late)]

    def answer(request: Request) -> Any:
        return failures.pop() if failures else (200, NODE)

    realm.hq = answer
    assert (await hq.node.get(1))["name"] == "node"
    assert len(realm.forms) == 2


@pytest.mark.parametrize(("late", "sent"), [(True, 2), (False, 1)])
async def test_creation_is_repeated_only_if_its_token_had_expired(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], late: bool, sent: int
) -> None:
    """HQ fails before it runs anything if the token has expired, and perhaps after it otherwise."""
    await log_in(hq)
    date = {"date": formatdate(time.time() + (realm.seconds + 1 if late else 0), usegmt=True)}
    posts: list[Request] = []

    def answer(request: Request) -> Any:
        posts.append(request)
        return (201, ROLE) if len(posts) > 1 else (500, {"msg": "An unexpected error"}, date)

    realm.hq = answer
    if late:
        assert await hq.role.create("r", "", [1]) == ROLE
    else:
        with pytest.raises(ServerError):
            await hq.role.create("r", "", [1])
    assert [request.method for request in posts] == ["POST"] * sent
    assert len(realm.forms) == sent


async def test_withdrawn_secret_of_a_program_is_sent_once(
    hq: AsyncClient, realm: ScriptedRealm
) -> None:
    await hq.initialize_service_account("the-secret", "nightly")
    await hq.authenticate_service_account()
    realm.valid.clear()
    realm.token_replies = [(401, {"error": "invalid_client"})]
    with pytest.raises(LoginFailedError, match="nightly-user-client"):
        await hq.node.get(1)
    for _ in range(2):
        with pytest.raises(NotAuthenticatedError):
            await hq.node.get(1)
    assert len(realm.forms) == 2


async def test_age_of_a_token_counts_from_its_request(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    before, times = realm.reply, list[float]()

    def slow(request: Request) -> Any:
        reply = before(request)
        if request.path == f"{REALM}/token":
            times.append(time.monotonic())
            time.sleep(0.3)
        return reply

    realm.server.reply = slow
    await log_in(hq)
    tokens = hq._core.auth.tokens
    assert tokens
    assert tokens.renew_at <= times[0] + 0.9 * realm.seconds


async def test_token_that_cannot_be_saved_is_kept(
    hq: AsyncClient,
    realm: ScriptedRealm,
    pauses: list[float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await log_in(hq)
    file = hq.saved_login.save(tmp_path / "login.json")
    saved = file.read_bytes()

    def full(*_: object) -> None:
        raise ConfigurationError("cannot save the login: no space left on device")

    realm.hq = lambda _: (200, NODE)
    with monkeypatch.context() as patch:
        patch.setattr(shared, "write_login", full)
        realm.valid.clear()
        assert await hq.node.get(1) == NODE
    assert "no space left" in caplog.text
    assert file.read_bytes() == saved
    assert hq.token
    assert hq.token in realm.valid
    realm.valid.clear()
    assert await hq.node.get(1) == NODE
    assert file.read_bytes() != saved, "the next renewal is saved"


async def test_other_failure_does_not_renew(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    realm.hq = lambda _: (500, {"msg": "An unexpected error occurred!"})
    with pytest.raises(ServerError):
        await hq.with_options(max_retries=0).node.get(1)
    assert len(realm.forms) == 1


# ---- the two generations --------------------------------------------------------------------


async def test_hq_without_auth_url_says_what_to_write(
    realm: ScriptedRealm,
) -> None:
    async with AsyncClient(realm.url, log_level=None) as client:
        with pytest.raises(ConfigurationError, match=r"HQ 5\.0\.3.*auth_url=") as caught:
            await client.authenticate("ada", "the-password")
    assert f"{realm.url}/hq" in str(caught.value)


async def test_wrong_path_of_hq_says_what_to_write(
    realm: ScriptedRealm, pauses: list[float]
) -> None:
    async with AsyncClient(f"{realm.url}/api", auth_url=realm.url, log_level=None) as client:
        with pytest.raises(ConfigurationError, match=r"expected http://127.0.0.1:\d+/hq"):
            await log_in(client)


async def test_positional_arguments_of_the_official_client_are_understood(
    realm: ScriptedRealm,
) -> None:
    async with AsyncClient(f"{realm.url}/hq", realm.url, "other", "my_client") as client:
        assert client.base_path == f"{realm.url}/hq"
        found = client._core.realm
        assert found
        assert (found.url, found.client) == (f"{realm.url}/realms/other", "my_client")


async def test_saved_login_keeps_the_realm(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], tmp_path: Path
) -> None:
    await log_in(hq)
    file = hq.saved_login.save(tmp_path / "login.json")
    realm.valid.clear()
    async with await AsyncClient.from_saved_login(file, log_level=None) as again:
        assert again.name == "ada"
        assert realm.forms[-1]["grant_type"] == "refresh_token"


async def test_programs_with_one_saved_login_renew_once_and_a_logout_is_final(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], tmp_path: Path
) -> None:
    await log_in(hq)
    file = hq.saved_login.save(tmp_path / "login.json")
    realm.hq = lambda _: (200, NODE)
    async with (
        await AsyncClient.from_saved_login(file, log_level=None) as one,
        await AsyncClient.from_saved_login(file, log_level=None) as other,
    ):
        realm.valid.clear()
        sent = len(realm.forms)
        for client in (one, other, hq):
            await client.node.get(1)
        assert [form["grant_type"] for form in realm.forms[sent:]] == ["refresh_token"]
        one.saved_login.forget()
        realm.valid.clear()
        await other.node.get(1)
        assert not file.exists()


def connecting(monkeypatch: pytest.MonkeyPatch, realm: ScriptedRealm, **others: str) -> None:
    """Set the environment variables of a connection."""
    for name, value in {"SERVER": f"{realm.url}/hq", "AUTH_URL": realm.url, **others}.items():
        monkeypatch.setenv(f"VANTAGE6_{name}", value)


async def test_refresh_token_does_not_go_to_another_realm(
    hq: AsyncClient,
    realm: ScriptedRealm,
    pauses: list[float],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await log_in(hq)
    file = hq.saved_login.save()
    sent = len(realm.server.seen)
    for name, value in (("AUTH_REALM", "other"), ("AUTH_CLIENT", "mine")):
        with monkeypatch.context() as patch:
            connecting(patch, realm, **{name: value})
            with pytest.raises(ConfigurationError, match=r"where the login in .* is from") as error:
                await AsyncClient.from_env(log_level=None)
        assert str(file) in str(error.value)
    assert len(realm.server.seen) == sent
    connecting(monkeypatch, realm, AUTH_CLIENT="mine")
    options: dict[str, Any] = {"login": "code", "show": lambda _: None, "log_level": None}
    async with await AsyncClient.from_env(**options) as changed:
        assert changed.name == "ada"  # the change is accepted


async def test_saved_login_keeps_the_generation(
    hq: AsyncClient,
    realm: ScriptedRealm,
    pauses: list[float],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await log_in(hq)
    hq.saved_login.save()
    realm.valid.clear()
    connecting(monkeypatch, realm, AUTH_URL="")
    async with await AsyncClient.from_env(log_level=None) as client:
        assert client.name == "ada"
    assert realm.forms[-1]["grant_type"] == "refresh_token"
    assert not [each for each in realm.server.seen if each.path.startswith("/hq/token")]


async def test_login_that_cannot_be_saved_works_in_memory(
    realm: ScriptedRealm, pauses: list[float], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "state").write_text("a file in place of the folder")
    connecting(monkeypatch, realm)
    told: list[int] = []

    def show(_: DeviceCode) -> None:
        told.append(len(warned))

    with pytest.warns(UserWarning, match="The login is not saved") as warned:
        client = await AsyncClient.from_env(login="code", save=True, show=show, log_level=None)
    assert told == [1], "before the user has logged in"
    assert (client.name, client.saved_login.path) == ("ada", None)
    await client.close()


async def test_service_account_without_auth_url_says_what_is_missing(
    realm: ScriptedRealm, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting(monkeypatch, realm, AUTH_URL="", SERVICE_ACCOUNT="nightly", CLIENT_SECRET="s")
    with pytest.raises(ConfigurationError, match="VANTAGE6_AUTH_URL") as error:
        await AsyncClient.from_env(log_level=None)
    assert "password (" not in str(error.value)
    assert realm.server.seen == []


async def test_address_that_is_no_realm_says_what_to_check(realm: ScriptedRealm) -> None:
    address = f"{realm.url}/hq"  # HQ itself
    async with AsyncClient(realm.url, auth_url=address, log_level=None) as client:
        with pytest.raises(InvalidResponseError, match="Check auth_url and auth_realm") as error:
            await log_in(client)
        assert f"{address}/realms/vantage6" in str(error.value)


async def test_nobody_to_show_a_code_to_is_an_error(
    realm: ScriptedRealm, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting(monkeypatch, realm)
    with pytest.raises(CredentialsNotFoundError, match="VANTAGE6_SERVICE_ACCOUNT"):
        await AsyncClient.from_env(log_level=None)
    assert realm.server.seen == []


async def test_logout_ends_the_session_at_the_realm(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float], tmp_path: Path
) -> None:
    await log_in(hq)
    file = hq.saved_login.save(tmp_path / "login.json")
    await hq.log_out()
    request = realm.server.seen[-1]
    assert request.path == f"{REALM}/logout"
    assert request.body == {"client_id": "public_client", "refresh_token": "refresh-1"}
    assert request.authorization is None
    assert not file.exists()
    with pytest.raises(NotAuthenticatedError):
        _ = hq.whoami
    with pytest.raises(NotAuthenticatedError):
        await hq.log_out()


async def test_operation_that_hq_lacks_says_where_to_go(
    hq: AsyncClient, realm: ScriptedRealm, pauses: list[float]
) -> None:
    await log_in(hq)
    with pytest.raises(UnsupportedServerVersionError, match="account page"):
        await hq.util.change_my_password("old", "new")
    with pytest.raises(UnsupportedServerVersionError, match=r"firstname.*version 5"):
        await hq.user.list(firstname="Ada")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"auth_url": "http://auth.example"}, "expected an https address"),
        ({"auth_url": "https://a.example/realms/x", "auth_realm": "y"}, "auth_realm: expected"),
        ({"auth_url": "https://a.example", "auth_realm": "../x"}, "name of a realm"),
        ({"auth_realm": "x"}, "auth_url: expected the address of the Keycloak"),
    ],
)
async def test_wrong_realm_is_refused_before_sending(
    arguments: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        AsyncClient("https://hq.example/hq", log_level=None, **arguments)
