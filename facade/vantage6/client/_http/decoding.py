"""Decode responses: return the value of a call, or raise the error that explains its absence."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TypeVar, cast

from vantage6.bindings.call import Call
from vantage6.bindings.secret import scrub

from ..errors import InvalidResponseError, PermissionDeniedError, UnauthorizedError
from .response import Response, json_or_text, message_in
from .secrets import mask_response
from .status_errors import error_for
from .validation import find_mismatch

T = TypeVar("T")


def decode_response(
    call: Call[T], response: Response, refused: type[UnauthorizedError] = PermissionDeniedError
) -> T:
    """Return the value that a call was made for."""
    trouble: str | None = "it is nested more deeply than anything that the API says"
    with suppress(RecursionError):
        if _is_deleted(call, response):
            response = replace(response, status=HTTPStatus.OK)
        body = mask_response(call.operation, decode_json(response, refused))
        trouble = find_mismatch(body, call.operation)
        if trouble is None:
            return cast("T", body)
    raise invalid_response(f"{trouble}; the server does not keep to its contract", response)


def _is_deleted(call: Call[object], response: Response) -> bool:
    """Return whether the API has not found what it was asked to delete a second time."""
    is_gone = response.is_second and response.status == HTTPStatus.NOT_FOUND
    if not (is_gone and call.operation.startswith("delete_")):
        return False
    return message_in(json_or_text(response.content)) is not None


def decode_json(
    response: Response, refused: type[UnauthorizedError] = PermissionDeniedError
) -> object:
    """Decode the body of an answer, whatever it was the answer to."""
    if not 200 <= response.status < 300:
        raise error_for(response, refused)
    with suppress(ValueError, RecursionError):
        return json.loads(response.content)
    # Not where that error is at hand, which has the whole body in it.
    raise invalid_response(
        "the body is not JSON; perhaps this is not the API, or something between here and the "
        "server answered in its place",
        response,
    )


def invalid_response(reason: str, response: Response) -> InvalidResponseError:
    """Create the error for an answer that is not what the API says."""
    return InvalidResponseError(
        reason,
        method=response.method,
        url=response.url,
        status=response.status,
        body=scrub(response.content.decode(errors="replace")),
    )
