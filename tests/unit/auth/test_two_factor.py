"""Test the QR code of a second factor: shown to the user only."""

import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import segno

from tests.support.scripted_server import ScriptedServer
from vantage6.client import (
    Client,
    InvalidInputError,
    MissingDependencyError,
    TwoFactorSetupRequiredError,
    show_qr,
)
from vantage6.client._auth.two_factor import offer_qr

URI = "otpauth://totp/vantage6:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=vantage6"
CAPTION = "QR code: second factor of 'ada' at 'vantage6'"
SETUP = {"qr_uri": URI, "otp_secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "msg": "scan this"}


Output = pytest.CaptureFixture[str]


@pytest.fixture
def terminal(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> Output:
    """Make standard output look like a terminal."""
    # Of the class, since pytest goes on to another object when the test itself begins.
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    return capsys


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Simulate a notebook, and collect what it displays."""
    shown: list[Any] = []
    ipython: Any = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    display: Any = ModuleType("IPython.display")
    display.display = shown.append
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


@pytest.fixture
def without_segno(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "segno", None)


def squares(drawn: str) -> list[list[int]]:
    """Read what half blocks draw, light on dark: 1 for a dark square."""
    upper = [["█▀".find(sign) < 0 for sign in line] for line in drawn.splitlines()]
    lower = [["█▄".find(sign) < 0 for sign in line] for line in drawn.splitlines()]
    return [list(map(int, row)) for pair in zip(upper, lower, strict=True) for row in pair]


def test_terminal_shows_the_qr_code_in_fixed_colors(terminal: Output) -> None:
    show_qr(URI)
    printed = terminal.readouterr().out
    lines = printed.splitlines()
    assert lines.pop() == CAPTION
    assert all(line.startswith("\x1b[97;40m") and line.endswith("\x1b[0m") for line in lines)
    drawn = squares(re.sub(r"\x1b\[[\d;]+m", "", printed))
    wanted = [list(row) for row in segno.make_qr(URI).matrix_iter(border=4)]
    assert drawn[: len(wanted)] == wanted


def test_pipe_shows_the_qr_code_as_plain_text(capsys: Output) -> None:
    TwoFactorSetupRequiredError("set it up", uri=URI).show_qr()
    printed = capsys.readouterr().out
    assert "\x1b" not in printed
    assert squares(printed)[4][4:11] == [1] * 7, "the edge of the first corner's square"


def test_notebook_shows_an_image(shown: list[Any], capsys: Output) -> None:
    show_qr(URI)
    (picture,) = shown
    assert picture._repr_png_().startswith(b"\x89PNG")
    assert "GEZD" not in repr(picture)
    assert capsys.readouterr().out == f"{CAPTION}\n"


def test_missing_segno_names_the_extra(without_segno: None) -> None:
    with pytest.raises(MissingDependencyError, match=r"vantage6-sdk\[qr\]"):
        show_qr(URI)


def test_setup_is_shown_in_a_terminal(
    client: Client, server: ScriptedServer, terminal: Output
) -> None:
    server.reply = lambda _: (200, SETUP)
    with pytest.raises(TwoFactorSetupRequiredError, match="show_qr") as caught:
        client.authenticate("ada", "secret")
    assert caught.value.uri == URI
    at_login = terminal.readouterr().out
    assert "▀" in at_login
    caught.value.show_qr()
    assert terminal.readouterr().out == at_login
    assert client.util.set_two_factor_auth("token")["qr_uri"] == URI
    assert terminal.readouterr().out == at_login


def test_setup_is_not_shown_in_redirected_output(
    client: Client, server: ScriptedServer, capsys: Output
) -> None:
    server.reply = lambda _: (200, SETUP)
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        client.authenticate("ada", "secret")
    assert "GEZD" not in f"{caught.value} {caught.value!r}"
    assert capsys.readouterr().out == ""


def test_setup_is_shown_in_a_notebook(shown: list[Any]) -> None:
    offer_qr(URI)
    assert len(shown) == 1


def test_terminal_shows_the_setup_without_segno(without_segno: None, terminal: Output) -> None:
    offer_qr(URI)
    assert URI in terminal.readouterr().out


def test_oversized_address_does_not_hide_the_error(
    client: Client, server: ScriptedServer, terminal: Output
) -> None:
    server.reply = lambda _: (200, {**SETUP, "qr_uri": URI + "x" * 5000})
    with pytest.raises(TwoFactorSetupRequiredError):
        client.authenticate("ada", "secret")
    assert URI in terminal.readouterr().out
    with pytest.raises(InvalidInputError, match="fits into a QR code"):
        show_qr(URI + "x" * 5000)


OTHERS = [
    "https://elsewhere.example/scan-me",
    "otpauth://elsewhere.example/vantage6:ada?secret=GEZDGNBVGY3TQOJQ",
    "OTPAUTH",
    "http://[",
    "",
]


@pytest.mark.parametrize("other", OTHERS)
def test_notebook_shows_no_other_address(other: str, shown: list[Any], capsys: Output) -> None:
    offer_qr(other)
    with pytest.raises(InvalidInputError, match="expected the otpauth:// address"):
        show_qr(other)
    assert shown == []
    assert not other or other not in capsys.readouterr().out


@pytest.mark.parametrize("other", OTHERS)
def test_only_second_factors_are_drawn(
    other: str, client: Client, server: ScriptedServer, terminal: Output
) -> None:
    """The server chooses the address: a picture of it must not lead anywhere else."""
    server.reply = lambda _: (200, {**SETUP, "qr_uri": other})
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        client.authenticate("ada", "secret")
    with pytest.raises(InvalidInputError, match="expected the otpauth:// address"):
        caught.value.show_qr()
    with pytest.raises(InvalidInputError, match="expected the otpauth:// address"):
        show_qr(other)
    printed = terminal.readouterr().out
    assert printed.startswith("uri: expected the otpauth:// address of a second factor")
    assert not other or other not in printed
    assert "▀" not in printed


@pytest.mark.parametrize(
    ("label", "subject"),
    [
        ("totp/ada?secret=A", "'ada' at ''"),
        ("totp/Hospital%20A:%20ada?secret=A", "'ada' at 'Hospital A'"),
        ("hotp/Hospital:ada?secret=A&issuer=Other%0AQR%20code", r"'ada' at 'Other\nQR code'"),
    ],
)
def test_qr_code_names_its_account_and_issuer(label: str, subject: str, capsys: Output) -> None:
    show_qr(f"otpauth://{label}")
    assert capsys.readouterr().out.splitlines()[-1] == f"QR code: second factor of {subject}"
