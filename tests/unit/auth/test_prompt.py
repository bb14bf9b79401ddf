"""Test when the user can be prompted for a password."""

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

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
