# Derived by unasync.py: edit facade/vantage6/client/_async/core/auth.py instead.
"""The login of a client as httpx calls it: sign each request, and renew the token if needed."""

from __future__ import annotations

from collections.abc import Generator
from http import HTTPStatus
from time import monotonic

import httpx

from ..._auth.bearer import (
    MAX_SENDS,
    BearerAuth,
    may_renew,
    renewal_timeout,
    seconds_left,
    token_expired,
)
from ..._auth.credentials import resolve_code
from ..._http.messages import to_response
from ..._http.secrets import calling_back
from ..._utils.locks import Lock


class ClientAuth(BearerAuth):
    """The login of a client; all its threads or tasks share one pair of tokens."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._lock = Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Sign a request and renew the token before or after it if needed; httpx calls this."""
        renews = may_renew(request)
        outdated = self.expiring_tokens() if renews else None
        for attempt in range(1, 1 + MAX_SENDS):
            if outdated:
                if not self._lock.acquire(seconds_left(request)):
                    raise renewal_timeout(request)
                try:
                    if self.tokens is outdated:
                        steps = self.renewing(outdated)
                        step = next(steps)
                        while step:
                            if callable(step):
                                with calling_back():
                                    result = resolve_code(step)
                            else:
                                response = yield self.renewal_request(request, *step)
                                response.read()
                                result = to_response(response)
                            step = self.advance(steps, result)
                finally:
                    self._lock.release()
            signed_at, outdated = monotonic(), self.sign(request)
            response = yield request
            if not renews or outdated is None or response.status_code != HTTPStatus.UNAUTHORIZED:
                return
            response.read()
            if not token_expired(response, outdated, signed_at, attempt):
                return
