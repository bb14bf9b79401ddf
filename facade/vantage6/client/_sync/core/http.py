# Derived by unasync.py: edit facade/vantage6/client/_async/core/http.py instead.
"""The HTTP client: send requests, retry them, stream bodies."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

from ..._http.context import DEFAULTS, SendOptions
from ..._http.large_texts import LargeBody
from ..._http.library import httpx
from ..._http.limits import BLOB
from ..._http.messages import (
    build_form,
    build_request,
    client_options,
    is_blob_response,
    not_a_blob,
    require_same,
    to_response,
    too_large,
)
from ..._http.retry import Retries
from ..._http.secrets import calling_back
from ..._http.streaming import ResumableBody, TransferClock
from ..._utils.locks import Lock
from ...errors import ClientClosedError

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from ..._auth.bearer import BearerAuth
    from ..._http.context import RequestContext
    from ..._http.large_texts import LargeTexts
    from ..._http.limits import Limits
    from ..._http.response import Response
    from .pools import Pools

# The server does not read such a body to its end, and would parse the rest as the next request.
BINARY = {"Content-Type": BLOB, "Connection": "close"}


class Http(httpx.Client):
    """The connections of a client to one API."""

    def __init__(self, url: str, pools: Pools, limits: Limits, auth: BearerAuth) -> None:
        pools.prepare(url)
        super().__init__(transport=pools, **client_options(url, auth))
        self.pools = pools
        self.signer = auth
        self.limits = limits

    def limited(self, limits: Limits) -> Http:
        """Return the same connections with other limits."""
        view = copy(self)
        view.limits = limits
        return view

    def lock(self) -> Lock:
        """Create a lock for the threads or tasks of a program."""
        return Lock()

    def send(
        self, request: httpx.Request, *, retries: Retries | None = None, **options: Any
    ) -> httpx.Response:
        """Send a request, and retry it if needed and safe; see `Retries`."""
        from time import sleep  # not at the top: slow to import, and `Http` does not need it

        retries = retries or Retries(request, self.limits)
        while True:
            if self.pools.is_closed:
                raise ClientClosedError
            try:
                response = super().send(request, **options)
                delay = retries.after_response(response)
                if delay is None:
                    return response
                response.close()
            except BaseException as error:
                delay = retries.after_error(error)
            if isinstance(delay, BaseException):
                raise delay
            sleep(delay)
            retries.begin()

    def exchange(self, call: Call[object], options: SendOptions = DEFAULTS) -> Response:
        """Send a call, signed unless the options say otherwise, and return the response."""
        large = LargeBody.of(call.body, options.on_transfer)
        if large is None:
            request = build_request(self, call, options.headers)
            retries = Retries(request, self.limits, options)
        else:
            body = StreamedBody(large)
            request = build_request(self, call, options.headers, body, large.size)
            retries = Retries(request, self.limits, options)
            body.context = retries.context
        # The client's BearerAuth signs each attempt and renews the token.
        auth: dict[str, Any] = {} if options.signed else {"auth": None}
        if options.texts:
            return self._receive(request, retries, options.texts)
        return to_response(self.send(request, retries=retries, **auth))

    def _receive(self, request: httpx.Request, retries: Retries, texts: LargeTexts) -> Response:
        """Send a request, and pass on the large texts of the response as they arrive."""
        from time import sleep

        if texts.max_response_bytes:
            retries.context.max_response_bytes = texts.max_response_bytes
        while True:
            response = self.send(request, retries=retries, stream=True)
            try:
                if not response.is_success:
                    response.read()
                    return to_response(response)
                texts.begin()
                clock = TransferClock(retries.context)
                for piece in response.iter_bytes():
                    clock.add(piece)
                    if texts.take(piece) > self.limits.max_response_bytes:
                        raise too_large(response, self.limits.max_response_bytes)
                return to_response(response, texts=texts)
            except httpx.RequestError as error:
                delay = retries.after_error(error)
            finally:
                response.close()
            if isinstance(delay, BaseException):
                raise delay
            sleep(delay)
            retries.begin()

    def post_form(self, url: str, form: Mapping[str, str]) -> Response:
        """Send a form, which is never signed, and return the response."""
        request = build_form(self, url, form)
        retries = Retries(request, self.limits, SendOptions(signed=False))
        return to_response(self.send(request, retries=retries, auth=None))

    def get_unsigned(self, url: str) -> Response:
        """Request an address without the login, and return the response."""
        return to_response(self.send(self.build_request("GET", url), auth=None))

    def upload(self, call: Call[object], pieces: Iterable[bytes]) -> Response:
        """Send a body in chunks, and return the response; each attempt iterates from the start."""
        body = StreamedBody(pieces)
        request = self.build_request(call.method, call.path, content=body, headers=BINARY)
        retries = Retries(request, self.limits)
        body.context = retries.context
        return to_response(self.send(request, retries=retries))

    def download(self, call: Call[bytes]) -> Generator[bytes]:
        """Send a request, and yield the body of the response in chunks.

        An interrupted body is requested again, as often as `Retries` permits; see `ResumableBody`.
        """
        from time import sleep

        request = build_request(self, call, {})
        retries = Retries(request, self.limits, is_streamed=True)
        body = ResumableBody(retries.context)
        while True:
            response = self.send(request, retries=retries, stream=True)
            try:
                body.begin()
                if not is_blob_response(response):
                    response.read()
                    raise not_a_blob(response)
                for piece in response.iter_bytes():
                    if new := require_same(body.take(piece), request, body.size):
                        yield new
                if body.is_here:
                    return
                raise httpx.ReadError("the response ended earlier than before", request=request)
            except httpx.RequestError as error:
                delay = retries.after_error(error)
            finally:
                response.close()
            if isinstance(delay, BaseException):
                raise delay
            sleep(delay)
            retries.begin()


class StreamedBody:
    """A body that is sent in chunks; each attempt iterates from the start."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.context: RequestContext | None = None

    def __iter__(self) -> Generator[bytes]:
        clock = TransferClock(self.context) if self.context else None
        with calling_back():
            for piece in self._pieces:
                if clock:
                    clock.add(piece)
                yield piece
