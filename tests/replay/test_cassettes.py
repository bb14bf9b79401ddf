"""Test that no cassette contains a secret."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASSETTES = sorted((*HERE.rglob("*.yaml"), *HERE.rglob("*.events.json")))
SECRETS = {
    "a token": re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}"),
    "a bearer token": re.compile(r"bearer\s+\S", re.IGNORECASE),
    "a private key": re.compile(r"PRIVATE KEY"),
    "a two-factor secret": re.compile(r"otpauth://"),
    "a value that should be hidden": re.compile(
        r'"(?:password|mfa_code|api_key|otp_secret|qr_uri|reset_token|access_token|refresh_token|'
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
