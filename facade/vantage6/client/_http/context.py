"""What travels with a request: how to send it, and what happened to it on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ..errors import InvalidInputError, PermissionDeniedError, UnauthorizedError

if TYPE_CHECKING:
    import httpx

    from .deadline import Deadline

# Where httpx keeps it, among its own extensions of a request.
KEY = "vantage6"


@dataclass(frozen=True)
class SendOptions:
    """How a call is sent."""

    signed: bool = True
    may_renew: bool = True  # the token, if it has expired
    max_retries: int | None = None  # None for the client's limit
    refused: type[UnauthorizedError] = PermissionDeniedError  # the error for a 401 of other causes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        retries = cast("object", self.max_retries)
        if retries is not None and (
            not isinstance(retries, int) or isinstance(retries, bool) or retries < 0
        ):
            raise InvalidInputError(
                f"attempts_on_timeout: expected a whole number from 0 on or None, got {retries!r}"
            )


DEFAULTS = SendOptions()
UNSIGNED = SendOptions(signed=False)


@dataclass
class RequestContext:
    """The state of one request over all its attempts."""

    deadline: Deadline
    max_response_bytes: int | None  # None for a body of any size, which is streamed
    may_renew: bool = True
    is_renewal: bool = False
    # An earlier attempt may have been carried out.
    may_have_arrived: bool = False
    # Bytes of a streamed body that have been received over all attempts.
    received: int = 0

    def attach(self, request: httpx.Request) -> None:
        """Let a request carry this, and set the timeouts of its next attempt."""
        request.extensions[KEY] = self
        request.extensions["timeout"] = self.deadline.parts()


def context_of(request: httpx.Request) -> RequestContext | None:
    """Return what a request carries; None for one that is not sent by this package's client."""
    found: Any = request.extensions.get(KEY)
    return found
