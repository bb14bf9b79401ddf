"""Test that the blocks of docs/sessions.md run at HQ as the page says, and one of the cookbook."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.support.doc_pages import blocks
from vantage6.client import Client
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live


def test_page_of_sessions_runs(
    hq_network: LocalNetwork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    block, opened = (
        block for block in blocks("docs/sessions.md") if "Extraction(" not in block.code
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
