"""Run the code blocks of the documentation and compare their output.

A page runs from top to bottom; of the cookbook, each recipe after the page's beginning. Blocks of
`python` and `pycon` share their variables; a block of `text` is the output of the block before it;
`sh` runs in bash, except that installations and nox sessions are only checked; settings are read by
their parsers. tests/support/doc_pages.py describes how a block is excluded.
"""

import ast
import asyncio
import configparser
import contextlib
import doctest
import functools
import inspect
import io
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeGuard

import certifi
import pytest
import yaml
from packaging.requirements import Requirement

from tests.support.doc_pages import ROOT, Block, blocks, pages
from tests.support.fake_keyring import fake_keyring
from tests.support.mail_sink import MailSink
from tests.support.policies import refusing
from vantage6.client import AsyncClient, Client
from vantage6.localnet import LocalNetwork

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytestmark = pytest.mark.live

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# Whose recipes are independent of each other, after what all begin with.
OF_RECIPES = ("docs/cookbook.md",)
STARTS_SECONDS = 120
PAGE_TEST = "test_page_runs_as_documented"
PASSWORD = "Analytical-1843"
LOCALNET = ("python", "-m", "vantage6.localnet")
# What stands for a script that is run beside a network.
SCRIPT = """
import json, os, pathlib
print(json.loads(pathlib.Path(os.environ["VANTAGE6_LOCALNET"]).read_text())["url"])
"""


# -- what there is to run -----------------------------------------------------------------------
def chapters() -> dict[str, list[Block]]:
    """Return the blocks that are to be run together: those of a page, or of a recipe."""
    found: dict[str, list[Block]] = {}
    for page in pages():
        wanted = [block for block in blocks(page) if not block.mark]
        if page not in OF_RECIPES:
            found[page] = wanted
            continue
        beginning = [block for block in wanted if block.section == wanted[0].section]
        for block in wanted[len(beginning) :]:
            name = f"{page}#{block.section}"
            found.setdefault(name, [*beginning]).append(block)
    return {name: wanted for name, wanted in found.items() if wanted}


CHAPTERS = chapters()


# -- where it runs ------------------------------------------------------------------------------
class Chapter:
    """What the blocks of a page, or of a recipe, have in common: names, folder, network, loop."""

    def __init__(self, fixture: Callable[[str], Any], folder: Path) -> None:
        self.fixture, self.folder = fixture, folder
        self.ends = contextlib.ExitStack()
        self.known: dict[str, Any] = {"__name__": "__main__"}
        self.made: list[Any] = []  # clients that the pages take for granted
        self.words: dict[str, str] = {}
        self.passwords: dict[str, str] = {}
        self.use("plain_network")
        self.loop = asyncio.new_event_loop()
        self.ends.callback(self.loop.close)
        self.ends.callback(self._close_clients)

    def use(self, network: str) -> None:
        """Go on with the network of this fixture."""
        self.network: LocalNetwork = self.fixture(network)
        self.passwords |= {name: user.password for name, user in self.network.users.items()}

    def enter(self, place: str) -> None:
        """Set the stage for a page, a recipe or a section, if it has one."""
        if place in STAGES:
            self.ends.enter_context(STAGES[place](self))

    def _close_clients(self) -> None:
        """Close what the blocks left open."""
        every = [*self.made, *self.known.values()]
        for made in {id(made): made for made in every}.values():
            if isinstance(made, AsyncClient | Client):
                closing = made.close()
                if inspect.isawaitable(closing):
                    self.loop.run_until_complete(closing)

    def in_words(self, code: str) -> str:
        """Replace the address and passwords of the page by those of this network."""
        port = self.network.port
        said = {
            '"https://server.example", 443': f'"http://127.0.0.1", {port}',
            '"http://localhost", 7601': f'"http://127.0.0.1", {port}',
            "https://server.example:443/api": f"http://127.0.0.1:{port}/api",
            **self.words,
        }
        if self.network.store:
            said["https://store.example/api"] = self.network.store.url
        for word, meant in said.items():
            code = code.replace(word, meant)
        return "".join(map(self._with_password, code.splitlines(keepends=True)))

    def _with_password(self, line: str) -> str:
        named = [name for name in self.passwords if f'"{name}"' in line]
        password = self.passwords[named[0] if named else "researcher"]
        return line.replace('"my-password"', repr(str(password)))

    def client(self, user: str = "researcher") -> Client:
        """Log a user in; the client is closed at the end."""
        client = self.network.client(user)
        self.made.append(client)
        return client

    def go_on_with(self, client: Client) -> None:
        """Continue with another client, and close the previous one at the end."""
        self.made.append(self.known.get("client"))
        self.known["client"] = client

    # -- each kind of block
    def run(self, block: Block) -> str:
        """Run a block, and return what it prints."""
        return getattr(self, f"run_{block.kind}")(block)

    def run_python(self, block: Block, mode: str = "exec", code: str | None = None) -> str:
        """Run it in the names of the chapter; what it raises ends the test."""
        source = "\n" * block.line + self.in_words(block.code if code is None else code)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        program = compile(source, block.page, mode, flags, dont_inherit=True)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            waited = eval(program, self.known)  # noqa: S307  (our own page)
            if program.co_flags & inspect.CO_COROUTINE:
                self.loop.run_until_complete(waited)
        return printed.getvalue()

    def run_pycon(self, block: Block) -> str:
        """Run it as a prompt would, and compare what each line prints."""
        for example in doctest.DocTestParser().get_examples(block.code):
            try:
                got = self.run_python(block, "single", example.source)
            except Exception:
                got = traceback.format_exc(limit=0)
            different = compare(block, example.want, got)
            assert not different, different
        return ""

    def run_sh(self, block: Block) -> str:
        """Run its commands, one after the other."""
        return "".join(map(self.command, commands(block.code)))

    def command(self, words: Sequence[str]) -> str:
        """Run a command, or look whether it could be run."""
        words = [word.removeprefix(".venv/bin/") for word in words]
        match words:
            case ["python3", "-m", "venv", _] | [".", _]:
                return ""
            case ["pip", "install", *wanted]:
                check_installed(wanted)
                return ""
            case ["nox", *arguments]:
                check_nox(arguments)
                return ""
            case ["python", "-m", "vantage6.localnet", *_]:
                return on_port_of(words, self.fixture("started")[arguments_of(words)].result())
            case _:
                line = self.in_words(shlex.join(words))
                return bash(line, self.folder)

    def run_json(self, block: Block) -> str:
        json.loads(block.code)
        return ""

    def run_yaml(self, block: Block) -> str:
        yaml.safe_load(block.code)
        return ""

    def run_toml(self, block: Block) -> str:
        tomllib.loads(block.code)
        return ""

    def run_ini(self, block: Block) -> str:
        configparser.ConfigParser().read_string(block.code)
        return ""


def compare(block: Block, want: str, got: str) -> str:
    """Return how what was printed differs from what the page says; `...` stands for anything."""
    if doctest.OutputChecker().check_output(want, got, FLAGS):
        return ""
    return f"{block.place} says:\n{want}\nand prints:\n{got}"


def starts_a_network(name: str) -> bool:
    """Return whether a page has to wait for a network of its own; those come last."""
    return any("vantage6.localnet" in block.code for block in CHAPTERS[name])


# -- commands -----------------------------------------------------------------------------------
def commands(code: str) -> Iterator[list[str]]:
    """Yield the words of each command, without comments; `&&` and lines end one."""
    for line in code.replace("\\\n", " ").splitlines():
        words: list[str] = []
        for word in shlex.split(line, comments=True):
            if word == "&&":
                yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words


def drop(arguments: Sequence[str], option: str) -> Iterator[str]:
    """Leave out an option with its value."""
    given = iter(arguments)
    for argument in given:
        if argument == option:
            next(given)
        else:
            yield argument


def check_installed(wanted: Sequence[str]) -> None:
    """See that what is to be installed is this package with extras it has, or known to it.

    That each extra can be installed, alone and in a clean environment, `nox -s build` shows.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    known = [line for group in project["dependency-groups"].values() for line in group]
    names = {"nox", *(Requirement(line).name for line in known)}
    for word in wanted:
        if word.startswith("-"):
            continue
        requirement = Requirement(re.sub(r"^\.", "vantage6-sdk", word))
        if requirement.name == "vantage6-sdk":
            assert requirement.extras <= project["project"]["optional-dependencies"].keys(), word
        else:
            assert requirement.name in names, f"{word} is unknown to this project"


def check_nox(arguments: Sequence[str]) -> None:
    """See that there is such a session; the gate runs what matters of them."""
    sessions: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / "noxfile.py").read_text())):
        if isinstance(node, ast.FunctionDef) and "nox.session" in map(
            ast.unparse, (getattr(each, "func", each) for each in node.decorator_list)
        ):
            named = re.search(r"name='([^']+)'", ast.unparse(node.decorator_list[0]))
            sessions.add(named[1] if named else node.name)
    if arguments not in ([], ["--list"]):
        option, session, *more = arguments
        assert option == "-s"
        assert session in sessions
        assert not more or more[0] == "--"


def local_networks(wanted: Sequence[Block]) -> set[tuple[str, ...]]:
    """Return the arguments of each local network that is started on the command line."""
    words = [line for block in wanted if block.kind == "sh" for line in commands(block.code)]
    return {arguments for line in words if (arguments := arguments_of(line))}


def arguments_of(words: Sequence[str]) -> tuple[str, ...]:
    """Return what follows `python -m vantage6.localnet`, on a port of its own."""
    program = Path(words[0]).name, *words[1:3]
    return tuple(drop(words[3:], "--port")) if program == LOCALNET else ()


def on_port_of(words: Sequence[str], printed: str) -> str:
    """Replace the free port of a command by the one on the page."""
    if "--port" not in words:
        return printed
    return re.sub(
        r"(127\.0\.0\.1(?::|\", ))\d+", rf"\g<1>{words[words.index('--port') + 1]}", printed
    )


def localnet(arguments: tuple[str, ...], folder: Path) -> str:
    """Run the command line of the local network; `up` until it is there, and then Ctrl-C."""
    (folder / "SCRIPT.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "vantage6.localnet", *arguments]
    running = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert running.stdout is not None
    printed = ""
    try:
        for line in running.stdout:
            printed += line
            if arguments[0] == "up" and line.startswith("Connect: "):
                running.send_signal(signal.SIGINT)
        assert running.wait(STARTS_SECONDS) == 0, printed
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGINT)
            running.wait()
        running.stdout.close()
    return printed


def bash(line: str, folder: Path) -> str:
    """Run a line in a folder, with the programs of this environment first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=STARTS_SECONDS,
    )
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    return done.stdout


# -- stages -------------------------------------------------------------------------------------
Stage = Callable[[Chapter], "contextlib.AbstractContextManager[None]"]
STAGES: dict[str, Stage] = {}


def stage(*chapters: str) -> Callable[[Callable[[Chapter], Iterator[None]]], None]:
    """Set the stage for these pages, or sections: make what they speak of, and clear it away."""

    def add(make: Callable[[Chapter], Iterator[None]]) -> None:
        for chapter in chapters:
            assert chapter not in STAGES
            STAGES[chapter] = contextmanager(make)

    return add


def average(client: Client, column: str = "age", **more: Any) -> Any:
    """Make a task, and wait until it is over."""
    task = client.task.create(
        collaboration="demo",
        organizations=["IKNL", "Maastro"],
        name=f"average {column}",
        image="harbor2.vantage6.ai/demo/average",
        method="partial_average",
        kwargs={"column_name": column},
        databases="default",
        **more,
    )
    client.wait_for_results(task, on_failure="return", progress=False)
    return task


@stage("docs/progress.md", "docs/rows.md")
def _(chapter: Chapter) -> Iterator[None]:
    client = chapter.client()
    chapter.known |= {"client": client, "task": average(client)}
    yield


@stage("docs/planning.md")
def _(chapter: Chapter) -> Iterator[None]:
    """One of three hospitals refuses the image."""
    chapter.known["client"] = chapter.client()
    with refusing(chapter.network, 3, "localnet/slow"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("VANTAGE6_SERVER", address(chapter.network))
        patch.setenv("VANTAGE6_USERNAME", "researcher")
        patch.setenv("VANTAGE6_PASSWORD", chapter.passwords["researcher"])
        patch.setenv("VANTAGE6_COLLABORATION", "demo")
        yield


@stage("docs/failed.md")
def _(chapter: Chapter) -> Iterator[None]:
    chapter.known["client"] = chapter.client()
    yield


@stage("docs/inputs.md")
def _(chapter: Chapter) -> Iterator[None]:
    client = chapter.client()
    run = client.run.from_task(average(client))[0]
    chapter.known |= {"client": client, "run": run}
    yield


@stage("docs/tutorial.md")
def _(chapter: Chapter) -> Iterator[None]:
    """There is a config.py beside the script."""
    (page,) = (block for block in blocks("docs/tutorial.md") if "server_url =" in block.code)
    chapter.words = {"7601": str(chapter.network.port)}
    lines = chapter.in_words(page.code)
    (chapter.folder / "config.py").write_text(lines)
    sys.path.insert(0, str(chapter.folder))
    yield
    sys.path.remove(str(chapter.folder))
    del sys.modules["config"]


@stage("docs/waiting.md")
def _(chapter: Chapter) -> Iterator[None]:
    """Three tasks, and something that happens until it has been seen."""
    client, other = chapter.client(), chapter.client()
    tasks = [average(client, column) for column in ("age", "height", "weight")]
    chapter.known |= {
        "client": client,
        **dict(zip(("task", "first", "second"), tasks, strict=True)),
    }
    over = threading.Event()

    def happen() -> None:
        while not over.is_set():
            average(other)

    happening = threading.Thread(target=happen)
    happening.start()
    try:
        yield
    finally:
        over.set()
        happening.join()


@stage("docs/connecting.md")
def _(chapter: Chapter) -> Iterator[None]:
    """The profile file is there, with the key it names, and so is what the shell exported."""
    chapter.use("encrypted_network")
    network = chapter.network
    chapter.words = {
        "https://server.example/api": network.url,
        '"https://server.example", 443, "/api"': f'"http://127.0.0.1", {network.port}, "/api"',
    }
    folder = chapter.folder / "vantage6"
    folder.mkdir()
    (text,) = (block.code for block in CHAPTERS["docs/connecting.md"] if block.kind == "ini")
    (folder / "profiles.ini").write_text(chapter.in_words(text))
    shutil.copy(network.private_keys[1], folder / "iknl.pem")
    with pytest.MonkeyPatch.context() as patch, fake_keyring():
        for name, value in (
            ("SERVER", network.url),
            ("USERNAME", "researcher"),
            ("COLLABORATION", "demo"),
            ("PASSWORD", network.users["researcher"].password),
        ):
            patch.setenv(f"VANTAGE6_{name}", value)
        yield


@stage("docs/login.md")
def _(chapter: Chapter) -> Iterator[None]:
    """Ada has an account."""
    root = chapter.client("root")
    roles = ["Researcher"]
    ada = ("ada", "Ada", "Lovelace", PASSWORD, "ada@example.org")
    made = root.user.create(*ada, organization="IKNL", roles=roles)
    chapter.passwords["ada"] = PASSWORD
    yield
    root.user.delete(made)


@stage("docs/login.md#Two-factor authentication")
def _(chapter: Chapter) -> Iterator[None]:
    """Researcher has a second factor, as the page says of Ada at first; Ada has none yet."""
    chapter.use("guarded_network")
    code = chapter.network.users["researcher"].code
    chapter.words = {
        '"ada", "my-password", "123456"': f'"researcher", "my-password", {code!r}',
        '"ada", "my-password", lambda': '"researcher", "my-password", lambda',
    }
    root = chapter.client("root")
    made = root.user.create(
        "ada", "Ada", "Lovelace", PASSWORD, "ada@example.org", organization=1, roles=["Researcher"]
    )
    client = Client("http://127.0.0.1", chapter.network.port, log_level=None)
    chapter.known |= {"client": client, "input": lambda _: chapter.network.users["researcher"].code}
    yield
    root.user.delete(made)


@stage("docs/login.md#Lost passwords and second factors")
def _(chapter: Chapter) -> Iterator[None]:
    chapter.use("plain_network")
    client = Client("http://127.0.0.1", chapter.network.port, log_level=None)
    mail: MailSink = chapter.fixture("mail_sink")
    chapter.words = {
        'password("token from the mail"': 'password(token("Password reset")',
        'auth("token from the mail"': 'auth(token("Two-factor")',
        'auth("my-password"': 'auth("My-New-Password-1"',
    }
    token = functools.partial(mail.token_for, "ada@example.org")
    chapter.known |= {"client": client, "token": token}
    yield


@stage("docs/cli.md", "README.md#In a shell")
def _(chapter: Chapter) -> Iterator[None]:
    """There is no terminal for a prompt, so the password is in the environment."""
    chapter.words = {"https://server.example/api": address(chapter.network)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VANTAGE6_PASSWORD", chapter.passwords["researcher"])
        yield


@stage("docs/cli.md#Keys")
def _(chapter: Chapter) -> Iterator[None]:
    """There are keys only where there is encryption; what comes after is in order there, too."""
    chapter.use("encrypted_network")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VANTAGE6_SERVER", address(chapter.network))
        patch.setenv("VANTAGE6_USERNAME", "researcher")
        patch.setenv("VANTAGE6_PASSWORD", chapter.passwords["researcher"])
        yield


def address(network: LocalNetwork) -> str:
    """Return the address of a network's API."""
    return f"{network.url}{network.api_path}"


@stage("docs/security.md")
def _(chapter: Chapter) -> Iterator[None]:
    """Maastro has told its fingerprint."""
    chapter.use("encrypted_network")
    client = chapter.known["client"] = chapter.client()
    chapter.words = {"SHA256:…": client.organization.fingerprint(3)}
    yield


@stage("docs/cookbook.md#Retry the runs that failed")
def _(chapter: Chapter) -> Iterator[None]:
    """Maastro's table lacks a column at first; it is added later."""
    table = chapter.network.organizations[1].data
    whole = table.read_text()
    table.write_text(whole.replace("age", "years", 1))
    chapter.words = {"if failed:  # and mended": "mend()\nif failed:"}
    chapter.known["mend"] = lambda: table.write_text(whole)
    try:
        yield
    finally:
        table.write_text(whole)


@stage("docs/cookbook.md#Stop all of my tasks")
def _(chapter: Chapter) -> Iterator[None]:
    """There are active tasks of a user who may kill them; one ends after it was listed."""
    client = chapter.client("admin")
    chapter.go_on_with(client)
    short, long = (
        client.task.create(
            collaboration="demo",
            organizations=["IKNL"],
            name=name,
            image="localnet/slow",
            method="sleep",
            kwargs={"seconds": seconds},
        )
        for name, seconds in (("something short", 5), ("something slow", 300))
    )
    next(iter(client.task.stream_logs(long)))
    look = client.task.list

    def look_before(**wanted: Any) -> Any:
        rows = look(**wanted)
        client.wait_for_results(short, progress=False)
        return rows

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client.task, "list", look_before)
        yield


@stage("docs/names.md", "docs/cookbook.md#Save a large result", "docs/cookbook.md#Who ran what")
def _(chapter: Chapter) -> Iterator[None]:
    """There is a task already."""
    average(chapter.client())
    yield


@stage("docs/cookbook.md#Log in from a script with two-factor authentication")
def _(chapter: Chapter) -> Iterator[None]:
    """The machine has a keyring, and the server wants a code."""
    chapter.go_on_with(chapter.client())
    chapter.use("guarded_network")
    secret = chapter.network.users["researcher"].otp_secret
    chapter.words = {"the secret of the otpauth address": str(secret)}
    with fake_keyring():
        yield


@stage("docs/cookbook.md#Work in an encrypted collaboration")
def _(chapter: Chapter) -> Iterator[None]:
    """The server has a key of the organization, which the page says it has not."""
    with own_key(chapter):
        made = 'passphrase="a long sentence")\nprint'
        chapter.words = {made: made.replace(")", ", replace=True)", 1)}
        yield


@stage("docs/cookbook.md#Replace your organization's key")
def _(chapter: Chapter) -> Iterator[None]:
    """There is a result for the old key."""
    with own_key(chapter) as key:
        average(chapter.known["client"])
        shutil.copy(key, "old.pem")
        yield


@contextmanager
def own_key(chapter: Chapter) -> Iterator[Path]:
    """Go on in an encrypted collaboration, and leave nothing for other keys than the first."""
    chapter.use("encrypted_network")
    client = chapter.client("admin")
    chapter.go_on_with(client)
    key = chapter.network.private_keys[1]
    try:
        yield key
    finally:
        client.setup_encryption(key, replace=True)
        for task in client.task.list():
            client.task.delete(task)


@stage("docs/cookbook.md#Behind a proxy, with the institute's certificates")
def _(chapter: Chapter) -> Iterator[None]:
    """There are certificates, and the variables are for this recipe alone."""
    shutil.copy(certifi.where(), "institute-ca.pem")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTPS_PROXY", "NO_PROXY"):
            patch.setenv(name, "")
        yield


@pytest.fixture(scope="module")
def plain_network(mail_sink: MailSink) -> Iterator[LocalNetwork]:
    """What most pages speak of: no encryption, and a store."""
    with LocalNetwork(store=True, smtp=mail_sink.address) as network:
        yield network


@pytest.fixture(scope="module")
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[tuple[str, ...], Future[str]]]:
    """Start the networks that the pages start on the command line, while other pages are run."""
    names = {item.callspec.params["name"] for item in request.session.items if is_page(item)}
    wanted = local_networks([block for name in names for block in CHAPTERS[name]])
    folder = tmp_path_factory.mktemp("localnet")
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield {arguments: pool.submit(localnet, arguments, folder) for arguments in sorted(wanted)}


def is_page(item: pytest.Item) -> TypeGuard[pytest.Function]:
    """Return whether a test runs a page."""
    return isinstance(item, pytest.Function) and item.originalname == PAGE_TEST


# -- running ------------------------------------------------------------------------------------
@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("name", sorted(CHAPTERS, key=starts_a_network))
def test_page_runs_as_documented(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    chapter = Chapter(request.getfixturevalue, tmp_path)
    with chapter.ends:
        places: list[str] = []
        chapter.enter(name.partition("#")[0])
        printed: str | None = None
        different: list[str] = []
        for block in CHAPTERS[name]:
            place = f"{block.page}#{block.section}"
            if place not in places:
                places.append(place)
                chapter.enter(place)
            if block.kind != "text":
                printed = chapter.run(block)
                continue
            assert printed, f"{block.place}: nothing before it printed anything"
            different.append(compare(block, block.code, printed))
            printed = None
        assert not any(different), "\n".join(different)


def test_every_stage_belongs_to_a_page() -> None:
    sections = {f"{b.page}#{b.section}" for wanted in CHAPTERS.values() for b in wanted}
    assert set(pages()) | sections >= STAGES.keys()
