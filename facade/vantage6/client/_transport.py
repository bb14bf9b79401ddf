"""The HTTP clients: what is sent, what is sent again, and errors in our own words."""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import httpx

from vantage6.bindings.secret import scrub

from ._call import Answer, check_request, count_of, fault, undecodable
from ._deadline import Deadline
from ._intake import BLOB, is_blob
from ._locks import AsyncLock, Lock
from ._secrets import without_library_frames
from ._settings import Timeouts
from ._streaming import Pace, Whole
from ._tls import tls_flaw
from .errors import (
    ClientClosedError,
    ConnectionFailedError,
    InvalidInputError,
    PermissionDeniedError,
    RequestTimeoutError,
    TLSError,
    TransportError,
    Vantage6Error,
)

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ._pools import AsyncPools, Pools
    from ._settings import Limits

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
PASSING_STATUS = frozenset({408, 429, 502, 503, 504})
# A proxy says this, which cannot know what the server did before it fell silent.
UNSURE_STATUS = frozenset({502, 504})
# Seconds before the first further attempt; each pause is so many times the one before, up to the
# longest. A random share keeps many clients from moving in step.
FIRST_PAUSE, GROWTH, LAST_PAUSE = 0.1, 4.0, 10.0
# Who asks for more patience than this, in seconds, gets none: the caller is told instead.
LONGEST_PAUSE = 30.0

# After these nothing can have been done: no connection came about.
UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)

UNSIGNED: dict[str, Any] = {"auth": None}
# Of what is streamed, any number of bytes may come.
STREAMED: dict[str, object] = {"max_response_bytes": None}
# The server leaves the end of such a body unread, and would take it for the next request.
BINARY = {"Content-Type": BLOB, "Connection": "close"}


class Attempts:
    """Decides, after each attempt to send a request, whether and when to make another.

    A request that can be repeated safely (GET, PUT, DELETE) is repeated when the connection failed,
    a proxy says that the server is away for a moment, or either asks to slow down; for as long as
    it asks, in the header Retry-After. Any other one only when no connection could be opened, so
    that nothing can happen twice. A timeout is never followed by another wait, and no attempt
    begins after the deadline of the call.

    Parameters
    ----------
    request : httpx.Request
        The request to be sent. Its extension ``"repeats"`` gives another number of further
        attempts than the limits do.
    limits : Limits
        What the call may cost.
    """

    def __init__(self, request: httpx.Request, limits: Limits) -> None:
        self._is_repeatable = request.method in REPEATABLE
        self._left: int = request.extensions.get("repeats", limits.max_retries)
        self._next = FIRST_PAUSE
        self.deadline = Deadline(limits.timeouts)
        request.extensions["deadline"] = self.deadline
        request.extensions.setdefault("max_response_bytes", limits.max_response_bytes)
        self._extensions = request.extensions
        self.begin()

    def begin(self) -> None:
        """Set the timeouts of the next attempt."""
        self._extensions["timeout"] = self.deadline.parts()

    def after_answer(self, status: int, retry_after: str | None = None) -> float | None:
        """Decide what follows an answer.

        Parameters
        ----------
        status : int
            Its HTTP status.
        retry_after : str, optional
            Its header of that name: seconds, or a date.

        Returns
        -------
        float or None
            Seconds to wait before the next attempt; None to take the answer as it is.
        """
        if not self._is_repeatable or status not in PASSING_STATUS:
            return None
        self._note(status in UNSURE_STATUS)
        return self._pause(seconds_until(retry_after))

    def _note(self, may_have_arrived: bool) -> None:
        """Remember that the server may have carried out the request."""
        if may_have_arrived:
            self._extensions["is_second"] = True

    def after_error(self, error: httpx.RequestError) -> float:
        """Decide what follows a failure to send or to receive.

        Parameters
        ----------
        error : httpx.RequestError
            The failure.

        Returns
        -------
        float
            Seconds to wait before the next attempt.

        Raises
        ------
        TransportError
            When there is not to be another attempt.
        """
        meaning = translate(error)
        may_repeat = self._is_repeatable or isinstance(error, UNSENT)
        if isinstance(
            error, httpx.ProxyError
        ):  # its message begins with the status, if there is one
            may_repeat = str(error)[:3] in {str(status) for status in PASSING_STATUS}
        pause = self._pause() if may_repeat and type(meaning) is ConnectionFailedError else None
        if pause is None:
            raise meaning from without_library_frames(error)
        self._note(meaning.may_have_arrived)
        return pause

    def _pause(self, asked: float = 0.0) -> float | None:
        if self._left <= 0 or asked > LONGEST_PAUSE:
            return None
        pause = max(asked, self._next * random.uniform(0.5, 1))  # noqa: S311 - no secret depends on it
        if pause >= self.deadline.left:
            return None
        self._left -= 1
        self._next = min(self._next * GROWTH, LAST_PAUSE)
        return pause


def seconds_until(retry_after: str | None) -> float:
    """Read a Retry-After header; what cannot be read asks for no patience."""
    if not retry_after:
        return 0.0
    if (seconds := count_of(retry_after.strip())) is not None:
        return float(seconds)
    from email.utils import parsedate_to_datetime  # rarely needed, and takes time to load

    try:
        return parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def translate(error: httpx.RequestError) -> TransportError:
    """Say in our own words why a request brought no answer.

    Parameters
    ----------
    error : httpx.RequestError
        The failure.

    Returns
    -------
    TransportError
        The error to raise in its place.
    """
    detail = scrub(str(error)) or type(error).__name__
    kind: type[TransportError] = ConnectionFailedError
    if isinstance(error, httpx.TimeoutException):
        kind, reason = RequestTimeoutError, _lateness(error)
    elif flaw := tls_flaw(error):
        kind, reason = TLSError, f"no secure connection: {flaw}"
    elif isinstance(error, httpx.ProxyError):
        reason = f"the proxy did not let the request pass: {detail}"
    elif isinstance(error, httpx.ConnectError):
        reason = (
            f"cannot connect: {detail}; are the address and the port right, and is the server up?"
        )
    elif isinstance(error, httpx.DecodingError):
        reason = f"the answer arrived damaged: {detail}"
    else:
        reason = f"the connection broke: {detail}"
    if came := error.request.extensions.get("came"):
        reason += f"; {came} bytes of the answer had come"
    return kind(
        reason,
        method=error.request.method,
        url=str(error.request.url),
        may_have_arrived=not isinstance(error, UNSENT)
        and "renewal" not in error.request.extensions,
    )


def _lateness(error: httpx.TimeoutException) -> str:
    """Say which limit was reached, and how long it is."""
    deadline: Deadline | None = error.request.extensions.get("deadline")
    timeouts = deadline.timeouts if deadline else Timeouts()
    if deadline and deadline.is_over:
        return (
            f"no answer within the {timeouts.total:g} seconds that a call may take in all (the "
            "timeout called total)"
        )
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within the connect timeout of {timeouts.connect:g} seconds"
    if isinstance(error, httpx.PoolTimeout):
        return (
            "all connections of this client stayed busy for the pool timeout of "
            f"{timeouts.pool:g} seconds"
        )
    if isinstance(error, httpx.WriteTimeout):
        return f"the server took in nothing for the write timeout of {timeouts.write:g} seconds"
    return f"no answer within the read timeout of {timeouts.read:g} seconds"


def _options(url: str, auth: httpx.Auth) -> dict[str, Any]:
    """Give the arguments that both kinds of client are made with."""
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


def _build(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[object],
    headers: Mapping[str, str] | None,
    extensions: Mapping[str, object] | None,
) -> httpx.Request:
    params: dict[str, Any] = dict(call.query)
    check_request(call.method, call.path, headers or {})
    try:
        return http.build_request(
            call.method,
            call.path,
            params=params or None,
            json=call.body,
            headers=headers,
            extensions=dict(extensions or {}),
        )
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        reason = f"{call.method} with these arguments cannot be sent: {error}"
    raise InvalidInputError(reason)  # not where that error is at hand, which has the body in it


def answer_of(response: httpx.Response) -> Answer:
    """Take from a response what the rest of the package needs.

    Parameters
    ----------
    response : httpx.Response
        The response, its body read.

    Returns
    -------
    Answer
        The same, without httpx.
    """
    return Answer(
        method=response.request.method,
        url=str(response.request.url),
        status=response.status_code,
        content=response.content,
        location=response.headers.get("location") if response.is_redirect else None,
        total=count_of(response.headers.get("total-count", "")),
        date=response.headers.get("date"),
        is_second=response.request.extensions.get("is_second", False),
    )


def _is_blob(response: httpx.Response) -> bool:
    return response.is_success and is_blob(response.headers.get("content-type"))


def _no_blob(response: httpx.Response) -> Vantage6Error:
    """Make the error for an answer that has come in place of a blob."""
    answer = answer_of(response)
    if not response.is_success:
        return fault(answer, PermissionDeniedError)
    came = response.headers["content-type"][:100]
    return undecodable(
        f"a blob comes as {BLOB}, and this is {came!r}; perhaps something between here and the "
        "server answered in its place",
        answer,
    )


def _new(piece: bytes | None, request: httpx.Request) -> bytes:
    """Pass on what is new of an answer, unless it is not the one that broke off before."""
    if piece is not None:
        return piece
    raise ConnectionFailedError(
        f"the connection broke after {request.extensions['came']} bytes of the answer, and what "
        "came when it was asked for again is not the same",
        method=request.method,
        url=str(request.url),
        may_have_arrived=True,
    )


class Http(httpx.Client):
    """The connections of a `Client` to one API.

    Parameters
    ----------
    url : str
        Address of the API.
    pools : Pools
        Where connections come from; several of these share them.
    limits : Limits
        What a call may cost.
    auth : httpx.Auth
        Adds the token to each request.
    """

    def __init__(self, url: str, pools: Pools, limits: Limits, auth: httpx.Auth) -> None:
        pools.prepare(url)
        super().__init__(transport=pools, **_options(url, auth))
        self.pools = pools
        self.limits = limits

    def limited(self, limits: Limits) -> Http:
        """Give the same connections with other limits."""
        view = copy(self)
        view.limits = limits
        return view

    def lock(self) -> Lock:
        """Make a lock for what the threads of a program do one after the other."""
        return Lock()

    def send(
        self, request: httpx.Request, *, attempts: Attempts | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request, again if need be and if it is safe; see `Attempts`."""
        attempts = attempts or Attempts(request, self.limits)
        while True:
            if self.pools.is_closed:
                raise ClientClosedError
            try:
                response = super().send(request, **options)
                asked = response.headers.get("retry-after")
                pause = attempts.after_answer(response.status_code, asked)
                if pause is None:
                    return response
                response.close()
            except httpx.RequestError as error:
                pause = attempts.after_error(error)
            except BaseException as error:  # such as Ctrl-C in the midst of a password
                raise without_library_frames(error)  # noqa: B904 - it is the same error
            time.sleep(pause)
            attempts.begin()

    def exchange(
        self,
        call: Call[object],
        *,
        headers: Mapping[str, str] | None = None,
        signed: bool = True,
        extensions: Mapping[str, object] | None = None,
    ) -> Answer:
        """Send what a call describes, with the token if `signed`, and give what comes back."""
        request = _build(self, call, headers, extensions)
        return answer_of(self.send(request, **({} if signed else UNSIGNED)))

    def upload(self, call: Call[object], pieces: Iterable[bytes]) -> Answer:
        """Send a body piece by piece, and give what comes back; each attempt iterates anew."""
        body = _Body(pieces)
        request = self.build_request(call.method, call.path, content=body, headers=BINARY)
        body.extensions = request.extensions
        return answer_of(self.send(request))

    def download(self, call: Call[bytes]) -> Generator[bytes]:
        """Send a request, and give the body of the answer piece by piece.

        Where that breaks off it is asked for again, as often as `Attempts` lets; see `Whole`.
        """
        request = _build(self, call, None, STREAMED)
        attempts, whole = Attempts(request, self.limits), Whole(request.extensions)
        while True:
            response = self.send(request, attempts=attempts, stream=True)
            try:
                whole.begin()
                if not _is_blob(response):
                    response.read()
                    raise _no_blob(response)
                for piece in response.iter_bytes():
                    if new := _new(whole.take(piece), request):
                        yield new
                if whole.is_here:
                    return
                raise httpx.ReadError("the answer ended sooner than before", request=request)
            except httpx.RequestError as error:
                pause = attempts.after_error(error)
            finally:
                response.close()
            time.sleep(pause)
            attempts.begin()


class AsyncHttp(httpx.AsyncClient):
    """The connections of an `AsyncClient`; the parameters are those of `Http`."""

    def __init__(self, url: str, pools: AsyncPools, limits: Limits, auth: httpx.Auth) -> None:
        pools.prepare(url)
        super().__init__(transport=pools, **_options(url, auth))
        self.pools = pools
        self.limits = limits

    def limited(self, limits: Limits) -> AsyncHttp:
        """Give the same connections with other limits."""
        view = copy(self)
        view.limits = limits
        return view

    def lock(self) -> AsyncLock:
        """Make a lock for what the tasks of a program do one after the other."""
        return AsyncLock()

    async def send(
        self, request: httpx.Request, *, attempts: Attempts | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request, again if need be and if it is safe; see `Attempts`."""
        from asyncio import sleep  # not above: `Http` does without, and it takes time to load

        attempts = attempts or Attempts(request, self.limits)
        while True:
            if self.pools.is_closed:
                raise ClientClosedError
            try:
                response = await super().send(request, **options)
                asked = response.headers.get("retry-after")
                pause = attempts.after_answer(response.status_code, asked)
                if pause is None:
                    return response
                await response.aclose()
            except httpx.RequestError as error:
                pause = attempts.after_error(error)
            except BaseException as error:  # such as a task that is cancelled meanwhile
                raise without_library_frames(error)  # noqa: B904 - it is the same error
            await sleep(pause)
            attempts.begin()

    async def exchange(
        self,
        call: Call[object],
        *,
        headers: Mapping[str, str] | None = None,
        signed: bool = True,
        extensions: Mapping[str, object] | None = None,
    ) -> Answer:
        """Send what a call describes, with the token if `signed`, and give what comes back."""
        request = _build(self, call, headers, extensions)
        return answer_of(await self.send(request, **({} if signed else UNSIGNED)))

    async def upload(self, call: Call[object], pieces: Iterable[bytes]) -> Answer:
        """Send a body piece by piece, and give what comes back; each attempt iterates anew."""
        body = _AsyncBody(pieces)
        request = self.build_request(call.method, call.path, content=body, headers=BINARY)
        body.extensions = request.extensions
        return answer_of(await self.send(request))

    async def download(self, call: Call[bytes]) -> AsyncGenerator[bytes]:
        """Send a request, and give the body of the answer piece by piece.

        Where that breaks off it is asked for again, as often as `Attempts` lets; see `Whole`.
        """
        from asyncio import sleep

        request = _build(self, call, None, STREAMED)
        attempts, whole = Attempts(request, self.limits), Whole(request.extensions)
        while True:
            response = await self.send(request, attempts=attempts, stream=True)
            try:
                whole.begin()
                if not _is_blob(response):
                    await response.aread()
                    raise _no_blob(response)
                async for piece in response.aiter_bytes():
                    if new := _new(whole.take(piece), request):
                        yield new
                if whole.is_here:
                    return
                raise httpx.ReadError("the answer ended sooner than before", request=request)
            except httpx.RequestError as error:
                pause = attempts.after_error(error)
            finally:
                await response.aclose()
            await sleep(pause)
            attempts.begin()


class _Body:
    """A body that is sent piece by piece, at a pace of its own; each attempt iterates anew."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.extensions: dict[str, Any] = {}

    def __iter__(self) -> Generator[bytes]:
        pace = Pace(self.extensions)
        for piece in self._pieces:
            pace.add(piece)
            yield piece


class _AsyncBody:
    """The same as httpx wants it for a body that is sent asynchronously."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.extensions: dict[str, Any] = {}

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        pace = Pace(self.extensions)
        for piece in self._pieces:
            pace.add(piece)
            yield piece
