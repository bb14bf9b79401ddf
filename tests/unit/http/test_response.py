"""Test how a response becomes a value or an error."""

import json
from typing import Any

import pytest

from vantage6.client._http.context import SendOptions
from vantage6.client._http.decoding import decode_json
from vantage6.client._http.request import check_arguments
from vantage6.client._http.response import Response
from vantage6.client._http.status_errors import error_for, is_expired
from vantage6.client.errors import (
    BadRequestError,
    ConflictError,
    EndpointNotFoundError,
    InvalidInputError,
    InvalidResponseError,
    LoginExpiredError,
    LoginFailedError,
    NotAuthenticatedError,
    NotFoundError,
    PermissionDeniedError,
    ServerError,
    StatusError,
    TooManyRequestsError,
    Vantage6Error,
)

URL = "https://server/api/task/3"
HTML = b"<!doctype html><title>not for machines</title>"


def answer(status: int, body: Any, location: str | None = None) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response("GET", URL, status, content, location)


def test_successful_response_returns_its_value() -> None:
    assert decode_json(answer(200, {"id": 3})) == {"id": 3}
    assert decode_json(answer(201, [])) == []


@pytest.mark.parametrize("body", [HTML, b"", b"\xff", b"[" * 100_000, b'{"half":'])
def test_successful_status_without_json_is_an_error(body: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="not JSON") as caught:
        decode_json(answer(200, body))
    assert (caught.value.status, caught.value.url) == (200, URL)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, {"msg": "no"}, BadRequestError),
        (401, {"msg": "You lack the permission to do that!"}, PermissionDeniedError),
        (401, {"msg": "Token has expired"}, LoginExpiredError),
        (401, {"msg": "Token has been revoked"}, LoginExpiredError),
        (401, {"msg": "Error loading the user 5"}, LoginExpiredError),
        (401, {"msg": "Missing Authorization Header"}, NotAuthenticatedError),
        (401, HTML, PermissionDeniedError),
        (403, {"msg": "no"}, PermissionDeniedError),
        (404, {"msg": "task id=3 not found"}, NotFoundError),
        (404, HTML, EndpointNotFoundError),
        (404, {"detail": "another program's answer"}, EndpointNotFoundError),
        (
            405,
            {"message": "The method is not allowed for the requested URL."},
            EndpointNotFoundError,
        ),
        (409, {"msg": "no"}, ConflictError),
        (418, {"msg": "no"}, StatusError),
        (422, {"msg": "Signature verification failed"}, LoginExpiredError),
        (429, HTML, TooManyRequestsError),
        (500, {"message": "Internal Server Error"}, ServerError),
        (502, HTML, ServerError),
        (599, b"", ServerError),
    ],
)
def test_each_error_status_has_its_error(status: int, body: Any, kind: type[Vantage6Error]) -> None:
    error = error_for(answer(status, body))
    assert type(error) is kind
    assert URL in str(error)
    assert "\n" not in str(error)
    assert "doctype" not in str(error)


def test_rejected_login_is_not_a_missing_permission() -> None:
    assert (
        type(error_for(answer(401, {"msg": "Failed to login"}), LoginFailedError))
        is LoginFailedError
    )


def test_error_contains_the_servers_message() -> None:
    body = {"msg": "Request body is incorrect", "errors": {"organizations": {"0": {"id": ["No."]}}}}
    error = error_for(answer(400, body))
    assert isinstance(error, BadRequestError)
    assert error.message == "Request body is incorrect"
    assert error.body == body
    assert error.errors == {"organizations.0.id": ["No."]}


def test_redirect_names_the_address_to_use() -> None:
    error = error_for(answer(308, HTML, location="https://elsewhere/api/"))
    assert "https://elsewhere/api/" in str(error)


def test_only_an_expired_token_is_refreshed() -> None:
    assert is_expired(401, b'{"msg": "Token has expired"}')
    assert not is_expired(401, b'{"msg": "You lack the permission to do that!"}')
    assert not is_expired(400, b'{"msg": "Token has expired"}')
    assert not is_expired(401, HTML)


def test_repr_of_response_omits_the_body() -> None:
    assert "hush" not in repr(answer(200, {"access_token": "hush"}))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"endpoint": 12}, "endpoint: expected a str such as 'task/12', got int"),
        ({"endpoint": None}, "endpoint: .*, got NoneType"),
        ({"endpoint": b"task"}, "endpoint: .*, got bytes"),
        ({"method": None}, "method: expected a str such as 'get', got NoneType"),
        ({"params": ["hush"]}, "params: expected a dict .* such as {'per_page': 5}, got list"),
        ({"params": "hush"}, "params: expected a dict .*, got str"),
        ({"params": {1: "hush"}}, "params: .*, got the name 1, which is int"),
        ({"headers": [("X", "hush")]}, "headers: expected a dict .*, got list"),
        ({"headers": {b"X": "hush"}}, "headers: .*, got the name b'X', which is bytes"),
        ({"headers": {"X": b"hush"}}, "header 'X': expected a str, got bytes"),
    ],
)
def test_arguments_of_wrong_type_are_reported(given: dict[str, Any], told: str) -> None:
    good: dict[str, Any] = {"endpoint": "a", "method": "get", "params": None, "headers": {"a": "b"}}
    check_arguments(**good)
    with pytest.raises(InvalidInputError, match=told) as caught:
        check_arguments(**{**good, **given})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("number", [-1, 1.5, "3", True])
def test_attempts_must_be_a_whole_number(number: Any) -> None:
    with pytest.raises(
        InvalidInputError, match="attempts_on_timeout: expected a whole number of 0 or more"
    ):
        SendOptions(max_retries=number)
