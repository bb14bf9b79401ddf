"""Who is logged in, and what a token tells about it (pure)."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from vantage6.bindings.secret import Secret

from ._secrets import secret
from .errors import (
    InvalidInputError,
    TwoFactorRequiredError,
    TwoFactorSetupRequiredError,
    Vantage6Error,
)

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import (
        Message,
        NodeTokens,
        TwoFactorSecret,
        UserLogin,
        UserTokens,
    )

# The code of a second factor, or what supplies it when the server asks for one.
MfaCode: TypeAlias = "str | int | Callable[[], str | int]"
# What is kept of it: a number is text by then.
HiddenCode: TypeAlias = "str | Callable[[], object]"
Supply = TypeVar("Supply", bound="Callable[[], object]")
AsyncMfaCode: TypeAlias = "str | int | Callable[[], str | int | Awaitable[str | int]]"
# A password, or what supplies it when it is needed.
Password: TypeAlias = "str | Callable[[], str]"  # noqa: S105 - it is a type
HiddenPassword: TypeAlias = "Secret | Callable[[], object]"
AsyncPassword: TypeAlias = "str | Callable[[], str | Awaitable[str]]"

# A token is renewed this long before it expires, or after nine tenths of a shorter life.
MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class WhoAmI:
    """The user that a client is logged in as.

    Attributes
    ----------
    type_ : str
        The kind of client: ``"user"``.
    id_ : int
        Identifier of the user.
    name : str
        First name of the user; the username where there is none.
    organization_name : str
        Name of the user's organization; empty where the user may not see it.
    organization_id : int
        Identifier of the user's organization.
    """

    type_: str
    id_: int
    name: str
    organization_name: str
    organization_id: int


@dataclass(frozen=True)
class Tokens:
    """The tokens of a login.

    Attributes
    ----------
    access : str
        Goes with each request.
    refresh : str
        Gets the next pair of tokens.
    renew_at : float
        When to get it, on the clock that `of` was given; never, if the token does not tell.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_at: float

    @classmethod
    def of(cls, body: UserTokens | NodeTokens, now: float) -> Tokens:
        """Read the server's answer to a login or a refresh.

        Parameters
        ----------
        body : dict
            The answer.
        now : float
            The time on a clock that nobody sets, so that only the token's own lifetime counts.

        Returns
        -------
        Tokens
            The tokens.

        Raises
        ------
        Vantage6Error
            When they are no tokens.
        """
        access, refresh = Secret(body["access_token"]), Secret(body["refresh_token"])
        if not (_fits_header(access) and _fits_header(refresh)):
            raise Vantage6Error("the server's token has characters in it that no token has")
        facts = claims(access)
        issued, expires = facts.get("iat"), facts.get("exp")
        renew_at = float("inf")
        if isinstance(issued, int | float) and isinstance(expires, int | float):
            with suppress(OverflowError):  # it lives for longer than there are numbers
                life = expires - issued
                renew_at = now + life - min(MARGIN_SECONDS, life / 10)
        return cls(access, refresh, renew_at)

    @property
    def signing(self) -> dict[str, str]:
        """The header that requests are signed with."""
        return signing(self.access)

    @property
    def renewing(self) -> dict[str, str]:
        """The header that a request for the next pair is signed with."""
        return signing(self.refresh)

    @property
    def user_id(self) -> int:
        """Identifier of the user who logged in."""
        subject = claims(self.access).get("sub")
        if type(subject) is not int:
            raise Vantage6Error("the server's token does not say which user it is for")
        return subject


def _fits_header(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def signing(token: str) -> dict[str, str]:
    """Give the header that signs a request with a token.

    Parameters
    ----------
    token : str
        The token.

    Returns
    -------
    dict
        The header, which does not show the token.
    """
    return {"Authorization": Secret(f"Bearer {token}")}


def claims(token: str) -> dict[str, object]:
    """Read what a JSON web token says, without a check of its signature.

    Parameters
    ----------
    token : str
        The token.

    Returns
    -------
    dict
        Its claims; empty for anything that is not such a token.
    """
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}


def credentials(username: str, password: str, mfa_code: str | None) -> UserLogin:
    """Put a login into the form that the server takes.

    Parameters
    ----------
    username, password : str
        The account.
    mfa_code : str, optional
        The current two-factor code.

    Returns
    -------
    UserLogin
        The body of the request.
    """
    body: UserLogin = {"username": username, "password": secret(password, "password")}
    if mfa_code is not None:
        body["mfa_code"] = mfa_code
    return body


def hidden_code(mfa_code: str | int | Supply | None) -> Secret | Supply | None:
    """Take in the code of a second factor, or what supplies it.

    Parameters
    ----------
    mfa_code : str, int or callable, optional
        The code. A number has lost its leading zeros: they are put back. Of a text, the spaces that
        apps show it with are taken out.

    Returns
    -------
    Secret, callable or None
        The code as the server takes it, or the function.

    Raises
    ------
    InvalidInputError
        When it is something else.
    """
    if mfa_code is None or callable(mfa_code):
        return mfa_code
    return _code(mfa_code)


def code_from(supply: Callable[[], object]) -> Secret:
    """Get the code of the second factor from a function that supplies it.

    Parameters
    ----------
    supply : callable
        The function.

    Returns
    -------
    Secret
        The code, as the server takes it.

    Raises
    ------
    InvalidInputError
        When it gives something else.
    """
    return _code(_given_now(supply(), "mfa_code"))


async def acode_from(supply: Callable[[], object]) -> Secret:
    """Do as `code_from`, and wait for the code where the function is an async one.

    Parameters
    ----------
    supply : callable
        The function.

    Returns
    -------
    Secret
        The code, as the server takes it.
    """
    return _code(await _given_later(supply()))


def hidden_password(password: str | Supply | None) -> Secret | Supply | None:
    """Take in a password, or what supplies it.

    Parameters
    ----------
    password : str, callable or None
        What a user gave.

    Returns
    -------
    Secret, callable or None
        The same, and a password does not show itself.

    Raises
    ------
    InvalidInputError
        When it is something else.
    """
    return password if password is None or callable(password) else _password(password)


def password_from(supply: str | Callable[[], object]) -> Secret:
    """Get a password that is given, or from a function that supplies it.

    Parameters
    ----------
    supply : str or callable
        The password, or the function.

    Returns
    -------
    Secret
        The password, which does not show itself.

    Raises
    ------
    InvalidInputError
        When it is empty, or something else.
    """
    return _password(_given_now(supply() if callable(supply) else supply, "password"))


async def apassword_from(supply: str | Callable[[], object]) -> Secret:
    """Do as `password_from`, and wait for the password where the function is an async one.

    Parameters
    ----------
    supply : str or callable
        The password, or the function.

    Returns
    -------
    Secret
        The password, which does not show itself.
    """
    return _password(await _given_later(supply() if callable(supply) else supply))


def _given_now(given: object, what: str) -> object:
    if isinstance(given, Coroutine):
        given.close()  # or Python warns that nobody awaited it
        raise InvalidInputError(
            f"{what} is an async function: only AsyncClient can wait for what it gives"
        )
    return given


async def _given_later(given: object) -> object:
    return await cast("Awaitable[object]", given) if isinstance(given, Awaitable) else given


def _code(given: object) -> Secret:
    if isinstance(given, int):
        return Secret(f"{given:06}")
    if isinstance(given, str):
        return Secret("".join(given.split()))
    raise InvalidInputError(f"mfa_code must supply a str or an int, not {type(given).__name__}")


def _password(given: object) -> Secret:
    if not isinstance(given, str):
        raise InvalidInputError(f"password must be or supply a str, not {type(given).__name__}")
    if not given:
        raise InvalidInputError("the password is empty")
    return Secret(given)


def login_answer(body: UserTokens | TwoFactorSecret | Message) -> UserTokens:
    """Take the tokens from the answer to a login, which has three forms that all mean success.

    Parameters
    ----------
    body : dict
        The answer.

    Returns
    -------
    UserTokens
        The tokens.

    Raises
    ------
    TwoFactorSetupRequiredError
        When the account must first be given a second factor.
    TwoFactorRequiredError
        When the code of the second factor was not given.
    """
    if "access_token" in body:
        return body
    if "qr_uri" in body:
        raise TwoFactorSetupRequiredError(
            "the server demands two-factor login. It has set it up for this account just now, and "
            "tells the secret this once: scan the QR code that show_qr() of this error shows (or "
            "load its `uri`) with an authenticator app, then log in again with the app's code as "
            "mfa_code. If the error is gone, client.util.reset_two_factor_auth() helps, by mail",
            uri=Secret(body["qr_uri"]),
        )
    raise TwoFactorRequiredError(
        "this account has two-factor login: give the code of the authenticator app as mfa_code, or "
        "a function that supplies it"
    )
