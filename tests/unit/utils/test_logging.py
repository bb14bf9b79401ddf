"""Test where the client's messages are shown."""

import logging
import sys
from types import SimpleNamespace
from typing import cast

import pytest

from vantage6.client import Client, LogLevel
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


def test_client_leaves_the_root_logger_alone(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.level, list(root.handlers)
    client = Client("http://localhost", 7601, log_level="debug")
    assert (root.level, root.handlers) == before
    assert client.log is logging.getLogger("vantage6.client")
    assert capsys.readouterr() == ("", "")


def test_log_level_of_the_official_package_is_accepted() -> None:
    for level in LogLevel:
        for given in (level, level.value, level.value.lower()):
            client = Client("http://localhost", 7601, log_level=cast("str", given))
            assert client.log.level == getattr(logging, level.name)
