"""Run the docstring examples and compare their output.

Each example runs by itself on a network with a finished task; a scene prepares what an example
needs and cleans up after it.
"""

import ast
import asyncio
import contextlib
import doctest
import inspect
import io
import re
import shutil
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import vantage6.client
from tests.support.client_resources import client_resources
from tests.support.fake_keyring import fake_keyring
from tests.support.mail_sink import MailSink
from vantage6.client import AsyncClient, Client, Profile, show_qr
from vantage6.client._config.profiles import save_profile
from vantage6.localnet import LocalNetwork

pytestmark = pytest.mark.live

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
PASSWORD = "Analytical-1843"
AVERAGE: dict[str, Any] = {
    "description": "the average of a column",
    "image": "harbor2.vantage6.ai/demo/average",
    "partitioning": "horizontal",
    "vantage6_version": "4.15",
    "code_url": "https://code.example/average",
    "functions": [{"name": "partial_average", "type": "federated"}],
}
# What no network of this kind can show, and why.
NOT_RUN = {
    "node.kill_tasks": "servers fail at this order, as its manual says",
    "TwoFactorSetupRequiredError": "needs a server with two-factor login: test_login.py does it",
    "TwoFactorSetupRequiredError.show_qr": "as above",
    "show_qr": "what it draws is another picture for each secret: test_qr.py reads one",
}
# The store forgets its users when a link to it is removed: these come last.
LAST = ("store.create", "store.delete")
# What the client is left different by, for which it is one of its own.
CHANGING = {
    "close",
    "authenticate",
    "refresh_token",
    "obtain_new_token",
    "obtain_new_token_interactive",
    "setup_collaboration",
    "setup_encryption",
    "organization.trust",
    "collaboration.trust",
    "store.set",
    "store.delete",
}
# What is not awaited in the async client either.
NEITHER = {"generate_path_to"}
ASYNC = re.compile(r"\b(await|async) ")


# -- what there is to run -----------------------------------------------------------------------
def manuals() -> dict[str, str]:
    """Return each manual with examples once: of the methods, and of all else that is public.

    Those of the async client stand for the sync one's, which are derived from them.
    """
    found = {"vantage6.client": vantage6.client, "AsyncClient": AsyncClient}
    for name, owner in client_resources(AsyncClient("http://localhost", 7601, log_level=None)):
        found |= members(owner, name, inspect.ismethod)
    for name in vantage6.client.__all__:
        thing = getattr(vantage6.client, name)
        if thing not in (Client, AsyncClient):
            found[name] = thing
            found |= members(thing, f"{name}.", inspect.isfunction)
    once: dict[str, str] = {}
    for name, thing in found.items():
        manual = inspect.getdoc(thing) or ""
        if ">>> " in manual and manual not in once.values():
            once[name] = manual
    return once


def members(owner: Any, name: str, wanted: Callable[[Any], bool]) -> dict[str, Any]:
    """Return the public methods of something."""
    return {
        f"{name}{member}": method
        for member, method in inspect.getmembers(owner, wanted)
        if not member.startswith("_")
    }


MANUALS = manuals()
# What only HQ has: test_hq_examples_live.py runs these.
AT_HQ = {
    name
    for name in MANUALS
    if name.startswith(("session.", "dataframe."))
    or name.endswith("service_account")
    or name in ("setup_session", "log_out")
}


# -- where it runs ------------------------------------------------------------------------------
class World:
    """The network, those who prepare things there, and the loop of what is async."""

    def __init__(self, network: LocalNetwork, mail_sink: MailSink, folder: Path) -> None:
        self.network, self.mail_sink, self.folder = network, mail_sink, folder
        self.mails = 0
        self.clients: dict[tuple[type[Any], str], Any] = {}
        self.ends = contextlib.ExitStack()
        self.loop = asyncio.new_event_loop()
        self.ends.callback(self.loop.close)
        self.root, self.admin = self.user("root"), self.user("admin")
        self.researcher = self.user("researcher")

    def user(self, name: str) -> Client:
        client = self.network.client(name)
        client.store.set("local store")
        return client

    def fill(self) -> None:
        """Make what many examples speak of."""
        for name in ("IKNL", "Maastro", "Radboudumc"):
            self.root.organization.update(name, country="NL", domain=f"{name.lower()}.nl")
        self.average("average age", "age")
        central = {"name": "central_average", "type": "central"}
        functions = [central, *AVERAGE["functions"]]
        made = self.researcher.algorithm.create("average", **{**AVERAGE, "functions": functions})
        review = self.root.store.review.create(made, "admin")
        self.admin.store.review.approve(review["id"], "fine")

    def average(
        self, name: str, column: str, organizations: Sequence[str] = ("IKNL", "Maastro")
    ) -> Any:
        task = self.researcher.task.create(
            collaboration="demo",
            organizations=organizations,
            name=name,
            image=AVERAGE["image"],
            method="partial_average",
            kwargs={"column_name": column},
            databases="default",
        )
        self.researcher.wait_for_results(task, timeout=60, on_failure="return")
        return task

    def client(self, kind: type[Any], user: str, *, fresh: bool) -> Any:
        """Return a client of this kind with all set up, of its own or what other examples have."""
        if (kind, user) in self.clients and not fresh:
            return self.clients[kind, user]
        who = self.network.users[user]
        file = self.folder / "known_organizations"
        client = kind(
            "http://127.0.0.1", self.network.port, log_level=None, known_organizations=file
        )
        self.wait(client.authenticate(who.username, who.password))
        self.wait(client.setup_encryption(self.network.private_keys[who.organization_id]))
        self.wait(client.store.set("local store"))
        self.ends.callback(lambda: self.wait(client.close()))
        if not fresh:
            self.clients[kind, user] = client
        return client

    @property
    def second_store(self) -> str:
        """The address of the store in other words, which make it another one to the server."""
        assert self.network.store is not None
        return self.network.store.url.replace("127.0.0.1", "localhost")

    def wait(self, waited: Any) -> None:
        """Wait for what a method of either kind of client gave."""
        if inspect.isawaitable(waited):
            self.loop.run_until_complete(waited)


@pytest.fixture(scope="module")
def world(mail_sink: MailSink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    smtp = mail_sink.address
    with LocalNetwork(encrypted=True, store=True, review=True, smtp=smtp) as network:
        world = World(network, mail_sink, tmp_path_factory.mktemp("examples"))
        world.fill()
        yield world
        world.ends.close()


# -- scenes -------------------------------------------------------------------------------------
Scene = Callable[[World], "contextlib.AbstractContextManager[dict[str, Any]]"]
SCENES: dict[str, Scene] = {}


def scene(*names: str) -> Callable[[Callable[[World], Iterator[dict[str, Any]]]], None]:
    """Set the scene for these examples; what it gives are names that they know."""

    def add(make: Callable[[World], Iterator[dict[str, Any]]]) -> None:
        for name in names:
            assert name not in SCENES
            SCENES[name] = contextmanager(make)

    return add


USERS = dict.fromkeys(
    (
        "algorithm.delete",
        "algorithm.invalidate",
        "collaboration.create",
        "collaboration.update",
        "collaboration.delete",
        "collaboration.add_organization",
        "collaboration.remove_organization",
        "node.create",
        "node.update",
        "node.reset_key",
        "node.delete",
        "organization.create",
        "organization.update",
        "organization.delete",
        "role.create",
        "role.update",
        "role.delete",
        "store.create",
        "store.update",
        "store.delete",
        "store.policy.get",
        "store.review.create",
        "store.review.delete",
        "store.role.create",
        "store.role.edit",
        "store.role.delete",
        "store.user.list",
        "store.user.register",
        "store.user.update",
        "store.user.delete",
        "study.create",
        "study.update",
        "study.delete",
        "study.add_organization",
        "study.remove_organization",
        "task.delete",
        "task.kill",
        "user.create",
        "user.delete",
    ),
    "root",
) | {
    "store.review.list": "admin",
    "store.review.approve": "admin",
    "store.review.reject": "admin",
}


@contextmanager
def nothing_left(*listings: Callable[[], Any], remove: Callable[[int], object]) -> Iterator[None]:
    """Remove what is new in listings after all is done."""

    def ids() -> set[int]:
        return {row["id"] for listing in listings for row in listing()}

    before = ids()
    try:
        yield
    finally:
        for id_ in ids() - before:
            remove(id_)


def algorithms_go(world: World) -> Any:
    def waiting() -> Any:
        return world.root.algorithm.list(awaiting_reviewer_assignment=True)

    def under_review() -> Any:
        return world.root.algorithm.list(under_review=True)

    def rejected() -> Any:
        return world.root.algorithm.list(invalidated=True)

    return nothing_left(waiting, under_review, rejected, remove=world.root.algorithm.delete)


@scene("algorithm.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with algorithms_go(world):
        yield {}


@scene("algorithm.update", "algorithm.delete", "store.review.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with algorithms_go(world):
        made = world.researcher.algorithm.create("new average", **{**AVERAGE, "image": "new"})
        yield {"algorithm": made}


@scene("algorithm.invalidate")
def _(world: World) -> Iterator[dict[str, Any]]:
    with algorithms_go(world):
        made = world.researcher.algorithm.create("new average", **{**AVERAGE, "image": "new"})
        review = world.root.store.review.create(made, "admin")
        world.admin.store.review.approve(review["id"], "fine")
        yield {}


@scene("store.review.list", "store.review.delete", "store.review.approve", "store.review.reject")
def _(world: World) -> Iterator[dict[str, Any]]:
    with algorithms_go(world):
        made = world.researcher.algorithm.create("new average", **{**AVERAGE, "image": "new"})
        yield {"review": world.root.store.review.create(made, "admin")}


def tasks_go(world: World) -> Any:
    return nothing_left(world.root.task.list, remove=world.root.task.delete)


@scene("task.create", "task.run", "task.retry", "Extraction")
def _(world: World) -> Iterator[dict[str, Any]]:
    with tasks_go(world):
        yield {}


@scene("as_completed")
def _(world: World) -> Iterator[dict[str, Any]]:
    with tasks_go(world):
        # Of several, those that begin after the first has crashed would fail in another way.
        world.average("average of nothing", "nothing", ["Maastro"])
        yield {}


@scene("task.delete")
def _(world: World) -> Iterator[dict[str, Any]]:
    with tasks_go(world):
        world.average("average height", "height")
        yield {}


@scene("task.kill", "run.list")
def _(world: World) -> Iterator[dict[str, Any]]:
    with tasks_go(world):
        task = world.researcher.task.create(
            collaboration="demo",
            organizations=["IKNL"],
            name="long",
            image="localnet/slow",
            method="sleep",
            kwargs={"seconds": 60},
        )
        next(iter(world.researcher.run.stream_logs(world.researcher.run.from_task(task)[0])))
        yield {}
        if world.root.task.get(task)["status"] == "active":
            world.root.task.kill(task)


@scene("events")
def _(world: World) -> Iterator[dict[str, Any]]:
    """Something happens again and again until it has been seen."""
    over = threading.Event()

    def happen() -> None:
        while not over.is_set():
            world.average("average height", "height")

    with tasks_go(world):
        happening = threading.Thread(target=happen)
        happening.start()
        try:
            yield {}
        finally:
            over.set()
            happening.join()


def collaborations_go(world: World) -> Any:
    def remove(id_: int) -> None:
        world.root.collaboration.delete(id_, delete_dependents=True)

    return nothing_left(world.root.collaboration.list, remove=remove)


@scene("collaboration.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with collaborations_go(world):
        yield {}


@scene(
    "collaboration.update",
    "collaboration.delete",
    "collaboration.add_organization",
    "node.create",
)
def _(world: World) -> Iterator[dict[str, Any]]:
    with collaborations_go(world):
        world.root.collaboration.create("pilot", ["IKNL", "Maastro"])
        yield {}


@scene(
    "node.update", "node.delete", "node.list", "node.reset_key", "collaboration.remove_organization"
)
def _(world: World) -> Iterator[dict[str, Any]]:
    with collaborations_go(world):
        world.root.collaboration.create("pilot", ["IKNL", "Maastro"])
        world.root.node.create("pilot", "IKNL", name="pilot node")
        yield {}


def studies_go(world: World) -> Any:
    return nothing_left(world.root.study.list, remove=world.root.study.delete)


@scene("study.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with studies_go(world):
        yield {}


@scene("study.update", "study.delete", "study.add_organization", "study.remove_organization")
def _(world: World) -> Iterator[dict[str, Any]]:
    with studies_go(world):
        world.root.study.create("adults", ["IKNL", "Maastro"], collaboration="demo")
        yield {}


def organizations_go(world: World) -> Any:
    def remove(id_: int) -> None:
        world.root.organization.delete(id_, delete_dependents=True)

    return nothing_left(world.root.organization.list, remove=remove)


@scene("organization.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with organizations_go(world):
        yield {}


@scene("organization.delete")
def _(world: World) -> Iterator[dict[str, Any]]:
    with organizations_go(world):
        world.root.organization.create("Hospital", "", "", "", "NL", "hospital.example")
        yield {}


@scene("organization.update")
def _(world: World) -> Iterator[dict[str, Any]]:
    yield {}
    world.root.organization.update("IKNL", country="NL")


@scene("organization.trust")
def _(world: World) -> Iterator[dict[str, Any]]:
    yield {"fingerprint": world.researcher.organization.fingerprint("Maastro")}


def roles_go(world: World) -> Any:
    return nothing_left(world.root.role.list, remove=world.root.role.delete)


@scene("role.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with roles_go(world):
        yield {}


@scene("role.update", "role.delete")
def _(world: World) -> Iterator[dict[str, Any]]:
    with roles_go(world):
        world.root.role.create("watcher", "may look around", [1])
        yield {}


def store_roles_go(world: World) -> Any:
    return nothing_left(world.root.store.role.list, remove=world.root.store.role.delete)


def links_go(world: World) -> Any:
    return nothing_left(world.root.store.list, remove=world.root.store.delete)


@scene("store.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with links_go(world):
        yield {}


@scene("store.update")
def _(world: World) -> Iterator[dict[str, Any]]:
    yield {}
    world.root.store.update("reviewed algorithms", name="local store")


@scene("store.delete")
def _(world: World) -> Iterator[dict[str, Any]]:
    with links_go(world):
        world.root.store.create(
            world.second_store, "reviewed algorithms", all_collaborations=True, force=True
        )
        yield {}


@scene("store.role.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with store_roles_go(world):
        yield {}


@scene("store.role.edit", "store.role.delete")
def _(world: World) -> Iterator[dict[str, Any]]:
    with store_roles_go(world):
        world.root.store.role.create("watcher", "may look around", [1])
        yield {}


@contextmanager
def ada(world: World) -> Iterator[Any]:
    """A user with an organization of her own."""
    with organizations_go(world):
        home = world.root.organization.create("Ada's", "", "", "", "GB", "ada.example")
        roles = ["Organization Admin"]
        world.mails += 1  # each of her has an address of her own, as mails are kept
        mail = f"ada{world.mails}@example.org"
        yield world.root.user.create("ada", "Ada", "Lovelace", PASSWORD, mail, home, roles=roles)


@scene("user.delete", "util.reset_my_password", "util.reset_two_factor_auth")
def _(world: World) -> Iterator[dict[str, Any]]:
    with ada(world):
        yield {}


@scene("util.change_my_password", "util.generate_private_key")
def _(world: World) -> Iterator[dict[str, Any]]:
    with ada(world):
        yield {"login": ("ada", PASSWORD)}


@scene("util.set_my_password")
def _(world: World) -> Iterator[dict[str, Any]]:
    with ada(world) as user:
        world.researcher.util.reset_my_password(username="ada")
        yield {"token": world.mail_sink.token_for(user["email"], "Password reset")}


@scene("util.set_two_factor_auth", "show_qr")
def _(world: World) -> Iterator[dict[str, Any]]:
    with ada(world) as user:
        world.researcher.util.reset_two_factor_auth(PASSWORD, username="ada")
        yield {"token": world.mail_sink.token_for(user["email"], "Two-factor")}


@scene("user.create")
def _(world: World) -> Iterator[dict[str, Any]]:
    with nothing_left(world.root.user.list, remove=world.root.user.delete):
        yield {}


@scene("user.update")
def _(world: World) -> Iterator[dict[str, Any]]:
    yield {}
    world.researcher.user.update(lastname="Demo")


@scene("store.user.register")
def _(world: World) -> Iterator[dict[str, Any]]:
    users = world.root.store.user
    with ada(world), nothing_left(users.list, remove=users.delete):
        yield {}


@scene("store.user.update", "store.user.delete")
def _(world: World) -> Iterator[dict[str, Any]]:
    users = world.root.store.user
    with ada(world), nothing_left(users.list, remove=users.delete):
        users.register("ada", ["Viewer"])
        yield {}


@scene("profiles")
def _(_: World) -> Iterator[dict[str, Any]]:
    save_profile(Profile("demo", "https://server.example/api", "ada"))
    yield {}


@scene("from_env", "from_profile", "from_saved_login", "save_profile")
def _(world: World) -> Iterator[dict[str, Any]]:
    """The environment says where to connect, and as whom; a profile does, too."""
    user = world.network.users["researcher"]
    said = {"SERVER": world.network.url, "USERNAME": user.username, "PASSWORD": user.password}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in said.items():
            patch.setenv(f"VANTAGE6_{name}", value)
        save_profile(Profile("demo", f"http://127.0.0.1:{world.network.port}/api", "ada"))
        yield {}


@scene("saved_login.forget")
def _(world: World) -> Iterator[dict[str, Any]]:
    world.client(Client, "researcher", fresh=False).saved_login.save()
    yield {}


@scene("saved_login.remember_password", "saved_login.forget_password")
def _(world: World) -> Iterator[dict[str, Any]]:
    with fake_keyring():
        world.client(Client, "researcher", fresh=False).saved_login.remember_password(PASSWORD)
        yield {}


# -- running ------------------------------------------------------------------------------------
def in_words_of(world: World, source: str) -> str:
    """Replace address and password of the docstrings by those of this network."""
    researcher = world.network.users["researcher"]
    for said, meant in (
        ('"https://server.example", 443', f'"http://127.0.0.1", {world.network.port}'),
        ('"password"', repr(str(researcher.password))),
        ("https://store.example/api", world.second_store),
        # Servers link stores on their own machine only if told twice.
        ("all_collaborations=True", "all_collaborations=True, force=True"),
    ):
        source = source.replace(said, meant)
    return source


def run(world: Any, source: str, known: dict[str, Any]) -> str:
    """Run an example, and return what it prints or the error that it ends with."""
    code: CodeType = compile(
        source, "<example>", "single", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            waited = eval(code, known)  # noqa: S307  (our own manual)
            if code.co_flags & inspect.CO_COROUTINE:
                world.loop.run_until_complete(waited)
        except Exception:  # whatever it is, the example is wrong
            printed.write(traceback.format_exc(limit=-2))
    return printed.getvalue()


@pytest.mark.parametrize(
    "name", [*(name for name in MANUALS if name not in (*NOT_RUN, *LAST, *AT_HQ)), *LAST]
)
def test_example_prints_the_documented_output(
    name: str,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with contextlib.ExitStack() as ends:
        user = USERS.get(name, "researcher")
        kind = AsyncClient if ASYNC.search(MANUALS[name]) or name in NEITHER else Client
        client = world.client(kind, user, fresh=name in CHANGING)
        if name == "setup_encryption":
            shutil.copy(world.network.private_keys[1], "private_key.pem")
        known: dict[str, Any] = {"client": client, "show_qr": show_qr}
        if name in SCENES:
            known |= ends.enter_context(SCENES[name](world))
            client._core.names.forget()  # the scene replaced what other examples looked up
        if "login" in known:
            client = known["client"] = world.client(kind, user, fresh=True)
            world.wait(client.authenticate(*known.pop("login")))
        for example in doctest.DocTestParser().get_examples(MANUALS[name]):
            got = run(world, in_words_of(world, example.source), known)
            assert doctest.OutputChecker().check_output(example.want, got, FLAGS), (
                f"\n>>> {example.source}says:\n{example.want}prints:\n{got}"
            )
        for made in known.values():
            is_client = isinstance(made, AsyncClient | Client)
            if is_client and made not in world.clients.values():
                world.wait(made.close())


def test_few_examples_are_skipped_and_all_exist() -> None:
    assert len(MANUALS) > 100
    assert len(NOT_RUN) < 6
    assert MANUALS.keys() >= NOT_RUN.keys() | SCENES.keys() | USERS.keys() | NEITHER | CHANGING
