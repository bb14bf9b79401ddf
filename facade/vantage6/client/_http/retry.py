"""Decide whether and when to retry, and translate transport failures to exceptions."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import httpx

from vantage6.bindings.secret import scrub

from ..errors import ConnectionFailedError, RequestTimeoutError, TLSError, TransportError
from .deadline import Deadline
from .response import parse_count
from .secrets import strip_library_frames
from .timeouts import Timeouts
from .tls import describe_tls_error

if TYPE_CHECKING:
    from .limits import Limits

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRY_STATUSES = frozenset({408, 429, 502, 503, 504})
# A proxy says this, which cannot know what the server did before it fell silent.
UNCERTAIN_STATUSES = frozenset({502, 504})
# Seconds before the first further attempt; each pause is so many times the one before, up to the
# longest. A random share keeps many clients from moving in step.
FIRST_PAUSE, GROWTH, LAST_PAUSE = 0.1, 4.0, 10.0
# Who asks for more patience than this, in seconds, gets none: the caller is told instead.
LONGEST_PAUSE = 30.0
# After these nothing can have been done: no connection came about.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Retries:
    """Decides, after each attempt to send a request, whether and when to make another."""

    # A request that can be repeated safely (GET, PUT, DELETE) is repeated when the connection
    # failed, a proxy says that the server is away for a moment, or either asks to slow down; for as
    # long as it asks, in the header Retry-After. Any other one only when no connection could be
    # opened, so that nothing can happen twice. A timeout is never followed by another wait, and no
    # attempt begins after the deadline of the call.

    def __init__(self, request: httpx.Request, limits: Limits) -> None:
        self._is_repeatable = request.method in IDEMPOTENT_METHODS
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

    def after_response(self, status: int, retry_after: str | None = None) -> float | None:
        """Decide what follows an answer."""
        if not self._is_repeatable or status not in RETRY_STATUSES:
            return None
        self._note(status in UNCERTAIN_STATUSES)
        return self._pause(retry_after_seconds(retry_after))

    def _note(self, may_have_arrived: bool) -> None:
        """Remember that the server may have carried out the request."""
        if may_have_arrived:
            self._extensions["is_second"] = True

    def after_error(self, error: httpx.RequestError) -> float:
        """Decide what follows a failure to send or to receive."""
        meaning = translate(error)
        may_repeat = self._is_repeatable or isinstance(error, NOT_SENT)
        if isinstance(
            error, httpx.ProxyError
        ):  # its message begins with the status, if there is one
            may_repeat = str(error)[:3] in {str(status) for status in RETRY_STATUSES}
        pause = self._pause() if may_repeat and type(meaning) is ConnectionFailedError else None
        if pause is None:
            raise meaning from strip_library_frames(error)
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


def retry_after_seconds(retry_after: str | None) -> float:
    """Read a Retry-After header; what cannot be read asks for no patience."""
    if not retry_after:
        return 0.0
    if (seconds := parse_count(retry_after.strip())) is not None:
        return float(seconds)
    from email.utils import parsedate_to_datetime  # rarely needed, and takes time to load

    try:
        return parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def translate(error: httpx.RequestError) -> TransportError:
    """Return in our own words why a request brought no answer."""
    detail = scrub(str(error)) or type(error).__name__
    kind: type[TransportError] = ConnectionFailedError
    if isinstance(error, httpx.TimeoutException):
        kind, reason = RequestTimeoutError, _describe_timeout(error)
    elif flaw := describe_tls_error(error):
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
        may_have_arrived=not isinstance(error, NOT_SENT)
        and "renewal" not in error.request.extensions,
    )


def _describe_timeout(error: httpx.TimeoutException) -> str:
    """Return which limit was reached, and how long it is."""
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
