"""How to get in at a server, and to stay: what is to be sent, one thing after the other (pure)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias

from vantage6.bindings.server import calls

from ._call import Answer, read
from ._identity import Tokens, credentials, login_answer
from .errors import LoginExpiredError, LoginFailedError, TwoFactorRequiredError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ._identity import HiddenCode

# A request and its headers, or what supplies a code; it is answered by what comes of it.
Step: TypeAlias = "tuple[Call[Any], Mapping[str, str]] | Callable[[], object]"
Steps: TypeAlias = Generator[Step, "Answer | str", Tokens]


@dataclass(frozen=True)
class Account:
    """What somebody logs in with.

    Attributes
    ----------
    username, password : str
        The account.
    mfa_code : str or callable, optional
        The code of the second factor, or what supplies it.
    """

    username: str
    password: str = field(repr=False)
    mfa_code: HiddenCode | None = field(default=None, repr=False)

    @property
    def lasting(self) -> Account:
        """The same without what is good for one login."""
        code = self.mfa_code if callable(self.mfa_code) else None
        return Account(self.username, self.password, code)


def enter(account: Account) -> Steps:
    """Log in; a code that is to be supplied is asked for only if the server does.

    Parameters
    ----------
    account : Account
        Who logs in.

    Returns
    -------
    generator
        Yields what is to be done, is sent what comes of it, and returns the tokens.
    """
    supply = account.mfa_code
    try:
        return (yield from _try(account, None if callable(supply) else supply))
    except TwoFactorRequiredError:
        if not callable(supply):
            raise
    # What goes wrong with the code has nothing to do with that error.
    code = yield supply
    return (yield from _try(account, code if isinstance(code, str) else None))


def renew(tokens: Tokens, account: Account | None) -> Steps:
    """Renew tokens, or log in again where that is possible and they are too old.

    Parameters
    ----------
    tokens : Tokens
        The tokens so far.
    account : Account or None
        Who is to be logged in again.

    Returns
    -------
    generator
        As that of `enter`.
    """
    call, since = calls.refresh_token(), monotonic()
    answer = yield call, tokens.renewing
    try:
        # A lapsed refresh token is refused as a lapsed access token is: the session is over.
        return Tokens.of(read(call, _sure(answer), refused=LoginExpiredError), since)
    except LoginExpiredError:
        if account is None:
            raise
    return (yield from enter(account))


def _try(account: Account, code: str | None) -> Steps:
    call = calls.create_user_token(credentials(account.username, account.password, code))
    since = monotonic()  # for all we know, the tokens are as old as the request for them
    answer = yield call, {}
    body = read(call, _sure(answer), refused=LoginFailedError)
    return Tokens.of(login_answer(body), since)


def _sure(given: Answer | str) -> Answer:
    if isinstance(given, str):
        raise TypeError("a request is answered by an answer")
    return given
