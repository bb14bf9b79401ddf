"""Test logins and tokens: where they are sent, when they are refreshed, when they end."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, repeat
from types import FunctionType, ModuleType

import httpx
import pytest

from tests.support.scripted_realm import ScriptedRealm
from tests.support.scripted_server import PassTime, Reply, Request, ScriptedServer, with_login
from vantage6.client import (
    AsyncClient,
    Client,
    ConnectionFailedError,
    InvalidInputError,
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    PermissionDeniedError,
    ServerError,
    StatusError,
    TwoFactorRequiredError,
)
from vantage6.client._auth.bearer import MAX_SENDS
from vantage6.client._auth.password import RefreshOnly
from vantage6.client._auth.tokens import Tokens, claims
from vantage6.client._backend.v4 import V4
from vantage6.client._sync.core.auth import ClientAuth

NODE = {"id": 1, "name": "node"}


def log_in(client: Client, server: ScriptedServer) -> None:
    client.authenticate("researcher", "secret")
    server.seen.clear()


def mark(request: Request) -> object:
    """Return which of the access tokens a request carries."""
    return claims(request.authorization or "").get("mark")


def renewals(server: ScriptedServer) -> int:
    return server.paths.count("POST /api/token/refresh")


def expiring(*refused: int) -> Callable[[Request], Reply]:
    """Answer the node, but these requests for it (from 1) with: the token has expired."""
    number = count(1)

    def reply(_: Request) -> Reply:
        return (401, {"msg": "Token has expired"}) if next(number) in refused else (200, NODE)

    return reply


def test_login_signs_later_requests(client: Client, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret", 123)
    assert client.whoami.id_ == 7
    assert (client.name, client.whoami.organization_name) == ("Ada", "IKNL")
    client.node.get(1)
    assert server.seen[0].body == {
        "username": "researcher",
        "password": "secret",
        "mfa_code": "000123",
    }
    assert server.seen[0].authorization is None
    assert [mark(request) for request in server.seen[1:]] == ["access-1"] * 3
    assert client.headers == {"Authorization": f"Bearer {client.token}"}


def test_requests_before_login_are_unsigned(client: Client, server: ScriptedServer) -> None:
    server.reply = lambda _: (401, {"msg": "Missing Authorization Header"})
    assert client.token is None
    assert client.headers == {}
    with pytest.raises(NotAuthenticatedError, match="authenticate"):
        client.node.get(1)
    with pytest.raises(NotAuthenticatedError):
        _ = client.whoami
    assert not hasattr(client, "name")
    assert server.seen[0].authorization is None


def test_rejected_login_keeps_the_previous_one(client: Client, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    log_in(client, server)
    answer = server.reply
    server.reply = lambda _: (401, {"msg": "Failed to login"})
    with pytest.raises(LoginFailedError, match="Failed to login") as caught:
        client.authenticate("researcher", "hush-hush")
    assert "hush-hush" not in str(caught.value)
    assert "locked" in str(caught.value), "the server does not tell which it is"
    assert client.name == "Ada"
    server.reply = answer
    assert client.node.get(1) == NODE


@pytest.mark.parametrize("stuck", ["/api/user/7", "/api/organization/3"])
def test_interrupted_login_keeps_the_previous_one(
    client: Client, server: ScriptedServer, stuck: str
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    log_in(client, server)
    before = client.token, client.whoami
    answer = server.reply
    server.reply = lambda request: (
        (500, {"msg": "oops"}) if request.path == stuck else answer(request)
    )
    with pytest.raises(ServerError, match="oops"):
        client.authenticate("other", "secret")
    assert (client.token, client.whoami) == before


def test_login_without_permission_to_view_organization(
    client: Client, server: ScriptedServer
) -> None:
    answer = with_login(lambda _: (200, NODE))
    server.reply = lambda request: (
        (401, {"msg": "You do not have permission to do that!"})
        if request.path == "/api/organization/3"
        else answer(request)
    )
    client.authenticate("researcher", "secret")
    assert (client.whoami.organization_id, client.whoami.organization_name) == (3, "")
    assert client.node.get(1) == NODE


# -- the second factor -----------------------------------------------------------------------------
def asking_for_a_code(server: ScriptedServer) -> None:
    """Make the server require a second factor, and accept any code."""
    answer = with_login(lambda _: (200, NODE))

    def reply(request: Request) -> Reply:
        if request.path == "/api/token/user" and not request.body.get("mfa_code"):
            return 200, {"msg": "Please include your two-factor authentication code"}
        return answer(request)

    server.reply = reply


def test_function_supplies_the_code(client: Client, server: ScriptedServer) -> None:
    asking_for_a_code(server)
    codes = iter([1234])
    client.authenticate("researcher", "secret", lambda: next(codes))
    first, second = (request.body for request in server.seen[:2])
    assert "mfa_code" not in first
    assert second["mfa_code"] == "001234"


async def test_async_function_supplies_the_code(server: ScriptedServer) -> None:
    asking_for_a_code(server)

    async def supply() -> str:
        await asyncio.sleep(0)
        return "123 456"

    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret", supply)
        assert server.seen[1].body["mfa_code"] == "123456"
        await client.authenticate("researcher", "secret", lambda: "654321")
        assert client.name == "Ada"


def test_function_is_not_called_without_two_factor(client: Client, server: ScriptedServer) -> None:
    def supply() -> str:
        raise AssertionError("no code was requested")

    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret", supply)
    server.reply = lambda _: (401, {"msg": "Failed to login"})
    with pytest.raises(LoginFailedError):
        client.authenticate("researcher", "wrong", supply)


async def awaited() -> str:
    return "123456"


@pytest.mark.parametrize(("supply", "said"), [(awaited, "AsyncClient"), (lambda: None, "NoneType")])
def test_invalid_code_is_not_sent(
    client: Client, server: ScriptedServer, supply: Callable[[], str], said: str
) -> None:
    asking_for_a_code(server)
    with pytest.raises(InvalidInputError, match=said):
        client.authenticate("researcher", "secret", supply)
    assert len(server.seen) == 1


def test_wrong_code_differs_from_wrong_password(client: Client, server: ScriptedServer) -> None:
    server.reply = lambda _: (401, {"msg": "Your two-factor authentication code is incorrect!"})
    with pytest.raises(LoginFailedError, match="clock") as caught:
        client.authenticate("researcher", "secret", "123456")
    assert "locked" not in str(caught.value)


def test_expired_reset_token_is_not_an_expired_login(
    client: Client, server: ScriptedServer
) -> None:
    server.reply = lambda _: (401, {"msg": "Token has expired"})
    for call in (
        lambda: client.util.set_my_password("old", "New-Secret-1"),
        lambda: client.util.set_two_factor_auth("old"),
    ):
        with pytest.raises(LoginFailedError, match="another email"):
            call()


def test_interrupted_login_leaves_a_printable_client(
    client: Client, server: ScriptedServer
) -> None:
    tokens = with_login(lambda _: (200, NODE))

    def reply(request: Request) -> Reply:
        return (500, {"msg": "oops"}) if request.path == "/api/user/7" else tokens(request)

    server.reply = reply
    with pytest.raises(ServerError, match="oops"):
        client.authenticate("researcher", "secret")
    assert repr(client) == f"<Client of http://127.0.0.1:{server.port}/api>"


def test_token_is_refreshed_before_it_expires(
    client: Client, server: ScriptedServer, pass_time: PassTime
) -> None:
    server.reply = with_login(lambda _: (200, NODE), lives=[600])
    log_in(client, server)
    pass_time(600)
    client.node.get(1)
    client.node.get(1)
    assert server.paths == ["POST /api/token/refresh", "GET /api/node/1", "GET /api/node/1"]
    assert server.seen[0].authorization == "Bearer refresh-1"
    assert [mark(request) for request in server.seen[1:]] == ["access-2"] * 2


def test_rejected_token_is_refreshed_and_the_request_repeated(
    client: Client,
    server: ScriptedServer,
) -> None:
    server.reply = with_login(expiring(1))
    log_in(client, server)
    assert client.node.get(1) == NODE
    assert server.paths == ["GET /api/node/1", "POST /api/token/refresh", "GET /api/node/1"]
    assert mark(server.seen[2]) == "access-2"


def test_token_is_refreshed_once_per_request(client: Client, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (401, {"msg": "Token has expired"}))
    log_in(client, server)
    with pytest.raises(LoginExpiredError, match="authenticate"):
        client.node.get(1)
    assert renewals(server) == 1


def expiring_in_transit(pass_time: PassTime, times: int) -> Callable[[Request], Reply]:
    """Answer the node, but so many times first only when the token has expired."""
    number = count(1)

    def reply(_: Request) -> Reply:
        if (asked := next(number)) > times:
            return 200, NODE
        pass_time(600 * asked)
        return 401, {"msg": "Token has expired"}

    return with_login(reply, lives=repeat(600))


def test_token_expiring_twice_in_transit_is_refreshed_twice(
    client: Client, server: ScriptedServer, pass_time: PassTime
) -> None:
    server.reply = expiring_in_transit(pass_time, 2)
    log_in(client, server)
    assert client.node.get(1) == NODE
    assert renewals(server) == 2


async def test_token_expiring_twice_in_transit_is_refreshed_twice_async(
    server: ScriptedServer, pass_time: PassTime
) -> None:
    server.reply = expiring_in_transit(pass_time, 2)
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        assert await client.node.get(1) == NODE
    assert renewals(server) == 2


def test_tokens_always_expiring_in_transit_end_the_login(
    client: Client, server: ScriptedServer, pass_time: PassTime
) -> None:
    server.reply = expiring_in_transit(pass_time, 100)
    log_in(client, server)
    with pytest.raises(LoginExpiredError, match="authenticate"):
        client.node.get(1)
    assert renewals(server) == MAX_SENDS - 1


def test_token_age_counts_from_its_request(
    client: Client, server: ScriptedServer, pass_time: PassTime
) -> None:
    tokens = with_login(lambda _: (200, NODE), lives=repeat(600))

    def reply(request: Request) -> Reply:
        if request.path == "/api/token/user":
            pass_time(600)
        return tokens(request)

    server.reply = reply
    client.authenticate("researcher", "secret")
    client.node.get(1)
    assert renewals(server) == 1, "before it would have been refused"


def test_missing_permission_does_not_refresh(client: Client, server: ScriptedServer) -> None:
    server.reply = with_login(lambda _: (401, {"msg": "You lack the permission to do that!"}))
    log_in(client, server)
    with pytest.raises(PermissionDeniedError, match="lack the permission"):
        client.node.get(1)
    assert server.paths == ["GET /api/node/1"]


@pytest.mark.parametrize(
    "refusal",
    [(401, {"msg": "Token has expired"}), (422, {"msg": "Signature verification failed"})],
)
def test_failed_refresh_ends_the_login(
    client: Client, server: ScriptedServer, refusal: Reply
) -> None:
    tokens = with_login(expiring(1))

    def reply(request: Request) -> Reply:
        return refusal if request.path.endswith("/refresh") else tokens(request)

    server.reply = reply
    log_in(client, server)
    with pytest.raises(LoginExpiredError, match="authenticate"):
        client.node.get(1)


def test_many_threads_refresh_once(
    client: Client, server: ScriptedServer, pass_time: PassTime
) -> None:
    server.reply = with_login(lambda _: (200, NODE), lives=[600])
    log_in(client, server)
    pass_time(600)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(client.node.get, [1] * 32)) == [NODE] * 32
    assert renewals(server) == 1
    assert {mark(r) for r in server.seen if r.method == "GET"} == {"access-2"}


def test_many_threads_with_expired_token_refresh_once(
    client: Client, server: ScriptedServer
) -> None:
    server.reply = with_login(
        lambda request: (
            (401, {"msg": "Token has expired"}) if mark(request) == "access-1" else (200, NODE)
        )
    )
    log_in(client, server)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(client.node.get, [1] * 32)) == [NODE] * 32
    assert renewals(server) == 1


async def test_many_tasks_refresh_once(server: ScriptedServer, pass_time: PassTime) -> None:
    server.reply = with_login(
        lambda request: (
            (401, {"msg": "Token has expired"}) if mark(request) == "access-2" else (200, NODE)
        ),
        lives=[600],
    )
    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret")
        pass_time(600)
        rows = await asyncio.gather(*[client.node.get(1) for _ in range(32)])
    assert rows == [NODE] * 32
    assert renewals(server) == 2, "once before it expired, once when told that it had"


def test_token_is_sent_to_the_server_only() -> None:
    auth = ClientAuth("https://server.example/api", RefreshOnly(), V4().rejects_token)
    auth.tokens = Tokens("access", "refresh", float("inf"))
    signed = {}
    for url in (
        "https://server.example/api/node",
        "https://server.example:443/elsewhere",
        "http://server.example/api/node",
        "https://server.example:444/api/node",
        "https://server.example.evil.org/api/node",
    ):
        flow = auth.sync_auth_flow(httpx.Request("GET", url))
        signed[url] = "Authorization" in next(flow).headers
    assert list(signed.values()) == [True, True, False, False, False]


def test_login_of_another_organization_drops_the_key(
    client: Client, server: ScriptedServer
) -> None:
    organizations = iter([3, 4])

    def others(request: Request) -> Reply:
        return 200, {"id": 4, "name": "Maastro"}

    tokens = with_login(others)

    def reply(request: Request) -> Reply:
        if request.path == "/api/user/7":
            return 200, {"id": 7, "firstname": "Ada", "organization": {"id": next(organizations)}}
        return tokens(request)

    server.reply = reply
    log_in(client, server)
    session = client.task._core  # pyright: ignore[reportPrivateUsage]
    session.state.private_key = object()  # type: ignore[assignment]
    client.authenticate("other", "secret")
    assert client.whoami.organization_id == 4
    assert session.private_key is None


def test_secrets_are_not_shown(
    client: Client, server: ScriptedServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    caplog.set_level("DEBUG", logger="vantage6.client")
    log_in(client, server)
    shown = [repr(client), str(client), caplog.text, repr(client.task), repr(client.whoami)]
    server.reply = lambda _: (500, {"msg": "oops"})
    for call in (lambda: client.node.get(1), lambda: client.authenticate("u", "hush-password")):
        with pytest.raises(Exception, match="oops") as caught:
            call()
        shown += [str(caught.value), repr(caught.value)]
    everything = "\n".join(shown)
    assert client.token
    for secret in (client.token, "refresh-1", "hush-password", "secret"):
        assert secret not in everything


def test_unreachable_server_is_not_an_expired_login() -> None:
    with (
        Client("http://127.0.0.1", 1, log_level=None) as client,
        pytest.raises(ConnectionFailedError, match="cannot connect"),
    ):
        client.authenticate("researcher", "secret")


# -- staying ---------------------------------------------------------------------------------------
def expiring_login(
    server: ScriptedServer, *, code: bool = False, login: Reply | None = None
) -> None:
    """Refuse each renewal, once logged in, and the first login's token."""
    tokens = with_login(
        lambda r: (401, {"msg": "Token has expired"}) if mark(r) == "access-1" else (200, NODE)
    )

    def reply(request: Request) -> Reply:
        if request.path.endswith("/refresh"):
            return 401, {"msg": "Token has expired"}
        if request.path == "/api/token/user":
            if login:
                return login
            if code and not request.body.get("mfa_code"):
                return 200, {"msg": "Please include your two-factor authentication code"}
        return tokens(request)

    server.reply = reply


def test_auto_relogin(client: Client, server: ScriptedServer) -> None:
    expiring_login(server)
    client.authenticate("researcher", "secret", auto_relogin=True)
    server.seen.clear()
    assert client.node.get(1) == NODE
    assert server.paths == [
        "GET /api/node/1",
        "POST /api/token/refresh",
        "POST /api/token/user",
        "GET /api/node/1",
    ]
    assert server.seen[2].authorization is None
    assert "secret" not in repr(client._core.auth.strategy)  # type: ignore[attr-defined]
    client.refresh_token()
    assert server.paths[4:] == ["POST /api/token/refresh", "POST /api/token/user"]


def test_no_relogin_without_auto_relogin(client: Client, server: ScriptedServer) -> None:
    expiring_login(server)
    client.authenticate("researcher", "secret", auto_relogin=True)
    client.authenticate("researcher", "secret")
    server.seen.clear()
    for _ in range(2):
        with pytest.raises(LoginExpiredError):
            client.refresh_token()
    assert server.paths == ["POST /api/token/refresh"] * 2


def test_relogin_requests_the_code_again(client: Client, server: ScriptedServer) -> None:
    expiring_login(server, code=True)
    codes = iter(["111111", "222222"])
    client.authenticate("researcher", "secret", lambda: next(codes), auto_relogin=True)
    assert client.node.get(1) == NODE
    given = [r.body.get("mfa_code") for r in server.seen if r.path == "/api/token/user"]
    assert given == [None, "111111", None, "222222"]


def test_relogin_does_not_reuse_a_code(client: Client, server: ScriptedServer) -> None:
    expiring_login(server, code=True)
    client.authenticate("researcher", "secret", "111111", auto_relogin=True)
    with pytest.raises(TwoFactorRequiredError):
        client.node.get(1)
    assert [r.body.get("mfa_code") for r in server.seen if r.path == "/api/token/user"] == [
        "111111",
        None,
    ]


def held(value: object, text: str) -> list[str]:
    """Return where the objects of a client hold a text."""
    found, seen, pending = list[str](), set[int](), [("client", value)]
    while pending:
        place, each = pending.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, str | bytes):
            found += [place] if text in str(each) else []
        elif isinstance(each, dict):
            pending += [(f"{place}[{key!r}]", item) for key, item in each.items()]
        elif isinstance(each, list | tuple | set | frozenset):
            pending += [(f"{place}[]", item) for item in each]
        elif isinstance(each, partial):
            pending += [(f"{place}()", (each.func, each.args, each.keywords))]
        elif isinstance(each, FunctionType):
            cells = [cell.cell_contents for cell in each.__closure__ or ()]
            pending += [(f"{place}()", cells)]
        else:
            slots = [name for kind in type(each).__mro__ for name in getattr(kind, "__slots__", ())]
            own = {name: getattr(each, name, None) for name in slots if isinstance(name, str)}
            pending += [(f"{place}.{key}", item) for key, item in {**own, **_vars(each)}.items()]
    return found


def _vars(value: object) -> dict[str, object]:
    return {} if isinstance(value, type | ModuleType) else getattr(value, "__dict__", {})


@pytest.mark.parametrize("is_kept", [False, True])
def test_password_is_not_kept_unless_it_is_needed_again(
    server: ScriptedServer, is_kept: bool
) -> None:
    for is_hq in (False, True):
        server.reply = with_login(lambda _: (404, {"msg": "not here"}))
        auth_url = ScriptedRealm(server).url if is_hq else None
        url = f"http://127.0.0.1:{server.port}"
        with Client(url, auth_url=auth_url, log_level=None) as client:
            code = None if is_hq else "987654"
            client.authenticate("ada", "hush-password", code, auto_relogin=is_kept)
            assert held(client, "refresh-1"), "the search finds what is kept"
            assert bool(held(client, "hush-password")) is is_kept
            assert not held(client, "987654")


def test_relogin_tries_a_wrong_password_once(client: Client, server: ScriptedServer) -> None:
    expiring_login(server)
    client.authenticate("researcher", "secret", auto_relogin=True)
    expiring_login(server, login=(401, {"msg": "Failed to login"}))
    with pytest.raises(LoginFailedError):
        client.refresh_token()
    for _ in range(2):
        with pytest.raises(LoginExpiredError):
            client.refresh_token()
    assert server.paths.count("POST /api/token/user") == 2


async def test_many_tasks_relogin_once(server: ScriptedServer) -> None:
    expiring_login(server, code=True)

    async def supply() -> str:
        return "111111"

    async with AsyncClient("http://127.0.0.1", server.port, log_level=None) as client:
        await client.authenticate("researcher", "secret", supply, auto_relogin=True)
        server.seen.clear()
        rows = await asyncio.gather(*[client.node.get(1) for _ in range(16)])
    assert rows == [NODE] * 16
    assert server.paths.count("POST /api/token/user") == 2, "without a code, then with it"


def test_redirect_does_not_leak_credentials(
    client: Client, server: ScriptedServer, store: ScriptedServer
) -> None:
    away = {"location": f"http://127.0.0.1:{store.port}/api/node/1"}
    server.reply = with_login(lambda _: (307, b"", away))
    log_in(client, server)
    with pytest.raises(StatusError, match=str(store.port)):
        client.node.get(1)
    server.reply = lambda _: (307, b"", away)
    with pytest.raises(StatusError, match=str(store.port)):
        client.authenticate("researcher", "secret")
    assert not store.connections


def test_password_over_plain_http_warns() -> None:
    with Client("http://server.invalid", None, log_level=None, max_retries=0) as client:
        for call in (
            lambda: client.authenticate("researcher", "secret"),
            lambda: client.util.change_my_password("secret", "New-Secret-1"),
            lambda: client.util.set_my_password("token", "New-Secret-1"),
            lambda: client.util.reset_two_factor_auth("secret", username="ada"),
        ):
            with pytest.warns(UserWarning, match="plain http") as caught:
                with pytest.raises(ConnectionFailedError):
                    call()
            assert caught[0].filename == __file__
