"""Log in by password and renew tokens (4.x)."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from vantage6.bindings.secret import Secret
from vantage6.bindings.server import calls

from .._http.decoding import decode_response, validate
from .._http.secrets import secret
from .._http.validation import service_checks
from ..errors import (
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    TwoFactorRequiredError,
    TwoFactorSetupRequiredError,
    UnauthorizedError,
)
from .strategy import AuthStrategy, as_response, renew_or_log_in
from .tokens import Tokens

if TYPE_CHECKING:
    from vantage6.bindings.call import Call
    from vantage6.bindings.server.rows import Message, TwoFactorSecret, UserLogin, UserTokens

    from .._http.response import Response
    from .credentials import CodeSource
    from .strategy import LoginFlow

T = TypeVar("T")


@dataclass(frozen=True)
class PasswordLogin(AuthStrategy):
    """Log in with a password, and with a code if the server asks for one."""

    username: str
    password: str = field(repr=False)
    mfa_code: CodeSource | None = field(default=None, repr=False)

    @property
    def for_relogin(self) -> PasswordLogin:
        """The login without a code that is valid only once."""
        code = self.mfa_code if callable(self.mfa_code) else None
        return PasswordLogin(self.username, self.password, code)

    @property
    def refresh_only(self) -> RefreshOnly:
        """The renewal without the password."""
        return RefreshOnly()

    def log_in(self) -> LoginFlow:
        """Obtain tokens; call the function for the code only if the server asks for one."""
        supply = self.mfa_code
        try:
            return (yield from _request_tokens(self, None if callable(supply) else supply))
        except TwoFactorRequiredError:
            if not callable(supply):
                raise
        # Outside the except clause: an error in the function must not be chained to that one.
        code = yield supply
        return (yield from _request_tokens(self, code if isinstance(code, str) else None))

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens, or log in again if they have expired."""
        return renew_or_log_in(_renew(tokens), self.log_in)


class RefreshOnly(AuthStrategy):
    """Renew tokens until they expire: for a saved login, or without automatic login."""

    @property
    def for_relogin(self) -> RefreshOnly:
        """The same: nothing in it is valid only once."""
        return self

    @property
    def refresh_only(self) -> RefreshOnly:
        """The same."""
        return self

    def log_in(self) -> LoginFlow:
        """Raise an error: there is no password."""
        raise NotAuthenticatedError()

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens."""
        return _renew(tokens)


def _renew(tokens: Tokens) -> LoginFlow:
    call, since = calls.refresh_token(), monotonic()
    response = yield call, tokens.renewing
    # Servers reject an expired refresh token as they reject an expired access token.
    return Tokens.of(_read(call, response, LoginExpiredError), since)


def _request_tokens(account: PasswordLogin, code: str | None) -> LoginFlow:
    call = calls.create_user_token(login_body(account.username, account.password, code))
    since = monotonic()  # the tokens may be as old as the request for them
    response = yield call, {}
    body = _read(call, response, LoginFailedError)
    return Tokens.of(read_login_response(body), since)


def _read(call: Call[T], result: Response | str | None, refused: type[UnauthorizedError]) -> T:
    response = as_response(result)
    body = decode_response(call, response, refused)
    return validate(call, body, response, service_checks("server"))


def login_body(username: str, password: str, mfa_code: str | None) -> UserLogin:
    """Return the request body of a login."""
    body: UserLogin = {"username": username, "password": secret(password, "password")}
    if mfa_code is not None:
        body["mfa_code"] = mfa_code
    return body


def read_login_response(body: UserTokens | TwoFactorSecret | Message) -> UserTokens:
    """Return the tokens from the response to a login, which has three forms of success."""
    if "access_token" in body:
        return body
    if "qr_uri" in body:
        raise TwoFactorSetupRequiredError(
            "the server requires two-factor login. It has just set it up for this account and "
            "sends the secret only once: scan the QR code from this error's show_qr() (or load its "
            "`uri`) with an authenticator app, then log in again with the app's code as mfa_code. "
            "If you have lost this error, call client.util.reset_two_factor_auth() to reset "
            "two-factor login by email.",
            uri=Secret(body["qr_uri"]),
        )
    raise TwoFactorRequiredError(
        "mfa_code: expected a code, because this account uses two-factor login, got None. "
        "Pass the code from the authenticator app, or a function that supplies it."
    )
