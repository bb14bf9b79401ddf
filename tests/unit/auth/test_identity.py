"""Test the contents of tokens, and the possible responses to a login."""

import base64
import json
from typing import Any

import pytest

from tests.support.scripted_server import token
from vantage6.client import InvalidInputError, TwoFactorRequiredError, TwoFactorSetupRequiredError
from vantage6.client._auth.credentials import parse_code
from vantage6.client._auth.password import login_body, read_login_response
from vantage6.client._auth.tokens import Tokens, claims


def tokens(access: str) -> Tokens:
    body: Any = {"access_token": access, "refresh_token": "r", "refresh_url": "", "user_url": ""}
    return Tokens.of(body, now=1000.0)


@pytest.mark.parametrize(("life", "renew_after"), [(21600, 21540), (600, 540), (100, 90), (10, 9)])
def test_refresh_time_is_independent_of_the_local_clock(life: int, renew_after: int) -> None:
    issued = 5_000_000_000  # far from any local clock
    assert tokens(token(issued, issued + life)).renew_at == 1000 + renew_after


def test_token_without_expiry_is_kept() -> None:
    assert tokens("opaque").renew_at == float("inf")


def test_token_contains_its_user() -> None:
    assert tokens(token(0, 60, subject=42)).user_id == 42


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a..c", "a.W10.c"])
def test_invalid_token_has_no_claims(text: str) -> None:
    assert claims(text) == {}


def test_claims_of_any_length_are_read() -> None:
    for length in range(8):
        payload = base64.urlsafe_b64encode(json.dumps({"sub": "x" * length}).encode())
        assert claims(f"h.{payload.decode().rstrip('=')}.s") == {"sub": "x" * length}


def test_repr_omits_tokens() -> None:
    assert "hush" not in repr(tokens("hush.hush.hush"))


def test_numeric_code_is_padded_with_zeros() -> None:
    assert parse_code(1234) == parse_code("001 234") == "001234"
    assert login_body("u", "p", "001234")["mfa_code"] == "001234"  # pyright: ignore
    assert "mfa_code" not in login_body("u", "p", None)


def test_credentials_must_be_text() -> None:
    with pytest.raises(InvalidInputError, match="password: expected a str, got NoneType"):
        login_body("u", None, None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"mfa_code: expected a str or an int, .*got float"):
        parse_code(1.5)  # type: ignore[arg-type]


def test_login_response_may_require_second_factor_or_setup() -> None:
    with pytest.raises(TwoFactorRequiredError, match="mfa_code"):
        read_login_response({"msg": "give the code"})
    secret: Any = {"qr_uri": "otpauth://totp/x?secret=HUSH", "otp_secret": "HUSH", "msg": ""}
    with pytest.raises(TwoFactorSetupRequiredError) as caught:
        read_login_response(secret)
    assert caught.value.uri.startswith("otpauth://")
