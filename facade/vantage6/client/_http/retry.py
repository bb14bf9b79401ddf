"""Decide whether and when to retry, and translate transport failures to exceptions."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vantage6.bindings.secret import scrub

from .._utils.logging import LOGGER
from .._utils.pauses import RETRY
from ..errors import ConnectionFailedError, RequestTimeoutError, TLSError, TransportError
from .context import DEFAULTS, RequestContext, SendOptions, context_of
from .deadline import Deadline
from .library import httpx
from .response import parse_count
from .secrets import CallerError, detach
from .timeouts import Timeouts
from .tls import describe_tls_error

if TYPE_CHECKING:
    from .limits import Limits

IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
RETRY_STATUSES = frozenset({408, 429, 502, 503, 504})
# From a proxy, which cannot know what the server did before it stopped responding.
UNCERTAIN_STATUSES = frozenset({502, 504})
# Maximum Retry-After in seconds; if the server asks for more, the call fails.
MAX_RETRY_AFTER = 30.0
# Errors after which the server cannot have received the request.
NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class Retries:
    """Decides whether and when to send one request again."""

    # Requests that are safe to repeat (GET, PUT, DELETE) are repeated if the connection failed, if
    # a proxy reports the server as briefly unavailable, or if either asks to slow down: then after
    # the time in Retry-After. Other requests are repeated only if no connection could be opened, so
    # that nothing happens twice. Timeouts are not retried, and no retry starts after the deadline.

    def __init__(
        self,
        request: httpx.Request,
        limits: Limits,
        options: SendOptions = DEFAULTS,
        *,
        is_streamed: bool = False,
    ) -> None:
        self._is_repeatable = request.method in IDEMPOTENT_METHODS
        self._max = limits.max_retries if options.max_retries is None else options.max_retries
        self._count = 0
        self._request = request
        self.context = RequestContext(
            Deadline(limits.timeouts),
            None if is_streamed else limits.max_response_bytes,
            may_renew=options.may_renew,
        )
        self.begin()

    def begin(self) -> None:
        """Prepare the request to be sent."""
        self.context.attach(self._request)

    def after_response(self, response: httpx.Response) -> float | None:
        """Return the delay before the next retry; None to return this response."""
        if not self._is_repeatable or response.status_code not in RETRY_STATUSES:
            return None
        self.context.may_have_arrived |= response.status_code in UNCERTAIN_STATUSES
        return self._delay(retry_after_seconds(response.headers.get("retry-after")))

    def after_error(self, error: BaseException) -> float | BaseException:
        """Return the delay before the next retry, or the error to raise after the `except`."""
        # An error that is raised in the `except` would keep this one, and its request, as context.
        if isinstance(error, CallerError):
            return error.error
        if not isinstance(error, httpx.RequestError):  # such as a canceled task or Ctrl-C
            return detach(error)
        meaning = translate(error)
        context = context_of(error.request)
        if context and context.is_early:
            LOGGER.warning("The token is valid, but was not renewed: %s", meaning)
            return 0.0  # without renewing it
        may_repeat = self._is_repeatable or isinstance(error, NOT_SENT)
        if isinstance(error, httpx.ProxyError):  # its message may begin with the status
            may_repeat = str(error)[:3] in {str(status) for status in RETRY_STATUSES}
        may_repeat = may_repeat and type(meaning) is ConnectionFailedError
        delay = self._delay() if may_repeat else None
        if delay is None:
            return meaning
        self.context.may_have_arrived |= meaning.may_have_arrived
        return delay

    def _delay(self, requested: float = 0.0) -> float | None:
        if self._count >= self._max or requested > MAX_RETRY_AFTER:
            return None
        delay = max(requested, RETRY.delay(self._count))
        if delay >= self.context.deadline.left:
            return None
        self._count += 1
        return delay


def retry_after_seconds(retry_after: str | None) -> float:
    """Return the seconds in a Retry-After header; 0 if it is invalid."""
    if not retry_after:
        return 0.0
    if (seconds := parse_count(retry_after.strip())) is not None:
        return float(seconds)
    from email.utils import parsedate_to_datetime  # slow to import, and rarely needed

    try:
        return parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, TypeError, OverflowError):
        return 0.0


def translate(error: httpx.RequestError) -> TransportError:
    """Return the error of this package for a request that received no response."""
    detail = scrub(str(error)) or type(error).__name__
    kind: type[TransportError] = ConnectionFailedError
    if isinstance(error, httpx.TimeoutException):
        kind, reason = RequestTimeoutError, _describe_timeout(error)
    elif flaw := describe_tls_error(error):
        kind, reason = TLSError, f"no secure connection: {flaw}"
    elif isinstance(error, httpx.ProxyError):
        reason = f"the proxy did not let the request through: {detail}"
    elif isinstance(error, httpx.ConnectError):
        reason = (
            f"cannot connect: {detail}. Check the address and the port, and that the server is up."
        )
    elif isinstance(error, httpx.DecodingError):
        reason = f"the response was damaged in transit: {detail}"
    else:
        reason = f"the connection broke: {detail}"
    context = context_of(error.request)
    if context and context.received:
        reason += f"; {context.received} bytes of the response had been received"
    return kind(
        reason,
        method=error.request.method,
        url=scrub(str(error.request.url)),
        may_have_arrived=not (isinstance(error, NOT_SENT) or (context and context.is_renewal)),
    )


def _describe_timeout(error: httpx.TimeoutException) -> str:
    """Return which timeout was exceeded, and its length."""
    context = context_of(error.request)
    timeouts = context.deadline.timeouts if context else Timeouts()
    if context and context.deadline.is_over:
        return (
            f"no response within the {timeouts.total:g} seconds of the total timeout, which "
            "includes all retries"
        )
    if isinstance(error, httpx.ConnectTimeout):
        return f"no connection within the connect timeout of {timeouts.connect:g} seconds"
    if isinstance(error, httpx.PoolTimeout):
        return f"all connections were busy for the pool timeout of {timeouts.pool:g} seconds"
    if isinstance(error, httpx.WriteTimeout):
        return f"the server accepted no data for the write timeout of {timeouts.write:g} seconds"
    return f"no response within the read timeout of {timeouts.read:g} seconds"
