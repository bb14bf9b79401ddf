"""The ways to log in: what each obtains tokens with, and how it renews them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from ..errors import LoginExpiredError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._http.response import Response
    from .tokens import Tokens


@dataclass(frozen=True)
class RealmRequest:
    """A form for an endpoint of a realm of Keycloak."""

    url: str
    form: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class Pause:
    """A pause before the next step."""

    seconds: float


@dataclass(frozen=True)
class Callback:
    """A function of the caller, whose result does not matter."""

    function: Callable[[], object]


# A request and its headers, a form for the realm, a pause, a callback, or a function that supplies
# a code. The flow receives the response or the code; None after a pause or a callback.
LoginStep: TypeAlias = (
    "tuple[Call[Any], Mapping[str, str]] | RealmRequest | Pause | Callback | Callable[[], object]"
)
LoginFlow: TypeAlias = "Generator[LoginStep, Response | str | None, Tokens]"

# The steps that end a login.
LoginEnd: TypeAlias = "Generator[RealmRequest, Response, None]"


def as_response(result: Response | str | None) -> Response:
    """Return the result of a request, as a response."""
    if result is None or isinstance(result, str):
        raise TypeError("expected the response to a request")
    return result


def renew_or_log_in(renewal: LoginFlow, login: Callable[[], LoginFlow]) -> LoginFlow:
    """Renew tokens, or log in again if they have expired."""
    try:
        return (yield from renewal)
    except LoginExpiredError:
        pass
    # Outside the except clause: an error of the login must not be chained to that one.
    return (yield from login())


class AuthStrategy(Protocol):
    """One way to log in, as steps that a sync or an async client runs."""

    # Whether a refused renewal is final: a realm says so, while a server or a proxy may err.
    refusal_is_final: ClassVar[bool] = False

    @property
    def for_relogin(self) -> AuthStrategy:
        """The strategy without what is valid for one login only."""
        ...

    @property
    def refresh_only(self) -> AuthStrategy:
        """The strategy that renews these tokens until they expire."""
        ...

    def log_in(self) -> LoginFlow:
        """Obtain tokens."""
        ...

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens, or log in again if they have expired and the strategy can."""
        ...
