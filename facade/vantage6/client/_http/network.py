"""Open network connections within a timeout, and translate httpcore's errors to those of httpx."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from weakref import finalize

import httpcore

from ..errors import ConfigurationError
from .deadline import clip
from .library import httpx
from .secrets import scrub_logs

if TYPE_CHECKING:
    from .route import Route

scrub_logs()

Origin: TypeAlias = tuple[str, bytes]
SocketOptions: TypeAlias = Iterable[tuple[Any, ...]] | None
# Options of each pool: connections stay open while they are used, and for 5 seconds after that.
POOL_OPTIONS: dict[str, Any] = {
    "max_connections": 100,
    "max_keepalive_connections": 100,
    "keepalive_expiry": 5.0,
}
ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


def parse_url(url: str) -> httpx.URL:
    """Parse an address as the HTTP library does."""
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"{url}: expected an address, got one that is {error}") from None


def origin_of(url: httpx.URL) -> Origin:
    """Return the scheme, host and port of an address."""
    return url.scheme, url.netloc


def seconds_left(
    timeout: float | None, otherwise: float | None, kind: type[httpcore.TimeoutException]
) -> float | None:
    """Return the seconds that a step may take now, or raise; 0 would make a socket non-blocking."""
    seconds = clip(timeout, otherwise)
    if seconds is not None and seconds <= 0:
        raise kind("the time is up")
    return seconds


@contextmanager
def httpx_errors() -> Generator[None]:
    """Raise the errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except ERRORS as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error


# It tries the addresses of a host side by side, all within the timeout, the lookup included.
AsyncConnector = cast("type[httpcore.AsyncNetworkBackend]", httpcore.AnyIOBackend)


class Connector(httpcore.SyncBackend):
    """Opens connections; the lookup and all addresses of a host share the timeout."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        ends = None if timeout is None else monotonic() + timeout
        addresses = _look_up(host, port, timeout)
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for remaining in range(len(addresses), 0, -1):
            # A silent address leaves the others their share.
            share = None if ends is None else (ends - monotonic()) / remaining
            if share is not None and share <= 0:
                raise httpcore.ConnectTimeout("the time is up")
            try:
                return super().connect_tcp(
                    addresses[-remaining], port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _look_up(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses of a host, as numbers."""
    # The system's lookup cannot be interrupted: one that takes too long ends in its thread, unused.
    found: SimpleQueue[list[str] | Exception] = SimpleQueue()

    def run() -> None:
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV  # keeps the zone of IPv6
            found.put([socket.getnameinfo(info[4], flags)[0] for info in infos])
        except Exception as error:  # raised below, in the thread that waits
            found.put(error)

    try:
        threading.Thread(target=run, name="vantage6-lookup", daemon=True).start()
    except RuntimeError:  # the interpreter is ending, and starts no more threads
        run()
    try:
        result = found.get(timeout=timeout)
    except Empty:
        raise httpcore.ConnectTimeout(f"the lookup of {host} took too long") from None
    if isinstance(result, OSError):
        raise httpcore.ConnectError(str(result)) from result
    if isinstance(result, Exception):
        raise result
    return result


class _Routes:
    """The routes of a client: to its server and realm, and to algorithm stores at other origins."""

    def __init__(self, url: str, route: Route) -> None:
        self.route = route
        self._routes = {origin_of(parse_url(url)): route}
        self._own = {*self._routes}

    def route_to(self, url: httpx.URL | str) -> Route:
        """Return the route to an address."""
        parsed = parse_url(url) if isinstance(url, str) else url
        return self._routes.get(origin_of(parsed)) or self.route.elsewhere()

    def set_route(self, url: str, route: Route, *, is_own: bool = False) -> None:
        """Set the route to a service; a store at the origin of server or realm has theirs."""
        origin = origin_of(parse_url(url))
        if origin not in self._own:
            self._routes[origin] = route
            if is_own:
                self._own.add(origin)
            return
        own = self._routes[origin]
        if route not in (own.elsewhere(), own.elsewhere(own.verify)):
            raise ConfigurationError(
                "verify, cert: expected none for a service at the address of the server or its "
                "realm, got some. The options of the client apply to it."
            )


class AsyncPoolsBase(_Routes, httpx.AsyncBaseTransport):
    """What the pools of an `AsyncClient` are to httpx."""

    def close_when_collected(self, loops: object) -> None:
        """Do nothing: only an event loop that runs can close its connections."""


class PoolsBase(_Routes, httpx.BaseTransport):
    """Closes itself: a notebook or a short script may never close its client."""

    _finalizer: finalize[..., PoolsBase] | None = None

    def close_when_collected(self, loops: Mapping[object, dict[Any, Any]]) -> None:
        """Close these connections, and no earlier ones, when the pools are collected."""
        if self._finalizer:
            self._finalizer.detach()
        # Unlike __del__, a finalizer runs before the sockets of a garbage cycle are finalized.
        self._finalizer = finalize(self, _close_all, loops)


def _close_all(loops: Mapping[object, dict[Any, httpx.BaseTransport]]) -> None:
    for transports in loops.values():
        while transports:
            with suppress(Exception):  # the interpreter may be ending
                transports.popitem()[1].close()
