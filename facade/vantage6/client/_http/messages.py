"""Convert calls to HTTP requests, and HTTP responses to responses of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx

from vantage6.bindings.secret import scrub

from ..errors import (
    ConnectionFailedError,
    InvalidInputError,
    PermissionDeniedError,
    Vantage6Error,
)
from .context import context_of
from .decoding import invalid_response
from .limits import BLOB, is_blob
from .request import check_request
from .response import Response, parse_count
from .status_errors import error_for

if TYPE_CHECKING:
    from vantage6.bindings.call import Call


def client_options(url: str, auth: httpx.Auth) -> dict[str, Any]:
    """Return the arguments that both kinds of client are made with."""
    return {
        "base_url": url,
        "auth": auth,
        "headers": {
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": "vantage6-sdk",
        },
        "follow_redirects": False,
    }


def build_request(
    http: httpx.Client | httpx.AsyncClient,
    call: Call[object],
    headers: Mapping[str, str],
) -> httpx.Request:
    params: dict[str, Any] = dict(call.query)
    check_request(call.method, call.path, headers)
    try:
        return http.build_request(
            call.method,
            call.path,
            params=params or None,
            json=call.body,
            headers=headers,
        )
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        reason = f"{call.method} with these arguments cannot be sent: {error}"
    raise InvalidInputError(reason)  # not where that error is at hand, which has the body in it


def to_response(response: httpx.Response) -> Response:
    """Take from a response what the rest of the package needs."""
    context = context_of(response.request)
    return Response(
        method=response.request.method,
        url=scrub(str(response.request.url)),
        status=response.status_code,
        content=response.content,
        location=response.headers.get("location") if response.is_redirect else None,
        total=parse_count(response.headers.get("total-count", "")),
        date=response.headers.get("date"),
        may_have_arrived=context.may_have_arrived if context else False,
    )


def is_blob_response(response: httpx.Response) -> bool:
    return response.is_success and is_blob(response.headers.get("content-type"))


def not_a_blob(response: httpx.Response) -> Vantage6Error:
    """Create the error for an answer that has come in place of a blob."""
    answer = to_response(response)
    if not response.is_success:
        return error_for(answer, PermissionDeniedError)
    came = response.headers["content-type"][:100]
    return invalid_response(
        f"a blob comes as {BLOB}, and this is {came!r}; perhaps something between here and the "
        "server answered in its place",
        answer,
    )


def require_same(piece: bytes | None, request: httpx.Request, received: int) -> bytes:
    """Return what is new of a body, unless it differs from the one that broke off before."""
    if piece is not None:
        return piece
    raise ConnectionFailedError(
        f"the connection broke after {received} bytes of the response, and the response to the "
        "next attempt is not the same",
        method=request.method,
        url=str(request.url),
        may_have_arrived=True,
    )
