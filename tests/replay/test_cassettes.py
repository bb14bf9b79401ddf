"""Test that no cassette contains a secret, and what a replay matches."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from vcr.request import Request

from .conftest import ReplayOrderError, body_of, check_order, query_of

HERE = Path(__file__).parent
CASSETTES = sorted((*HERE.rglob("*.yaml"), *HERE.rglob("*.events.json")))
SECRETS = {
    "a token": re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a bearer token": re.compile(r"bearer\s+\S", re.IGNORECASE),
    "a private key": re.compile(r"PRIVATE KEY"),
    "a two-factor secret": re.compile(r"otpauth://"),
    "a value that should be hidden": re.compile(
        r'"(?:password|client_secret|mfa_code|api_key|otp_secret|qr_uri|reset_token|access_token|refresh_token|'
        r'container_token)\\?":\s*\\?"(?!hidden)[^"]'
    ),
    "the machine": re.compile(r"/home/|/root/|/tmp/|127\.0\.0\.1"),
}


def leaks(text: str) -> list[str]:
    """Name what a text holds that it should not."""
    return [kind for kind, pattern in SECRETS.items() if pattern.search(text)]


def test_cassettes_exist() -> None:
    assert len(CASSETTES) >= 10


@pytest.mark.parametrize("cassette", CASSETTES, ids=lambda path: path.stem)
def test_cassette_contains_no_secret(cassette: Path) -> None:
    assert leaks(cassette.read_text()) == []


@pytest.mark.parametrize(
    ("planted", "kind"),
    [
        ('body: \'{"password": "Tr0ub4dor&3"}\'', "a value that should be hidden"),
        ('string: "{\\"api_key\\": \\"1f2e\\"}"', "a value that should be hidden"),
        ("access: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjN9abcd.c2ln", "a token"),
        ("Authorization: [Bearer abc]", "a bearer token"),
        ("-----BEGIN RSA PRIVATE KEY-----", "a private key"),
        ("uri: otpauth://totp/x?secret=ABC", "a two-factor secret"),
    ],
)
def test_search_finds_planted_secrets(planted: str, kind: str) -> None:
    assert kind in leaks(planted)


# -- what a replay matches ------------------------------------------------------------------------
def request(
    uri: str = "http://localnet/api/task", method: str = "GET", body: Any = None
) -> Request:
    return Request(method, uri, None if body is None else json.dumps(body), {})


def test_empty_values_of_a_query_are_matched() -> None:
    one = request("http://localnet/api/task?name=&page=1")
    assert query_of(one) == query_of(request("http://localnet/api/task?page=1&name="))
    assert query_of(one) != query_of(request("http://localnet/api/task?page=1"))


def test_bodies_are_matched_by_what_they_say() -> None:
    assert body_of(request(body={"a": 1, "b": []})) == body_of(request(body={"b": [], "a": 1}))
    assert body_of(request(body={"a": 1})) != body_of(request(body={"a": None}))
    assert body_of(request(body={"a": 1})) != body_of(request())
    sealed = [{"organizations": [{"id": 1, "input": text}]} for text in ("a$b$c", "d$e$f", "Zg==")]
    first, again, plain = (body_of(request(body=body)) for body in sealed)
    assert first == again, "each encryption is another text"
    assert first != plain


def test_request_does_not_overtake_a_change_before_it() -> None:
    requests = [request(), request(method="DELETE"), request()]
    cassette = SimpleNamespace(requests=requests, play_counts={0: 1, 1: 1, 2: 1})
    check_order(cassette, {0: 1, 1: 1, 2: 0})
    cassette.play_counts = {0: 1, 1: 0, 2: 1}
    with pytest.raises(ReplayOrderError, match="recorded after DELETE"):
        check_order(cassette, {0: 1, 1: 0, 2: 0})
