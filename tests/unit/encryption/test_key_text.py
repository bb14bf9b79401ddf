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

import click
import pytest

from tests.support.client_resources import client_resources
from tests.support.scripted_server import Reply, Request, ScriptedServer, page, with_login
from vantage6.client import (
    Client,
    ExistingFileError,
    FileAccessError,
    InvalidInputError,
    InvalidKeyError,
    MissingFileError,
    Vantage6Error,
    profiles,
)
from vantage6.client._config.options import ConnectOptions
from vantage6.client._config.profiles import KEYS
from vantage6.client._encryption.keys import (
    generate_private_key,
    private_key_to_pem,
    public_key_of,
)
from vantage6.v6c.__main__ import main
from vantage6.v6c._app import app

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


# The key in the forms in which it may be an argument of any call.
VALUES: dict[str, Any] = {
    "text": PEM,
    "base64": FORMS["base64 in lines"],
    "bytes": PEM.encode(),
    "list": [PEM],
    "row": {"id": 3, "name": PEM},
    "field": {PEM: [PEM]},
}


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
        for form, value in VALUES.items():
            yield f"{name} ({form})", {**given, name: value}


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


CONNECTING = ("from_env", "from_profile", "from_saved_login")


def test_key_is_shown_by_no_way_to_connect(
    watch: Watch, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    login = {"server": f"http://127.0.0.1:{server.port}", "username": "ada", "password": "secret"}
    login["log_level"] = "debug"
    options = {*inspect.signature(Client).parameters, *ConnectOptions.__annotations__, "save"}
    for option in sorted(options - {"self"}):
        for form, value in VALUES.items():
            place = f"{option} ({form})"
            host = {"host": "http://127.0.0.1", "port": server.port}
            watch.call(f"Client: {place}", lambda g={**host, option: value}: Client(**g).close())
            for name in CONNECTING:
                given = {**login, option: value}
                if name == "from_saved_login":
                    given["path"] = given.pop("server")
                watch.call(
                    f"{name}: {place}", lambda n=name, g=given: getattr(Client, n)(**g).close()
                )
    for name in ("SERVER", "USERNAME", "PASSWORD", "COLLABORATION", "CA", "TRUST", "PROFILE"):
        for form in FORMS:
            with monkeypatch.context() as patch:
                patch.setenv(f"VANTAGE6_{name}", FORMS[form])
                watch.call(f"{name} ({form})", lambda: Client.from_env(**login))
    for name in ("VANTAGE6_PROFILES", "VANTAGE6_KNOWN_ORGANIZATIONS", "REQUESTS_CA_BUNDLE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, PEM)
            watch.call(name, lambda: profiles() or Client.from_env(**login).collaboration.trust(3))
            watch.call(name, lambda: Client("https://127.0.0.1", 9, max_retries=0).request("x"))
    monkeypatch.setenv("VANTAGE6_PROFILES", str(tmp_path / "profiles.ini"))
    indented = PEM.replace("\n", "\n  ")
    for key in (*KEYS, PEM, "password"):
        for text in (PEM, indented, FORMS["escaped lines"], FORMS["base64"]):
            (tmp_path / "profiles.ini").write_text(f"[default]\n{key} = {text}\n")
            watch.call(f"profile, {key}", lambda: Client.from_profile(**login).close())
    assert not watch.found
    assert not watch.foreign


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield all commands that end by themselves, with their words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif command is not None and "localnet" not in path:
            yield (*path, name), command


def test_key_is_shown_by_no_command(
    watch: Watch, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VANTAGE6_SERVER", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("VANTAGE6_USERNAME", "ada")
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for path, command in commands(app):
        required: dict[str, list[str]] = {}
        for param in command.params:
            if param.required:
                words = [param.opts[0], "3"] if isinstance(param, click.Option) else ["3"]
                required[str(param.name)] = words
        for param in command.params:
            if isinstance(param, click.Option) and (param.is_flag or param.name == "v6c_profile"):
                continue
            for form in (PEM, FORMS["base64 in lines"]):
                words = [param.opts[0], form] if isinstance(param, click.Option) else [form]
                given = {**required, str(param.name): words}
                line = [*path, *(word for words in given.values() for word in words)]
                watch.call(" ".join(path) + f" {param.name}", lambda line=line: main(line))
    for words in ([PEM], ["-p", PEM, "org", "list"], ["org", PEM], ["org", "list", f"--{PEM}"]):
        watch.call("v6c", lambda words=words: main(words))
    assert not watch.found
    assert not watch.foreign


# -- where a key is wanted ------------------------------------------------------------------------
@pytest.mark.parametrize("form", FORMS)
def test_text_of_a_key_is_accepted(client: Client, watch: Watch, form: str) -> None:
    client.authenticate("ada", "secret")
    client.setup_encryption(FORMS[form])
    assert client._core.private_key is not None
    assert public_key_of(client._core.private_key) == public_key_of(KEY)
    assert client._core.state.private_key_file is None
    assert not find_key(repr(vars(client._core.state)))


@pytest.mark.parametrize("place", ["argument", "environment", "profile", "indented profile", "-k"])
def test_text_of_a_key_is_accepted_wherever_its_path_is(
    watch: Watch,
    server: ScriptedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    address = f"http://127.0.0.1:{server.port}"
    login = {"server": address, "username": "ada", "password": "secret"}
    other = private_key_to_pem(generate_private_key(2048)).decode()
    if place == "-k":
        for name, value in login.items():
            monkeypatch.setenv(f"VANTAGE6_{name.upper()}", value)
        stored = ROW["public_key"]
        server.reply = lambda request: (
            (200, ROW) if "organization/3" in request.path else with_login(answer)(request)
        )
        assert stored == public_key_of(KEY)
        assert main(["-k", PEM, "node", "list"]) == 0
        assert main(["node", "list", "-k", PEM]) == 0
        assert main(["node", "list", "-k", other]) == 11, "it is another key"
        return
    if place == "environment":
        monkeypatch.setenv("VANTAGE6_PRIVATE_KEY", PEM)
        client = Client.from_env(**login)
    elif place == "argument":
        monkeypatch.setenv("VANTAGE6_PRIVATE_KEY", other)
        client = Client.from_env(**login, private_key=PEM)
    else:
        monkeypatch.setenv("VANTAGE6_PROFILES", str(tmp_path / "profiles.ini"))
        text = PEM.replace("\n", "\\n" if place == "profile" else "\n  ")
        (tmp_path / "profiles.ini").write_text(f"[default]\nprivate_key = {text}\n")
        (tmp_path / "profiles.ini").chmod(0o644)
        with pytest.warns(UserWarning, match="expected permissions 0600, got 0644"):
            client = Client.from_profile(**login)
        (tmp_path / "profiles.ini").chmod(0o600)
        assert "private_key" not in client.save_profile("saved").read_text().split("[saved]")[1]
    with client:
        assert client._core.private_key is not None
        assert public_key_of(client._core.private_key) == public_key_of(KEY)


@pytest.mark.parametrize(
    "text", [LINES[0], "\n".join(LINES[1:-1]), PEM.replace("A", "B"), PEM[:-200]], ids=range(4)
)
def test_damaged_key_is_not_shown_either(client: Client, watch: Watch, text: str) -> None:
    client.authenticate("ada", "secret")
    with pytest.raises(InvalidKeyError) as caught:
        client.setup_encryption(text)
    assert LINES[5] not in "".join(traceback.format_exception(caught.value))


def test_error_of_a_key_file_is_one_of_this_package(
    client: Client, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.authenticate("ada", "secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "folder").mkdir()
    for path in ("none.pem", "~/none.pem", tmp_path / "none" / "none.pem"):
        with pytest.raises(MissingFileError, match=r"private key .*none\.pem: No such") as caught:
            client.setup_encryption(path)
        assert isinstance(caught.value, FileNotFoundError)
    for path in ("folder", "~", tmp_path):
        with pytest.raises(FileAccessError, match=r"private key .*: Is a directory"):
            client.setup_encryption(path)
    for path in ("", "  ", b"none.pem", 5):
        with pytest.raises(InvalidInputError, match="private_key_file: expected a path, got"):
            client.setup_encryption(path)  # type: ignore[arg-type]
    with pytest.raises(MissingFileError, match="No such file"):
        client.util.generate_private_key("missing/key.pem")
    with pytest.raises(ExistingFileError, match="never overwritten"):
        client.util.generate_private_key("~/folder")
    with pytest.raises(InvalidInputError, match="private_key: expected a path, got ''"):
        Client.from_env(server="http://127.0.0.1", username="ada", private_key="")


def test_request_with_a_key_is_not_sent(
    client: Client, watch: Watch, server: ScriptedServer
) -> None:
    client.authenticate("ada", "secret")
    server.seen.clear()
    for text in (PEM, FORMS["base64"]):
        with pytest.raises(InvalidInputError, match="got the text of one"):
            client.organization.update(3, public_key=text)
    assert server.seen == []
    client.organization.update(3, public_key=public_key_of(KEY))
    assert [request.method for request in server.seen] == ["PATCH"]
