"""How users log in to the local server: what it asks of them, and what they answer."""

import base64
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from vantage6.bindings.secret import Secret
from vantage6.bindings.server.api.token import create_user_token
from vantage6.bindings.server.models.two_factor_secret import TwoFactorSecret
from vantage6.bindings.server.models.user_login import UserLogin
from vantage6.bindings.server.models.user_tokens import UserTokens
from vantage6.bindings.server.types import UNSET
from vantage6.localnet import _api
from vantage6.localnet._errors import LocalNetworkError

# What servers and authenticator apps agree on.
_DIGITS, _SECONDS = 6, 30


@dataclass(frozen=True)
class LoginRules:
    """What the server asks of those who log in, and gives them.

    Attributes
    ----------
    two_factor : bool
        Whether it wants a second factor.
    smtp : tuple of (str, int) or None
        Host and port that it sends mail to; it sends none if None.
    token_seconds : int or None
        How long the access tokens of users other than root live; None for longer than any session.
    """

    two_factor: bool = False
    smtp: tuple[str, int] | None = None
    token_seconds: int | None = None

    def __post_init__(self) -> None:
        if self.token_seconds is not None and self.token_seconds < 1:
            raise LocalNetworkError(
                f"A token lives for a second or more; {self.token_seconds} is too few."
            )


def code(otp_secret: str) -> str:
    """Return what an authenticator app shows now.

    Parameters
    ----------
    otp_secret : str
        The secret of the second factor, as the server tells it.

    Returns
    -------
    str
        Six digits.

    Examples
    --------
    >>> len(code("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"))
    6
    """
    key = base64.b32decode(otp_secret)
    return TOTP(key, _DIGITS, SHA1(), _SECONDS).generate(int(time.time())).decode()  # noqa: S303


def log_in(
    url: str, username: str, password: str, otp_secret: str | None = None
) -> tuple[str, str | None]:
    """Log in; where the server wants a second factor that is not there yet, have it made.

    Parameters
    ----------
    url : str
        The server's URL.
    username, password : str
        The credentials.
    otp_secret : str, optional
        The secret of the second factor, if there is one already.

    Returns
    -------
    token : str
        An access token.
    otp_secret : str or None
        The secret of the second factor, if the server wants one.

    Raises
    ------
    CallError
        The server refused.

    Examples
    --------
    >>> token, _ = log_in(server.url, "root", "root")  # doctest: +SKIP
    """
    mfa_code = code(otp_secret) if otp_secret else UNSET
    login = UserLogin(username=username, password=password, mfa_code=mfa_code)
    with _api.anonymous(url) as client:
        answer = _api.answer(create_user_token.sync_detailed(client=client, body=login))
    if isinstance(answer, UserTokens):
        return Secret(answer.access_token), otp_secret
    if isinstance(answer, TwoFactorSecret):
        return log_in(url, username, password, Secret(answer.otp_secret))
    raise LocalNetworkError(f"the server asks {username} for a second factor: {answer.msg}")
