"""Test that the text of a private key is accepted where a key is wanted, and shown nowhere."""

import base64
import inspect
import logging
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from tests.support.client_resources import client_resources
from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client import Client, Vantage6Error
from vantage6.client._encryption.keys import (
    generate_private_key,
    private_key_to_pem,
    public_key_of,
)

KEY = generate_private_key(2048)
PEM = private_key_to_pem(KEY).decode()
LINES = PEM.splitlines()
FORMS = {
    "text": PEM,
    "escaped lines": PEM.replace("\n", "\\n"),
    "one line": PEM.replace("\n", " "),
    "Windows lines": PEM.replace("\n", "\r\n"),
    "base64": base64.b64encode(PEM.encode()).decode(),
    "base64 in lines": base64.encodebytes(PEM.encode()).decode(),
}
# Parts of the key by which any form of it is found.
NEEDLES = {
    form(part)
    for line in (LINES[2], LINES[13])
    for part in (line[4:24], line[30:50])
    for form in (str, quote, quote_plus, str.lower)
} | {FORMS["base64"][200:220], FORMS["base64"][1000:1020]}
SLOW = {"timeout": 0.2, "interval": 0.1}


def find_key(*texts: object) -> set[str]:
    """Return the parts of the key that these texts contain."""
    return {part for text in texts for part in NEEDLES if part in str(text)}


class Watch:
    """Everything that is shown."""

    def __init__(
        self, server: ScriptedServer, caplog: pytest.LogCaptureFixture, capsys: Any
    ) -> None:
        self._server = server
        self._caplog = caplog
        self._capsys = capsys
        self.found: dict[str, set[str]] = {}
        self.foreign: dict[str, BaseException] = {}

    def call(self, place: str, function: Callable[[], object]) -> None:
        """Call a function, and search what it shows."""
        shown: list[object] = []
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                result = function()
                if inspect.isgenerator(result) or hasattr(result, "__next__"):
                    next(result, None)
                    result.close()  # type: ignore[attr-defined]
            except (Exception, SystemExit) as error:
                chain: BaseException | None = error
                shown += ["".join(traceback.format_exception(error))]
                while chain is not None:
                    shown += [chain, repr(chain), vars(chain)]
                    chain = chain.__cause__ or chain.__context__
                if not isinstance(error, Vantage6Error | TypeError):
                    self.foreign[place] = error
        shown += [str(warning.message) for warning in warned]
        shown += [self._caplog.text, *self._capsys.readouterr()]
        shown += [f"{request.path} {request.body!r}" for request in self._server.seen]
        if parts := find_key(*shown):
            self.found[place] = parts
        self._caplog.clear()
        self._server.seen.clear()


@pytest.fixture
def watch(
    server: ScriptedServer,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Watch:
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(tmp_path)
    server.reply = with_login(answer)
    return Watch(server, caplog, capsys)


ROW: dict[str, Any] = {
    "id": 3,
    "name": "IKNL",
    "username": "ada",
    "status": "completed",
    "encrypted": True,
    "url": "https://store.example",
    "organization": {"id": 3},
    "collaboration": {"id": 3},
    "task": {"id": 3},
    "run": {"id": 3},
    "result": None,
    "runs": "",
    "public_key": public_key_of(KEY),
}


def answer(request: Request) -> Reply:
    """Know one row of each kind."""
    path = request.path.partition("?")[0]
    if path.rpartition("/")[2].isdigit():
        return 200, ROW
    if request.method == "GET":
        return page([ROW], 1, 250)
    return 200, ROW | {"msg": "done"}


def values() -> Iterator[tuple[str, Any]]:
    """Yield the key in every form in which it may be an argument."""
    yield from FORMS.items()
    yield "bytes", PEM.encode()
    yield "list", [PEM]
    yield "tuple", (PEM, PEM)
    yield "dict", {PEM: PEM}
    yield "row", {"id": 3, "name": PEM}
    yield "field", {"name": PEM, "key": [PEM]}


def arguments(function: Callable[..., Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the arguments of a call with the key as each of them in turn."""
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        and name not in ("self", "cls")
    }
    given: dict[str, Any] = {
        name: 3 for name, parameter in parameters.items() if parameter.default is parameter.empty
    }
    given |= {name: value for name, value in SLOW.items() if name in parameters}
    for name in parameters:
        for form, value in values():
            yield f"{name} ({form})", {**given, name: value}


def is_positional(function: Callable[..., Any], name: str) -> bool:
    kinds = inspect.signature(function).parameters[name].kind
    return kinds is inspect.Parameter.POSITIONAL_ONLY


def test_key_is_shown_by_no_method(watch: Watch, client: Client) -> None:
    client.authenticate("ada", "secret")
    calls = 0
    for owner, resource in client_resources(client):
        for name, method in inspect.getmembers(resource, callable):
            if name.startswith("_") or name in ("close", "wait_forever"):
                continue
            for place, given in arguments(method):
                calls += 1
                watch.call(f"{owner}{name}: {place}", lambda m=method, g=given: m(**g))
    assert calls > 3000
    assert not watch.found
    assert not watch.foreign
