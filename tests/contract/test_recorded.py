"""What was recorded from a real server keeps to the contract too."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from truth import Truth

CASSETTES = sorted((Path(__file__).parents[1] / "replay" / "cassettes").rglob("*.yaml"))


def test_there_are_cassettes() -> None:
    assert CASSETTES


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_recorded_answers_keep_to_the_contract(cassette: Path) -> None:
    recorded = Truth("server", "4.15.2")
    for exchange in yaml.safe_load(cassette.read_text())["interactions"]:
        recorded.check(response_of(exchange))
    assert recorded.seen
    assert not recorded.problems, "\n".join(recorded.problems)


def response_of(exchange: dict[str, Any]) -> httpx.Response:
    """Make an exchange of a cassette into a response, with its request."""
    asked, answered = exchange["request"], exchange["response"]
    return httpx.Response(
        answered["status"]["code"],
        headers=[(name, value) for name, values in answered["headers"].items() for value in values],
        content=answered["body"]["string"],
        request=httpx.Request(asked["method"], asked["uri"], content=asked["body"]),
    )
