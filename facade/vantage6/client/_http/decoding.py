"""Decode and validate responses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar, cast

from vantage6.bindings.call import Call
from vantage6.bindings.secret import scrub

from ..errors import InvalidResponseError, PermissionDeniedError, UnauthorizedError
from .response import Response, json_or_text, message_in
from .secrets import mask_response
from .status_errors import error_for

if TYPE_CHECKING:
    from .validation import ResponseChecks

T = TypeVar("T")


def decode_response(
    call: Call[object], response: Response, refused: type[UnauthorizedError] = PermissionDeniedError
) -> object:
    """Return the JSON of a response, or raise the error that its status stands for."""
    if _is_deleted(call, response):
        response = replace(response, status=HTTPStatus.OK)
    body = decode_json(response, refused)
    with suppress(RecursionError):
        return mask_response(call.operation, body)
    raise invalid_response("the body is nested more deeply than anything in the API", response)


def validate(call: Call[T], body: object, response: Response, checks: ResponseChecks) -> T:
    """Return a decoded body as the type of the contract, or raise."""
    if mismatch := checks.find_mismatch(body, call.operation) or _find_other_id(call, body):
        raise invalid_response(f"{mismatch}; the server violates its contract", response)
    return cast("T", body)


def _find_other_id(call: Call[object], body: object) -> str | None:
    """Return how the row differs from the requested one: the server must not choose another."""
    if call.row_id is None:
        return None
    found = cast("Mapping[str, object]", body)["id"]
    return None if found == call.row_id else f"id: expected {call.row_id}, got {found}"


def _is_deleted(call: Call[object], response: Response) -> bool:
    """Return whether an earlier attempt has deleted the object that this one does not find."""
    is_gone = response.may_have_arrived and response.status == HTTPStatus.NOT_FOUND
    if not (is_gone and call.operation.startswith("delete_")):
        return False
    return message_in(json_or_text(response.content)) is not None


def decode_json(
    response: Response, refused: type[UnauthorizedError] = PermissionDeniedError
) -> object:
    """Return the JSON of a response to any request."""
    if not 200 <= response.status < 300:
        raise error_for(response, refused)
    with suppress(ValueError, RecursionError):
        return json.loads(response.content, object_hook=response.texts and response.texts.place)
    # Outside the `except`, since that error contains the whole body.
    raise invalid_response(
        "the body is not JSON; perhaps this is not the API, or a proxy responded in its place",
        response,
    )


def invalid_response(reason: str, response: Response) -> InvalidResponseError:
    """Create the error for a response that violates the contract."""
    return InvalidResponseError(
        reason,
        method=response.method,
        url=response.url,
        status=response.status,
        body=scrub(response.content.decode(errors="replace")),
    )
