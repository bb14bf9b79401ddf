"""Connection pools of a client.

A client has one pool for all it talks to, by way of each proxy. A forked process starts with empty
pools, and so does each event loop. Timeouts are cut to what is left of the whole call wherever
bytes are read or written, and an answer is read no further than it is of use.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, Generator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpcore
import httpx

from .._utils.locks import reset_after_fork
from ..errors import ConfigurationError
from .context import context_of
from .deadline import clip
from .limits import Limits, ResponseLimiter
from .proxy import proxy_for
from .secrets import scrub_logs
from .tls import ssl_context

if TYPE_CHECKING:
    import asyncio
    from typing import TypeAlias

    from .route import Route

    Options: TypeAlias = Iterable[tuple[Any, ...]] | None

    Origin: TypeAlias = tuple[str, bytes]

scrub_logs()
# All of them are kept open while they are used; 5 seconds after that they are closed.
LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=5.0)
# Large bodies are sent in pieces: the time that is left is looked at before each.
PIECE = 1 << 16


# ---- reads and writes in time -------------------------------------------------------------------


def parse_url(url: str) -> httpx.URL:
    """Read an address as the HTTP library does."""
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"{url} is not an address: {error}") from None


def _seconds_left(
    timeout: float | None, otherwise: float | None, late: type[httpcore.TimeoutException]
) -> float | None:
    """Return how long a read or write may take now; sockets would take 0 for "do not wait"."""
    seconds = clip(timeout, otherwise)
    if seconds is not None and seconds <= 0:
        raise late("the time is up")
    return seconds


class _Stream(httpcore.NetworkStream):
    """A connection on which no read or write outlasts the call that it is for."""

    def __init__(self, stream: httpcore.NetworkStream, opening: float | None) -> None:
        self._stream = stream
        self._opening = opening  # for what is said to a proxy before the request

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        seconds = _seconds_left(timeout, self._opening, httpcore.ReadTimeout)
        try:
            return self._stream.read(max_bytes, seconds)
        except httpcore.TimeoutException:
            self.close()  # the library forgets to where it talks to a SOCKS proxy
            raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            seconds = _seconds_left(timeout, self._opening, httpcore.WriteTimeout)
            piece = buffer if len(buffer) <= PIECE else buffer[start : start + PIECE]
            self._stream.write(piece, seconds)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _seconds_left(timeout, self._opening, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _Stream(stream, self._opening)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens such connections."""

    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore.NetworkStream:
        seconds = _seconds_left(timeout, None, httpcore.ConnectTimeout)
        stream = self._backend.connect_tcp(host, port, seconds, local_address, socket_options)
        return _Stream(stream, timeout)


class _AsyncStream(httpcore.AsyncNetworkStream):
    """The same for an event loop."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, opening: float | None) -> None:
        self._stream = stream
        self._opening = opening

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            return await self._stream.read(max_bytes, clip(timeout, self._opening))
        except httpcore.TimeoutException:
            await self.aclose()  # the library forgets to where it talks to a SOCKS proxy
            raise
        except ssl.SSLError as error:  # the library knows it from threads only
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            await self._stream.write(buffer, clip(timeout, self._opening))
        except ssl.SSLError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        seconds = clip(timeout, self._opening)
        stream = await self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _AsyncStream(stream, self._opening)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _AsyncBackend(httpcore.AsyncNetworkBackend):
    """The same for an event loop."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore.AsyncNetworkStream:
        seconds = clip(timeout)
        stream = await self._backend.connect_tcp(host, port, seconds, local_address, socket_options)
        return _AsyncStream(stream, timeout)


class _Transport(httpx.HTTPTransport):
    """A pool of such connections, all by way of one proxy or of none."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(context, limits=LIMITS, proxy=proxy)
        pool: Any = self._pool  # the library passes no backend on
        pool._network_backend = _Backend(pool._network_backend)


class _AsyncTransport(httpx.AsyncHTTPTransport):
    """The same for an event loop."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        super().__init__(context, limits=LIMITS, proxy=proxy)
        pool: Any = self._pool
        pool._network_backend = _AsyncBackend(pool._network_backend)


# ---- answers, read as far as they are of use ----------------------------------------------------


class _Response(httpx.Response):
    """An answer that is read no further than it is of use; see `ResponseLimiter`."""

    limiter: ResponseLimiter

    def iter_bytes(self, chunk_size: int | None = None) -> Generator[bytes]:
        """Return the body, unpacked; httpx calls this to read it."""
        self.limiter.start()
        for piece in super().iter_bytes(chunk_size):
            yield self.limiter.take(piece)
            if self.limiter.is_over:
                self.close()
                return

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncGenerator[bytes]:
        """Return the body, unpacked; httpx calls this to read it."""
        self.limiter.start()
        async for piece in super().aiter_bytes(chunk_size):
            yield self.limiter.take(piece)
            if self.limiter.is_over:
                await self.aclose()
                return


def _wrapped(response: httpx.Response, request: httpx.Request) -> _Response:
    made = _Response(
        response.status_code,
        headers=response.headers,
        stream=response.stream,
        extensions=response.extensions,
    )
    packing = made.headers.get("content-encoding", "")
    context = context_of(request)
    most = context.max_response_bytes if context else Limits.max_response_bytes
    facts = request.method, str(request.url), made.status_code
    made.limiter = ResponseLimiter(*facts, packing, most, made.headers.get("content-type"))
    return made


# ---- the pools ----------------------------------------------------------------------------------


def origin_of(url: httpx.URL) -> Origin:
    """Return the scheme, host and port of an address."""
    return url.scheme, url.netloc


class _Routes:
    """The routes of a client: to its server, and to algorithm stores at other origins."""

    def __init__(self, url: str, route: Route) -> None:
        self.route = route
        self._routes = {origin_of(parse_url(url)): route}

    def route_to(self, url: httpx.URL) -> Route:
        """Return the route to an address."""
        return self._routes.get(origin_of(url)) or self.route.elsewhere()

    def set_route(self, url: str, route: Route) -> None:
        """Set the route to a store; one at the server's own origin has the server's."""
        origin = origin_of(parse_url(url))
        if self._routes.get(origin) is not self.route:
            self._routes[origin] = route
        elif route != self.route.elsewhere():
            raise ConfigurationError(
                "verify, cert: expected none for a store at the server's own address, got some. "
                "The options of the client apply to it."
            )


class Pools(_Routes, httpx.BaseTransport):
    """All connections of a `Client`."""

    def __init__(self, url: str, route: Route) -> None:
        super().__init__(url, route)
        self.is_closed = False
        self._pools: dict[tuple[Origin, Route], _Transport] = {}
        reset_after_fork(self)

    def __del__(self) -> None:
        # In notebooks and short scripts nobody closes a client; its sockets are to be closed still.
        with suppress(Exception):  # it was never made whole, or the interpreter is at its end
            self.close()

    def after_fork(self) -> None:
        """Let go of the connections, which are the parent's."""
        self._pools = {}

    def prepare(self, url: str) -> None:
        """Determine at once what keeps an address from being reached by the settings given."""
        self._pool(parse_url(url))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; httpx calls this."""
        return _wrapped(self._pool(request.url).handle_request(request), request)

    def _pool(self, url: httpx.URL) -> _Transport:
        route = self.route_to(url)
        key = origin_of(url), route
        pool = self._pools.get(key)
        if pool is None:
            made = _Transport(ssl_context(str(url), route), proxy_for(str(url), route))
            pool = self._pools.setdefault(key, made)
        return pool

    def close(self) -> None:
        """Close all connections."""
        self.is_closed = True
        while self._pools:
            self._pools.popitem()[1].close()


class AsyncPools(_Routes, httpx.AsyncBaseTransport):
    """All connections of an `AsyncClient`; the parameters are those of `Pools`."""

    def __init__(self, url: str, route: Route) -> None:
        super().__init__(url, route)
        self.is_closed = False
        self._contexts: dict[tuple[Origin, Route], ssl.SSLContext] = {}
        # A connection belongs to the event loop that opened it.
        self._loops: WeakKeyDictionary[
            asyncio.AbstractEventLoop, dict[tuple[Origin, Route], _AsyncTransport]
        ] = WeakKeyDictionary()
        reset_after_fork(self)

    def after_fork(self) -> None:
        """Let go of the connections, which are the parent's."""
        self._loops = WeakKeyDictionary()

    def prepare(self, url: str) -> None:
        """Determine at once what keeps an address from being reached by the settings given."""
        self._prepared(parse_url(url))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; httpx calls this."""
        pool = self._pool(request.url)
        return _wrapped(await pool.handle_async_request(request), request)

    def _pool(self, url: httpx.URL) -> _AsyncTransport:
        import asyncio  # not above: `Pools` does without, and it takes time to load

        pools = self._loops.setdefault(asyncio.get_running_loop(), {})
        key = origin_of(url), self.route_to(url)
        pool = pools.get(key)
        if pool is None:
            pool = pools[key] = _AsyncTransport(*self._prepared(url))
        return pool

    def _prepared(self, url: httpx.URL) -> tuple[ssl.SSLContext, str | None]:
        """Return the context, which all event loops share, and the proxy for an address."""
        route = self.route_to(url)
        key = origin_of(url), route
        proxy = proxy_for(str(url), route)
        if key not in self._contexts:
            self._contexts[key] = ssl_context(str(url), route)
        return self._contexts[key], proxy

    async def aclose(self) -> None:
        """Close all connections of this event loop; those of others ended with their loops."""
        import asyncio

        self.is_closed = True
        for pool in self._loops.pop(asyncio.get_running_loop(), {}).values():
            await pool.aclose()
