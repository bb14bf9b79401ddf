"""Test that secrets are usable and never shown."""

import copy
import io
import json
import pickle
import pprint
import traceback
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.pretty import pretty_repr

from tests.support.contract_fields import operations_returning
from vantage6.bindings.call import Call
from vantage6.bindings.secret import (
    HIDDEN,
    NAMES,
    Secret,
    SecretBytes,
    SecretRow,
    conceal,
    scrub,
    shaded,
)
from vantage6.bindings.server.models.user_login import UserLogin
from vantage6.client import ConfigurationError, InvalidInputError
from vantage6.client._http.address import Address
from vantage6.client._http.secrets import (
    SECRET_OPERATIONS,
    secret,
    secret_bytes,
    strip_library_frames,
)
from vantage6.client._rows.rows import Rows
from vantage6.client._rows.selection import Selection

WORD = "Hu5h-hu5h-" + "x" * 200


@pytest.mark.parametrize("show", [repr, ascii, pprint.pformat, pretty_repr, "{!r}".format])
@pytest.mark.parametrize(
    "holder",
    [
        Secret(WORD),
        SecretBytes(WORD.encode()),
        SecretRow(id=1, api_key=WORD),
        [Secret(WORD)],
        {"a": SecretBytes(WORD.encode())},
        conceal({"user": [{"password": WORD}]}),
        Call("log_in", "POST", "/token/user", {}, {"password": WORD}),
        UserLogin(username="ada", password=WORD, mfa_code=WORD),
    ],
    ids=lambda holder: type(holder).__name__,
)
def test_secret_is_hidden_in_every_display(show: Any, holder: object) -> None:
    shown = show(holder)
    assert "u5h" not in shown
    assert HIDDEN in shown or "username='ada'" in shown or "body" not in shown


def test_tracebacks_with_locals_hide_secrets() -> None:
    def fail() -> None:
        word, as_bytes, row = Secret(WORD), SecretBytes(WORD.encode()), SecretRow(api_key=WORD)
        raise ValueError(len(word) + len(as_bytes) + len(row))

    with pytest.raises(ValueError, match="421") as caught:
        fail()
    console = Console(file=io.StringIO(), width=300)
    with console.capture() as capture:
        try:
            raise caught.value
        except ValueError:
            console.print_exception(show_locals=True)
    plain = "".join(
        traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    )
    for shown in (capture.get(), plain):
        assert HIDDEN in shown.partition("fail")[2]
        assert "u5h" not in shown.replace('"Hu5h-hu5h-" + "x" * 200', "")


def test_secret_behaves_like_text() -> None:
    word = Secret(WORD)
    assert word == WORD
    assert f"{word}" == str(word) == "".join(word) == WORD
    assert json.loads(json.dumps({"password": word})) == {"password": WORD}
    assert pickle.loads(pickle.dumps(word)) == copy.deepcopy(word) == WORD  # noqa: S301
    assert SecretBytes(b"abc")[0] == 97
    assert SecretRow(api_key=WORD)["api_key"] == WORD
    assert type(SecretRow(api_key=WORD)["api_key"]) is str  # yaml takes no other


def test_secret_fields_are_recognized_by_name() -> None:
    body = {"username": "ada", "password": WORD, "more": [{"api_key": WORD}], "mfa_code": None}
    assert conceal(body) == body
    assert repr(conceal(body)).count(HIDDEN) == 2
    assert repr(conceal({"Authorization": WORD})) == repr({"Authorization": HIDDEN})


def test_rows_hide_secrets_and_others_are_unchanged() -> None:
    page = {"data": [{"id": 1, "otp_secret": WORD}, {"id": 2, "otp_secret": None}], "links": {}}
    found = shaded(page)
    assert found == page
    assert [type(row) for row in found["data"]] == [SecretRow, dict]
    assert shaded("text") == "text"
    assert shaded([{"api_key": WORD}])[0]["api_key"] == WORD


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"access_token": "eyJhbGci.eyJz.c2ln", "msg": "Hello"}', '"msg": "Hello"'),
        ('{"password": "a\\"b", "id": 1', '"id": 1'),
        ("{'api_key': '1f2e-77', 'id': 3}", "'id': 3"),
        ("Illegal header value b'Bearer abc.def\\n'", "Illegal header value"),
        ("see eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOjN9abcd.c2ln there", " there"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nend", "end"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE", ""),
        ("scan otpauth://totp/x?secret=ABC now", " now"),
        ('"{\\"reset_token\\": \\"abc.def\\"}"', "reset_token"),
    ],
)
def test_secrets_are_removed_from_text(text: str, kept: str) -> None:
    clean = scrub(text)
    assert kept in clean
    assert HIDDEN in clean
    for word in ("eyJ", 'a\\"b', "1f2e", "abc.def", "MIIE", "ABC"):
        assert word not in clean


def test_scrubbing_any_text_is_fast() -> None:
    assert scrub("a token has expired; the password is wrong") == (
        "a token has expired; the password is wrong"
    )
    assert len(scrub("-----BEGIN PRIVATE KEY-----" * 50_000)) < 20
    assert scrub('"password": "' + "\\" * 1_000_000).startswith('"password": "<hidden>')


def test_operations_returning_secrets_match_the_contracts() -> None:
    assert operations_returning(NAMES) | {"request"} == SECRET_OPERATIONS


def test_data_frame_contains_secrets_on_request_only() -> None:
    rows = Rows([SecretRow(id=1, otp_secret=WORD)], {"first": "", "self": ""})
    assert list(rows.to_pandas().columns) == ["id"]
    asked = Selection(fields=["otp_secret"]).of_rows(rows)
    assert list(asked.to_pandas()["otp_secret"]) == [WORD]


def test_secret_must_be_text() -> None:
    with pytest.raises(InvalidInputError, match="password must be a str, not int"):
        secret(1234, "password")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="passphrase must be a str or bytes, not int"):
        secret_bytes(1234)  # type: ignore[arg-type]
    assert secret_bytes(None) is None
    assert secret_bytes("é") == "é".encode()


def test_library_frames_are_removed_from_tracebacks() -> None:
    def pieces() -> Any:
        yield WORD.encode()
        raise ZeroDivisionError("of a user's own")

    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as http,
        pytest.raises(ZeroDivisionError) as caught,
    ):
        http.post("http://server.example", content=pieces())
    assert any(
        "httpx" in place.filename for place in traceback.extract_tb(caught.value.__traceback__)
    )
    strip_library_frames(caught.value)
    left = traceback.extract_tb(caught.value.__traceback__)
    assert {place.filename for place in left} == {__file__}
    assert left[-1].name == "pieces"


def test_circular_error_chain_terminates() -> None:
    first, second = ValueError("Bearer abc"), KeyError(3)
    first.__cause__, second.__context__ = second, first
    assert strip_library_frames(first).args == ("Bearer <hidden>",)
    assert second.args == (3,)


@pytest.mark.parametrize(
    "host", ["ada:Hu5h@server.example", "ftp://ada:Hu5h@server.example", "http://ada:Hu5h@[::1"]
)
def test_password_in_address_is_not_shown(host: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(host, 443, "/api")
    assert "Hu5h" not in str(caught.value)
    assert "server.example" in str(caught.value) or "[::1" in str(caught.value)
