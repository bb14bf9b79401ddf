"""Test how a wait tells that it is over."""

import logging
from pathlib import Path

import pytest

from vantage6.client import Finished, InvalidInputError, ResultRows, Vantage6Error
from vantage6.client._display.notify import notifier

ROWS = ResultRows(
    [
        {"id": 1, "run": {"id": 1}, "result": "1"},  # type: ignore[list-item]
        {"id": 2, "run": {"id": 2}, "result": None},  # type: ignore[list-item]
    ],
    {"first": "", "self": ""},
    organizations={1: "IKNL", 2: "Maastro"},
)
DONE = Finished(12, "completed", ROWS)


def test_outcome_is_one_line() -> None:
    assert str(DONE) == "task 12 completed: 1 of 2 results"
    assert str(Finished(12, "completed", ROWS[:1])) == "task 12 completed: 1 of 1 results"
    failed = Finished(12, "crashed\x1b[2J", ROWS, Vantage6Error("run 1 crashed\n  | secret log"))
    assert "run 1 crashed" in str(failed)
    assert not {"\n", "\x1b"} & set(str(failed))


def test_function_is_called_and_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Finished] = []
    notifier(seen.append)(DONE)
    notifier(None)(DONE)
    assert seen == [DONE]

    def break_down(_: Finished) -> None:
        raise RuntimeError("no\nconnection")

    with caplog.at_level(logging.WARNING, "vantage6.client"):
        notifier(break_down)(DONE)
    assert caplog.messages[0].startswith("notify failed for task 12: no")
    assert "\n" not in caplog.messages[0]
    with pytest.raises(InvalidInputError, match="expected a function, 'desktop' or None, got 'x'"):
        notifier("x")  # type: ignore[arg-type]


@pytest.mark.posix
@pytest.mark.parametrize("program", ["notify-send", "osascript"])
def test_desktop_gets_the_texts_as_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InvalidInputError, match="requires notify-send or osascript on PATH"):
        notifier("desktop")
    script = tmp_path / program
    monkeypatch.setenv("VANTAGE6_CLIENT_SECRET", "the-client-secret")
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > "{tmp_path}/shown"\n'
        f'echo "$VANTAGE6_CLIENT_SECRET" > "{tmp_path}/secret"\n'
    )
    script.chmod(0o755)
    notifier("desktop")(Finished(12, "$(touch x)", ROWS))
    shown = (tmp_path / "shown").read_text().splitlines()
    assert shown[-2:] == ["vantage6", "task 12 $(touch x): 1 of 2 results"]
    assert (tmp_path / "secret").read_text() == "\n"
    assert not (tmp_path / "x").exists()
