"""Test where the client's messages are shown."""

import logging
import sys
from types import SimpleNamespace

import pytest

from vantage6.client._utils.logging import LOGGER, show_messages


@pytest.mark.parametrize("in_notebook", [True, False])
def test_notebook_shows_only_warnings_as_errors(
    in_notebook: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ipython = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=1))
    if in_notebook:
        monkeypatch.setitem(sys.modules, "IPython", ipython)
    # Pytest's own handlers would receive the messages.
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(LOGGER, "handlers", [])
    monkeypatch.setattr(LOGGER, "level", LOGGER.level)
    show_messages("info")
    LOGGER.info("Created task 16")
    LOGGER.warning("careful")
    shown = capsys.readouterr()
    assert shown.out == ("Created task 16\n" if in_notebook else "")
    assert shown.err == ("careful\n" if in_notebook else "Created task 16\ncareful\n")
