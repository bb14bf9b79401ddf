"""Test the command line: exit codes, values, operations, help, completion."""

import inspect
import json
import os
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version as installed_version
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import click
import pytest

import vantage6.client
from tests.support.paths import OPENAPI, ROOT
from tests.support.scripted_server import ScriptedServer, with_login
from vantage6.bindings.secret import SecretRow
from vantage6.client import Client, Finished, ResultRows, errors
from vantage6.client._config.profiles import read_profiles
from vantage6.client._encryption.keys import generate_private_key, private_key_to_pem
from vantage6.v6c import (
    _completers,
    _completion,
    _connection,
    _exit_codes,
    _main,
    _operations,
    _output,
    _values,
)
from vantage6.v6c._app import app
from vantage6.v6c._main import run

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
OPERATIONS = [
    operation
    for service in (*_operations.SERVICES, *_operations.HQ_SERVICES)
    for operation in _operations.operations(service).values()
]


def at_generation_of(operation: _operations.Operation, patch: pytest.MonkeyPatch) -> None:
    """Name a Keycloak for the operations of version 5, which have the names of others."""
    if operation.service in _operations.HQ_SERVICES:
        patch.setenv("VANTAGE6_AUTH_URL", "https://auth.example")


# -- exit codes -----------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [kind for kind in ERRORS if kind is not errors.Vantage6Error])
def test_every_client_error_has_an_exit_code(error: type[Exception]) -> None:
    given = {name for failure in _exit_codes.FAILURES for name in failure.errors} - {
        "Vantage6Error"
    }
    assert given & {kind.__name__ for kind in error.__mro__}, "no code stands for this kind yet"
    assert _exit_codes.exit_code(error) != _exit_codes.OK


def test_exit_codes_are_distinct_and_name_existing_errors() -> None:
    named = [name for failure in _exit_codes.FAILURES for name in failure.errors]
    assert len(named) == len(set(named))
    assert set(named) <= set(vantage6.client.__all__)
    codes = [code for code, _ in _exit_codes.exit_code_table()]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.NameNotFoundError, 5),  # though it is an InvalidInputError as well
        (errors.CredentialsNotFoundError, 3),  # though it is a ConfigurationError as well
        (errors.LoginFailedError, 3),
        (errors.PermissionDeniedError, 4),  # though it is an UnauthorizedError as well
        (errors.UnsupportedServerVersionError, 7),  # though it is a NotFoundError as well
        (errors.ConflictError, 6),
        (errors.RequestTimeoutError, 8),
        (errors.TaskFailedError, 9),
        (errors.WaitTimeoutError, 10),
        (errors.PublicKeyChangedError, 11),
        (ValueError, 1),
    ],
)
def test_nearest_base_class_decides(error: type[Exception], code: int) -> None:
    assert _exit_codes.exit_code(error) == code


def test_missing_credentials_are_reported_as_missing_login(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("VANTAGE6_PROFILES", str(tmp_path / "profiles.ini"))
    for name in ("VANTAGE6_SERVER", "VANTAGE6_PROFILE", "VANTAGE6_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(errors.CredentialsNotFoundError, match="no login is saved in"):
        _connection.connect(_connection.ConnectionOptions())


def test_hints_match_the_shells() -> None:
    assert _exit_codes.hint(errors.LoginExpiredError) == "log in with: v6c login"
    assert _exit_codes.hint(errors.NotFoundError) is None


# -- words ----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("age", "age"),
        ("5", 5),
        ('"5"', "5"),
        ("[1, 2]", [1, 2]),
        ("true", True),
        ("null", None),
        ('"True"', "True"),
        ("007", "007"),
        ("2024-01-02", "2024-01-02"),
        ("", ""),
    ],
)
def test_value_is_json_or_text(word: str, value: object) -> None:
    read = _values.parse_value(word)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ('{"b":', "expected JSON"),
        ("[1,", "expected JSON"),
        ('"age', "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ('{"a": NaN}', "NaN is not a JSON value"),
        ('{"a": {"b": 1, "b": 2}}', "b: expected one value, got two"),
        ("True", r"expected true, or '\"True\"' for the text"),
        ("None", "expected null"),
        (" NaN ", "expected null"),
        ("-Infinity", "expected null"),
        ("1e999", "at most"),
        ("[-1e999]", "at most"),
    ],
)
def test_value_that_resembles_json_is_rejected(word: str, reason: str) -> None:
    with pytest.raises(_values.ValueParseError, match=reason):
        _values.parse_value(word)


def test_pair_has_name_and_value() -> None:
    assert _values.parse_pair("formula=a=b") == ("formula", "a=b")
    for wrong in ("age", "=5", ""):
        with pytest.raises(_values.ValueParseError, match="NAME=VALUE"):
            _values.parse_pair(wrong)


def test_document_is_json() -> None:
    assert _values.parse_json(b'{"a": "\xc3\xa9"}', "x") == {"a": "é"}
    for wrong in ("{", "", b"\xff", "Infinity", "[" * 100_000):
        with pytest.raises(_values.ValueParseError, match=r"input\.json: expected JSON"):
            _values.parse_json(wrong, "input.json")


# -- output ---------------------------------------------------------------------------------------
def test_secrets_are_masked_everywhere() -> None:
    row = {"access_token": "a", "data": [{"otp_secret": "b", "api_key": None, "id": 1}]}
    assert _output.mask_secrets(row) == {
        "access_token": "<hidden>",
        "data": [{"otp_secret": "<hidden>", "api_key": None, "id": 1}],
    }


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b2J", "\u202e", "\x07", "\r"])
def test_output_has_no_control_characters(evil: str, capsys: pytest.CaptureFixture[str]) -> None:
    _output.print_text(f"a{evil}b")
    _output.print_row({"name": f"a{evil}b"}, as_json=False)
    _output.print_error(f"a{evil}b")
    _output.print_json({"name": f"a{evil}b"})
    printed = capsys.readouterr()
    assert evil not in printed.out + printed.err
    assert json.loads(printed.out[printed.out.index("{") :]) == {"name": f"a{evil}b"}
    harmless = " " if evil == "\r" else evil.replace(evil[0], "\N{REPLACEMENT CHARACTER}")
    assert printed.out.startswith(f"a{harmless}b\n")


def test_tabs_separate_columns(capsys: pytest.CaptureFixture[str]) -> None:
    _output.print_text("age\tsex")
    assert capsys.readouterr().out == "age\tsex\n"


def test_name_with_line_break_makes_no_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Another organization chooses its name: it must not look like the result or log of a third."""

    class Results(list[Any]):
        organizations = {1: 'IKNL\nMaastro  {"deaths": 0}'}  # noqa: RUF012
        outputs = [{"deaths": 17}]  # noqa: RUF012

    rows: Any = Results([{"run": {"id": 1}}])
    _output.print_results([(5, rows)], as_json=False)
    _output.print_text("IKNL\nMaastro | text of a log")
    _output.print_error("task 'IKNL\nv6c: logged in' failed")
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        'IKNL Maastro  {"deaths": 0}  {"deaths": 17}',
        "IKNL Maastro | text of a log",
    ]
    assert printed.err.splitlines()[0] == "v6c: task 'IKNL v6c: logged in' failed"


def test_result_keeps_its_lines_and_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connected = SimpleNamespace(
        result=SimpleNamespace(get=lambda _: "age\tsex\n34\tf\x1b[2J"), close=lambda: None
    )
    monkeypatch.setattr(_connection, "connect", lambda _: connected)
    assert run(["result", "show", "1"]) == 0
    assert capsys.readouterr().out == "age\tsex\n34\tf\N{REPLACEMENT CHARACTER}[2J\n"


# -- operations -----------------------------------------------------------------------------------
def test_all_operations_are_available() -> None:
    contracts = OPENAPI
    for service in (*_operations.SERVICES, *_operations.HQ_SERVICES):
        version = "5.0.3" if service in _operations.HQ_SERVICES else "4.15.2"
        paths = json.loads((contracts / service / f"{version}.json").read_text())["paths"]
        ids = {
            method["operationId"]
            for path in paths.values()
            for name, method in path.items()
            if name != "parameters"
        }
        assert ids == set(_operations.operations(service))
    assert [len(_operations.operations(service)) for service in _operations.SERVICES] == [79, 32]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.service}-{one.name}")
def test_help_of_each_operation_lists_its_parameters(
    operation: _operations.Operation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    at_generation_of(operation, monkeypatch)
    store = ["--store", "x"] if operation.is_of_store else []
    assert run(["api", operation.name, *store, "--help"]) == 0
    told = capsys.readouterr().out
    assert operation.summary in told
    for parameter in operation.parameters:
        assert f"--{parameter.name.replace('_', '-')}" in told
    assert ("--body" in told) == (operation.body is not None)
    for field, _ in operation.fields:
        assert f"{field}: " in told


def test_help_describes_the_body() -> None:
    fields = dict(_operations.operations("server")["create_task"].fields)
    assert fields["image"] == "str"
    assert fields["organizations"] == "list[{id: int, input: str}]"
    assert "study_id?" in fields
    status = dict(_operations.operations("server")["update_run"].fields)["status?"]
    assert "'completed'" in status


def test_operations_of_both_services_are_distinct(capsys: pytest.CaptureFixture[str]) -> None:
    run(["api", "get_role", "--help"])
    assert "--store" not in capsys.readouterr().out
    run(["api", "get_role", "--store", "x", "--help"])
    assert "--store" in capsys.readouterr().out
    assert run(["api", "list_algorithms"]) == 2
    assert "--store" in capsys.readouterr().err


@pytest.mark.parametrize(
    "operation",
    # What takes or gives bytes goes another way, to a real server.
    [one for one in OPERATIONS if "bytes" not in (one.body, one.response_type)],
    ids=lambda one: f"{one.service}-{one.name}",
)
def test_arguments_are_sent_unchanged(
    operation: _operations.Operation,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where a parameter is called as an option of the command line is."""
    client = Recorder()
    at_generation_of(operation, monkeypatch)
    monkeypatch.setattr(_connection, "connect", lambda _: client)
    values = {"int": 7, "str": "x", "bool": True}
    given: dict[str, object] = {}
    words = ["api", operation.name]
    for parameter in operation.parameters:
        value = values[parameter.type]
        given[parameter.name] = (value,) if parameter.is_list else value
        words += [f"--{parameter.name.replace('_', '-')}", str(value)]
    if operation.body:
        given["body"] = {"a": 1}
        words += ["--body", '{"a": 1}']
    if operation.is_of_store:
        words += ["--store", "s"]
    assert run(words) == 0, capsys.readouterr().err
    call = operation.call(**given)
    assert client.sent == (call.path, call.body, call.method, call.query)
    assert client.chosen == ("s" if operation.is_of_store else None)


def test_delete_continues_after_a_task_that_is_gone_with_its_parent(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted: list[str] = []

    def reply(request: Any) -> tuple[int, Any]:
        if request.method == "GET":
            id_ = int(request.path.rpartition("/")[2])
            return 200, {"id": id_, "status": "completed", "collaboration": {"id": 1}}
        if request.path.endswith("/2"):
            return 404, {"msg": "Task id=2 is not found"}
        deleted.append(request.path)
        return 200, {"msg": "task deleted"}

    server.reply = with_login(reply)
    monkeypatch.setenv("VANTAGE6_SERVER", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("VANTAGE6_USERNAME", "researcher")
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    assert run(["task", "delete", "1", "2", "3", "1", "--yes"]) == 0
    assert deleted == ["/api/task/1", "/api/task/3"]
    assert "task 2 was already deleted" in capsys.readouterr().out


def test_text_of_digits_is_an_id_in_every_command(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another user has named a task "12": that one is not killed, deleted or read."""
    own = {"id": 12, "name": "mortality", "status": "completed", "collaboration": {"id": 1}}
    own |= {"runs": "", "results": "", "job_id": 1}
    named = [{**own, "id": 57, "name": "12"}, {**own, "id": 58, "name": "12 "}]
    run_of_own = {
        "id": 1,
        "task": {"id": 12},
        "organization": {"id": 3},
        "status": "completed",
        "log": "",
        "input": "",
        "node": {"id": 1, "name": "n"},
        "ports": [],
    }
    collaboration = {"id": 1, "name": "demo", "encrypted": False}
    organizations = [{"id": 9, "name": "3"}, {"id": 3, "name": "IKNL"}]

    def reply(request: Any) -> tuple[int, Any]:
        path = request.path.split("?")[0].removeprefix("/api")
        tasks = named if "name=" in request.path else []  # no subtasks
        rows = {"/task": tasks, "/run": [run_of_own], "/organization": organizations, "/result": []}
        if request.method != "GET":
            return 201 if path == "/task" else 200, {"id": 12, "name": "t", "msg": "done"}
        if path in rows:
            return 200, {"data": rows[path], "links": {"first": "", "self": ""}}
        row = {"/collaboration/1": collaboration, "/task/12": own}.get(path)
        return (200, row) if row else (404, {"msg": "not found"})

    server.reply = with_login(reply)
    monkeypatch.setenv("VANTAGE6_SERVER", f"http://127.0.0.1:{server.port}")
    monkeypatch.setenv("VANTAGE6_USERNAME", "researcher")
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    new = ["--name", "t", "--image", "i", "--method", "m", "-c", "1"]
    for words in (
        ["task", "show", "12"],
        ["task", "show", " 12 "],
        ["task", "wait", "12"],
        ["task", "logs", "12"],
        ["result", "list", "12"],
        ["task", "kill", "12"],
        ["task", "delete", "12", "--yes"],
        ["task", "create", "-o", "3", *new],
    ):
        server.seen.clear()
        assert run(words) == 0, (words, capsys.readouterr().err)
        sent = [(each.method, each.path, each.body) for each in server.seen]
        assert not [each for each in sent if "57" in each[1] or "58" in each[1]], words
        assert "name=12" not in str(sent), words
        for method, path, body in sent:
            if method == "POST" and path == "/api/kill/task":
                assert body == {"id": 12}
            if method == "POST" and path == "/api/task":
                assert [part["id"] for part in body["organizations"]] == [3]


def test_trust_option_reaches_the_client(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.reply = with_login(lambda _: (404, {"msg": "not here"}))
    modes: list[str] = []
    whoami = property(lambda client: modes.append(client._core.trust.mode) or client._core.whoami)
    monkeypatch.setattr(Client, "whoami", whoami)
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    words = ["whoami", "-s", f"http://127.0.0.1:{server.port}", "-u", "ada"]
    for given, variable in ([], ""), (["--trust", "strict"], "off"), (["--trust", "off"], "strict"):
        monkeypatch.setenv("VANTAGE6_TRUST", variable)
        assert run([*words, *given]) == 0, capsys.readouterr().err
    assert modes == ["first-use", "strict", "strict"]
    assert run([*words, "--trust", "always"]) == 2
    assert "'first-use', 'strict', 'off'" in capsys.readouterr().err


class Recorder:
    """Keeps what it is asked to send."""

    def __init__(self) -> None:
        self.store = self
        self.chosen: str | None = None
        self.sent: tuple[object, ...] = ()

    def set(self, name: str) -> None:
        self.chosen = name

    def request(self, *sent: object, is_for_algorithm_store: bool) -> dict[str, str]:
        assert is_for_algorithm_store == (self.chosen is not None)
        self.sent = sent
        return {}

    def close(self) -> None:
        """There is nothing to close."""


def test_list_option_prints_all_operations(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["api", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 111
    assert any(line.split()[:2] == ["store", "list_algorithms"] for line in lines)


def test_operations_are_those_of_the_generation(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*words: str) -> str:
        assert run(["api", *words]) == 0
        return capsys.readouterr().out

    assert "input" in told("create_task", "--help")
    assert "session_id" in told("list_dataframes", "--help").replace("-", "_"), "only HQ has it"
    file = home / "config" / "vantage6" / "profiles.ini"
    file.parent.mkdir(parents=True)
    work = "[work]\nserver = https://hq.example/hq\nauth_url = https://auth.example\n"
    file.write_text(f"{work}[default]\nserver = https://server.example/api\n")
    for words in (["-p", "work", "--help"], ["--profile=work", "--help"]):
        assert "session_id" in told("create_task", *words)
    assert "session_id" not in told("create_task", "--help")
    assert "create_session" not in told("--list")
    monkeypatch.setenv("VANTAGE6_PROFILE", "work")
    assert "hq        create_session" in told("--list")


# -- commands -------------------------------------------------------------------------------------
CREATE = ("task", "create", "-o", "a", "--image", "i")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["task", "creat"], "unknown command 'creat'. Did you mean 'create'?"),
        (["api", "list_task"], "list_tasks"),
        (["xyzzy"], "whoami"),
        (["org", "list", "--limit", "0"], "0 is not in the range"),
        (["task", "create", "-o", "IKNL"], "--image"),
        ([*CREATE, "--kwarg", "x"], "NAME=VALUE"),
        ([*CREATE, "--kwarg", 'x={"a":'], "'--kwarg': '{\"a\":': expected JSON"),
        ([*CREATE, "--kwarg", "x=True"], "expected true"),
        ([*CREATE, "--kwarg", "x=1", "--kwarg", "x=2"], "'--kwarg': x: expected one value"),
        ([*CREATE, "--arg", "[1,"], "'--arg': '[1,': expected JSON"),
        ([*CREATE, "--timeout", "3"], "--wait"),
        (["api", "get_task", "--id", "one"], "not a valid int"),
        (["api", "create_task", "--body", "{"], "expected JSON"),
        (["api", "create_task", "--body", "/nowhere.json"], "/nowhere.json: No such file"),
        ([*CREATE, "--input", "/nowhere.json"], "--input: /nowhere.json: No such file"),
        ([*CREATE, "--input", "/"], "/: Is a directory"),
    ],
)
def test_invalid_arguments_fail_before_sending(
    command: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.out == ""


def commands(command: click.Command, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the paths of all commands, those of `api` aside."""
    if not isinstance(command, click.Group) or path == ("api",):
        return [path]
    return [
        inner
        for name, child in command.commands.items()
        for inner in commands(child, (*path, name))
        if name != "localnet"  # it has the help of the local network
    ]


@pytest.mark.parametrize("path", commands(app, ()), ids=" ".join)
def test_each_command_has_help(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*path, "--help"]) == 0
    told = capsys.readouterr().out
    assert f"v6c {' '.join(path)}" in told
    assert "\\b" not in told, "examples keep their lines"


def test_help_lists_all_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    for code, meaning in _exit_codes.exit_code_table():
        assert any(line.split(maxsplit=1) == [code, meaning] for line in told.splitlines())


def commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and those below it, by what people type."""
    yield name, command
    for below in getattr(command, "commands", {}).values():
        yield from commands(below, f"{name} {below.name}")


def test_help_style_of_options_and_commands() -> None:
    for name, command in commands(app, "v6c"):
        context = click.Context(command, info_name=name, terminal_width=80)
        told = command.get_help(context)
        assert "..." not in told.partition("Commands:")[2], name
        assert not re.search(r"--\w+ [A-Z]+_[A-Z]+\b", told), f"{name}: a name of our own"
        arguments = [param for param in command.params if isinstance(param, click.Argument)]
        for argument in arguments:
            assert f"  {argument.make_metavar(context)}\n" not in told.partition("Options:")[2]


@pytest.mark.parametrize(
    ("kind", "group"),
    [("organization", "org"), ("collaboration", "collab")]
    + [(kind, kind) for kind in ("study", "node", "user", "role", "store", "session", "dataframe")],
)
def test_commands_pass_what_the_methods_of_the_client_accept(kind: str, group: str) -> None:
    resource = getattr(Client("http://localhost", log_level=None), kind)
    others = {"wait", "limit", "password_stdin"}
    for name, command in vars(app.commands[group])["commands"].items():
        method = getattr(resource, {"show": "get"}.get(name, name.replace("-", "_")), None)
        given = {param.name for param in command.params} - others
        given = {name for name in given if not name.startswith(_connection.OPTION_PREFIX)}
        # The others are passed by position, by the functions of their commands.
        if len(given) > 1 and method is not None:
            positional = {"frame", "fingerprint", "organization"}
            assert given - positional <= set(inspect.signature(method).parameters), name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_exists_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    assert "_V6C_COMPLETE" in capsys.readouterr().out


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    env = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=env)


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("v6c ta", {"task"}),
        ("v6c task cr", {"create"}),
        ("v6c org list --cou", {"--country"}),
        ("v6c api list_al", {"list_algorithm_stores", "list_algorithms"}),
        ("v6c api get_task --i", {"--id"}),
        ("v6c completion z", {"zsh"}),
    ],
)
def test_completion_of_words(words: str, there: set[str]) -> None:
    code = "import sys; from vantage6.v6c.__main__ import main; sys.exit(main([]))"
    completed = python(
        code,
        _V6C_COMPLETE="bash_complete",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert {line.partition(",")[2] for line in completed.stdout.splitlines()} >= there
    assert completed.stderr == ""


def test_completion_is_quick_and_quiet(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = threading.Event()

    def listed(kind: str, options: object, start: str) -> list[str]:
        warnings.warn("others can read it", stacklevel=1)
        if start == "slow":
            ended.wait(30)
        if start == "wrong":
            raise RuntimeError("no server")
        return ["right", "wrong", "slow", "right", "right\x1b[2J", "right\nplain,x", *options_]

    options_ = ["--server=https://elsewhere.example/api", "-p", " --yes"]
    monkeypatch.setattr(_completers, "_list_names", listed)
    complete = _completers.complete_names("task")
    context = click.Context(click.Command("v6c"))
    param = click.Argument(["task"])
    found: dict[str, list[str]] = {}
    for word, seconds in (("r", 30), ("wrong", 30), ("slow", 0.1), ("", 30)):
        monkeypatch.setattr(_completers, "TIMEOUT_SECONDS", seconds)
        found[word] = [item.value for item in complete(context, param, word)]
    ended.set()
    assert found == {"r": ["right"], "slow": [], "wrong": [], "": ["right", "wrong", "slow"]}
    assert capfd.readouterr() == ("", "")


def test_names_that_would_be_ids_are_not_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"name": name} for name in ("12", "12 ", "1st", "", None)]
    client = MagicMock()
    client.__enter__.return_value.task.list.return_value = rows
    monkeypatch.setattr(_completers, "connect_without_prompt", lambda _: client)
    assert _completers._list_names("task", _connection.ConnectionOptions(), "1") == ["1st"]


@pytest.mark.parametrize(
    ("word", "there"),
    [
        ("", [r"a\ b", r"\$\(c\)", r"it\'s", "d/e:f"]),
        ("'", ["a b", "$(c)", "d/e:f"]),
        ('"', ["a b", "it's", "d/e:f"]),
    ],
)
def test_completed_names_are_quoted_in_bash(
    word: str, there: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other people choose them: nothing in them may be run."""
    names = ["a b", "$(c)", "it's", "d/e:f"]
    monkeypatch.setattr(_completers, "_list_names", lambda *_: names)
    monkeypatch.setenv("COMP_WORDS", f"v6c\ntask\nshow\n{word}")
    monkeypatch.setenv("COMP_CWORD", "3")
    bash = _completion.Bash(app, {}, "v6c", "_V6C_COMPLETE")
    assert bash.complete().splitlines() == [f"plain,{name}" for name in there]
    assert "read -r type" in bash.source_template


def test_missing_cli_extra_is_explained() -> None:
    code = (
        "import sys; sys.modules['click'] = None\n"
        "from vantage6.v6c.__main__ import main; sys.exit(main(['whoami']))"
    )
    ended = python(code)
    assert ended.returncode == 12
    assert ended.stderr == (
        "v6c: expected click to be installed. Install it with: pip install 'vantage6-sdk[cli]'\n"
    )


def test_help_and_completion_load_no_slow_modules() -> None:
    code = (
        "import sys; from vantage6.v6c.__main__ import main\n"
        "main(['task', 'create', '--help']); print(*sys.modules)"
    )
    loaded = set(python(code).stdout.split())
    assert "vantage6.v6c._task" in loaded
    assert not loaded & {"vantage6.client", "vantage6.bindings", "httpx", "rich", "cryptography"}
    assert not any(name.startswith("vantage6.localnet") for name in loaded)


def test_closed_pipe_is_not_an_error() -> None:
    read, write = os.pipe()
    os.close(read)
    code = "import sys; from vantage6.v6c.__main__ import main; sys.exit(main(['api', '--list']))"
    ended = subprocess.run(
        [sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, timeout=60
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (141, b"")


def test_manual_lists_all_exit_codes() -> None:
    manual = (ROOT / "docs" / "cli.md").read_text()
    for code, meaning in _exit_codes.exit_code_table():
        assert f"| {code} | {meaning} |" in manual


class Blobs(BaseHTTPRequestHandler):
    """Keeps one blob, as servers with a blob store do."""

    kept = b""

    def do_POST(self) -> None:
        type(self).kept = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, b'{"uuid": "u"}')

    def do_GET(self) -> None:
        there = self.path == "/api/blobstream/u"
        self.answer(
            200 if there else 404,
            self.kept if there else b'{"msg": "not there", "password": "hunter2"}',
        )

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Ignore log messages."""


# -- what a shell expects -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "words",
    [
        ["-s", "http://127.0.0.1:9", "-u", "ada", "org", "list"],
        ["org", "list", "-s", "http://127.0.0.1:9", "-u", "ada"],
        ["-s", "http://127.0.0.1:7", "org", "list", "-s", "http://127.0.0.1:9", "-u", "ada"],
    ],
)
def test_connection_options_come_before_or_after_a_command(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    assert run(words) == 8
    assert "http://127.0.0.1:9/api/token/user: cannot connect" in capsys.readouterr().err
    assert run(["-p", "nope", "org", "list"]) == 2
    assert "profile 'nope': not found" in capsys.readouterr().err


def test_versions_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = installed_version("vantage6-sdk")
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"v6c {own}\n"
    monkeypatch.setenv("VANTAGE6_SERVER", "http://127.0.0.1:9")
    assert run(["version"]) == 8
    printed = capsys.readouterr()
    assert printed.out == f"client  {own}\n"
    assert "cannot connect" in printed.err


def test_help_is_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    for words, same in (
        (["help"], ["--help"]),
        (["help", "task", "create"], ["task", "create", "--help"]),
        (["help", "api", "get_task"], ["api", "get_task", "--help"]),
    ):
        assert run(words) == run(same) == 0
        shown = capsys.readouterr().out
        assert shown[: len(shown) // 2] == shown[len(shown) // 2 :]
    assert run(["help", "task", "crate"]) == 2
    assert "Did you mean 'create'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "method: expected the name of a function, got None. Pass method='a', kwargs={...}.",
            "--method: expected the name of a function, got nothing.",
        ),
        (
            "timeout: expected a number of seconds of at least 0, or None, got -5.0",
            "--timeout: expected a number of seconds of at least 0, got -5.0",
        ),
        (
            "input_: expected either input_ or method, args and kwargs, got both",
            "--input: expected either --input or --method, --arg and --kwarg, got both",
        ),
        (
            "task 3: expected to end, got 'x'. The task continues. Stop it with task.kill(3).",
            "task 3: expected to end, got 'x'. The task continues.",
        ),
        ("GET http://h/api/x?a=1 returned 404: Not found!", ...),
        ("task 'f(x). G(y)': not found. Available: 'h(x)' (id 7).", ...),
    ],
)
def test_messages_speak_of_options(message: str, shown: Any) -> None:
    options = dict(_main._options(app))
    assert _exit_codes.in_shell(message, options) == (message if shown is ... else shown)


@pytest.mark.parametrize("closed", ["0", "1", "2"])
@pytest.mark.parametrize("words", ["--version", "org list", "task wait"])
def test_closed_stream_is_no_bug(closed: str, words: str) -> None:
    command = f"exec {sys.executable} -m vantage6.v6c {words} {closed}>&-"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ended.stderr + ended.stdout
    assert ended.returncode in (0, 2, 3)


@pytest.mark.parametrize("stream", ["1", "2"])
def test_full_disk_is_no_bug(stream: str) -> None:
    command = f"exec {sys.executable} -m vantage6.v6c api --list {stream}>/dev/full"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert "Traceback" not in ended.stderr
    if stream == "1":
        assert ended.returncode == 2
        assert ended.stderr == "v6c: standard output: No space left on device\n"


def test_refused_saved_login_is_reported_as_such(
    server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply = with_login(lambda _: (404, {}))
    url = f"http://127.0.0.1:{server.port}"
    with Client(url, log_level=None) as client:
        client.authenticate("ada", "secret")
        client.saved_login.save()
    server.reply = lambda _: (401, {"msg": "Token has expired"})
    assert run(["org", "list"]) == 3
    shown = capsys.readouterr().err
    assert re.search(
        r"ada at http.*: expected one, because the server refused the login saved", shown
    )
    assert "v6c: log in with: v6c login" in shown
    assert "client." not in shown


def test_interrupted_wait_has_one_hint(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt("Task 3 continues. Wait again with wait_for_results(3).")

    client = MagicMock()
    client.task.get.return_value = {"id": 3}
    client.wait_for_results = interrupt
    monkeypatch.setattr(_connection, "connect", lambda _: client)
    assert run(["task", "wait", "3"]) == 130
    assert capsys.readouterr().err == (
        "v6c: the tasks keep running; to wait again, run: v6c task wait 3\n"
    )


def test_enough_results_are_printed_with_the_missing_ones_and_a_command_is_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = ResultRows(
        [
            {"id": 1, "run": {"id": 1}, "result": "40"},  # type: ignore[list-item]
            {"id": 2, "run": {"id": 2}, "result": None},  # type: ignore[list-item]
        ],
        {"first": "", "self": ""},
        organizations={1: "IKNL", 2: "Maastro"},
    )
    rows.reasons = {2: "queued, node offline"}
    client = MagicMock()
    client.task.get.return_value = {"id": 3}

    def wait(tasks: list[int], notify: Any, **options: Any) -> list[ResultRows]:
        assert (tasks, options["at_least"], options["after"]) == ([3], 1, 60)
        notify(Finished(3, "active", rows))
        return [rows]

    client.wait_for_results = wait
    monkeypatch.setattr(_connection, "connect", lambda _: client)
    words = ["task", "wait", "3", "--at-least", "1", "--after", "60", "--notify"]
    assert run([*words, "env"]) == 0
    shown = capfd.readouterr()
    assert "v6c: no result from Maastro: queued, node offline" in shown.err
    assert "V6C_TEXT=task 3 active: 1 of 2 results" in shown.out.splitlines()
    assert run([*words, "no-such-program $(touch x)"]) == 2
    assert "expected 'desktop' or a command on PATH" in capfd.readouterr().err


def test_key_of_a_node_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = MagicMock()
    client.node.create.return_value = SecretRow(id=9, name="n", api_key="1f2e-77", ip=None)
    client.node.reset_key.return_value = SecretRow(api_key="9a8b-11")
    client.node.delete.return_value = {"msg": "gone"}
    monkeypatch.setattr(_connection, "connect", lambda _: client)
    assert run(["node", "create", "n", "-o", "IKNL"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "id       9",
        "name     n",
        "api_key  1f2e-77",
    ]
    client.node.create.assert_called_once_with(organization="IKNL", name="n")
    assert run(["node", "reset-key", "n", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"api_key": "9a8b-11"}
    assert run(["node", "delete", "n"]) == 0
    assert capsys.readouterr().out == "gone\n"


def test_upload_and_download_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    content = bytes(range(256))
    (tmp_path / "there").write_bytes(content)
    with HTTPServer(("127.0.0.1", 0), Blobs) as server:
        monkeypatch.setenv("VANTAGE6_SERVER", f"http://127.0.0.1:{server.server_port}/api")
        monkeypatch.setenv("VANTAGE6_USERNAME", "nobody")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            assert run(["api", "upload_blob", "--body", str(tmp_path / "there")]) == 0
            assert json.loads(capsys.readouterr().out) == {"uuid": "u"}
            back = ["--output", str(tmp_path / "back")]
            assert run(["api", "download_blob", "--id", "u", *back]) == 0
            assert (tmp_path / "back").read_bytes() == content
            assert run(["api", "download_blob", "--id", "v", *back]) == 5
            told = capsys.readouterr().err
            assert "not there" in told
            assert "hunter2" not in told
            assert (tmp_path / "back").read_bytes() == content, "nothing came in its place"
            (tmp_path / "link").symlink_to(tmp_path / "there")
            link = ["--output", str(tmp_path / "link")]
            (tmp_path / "there").write_bytes(b"of somebody else")
            assert run(["api", "download_blob", "--id", "u", *link]) == 0
            assert (tmp_path / "there").read_bytes() == b"of somebody else"
            assert not (tmp_path / "link").is_symlink()
            assert (tmp_path / "link").read_bytes() == content
            assert (tmp_path / "link").stat().st_mode & 0o777 == 0o600
            os.mkfifo(tmp_path / "pipe")  # would wait for a reader
            for wrong, reason in (("pipe", "that cannot be replaced"), ("", "is a directory")):
                where = ["--output", str(tmp_path / wrong)]
                assert run(["api", "download_blob", "--id", "v", *where]) == 2
                assert reason in capsys.readouterr().err
            left = sorted(path.name for path in tmp_path.iterdir())
            assert left == ["back", "link", "pipe", "there"]
        finally:
            server.shutdown()
            thread.join()


# -- profiles of other servers --------------------------------------------------------------------
HOSPITAL = """[default]
server = https://hospital.example/api
username = ada
collaboration = demo
private_key = iknl.pem
verify = false
"""


@pytest.fixture
def hospital(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the default profile, which is of another server than the scripted one."""
    monkeypatch.setenv("VANTAGE6_PASSWORD", "secret")
    file = home / "config" / "vantage6" / "profiles.ini"
    file.parent.mkdir(parents=True)
    file.write_text(HOSPITAL)
    pem = private_key_to_pem(generate_private_key(2048))
    file.with_name("iknl.pem").write_bytes(pem)
    file.with_name("iknl.pem").chmod(0o600)
    return file


def elsewhere(server: ScriptedServer) -> str:
    server.reply = with_login(lambda _: (404, {"msg": "not here"}))
    return f"http://127.0.0.1:{server.port}/api"


def test_login_elsewhere_does_not_replace_the_default_profile(
    hospital: Path, server: ScriptedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["login", "-s", elsewhere(server), "-u", "ada"]) == _exit_codes.USAGE
    assert "--profile default to replace this profile" in capsys.readouterr().err
    assert server.seen == []
    assert hospital.read_text() == HOSPITAL


@pytest.mark.parametrize("name", ["default", "other"])
def test_login_elsewhere_uses_nothing_of_another_profile(
    hospital: Path, server: ScriptedServer, name: str
) -> None:
    url = elsewhere(server)
    assert run(["login", "-p", name, "-s", url, "-u", "ada"]) == _exit_codes.OK
    assert not [path for path in server.paths if not path.startswith(("POST /api/token", "GET"))]
    assert not [path for path in server.paths if "collaboration" in path], "a default"
    found = read_profiles(hospital.read_text(), hospital)
    assert found[name] == vantage6.client.Profile(name, url, "ada", save=True)
    if name != "default":
        assert hospital.read_text().startswith(HOSPITAL)


def test_completion_elsewhere_uses_nothing_of_the_profile(
    hospital: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, given = elsewhere(server), {}
    monkeypatch.setattr(
        vantage6.client.Client, "from_saved_login", lambda **args: given.update(args)
    )
    options = _connection.ConnectionOptions(profile="default", server=url)
    _connection.connect_without_prompt(options)
    assert given.keys() == {"password", "mfa_code", "max_retries", "log_level", "server"}
    _connection.connect_without_prompt(_connection.ConnectionOptions(profile="default"))
    assert given["verify"] is False
