"""Test the project of three hospitals on both generations, as its readers run it."""

import shutil
from pathlib import Path

import pytest

from tests.live.test_pytest_plugin import run_pytest
from tests.support.doc_pages import blocks
from tests.support.paths import ROOT

pytestmark = pytest.mark.live

EXAMPLE = ROOT / "examples" / "three-hospitals"


@pytest.mark.parametrize("version", ["4.15.2", "5.0.3"])
def test_three_hospitals(tmp_path: Path, version: str) -> None:
    folder = tmp_path / "three-hospitals"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    done = run_pytest(folder, "--v6-version", version)
    assert "5 passed in" in done.stdout, done.stdout + done.stderr


def test_page_shows_the_current_example() -> None:
    shown = [block.code.strip() for block in blocks("docs/examples.md") if block.kind == "python"]
    text = "".join(file.read_text() for file in sorted(EXAMPLE.glob("*.py")))
    assert len(shown) >= 2
    assert all(code in text for code in shown)
