"""Test that no secret is shown by any method that takes or returns one.

Secrets are random texts and those issued by the servers. Everything shown is searched for them: log
messages of all loggers, warnings, output, reprs of all objects, errors with their copies and
pickles, tracebacks with the local variables of all frames, command lines, and files.
"""

import asyncio
import gc
import json
import pickle
import secrets
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.mail_sink import MailSink
from tests.support.maybe_await import maybe_await
from tests.support.proxies import http_proxy, socks_proxy
from vantage6.bindings import secret as _secret
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
)
from vantage6.client._auth.tokens import Tokens
from vantage6.client._encryption.keys import load_private_key, private_key_to_pem
from vantage6.client._http import decoding as _decoding
from vantage6.client._http import retry as _retry
from vantage6.client._http import status_errors as _status_errors
from vantage6.localnet import LocalNetwork, _seed
from vantage6.localnet._authentication import log_in, totp_code
from vantage6.localnet._environment import cache_folder, environment_python
from vantage6.localnet._network import DEFAULT_VERSION

from .failing_server import FailingServer
from .secret_search import SecretSearch

pytestmark = pytest.mark.live

KINDS = (Client, AsyncClient)
WAYS = (
    "reset", "reset-while-sending", "half", "cut", "odd", "page", "400", "401", "422", "500",
)  # fmt: skip


class Person:
    """Someone with marked secrets of their own."""

    def __init__(self, search: SecretSearch, name: str) -> None:
        self.name = name
        self.password = search.mark("password", f"Pw1+{secrets.token_urlsafe(12)}/ä")
        self.new_password = search.mark("new password", f"Nw2 {secrets.token_urlsafe(12)}\"'")
        self.code = search.mark("code", secrets.token_hex(5))
        self.passphrase = search.mark("passphrase", f"phrase {secrets.token_urlsafe(12)}")
        self.token = search.mark(
            "recovery token", f"eyJ{secrets.token_hex(20)}.{secrets.token_hex(9)}"
        )
        self.otp = ""
        self.key = search.mark("api key", secrets.token_hex(16))


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretSearch]:
    monkeypatch.setenv("VANTAGE6_LOCALNET_CACHE", str(cache_folder()))
    environment_python(DEFAULT_VERSION)  # the installers' own files are not to land in tmp_path
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.delenv("VANTAGE6_KNOWN_ORGANIZATIONS", raising=False)
    search = SecretSearch()
    with warnings.catch_warnings(record=True) as warned, search.logs():
        warnings.simplefilter("always")
        yield search
        gc.collect()  # what is warned of when objects go
    assert not warned  # they were taken note of


def note_warnings(search: SecretSearch, warned: list[warnings.WarningMessage]) -> None:
    for warning in warned:
        search.saw("warning", f"{warning.message} {warning!r}")


# -- a server that fails ---------------------------------------------------------------------------
def requests_of(client: Any, who: Person) -> dict[str, Callable[[], Any]]:
    """Return all calls that send a secret."""
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
    search: SecretSearch, kind: type, server: FailingServer, ways: Sequence[str], *names: str
) -> int:
    """Send secrets to a server that fails."""
    failures = 0
    for way in ways:
        who = Person(search, f"ada-{way}")
        client = kind("http://127.0.0.1", server.port, f"/{way}", "debug", timeout=5)
        access = search.mark("access token", f"h.eyJ{secrets.token_hex(20)}.s")
        refresh = search.mark("refresh token", f"h.eyJ{secrets.token_hex(20)}.r")
        client._core.auth.tokens = Tokens(access, refresh, float("inf"))
        if way == "reset-while-sending":
            who.password = Secret(who.password * 200_000)
        for name, call in requests_of(client, who).items():
            if name not in names and (names or (way == "odd" and name != "authenticate")):
                continue
            error = await search.fails(f"{name}, {way}, {kind.__name__}", call)
            assert isinstance(error, Vantage6Error), (name, way, error)
            failures += 1
        search.look_at(f"client, {way}", client)
        await maybe_await(client.close())
    return failures


async def stop_in_the_middle(search: SecretSearch, kind: type, server: FailingServer) -> None:
    """Return up while a secret is sent, or comes."""
    who = Person(search, "ada")
    for way in ("silent", "trickle"):
        hasty = kind("http://127.0.0.1", server.port, f"/{way}", None, timeout=0.3)
        for name, call in requests_of(hasty, who).items():
            if name in ("authenticate", "change"):
                error = await search.fails(f"{name}, {way}", call)
                assert isinstance(error, RequestTimeoutError)
        await maybe_await(hasty.close())
        patient = kind("http://127.0.0.1", server.port, f"/{way}", None)
        if kind is AsyncClient:
            waiting = patient.authenticate(who.name, who.password, who.code)
            await search.fails(f"cancelled, {way}", lambda w=waiting: asyncio.wait_for(w, 0.3))
        else:
            before = signal.signal(signal.SIGALRM, signal.default_int_handler)
            begin = requests_of(patient, who)["authenticate"]

            def call(begin: Callable[[], Any] = begin) -> Any:
                signal.setitimer(signal.ITIMER_REAL, 0.3)
                return begin()

            error = await search.fails(f"authenticate, Ctrl-C, {way}", call)
            signal.signal(signal.SIGALRM, before)
            assert isinstance(error, KeyboardInterrupt)
        await maybe_await(patient.close())
    login = search.mark("login at a proxy", secrets.token_urlsafe(12))
    for scheme in ("gopher", "http"):
        by_proxy = Secret(f"{scheme}://ada:{login}@127.0.0.1:9")
        error = await search.fails(
            f"authenticate, {scheme} proxy",
            lambda p=by_proxy: kind(
                "http://127.0.0.1", 1, proxy=str(p), max_retries=0
            ).authenticate(who.name, who.password),
        )
        assert isinstance(error, Vantage6Error)
    for scheme, proxy in (("http", http_proxy), ("socks5", socks_proxy)):
        with proxy(server.port) as seen:
            through = Secret(f"{scheme}://ada:{login}@127.0.0.1:{seen.port}")
            client = kind("http://127.0.0.1", server.port, "/500", None, proxy=str(through))
            error = await search.fails(
                f"authenticate, through {scheme}",
                lambda c=client: c.authenticate(who.name, who.password),
            )
            assert isinstance(error, Vantage6Error)
            assert seen.credentials
            await maybe_await(client.close())
    away = kind("http://127.0.0.1", 9, "/api", None)
    for name, call in requests_of(away, who).items():
        if name in ("authenticate", "set"):
            await search.fails(f"{name}, refused", call)
    await maybe_await(away.close())


@pytest.mark.parametrize("kind", KINDS)
def test_failing_server_shows_no_secret(
    search: SecretSearch, kind: type, capfd: pytest.CaptureFixture[str]
) -> None:
    token = search.mark("access token", f"eyJ{secrets.token_hex(20)}.{secrets.token_hex(20)}.s")

    async def drive() -> int:
        asyncio.get_running_loop().set_debug(True)
        failures = await fail_in_all_ways(search, kind, server, WAYS)
        await stop_in_the_middle(search, kind, server)
        return failures

    with warnings.catch_warnings(record=True) as warned, FailingServer(token) as server:
        assert asyncio.run(drive()) == (len(WAYS) - 1) * 10 + 1
    note_warnings(search, warned)
    out, err = capfd.readouterr()
    search.saw("output", out + err)
    assert search.found() == []


def raise_within_except(retries: _retry.Retries, error: Any) -> float:
    """Raise an error as most programs do: with all that led to it."""
    raise _retry.translate(error) from error


# Which mask is taken away, in which way the server fails then, and what would be seen.
MASKS = {
    "texts": (Secret, "__repr__", str.__repr__, "reset", "frame of"),
    "causes": (_retry.Retries, "after_error", raise_within_except, "reset", "_request.content"),
    "bodies": (_decoding, "scrub", str, "page", "error of"),
    "refusals": (_status_errors, "redact", lambda body: body, "400", "pickle of"),
    "logs": (_secret, "scrub", str, "cut", "log of httpcore"),
    "requests": (Call, "__repr__", lambda call: f"Call({json.dumps(call.body)})", "cut", "frame"),
}


@pytest.mark.parametrize("mask", MASKS)
def test_search_finds_unmasked_secrets(
    search: SecretSearch, mask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, name, without, way, where = MASKS[mask]
    monkeypatch.setattr(place, name, without)
    with FailingServer(search.mark("access token", f"eyJ{secrets.token_hex(20)}.s")) as server:
        asyncio.run(fail_in_all_ways(search, Client, server, [way], "authenticate"))
    assert any(where in found for found in search.found()), search.found()


@pytest.mark.parametrize("kind", KINDS)
def test_search_finds_secrets_in_library_frames(
    search: SecretSearch, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_retry, "detach", lambda error: error)
    with FailingServer(search.mark("access token", f"eyJ{secrets.token_hex(20)}.s")) as server:
        asyncio.run(stop_in_the_middle(search, kind, server))
    assert any("traceback of" in found for found in search.found()), search.found()


# -- a server that works ---------------------------------------------------------------------------
class Act:
    """One client's way through all that has to do with secrets, at a real server."""

    def __init__(
        self, search: SecretSearch, kind: type, network: LocalNetwork, mail_sink: MailSink
    ) -> None:
        self.search, self.kind, self.network, self.mail_sink = search, kind, network, mail_sink
        self.who = Person(search, f"ada-{kind.__name__.lower()}")
        self.mail = f"{self.who.name}@example.org"
        self.folder = Path(network._folder, "keys", kind.__name__)
        self.folder.mkdir(parents=True, mode=0o700)

    async def play(self) -> None:
        """Do all of it."""
        root, client = self.stranger(), self.stranger()
        user = self.network.users["root"]
        await maybe_await(root.authenticate(user.username, user.password, lambda: user.code or ""))
        self.search.mark_login(root)
        await self.add(root)
        await self.log_in(client)
        await self.use(client)
        await self.use_keys(client)
        await self.lose_all(client)
        await self.manage(root)
        for each in (root, client):
            self.search.mark_login(each)
            self.search.look_at("client", each)
            self.search.saw("headers", repr((each.headers, [each.token], each.whoami)))
            await maybe_await(each.close())

    def stranger(self) -> Any:
        return self.kind("http://127.0.0.1", self.network.port, "/api", "debug", timeout=30)

    async def add(self, root: Any) -> None:
        """Create an account."""
        who, mail = self.who, self.mail
        roles = ["Researcher", "Organization Admin"]

        def create(password: Secret) -> Any:
            return root.user.create(who.name, "Ada", "L", password, mail, 1, roles)

        weak = self.search.mark("weak password", secrets.token_hex(8))
        await self.search.fails("user, weak", lambda: create(weak))
        self.search.look_at("user", await maybe_await(create(who.password)))
        await self.search.fails("user, twice", lambda: create(who.password))

    async def log_in(self, client: Any) -> None:
        """Log in with a second factor, after all that can go wrong with that."""
        who, search = self.who, self.search
        wrong = search.mark("wrong password", f"Wrong-1{secrets.token_hex(8)}")
        error = await search.fails(
            "password", lambda: client.authenticate(who.name, wrong, who.code)
        )
        assert isinstance(error, LoginFailedError)
        # What is told but once gets from process to process.
        error = await search.fails(
            "setup", lambda: client.authenticate(who.name, who.password), keeps="uri"
        )
        assert isinstance(error, TwoFactorSetupRequiredError)
        assert pickle.loads(pickle.dumps(error)).uri == error.uri  # noqa: S301 - our own
        search.mark("QR code", error.uri)
        who.otp = search.mark("second factor", error.uri.partition("secret=")[2].partition("&")[0])
        error = await search.fails("no code", lambda: client.authenticate(who.name, who.password))
        assert isinstance(error, TwoFactorRequiredError)
        for given in (who.code, lambda: who.code):
            error = await search.fails(
                "code", lambda c=given: client.authenticate(who.name, who.password, c)
            )
            assert isinstance(error, LoginFailedError)
        await maybe_await(client.authenticate(who.name, who.password, lambda: totp_code(who.otp)))
        search.mark_login(client)

    async def use(self, client: Any) -> None:
        """Have a task computed, with events; renew the login."""
        search, who = self.search, self.who
        await maybe_await(client.setup_encryption(self.network.private_keys[1]))
        task = await maybe_await(
            client.task.create(collaboration="demo", organizations=[1], name="t",
                               image="harbor2.vantage6.ai/demo/average",
                               method="partial_average", kwargs={"column_name": "age"},
                               databases="default")
        )  # fmt: skip
        await maybe_await(client.wait_for_results(task, timeout=60))
        search.mark_login(client)
        await maybe_await(client.refresh_token())
        search.mark_login(client)
        await search.fails(
            "request",
            lambda: client.request("user", json={"password": who.password}, method="post"),
        )
        search.look_at("request", await maybe_await(client.request("user")))
        saved = client.saved_login.save(self.folder / "login.json")
        search.look_at("saved login", client.saved_login)
        await search.fails("keyring", lambda: client.saved_login.remember_password(who.password))
        again = await maybe_await(self.kind.from_saved_login(saved, save=False))
        search.look_at("client of a session", again)
        await maybe_await(again.close())
        torn = self.folder / "torn.json"
        torn.write_bytes(saved.read_bytes()[:-40])
        torn.chmod(0o600)
        await search.fails("torn session", lambda: self.kind.from_saved_login(torn))
        assert search.look_into(self.folder, search=False) == []
        await maybe_await(client.store.set(self.network.store.id))

    async def use_keys(self, client: Any) -> None:
        """Read and make key files, rightly and wrongly."""
        search, who = self.search, self.who
        pem = self.network.private_keys[1].read_bytes()
        search.mark("private key", pem.decode().splitlines()[5])
        key = load_private_key(pem)
        protected, torn = self.folder / "protected.pem", self.folder / "torn.pem"
        protected.write_bytes(private_key_to_pem(key, who.passphrase))
        torn.write_bytes(pem[:-100])  # for all to read, which is warned of
        for name, file, phrase in (
            ("torn", torn, None),
            ("no passphrase", protected, None),
            ("passphrase", protected, who.password),
            ("no need", self.network.private_keys[1], who.passphrase),
        ):
            error = await search.fails(
                f"key, {name}",
                lambda f=file, p=phrase: client.setup_encryption(f, passphrase=p),
            )
            assert isinstance(error, InvalidKeyError)
        await maybe_await(client.setup_encryption(protected, passphrase=who.passphrase))
        new = self.folder / "new.pem"
        error = await search.fails(
            "new key", lambda: client.util.generate_private_key(new, passphrase=who.passphrase)
        )
        assert isinstance(error, KeyMismatchError)
        nowhere = self.folder / "nowhere" / "new.pem"
        await search.fails("nowhere", lambda: client.util.generate_private_key(nowhere))
        search.look_at("key", client._core.private_key)
        for file in (torn, protected):  # which the test made
            file.unlink()

    async def lose_all(self, client: Any) -> None:
        """Change and recover a password and a second factor."""
        search, who, util = self.search, self.who, client.util
        await search.fails(
            "wrong change", lambda: util.change_my_password(who.new_password, who.new_password)
        )
        await maybe_await(util.change_my_password(who.password, who.new_password))
        await maybe_await(util.reset_my_password(email=self.mail))
        token = search.mark(
            "token of a mail", self.mail_sink.token_for(self.mail, "Password reset")
        )
        await search.fails("token", lambda: util.set_my_password(who.token, who.password))
        await search.fails("weak", lambda: util.set_my_password(token, who.code))
        await maybe_await(util.set_my_password(token, who.password))
        await search.fails(
            "factor", lambda: util.reset_two_factor_auth(who.new_password, username=who.name)
        )
        await maybe_await(util.reset_two_factor_auth(who.password, username=who.name))
        subject = "Two-factor authentication reset"
        token = search.mark("token of a mail", self.mail_sink.token_for(self.mail, subject))
        await search.fails("token of factor", lambda: util.set_two_factor_auth(who.token))
        found = await maybe_await(util.set_two_factor_auth(token))
        search.mark("second factor", found["otp_secret"])
        search.mark("QR code", found["qr_uri"])
        search.look_at("new factor", found)
        await maybe_await(
            client.authenticate(who.name, who.password, lambda: totp_code(found["otp_secret"]))
        )
        search.mark_login(client)

    async def manage(self, root: Any) -> None:
        """See what is told of users and nodes."""
        search = self.search
        users = await maybe_await(root.user.list())
        assert any(isinstance(row, SecretRow) for row in users)
        for row in users:
            if row["otp_secret"]:
                search.mark("second factor", row["otp_secret"])
        search.look_at("users", users)
        search.saw("users, drawn", f"{users} {users._repr_html_()} {users.to_pandas().to_string()}")
        search.look_at("user", await maybe_await(root.user.get(users[0]["id"])))
        search.look_at("user", await maybe_await(root.user.update(self.who.name, firstname="Eve")))
        error = await search.fails("name", lambda: root.user.id(self.who.name + "e"))
        assert error.candidates
        search.look_at("no such user", error)
        party = await maybe_await(root.organization.create(
            f"Party {self.kind.__name__}", "", "", "", "", "party.example"))  # fmt: skip
        await maybe_await(root.collaboration.add_organization(party["id"], 1))
        node = await maybe_await(root.node.create(1, organization=party["id"]))
        search.mark("api key", node["api_key"])
        search.look_at("node", node)
        await search.fails("node, twice", lambda: root.node.create(1, organization=party["id"]))


async def fall_apart(search: SecretSearch, network: LocalNetwork) -> None:
    """Crash the parts of the local network that hold secrets."""
    wrong = search.mark("wrong password", f"Wrong-2{secrets.token_hex(8)}")
    await search.fails("seed", lambda: _seed.seed(network.url, wrong, network._folder, [], None))
    await search.fails(
        "log in", lambda: log_in(network.url, "root", wrong, network.users["root"].otp_secret)
    )
    await search.fails("write", lambda: network.write(Path("/nowhere/network.json")))
    await search.fails("nobody", lambda: network.client("nobody"))
    await search.fails(
        "variables", lambda: (lambda variables: variables["none"])(network.client_variables())
    )
    await search.fails("port", lambda: LocalNetwork(port=network.port).__enter__())
    search.look_at("network", network)
    for log in network._folder.glob("*.log"):
        search.saw(log.name, log.read_bytes())


def look_at_bindings(search: SecretSearch) -> None:
    """Keep what the bindings show of secrets that they are given."""
    who = Person(search, "bindings")
    search.look_at("call", calls.create_user_token({"username": "a", "password": who.password}))
    signed = AuthenticatedClient("http://127.0.0.1", token=str(who.token))
    signed.get_httpx_client().close()
    search.look_at("client of the bindings", signed)
    for model in (
        models.UserLogin(str(who.password), "ada", str(who.code)),
        models.NodeLogin(str(who.key)),
        models.ResetPasswordInput(str(who.password), str(who.token)),
    ):
        search.saw(f"model {type(model).__name__}", repr(model))


def test_working_server_shows_no_secret(
    search: SecretSearch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (
        warnings.catch_warnings(record=True) as warned,
        search.watch_processes() as processes,
        MailSink() as mail_sink,
        LocalNetwork(
            organizations=1,
            encrypted=True,
            store=True,
            two_factor=True,
            smtp=mail_sink.address,
            token_seconds=10,
        ) as network,
    ):
        for user in network.users.values():
            search.mark("password", user.password)
            search.mark("second factor", user.otp_secret or "")
        search.mark("api key", network.nodes[0].api_key)
        settings = json.loads((network._folder / "server.yaml").read_text())
        search.mark("key of the server", settings["jwt_secret_key"])
        with ThreadPoolExecutor() as pool:  # they mostly wait for the server
            acts = [Act(search, kind, network, mail_sink) for kind in KINDS]
            list(pool.map(lambda act: asyncio.run(act.play(), debug=True), acts))
        asyncio.run(fall_apart(search, network))
        look_at_bindings(search)
        network.write(tmp_path / "network.json")
        assert search.look_into(network._folder, search=False) == []
        assert network._folder.stat().st_mode & 0o077 == 0
        assert search.look_into(tmp_path, search=False) == []
        (tmp_path / "network.json").unlink()  # that is what it is for
        search.look_into(tmp_path, search=True)
    note_warnings(search, warned)
    out, err = capfd.readouterr()
    search.saw("output", out + err)
    print(search.summary())
    # It has looked where it was to look.
    assert {
        "httpx",
        "httpcore",
        "vantage6",
        "websocket",
        "asyncio",
    } <= search.logs().names
    assert any("uwsgi" in command for command in processes.commands)
    assert search.found() == []
