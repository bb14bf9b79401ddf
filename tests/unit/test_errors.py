"""Test the messages and attributes of errors, and that they can be pickled."""

import inspect
import pickle

import pytest

from vantage6.client import errors
from vantage6.client._utils.logging import LOGGER
from vantage6.client._utils.warnings import warn
from vantage6.client.errors import (
    BadRequestError,
    KeyMismatchError,
    TwoFactorSetupRequiredError,
    Vantage6Error,
)


def test_every_error_has_one_base_class() -> None:
    kinds = [kind for kind in vars(errors).values() if inspect.isclass(kind)]
    assert len(kinds) > 20
    for kind in kinds:
        assert issubclass(kind, Vantage6Error), kind


def test_error_is_one_line_with_request_response_and_fields() -> None:
    error = BadRequestError(
        "Request body is incorrect",
        method="POST",
        url="https://server/api/task",
        status=400,
        errors={"image": ["Missing."], "organizations.0.id": ["Not a number.", "Too low."]},
    )
    assert str(error) == (
        "POST https://server/api/task returned 400: Request body is incorrect "
        "(image: Missing.; organizations.0.id: Not a number., Too low.)"
    )


@pytest.mark.parametrize("broken", ["\n", "\r\n", "\x85", "\u2028", "\x0b"])
def test_line_break_from_the_server_begins_no_line(
    broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    error = BadRequestError(f"no{broken}v6c: yes", method="GET", url="u", status=400)
    LOGGER.warning("%s, name%sv6c: yes", error, broken)
    with pytest.warns(UserWarning, match="name +v6c: yes") as caught:
        warn(f"name{broken}v6c: yes")
    assert len(str(error).splitlines()) == 1
    assert len(str(caught[0].message).splitlines()) == 1
    assert len(caplog.messages[0].splitlines()) == 1


def test_errors_are_pickled_with_their_attributes() -> None:
    error = BadRequestError("no", method="GET", url="u", status=400, body={"msg": "no"})
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(twin) is BadRequestError
    assert (str(twin), twin.status, twin.body) == (str(error), 400, {"msg": "no"})


def test_two_factor_secret_is_shown_on_request_only() -> None:
    error = TwoFactorSetupRequiredError("set it up", uri="otpauth://totp/x?secret=HUSH")
    assert "HUSH" in error.uri
    assert "HUSH" not in str(error) + repr(error)


def test_key_mismatch_names_both_keys() -> None:
    text = str(KeyMismatchError("not yours", local="SHA256:aaa", server="SHA256:bbb"))
    assert "SHA256:aaa" in text
    assert "SHA256:bbb" in text


def test_timeout_errors_are_builtin_timeout_errors() -> None:
    with pytest.raises(TimeoutError):
        raise errors.WaitTimeoutError("late", task_id=1, status="active")
