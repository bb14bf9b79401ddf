# Derived by unasync.py: edit facade/vantage6/client/_async/core/pools.py instead.
"""The connection pools of a client: one for each address, in each event loop and process.

Every read and write is limited to the time that is left of the whole call, and a response is read
only as far as it is useful.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import httpcore

from ..._http.context import context_of
from ..._http.library import httpx
from ..._http.limits import Limits, ResponseLimiter
from ..._http.network import (
    POOL_OPTIONS,
    Connector,
    PoolsBase,
    httpx_errors,
    origin_of,
    parse_url,
    seconds_left,
)
from ..._http.proxy import proxy_for
from ..._http.tls import ssl_context
from ..._utils.locks import reset_after_fork
from ..._utils.threads import no_loop

if TYPE_CHECKING:
    from ..._http.network import Origin, SocketOptions
    from ..._http.route import Route

# Large bodies are sent in pieces; the time that is left is checked before each.
PIECE = 1 << 16


class _Stream(httpcore.NetworkStream):
    """A connection on which no read or write outlasts its call."""

    def __init__(self, stream: httpcore.NetworkStream, connect: float | None) -> None:
        self._stream = stream
        self._connect = connect  # timeout for the exchange with a SOCKS proxy, which has none

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        seconds = seconds_left(timeout, self._connect, httpcore.ReadTimeout)
        try:
            return self._stream.read(max_bytes, seconds)
        except httpcore.TimeoutException:
            self.close()  # httpcore leaves it open while it talks to a SOCKS proxy
            raise
        except ssl.SSLError as error:  # httpcore translates it in threads only
            raise httpcore.ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        try:
            for start in range(0, len(buffer), PIECE):
                seconds = seconds_left(timeout, self._connect, httpcore.WriteTimeout)
                piece = buffer if len(buffer) <= PIECE else buffer[start : start + PIECE]
                self._stream.write(piece, seconds)
        except ssl.SSLError as error:
            raise httpcore.WriteError(str(error)) from error

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = seconds_left(timeout, self._connect, httpcore.ConnectTimeout)
        stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return _Stream(stream, self._connect)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Opens such connections."""

    def __init__(self) -> None:
        self._connector = Connector()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        seconds = seconds_left(timeout, None, httpcore.ConnectTimeout)
        stream = self._connector.connect_tcp(host, port, seconds, local_address, socket_options)
        return _Stream(stream, timeout)


class _Body(httpx.SyncByteStream):
    """The body of a response, as it arrives."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Generator[bytes]:
        with httpx_errors():
            for part in self._stream:
                yield part

    def close(self) -> None:
        self._stream.close()


class Transport(httpx.BaseTransport):
    """The connections to one address, through a proxy or directly."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None) -> None:
        options: dict[str, Any] = {
            **POOL_OPTIONS,
            "ssl_context": context,
            "network_backend": _Backend(),
        }
        if proxy is None:
            self._pool = httpcore.ConnectionPool(**options)
            return
        parsed = httpx.Proxy(proxy)
        is_socks = parsed.url.scheme.startswith("socks")
        kind = httpcore.SOCKSProxy if is_socks else httpcore.HTTPProxy
        self._pool = kind(_core_url(parsed.url), proxy_auth=parsed.raw_auth, **options)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; httpx calls this."""
        with httpx_errors():
            response: Any = self._pool.handle_request(
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

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


def _core_url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )


class _Response(httpx.Response):
    """A response that is read only as far as it is useful; see `ResponseLimiter`."""

    limiter: ResponseLimiter

    def iter_bytes(self, chunk_size: int | None = None) -> Generator[bytes]:
        """Yield the decompressed body; httpx calls this to read it."""
        self.limiter.start()
        for piece in super().iter_bytes(chunk_size):
            yield self.limiter.take(piece)
            if self.limiter.is_over:
                self.close()
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


class Pools(PoolsBase):
    """All connections of an `Client`."""

    transport = Transport

    def __init__(self, url: str, route: Route) -> None:
        super().__init__(url, route)
        self.is_closed = False
        self._contexts: dict[tuple[Origin, Route], ssl.SSLContext] = {}
        self.after_fork()
        reset_after_fork(self)

    def after_fork(self) -> None:
        """Drop the connections, which belong to the parent process."""
        # A connection belongs to the event loop that opened it.
        self._loops: WeakKeyDictionary[object, dict[tuple[Origin, Route], Transport]] = (
            WeakKeyDictionary()
        )
        self.close_when_collected(self._loops)

    def prepare(self, url: str) -> None:
        """Raise an error now if the settings do not allow connections to an address."""
        self._settings(parse_url(url))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; httpx calls this."""
        return _limited(self._transport(request.url).handle_request(request), request)

    def _transport(self, url: httpx.URL) -> Transport:
        transports = self._loops.setdefault(no_loop(), {})
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

    def close(self) -> None:
        """Close the connections of this event loop; those of other loops end with their loops."""
        self.is_closed = True
        transports = self._loops.pop(no_loop(), {})
        while transports:
            transports.popitem()[1].close()
