"""The connection pools of a client: one for each address, in each event loop and process.

Every read and write is limited to the time that is left of the whole call, and a response is read
only as far as it is useful.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpcore

from ..._http.context import context_of
from ..._http.library import httpx
from ..._http.limits import Limits, ResponseLimiter
from ..._http.network import (
    POOL_OPTIONS,
    AsyncConnector,
    AsyncPoolsBase,
    httpx_errors,
    origin_of,
    parse_url,
    seconds_left,
)
from ..._http.proxy import proxy_for
from ..._http.tls import ssl_context
from ..._utils.locks import reset_after_fork
from ..._utils.threads import running_loop

if TYPE_CHECKING:
    from ..._http.network import Origin, SocketOptions
    from ..._http.route import Route

# Large bodies are sent in pieces; the time that is left is checked before each.
PIECE = 1 << 16


class _Stream(httpcore.AsyncNetworkStream):
    """A connection on which no read or write outlasts its call."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, connect: float | None) -> None:
        self._stream = stream
        self._connect = connect  # timeout for the exchange with a SOCKS proxy, which has none

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        seconds = seconds_left(timeout, self._connect, httpcore.ReadTimeout)
        try:
            return await self._stream.read(max_bytes, seconds)
        except httpcore.TimeoutException:
            await self.aclose()  # httpcore leaves it open while it talks to a SOCKS proxy
            raise
        except ssl.SSLError as error:  # httpcore translates it in threads only
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            for start in range(0, len(buffer), PIECE):
                seconds = seconds_left(timeout, self._connect, httpcore.WriteTimeout)
                piece = buffer if len(buffer) <= PIECE else buffer[start : start + PIECE]
                await self._stream.write(piece, seconds)
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
        seconds = seconds_left(timeout, self._connect, httpcore.ConnectTimeout)
        stream = await self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _Stream(stream, self._connect)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.AsyncNetworkBackend):
    """Opens such connections."""

    def __init__(self) -> None:
        self._connector = AsyncConnector()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.AsyncNetworkStream:
        seconds = seconds_left(timeout, None, httpcore.ConnectTimeout)
        stream = await self._connector.connect_tcp(
            host, port, seconds, local_address, socket_options
        )
        return _Stream(stream, timeout)


class _Body(httpx.AsyncByteStream):
    """The body of a response, as it arrives."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        with httpx_errors():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


class AsyncTransport(httpx.AsyncBaseTransport):
    """The connections to one address, through a proxy or directly."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        options: dict[str, Any] = {
            **POOL_OPTIONS,
            "ssl_context": context,
            "network_backend": _Backend(),
        }
        if proxy is None:
            self._pool = httpcore.AsyncConnectionPool(**options)
            return
        parsed = httpx.Proxy(proxy)
        is_socks = parsed.url.scheme.startswith("socks")
        kind = httpcore.AsyncSOCKSProxy if is_socks else httpcore.AsyncHTTPProxy
        self._pool = kind(_core_url(parsed.url), proxy_auth=parsed.raw_auth, **options)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; httpx calls this."""
        with httpx_errors():
            response: Any = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    _core_url(request.url),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response.stream),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


class _Response(httpx.Response):
    """A response that is read only as far as it is useful; see `ResponseLimiter`."""

    limiter: ResponseLimiter

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncGenerator[bytes]:
        """Yield the decompressed body; httpx calls this to read it."""
        self.limiter.start()
        async for piece in super().aiter_bytes(chunk_size):
            yield self.limiter.take(piece)
            if self.limiter.is_over:
                await self.aclose()
                return


def _limited(response: httpx.Response, request: httpx.Request) -> _Response:
    limited = _Response(
        response.status_code,
        headers=response.headers,
        stream=response.stream,
        extensions=response.extensions,
    )
    context = context_of(request)
    limited.limiter = ResponseLimiter(
        request.method,
        str(request.url),
        limited.status_code,
        limited.headers.get("content-encoding", ""),
        context.max_response_bytes if context else Limits.max_response_bytes,
        limited.headers.get("content-type"),
    )
    return limited


class AsyncPools(AsyncPoolsBase):
    """All connections of an `AsyncClient`."""

    transport = AsyncTransport

    def __init__(self, url: str, route: Route) -> None:
        super().__init__(url, route)
        self.is_closed = False
        self._contexts: dict[tuple[Origin, Route], ssl.SSLContext] = {}
        self.after_fork()
        reset_after_fork(self)

    def after_fork(self) -> None:
        """Drop the connections, which belong to the parent process."""
        # A connection belongs to the event loop that opened it.
        self._loops: WeakKeyDictionary[object, dict[tuple[Origin, Route], AsyncTransport]] = (
            WeakKeyDictionary()
        )
        self.close_when_collected(self._loops)

    def prepare(self, url: str) -> None:
        """Raise an error now if the settings do not allow connections to an address."""
        self._settings(parse_url(url))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; httpx calls this."""
        return _limited(await self._transport(request.url).handle_async_request(request), request)

    def _transport(self, url: httpx.URL) -> AsyncTransport:
        transports = self._loops.setdefault(running_loop(), {})
        key = origin_of(url), self.route_to(url)
        if key not in transports:
            return transports.setdefault(key, self.transport(*self._settings(url)))
        return transports[key]

    def _settings(self, url: httpx.URL) -> tuple[ssl.SSLContext, str | None]:
        """Return the TLS context, which all event loops share, and the proxy for an address."""
        route = self.route_to(url)
        key = origin_of(url), route
        proxy = proxy_for(str(url), route)
        if key not in self._contexts:
            self._contexts[key] = ssl_context(str(url), route)
        return self._contexts[key], proxy

    async def aclose(self) -> None:
        """Close the connections of this event loop; those of other loops end with their loops."""
        self.is_closed = True
        transports = self._loops.pop(running_loop(), {})
        while transports:
            await transports.popitem()[1].aclose()
