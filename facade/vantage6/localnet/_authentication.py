"""Logins: settings of the server, and users who log in."""

import base64
import secrets
import time
from dataclasses import dataclass
from typing import cast

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from vantage6.bindings.secret import Secret
from vantage6.bindings.server.api.token import create_node_token, create_user_token
from vantage6.bindings.server.models.node_login import NodeLogin
from vantage6.bindings.server.models.two_factor_secret import TwoFactorSecret
from vantage6.bindings.server.models.user_login import UserLogin
from vantage6.bindings.server.models.user_tokens import UserTokens
from vantage6.bindings.server.types import UNSET
from vantage6.localnet import _api
from vantage6.localnet._errors import LocalNetworkError

# The TOTP defaults, which authenticator apps use.
_DIGITS, _SECONDS = 6, 30


@dataclass(frozen=True)
class LoginSettings:
    """Login settings of the server."""

    two_factor: bool = False
    smtp: tuple[str, int] | None = None  # host and port of the mail server
    token_seconds: int | None = None  # not for root; None is longer than any session

    def __post_init__(self) -> None:
        seconds = self.token_seconds
        if seconds is not None and (type(seconds) is not int or seconds < 1):
            raise LocalNetworkError(f"token_seconds: expected 1 or more, got {seconds!r}.")
        match cast("object", self.smtp):
            case None | (str(), int()):
                pass
            case smtp:
                raise LocalNetworkError(f"smtp: expected (host, port) or None, got {smtp!r}.")


def new_password() -> Secret:
    """Return a random password that meets the server's password policy."""
    return Secret(secrets.token_urlsafe(15) + "-aA1")


def totp_code(otp_secret: str) -> str:
    """Return the current time-based one-time password (TOTP)."""
    key = base64.b32decode(otp_secret)
    return TOTP(key, _DIGITS, SHA1(), _SECONDS).generate(int(time.time())).decode()  # noqa: S303


def log_in(
    url: str, username: str, password: str, otp_secret: str | None = None
) -> tuple[str, str | None]:
    """Log in; set up the second factor if the server requires one that is missing."""
    mfa_code = totp_code(otp_secret) if otp_secret else UNSET
    login = UserLogin(username=username, password=password, mfa_code=mfa_code)
    with _api.anonymous_client(url) as client:
        tokens = _api.unwrap(create_user_token.sync_detailed(client=client, body=login))
    if isinstance(tokens, UserTokens):
        return Secret(tokens.access_token), otp_secret
    if isinstance(tokens, TwoFactorSecret):
        return log_in(url, username, password, Secret(tokens.otp_secret))
    raise LocalNetworkError(
        f"login of {username}: the server requires a second factor: {tokens.msg}"
    )


def log_in_node(url: str, api_key: str) -> Secret:
    """Log in as a node and return its token."""
    body = NodeLogin(api_key=api_key)
    with _api.anonymous_client(url) as client:
        tokens = _api.unwrap(create_node_token.sync_detailed(client=client, body=body))
    return Secret(tokens.access_token)
