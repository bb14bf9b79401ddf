"""Test the parts of the local network that need no server."""

import base64
import contextlib
import errno
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest

from tests.support.accounts import as_another_account
from tests.support.event_server import CLOSED, CUT, MUTE, RecordedEvent, event_server
from vantage6.client._encryption.keys import generate_private_key, public_key_of
from vantage6.localnet import (
    EnvironmentBuildError,
    LocalNetwork,
    LocalNetworkError,
    PortInUseError,
    _api,
    _environment,
    _server,
)
from vantage6.localnet.__main__ import main
from vantage6.localnet._algorithm_runner import AlgorithmRunner, prepare_run
from vantage6.localnet._algorithms import find_algorithm, resolve_algorithms
from vantage6.localnet._blob_store import BlobStore
from vantage6.localnet._encryption import PayloadCodec
from vantage6.localnet._event_relay import EventRelay
from vantage6.localnet._processes import Message, ScriptProcess, clean_environment
from vantage6.localnet._proxy import Proxy
from vantage6.localnet._seed import NodeAccount, User
from vantage6.localnet._server import claim_port

LOCALNET = Path(_environment.__file__).parent


# -- the programs that help ------------------------------------------------------------------------
@contextlib.contextmanager
def relayed(tape: list[RecordedEvent], folder: Path) -> Iterator["queue.Queue[tuple[str, Any]]"]:
    """Connect a node to a server that keeps to a tape; return what the node hears."""
    heard: queue.Queue[tuple[str, Any]] = queue.Queue()
    relay = EventRelay(Path(sys.executable), folder)
    with event_server(tape, lambda: 0) as port:
        relay.connect(3, f"http://127.0.0.1:{port}", "token", lambda *event: heard.put(event))
        yield heard
        relay.stop()


@pytest.mark.parametrize("end", [CUT, MUTE, CLOSED])
def test_node_reconnects_after_any_disconnect(end: str, tmp_path: Path) -> None:
    tape: list[RecordedEvent] = [(0, end, None), (0, "sync", 1), (0, end, None), (0, "sync", 2)]
    with relayed(tape, tmp_path) as heard:
        assert [heard.get(timeout=60) for _ in range(2)] == [("sync", 1), ("sync", 2)]


def test_killed_program_does_not_block_its_reader(tmp_path: Path) -> None:
    script = tmp_path / "torn.py"
    script.write_text("print('{\"run\": 1}'); print('{\"ru', end='')")
    heard: list[Message] = []
    ended = threading.Event()
    helper = ScriptProcess(
        Path(sys.executable), str(script), tmp_path / "log", heard.append, ended.set
    )
    assert ended.wait(60)
    assert heard == [{"run": 1}]
    helper.stop()


def test_malformed_run_status_does_not_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "odd.py"
    script.write_text("input(); print('no JSON')")
    monkeypatch.setattr("vantage6.localnet._processes.script_path", lambda _: str(script))
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    runner = AlgorithmRunner(Path(sys.executable), tmp_path)
    with pytest.raises(LocalNetworkError, match="has ended"):
        runner.run(runner.next_execution_id(), tmp_path, {}, print)
    runner.stop()


# -- the server's port -----------------------------------------------------------------------------
def test_claimed_ports_are_not_given_to_other_programs() -> None:
    with contextlib.ExitStack() as stack:
        holders = [stack.enter_context(claim_port(None)) for _ in range(20)]
        ports = {holder.getsockname()[1] for holder in holders}
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert max(ports) < min(other.getsockname()[1], 32_768)
    assert len(ports) > 10


def test_port_in_use_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(_server, "_PORT_RANGE", range(port, port + 1))
        with pytest.raises(LocalNetworkError, match="no free port"):
            claim_port(None)


# Tries to listen on a port, with each option that lets sockets share one, and prints the errors.
LISTEN = """
for option in (None, socket.SO_REUSEADDR, socket.SO_REUSEPORT):
    with socket.socket() as other:
        if option is not None:
            other.setsockopt(socket.SOL_SOCKET, option, 1)
        try:
            other.bind(("127.0.0.1", int(sys.argv[1])))
        except OSError as error:
            print(errno.errorcode[error.errno])
        else:
            print("bound")
"""


def test_claimed_port_is_held_against_other_accounts() -> None:
    with claim_port(None) as holder:
        port = holder.getsockname()[1]
        neighbor = as_another_account(LISTEN, str(port))
        printed, _ = neighbor.communicate(timeout=60)
        # The last option admits sockets of the same account, which is the server's.
        shared = "EADDRINUSE" if os.geteuid() == 0 else "bound"
        assert printed.split() == ["EADDRINUSE", "EADDRINUSE", shared]
        with pytest.raises(PortInUseError, match=f"port: {port} on 127.0.0.1 is in use"):
            claim_port(port)
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) != 0, "nothing listens yet"
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            server.bind(("127.0.0.1", port))


# -- the proxy for algorithms ----------------------------------------------------------------------
def test_proxy_forwards_requests_with_a_secret_path_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "vantage6.localnet")
    codec, requests = PayloadCodec(None), list[tuple[str, str]]()
    node = _api.authenticated_client("http://127.0.0.1:9", "token")
    proxy = Proxy("http://127.0.0.1:9")
    try:
        paths = [proxy.add_node(node, codec) for _ in range(2)]
        for route in proxy._routes.values():
            route.forward = lambda method, path, *_: requests.append((method, path)) or (200, b"{}")
        with httpx.Client(base_url=f"http://127.0.0.1:{proxy.port}", trust_env=False) as algorithm:
            for path in ("/", "/1/version", "//version", "/version", f"{paths[0][:-1]}/version"):
                assert algorithm.get(path).status_code == 404
            assert not requests
            assert algorithm.get(f"{paths[1]}/run?page=2").status_code == 200
        assert requests == [("GET", "/run?page=2")]
    finally:
        proxy.stop()
    assert len({*paths}) == 2
    assert all(len(path) > 40 for path in paths)
    assert "GET /run?page=2: status 200" in caplog.text
    assert not any(path in caplog.text for path in paths)


# -- the environment -------------------------------------------------------------------------------
@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Builder:
    """Stands in for venv and pip, which take minutes: makes the files that they would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, failing: bool = False) -> None:
        self.purposes: list[str] = []
        self.failing = failing
        monkeypatch.setattr(_environment, "run_step", self.run)
        monkeypatch.setattr(_environment, "find_uv", lambda: Path("uv"))

    def run(self, command: list[str], home: Path, purpose: str) -> None:
        self.purposes.append(purpose)
        if "virtual" in purpose:
            (home / "bin").mkdir(parents=True)
            (home / "bin" / "python").touch()
        elif self.failing:
            raise EnvironmentBuildError("the power went")


@pytest.mark.usefixtures("cache")
def test_environment_is_created_once(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder(monkeypatch)
    first = _environment.environment_python("4.15.2")
    assert first.exists()
    assert _environment.environment_python("4.15.2") == first
    assert len(builder.purposes) == 2, "a virtual environment and an installation, once"
    assert _environment.environment_python("4.14.0") != first


@pytest.mark.usefixtures("cache")
def test_incomplete_environment_is_recreated(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder(monkeypatch, failing=True)
    with pytest.raises(EnvironmentBuildError):
        _environment.environment_python("4.15.2")
    builder.failing = False
    assert _environment.environment_python("4.15.2").exists()
    assert len(builder.purposes) == 4


@pytest.mark.usefixtures("cache")
def test_environment_without_python_is_recreated(monkeypatch: pytest.MonkeyPatch) -> None:
    Builder(monkeypatch)
    _environment.environment_python("4.15.2").unlink()
    assert _environment.environment_python("4.15.2").exists()


@pytest.mark.parametrize("version", ["latest", "4.15", "5.1.0", "5.0", "4.15.2; rm -rf /", ""])
def test_unsupported_version_is_rejected(cache: Path, version: str) -> None:
    with pytest.raises(EnvironmentBuildError, match=re.escape("'4.15.2'")):
        _environment.environment_python(version)
    assert not cache.exists()


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_cache_that_others_can_write_is_rejected(cache: Path, mode: int) -> None:
    cache.mkdir()
    cache.chmod(mode)
    with pytest.raises(EnvironmentBuildError, match="writable only by you"):
        _environment.environment_python("4.15.2")
    assert list(cache.iterdir()) == []


def test_cache_of_another_account_is_rejected(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: cache.stat().st_uid + 1)
    with pytest.raises(EnvironmentBuildError, match="to belong to you"):
        _environment.environment_python("4.15.2")


@pytest.mark.parametrize("place", ["file/cache", "file", "/proc/vantage6"])
def test_unusable_cache_folder_is_named_with_its_variables(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(tmp_path / place))
    with pytest.raises(EnvironmentBuildError) as error:
        _environment.environment_python("4.15.2")
    for expected in (str(tmp_path / place), "VANTAGE6_LOCALNET_CACHE", "XDG_CACHE_HOME"):
        assert expected in str(error.value)


def test_full_cache_folder_is_named_with_its_variables(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(subprocess, "Popen", fill)
    with pytest.raises(EnvironmentBuildError, match="No space left on device") as error:
        _environment.environment_python("4.15.2")
    assert str(cache) in str(error.value)
    assert "VANTAGE6_LOCALNET_CACHE" in str(error.value)


# Settings of the person who starts the network that no installer, node or algorithm needs.
PERSONAL = {
    "VANTAGE6_PASSWORD": "Analytical-1843",
    "AWS_SECRET_ACCESS_KEY": "Analytical-1843",
    "PYTHONPATH": "/somewhere",
    "UV_PUBLISH_TOKEN": "Analytical-1843",
    "XPIP_INDEX_URL": "http://index.example",
}
# Settings of installers.
INSTALLER = {
    "HTTPS_PROXY": "http://proxy.example:3128",
    "no_proxy": "localhost",
    "PIP_INDEX_URL": "http://index.example/simple",
    "npm_config_registry": "http://registry.example",
    "SSL_CERT_FILE": "/etc/ssl/company.pem",
}


def test_installers_receive_only_the_variables_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (PERSONAL | INSTALLER).items():
        monkeypatch.setenv(name, value)
    code = f"import json, os; json.dump({{**os.environ}}, open({str(tmp_path / 'seen')!r}, 'w'))"
    _environment.run_step([sys.executable, "-c", code], tmp_path / "home", "install it")
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen.items() >= INSTALLER.items()
    assert "PATH" in seen
    assert not seen.keys() & PERSONAL.keys()
    assert "Analytical-1843" not in seen.values()


def test_nodes_and_algorithms_receive_only_the_variables_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (PERSONAL | INSTALLER).items():
        monkeypatch.setenv(name, value)
    algorithm = prepare_run(
        tmp_path / "run",
        algorithm=Path("/algorithms/average.py"),
        input_=b"{}",
        token="a.b.c",
        proxy=(8080, "/5"),
        databases={},
        requested=[],
    )
    for environment in (clean_environment(), algorithm):
        assert not environment.keys() & (PERSONAL | INSTALLER).keys()


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        (
            "WARNING: Retrying: connection broken by 'NewConnectionError(...)'\n"
            "ERROR: Could not find a version that satisfies the requirement vantage6==4.15.2\n",
            "the download failed. Check your network connection",
        ),
        (
            "Collecting vantage6==4.99.0\n"
            "ERROR: Could not find a version that satisfies it (from versions: 4.0.0, 4.15.2)\n"
            "ERROR: No matching distribution found for vantage6==4.99.0\n",
            "No matching distribution found for vantage6==4.99.0",
        ),
        (
            "ERROR: Could not install packages: [Errno 28] No space left on device",
            "no space is left. Name another cache folder in VANTAGE6_LOCALNET_CACHE",
        ),
        ("", "no output"),
    ],
)
def test_failed_installation_is_reported_in_one_line(
    printed: str, reason: str, tmp_path: Path
) -> None:
    fail = [sys.executable, "-c", f"print({printed!r}, end=''); raise SystemExit(1)"]
    with pytest.raises(EnvironmentBuildError, match=re.escape(f"could not install it: {reason}")):
        _environment.run_step(fail, tmp_path / "home", "install it")


# -- algorithms and runs ---------------------------------------------------------------------------
def test_algorithms_are_found_by_image(tmp_path: Path) -> None:
    (tmp_path / "mine.py").touch()
    known = resolve_algorithms({"example.org/mine": tmp_path / "mine.py"})
    assert find_algorithm(known, "example.org/mine") == tmp_path / "mine.py"
    assert (
        find_algorithm(known, "localnet/slow:latest")
        == find_algorithm(known, "localnet/slow")
        is not None
    )
    assert find_algorithm(known, "localnet/slow:latest@sha256:1234") == find_algorithm(
        known, "localnet/slow"
    )
    assert find_algorithm(known, "localnet/slow:v2") is None


def test_missing_algorithm_fails_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(LocalNetworkError, match=r"algorithm 'mine': expected .* at .*nowhere\.py"):
        LocalNetwork(algorithms={"mine": tmp_path / "nowhere.py"})


def test_run_starts_without_files_of_a_deleted_run(tmp_path: Path) -> None:
    folder, data = tmp_path / "run-1", tmp_path / "data.csv"
    for text in (b"1", b"2"):  # the server gives the second the identifier of the first
        prepare_run(
            folder,
            algorithm=Path("/algorithms/average.py"),
            input_=text,
            token="a.b.c",
            proxy=(8080, "/5"),
            databases={"default": data},
            requested=[],
        )
        assert (folder / "INPUT_FILE").read_bytes() == text
        assert list((folder / "tmp").iterdir()) == []
        (folder / "tmp" / "left").touch()


def test_wrapper_receives_the_environment_of_a_real_node(tmp_path: Path) -> None:
    variables = prepare_run(
        tmp_path / "run",
        algorithm=Path("/algorithms/average.py"),
        input_=b"{}",
        token="a.b.c",
        proxy=(8080, "/5"),
        databases={"default": tmp_path / "data.csv"},
        requested=[{"label": "default", "parameters": '{"preprocessing":[{"a":1}]}'}],
    )

    def value(name: str) -> str:
        return base64.b32decode(variables[name].replace("!", "=")).decode()

    assert variables["PKG_NAME"] == "average", "the only one that is not encoded"
    assert Path(value("INPUT_FILE")).read_bytes() == b"{}"
    assert Path(value("TOKEN_FILE")).read_text() == "a.b.c"
    assert (value("HOST"), value("PORT"), value("API_PATH")) == ("http://127.0.0.1", "8080", "/5")
    assert value("USER_REQUESTED_DATABASE_LABELS") == "default"
    assert value("DEFAULT_DATABASE_URI") == str(tmp_path / "data.csv")
    assert value("DEFAULT_DATABASE_TYPE") == "csv"
    assert value("DEFAULT_PREPROCESSING") == '[{"a": 1}]'
    assert not any("=" in value for name, value in variables.items() if name.endswith("_FILE"))


def test_cipher_decrypts_its_own_messages() -> None:
    key = generate_private_key()
    sealed = PayloadCodec(key).encode(b"secret", public_key_of(key))
    assert b"secret" not in base64.b64decode(sealed.split("$")[2])
    assert PayloadCodec(key).decode(sealed) == b"secret"
    with pytest.raises(ValueError, match="expected a public key"):
        PayloadCodec(key).encode(b"secret", None)


def test_user_code_matches_an_authenticator_app(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    monkeypatch.setattr(time, "time", lambda: 1111111109.5)
    assert User("me", "", 1, "Viewer", secret).code == pyotp.TOTP(secret).at(1111111109) == "081804"
    assert User("me", "", 1, "Viewer").code is None


def test_printed_text_omits_secrets() -> None:
    assert "hush" not in repr(User("me", "hush", 1, "Viewer", "hush"))
    assert "hush" not in repr(NodeAccount(1, "node", 1, "hush"))


# -- what runs on other interpreters ---------------------------------------------------------------
def test_string_enums_format_as_they_did_in_python_3_10() -> None:
    program = (
        "import enum_format, enum\n"
        "class Scope(str, enum.Enum):\n    GLOBAL = 'glo'\n"
        "class Plain(enum.Enum):\n    ONE = 1\n"
        "print(f'{Scope.GLOBAL} {Scope.GLOBAL:>5} {Plain.ONE} {str(Scope.GLOBAL)}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=LOCALNET / "_scripts", capture_output=True, text=True
    )
    assert done.stdout == "glo   glo Plain.ONE Scope.GLOBAL\n", done.stderr


def test_websocket_handshake_follows_rfc_6455() -> None:
    program = (
        "import websocket_handshake\n"
        "environ = {'HTTP_SEC_WEBSOCKET_KEY': 'dGhlIHNhbXBsZSBub25jZQ=='}\n"
        "websocket_handshake._accept(lambda sent: print(sent.decode(), end=''), environ)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=LOCALNET / "_scripts", capture_output=True, text=True
    )
    assert done.stdout.startswith("HTTP/1.1 101 "), done.stderr
    # The response that section 1.3 of the standard gives for this key.
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n" in done.stdout


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An ended process that its new parent has not taken note of yet does nothing any more.
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return not status.stdout.strip().startswith("Z") and bool(status.stdout.strip())


def wait_until_dead(pid: int) -> None:
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


@pytest.mark.parametrize("end", ["close", signal.SIGKILL, signal.SIGTERM])
def test_supervised_processes_end_with_their_parent(end: str | int, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    # The command starts another process: it has to go too.
    command = ["sh", "-c", f"sleep 600 & echo $$ $! > {folder}/../pids; wait"]
    supervise = [sys.executable, "-I", str(LOCALNET / "_supervisor.py"), str(folder), *command]
    program = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen({supervise!r}, stdin=subprocess.PIPE)\n"
        "sys.stdin.readline()\n"
    )
    pids = tmp_path / "pids"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE) as parent:
        deadline = time.monotonic() + 10
        while not (pids.exists() and len(pids.read_text().split()) == 2):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if isinstance(end, int):
            parent.send_signal(end)
        elif parent.stdin is not None:
            parent.stdin.close()
        parent.wait(10)
    for pid in pids.read_text().split():
        wait_until_dead(int(pid))
    deadline = time.monotonic() + 10
    while folder.exists():
        assert time.monotonic() < deadline, "its folder is still there"
        time.sleep(0.02)


# -- the command line ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["up", "--organizations", "0"], "expected 1 or more, got 0"),
        (["up", "--review"], "expected an algorithm store"),
        (
            ["up", "--version", "latest"],
            "expected a version of vantage6 4 or 5.0, such as '4.15.2' or '5.0.3', got 'latest'",
        ),
        (["up", "--token-seconds", "0"], "expected 1 or more, got 0"),
        (["up", "--folder", "/", "--blob-store"], "folder: a blob store keeps nothing."),
        (["down", "1"], "down: expected a network that is running, got 1."),
        (["down"], "down: expected a network that is running, found none."),
        (["run", "no-such-script.py"], "script: expected a file, got 'no-such-script.py'."),
    ],
)
@pytest.mark.usefixtures("cache")
def test_error_is_one_line_with_exit_code_1(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [[], ["stop"], ["up", "--port", "http"], ["up", "--smtp", "mail"], ["run"]]
)
def test_unknown_command_has_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: python -m vantage6.localnet" in capsys.readouterr().err


@pytest.mark.parametrize("version", ["4.7.1", "4.12.2"])
def test_blob_store_is_rejected_for_old_servers(version: str) -> None:
    with pytest.raises(LocalNetworkError, match=r"server version 4\.13 or later"):
        LocalNetwork(version=version, blob_store=True)


@pytest.mark.usefixtures("cache")
def test_blob_store_requires_nodejs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EnvironmentBuildError, match=r"Node\.js"):
        BlobStore(tmp_path)


@pytest.mark.parametrize("command", [["up"], ["run", __file__]])
def test_output_path_must_be_a_regular_file(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A device, such as /dev/null where root may replace it, would be gone with the network."""
    started: list[LocalNetwork] = []
    monkeypatch.setattr(LocalNetwork, "__enter__", started.append)
    os.mkfifo(tmp_path / "pipe")
    command[1:1] = ["--json", str(tmp_path / "pipe")]
    assert main(command) == 1
    assert "expected a regular file" in capsys.readouterr().err
    assert (tmp_path / "pipe").is_fifo()
    assert not started


# -- notebooks -------------------------------------------------------------------------------------
def test_network_that_was_not_started_says_so() -> None:
    network = LocalNetwork()
    for use in (network.client, network.describe, lambda: network.url):
        with pytest.raises(LocalNetworkError, match=r"was started\. Use it with 'with'"):
            use()
    assert not hasattr(network, "url")
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        network.nope  # type: ignore[attr-defined]  # noqa: B018


def test_network_is_started_and_stopped_by_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    def start(network: LocalNetwork, stack: contextlib.ExitStack) -> None:
        events.append("started")
        stack.callback(events.append, "stopped")
        network.url, network.organizations = "http://127.0.0.1:7601", []

    monkeypatch.setattr(LocalNetwork, "_start", start)
    network = LocalNetwork(encrypted=True)
    assert repr(network) == "<LocalNetwork 4.15.2: stopped>"
    network.stop()
    assert network.start() is network
    assert "at http://127.0.0.1:7601/api: nodes of" in repr(network)
    assert "encrypted" in repr(network)
    with pytest.raises(LocalNetworkError, match="it is running"):
        network.start()
    network.stop()
    network.stop()
    assert events == ["started", "stopped"]
    assert repr(network) == "<LocalNetwork 4.15.2: stopped>"
    with network:
        assert "stopped" not in repr(network)
    assert events == ["started", "stopped"] * 2
