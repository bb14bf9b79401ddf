"""The HTTP clients: timeouts, certificates, what is sent again, and errors in our own words."""

from __future__ import annotations

import random
import ssl
import threading
import time
import warnings
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain, islice, repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx

from vantage6.bindings.secret import scrub

from ._call import Answer, fault
from ._secrets import without_library_frames
from .errors import (
    ConnectionFailed,
    InvalidSettings,
    PermissionDenied,
    RequestTimeout,
    TLSError,
    TransportError,
)

if TYPE_CHECKING:
    import asyncio

    from vantage6.bindings.call import Call

    from ._settings import Timeouts

Verify: TypeAlias = "bool | str | PathLike[str]"

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
PASSING_STATUS = frozenset({408, 429, 502, 503, 504})
# Seconds before each further attempt; a random share keeps many clients from moving in step.
PAUSES = (0.1, 0.4, 1.0)
# Who asks for more patience than this, in seconds, gets none: the caller is told instead.
LONGEST_PAUSE = 30.0

UNSIGNED: dict[str, Any] = {"auth": None}
# The server leaves the end of such a body unread, and would take it for the next request.
BINARY = {"Content-Type": "application/octet-stream", "Connection": "close"}


class Attempts:
    """Decides, after each attempt to send a request, whether and when to make another.

    A request that can be repeated safely (GET, PUT, DELETE) is repeated when the connection failed,
    a proxy says that the server is away for a moment, or either asks to slow down; for as long as
    it asks, in the header Retry-After. Any other one only when no connection could be opened, so
    that nothing can happen twice. A timeout is never followed by another wait.

    Parameters
    ----------
    request : httpx.Request
        The request to be sent. Its extension ``"repeats"`` tells how many further attempts there
        may be; as many as there are `PAUSES` by default, and the last of them again beyond.
    """

    def __init__(self, request: httpx.Request) -> None:
        self._is_repeatable = request.method in REPEATABLE
        repeats: int = request.extensions.get("repeats", len(PAUSES))
        self._pauses: Iterator[float] = islice(chain(PAUSES, repeat(PAUSES[-1])), repeats)

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
        pause, asked = self._pause(), _seconds_until(retry_after)
        if pause is None or asked > LONGEST_PAUSE:
            return None
        return max(pause, asked)

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
        may_repeat = self._is_repeatable or isinstance(error, httpx.ConnectError)
        pause = self._pause() if may_repeat and type(meaning) is ConnectionFailed else None
        if pause is None:
            raise meaning from without_library_frames(error)
        return pause

    def _pause(self) -> float | None:
        pause = next(self._pauses, None)
        return pause and pause * random.uniform(0.5, 1)  # noqa: S311 - no secret depends on it


def _seconds_until(retry_after: str | None) -> float:
    """Read a Retry-After header; what cannot be read asks for no patience."""
    if not retry_after:
        return 0.0
    if retry_after.strip().isdecimal():
        return float(retry_after)
    from email.utils import parsedate_to_datetime  # rarely needed, and takes time to load

    try:
        return parsedate_to_datetime(retry_after).timestamp() - time.time()
    except ValueError:
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
    request = {"method": error.request.method, "url": str(error.request.url)}
    detail = scrub(str(error)) or type(error).__name__
    if isinstance(error, httpx.ConnectTimeout):
        return RequestTimeout("no connection within the connect timeout", **request)
    if isinstance(error, httpx.PoolTimeout):
        return RequestTimeout("all connections of this client stayed busy", **request)
    if isinstance(error, httpx.TimeoutException):
        return RequestTimeout("no answer within the timeout", **request)
    if _is_tls(error):
        return TLSError(
            f"no secure connection: {detail}; a server with a certificate of its own needs "
            "verify='path/to/ca.pem'",
            **request,
        )
    if isinstance(error, httpx.ConnectError):
        return ConnectionFailed(
            f"cannot connect: {detail}; are the address and the port right, and is the server up?",
            **request,
        )
    return ConnectionFailed(f"the connection broke: {detail}", **request)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _options(url: str, timeouts: Timeouts, verify: Verify, auth: httpx.Auth) -> dict[str, Any]:
    """Give the arguments that both kinds of client are made with."""
    return {
        "base_url": url,
        "auth": auth,
        "timeout": httpx.Timeout(
            connect=timeouts.connect,
            read=timeouts.read,
            write=timeouts.write,
            pool=timeouts.pool,
        ),
        "verify": _trust(url, verify),
        "headers": {"Accept": "application/json", "User-Agent": "vantage6-sdk"},
        "follow_redirects": False,
    }


def _trust(url: str, verify: Verify) -> ssl.SSLContext | bool:
    if not url.startswith("https:"):
        # Loading certificates takes time; should TLS come up after all, nothing is trusted.
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if verify is False:
        warnings.warn(
            f"certificates are not checked: anyone on the way to {url} can read along and answer "
            "in its place",
            stacklevel=6,  # the line that makes the client
        )
    if isinstance(verify, bool):
        return verify
    path = Path(verify)
    try:
        if path.is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise InvalidSettings(
            f"verify={str(verify)!r} holds no certificates that can be read: {error}"
        ) from None


def certificates(url: str, verify: Verify) -> ssl.SSLContext | None:
    """Give what a connection beside the API's needs to trust the same certificates.

    Parameters
    ----------
    url : str
        Address of the API.
    verify : bool or path
        Whose certificates to trust.

    Returns
    -------
    SSLContext or None
        None where there is no TLS.
    """
    if not url.startswith("https:"):
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that of the API's connections has been read
        trust = _trust(url, verify)
    return trust if isinstance(trust, ssl.SSLContext) else httpx.create_ssl_context(trust)


def _build(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[object],
    headers: Mapping[str, str] | None,
    extensions: Mapping[str, object] | None,
) -> httpx.Request:
    params: dict[str, Any] = dict(call.query)
    return http.build_request(
        call.method,
        call.path,
        params=params or None,
        json=call.body,
        headers=headers,
        extensions=dict(extensions or {}),
    )


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
    total = response.headers.get("total-count", "")
    return Answer(
        method=response.request.method,
        url=str(response.request.url),
        status=response.status_code,
        content=response.content,
        location=response.headers.get("location") if response.is_redirect else None,
        total=int(total) if total.isdigit() else None,
    )


class Http(httpx.Client):
    """The connections of a `Client`.

    Parameters
    ----------
    url : str
        Address of the API.
    timeouts : Timeouts
        How long each part of a request may take.
    verify : bool or path
        Whose certificates to trust.
    auth : httpx.Auth
        Adds the token to each request.
    """

    def __init__(self, url: str, timeouts: Timeouts, verify: Verify, auth: httpx.Auth) -> None:
        super().__init__(**_options(url, timeouts, verify, auth))

    def __del__(self) -> None:
        # In notebooks and short scripts nobody closes a client; its sockets are to be closed still.
        with suppress(AttributeError):  # it was never made whole
            self.close()

    def lock(self) -> threading.Lock:
        """Make a lock for what the threads of a program do one after the other."""
        return threading.Lock()

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, again if need be and if it is safe; see `Attempts`."""
        attempts = Attempts(request)
        while True:
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
        request = self.build_request(call.method, call.path, content=pieces, headers=BINARY)
        return answer_of(self.send(request))

    def download(self, call: Call[bytes]) -> Generator[bytes]:
        """Send a request, and give the body of the answer piece by piece."""
        request = _build(self, call, None, None)
        response = self.send(request, stream=True)
        try:
            if not response.is_success:
                response.read()
                raise fault(answer_of(response), PermissionDenied)
            yield from response.iter_bytes()
        except httpx.RequestError as error:
            raise translate(error) from without_library_frames(error)
        finally:
            response.close()


class AsyncHttp(httpx.AsyncClient):
    """The connections of an `AsyncClient`; the parameters are those of `Http`."""

    def __init__(self, url: str, timeouts: Timeouts, verify: Verify, auth: httpx.Auth) -> None:
        super().__init__(**_options(url, timeouts, verify, auth))

    def lock(self) -> asyncio.Lock:
        """Make a lock for what the tasks of a program do one after the other."""
        from asyncio import Lock

        return Lock()

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request, again if need be and if it is safe; see `Attempts`."""
        from asyncio import sleep  # not above: `Http` does without, and it takes time to load

        attempts = Attempts(request)
        while True:
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
        request = self.build_request(
            call.method, call.path, content=_Pieces(pieces), headers=BINARY
        )
        return answer_of(await self.send(request))

    async def download(self, call: Call[bytes]) -> AsyncGenerator[bytes]:
        """Send a request, and give the body of the answer piece by piece."""
        request = _build(self, call, None, None)
        response = await self.send(request, stream=True)
        try:
            if not response.is_success:
                await response.aread()
                raise fault(answer_of(response), PermissionDenied)
            async for piece in response.aiter_bytes():
                yield piece
        except httpx.RequestError as error:
            raise translate(error) from without_library_frames(error)
        finally:
            await response.aclose()


class _Pieces:
    """An iterable as httpx wants it for a body that is sent asynchronously."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for piece in self._pieces:
            yield piece
