"""Test that the block of docs/sessions.md runs at HQ as the page says."""

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.support.doc_pages import blocks
from vantage6.client import Client
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live


def test_page_of_sessions_runs(tmp_path: Path) -> None:
    (block,) = blocks("docs/sessions.md")
    with LocalNetwork(version="5.0.3") as network:
        account = network.service_account
        assert account
        with Client(
            network.url,
            auth_url=network.auth_url,
            log_level=None,
            known_organizations=tmp_path / "known",
        ) as client:
            client.initialize_service_account(account.client_secret, account.username)
            client.authenticate_service_account()
            found: dict[str, Any] = {"client": client}
            exec(compile(block.code, block.place, "exec"), found)  # noqa: S102 - the page itself
        for organization, result in zip(network.organizations[:2], found["results"], strict=True):
            with organization.data.open(newline="") as file:
                ages = [float(row["age"]) for row in csv.DictReader(file)]
            kept = [age for age in ages if 50 <= age <= 70]
            assert result == {"sum": sum(kept), "count": len(kept)}
