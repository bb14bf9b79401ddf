"""Test that the blocks of docs/sessions.md run at HQ as the page says, and one of the cookbook."""

import csv
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.live.test_both_generations import settings
from tests.support.doc_pages import blocks
from tests.support.paths import ROOT
from vantage6.client import Client
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

EXAMPLE = ROOT / "examples" / "three-hospitals"
ANALYSIS = "A complete analysis"


def test_page_of_sessions_runs(
    hq_network: LocalNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block, opened = (
        block
        for block in blocks("docs/sessions.md")
        if "Extraction(" not in block.code and block.section != ANALYSIS
    )
    account = hq_network.service_account
    assert account
    with Client(
        hq_network.url,
        auth_url=hq_network.auth_url,
        log_level=None,
        known_organizations=tmp_path / "known",
    ) as client:
        client.initialize_service_account(account.client_secret, account.username)
        client.authenticate_service_account()
        found: dict[str, Any] = {"client": client}
        exec(compile(block.code, block.place, "exec"), found)  # noqa: S102 - the page itself
        client.session.delete("survival", delete_dependents=True)
        exec(compile(opened.code, opened.place, "exec"), found)  # noqa: S102
        assert "one analysis" not in [row["name"] for row in client.session.list()]
        recipe = next(
            block
            for block in blocks("docs/cookbook.md")
            if block.section == "The same average on servers 4.x and HQ 5.x"
        )
        exec(compile(recipe.code, recipe.place, "exec"), found)  # noqa: S102
    assert capsys.readouterr().out == "60.4 years\n"
    for organization, result in zip(hq_network.organizations[:2], found["results"], strict=True):
        with organization.data.open(newline="") as file:
            ages = [float(row["age"]) for row in csv.DictReader(file)]
        kept = [age for age in ages if 50 <= age <= 70]
        assert result == {"sum": sum(kept), "count": len(kept)}


def test_page_shows_the_analysis_and_its_output(hq_network: LocalNetwork) -> None:
    shown = [block.code for block in blocks("docs/sessions.md") if block.section == ANALYSIS]
    functions, analysis, _, output = shown
    assert (EXAMPLE / "hospital.py").read_text() == functions
    assert (EXAMPLE / "analysis.py").read_text() == analysis
    done = subprocess.run(
        [sys.executable, EXAMPLE / "analysis.py"],
        env=os.environ | settings(hq_network),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == output, done.stderr
    rows = [
        {name: float(row[name]) for name in ("age", "height", "weight")}
        for organization in hq_network.organizations
        for row in csv.DictReader(organization.data.read_text().splitlines())
    ]
    rows = [row for row in rows if row["age"] > 50]
    for line in output.splitlines()[:3]:
        name, *numbers = line.split()
        values = [row[name] for row in rows]
        expected = [len(values), statistics.fmean(values), statistics.pstdev(values)]
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=1e-4)
    slopes = [float(number) for number in output.splitlines()[3].split()[1:]]
    residuals = [
        row["weight"] - slopes[0] * row["age"] - slopes[1] * row["height"] - slopes[2]
        for row in rows
    ]
    for term in ([1.0] * len(rows), *([row[x] for row in rows] for x in ("age", "height"))):
        products = [left * right for left, right in zip(residuals, term, strict=True)]
        assert abs(sum(products)) < 1e-4 * sum(map(abs, products))
