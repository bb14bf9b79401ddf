"""Sign requests with the access token and renew it, once for all threads and tasks.

All threads and tasks of a client share one pair of tokens and renew it once: the first to need it
does so, and the others wait and use the new pair. A denied permission is never mistaken for an
expired token. Only requests to the server's own address and to the chosen algorithm store are
signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

import httpx

from .._http.context import context_of
from .._http.network import parse_url
from .._http.status_errors import is_expired
from ..errors import LoginFailedError, RequestTimeoutError
from .password import renewal_flow

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._http.response import Response
    from .password import Account, LoginFlow, LoginStep
    from .tokens import Tokens

# A request may wait so long for a free connection that its token expires before it is sent, and so
# may each retry.
MAX_SENDS = 5
Origin: TypeAlias = tuple[str, str, "int | None"]


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port


def seconds_left(request: httpx.Request) -> float:
    context = context_of(request)
    return context.deadline.left if context else inf


def may_renew(request: httpx.Request) -> bool:
    context = context_of(request)
    return context is None or context.may_renew


def renewal_timeout(request: httpx.Request) -> RequestTimeoutError:
    return RequestTimeoutError(
        "the token was not renewed within the timeout of the call",
        method=request.method,
        url=str(request.url),
    )


def token_expired(response: httpx.Response, tokens: Tokens, signed_at: float, attempt: int) -> bool:
    """Return whether the token has expired and a new one may help."""
    if not is_expired(response.status_code, response.content):
        return False
    # A token that was just renewed and is rejected at once would be rejected again.
    return attempt == 1 or signed_at < tokens.renew_at <= monotonic()


class BearerAuth(httpx.Auth):
    """The login of a client: what is signed with which token, and how it is renewed."""

    def __init__(self, url: str) -> None:
        self.tokens: Tokens | None = None
        self._url = parse_url(url)
        self._store: Origin | None = None
        self.account: Account | None = None
        self.renewed: Callable[[], None] | None = None

    def sign_for_store(self, url: str) -> None:
        """Sign requests to this algorithm store too, in place of any earlier store."""
        self._store = _origin(parse_url(url))

    @property
    def needs_renewal(self) -> bool:
        """Whether the token must be renewed before it is used again."""
        return self.expiring_tokens() is not None

    def expiring_tokens(self) -> Tokens | None:
        tokens = self.tokens
        return tokens if tokens and monotonic() >= tokens.renew_at else None

    def sign(self, request: httpx.Request) -> Tokens | None:
        """Add the token and return its pair, or None if the request must not be signed."""
        tokens = self.tokens
        if tokens is None or _origin(request.url) not in (_origin(self._url), self._store):
            return None
        request.headers.update(tokens.signing)
        return tokens

    def renewal_request(
        self, request: httpx.Request, call: Call[object], headers: Mapping[str, str]
    ) -> httpx.Request:
        """Create the renewal request, limited to the time that the waiting request has left."""
        made = httpx.Request(
            call.method, f"{self._url}{call.path}", headers=headers, json=call.body
        )
        made.extensions["timeout"] = request.extensions.get("timeout")
        if context := context_of(request):
            replace(context, is_renewal=True).attach(made)
        return made

    def renewing(self, outdated: Tokens) -> LoginFlow:
        """Return the steps that obtain new tokens."""
        return renewal_flow(outdated, self.account)

    def advance(self, steps: LoginFlow, result: Response | str) -> LoginStep | None:
        """Return the next step toward new tokens; after the last one, store the tokens."""
        try:
            return steps.send(result)
        except StopIteration as last:
            self.tokens = last.value
            if self.renewed:
                self.renewed()
            return None
        except LoginFailedError:
            self.account = None  # more failed logins would lock the account
            raise
