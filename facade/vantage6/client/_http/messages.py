"""Convert calls to HTTP requests, and HTTP responses to responses of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vantage6.bindings.secret import scrub

from ..errors import (
    ConnectionFailedError,
    InvalidInputError,
    PermissionDeniedError,
    Vantage6Error,
)
from .context import context_of
from .decoding import invalid_response
from .library import httpx
from .limits import BLOB, is_blob
from .request import check_request, holds_key
from .response import Response, parse_count
from .status_errors import error_for

if TYPE_CHECKING:
    from vantage6.bindings.call import Call

    from .large_texts import LargeTexts


def client_options(url: str, auth: httpx.Auth) -> dict[str, Any]:
    """Return the arguments for both kinds of httpx client."""
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
    content: Any = None,
    size: int = 0,
) -> httpx.Request:
    """Build the request for a call; the `content` of a size replaces its body."""
    params: dict[str, Any] = dict(call.query)
    check_request(call.method, call.path, headers)
    if content is not None:  # a known length, since uWSGI shows chunked bodies as empty
        headers = {**headers, "Content-Type": "application/json", "Content-Length": str(size)}
    try:
        request = http.build_request(
            call.method,
            call.path,
            params=params or None,
            json=call.body if content is None else None,
            content=content,
            headers=headers,
        )
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        reason = f"{call.method} with these arguments cannot be sent: {error}"
    else:
        if holds_key(str(request.url), call.body):
            reason = (
                f"{call.operation}: expected no private key in the request, got the text of one. "
                "Nothing was sent."
            )
        else:
            return request
    raise InvalidInputError(reason)  # outside the block: the error above holds the body


def build_form(http: httpx.Client | httpx.AsyncClient, url: str, form: Mapping[str, str]) -> Any:
    """Build the request that sends a form to another origin."""
    return http.build_request("POST", url, data=dict(form))


def to_response(
    response: httpx.Response, *, is_read: bool = True, texts: LargeTexts | None = None
) -> Response:
    """Return the parts of a response that the rest of the package needs."""
    context = context_of(response.request)
    return Response(
        method=response.request.method,
        url=scrub(str(response.request.url)),
        status=response.status_code,
        content=texts.finish() if texts else response.content if is_read else b"",
        location=response.headers.get("location") if response.is_redirect else None,
        total=parse_count(response.headers.get("total-count", "")),
        date=response.headers.get("date"),
        may_have_arrived=context.may_have_arrived if context else False,
        texts=texts,
    )


def is_blob_response(response: httpx.Response) -> bool:
    return response.is_success and is_blob(response.headers.get("content-type"))


def not_a_blob(response: httpx.Response) -> Vantage6Error:
    """Create the error for a response that is not a blob."""
    received = to_response(response)
    if not response.is_success:
        return error_for(received, PermissionDeniedError)
    kind = response.headers["content-type"][:100]
    return invalid_response(
        f"blob: expected {BLOB}, got {kind!r}. Perhaps a proxy responded in place of the server.",
        received,
    )


def too_large(response: httpx.Response, most: int) -> Vantage6Error:
    """Create the error for a response that holds too much beside its large texts."""
    reason = f"body: expected at most {most} bytes beside the results, got more"
    return invalid_response(reason, to_response(response, is_read=False))


def require_same(piece: bytes | None, request: httpx.Request, received: int) -> bytes:
    """Return the new part of a body; raise an error if it differs from the interrupted one."""
    if piece is not None:
        return piece
    raise ConnectionFailedError(
        f"the connection broke after {received} bytes of the response, and the next response is "
        "not the same",
        method=request.method,
        url=str(request.url),
        may_have_arrived=True,
    )
