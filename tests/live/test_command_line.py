"""Test each command of `v6c` on a real network, in a terminal and in a pipe."""

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pyte
import pytest

from vantage6.localnet import LocalNetwork
from vantage6.v6c import _connection, _operations
from vantage6.v6c._main import run

pytestmark = pytest.mark.live

# Where tests run in the background Ctrl-C is ignored, and so it would be here.
PROGRAM = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from vantage6.v6c.__main__ import main; sys.exit(main())"
)
ESCAPE = "\x1b"
AVERAGE = "harbor2.vantage6.ai/demo/average"
CREATE = f"task create -c demo -o IKNL -o Maastro --image {AVERAGE} --method partial_average"
WIDTH = 80


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str = ""

    @property
    def screen(self) -> str:
        """What a person sees of it in the end."""
        screen = pyte.HistoryScreen(WIDTH, 24, history=1000, ratio=1)
        pyte.Stream(screen).feed(self.out)
        above = [
            "".join(line[column].data for column in range(WIDTH)).rstrip()
            for line in screen.history.top
        ]
        return "\n".join([*above, *(line.rstrip() for line in screen.display)]).rstrip()


class Shell:
    """Runs commands as someone on a network."""

    def __init__(self, network: LocalNetwork, folder: Path) -> None:
        self.network, self.folder = network, folder
        self.pool = ThreadPoolExecutor(4)

    def environment(self, user: str, **others: str) -> dict[str, str]:
        who = self.network.users[user]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("VANTAGE6_") and name not in ("CI", "NO_COLOR")
        }
        return {
            **kept,
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "VANTAGE6_SERVER": f"{self.network.url}{self.network.api_path}",
            "VANTAGE6_USERNAME": who.username,
            "VANTAGE6_PASSWORD": who.password,
            "VANTAGE6_PRIVATE_KEY": str(self.network.private_keys[who.organization_id]),
            "PYTHONUTF8": "1",
            "TERM": "xterm-256color",
            **others,
        }

    def piped(self, *words: str, user: str = "researcher", stdin: str = "", **env: str) -> Ended:
        """Run a command whose output is piped."""
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            env=self.environment(user, **env),
            cwd=self.folder,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def terminal(
        self,
        *words: str,
        user: str = "researcher",
        answers: Sequence[tuple[str, str]] = (),
        interrupt_at: str | None = None,
        **env: str,
    ) -> Ended:
        """Run a command in a terminal; answer what it asks, or press Ctrl-C once it says so."""
        leader, follower = pty.openpty()
        size = {"COLUMNS": str(WIDTH), "LINES": "24"}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *words],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            env=self.environment(user, **size, **env),
            cwd=self.folder,
        )
        os.close(follower)
        written, open_answers, until = b"", list(answers), time.monotonic() + 120
        try:
            while time.monotonic() < until:
                if not select.select([leader], [], [], 1)[0]:
                    continue
                written += os.read(leader, 65536)
                text = written.decode(errors="replace")
                if open_answers and open_answers[0][0] in text:
                    os.write(leader, f"{open_answers.pop(0)[1]}\n".encode())
                if interrupt_at is not None and interrupt_at in text:
                    interrupt_at = None
                    os.kill(process.pid, signal.SIGINT)
        except OSError:  # on Linux: the other end is closed
            pass
        finally:
            os.close(leader)
            process.kill() if time.monotonic() > until else None
            process.wait(timeout=60)
        return Ended(process.returncode, written.decode())


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Somewhere an average was computed, something crashed, and something takes long."""
    with LocalNetwork(encrypted=True, store=True) as network:
        shell = Shell(network, tmp_path_factory.mktemp("v6c"))
        client = network.client("researcher")
        # What crashes does so at one organization alone: where another one has not begun by then,
        # the server calls the task failed.
        for name, column, organizations in (
            ("average age", "age", ["IKNL", "Maastro"]),
            ("average of nothing", "nothing", ["IKNL"]),
        ):
            client.task.create(
                collaboration="demo",
                organizations=organizations,
                name=name,
                image=AVERAGE,
                method="partial_average",
                kwargs={"column_name": column},
                databases="default",
            )
        client.wait_for_results(["average age", "average of nothing"], on_failure="return")
        long = client.task.create(
            collaboration="demo",
            organizations=["IKNL"],
            name="long",
            image="localnet/slow",
            method="sleep",
            kwargs={"seconds": 3600},
        )
        next(client.task.stream_logs(long))  # it is active from here on
        yield shell
        with network.client("root") as root:
            root.task.kill("long")
        client.close()
        shell.pool.shutdown()


# -- what shows something -------------------------------------------------------------------------
@dataclass(frozen=True)
class Shown:
    """What a command shows: words for people, and a test of the JSON for programs."""

    words: Sequence[str]
    holds: Callable[[Any], bool]
    user: str = "researcher"


def rows_with(**fields: object) -> Callable[[Any], bool]:
    """Test that a list has a row with these fields."""

    def holds(rows: Any) -> bool:
        assert isinstance(rows, list)
        return any(fields.items() <= row.items() for row in rows)

    return holds


SUM = {"sum": 3473.0, "count": 58}
SHOWN: dict[str, Shown] = {
    "whoami": Shown(["Researcher", "IKNL"], lambda row: row["organization"]["name"] == "IKNL"),
    "doctor": Shown(
        ["ok       login", "ok       events", "'local store' responds"],
        lambda checks: {check["state"] for check in checks} <= {"ok", "unknown"},
    ),
    "task why 'average of nothing'": Shown(
        ["IKNL: the algorithm raised KeyError", "docs/failed.md#crashed"],
        lambda found: found["findings"][0]["rule"] == "crashed",
    ),
    f"{CREATE} --kwarg column_name=age --database default --dry-run": Shown(
        ["organization  node", "yes", "bytes to send"],
        lambda plan: plan["ok"] and plan["rows"][0]["encryption"]["state"] == "yes",
    ),
    "version": Shown(["4.15.2"], lambda row: row["server"] == "4.15.2"),
    "org list": Shown(["IKNL", "3 rows"], rows_with(id=2, name="Maastro")),
    "org list --name M% --fields id,name --limit 5": Shown(
        ["Maastro", "1 row"], lambda rows: rows == [{"id": 2, "name": "Maastro"}]
    ),
    "org show": Shown(["IKNL"], lambda row: row["name"] == "IKNL"),
    "org show Maastro": Shown(["Maastro", "public_key"], lambda row: row["id"] == 2),
    "org fingerprint Maastro": Shown(
        ["SHA256:"], lambda row: row["fingerprint"].startswith("SHA256:")
    ),
    "org trust Maastro": Shown(["trusted"], lambda row: row["fingerprint"].startswith("SHA256:")),
    "collab list": Shown(["demo"], rows_with(name="demo", encrypted=True)),
    "collab show demo": Shown(["demo", "yes"], lambda row: row["encrypted"] is True),
    "collab trust demo": Shown(["encrypted"], lambda row: row == {"encrypted": True}),
    "study list": Shown(["demo Subset"], rows_with(name="demo Subset")),
    "study show 1": Shown(["demo Subset"], lambda row: row["name"] == "demo Subset"),
    "node list --online": Shown(["online", "IKNL"], rows_with(status="online")),
    "node show 'IKNL demo node'": Shown(["online"], lambda row: row["status"] == "online"),
    "user list": Shown(["researcher"], rows_with(username="researcher"), "root"),
    "user show": Shown(["researcher@"], lambda row: row["username"] == "researcher"),
    "role list": Shown(["Researcher"], rows_with(name="Researcher")),
    "role show Researcher": Shown(["Researcher"], lambda row: row["name"] == "Researcher"),
    "rule list --role Researcher": Shown(["rows"], rows_with(operation="VIEW")),
    "store list": Shown(["local store"], rows_with(name="local store")),
    "store show 'local store'": Shown(["http://"], lambda row: row["name"] == "local store"),
    "task list --name average%": Shown(
        ["average age", "crashed"], rows_with(name="average age", status="completed")
    ),
    "task show 'average age'": Shown(["completed", AVERAGE], lambda row: row["image"] == AVERAGE),
    "task wait 'average age'": Shown(
        ['IKNL     {"sum": 3473.0'], rows_with(organization="IKNL", output=SUM)
    ),
    "task logs 'average age'": Shown(
        ["IKNL | ", "Summing the column 'age'"], rows_with(organization="IKNL", run=1)
    ),
    "task logs --follow 'average age'": Shown(
        ["IKNL | ", "Summing the column 'age'"], lambda lines: len(lines) > 4
    ),
    "result list 'average age'": Shown(
        ['IKNL     {"sum": 3473.0'], rows_with(task=1, organization="IKNL", output=SUM)
    ),
    "result show 1": Shown(['"sum": 3473.0'], lambda row: json.loads(row["result"]) == SUM),
    "run list --task 'average age'": Shown(["completed", "2 rows"], rows_with(status="completed")),
    "run show 1": Shown(["completed", "Summing"], lambda row: row["status"] == "completed"),
    "api get_version --store 'local store'": Shown(["4.15.2"], lambda row: bool(row["version"])),
    "api list_tasks --per-page 1": Shown(['"data"'], lambda page: len(page["data"]) == 1),
    "api get-task --id 1": Shown(["average age"], lambda row: row["name"] == "average age"),
    "api list_algorithms --store 'local store'": Shown(['"data"'], lambda row: row["data"] == []),
}


# Runs commands in terminals, each in a copy of a process that has loaded what they need: most of
# the time that a command takes would be spent on loading.
TERMINALS = """
import json, os, pty, sys, traceback
import rich.console
from vantage6.client import Client
from vantage6.v6c import _app
from vantage6.v6c.__main__ import main
ended = []
for words, environment in json.load(sys.stdin):
    pid, leader = pty.fork()
    if not pid:
        code = 1
        os.environ.clear()
        os.environ.update(environment)
        try:
            code = main(words)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    written = b""
    try:
        while piece := os.read(leader, 65536):
            written += piece
    except OSError:
        pass
    os.close(leader)
    ended.append((os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written.decode()))
print(json.dumps(ended))
"""


@pytest.fixture(scope="module")
def screens(shell: Shell) -> dict[str, Ended]:
    """Run all of them in terminals."""

    def run_some(commands: Sequence[str]) -> dict[str, Ended]:
        jobs = [
            (
                shlex.split(command),
                shell.environment(SHOWN[command].user, COLUMNS=str(WIDTH), LINES="24"),
            )
            for command in commands
        ]
        ran = subprocess.run(
            [sys.executable, "-c", TERMINALS],
            input=json.dumps(jobs),
            capture_output=True,
            text=True,
            timeout=300,
            env=shell.environment("researcher"),
        )
        assert ran.returncode == 0, ran.stderr
        ended = (Ended(code, written) for code, written in json.loads(ran.stdout))
        return dict(zip(commands, ended, strict=True))

    every = list(SHOWN)
    halves = shell.pool.map(run_some, (every[::2], every[1::2]))
    return {command: ended for half in halves for command, ended in half.items()}


@pytest.mark.parametrize("command", SHOWN)
def test_commands_in_a_terminal(command: str, screens: dict[str, Ended]) -> None:
    ended = screens[command]
    assert ended.code == 0, ended
    for word in SHOWN[command].words:
        assert word in ended.screen.replace("\n", " ")


@pytest.mark.parametrize("command", SHOWN)
def test_commands_in_a_pipe(
    command: str,
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this process, whose output is no terminal either."""
    for name, value in shell.environment(SHOWN[command].user).items():
        monkeypatch.setenv(name, value)
    assert run(shlex.split(command)) == 0
    printed = capsys.readouterr()
    assert ESCAPE not in printed.out + printed.err
    for word in SHOWN[command].words:
        assert word in printed.out

    assert run([*shlex.split(command), "--json"]) == 0
    document = capsys.readouterr().out
    if "--follow" in command:  # there is no end of it to wait for: each line is a document
        assert SHOWN[command].holds([json.loads(line) for line in document.splitlines()])
    else:
        assert SHOWN[command].holds(json.loads(document))


def test_tables_have_colors_on_request(shell: Shell) -> None:
    plain = shell.pool.submit(shell.terminal, "node", "list", NO_COLOR="1")
    colored = shell.terminal("node", "list").out
    assert "\x1b[32monline" in colored
    assert "\x1b[32m" not in plain.result().out
    assert max(map(len, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", colored).splitlines())) <= WIDTH


# -- what does something --------------------------------------------------------------------------
def test_create_task_and_wait(shell: Shell) -> None:
    words = shlex.split(f"{CREATE} --kwarg column_name=age --database default --wait")
    drawn = shell.pool.submit(shell.terminal, *words)
    ended = shell.piped(*words, "--name", "piped", "--json")
    assert ended.code == 0, ended
    document = json.loads(ended.out)
    assert [row["organization"] for row in document] == ["IKNL", "Maastro"]
    assert document[0]["output"] == SUM
    lines = ended.err.splitlines()
    assert lines[0] == f"v6c: created task {document[0]['task']}"
    assert any("IKNL: done in" in line for line in lines), "a line for each change"

    seen = drawn.result()
    assert seen.code == 0
    assert "2 of 2 done" in seen.screen
    assert "\x1b[?25l" in seen.out, "it is drawn"
    assert 'IKNL     {"sum": 3473.0, "count": 58}' in seen.screen


def test_input_from_file_or_pipe(shell: Shell) -> None:
    words = shlex.split(f"task create -c demo -o IKNL --image {AVERAGE} --database default --wait")
    input_ = json.dumps({"method": "partial_average", "kwargs": {"column_name": "age"}})
    (shell.folder / "input.json").write_text(input_)
    piped = shell.pool.submit(shell.piped, *words, "--input", "-", "--json", stdin=input_)
    filed = shell.piped(*words, "--input", "input.json", "--json")
    for ended in (filed, piped.result()):
        (row,) = json.loads(ended.out)
        assert row["output"] == SUM
    assert json.loads(shell.piped("task", "show", str(row["task"]), "--json").out)["name"] == (
        "partial_average"
    )
    wrong = shell.piped(*words, "--input", "-", stdin="[]")
    assert (wrong.code, "method" in wrong.err) == (2, True)


def test_wait_for_several_tasks_reports_failures(shell: Shell) -> None:
    ended = shell.piped("task", "wait", "average age", "average of nothing", "--json")
    assert ended.code == 9
    outputs = [(row["task"], row["output"]) for row in json.loads(ended.out)]
    assert outputs[0] == (1, SUM)
    assert outputs[2:] == [(2, None)]
    assert "task 2" in ended.err
    assert "crashed" in ended.err


def test_kill_and_delete_task(shell: Shell) -> None:
    words = shlex.split("task create -c demo -o IKNL --image localnet/slow --method sleep")
    for kill in (shell.terminal, shell.piped):
        made = shell.piped(*words, "--kwarg", "seconds=60", "--name", "nap", "--json")
        id_ = str(json.loads(made.out)["id"])
        # One that has ended keeps no other one from being stopped.
        assert kill("task", "kill", "average age", id_, user="root").code == 6
        shown = json.loads(shell.piped("task", "show", id_, "--json").out)
        assert shown["status"] == "killed by user"

    nobody = shell.piped("task", "delete", id_, user="root")
    assert (nobody.code, "--yes" in nobody.err) == (2, True)
    no = shell.terminal("task", "delete", id_, user="root", answers=[("[y/N]", "n")])
    assert no.code == 130
    yes = shell.terminal("task", "delete", id_, user="root", answers=[("[y/N]", "y")])
    assert yes.code == 0
    assert shell.piped("task", "show", id_).code == 5


def test_create_and_delete_study(shell: Shell) -> None:
    made = shell.piped("study", "create", "-c", "demo", "adults", "IKNL", "Maastro", user="root")
    assert (made.code, "'adults'" in made.out) == (0, True)
    gone = shell.piped("study", "delete", "adults", "--json", user="root")
    assert "msg" in json.loads(gone.out)
    made = shell.terminal("study", "create", "-c", "demo", "elderly", "IKNL", user="root")
    assert (made.code, "'elderly'" in made.screen) == (0, True)
    gone = shell.terminal("study", "delete", "elderly", user="root")
    assert (gone.code, "deleted" in gone.screen) == (0, True)


def test_saved_result_is_readable_by_owner_only(shell: Shell) -> None:
    ended = shell.piped("result", "save", "1", "result.json")
    assert (ended.code, "to result.json" in ended.out) == (0, True)
    file = shell.folder / "result.json"
    assert json.loads(file.read_text()) == SUM
    assert file.stat().st_mode & 0o777 == 0o600
    ended = shell.terminal("result", "save", "1", "seen.json")
    assert (ended.code, "to seen.json" in ended.screen) == (0, True)
    assert (shell.folder / "seen.json").read_text() == file.read_text()


def test_secrets_are_shown_on_request(shell: Shell) -> None:
    who = shell.network.users["researcher"]
    login = json.dumps({"username": who.username, "password": who.password})
    words = ("api", "create_user_token", "--body", login)
    hidden = json.loads(shell.piped(*words).out)
    assert hidden["access_token"] == hidden["refresh_token"] == "<hidden>"
    assert len(json.loads(shell.piped(*words, "--show-secrets").out)["access_token"]) > 100


# -- logging in and out ---------------------------------------------------------------------------
NOBODY = dict.fromkeys(
    ("VANTAGE6_SERVER", "VANTAGE6_USERNAME", "VANTAGE6_PASSWORD", "VANTAGE6_PRIVATE_KEY"), ""
)
KEYRING = """
import json, pathlib
import keyring.backend
FILE = pathlib.Path(__file__).with_name("ring.json")
class Ring(keyring.backend.KeyringBackend):
    priority = 1
    def _all(self):
        return json.loads(FILE.read_text()) if FILE.exists() else {}
    def get_password(self, service, username):
        return self._all().get(f"{service} {username}")
    def set_password(self, service, username, password):
        FILE.write_text(json.dumps({**self._all(), f"{service} {username}": password}))
    def delete_password(self, service, username):
        ring = self._all()
        del ring[f"{service} {username}"]
        FILE.write_text(json.dumps(ring))
"""


def at_home(folder: Path) -> dict[str, str]:
    """Return an environment that knows nothing but what a login leaves in a folder."""
    places = {"XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}
    return NOBODY | {name: str(folder / place) for name, place in places.items()}


def test_login_in_terminal_is_saved_without_password(shell: Shell, tmp_path: Path) -> None:
    who, home = shell.network.users["researcher"], at_home(tmp_path)
    server = f"{shell.network.url}{shell.network.api_path}"
    answers = [("Server", server), ("Username", who.username), ("Password", who.password)]
    ended = shell.terminal("login", "-c", "demo", answers=answers, **home)
    assert ended.code == 0, ended
    assert "logged in" in ended.screen
    assert who.password not in ended.out, "it is not shown as it is typed"
    written = [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert any("collaboration = demo" in text for text in written)
    assert not any(who.password in text for text in written)

    assert "IKNL" in shell.piped("whoami", **home).out
    assert shell.piped("logout", **home).code == 0
    # What needs no login is there without one.
    assert json.loads(shell.piped("api", "get_version", **home).out) == {"version": "4.15.2"}
    lost = shell.piped("whoami", **home)
    assert (lost.code, "v6c login" in lost.err) == (3, True)
    assert "no saved login" in shell.piped("logout", **home).out
    # The profile is there still, so that only the password is missing.
    again = shell.terminal("login", answers=[("Password", who.password)], **home)
    assert again.code == 0
    assert json.loads(shell.piped("version", "--json", **home).out)["server"] == "4.15.2"


def test_script_logs_in_without_password_argument(shell: Shell, tmp_path: Path) -> None:
    who, home = shell.network.users["researcher"], at_home(tmp_path)
    server = f"{shell.network.url}{shell.network.api_path}"
    words = ("login", "-p", "work", "-s", server, "-u", who.username)
    nobody = shell.piped(*words, **home)
    assert (nobody.code, "--password-stdin" in nobody.err) == (2, True)
    wrong = shell.piped(*words, "--password-stdin", stdin="wrong\n", **home)
    assert wrong.code == 3
    assert not (tmp_path / "config").exists(), "of a login that failed nothing stays"

    (tmp_path / "ring.py").write_text(KEYRING)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ring = {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": path}
    words = (*words, "--password-stdin", "--keyring", "--json")
    ended = shell.piped(*words, stdin=f"{who.password}\n", **home, **ring)
    assert ended.code == 0, ended
    assert json.loads(ended.out)["profile"] == "work"
    assert shell.piped("whoami", "-p", "work", **home, **ring).code == 0
    shell.piped("logout", **home, **ring)
    assert shell.piped("whoami", **home, **ring).code == 0, "by the password in the keyring"
    assert shell.piped("logout", "--keyring", **home, **ring).code == 0
    assert shell.piped("whoami", **home, **ring).code == 3


def test_login_prompts_for_second_factor(
    shell: Shell, guarded_network: LocalNetwork, tmp_path: Path
) -> None:
    who = guarded_network.users["researcher"]
    assert who.otp_secret
    words = ("login", "-s", f"{guarded_network.url}{guarded_network.api_path}", "-u", who.username)
    code = pyotp.TOTP(who.otp_secret).now
    answers = [("Password", who.password), ("Code", code())]
    ended = shell.terminal(*words, answers=answers, **at_home(tmp_path))
    assert ended.code == 0, ended
    piped = {"stdin": who.password, **at_home(tmp_path)}
    assert shell.piped(*words, "--password-stdin", **piped).code == 3
    given = shell.piped(*words, "--password-stdin", VANTAGE6_MFA_CODE=code(), **piped)
    assert given.code == 0, given


# -- what completes -------------------------------------------------------------------------------
def completed(shell: Shell, folder: Path, line: str) -> list[str]:
    """What bash makes of the last word of a line, by what `v6c completion bash` prints."""
    script = 'eval "$(v6c completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))\n'
    script += "_v6c_completion v6c; printf '%s\\n' \"${COMPREPLY[@]}\""
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    home = at_home(folder) | {"VANTAGE6_PASSWORD": shell.network.users["researcher"].password}
    ended = subprocess.run(
        ["bash", "-c", script, "bash", *re.split(r"(?<!\\) ", line)],
        capture_output=True,
        text=True,
        timeout=120,
        env=shell.environment("researcher", **home, PATH=path),
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.split("\n")[:-1]


def test_completion_uses_the_saved_login(shell: Shell, tmp_path: Path) -> None:
    who, server = shell.network.users["researcher"], shell.environment("root")["VANTAGE6_SERVER"]
    words = ("login", "-s", server, "-u", who.username, "-c", "demo", "--password-stdin")
    # The machine may be busy.
    patient = "from vantage6.v6c import _completers; _completers.TIMEOUT_SECONDS = 60"
    (tmp_path / "v6c").write_text(f"#!{sys.executable}\n{patient}\n{PROGRAM}")
    (tmp_path / "v6c").chmod(0o700)
    in_vain = completed(shell, tmp_path, f"v6c org show -s {server} -u {who.username} I")
    assert in_vain == [""], "completion does not log in, even with a password"
    assert shell.piped(*words, stdin=who.password, **at_home(tmp_path)).code == 0
    lines = {
        "v6c org show ": ["IKNL", "Maastro", "Radboudumc"],
        "v6c task create -o Maastro -o I": ["IKNL"],
        "v6c collab show d": ["demo"],
        "v6c study show demo\\ S": [r"demo\ Subset"],
        "v6c node show M": [r"Maastro\ demo\ node"],
        "v6c node show 'M": ["Maastro demo node"],
        "v6c role show Res": ["Researcher"],
        "v6c store show l": [r"local\ store"],
        "v6c task wait long average": [r"average\ of\ nothing", r"average\ age"],
        "v6c task list -c d": ["demo"],
        "v6c org list -p ": ["default"],
        "v6c org show nobody": [""],
        "v6c org show -c nowhere I": [""],
    }
    found = shell.pool.map(lambda line: completed(shell, tmp_path, line), lines)
    assert dict(zip(lines, found, strict=True)) == lines


# -- what fails -----------------------------------------------------------------------------------
FAILS: dict[str, tuple[str, int, str, dict[str, str]]] = {
    "usage": ("task list --stat", 2, "--status", {}),
    "no such address": ("whoami --server ftp://x", 2, "https://", {}),
    "wrong password": ("whoami", 3, "v6c: ", {"VANTAGE6_PASSWORD": "wrong"}),
    "not allowed": ('api create_organization --body \'{"name": "x"}\'', 4, "permission", {}),
    "unknown name": ("org show IKN", 5, "Did you mean 'IKNL'", {}),
    "unknown id": ("task show 999999", 5, "999999", {}),
    "refused": ("task kill 'average age'", 6, "v6c: ", {}),
    "server failed": ("api list_tasks --status completed", 7, "500", {}),
    "no API": ("whoami -s {server}/nowhere", 2, "where the API of this server is", {}),
    "nobody there": ("whoami -s http://127.0.0.1:9/api", 8, "127.0.0.1:9", {}),
    "no TLS": ("whoami -s {server_tls}", 8, "v6c: ", {}),
    "would fail": (
        f"{CREATE} --kwarg column_name=age --database other --dry-run",
        9,
        "",
        {},
    ),
    "failed": ("task wait 'average of nothing'", 9, "crashed", {}),
    "time is up": ("task wait long --timeout 1", 10, "got status 'active'", {}),
    "no key": (
        f"{CREATE} --kwarg column_name=age",
        11,
        "--private-key",
        {"VANTAGE6_PRIVATE_KEY": ""},
    ),
}


@pytest.mark.parametrize("what", FAILS)
def test_each_kind_of_failure_has_an_exit_code(what: str, shell: Shell) -> None:
    command, code, told, environment = FAILS[what]
    server = f"{shell.network.url}{shell.network.api_path}"
    words = command.replace("{server}", server)
    words = words.replace("{server_tls}", server.replace("http:", "https:"))
    ended = shell.piped(*shlex.split(words), "--json", **environment)
    assert ended.code == code, ended
    assert told in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == "" or code == 9
    if what == "would fail":
        reasons = [row["data"]["reason"] for row in json.loads(ended.out)["rows"]]
        assert reasons == ["there is no database 'other'; there are 'default'"] * 2


def test_ctrl_c_keeps_the_task_and_explains_how_to_resume(shell: Shell) -> None:
    ended = shell.terminal("task", "wait", "long", interrupt_at="running for")
    assert ended.code == 130
    assert "v6c task wait 3" in ended.screen
    assert "Traceback" not in ended.screen
    assert "\x1b[?25h" in ended.out, "the cursor is back"
    assert json.loads(shell.piped("task", "show", "long", "--json").out)["status"] == "active"


def test_closed_pipe_prints_no_error(shell: Shell) -> None:
    line = f"{shlex.quote(sys.executable)} -m vantage6.v6c rule list --json | head -n 1"
    ended = subprocess.run(
        ["bash", "-c", f"{line}; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        timeout=120,
        env=shell.environment("researcher"),
    )
    assert ended.stdout.splitlines()[-1] in ("0", "141"), "it may have been done before"
    assert ended.stderr == ""


def test_start_local_network(shell: Shell) -> None:
    (shell.folder / "script.py").write_text("import os; print(os.environ['VANTAGE6_LOCALNET'])")
    told, ran = (
        shell.pool.submit(shell.piped, "localnet", *words)
        for words in (("--help",), ("run", "--organizations", "1", "script.py"))
    )
    assert "demo" in told.result().out
    assert (ran.result().code, "network.json" in ran.result().out) == (0, True)
    assert shell.piped("localnet", "run", "nowhere.py").code == 1
    lost = shell.terminal("localnet", "run", "nowhere.py")
    assert (lost.code, "nowhere.py" in lost.screen) == (1, True)


# -- all operations -------------------------------------------------------------------------------
OPERATIONS = [
    operation
    for service in _operations.SERVICES
    for operation in _operations.operations(service).values()
]


def test_each_operation_reaches_its_service(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """With identifiers of nothing, and bodies without content, each is answered or refused."""
    client = shell.network.client("root")
    sent: list[tuple[str, str]] = []
    http = client.api.get_httpx_client()
    http.event_hooks["request"].append(
        lambda request: sent.append((request.method, request.url.path))
    )
    http.headers["Connection"] = "close"  # commands share a login here, but no connection
    monkeypatch.setattr(_connection, "connect", lambda _: client)
    monkeypatch.setattr(client, "close", lambda: None)
    (shell.folder / "empty").write_bytes(b"{}")
    codes: dict[str, int] = {}
    for operation in OPERATIONS:
        words = ["api", operation.name]
        for parameter in operation.parameters:
            if parameter.is_required:
                words += [f"--{parameter.name.replace('_', '-')}", "999999"]
        if operation.body:
            words += ["--body", str(shell.folder / "empty")]
        if operation.service == "store":
            words += ["--store", "local store"]
        before = len(sent)
        code = run(words)
        printed = capsysbinary.readouterr()
        codes[f"{operation.service} {operation.name}"] = code
        assert code in (0, 3, 4, 5, 6, 7), (words, code, printed.err)
        assert bool(printed.out) == (code == 0), (words, printed)
        if operation.service == "server":
            given = {p.name: 999999 for p in operation.parameters if p.is_required}
            call = operation.call(**given, **({"body": {}} if operation.body else {}))
            path = f"{shell.network.api_path}{call.path}"
            assert (call.method, path) in sent[before:], words
    assert len(codes) == 111
    assert sum(code == 0 for code in codes.values()) > 20
    assert {code for name, code in codes.items() if "list_" in name} <= {0, 7}
