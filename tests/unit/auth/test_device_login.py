"""Test what users see of a login with a code: terminal, notebook, browser, and interruptions."""

import asyncio
import threading
import time
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_realm import PENDING, ScriptedRealm, refusal
from tests.support.scripted_server import ScriptedServer
from vantage6.client import AsyncClient, Client, DeviceCode, LoginFailedError, NotAuthenticatedError
from vantage6.client._auth import present
from vantage6.client._auth.present import ELSEWHERE, DevicePresenter, can_open_browser
from vantage6.client._sync.core import auth

CODE = DeviceCode(
    "https://auth.example/device",
    "https://auth.example/device?user_code=ABCD-EFGH",
    "ABCD-EFGH",
    600,
    "auth.example",
)


@pytest.fixture
def realm(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedRealm:
    monkeypatch.setattr(auth, "sleep", lambda _: None)
    return ScriptedRealm(server)


@pytest.fixture
def client(realm: ScriptedRealm, tmp_path: Path) -> Any:
    known = tmp_path / "known"
    with Client(realm.url, auth_url=realm.url, log_level=None, known_organizations=known) as client:
        yield client


# ---- a code that expires ------------------------------------------------------------------------
@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand for a user in a terminal, who enters these lines."""
    lines: list[str] = []
    monkeypatch.setattr(present, "can_ask", lambda: True)
    monkeypatch.setattr("builtins.input", lambda: lines.pop(0))
    return lines


def test_expired_code_is_replaced_if_the_user_wants_another(
    client: Client, realm: ScriptedRealm, terminal: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    realm.token_replies = [refusal("expired_token"), (400, PENDING), refusal("expired_token"), None]
    terminal += ["", ""]
    client.authenticate(open_browser=False)
    assert client.name == "ada"
    told = capsys.readouterr().err
    assert told.count("with the code ABCD-EFGH") == 3
    assert told.count("The code has expired. Press Enter for another one") == 2


def test_expired_code_ends_the_login_if_the_user_wants_no_other(
    client: Client, realm: ScriptedRealm, terminal: list[str]
) -> None:
    realm.token_replies = [refusal("expired_token")]
    terminal.append("q")
    with pytest.raises(LoginFailedError, match="expired before it was entered"):
        client.authenticate(open_browser=False)


def test_expired_code_of_a_program_is_an_error_at_once(
    client: Client, realm: ScriptedRealm, terminal: list[str]
) -> None:
    """Nobody is asked in a terminal if the program shows the code elsewhere."""
    realm.token_replies = [refusal("expired_token")]
    with pytest.raises(LoginFailedError, match=r"Call authenticate\(\) for a new code"):
        client.authenticate(show=lambda _: None, open_browser=False)


# ---- interruptions ------------------------------------------------------------------------------
class Presenter(DevicePresenter):
    """Notes whether a code is shown."""

    shown = 0

    def show(self, code: DeviceCode) -> None:
        type(self).shown += 1

    def end(self) -> None:
        type(self).shown -= 1


@pytest.fixture
def presenter(monkeypatch: pytest.MonkeyPatch) -> type[Presenter]:
    monkeypatch.setattr(present, "DevicePresenter", Presenter)
    Presenter.shown = 0
    return Presenter


def test_interrupt_ends_the_login(
    client: Client,
    realm: ScriptedRealm,
    presenter: type[Presenter],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_: float) -> None:
        assert presenter.shown == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(auth, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        client.authenticate()
    assert presenter.shown == 0, "the code was removed from view"
    with pytest.raises(NotAuthenticatedError):
        _ = client.whoami
    monkeypatch.setattr(auth, "sleep", lambda _: None)
    client.authenticate()
    assert client.name == "ada"


async def test_cancellation_ends_the_login_and_asyncio_is_not_blocked(
    realm: ScriptedRealm, presenter: type[Presenter]
) -> None:
    async with AsyncClient(realm.url, auth_url=realm.url, log_level=None) as client:
        login = asyncio.create_task(client.authenticate())
        for _ in range(500):  # other tasks run meanwhile
            await asyncio.sleep(0.01)
            if presenter.shown:
                break
        assert presenter.shown == 1
        login.cancel()
        with pytest.raises(asyncio.CancelledError):
            await login
        assert presenter.shown == 0
        assert realm.forms == [], "it waits before it asks"


# ---- notebooks and terminals --------------------------------------------------------------------
def test_notebook_keeps_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, content: object) -> None:
            shown[:] = [repr(content)]

    def display(content: object, **_: object) -> Handle:
        shown.append(repr(content))
        return Handle()

    monkeypatch.setattr(present, "is_notebook", lambda: True)
    monkeypatch.setattr(present, "display", display)
    monkeypatch.setattr(present, "_draw", lambda _: None)
    presenter = DevicePresenter(open_browser=False)
    presenter.show(CODE)
    assert "ABCD-EFGH" in shown[0]
    presenter.end()
    assert shown == ["The login has ended."]


def test_text_names_address_code_minutes_and_host(capsys: pytest.CaptureFixture[str]) -> None:
    DevicePresenter(open_browser=False).show(CODE)
    out, told = capsys.readouterr()
    assert not out
    for part in (CODE.url, "ABCD-EFGH", "10 min", "only if you started this login to auth.example"):
        assert part in told


# ---- browsers -----------------------------------------------------------------------------------
@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Stand for a machine with a display, without anything that speaks against a browser."""
    for name in (*ELSEWHERE, "BROWSER", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(present, "CONTAINERS", ())
    monkeypatch.setattr(present.sys, "platform", "linux")
    return monkeypatch


def test_browser_is_opened_where_there_is_a_display(desktop: pytest.MonkeyPatch) -> None:
    assert can_open_browser()
    desktop.delenv("DISPLAY")
    assert not can_open_browser()
    desktop.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert can_open_browser()
    desktop.delenv("WAYLAND_DISPLAY")
    desktop.setenv("BROWSER", "firefox")
    assert can_open_browser()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_browser_is_opened_where_nobody_sees_it(desktop: pytest.MonkeyPatch, name: str) -> None:
    desktop.setenv(name, "something")
    desktop.setenv("BROWSER", "firefox")
    assert not can_open_browser()


def test_no_browser_is_opened_in_a_container(desktop: pytest.MonkeyPatch, tmp_path: Path) -> None:
    desktop.setattr(present, "CONTAINERS", (str(tmp_path),))
    assert not can_open_browser()


def open_in(
    monkeypatch: pytest.MonkeyPatch, browser: Any, code: DeviceCode = CODE, **options: Any
) -> None:
    """Show a code, and wait until a browser has been opened or not."""
    monkeypatch.setattr(webbrowser, "get", browser)
    DevicePresenter(lambda _: None, **options).show(code)
    for thread in threading.enumerate():
        if thread.name == "vantage6-browser":
            thread.join()


class Browser(webbrowser.BaseBrowser):
    """Notes what it opens."""

    def __init__(self, name: str = "firefox") -> None:
        super().__init__(name)
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


def test_browser_opens_the_page_with_the_code(desktop: pytest.MonkeyPatch) -> None:
    browser = Browser()
    open_in(desktop, lambda: browser)
    assert browser.opened == [CODE.url_with_code]
    open_in(desktop, lambda: browser, open_browser=False)
    desktop.setenv("SSH_TTY", "/dev/pts/1")
    open_in(desktop, lambda: browser)
    assert len(browser.opened) == 1
    open_in(desktop, lambda: browser, open_browser=True)
    assert len(browser.opened) == 2, "where the guess is wrong"


@pytest.mark.parametrize("name", ["lynx", "/usr/bin/w3m", "www-browser"])
def test_text_browser_is_not_opened(desktop: pytest.MonkeyPatch, name: str) -> None:
    browser = Browser(name)
    open_in(desktop, lambda: browser)
    assert browser.opened == []


def fail(error: Exception) -> Callable[[], Any]:
    def get() -> Any:
        raise error

    return get


def test_browser_variable_is_heeded(desktop: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, opened = tmp_path / "program", tmp_path / "opened"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    program.chmod(0o700)
    desktop.setenv("BROWSER", str(program))
    desktop.setattr(webbrowser, "_tryorder", None)  # it is read once
    DevicePresenter(lambda _: None).show(CODE)
    until = time.monotonic() + 10
    while not opened.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert opened.read_text().strip() == CODE.url_with_code


@pytest.mark.parametrize("is_elsewhere", [False, True])
def test_qr_code_stands_beside_the_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_elsewhere: bool
) -> None:
    monkeypatch.setattr(present.sys.stderr, "isatty", lambda: True)
    code = replace(CODE, host="elsewhere.example") if is_elsewhere else CODE
    DevicePresenter(open_browser=False).show(code)
    out, error = capsys.readouterr()
    assert not out
    assert code.url in error
    assert code.user_code in error
    assert any(block in error for block in "█▀▄") != is_elsewhere, "only the realm's own page"


def test_failing_browser_is_a_line_and_no_error(
    desktop: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "vantage6.client"):
        open_in(desktop, fail(webbrowser.Error("no runnable browser")))
    assert "no runnable browser" in caplog.text


def test_page_of_another_host_is_not_opened(desktop: pytest.MonkeyPatch) -> None:
    browser = Browser()
    elsewhere = DeviceCode("https://evil.example/device", None, "ABCD-EFGH", 600, "auth.example")
    open_in(desktop, lambda: browser, elsewhere, open_browser=True)
    assert browser.opened == []


def test_windows_opens_the_page_for_its_linux(desktop: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    program = tmp_path / "wslview"
    program.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    program.chmod(0o755)
    desktop.setenv("WSL_DISTRO_NAME", "Debian")
    desktop.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    open_in(desktop, fail(webbrowser.Error("none")))
    assert opened.read_text().strip() == CODE.url_with_code
