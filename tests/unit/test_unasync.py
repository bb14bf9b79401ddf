"""Test that the sync client is up to date, and that the check finds differences."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.paths import ROOT

SCRIPT = ROOT / "facade" / "unasync.py"


@pytest.fixture
def unasync() -> ModuleType:
    spec = importlib.util.spec_from_file_location("unasync", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_sync_client_is_up_to_date() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_sync_client_has_no_async_words() -> None:
    for path in (ROOT / "facade/vantage6/client/_sync").rglob("*.py"):
        text = path.read_text().partition("\n")[2]  # the first line names the source
        assert not re.findall(r"\b(async|await|asyncio|aclose|Async\w+|_async)\b", text), path.name


def test_check_finds_edited_missing_and_stale_files(
    unasync: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "_async", tmp_path / "_sync"
    (source / "inner").mkdir(parents=True)
    (target / "gone").mkdir(parents=True)
    (source / "a.py").write_text('"""Doc."""\n\n\nasync def f():\n    await g()\n')
    (source / "b.py").write_text('"""Doc."""\n')
    (target / "b.py").write_text("edited\n")
    (source / "inner" / "c.py").write_text("await g()\n")
    (target / "old.py").write_text("")
    (target / "gone" / "old.py").write_text("")
    monkeypatch.setattr(unasync, "ROOT", tmp_path)
    monkeypatch.setattr(unasync, "FOLDERS", {source: target})
    found = unasync.changes()
    assert {path.relative_to(target).as_posix() for path in found} == {
        *("a.py", "b.py", "inner/c.py", "old.py", "gone/old.py")
    }
    assert found[target / "old.py"] is None
    assert found[target / "gone" / "old.py"] is None
    assert "\n\n\ndef f():\n    g()\n" in found[target / "a.py"]

    monkeypatch.setattr(sys, "argv", ["unasync.py", "--check"])
    assert unasync.main() == 1
    assert (target / "b.py").read_text() == "edited\n", "a check changes nothing"
    monkeypatch.setattr(sys, "argv", ["unasync.py"])
    assert unasync.main() == 0
    assert unasync.changes() == {}
