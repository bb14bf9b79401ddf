"""Test that each subject of the benchmark can be imported, and has its section on the page."""

import re
import subprocess
import sys

from tests.support.paths import ROOT

BENCH = ROOT / "tests" / "bench"
PAGE = (ROOT / "docs" / "benchmarks.md").read_text()
SUBJECTS = re.findall(r"<!-- bench: (\w+) -->", PAGE)


def test_every_subject_has_its_section() -> None:
    listed = re.search(r"SUBJECTS = \[(.*?)\]", (BENCH / "__main__.py").read_text(), re.DOTALL)
    assert listed
    assert set(re.findall(r'"(\w+)"', listed[1])) == set(SUBJECTS)
    assert PAGE.count("<!-- end: ") == len(SUBJECTS)


def test_every_subject_can_be_imported() -> None:
    code = f"import stand_in, {', '.join(SUBJECTS)}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=BENCH, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
