# Derived by unasync.py: edit facade/vantage6/client/_async/core/auth.py instead.
"""Authentication for httpx: sign each request, and renew the token if needed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from http import HTTPStatus
from time import monotonic, sleep
from typing import TYPE_CHECKING

from ..._auth.bearer import (
    MAX_SENDS,
    BearerAuth,
    may_renew,
    renewal_timeout,
    seconds_left,
)
from ..._auth.credentials import resolve_code
from ..._auth.strategy import Callback, Pause
from ..._http.library import httpx
from ..._http.messages import to_response
from ..._http.secrets import calling_back
from ..._utils.locks import PAUSE_SECONDS, Lock
from ...errors import Vantage6Error

if TYPE_CHECKING:
    from ..._auth.strategy import AuthStrategy
    from ..._auth.tokens import Tokens
    from ..._http.response import Response


def run_step(step: Pause | Callback | Callable[[], object]) -> str | None:
    """Run a step of a login that sends nothing."""
    if isinstance(step, Pause):
        sleep(step.seconds)
        return None
    if isinstance(step, Callback):
        step.function()
        return None
    return resolve_code(step)


class ClientAuth(BearerAuth):
    """The authentication of a client: sign its requests, and renew the tokens."""

    def __init__(
        self, url: str, strategy: AuthStrategy, rejects: Callable[[Response, Tokens], bool]
    ) -> None:
        super().__init__(url, strategy, rejects)
        self._lock = Lock()

    @contextmanager
    def renewal(
        self, left: Callable[[], float], method: str, url: str, *, is_early: bool = False
    ) -> Generator[bool]:
        """Renew alone: other tasks, threads and processes wait for the end of the block.

        If it is early, they go on without waiting, with False.
        """
        if not self._lock.acquire(0 if is_early else left()):
            if not is_early:
                raise renewal_timeout(method, url)
            yield False
            return
        try:
            while not (is_alone := self.try_lock()) and not is_early:
                if left() <= 0:
                    raise renewal_timeout(method, url)
                sleep(PAUSE_SECONDS)
            try:
                yield is_alone
            finally:
                self.unlock()
        finally:
            self._lock.release()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign a request, and renew the token before or after it if needed; called by httpx."""
        renews, is_new = may_renew(request), False
        outdated = self.expiring_tokens() if renews else None
        aging = self.aging_tokens() if renews else None
        for attempt in range(1, 1 + MAX_SENDS):
            if old := outdated or aging:
                left, is_early = partial(seconds_left, request), old is aging
                where = request.method, str(request.url)
                with self.renewal(left, *where, is_early=is_early) as is_alone:
                    is_renewed = self.tokens is not old
                    steps = self.renewing(old, is_early=is_early) if is_alone else None
                    step = next(steps) if steps else None
                    # Tokens that another program has saved may be older than those of a renewal.
                    is_new = attempt > 1 and (is_renewed or steps is not None)
                    with closing(steps) if steps else nullcontext():
                        while steps and step:
                            if isinstance(step, Pause | Callback) or callable(step):
                                with calling_back():
                                    result = run_step(step)
                            else:
                                response = yield self.renewal_request(
                                    request, step, is_early=is_early
                                )
                                try:
                                    response.read()
                                    result = to_response(response)
                                except Vantage6Error as error:
                                    result = error
                            step = self.advance(steps, result)
            aging, signed_at, outdated = None, monotonic(), self.sign(request)
            response = yield request
            if not renews or outdated is None or response.is_success:
                return
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                response.read()
            if not self.has_expired(response, outdated, signed_at, is_new=is_new):
                return
