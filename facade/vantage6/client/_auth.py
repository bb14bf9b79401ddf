"""Signs requests with the access token, and renews it: before it expires, or when told it has.

All threads and tasks of a client share one pair of tokens and renew it once: whoever comes first
does, the others wait and then use the new one. A refused permission is never taken for an expired
token. Only requests to the server's own address are signed, and to the chosen algorithm store.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from http import HTTPStatus
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

import httpx

from vantage6.bindings.server import calls

from ._call import is_expired, read
from ._identity import Tokens
from ._locks import AsyncLock, Lock
from ._transport import answer_of
from .errors import RequestTimeout, SessionExpired

if TYPE_CHECKING:
    from ._call import Answer
    from ._deadline import Deadline


Origin: TypeAlias = tuple[str, str, "int | None"]


def _origin(url: httpx.URL) -> Origin:
    return url.scheme, url.host, url.port


def _left(request: httpx.Request) -> float:
    deadline: Deadline | None = request.extensions.get("deadline")
    return deadline.left if deadline else inf


def _too_late(request: httpx.Request) -> RequestTimeout:
    return RequestTimeout(
        "the token is being renewed, which took longer than the whole call may",
        method=request.method,
        url=str(request.url),
    )


class BearerAuth(httpx.Auth):
    """The login of one client.

    Parameters
    ----------
    url : str
        Address of the API.

    Attributes
    ----------
    tokens : Tokens or None
        The current tokens; None before the login.
    refresh : Call
        The request that renews them.
    renewed : callable or None
        What is called when they have been renewed.
    """

    def __init__(self, url: str) -> None:
        self.tokens: Tokens | None = None
        self._url = httpx.URL(url)
        self._store: Origin | None = None
        self.refresh = calls.refresh_token()
        self.renewed: Callable[[], None] | None = None
        self._thread_lock = Lock()
        self._task_lock = AsyncLock()

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign a request, and renew the token before or after it if need be; httpx calls this."""
        may_renew = request.extensions.get("renew", True)
        outdated = self._about_to_expire() if may_renew else None
        for _ in range(2):
            if outdated:
                if not self._thread_lock.acquire(_left(request)):
                    raise _too_late(request)
                try:
                    if self.tokens is outdated:
                        renewal = yield self._renewal(outdated, request)
                        renewal.read()
                        self.take(answer_of(renewal))
                finally:
                    self._thread_lock.release()
            outdated = self._sign(request)
            response = yield request
            if not may_renew or outdated is None or response.status_code != HTTPStatus.UNAUTHORIZED:
                return
            response.read()
            if not is_expired(response.status_code, response.content):
                return

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign a request, and renew the token before or after it if need be; httpx calls this."""
        may_renew = request.extensions.get("renew", True)
        outdated = self._about_to_expire() if may_renew else None
        for _ in range(2):
            if outdated:
                if not await self._task_lock.acquire(_left(request)):
                    raise _too_late(request)
                try:
                    if self.tokens is outdated:
                        renewal = yield self._renewal(outdated, request)
                        await renewal.aread()
                        self.take(answer_of(renewal))
                finally:
                    self._task_lock.release()
            outdated = self._sign(request)
            response = yield request
            if not may_renew or outdated is None or response.status_code != HTTPStatus.UNAUTHORIZED:
                return
            await response.aread()
            if not is_expired(response.status_code, response.content):
                return

    def sign_at_store(self, url: str) -> None:
        """Sign requests to this algorithm store too, and to no other one any more.

        Parameters
        ----------
        url : str
            Address of its API.
        """
        self._store = _origin(httpx.URL(url))

    @property
    def is_outdated(self) -> bool:
        """Whether the token is to be renewed before it is used again."""
        return self._about_to_expire() is not None

    def _about_to_expire(self) -> Tokens | None:
        tokens = self.tokens
        return tokens if tokens and monotonic() >= tokens.renew_at else None

    def _sign(self, request: httpx.Request) -> Tokens | None:
        """Add the token; give the pair it came from, or None where nothing is to be signed."""
        tokens = self.tokens
        if tokens is None or _origin(request.url) not in (_origin(self._url), self._store):
            return None
        request.headers.update(tokens.signing)
        return tokens

    def _renewal(self, outdated: Tokens, request: httpx.Request) -> httpx.Request:
        """Make the request that renews the token, in the time that is left of another one's."""
        return httpx.Request(
            self.refresh.method,
            f"{self._url}{self.refresh.path}",
            headers=outdated.renewing,
            extensions={**request.extensions, "renewal": True},
        )

    def take(self, answer: Answer) -> None:
        """Go on with the tokens that the answer to a renewal holds.

        Parameters
        ----------
        answer : Answer
            What came back for `refresh`.

        Raises
        ------
        SessionExpired
            When they could not be renewed.
        """
        # A lapsed refresh token is refused as a lapsed access token is: the session is over.
        body = read(self.refresh, answer, refused=SessionExpired)
        self.tokens = Tokens.of(body, monotonic())
        if self.renewed:
            self.renewed()
