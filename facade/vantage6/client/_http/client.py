"""The HTTP clients: send a request, retry it, stream bodies."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import httpx

from .._utils.locks import AsyncLock, Lock
from ..errors import (
    ClientClosedError,
    ConnectionFailedError,
    InvalidInputError,
    PermissionDeniedError,
    Vantage6Error,
)
from .context import DEFAULTS, SendOptions, context_of
from .decoding import invalid_response
from .limits import BLOB, is_blob
from .request import check_request
from .response import Response, parse_count
from .retry import Retries
from .secrets import strip_library_frames
from .status_errors import error_for
from .streaming import AsyncBody, Body, ResumableBody

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .limits import Limits
    from .pools import AsyncPools, Pools

# The server leaves the end of such a body unread, and would take it for the next request.
BINARY = {"Content-Type": BLOB, "Connection": "close"}


def _options(url: str, auth: httpx.Auth) -> dict[str, Any]:
    """Return the arguments that both kinds of client are made with."""
    return {
        "base_url": url,
        "auth": auth,
        "headers": {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": "vantage6-sdk",
        },
        "follow_redirects": False,
    }


def _build_request(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[object],
    headers: Mapping[str, str],
) -> httpx.Request:
    params: dict[str, Any] = dict(call.query)
    check_request(call.method, call.path, headers)
    try:
        return http.build_request(
            call.method,
            call.path,
            params=params or None,
            json=call.body,
            headers=headers,
        )
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        reason = f"{call.method} with these arguments cannot be sent: {error}"
    raise InvalidInputError(reason)  # not where that error is at hand, which has the body in it


def to_response(response: httpx.Response) -> Response:
    """Take from a response what the rest of the package needs."""
    context = context_of(response.request)
    return Response(
        method=response.request.method,
        url=str(response.request.url),
        status=response.status_code,
        content=response.content,
        location=response.headers.get("location") if response.is_redirect else None,
        total=parse_count(response.headers.get("total-count", "")),
        date=response.headers.get("date"),
        may_have_arrived=context.may_have_arrived if context else False,
    )


def _is_blob(response: httpx.Response) -> bool:
    return response.is_success and is_blob(response.headers.get("content-type"))


def _not_a_blob(response: httpx.Response) -> Vantage6Error:
    """Create the error for an answer that has come in place of a blob."""
    answer = to_response(response)
    if not response.is_success:
        return error_for(answer, PermissionDeniedError)
    came = response.headers["content-type"][:100]
    return invalid_response(
        f"a blob comes as {BLOB}, and this is {came!r}; perhaps something between here and the "
        "server answered in its place",
        answer,
    )


def _require_same(piece: bytes | None, request: httpx.Request, received: int) -> bytes:
    """Return what is new of a body, unless it differs from the one that broke off before."""
    if piece is not None:
        return piece
    raise ConnectionFailedError(
        f"the connection broke after {received} bytes of the response, and the response to the "
        "next attempt is not the same",
        method=request.method,
        url=str(request.url),
        may_have_arrived=True,
    )


class Http(httpx.Client):
    """The connections of a `Client` to one API."""

    def __init__(self, url: str, pools: Pools, limits: Limits, auth: httpx.Auth) -> None:
        pools.prepare(url)
        super().__init__(transport=pools, **_options(url, auth))
        self.pools = pools
        self.limits = limits

    def limited(self, limits: Limits) -> Http:
        """Return the same connections with other limits."""
        view = copy(self)
        view.limits = limits
        return view

    def lock(self) -> Lock:
        """Create a lock for what the threads of a program do one after the other."""
        return Lock()

    def send(
        self, request: httpx.Request, *, retries: Retries | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request, again if need be and if it is safe; see `Retries`."""
        retries = retries or Retries(request, self.limits)
        while True:
            if self.pools.is_closed:
                raise ClientClosedError
            try:
                response = super().send(request, **options)
                delay = retries.after_response(response)
                if delay is None:
                    return response
                response.close()
            except httpx.RequestError as error:
                delay = retries.after_error(error)
            except BaseException as error:  # such as Ctrl-C in the midst of a password
                raise strip_library_frames(error)  # noqa: B904 - it is the same error
            time.sleep(delay)
            retries.begin()

    def exchange(self, call: Call[object], options: SendOptions = DEFAULTS) -> Response:
        """Send a call, signed unless the options say otherwise, and return the response."""
        request = _build_request(self, call, options.headers)
        retries = Retries(request, self.limits, options)
        # BearerAuth, the client's own, signs each attempt and renews the token.
        auth: dict[str, Any] = {} if options.signed else {"auth": None}
        return to_response(self.send(request, retries=retries, **auth))

    def upload(self, call: Call[object], pieces: Iterable[bytes]) -> Response:
        """Send a body piece by piece, and give what comes back; each attempt iterates anew."""
        body = Body(pieces)
        request = self.build_request(call.method, call.path, content=body, headers=BINARY)
        retries = Retries(request, self.limits)
        body.context = retries.context
        return to_response(self.send(request, retries=retries))

    def download(self, call: Call[bytes]) -> Generator[bytes]:
        """Send a request, and give the body of the answer piece by piece."""
        # Where that breaks off it is asked for again, as often as `Retries` lets; see
        # `ResumableBody`.
        request = _build_request(self, call, {})
        retries = Retries(request, self.limits, is_streamed=True)
        whole = ResumableBody(retries.context)
        while True:
            response = self.send(request, retries=retries, stream=True)
            try:
                whole.begin()
                if not _is_blob(response):
                    response.read()
                    raise _not_a_blob(response)
                for piece in response.iter_bytes():
                    if new := _require_same(whole.take(piece), request, whole.size):
                        yield new
                if whole.is_here:
                    return
                raise httpx.ReadError("the answer ended sooner than before", request=request)
            except httpx.RequestError as error:
                delay = retries.after_error(error)
            finally:
                response.close()
            time.sleep(delay)
            retries.begin()


class AsyncHttp(httpx.AsyncClient):
    """The connections of an `AsyncClient`; the parameters are those of `Http`."""

    def __init__(self, url: str, pools: AsyncPools, limits: Limits, auth: httpx.Auth) -> None:
        pools.prepare(url)
        super().__init__(transport=pools, **_options(url, auth))
        self.pools = pools
        self.limits = limits

    def limited(self, limits: Limits) -> AsyncHttp:
        """Return the same connections with other limits."""
        view = copy(self)
        view.limits = limits
        return view

    def lock(self) -> AsyncLock:
        """Create a lock for what the tasks of a program do one after the other."""
        return AsyncLock()

    async def send(
        self, request: httpx.Request, *, retries: Retries | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request, again if need be and if it is safe; see `Retries`."""
        from asyncio import sleep  # not above: `Http` does without, and it takes time to load

        retries = retries or Retries(request, self.limits)
        while True:
            if self.pools.is_closed:
                raise ClientClosedError
            try:
                response = await super().send(request, **options)
                delay = retries.after_response(response)
                if delay is None:
                    return response
                await response.aclose()
            except httpx.RequestError as error:
                delay = retries.after_error(error)
            except BaseException as error:  # such as a task that is cancelled meanwhile
                raise strip_library_frames(error)  # noqa: B904 - it is the same error
            await sleep(delay)
            retries.begin()

    async def exchange(self, call: Call[object], options: SendOptions = DEFAULTS) -> Response:
        """Send a call, signed unless the options say otherwise, and return the response."""
        request = _build_request(self, call, options.headers)
        retries = Retries(request, self.limits, options)
        # BearerAuth, the client's own, signs each attempt and renews the token.
        auth: dict[str, Any] = {} if options.signed else {"auth": None}
        return to_response(await self.send(request, retries=retries, **auth))

    async def upload(self, call: Call[object], pieces: Iterable[bytes]) -> Response:
        """Send a body piece by piece, and give what comes back; each attempt iterates anew."""
        body = AsyncBody(pieces)
        request = self.build_request(call.method, call.path, content=body, headers=BINARY)
        retries = Retries(request, self.limits)
        body.context = retries.context
        return to_response(await self.send(request, retries=retries))

    async def download(self, call: Call[bytes]) -> AsyncGenerator[bytes]:
        """Send a request, and give the body of the answer piece by piece."""
        # Where that breaks off it is asked for again, as often as `Retries` lets; see
        # `ResumableBody`.
        from asyncio import sleep

        request = _build_request(self, call, {})
        retries = Retries(request, self.limits, is_streamed=True)
        whole = ResumableBody(retries.context)
        while True:
            response = await self.send(request, retries=retries, stream=True)
            try:
                whole.begin()
                if not _is_blob(response):
                    await response.aread()
                    raise _not_a_blob(response)
                async for piece in response.aiter_bytes():
                    if new := _require_same(whole.take(piece), request, whole.size):
                        yield new
                if whole.is_here:
                    return
                raise httpx.ReadError("the answer ended sooner than before", request=request)
            except httpx.RequestError as error:
                delay = retries.after_error(error)
            finally:
                await response.aclose()
            await sleep(delay)
            retries.begin()
