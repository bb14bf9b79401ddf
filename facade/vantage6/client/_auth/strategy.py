"""The ways to log in: what each obtains tokens with, and how it renews them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._http.response import Response
    from .tokens import Tokens

# A request and its headers, or a function that supplies a code. The flow receives the result.
LoginStep: TypeAlias = "tuple[Call[Any], Mapping[str, str]] | Callable[[], object]"
LoginFlow: TypeAlias = "Generator[LoginStep, Response | str, Tokens]"


class AuthStrategy(Protocol):
    """One way to log in, as steps that a sync or an async client runs."""

    @property
    def for_relogin(self) -> AuthStrategy:
        """The strategy without what is valid for one login only."""
        ...

    def log_in(self) -> LoginFlow:
        """Obtain tokens."""
        ...

    def renew(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens, or log in again if they have expired and the strategy can."""
        ...
