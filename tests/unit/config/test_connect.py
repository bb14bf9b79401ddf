"""Test connecting: failures show no secret, refreshed tokens are saved."""

import errno
import json
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.scripted_server import Request, ScriptedServer, token, with_login
from vantage6.client import (
    Client,
    ConnectionFailedError,
    CredentialsNotFoundError,
    LoginExpiredError,
    LoginFailedError,
)
from vantage6.client._auth.saved_login import read_login

NODE = {"id": 1, "name": "node"}
HUSH = "hush-" + "hush"


def with_locals(error: BaseException) -> str:
    """Show a traceback as those do that show the local variables of this package's frames."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(
        f"{frame.name} {frame.locals}" for frame in shown.stack if "facade" in frame.filename
    )


def in_argument(_: pytest.MonkeyPatch) -> dict[str, object]:
    return {"password": HUSH, "mfa_code": HUSH, "private_key_passphrase": HUSH}


def in_environment(patch: pytest.MonkeyPatch) -> dict[str, object]:
    for name in ("PASSWORD", "MFA_CODE", "PRIVATE_KEY_PASSPHRASE"):
        patch.setenv(f"VANTAGE6_{name}", HUSH)
    return {}


def typed(patch: pytest.MonkeyPatch) -> dict[str, object]:
    patch.setattr("vantage6.client._auth.prompt.can_ask", lambda: True)
    patch.setattr("vantage6.client._config.plan.can_ask", lambda: True)
    patch.setattr("vantage6.client._sync.core.connect.can_ask", lambda: True)
    patch.setattr("vantage6.client._sync.core.connect.find_password", lambda *_: None)
    patch.setattr("getpass.getpass", lambda _: HUSH)
    return {}


@pytest.mark.parametrize("given", [in_argument, in_environment, typed])
def test_rejected_login_shows_no_secret(
    given: Callable[[pytest.MonkeyPatch], dict[str, object]],
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.reply = lambda _: (401, {"msg": "Failed to login"})
    address = f"http://127.0.0.1:{server.port}"
    options = given(monkeypatch)
    with pytest.raises(LoginFailedError) as caught:
        Client.from_env(server=address, username="ada", log_level=None, **options)  # type: ignore[arg-type]
    assert server.seen[0].body["password"] == HUSH
    shown = with_locals(caught.value)
    assert "from_env" in shown
    assert HUSH not in shown


def test_refreshed_tokens_are_saved(
    client: Client,
    server: ScriptedServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expired: list[Request] = []

    def node(request: Request) -> tuple[int, object]:
        if not expired:
            expired.append(request)
            return 401, {"msg": "Token has expired"}
        return 200, NODE

    server.reply = with_login(node)
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    before = read_login(file)
    assert client.node.get(1) == NODE
    after = read_login(file)
    assert after.access_token == client.token != before.access_token
    expired.clear()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert client.node.get(1) == NODE, "the work goes on"
    assert f"cannot save the login to {file}: no space left" in caplog.text
    assert read_login(file) == after
    expired.clear()
    assert client.node.get(1) == NODE
    assert read_login(file).access_token == client.token, "not the older one in the file"


def test_expired_saved_login_is_reported(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    with Client.from_saved_login(file, log_level=None) as other:
        server.reply = lambda _: (401, {"msg": "Token has expired"})
        with pytest.raises(LoginExpiredError):
            other.node.get(1)
    now = time.time()
    kept = {**json.loads(file.read_text()), "access_token": token(now - 9, now - 1), "renew_in": 5}
    file.write_text(json.dumps(kept))
    with pytest.raises(CredentialsNotFoundError, match=r"password of .*: expected one"):
        Client.from_saved_login(file, log_level=None)


def test_auto_relogin_works_for_every_kind_of_login(
    client: Client, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired: list[str] = []

    def reply(request: Request) -> tuple[int, object]:
        if request.path == "/api/token/refresh" or (request.path == "/api/node/1" and expired):
            expired[:] = []
            return 401, {"msg": "Token has expired"}
        return usual(request)

    usual = with_login(lambda _: (200, NODE))
    server.reply = reply
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    monkeypatch.setenv("VANTAGE6_SERVER", client.base_path)
    monkeypatch.setenv("VANTAGE6_USERNAME", "researcher")
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    for connect in (
        lambda auto_relogin: Client.from_env(auto_relogin=auto_relogin, log_level=None),
        lambda auto_relogin: Client.from_saved_login(
            file, auto_relogin=auto_relogin, save=False, log_level=None
        ),
    ):
        for auto_relogin in (True, False):
            with connect(auto_relogin) as made:
                logins = server.paths.count("POST /api/token/user")
                expired.append("now")
                if auto_relogin:
                    assert made.node.get(1) == NODE
                else:
                    with pytest.raises(LoginExpiredError):
                        made.node.get(1)
                assert server.paths.count("POST /api/token/user") == logins + auto_relogin
    monkeypatch.delenv("VANTAGE6_PASSWORD")
    with pytest.raises(CredentialsNotFoundError, match=r"password of .*: expected one"):
        Client.from_saved_login(file, auto_relogin=True, log_level=None)


def test_saved_login_over_plain_http_warns(
    client: Client, server: ScriptedServer, tmp_path: Path
) -> None:
    server.reply = with_login(lambda _: (200, NODE))
    client.authenticate("researcher", "secret")
    file = client.saved_login.save(tmp_path / "login.json")
    far = {**json.loads(file.read_text()), "server": "http://server.invalid/api"}
    file.write_text(json.dumps(far))
    with (
        pytest.warns(UserWarning, match="got plain http"),
        pytest.raises(ConnectionFailedError),
    ):
        Client.from_saved_login(file, log_level=None, max_retries=0, proxy="http://127.0.0.1:1")
