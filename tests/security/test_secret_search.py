"""Test that the search finds a secret in every place where one may be."""

import asyncio
import base64
import concurrent.futures
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import httpx
import pytest

from .secret_search import SecretSearch

PASSWORD = "Planted-Password-1843 ä/"
REQUEST = httpx.Request("POST", "https://server.example/token", json={"password": PASSWORD})
BASIC = base64.b64encode(f"ada:{PASSWORD}".encode()).decode()


@pytest.fixture
def search() -> Iterator[SecretSearch]:
    search = SecretSearch()
    search.mark("password", PASSWORD)
    with search.logs():
        yield search


def test_nothing_is_found_where_nothing_is(search: SecretSearch) -> None:
    logging.getLogger("httpx").debug("POST https://server.example/token")
    search.look_at("error", httpx.ConnectError("refused"))
    search.saw("output", "Password-1843")
    assert search.found() == []


def fail(error: BaseException, cause: BaseException | None = None) -> Callable[[], object]:
    def call() -> object:
        raise error from cause

    return call


def fail_while_handling() -> None:
    try:
        raise httpx.ConnectError("refused", request=REQUEST)
    except httpx.ConnectError:
        raise ValueError from None


def fail_with_a_header() -> None:
    headers = {"Proxy-Authorization": f"Basic {BASIC}"}
    raise httpx.ReadError(
        "", request=httpx.Request("GET", "https://server.example", headers=headers)
    )


def fail_with_a_query() -> None:
    url = "https://server.example"
    raise httpx.ReadError("", request=httpx.Request("GET", url, params={"password": PASSWORD}))


def fail_with_a_local() -> None:
    password = PASSWORD
    raise ValueError(len(password))


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("request.content", fail(httpx.ConnectError("refused", request=REQUEST))),
        ("__cause__", fail(ValueError(), httpx.ConnectError("refused", request=REQUEST))),
        ("__context__", fail_while_handling),
        ("request.headers", fail_with_a_header),
        ("request.url", fail_with_a_query),
        ("message of", fail(ValueError(f"password {PASSWORD}"))),
        ("message of", fail(ValueError(), OSError(f"https://ada:{quote_plus(PASSWORD)}@proxy"))),
        ("traceback of", fail_with_a_local),
        ("frame of", fail_with_a_local),
        ("pickle of", fail(ValueError({"password": PASSWORD}))),
    ],
)
async def test_planted_secret_is_found_in_an_error(
    search: SecretSearch, place: str, call: Callable[[], object]
) -> None:
    await search.fails("call", call)
    assert any(place in found.replace("._request", ".request") for found in search.found())


@pytest.mark.parametrize("kind", [asyncio.Future, concurrent.futures.Future])
async def test_planted_secret_is_found_in_a_future(
    search: SecretSearch, kind: type[asyncio.Future[object]]
) -> None:
    error = ValueError()
    error.future = kind()  # type: ignore[attr-defined]
    error.future.set_exception(httpx.ConnectError("refused", request=REQUEST))  # type: ignore[attr-defined]
    search.look_at("error", error)
    assert any("error.future.exception._request.content" in found for found in search.found())


def test_planted_secret_is_found_in_the_request_of_a_response(search: SecretSearch) -> None:
    error = ValueError()
    error.response = httpx.Response(500, request=REQUEST)  # type: ignore[attr-defined]
    search.look_at("error", error)
    assert any("error.response.request.content" in found for found in search.found())


def test_planted_secret_is_found_in_an_error_group(search: SecretSearch) -> None:
    error = ValueError()
    error.exceptions = [httpx.ConnectError("x", request=REQUEST)]  # type: ignore[attr-defined]
    search.look_at("error", error)
    assert any("error.exceptions[0]._request.content" in found for found in search.found())


@pytest.mark.parametrize(
    "name",
    [
        "httpcore.socks",
        "httpx",
        "websocket",
        "engineio.client",
        "urllib3.connectionpool",
        "new.one",
    ],
)
@pytest.mark.parametrize(
    "text",
    [PASSWORD, f"auth=(b'ada', {PASSWORD.encode()!r})", BASIC, f"password={quote_plus(PASSWORD)}"],
)
def test_planted_secret_is_found_in_a_log(
    search: SecretSearch, name: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger(name)
    monkeypatch.setattr(logger, "filters", [])  # such as those that scrub
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.ERROR)
    logger.debug("sent %s", text)
    assert any(f"log of {name} " in found for found in search.found())


@pytest.mark.parametrize("name", ["httpx", "new.two"])
def test_planted_secret_is_found_in_a_logged_error(search: SecretSearch, name: str) -> None:
    logging.getLogger(name).error("failed", exc_info=ValueError(f"with {PASSWORD}"))
    assert any(f"traceback in a log of {name}" in found for found in search.found())


def test_planted_secret_is_found_in_an_argument_of_a_log(search: SecretSearch) -> None:
    logging.getLogger("new.three").debug("%s", httpx.ConnectError("x", request=REQUEST))
    assert any("record of new.three" in found for found in search.found())


def test_planted_secret_is_found_in_an_argument_and_a_variable_of_a_process(
    search: SecretSearch,
) -> None:
    wait = "import sys; sys.stdin.read()"
    for more, environ in (([PASSWORD], {}), ([], {"PLANTED": PASSWORD})):
        place = "cmdline" if more else "environ"
        with (
            search.watch_processes(),
            subprocess.Popen(
                [sys.executable, "-c", wait, *more], stdin=subprocess.PIPE, env=os.environ | environ
            ) as process,
        ):
            deadline = time.monotonic() + 60
            while not any(f" in {place} #" in found for found in search.found()):
                assert time.monotonic() < deadline
                time.sleep(0.1)
            process.communicate()


def test_planted_secret_is_found_in_a_file(search: SecretSearch, tmp_path: Path) -> None:
    (tmp_path / "login.json").write_text(f'{{"password": "{PASSWORD}"}}')
    (tmp_path / "login.json").chmod(0o644)
    assert search.look_into(tmp_path, search=True) == ["login.json: 0644"]
    assert any("file login.json" in found for found in search.found())


def test_planted_secret_is_found_in_a_repr(search: SecretSearch) -> None:
    search.look_at("row", [{"id": 1, "text": PASSWORD}])
    assert any("row[0]" in found for found in search.found())


async def test_planted_secret_is_found_in_a_copy_and_a_rich_traceback(
    search: SecretSearch,
) -> None:
    error = ValueError()
    error.kept = f"with {PASSWORD}"  # type: ignore[attr-defined]

    def call() -> None:
        planted = PASSWORD
        error.size = len(planted)  # type: ignore[attr-defined]
        raise error

    await search.fails("call", call)
    for place in ("copy of call", "deepcopy of call", "rich traceback of call"):
        assert any(place in found for found in search.found()), place
