"""No secret is shown: everything that takes or gives one is done, and fails, in all ways.

Secrets are random texts, and what the servers issue. All that is shown meanwhile is searched for
them: messages of all loggers, warnings, output, reprs of all objects, errors with their copies and
pickles, tracebacks with the local variables of all frames, command lines, and files.
"""

import asyncio
import gc
import json
import logging
import pickle
import secrets
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from breaker import Breaker
from hunt import Hunt, settled
from postbox import Postbox

from vantage6.bindings.call import Call
from vantage6.bindings.secret import Secret, SecretRow
from vantage6.bindings.server import AuthenticatedClient, calls, models
from vantage6.client import (
    AsyncClient,
    Client,
    InvalidKeyError,
    KeyMismatchError,
    LoginFailedError,
    RequestTimeoutError,
    TwoFactorRequiredError,
    TwoFactorSetupRequiredError,
    Vantage6Error,
    _call,
    _crypto,
    _transport,
)
from vantage6.client._identity import Tokens
from vantage6.localnet import LocalNetwork, _seed
from vantage6.localnet._environment import cache_folder
from vantage6.localnet._login import code, log_in

pytestmark = pytest.mark.live

KINDS = (Client, AsyncClient)
WAYS = (
    "reset", "reset-while-sending", "half", "cut", "odd", "page", "400", "401", "422", "500",
)  # fmt: skip


class Person:
    """Someone with marked secrets of their own."""

    def __init__(self, hunt: Hunt, name: str) -> None:
        self.name = name
        self.password = hunt.mark("password", f"Pw1+{secrets.token_urlsafe(12)}/ä")
        self.new_password = hunt.mark("new password", f"Nw2 {secrets.token_urlsafe(12)}\"'")
        self.code = hunt.mark("code", secrets.token_hex(5))
        self.passphrase = hunt.mark("passphrase", f"phrase {secrets.token_urlsafe(12)}")
        self.token = hunt.mark(
            "recovery token", f"eyJ{secrets.token_hex(20)}.{secrets.token_hex(9)}"
        )
        self.otp = ""
        self.key = hunt.mark("api key", secrets.token_hex(16))


@pytest.fixture
def hunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hunt]:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(cache_folder()))
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("VANTAGE6_KNOWN_ORGANIZATIONS", raising=False)
    hunt = Hunt()
    with warnings.catch_warnings(record=True) as warned, hunt.logs():
        warnings.simplefilter("always")
        yield hunt
        gc.collect()  # what is warned of when objects go
    assert not warned  # they were taken note of


def note_warnings(hunt: Hunt, warned: list[warnings.WarningMessage]) -> None:
    for warning in warned:
        hunt.saw("warning", f"{warning.message} {warning!r}")


# -- a server that fails ---------------------------------------------------------------------------
def requests_of(client: Any, who: Person) -> dict[str, Callable[[], Any]]:
    """Give all calls that send a secret."""
    util = client.util
    return {
        "authenticate": lambda: client.authenticate(who.name, who.password, who.code),
        "log in": lambda: client.authenticate(who.name, who.password, lambda: who.code),
        "change": lambda: util.change_my_password(who.password, who.new_password),
        "set": lambda: util.set_my_password(who.token, who.new_password),
        "recover": lambda: util.reset_two_factor_auth(who.password, username=who.name),
        "set factor": lambda: util.set_two_factor_auth(who.token),
        "refresh": lambda: client.refresh_token(),
        "user": lambda: client.user.create("eve", "E", "E", who.password, "eve@example.org", 1),
        "request": lambda: client.request(
            "user",
            json={"password": who.password, "more": [{"api_key": who.key}]},
            headers={"Authorization": f"Bearer {who.token}"},
            method="post",
        ),
        "signed": lambda: client.node.create(1, organization=1, name="n"),
    }  # fmt: skip


async def fail_in_all_ways(
    hunt: Hunt, kind: type, breaker: Breaker, ways: Sequence[str], *names: str
) -> int:
    """Send secrets to a server that fails."""
    failures = 0
    for way in ways:
        who = Person(hunt, f"ada-{way}")
        client = kind("http://127.0.0.1", breaker.port, f"/{way}", "debug", timeout=5)
        access = hunt.mark("access token", f"h.eyJ{secrets.token_hex(20)}.s")
        refresh = hunt.mark("refresh token", f"h.eyJ{secrets.token_hex(20)}.r")
        client._session.auth.tokens = Tokens(access, refresh, float("inf"))
        if way == "reset-while-sending":
            who.password = Secret(who.password * 200_000)
        for name, call in requests_of(client, who).items():
            if name not in names and (names or (way == "odd" and name != "authenticate")):
                continue
            error = await hunt.fails(f"{name}, {way}, {kind.__name__}", call)
            assert isinstance(error, Vantage6Error), (name, way, error)
            failures += 1
        hunt.look_at(f"client, {way}", client)
        await settled(client.close())
    return failures


async def stop_in_the_middle(hunt: Hunt, kind: type, breaker: Breaker) -> None:
    """Give up while a secret is sent, or comes."""
    who = Person(hunt, "ada")
    for way in ("silent", "trickle"):
        hasty = kind("http://127.0.0.1", breaker.port, f"/{way}", None, timeout=0.3)
        for name, call in requests_of(hasty, who).items():
            if name in ("authenticate", "change"):
                error = await hunt.fails(f"{name}, {way}", call)
                assert isinstance(error, RequestTimeoutError)
        await settled(hasty.close())
        patient = kind("http://127.0.0.1", breaker.port, f"/{way}", None)
        if kind is AsyncClient:
            waiting = patient.authenticate(who.name, who.password, who.code)
            await hunt.fails(f"cancelled, {way}", lambda w=waiting: asyncio.wait_for(w, 0.3))
        else:
            before = signal.signal(signal.SIGALRM, signal.default_int_handler)
            begin = requests_of(patient, who)["authenticate"]

            def call(begin: Callable[[], Any] = begin) -> Any:
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                return begin()

            error = await hunt.fails(f"authenticate, Ctrl-C, {way}", call)
            signal.signal(signal.SIGALRM, before)
            assert isinstance(error, KeyboardInterrupt)
        await settled(patient.close())
    login = hunt.mark("login at a proxy", secrets.token_urlsafe(12))
    for scheme in ("gopher", "http"):
        by_proxy = Secret(f"{scheme}://ada:{login}@127.0.0.1:9")
        error = await hunt.fails(
            f"authenticate, {scheme} proxy",
            lambda p=by_proxy: kind(
                "http://127.0.0.1", 1, proxy=str(p), max_retries=0
            ).authenticate(who.name, who.password),
        )
        assert isinstance(error, Vantage6Error)
    away = kind("http://127.0.0.1", 9, "/api", None)
    for name, call in requests_of(away, who).items():
        if name in ("authenticate", "set"):
            await hunt.fails(f"{name}, refused", call)
    await settled(away.close())


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_that_fails(hunt: Hunt, kind: type, capfd: pytest.CaptureFixture[str]) -> None:
    token = hunt.mark("access token", f"eyJ{secrets.token_hex(20)}.{secrets.token_hex(20)}.s")

    async def drive() -> int:
        asyncio.get_running_loop().set_debug(True)
        failures = await fail_in_all_ways(hunt, kind, breaker, WAYS)
        await stop_in_the_middle(hunt, kind, breaker)
        return failures

    with warnings.catch_warnings(record=True) as warned, Breaker(token) as breaker:
        assert asyncio.run(drive()) == (len(WAYS) - 1) * 10 + 1
    note_warnings(hunt, warned)
    out, err = capfd.readouterr()
    hunt.saw("output", out + err)
    assert hunt.found() == []


# Which mask is taken away, in which way the server fails then, and what would be seen.
MASKS = {
    "texts": (Secret, "__repr__", str.__repr__, "reset", "frame of"),
    "frames": (_transport, "without_library_frames", lambda error: error, "half", "traceback of"),
    "bodies": (_call, "scrub", str, "page", "error of"),
    "refusals": (_call, "harmless", lambda body: body, "400", "pickle of"),
    "logs": (logging.getLogger("httpcore.http11"), "filters", [], "cut", "log of httpcore"),
    "requests": (Call, "__repr__", lambda call: f"Call({json.dumps(call.body)})", "cut", "frame"),
}


@pytest.mark.parametrize("mask", MASKS)
def test_the_search_finds_what_is_not_masked(
    hunt: Hunt, mask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, without, way, where = MASKS[mask]
    monkeypatch.setattr(place, name, without)
    with Breaker(hunt.mark("access token", f"eyJ{secrets.token_hex(20)}.s")) as breaker:
        asyncio.run(fail_in_all_ways(hunt, Client, breaker, [way], "authenticate"))
    assert any(where in found for found in hunt.found()), hunt.found()


# -- a server that works ---------------------------------------------------------------------------
class Act:
    """One client's way through all that has to do with secrets, at a real server."""

    def __init__(self, hunt: Hunt, kind: type, network: LocalNetwork, postbox: Postbox) -> None:
        self.hunt, self.kind, self.network, self.postbox = hunt, kind, network, postbox
        self.who = Person(hunt, f"ada-{kind.__name__.lower()}")
        self.mail = f"{self.who.name}@example.org"
        self.folder = Path(network._folder, "keys", kind.__name__)
        self.folder.mkdir(parents=True, mode=0o700)

    async def play(self) -> None:
        """Do all of it."""
        root, client = self.stranger(), self.stranger()
        user = self.network.users["root"]
        await settled(root.authenticate(user.username, user.password, lambda: user.code or ""))
        self.hunt.mark_login(root)
        await self.add(root)
        await self.log_in(client)
        await self.use(client)
        await self.use_keys(client)
        await self.lose_all(client)
        await self.manage(root)
        for each in (root, client):
            self.hunt.mark_login(each)
            self.hunt.look_at("client", each)
            self.hunt.saw("headers", repr((each.headers, [each.token], each.whoami)))
            await settled(each.close())

    def stranger(self) -> Any:
        return self.kind("http://127.0.0.1", self.network.port, "/api", "debug", timeout=30)

    async def add(self, root: Any) -> None:
        """Give somebody an account."""
        who, mail = self.who, self.mail
        roles = ["Researcher", "Organization Admin"]

        def create(password: Secret) -> Any:
            return root.user.create(who.name, "Ada", "L", password, mail, 1, roles)

        weak = self.hunt.mark("weak password", secrets.token_hex(8))
        await self.hunt.fails("user, weak", lambda: create(weak))
        self.hunt.look_at("user", await settled(create(who.password)))
        await self.hunt.fails("user, twice", lambda: create(who.password))

    async def log_in(self, client: Any) -> None:
        """Log in with a second factor, after all that can go wrong with that."""
        who, hunt = self.who, self.hunt
        wrong = hunt.mark("wrong password", f"Wrong-1{secrets.token_hex(8)}")
        error = await hunt.fails("password", lambda: client.authenticate(who.name, wrong, who.code))
        assert isinstance(error, LoginFailedError)
        # What is told but once gets from process to process.
        error = await hunt.fails(
            "setup", lambda: client.authenticate(who.name, who.password), keeps="uri"
        )
        assert isinstance(error, TwoFactorSetupRequiredError)
        assert pickle.loads(pickle.dumps(error)).uri == error.uri  # noqa: S301 - our own
        hunt.mark("QR code", error.uri)
        who.otp = hunt.mark("second factor", error.uri.partition("secret=")[2].partition("&")[0])
        error = await hunt.fails("no code", lambda: client.authenticate(who.name, who.password))
        assert isinstance(error, TwoFactorRequiredError)
        for given in (who.code, lambda: who.code):
            error = await hunt.fails(
                "code", lambda c=given: client.authenticate(who.name, who.password, c)
            )
            assert isinstance(error, LoginFailedError)
        await settled(client.authenticate(who.name, who.password, lambda: code(who.otp)))
        hunt.mark_login(client)

    async def use(self, client: Any) -> None:
        """Have a task computed, with events; renew the login."""
        hunt, who = self.hunt, self.who
        await settled(client.setup_encryption(self.network.private_keys[1]))
        task = await settled(
            client.task.create(collaboration="demo", organizations=[1], name="t",
                               image="harbor2.vantage6.ai/demo/average",
                               method="partial_average", kwargs={"column_name": "age"},
                               databases="default")
        )  # fmt: skip
        await settled(client.wait_for_results(task, timeout=60))
        hunt.mark_login(client)
        await settled(client.refresh_token())
        hunt.mark_login(client)
        await hunt.fails(
            "request",
            lambda: client.request("user", json={"password": who.password}, method="post"),
        )
        hunt.look_at("request", await settled(client.request("user")))
        saved = client.saved_login.save(self.folder / "login.json")
        hunt.look_at("saved login", client.saved_login)
        await hunt.fails("keyring", lambda: client.saved_login.remember_password(who.password))
        again = await settled(self.kind.from_saved_login(saved, save=False))
        hunt.look_at("client of a session", again)
        await settled(again.close())
        torn = self.folder / "torn.json"
        torn.write_bytes(saved.read_bytes()[:-40])
        torn.chmod(0o600)
        await hunt.fails("torn session", lambda: self.kind.from_saved_login(torn))
        assert hunt.look_into(self.folder, search=False) == []
        await settled(client.store.set(self.network.store.id))

    async def use_keys(self, client: Any) -> None:
        """Read and make key files, rightly and wrongly."""
        hunt, who = self.hunt, self.who
        pem = self.network.private_keys[1].read_bytes()
        hunt.mark("private key", pem.decode().splitlines()[5])
        key = _crypto.load_private_key(pem)
        protected, torn = self.folder / "protected.pem", self.folder / "torn.pem"
        protected.write_bytes(_crypto.private_key_to_pem(key, who.passphrase))
        torn.write_bytes(pem[:-100])  # for all to read, which is warned of
        for name, file, phrase in (
            ("torn", torn, None),
            ("no passphrase", protected, None),
            ("passphrase", protected, who.password),
            ("no need", self.network.private_keys[1], who.passphrase),
        ):
            error = await hunt.fails(
                f"key, {name}",
                lambda f=file, p=phrase: client.setup_encryption(f, passphrase=p),
            )
            assert isinstance(error, InvalidKeyError)
        await settled(client.setup_encryption(protected, passphrase=who.passphrase))
        new = self.folder / "new.pem"
        error = await hunt.fails(
            "new key", lambda: client.util.generate_private_key(new, passphrase=who.passphrase)
        )
        assert isinstance(error, KeyMismatchError)
        nowhere = self.folder / "nowhere" / "new.pem"
        await hunt.fails("nowhere", lambda: client.util.generate_private_key(nowhere))
        hunt.look_at("key", client._session.private_key)
        for file in (torn, protected):  # which the test made
            file.unlink()

    async def lose_all(self, client: Any) -> None:
        """Change and recover a password and a second factor."""
        hunt, who, util = self.hunt, self.who, client.util
        await hunt.fails(
            "wrong change", lambda: util.change_my_password(who.new_password, who.new_password)
        )
        await settled(util.change_my_password(who.password, who.new_password))
        await settled(util.reset_my_password(email=self.mail))
        token = hunt.mark("token of a mail", self.postbox.token_for(self.mail, "Password reset"))
        await hunt.fails("token", lambda: util.set_my_password(who.token, who.password))
        await hunt.fails("weak", lambda: util.set_my_password(token, who.code))
        await settled(util.set_my_password(token, who.password))
        await hunt.fails(
            "factor", lambda: util.reset_two_factor_auth(who.new_password, username=who.name)
        )
        await settled(util.reset_two_factor_auth(who.password, username=who.name))
        subject = "Two-factor authentication reset"
        token = hunt.mark("token of a mail", self.postbox.token_for(self.mail, subject))
        await hunt.fails("token of factor", lambda: util.set_two_factor_auth(who.token))
        found = await settled(util.set_two_factor_auth(token))
        hunt.mark("second factor", found["otp_secret"])
        hunt.mark("QR code", found["qr_uri"])
        hunt.look_at("new factor", found)
        await settled(
            client.authenticate(who.name, who.password, lambda: code(found["otp_secret"]))
        )
        hunt.mark_login(client)

    async def manage(self, root: Any) -> None:
        """See what is told of users and nodes."""
        hunt = self.hunt
        users = await settled(root.user.list())
        assert any(isinstance(row, SecretRow) for row in users)
        for row in users:
            if row["otp_secret"]:
                hunt.mark("second factor", row["otp_secret"])
        hunt.look_at("users", users)
        hunt.saw("users, drawn", f"{users} {users._repr_html_()} {users.to_pandas().to_string()}")
        hunt.look_at("user", await settled(root.user.get(users[0]["id"])))
        hunt.look_at("user", await settled(root.user.update(self.who.name, firstname="Eve")))
        error = await hunt.fails("name", lambda: root.user.id(self.who.name + "e"))
        assert error.candidates
        hunt.look_at("no such user", error)
        party = await settled(root.organization.create(
            f"Party {self.kind.__name__}", "", "", "", "", "party.example"))  # fmt: skip
        await settled(root.collaboration.add_organization(party["id"], 1))
        node = await settled(root.node.create(1, organization=party["id"]))
        hunt.mark("api key", node["api_key"])
        hunt.look_at("node", node)
        await hunt.fails("node, twice", lambda: root.node.create(1, organization=party["id"]))


async def fall_apart(hunt: Hunt, network: LocalNetwork) -> None:
    """Let parts of the local network crash, where they hold secrets."""
    wrong = hunt.mark("wrong password", f"Wrong-2{secrets.token_hex(8)}")
    await hunt.fails("seed", lambda: _seed.seed(network.url, network._folder, 1, None))
    await hunt.fails(
        "log in", lambda: log_in(network.url, "root", wrong, network.users["root"].otp_secret)
    )
    await hunt.fails("write", lambda: network.write(Path("/nowhere/network.json")))
    await hunt.fails("nobody", lambda: network.client("nobody"))
    await hunt.fails("port", lambda: LocalNetwork(port=network.port).__enter__())
    hunt.look_at("network", network)
    for log in network._folder.glob("*.log"):
        hunt.saw(log.name, log.read_bytes())


def look_at_bindings(hunt: Hunt) -> None:
    """Keep what the bindings show of secrets that they are given."""
    who = Person(hunt, "bindings")
    hunt.look_at("call", calls.create_user_token({"username": "a", "password": who.password}))
    signed = AuthenticatedClient("http://127.0.0.1", token=str(who.token))
    signed.get_httpx_client().close()
    hunt.look_at("client of the bindings", signed)
    for model in (
        models.UserLogin(str(who.password), "ada", str(who.code)),
        models.NodeLogin(str(who.key)),
        models.ResetPasswordInput(str(who.password), str(who.token)),
    ):
        hunt.saw(f"model {type(model).__name__}", repr(model))


def test_all_that_has_to_do_with_secrets(
    hunt: Hunt, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        warnings.catch_warnings(record=True) as warned,
        hunt.watch_processes() as processes,
        Postbox() as postbox,
        LocalNetwork(
            organizations=1,
            encrypted=True,
            store=True,
            two_factor=True,
            smtp=postbox.address,
            token_seconds=10,
        ) as network,
    ):
        for user in network.users.values():
            hunt.mark("password", user.password)
            hunt.mark("second factor", user.otp_secret or "")
        hunt.mark("api key", network.nodes[0].api_key)
        settings = json.loads((network._folder / "server.yaml").read_text())
        hunt.mark("key of the server", settings["jwt_secret_key"])
        with ThreadPoolExecutor() as pool:  # they mostly wait for the server
            acts = [Act(hunt, kind, network, postbox) for kind in KINDS]
            list(pool.map(lambda act: asyncio.run(act.play(), debug=True), acts))
        asyncio.run(fall_apart(hunt, network))
        look_at_bindings(hunt)
        network.write(tmp_path / "network.json")
        assert hunt.look_into(network._folder, search=False) == []
        assert network._folder.stat().st_mode & 0o077 == 0
        assert hunt.look_into(tmp_path, search=False) == []
        (tmp_path / "network.json").unlink()  # that is what it is for
        hunt.look_into(tmp_path, search=True)
    note_warnings(hunt, warned)
    out, err = capfd.readouterr()
    hunt.saw("output", out + err)
    print(hunt.summary())
    # It has looked where it was to look.
    assert {"httpx", "httpcore", "vantage6", "engineio", "socketio", "asyncio"} <= hunt.logs().names
    assert any("uwsgi" in command for command in processes.commands)
    assert hunt.found() == []
