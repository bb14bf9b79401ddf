"""The options and the state of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ..errors import InvalidInputError, PermissionDeniedError, UnauthorizedError

if TYPE_CHECKING:
    from .deadline import Deadline
    from .large_texts import LargeTexts, OnTransfer
    from .library import httpx

# Key of the context among the extensions of an httpx request.
KEY = "vantage6"


@dataclass(frozen=True)
class SendOptions:
    """How to send a call."""

    signed: bool = True
    may_renew: bool = True  # whether to renew the token if it has expired
    max_retries: int | None = None  # None for the client's limit
    refused: type[UnauthorizedError] = PermissionDeniedError  # the error for a 401 of other causes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    on_transfer: OnTransfer | None = None  # for a body that is made while it is sent
    texts: LargeTexts | None = None  # what takes the large texts of the response

    def __post_init__(self) -> None:
        retries = cast("object", self.max_retries)
        if retries is not None and (
            not isinstance(retries, int) or isinstance(retries, bool) or retries < 0
        ):
            raise InvalidInputError(
                "attempts_on_timeout: expected a whole number of 0 or more, or None, got "
                f"{retries!r}"
            )


DEFAULTS = SendOptions()
UNSIGNED = SendOptions(signed=False)


@dataclass
class RequestContext:
    """The state of one request, over all its retries."""

    deadline: Deadline
    max_response_bytes: int | None  # None for a body of any size, which is streamed
    may_renew: bool = True
    is_renewal: bool = False
    is_early: bool = False  # a renewal that need not succeed
    # The server may have executed an earlier attempt.
    may_have_arrived: bool = False
    # Bytes of a streamed body received so far.
    received: int = 0

    def attach(self, request: httpx.Request) -> None:
        """Attach this to a request, and set the timeouts for sending it next."""
        request.extensions[KEY] = self
        request.extensions["timeout"] = self.deadline.parts()


def context_of(request: httpx.Request) -> RequestContext | None:
    """Return the context of a request; None if this package's client did not create it."""
    found: Any = request.extensions.get(KEY)
    return found
