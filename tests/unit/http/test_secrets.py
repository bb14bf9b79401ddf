"""Test that secrets are usable and never shown."""

import copy
import importlib
import io
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.pretty import pretty_repr

from tests.support.contract_fields import operations_returning
from tests.support.maybe_await import maybe_await
from tests.support.raw_server import raw_server, read_request
from tests.support.scripted_server import ScriptedServer
from vantage6.bindings.call import Call
from vantage6.bindings.secret import (
    HIDDEN,
    NAMES,
    Secret,
    SecretBytes,
    SecretRow,
    conceal,
    is_secret,
    scrub,
    shaded,
)
from vantage6.bindings.server.models.user_login import UserLogin
from vantage6.client import (
    AsyncClient,
    Client,
    ConfigurationError,
    ConnectionFailedError,
    InvalidInputError,
    Vantage6Error,
)
from vantage6.client._async.core.pools import AsyncPools
from vantage6.client._http.address import Address
from vantage6.client._http.secrets import (
    SECRET_OPERATIONS,
    redact,
    secret,
    secret_bytes,
)
from vantage6.client._rows.rows import Rows
from vantage6.client._rows.selection import Selection
from vantage6.client._sync.core.pools import Pools

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


def test_secret_that_is_sent_once_is_printed() -> None:
    row = SecretRow(id=1, api_key=WORD, otp_secret="second-factor")
    for shown in (str(row), f"{row}", f"{row!s}", "%s" % row):  # noqa: UP031
        assert f"'api_key': {WORD!r}" in shown
        assert "second-factor" not in shown, "it is in each row of the user"
    for shown in (repr(row), f"{[row]}", pretty_repr(row)):
        assert "u5h" not in shown
        assert "<hidden>: row['api_key'] returns it" in shown


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
        ("Authorization: Basic abc.def\r\nHost: server", "Host: server"),
        ("Proxy-Authorization: Basic abc.def\r\nHost: server", "Host: server"),
        ("Basic YWRhOmFiYy5kZWY= and more", " and more"),
        ("client_id=a&client_secret=abc.def&scope=x", "client_id=a&client_secret=<hidden>&scope=x"),
        ("grant_type=refresh_token&refresh_token=abc.def", "grant_type=refresh_token&"),
        ("username=ada&password=abc.def", "username=ada&"),
        ("GET /callback?code=abc.def&state=1", "&state=1"),
        ('{"client_secret": "abc.def", "id": 1}', '"id": 1'),
        ('{"refresh_token": "abc.def", "id": 1}', '"id": 1'),
        ('{"device_code": "abc.def", "id": 1}', '"id": 1'),
        ('{"id_token": "abc.def", "id": 1}', '"id": 1'),
        ('{"code_verifier": "abc.def", "id": 1}', '"id": 1'),
        ("stream=<S> auth=(b'ada', b'abc.def') timeout=5", " timeout=5"),
        ("login(password='abc.def', retries=3)", "retries=3"),
        ("Set-Cookie: KEYCLOAK_SESSION=abc.def; Path=/\r\nHost: server", "Host: server"),
        ("Cookie: a=1; b=abc.def\r\nHost: server", "Host: server"),
        ("[(b'Set-Cookie', b'a=abc.def'), (b'Server', b'x')]", "(b'Server', b'x')"),
        ("via https://ada:abc.def@proxy.example:3128 today", "@proxy.example:3128 today"),
        ("from https://abc.def@git.example/x", "@git.example/x"),
        ("{'password': 'abc.def\"quoted', 'id': 3}", "'id': 3}"),
        ("{&quot;password&quot;: &quot;abc.def x&quot;, &quot;id&quot;: 3}", "&quot;id&quot;: 3}"),
        ("{&#x27;api_key&#x27;: &#x27;abc.def&#x27;, &#x27;id&#x27;: 3}", "&#x27;id&#x27;: 3}"),
        ("{&#39;password&#39;: b&#39;abc.def&#39;, &#39;id&#39;: 3}", "&#39;id&#39;: 3}"),
        ("<td>password</td>\n<td><pre>&#x27;abc.def&#x27;</pre></td><td>id</td>", "<td>id</td>"),
        ("<tr><th>Password:</th><td>abc.def &lt;x</td></tr><p>end", "</td></tr><p>end"),
        ("<dt><code>'api_key'</code></dt> <dd>abc.def</dd> end", "</dd> end"),
        ('<input name="password" type="text" value="abc.def"> end', '"> end'),
    ],
)
def test_secrets_are_removed_from_text(text: str, kept: str) -> None:
    clean = scrub(text)
    assert kept in clean
    assert HIDDEN in clean
    for word in ("eyJ", 'a\\"b', "1f2e", "abc.def", "MIIE", "ABC", "YWRh"):
        assert word not in clean


@pytest.mark.parametrize(
    "text",
    [
        "a token has expired; the password is wrong",
        "pass password=, as text",
        "Basic authentication is required; exit code=1; code: 404",
        "missing: ['password', 'username']",
        "<p>The <b>password</b> is wrong</p><p>Reset the token</p><td>status</td><td>5</td>",
        "GET https://server.example/api/user?email=ada@example.org",
    ],
)
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    "name",
    ["client_secret", "device_code", "id_token", "code", "secret", "token", "Proxy-Authorization"],
)
def test_secrets_of_identity_providers_are_known_by_name(name: str) -> None:
    assert is_secret(name)
    assert redact({name: WORD, "status": 5}) == {name: HIDDEN, "status": 5}
    assert redact({"code": 404}) == {"code": 404}


def test_scrubbing_any_text_is_fast() -> None:
    assert len(scrub("-----BEGIN PRIVATE KEY-----" * 50_000)) < 20
    assert len(scrub(">password</td><td>" * 50_000)) < 2_000_000
    assert len(scrub(">password" + "<td> " * 100_000)) < 2_000_000
    assert len(scrub("name='password' " * 50_000)) < 2_000_000
    assert scrub('"password": "' + "\\" * 1_000_000).startswith('"password": "<hidden>')


def test_operations_returning_secrets_match_the_contracts() -> None:
    assert operations_returning(NAMES) | {"request"} == SECRET_OPERATIONS


def test_data_frame_contains_secrets_on_request_only() -> None:
    rows = Rows([SecretRow(id=1, otp_secret=WORD)], {"first": "", "self": ""})
    assert list(rows.to_pandas().columns) == ["id"]
    asked = Selection(fields=["otp_secret"]).of_rows(rows)
    assert list(asked.to_pandas()["otp_secret"]) == [WORD]


def test_secret_must_be_text() -> None:
    with pytest.raises(InvalidInputError, match="password: expected a str, got int"):
        secret(1234, "password")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="passphrase: expected a str or bytes, got int"):
        secret_bytes(1234)  # type: ignore[arg-type]
    assert secret_bytes(None) is None
    assert secret_bytes("é") == "é".encode()


def chain(error: BaseException) -> list[BaseException]:
    """Return an error and all errors that it holds."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and each not in found:
            found.append(each)
            pending += [each.__cause__, each.__context__]
    return found


@pytest.fixture
def rude_port() -> Iterator[int]:
    """Close each connection after its request."""
    with raw_server(lambda connection: bool(read_request(connection)) and None) as seen:
        yield seen.port


async def log_in(kind: type[Client] | type[AsyncClient], port: int) -> BaseException:
    """Return the error of a login that fails on the way."""
    client: Any = kind("http://127.0.0.1", port, log_level=None, max_retries=0)
    try:
        with pytest.raises(Vantage6Error) as caught:
            await maybe_await(client.authenticate("ada", WORD))
        return caught.value
    finally:
        await maybe_await(client.close())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_transport_error_holds_no_request(
    kind: type[Client] | type[AsyncClient], rude_port: int
) -> None:
    error = await log_in(kind, rude_port)
    assert isinstance(error, ConnectionFailedError)
    assert chain(error) == [error]
    assert not any(isinstance(value, httpx.Request) for value in vars(error).values())
    frames = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
    assert not {name for name in frames if "/httpx/" in name or "/httpcore/" in name}


def test_secret_in_a_query_is_not_shown(
    server: ScriptedServer, rude_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with (
        Client("http://127.0.0.1", rude_port, log_level=None, max_retries=0) as other,
        pytest.raises(ConnectionFailedError) as broken,
    ):
        other.request("user", params={"password": WORD, "page": 1})
    with (
        Client("http://127.0.0.1", server.port, log_level=None) as client,
        pytest.raises(Vantage6Error) as refused,
    ):
        client.request("user", params={"password": WORD, "page": 1})
    assert server.seen[0].path == f"/api/user?password={WORD}&page=1"
    for error in (broken.value, refused.value):
        assert "password=<hidden>&page=1" in str(error)
        assert "u5h" not in f"{error} {vars(error)}"
    assert "u5h" not in caplog.text


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_interrupted_call_holds_no_request(
    kind: type[Client] | type[AsyncClient], rude_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        try:
            raise httpx.ReadError(WORD)
        except httpx.ReadError:
            raise KeyboardInterrupt from None

    for name in ("handle_request", "handle_async_request"):
        for owner in (Pools, AsyncPools):
            monkeypatch.setattr(owner, name, interrupt, raising=False)
    client: Any = kind("http://127.0.0.1", rude_port, log_level=None)

    async def log_in_while_handling() -> None:
        try:
            raise LookupError("what the caller was handling")
        except LookupError:
            await maybe_await(client.authenticate("ada", WORD))

    with pytest.raises(KeyboardInterrupt) as caught:
        await log_in_while_handling()
    await maybe_await(client.close())
    assert [type(each) for each in chain(caught.value)] == [KeyboardInterrupt, LookupError]
    places = traceback.extract_tb(caught.value.__traceback__)
    assert not [place for place in places if "/httpx/" in place.filename]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
async def test_error_of_a_callback_keeps_its_traceback(
    kind: type[Client] | type[AsyncClient], rude_port: int
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"first"
        raise ZeroDivisionError("of the caller's own")

    client: Any = kind("http://127.0.0.1", rude_port, log_level=None)
    call = Call("upload_blob", "POST", "/blobstream", {}, b"")
    with pytest.raises(ZeroDivisionError) as caught:
        await maybe_await(client._core.http.upload(call, pieces()))
    await maybe_await(client.close())
    places = traceback.extract_tb(caught.value.__traceback__)
    assert places[-1].name == "pieces"
    assert not [place for place in places if "/httpx/" in place.filename]
    assert chain(caught.value) == [caught.value]


LIBRARIES = (
    "anyio", "asyncio", "engineio", "h11", "httpcore", "httpx", "python_socks", "requests",
    "socketio", "socksio", "urllib3", "websocket",
)  # fmt: skip


def test_logs_of_all_libraries_are_scrubbed(caplog: pytest.LogCaptureFixture) -> None:
    for module in (*LIBRARIES, "anyio.streams.tls", "httpcore._sync.socks_proxy"):
        importlib.import_module(module)
    names = [
        name
        for name, logger in logging.root.manager.loggerDict.items()
        if name.partition(".")[0] in LIBRARIES and isinstance(logger, logging.Logger)
    ]
    assert len(names) > 15
    for name in names:
        logger = logging.getLogger(name)
        with caplog.at_level("DEBUG", name):
            logger.propagate, before = True, logger.propagate
            logger.debug("auth=(%r, %r)", b"ada", WORD.encode())
            logger.propagate = before
        assert (caplog.records[-1].name, caplog.records[-1].getMessage()) == (
            name,
            "auth=(<hidden>)",
        )
        assert not caplog.records[-1].args


@pytest.mark.parametrize(
    "host",
    [
        "ada:Hu5h@server.example",
        "ftp://ada:Hu5h@server.example",
        "http://ada:Hu5h@[::1",
        "http://ada:Hu5h/x@server.example",
        "http://ada:Hu5h?x@server.example",
        "http://ada:12/Hu5h@server.example",
        "http://ada:1#Hu5h@server.example",
    ],
)
def test_password_in_address_is_not_shown(host: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Address.parse(host, 443, "/api")
    assert chain(caught.value) == [caught.value]
    assert "Hu5h" not in str(caught.value)
    assert "server.example" in str(caught.value) or "[::1" in str(caught.value)
