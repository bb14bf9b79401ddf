"""Test that recorded responses match the contract."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.support.paths import ROOT

from .truth import Truth

CASSETTES = sorted((ROOT / "tests/replay/cassettes").rglob("*.yaml"))
# By the names that cassettes have for them.
SERVICES = {"localnet": "server", "localstore": "store"}


def test_cassettes_exist() -> None:
    assert CASSETTES


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_responses_match_the_contract(cassette: Path) -> None:
    is_old, is_hq = (cassette.parent.name == name for name in ("old_servers", "hq"))
    version = "4.7.1" if is_old else "5.0.3" if is_hq else "4.15.2"
    services = {"hq": "hq", "store": "hq_store"} if is_hq else SERVICES
    truths = {name: Truth(service, version) for name, service in services.items()}
    for exchange in yaml.safe_load(cassette.read_text())["interactions"]:
        response = response_of(exchange)
        if is_old and response.status_code == 404 and response.content.startswith(b"<!doctype"):
            continue  # neither the contract nor the server has it yet, which is what was tried
        url = response.request.url
        name = url.path.split("/")[1] if is_hq else url.host
        if name != "realms":  # Keycloak has no contract here
            truths[name].check(response)
    assert any(truth.seen for truth in truths.values())
    problems = [problem for truth in truths.values() for problem in truth.problems]
    assert not problems, "\n".join(problems)


def response_of(exchange: dict[str, Any]) -> httpx.Response:
    """Make an exchange of a cassette into a response, with its request."""
    asked, answered = exchange["request"], exchange["response"]
    return httpx.Response(
        answered["status"]["code"],
        headers=[(name, value) for name, values in answered["headers"].items() for value in values],
        content=answered["body"]["string"],
        request=httpx.Request(asked["method"], asked["uri"], content=asked["body"]),
    )
