"""Test when the user can be prompted for a password, and how long a keyring may take."""

import io
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.fake_keyring import fake_keyring
from vantage6.client._auth import keyring
from vantage6.client._auth.prompt import can_ask

KERNEL = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=None))
SHELL = SimpleNamespace(get_ipython=lambda: SimpleNamespace())


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    ("stdin", "ipython", "expected"),
    [
        (SimpleNamespace(isatty=lambda: True), None, True),
        (io.StringIO("hush"), None, False),
        (closed(), None, False),
        (None, None, False),
        (None, KERNEL, True),
        (io.StringIO(), SHELL, False),
        (SimpleNamespace(isatty=lambda: True), SHELL, True),
    ],
)
def test_prompt_is_available_in_terminal_and_notebook(
    stdin: Any, ipython: Any, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert can_ask() is expected


def test_keyring_that_does_not_respond_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keyring, "SECONDS", 0.1)
    done = threading.Event()
    with fake_keyring() as backend:
        monkeypatch.setattr(backend, "get_password", lambda *_: done.wait(30))
        assert keyring.find_password("https://server.example/api", "ada") is None
    assert "did not respond within 0.1 s" in caplog.text
    done.set()


def test_keyring_is_not_imported_at_the_start() -> None:
    command = "import sys; from vantage6.client import Client; Client('https://x.example'); "
    subprocess.run(
        [sys.executable, "-c", command + "assert 'keyring' not in sys.modules"], check=True
    )
