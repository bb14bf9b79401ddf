"""Access and refresh tokens."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from time import monotonic, time
from typing import TYPE_CHECKING, cast

from vantage6.bindings.secret import Secret

from .._http.request import bearer_header
from ..errors import Vantage6Error

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import NodeTokens, UserTokens

# A token is renewed this long before it expires, or after nine tenths of a shorter lifetime.
MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Tokens:
    """The access and refresh token of a login."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_at: float
    # From then on, one thread may renew the token while the others go on with it.
    may_renew_at: float = inf
    # Difference of the clocks: the date goes on during a suspension, the other one may not.
    date_offset: float = field(
        default_factory=lambda: time() - monotonic(), repr=False, compare=False
    )

    @classmethod
    def of(cls, body: UserTokens | NodeTokens, now: float) -> Tokens:
        """Create the tokens from the response to a login or a refresh."""
        access, refresh = Secret(body["access_token"]), Secret(body["refresh_token"])
        if not (fits_header(access) and fits_header(refresh)):
            raise Vantage6Error(
                "token from the server: expected printable ASCII characters without spaces, "
                "got something else"
            )
        facts = claims(access)
        issued, expires = facts.get("iat"), facts.get("exp")
        lifetime = None
        if isinstance(issued, int | float) and isinstance(expires, int | float):
            lifetime = expires - issued
        return cls(access, refresh, *renewal_times(now, lifetime))

    @property
    def signing(self) -> dict[str, str]:
        """The header that signs requests."""
        return bearer_header(self.access)

    @property
    def renewing(self) -> dict[str, str]:
        """The header that signs a renewal request."""
        return bearer_header(self.refresh)

    @property
    def user_id(self) -> int:
        """Identifier of the user who logged in."""
        subject = claims(self.access).get("sub")
        if type(subject) is not int:
            raise Vantage6Error("token from the server: expected a user id in 'sub', got none")
        return subject


def renewal_times(now: float, lifetime: object) -> tuple[float, float]:
    """Return when a token requested now must be renewed, and from when on it may be."""
    if not isinstance(lifetime, int | float):
        return inf, inf
    with suppress(OverflowError):  # the lifetime exceeds the range of a float
        return now + lifetime - min(MARGIN_SECONDS, lifetime / 10), now + lifetime / 2
    return inf, inf


def fits_header(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def claims(token: str) -> dict[str, object]:
    """Return the claims of a JSON web token without checking its signature."""
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", found) if isinstance(found, dict) else {}
