"""Sign requests with the access token and renew it, once for all threads and tasks.

All threads, tasks and event loops of a client share one pair of tokens, and so do all processes
that were forked from it or use its saved login. The first to need new tokens renews them, and the
others wait and use the new pair. A denied permission is never mistaken for an
expired token. Only requests to the server's own address and to the chosen algorithm store are
signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from math import inf
from time import monotonic, time
from typing import TYPE_CHECKING

from vantage6.bindings.secret import scrub

from .._http.context import context_of
from .._http.deadline import Deadline
from .._http.library import httpx
from .._http.messages import to_response
from .._http.network import origin_of, parse_url
from .._utils.locks import reset_after_fork
from .._utils.logging import LOGGER
from ..errors import (
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    RequestTimeoutError,
    Vantage6Error,
)
from .shared import ForkedTokens
from .strategy import RealmRequest

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .._http.network import Origin
    from .._http.response import Response
    from .shared import SavedTokens, SharedTokens
    from .strategy import AuthStrategy, LoginFlow, LoginStep
    from .tokens import Tokens

# Seconds for a renewal that need not succeed.
EARLY_SECONDS = 10.0
# A request may wait so long for a free connection that its token expires before it is sent, and so
# may each retry.
MAX_SENDS = 5


def seconds_left(request: httpx.Request) -> float:
    context = context_of(request)
    return context.deadline.left if context else inf


def may_renew(request: httpx.Request) -> bool:
    context = context_of(request)
    return context is None or context.may_renew


def renewal_timeout(method: str, url: str) -> RequestTimeoutError:
    return RequestTimeoutError(
        "the token was not renewed within the timeout of the call", method=method, url=scrub(url)
    )


def _now(tokens: Tokens) -> float:
    """Return the time on the clock of the tokens, which goes on while the machine is suspended."""
    return max(monotonic(), time() - tokens.date_offset)


class BearerAuth(httpx.Auth):
    """The login of a client: what is signed with which token, and how it is renewed."""

    def __init__(
        self, url: str, strategy: AuthStrategy, rejects: Callable[[Response, Tokens], bool]
    ) -> None:
        self.tokens: Tokens | None = None
        self._url = parse_url(url)
        self._store: Origin | None = None
        self.strategy = strategy
        self._rejects = rejects  # whether a response means that a token has expired
        self.saved: SavedTokens | None = None
        self._forked: ForkedTokens | None = None
        self._locked: list[SharedTokens] = []
        self._ended: tuple[Tokens, LoginExpiredError] | None = None
        self._tried_early: Tokens | None = None
        reset_after_fork(self)

    def after_fork(self) -> None:
        self._locked = []  # these locks are the parent's

    def use(self, tokens: Tokens, strategy: AuthStrategy) -> None:
        """Sign with the tokens of another login from now on."""
        self.tokens, self.strategy = tokens, strategy
        self._forked = ForkedTokens.create()
        self.share()

    def sign_for_store(self, url: str) -> None:
        """Sign requests to this algorithm store too, in place of any earlier store."""
        self._store = origin_of(parse_url(url))

    def require_tokens(self) -> Tokens:
        if self.tokens is None:
            raise NotAuthenticatedError()
        return self.tokens

    def expiring_tokens(self) -> Tokens | None:
        """Return the tokens if they must be renewed before they are used again."""
        tokens = self.tokens
        return tokens if tokens and _now(tokens) >= tokens.renew_at else None

    def aging_tokens(self) -> Tokens | None:
        """Return the tokens if one thread, task or process should renew them, once."""
        tokens = self.tokens
        is_aging = tokens and tokens.may_renew_at <= _now(tokens) < tokens.renew_at
        return tokens if is_aging and tokens is not self._tried_early else None

    def has_expired(
        self, response: httpx.Response, tokens: Tokens, signed_at: float, *, is_new: bool
    ) -> bool:
        """Return whether the token has expired and a new one may help."""
        if not self._rejects(to_response(response, is_read=response.is_closed), tokens):
            return False
        # A token that was just renewed and is rejected at once would be rejected again.
        return not is_new or signed_at < tokens.renew_at <= monotonic()

    def sign(self, request: httpx.Request) -> Tokens | None:
        """Add the token and return its pair, or None if the request must not be signed."""
        tokens = self.tokens
        if tokens is None or origin_of(request.url) not in (origin_of(self._url), self._store):
            return None
        request.headers.update(tokens.signing)
        return tokens

    def renewal_request(
        self,
        request: httpx.Request,
        step: RealmRequest | tuple[Call[object], Mapping[str, str]],
        *,
        is_early: bool,
    ) -> httpx.Request:
        """Create the renewal request, limited to the time that the waiting request has left."""
        if isinstance(step, RealmRequest):
            made = httpx.Request("POST", step.url, data=dict(step.form))
        else:
            call, headers = step
            url = f"{self._url}{call.path}"
            made = httpx.Request(call.method, url, headers=headers, json=call.body)
        made.extensions["timeout"] = request.extensions.get("timeout")
        if context := context_of(request):
            deadline = context.deadline
            if is_early:
                seconds = min(EARLY_SECONDS, deadline.left / 2)
                deadline = Deadline(replace(deadline.timeouts, total=max(seconds, 0.001)))
            replace(context, deadline=deadline, is_renewal=True, is_early=is_early).attach(made)
        return made

    # ---- renewal, shared with other processes ----------------------------------------------------

    @property
    def _places(self) -> list[SharedTokens]:
        return [place for place in (self.saved, self._forked) if place]

    def try_lock(self) -> bool:
        """Return whether no other process renews these tokens until `unlock`."""
        self.unlock()  # what an abandoned event loop may have left locked
        for place in self._places:
            if not place.try_lock():
                self.unlock()
                return False
            self._locked.append(place)
        return True

    def unlock(self) -> None:
        while self._locked:
            self._locked.pop().unlock()

    def renewing(
        self, outdated: Tokens, *, forced: bool = False, is_early: bool = False
    ) -> LoginFlow | None:
        """Return the steps that obtain new tokens, or None if another thread or process has."""
        if self.tokens is not outdated:
            return None
        newest = outdated
        for place in self._places:
            found = place.read()
            # A place that could not be written to has older tokens.
            if found and found.refresh != newest.refresh and found.renew_at > newest.renew_at:
                newest = found
        self.tokens = newest
        if is_early:
            self._tried_early = newest
            return self._renew_early(newest) if newest is outdated else None
        if self._ended and self._ended[0] is newest and not forced:
            raise copy(self._ended[1])  # the refusal is final: it is not asked for again
        if newest is outdated or forced or self.expiring_tokens():
            return self.strategy.renew(newest)
        return None

    def _renew_early(self, tokens: Tokens) -> LoginFlow:
        """Renew tokens that are still valid: if this fails, the client goes on with them."""
        # A user is asked to log in again only if it is necessary.
        strategy = self.strategy.refresh_only if tokens.refresh else self.strategy
        try:
            return (yield from strategy.renew(tokens))
        except Vantage6Error as error:
            LOGGER.warning("The token is valid, but was not renewed: %s", error)
            return tokens

    def share(self) -> None:
        """Pass the tokens on to other processes."""
        tokens = self.tokens
        if tokens and self.saved and not self.saved.write(tokens):
            self.saved = None
        if tokens and self._forked and not self._forked.write(tokens):
            self._forked = None

    def advance(
        self, steps: LoginFlow, result: Response | str | Vantage6Error | None
    ) -> LoginStep | None:
        """Return the next step toward new tokens; after the last one, store the tokens."""
        try:
            return steps.throw(result) if isinstance(result, Vantage6Error) else steps.send(result)
        except StopIteration as last:
            self.tokens = last.value
            self.share()
            return None
        except LoginExpiredError as error:
            if self.tokens and self.strategy.refusal_is_final:
                self._ended = self.tokens, copy(error)  # without its traceback
            raise
        except LoginFailedError:
            self.strategy = self.strategy.refresh_only  # more failures would lock the account
            raise
