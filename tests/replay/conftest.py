"""Cassettes: recorded from a local network, replayed to both clients without any network."""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from vcr.cassette import Cassette
from vcr.request import Request
from vcr.stubs import httpx_stubs

from tests.support.event_server import CUT, RecordedEvent, event_server
from tests.support.mail_sink import MailSink
from tests.support.paths import RECORDED_KEY, VECTORS_KEY
from vantage6.client._async.core import pools as async_pools
from vantage6.client._async.tasks import events as async_events
from vantage6.client._auth.tokens import claims
from vantage6.client._backend.v4 import V4
from vantage6.client._encryption import keys
from vantage6.client._events import socket as sockets
from vantage6.client._sync.core import pools
from vantage6.client._sync.tasks import events
from vantage6.localnet import LocalNetwork
from vantage6.localnet._server_network import ServerNetwork

CASSETTES = Path(__file__).with_name("cassettes")
HIDDEN = "hidden"
# Base64 of "-----BEGIN PUBLIC KEY".
PUBLIC_KEY = "LS0tLS1CRUdJTiBQVUJMSUMgS0VZ"
# What goes to a store tells which server vouches for the login.
TO_STORE = "server-url"
USER_AGENT = "vantage6-sdk"
SECRETS = (
    "password",
    "client_secret",
    "mfa_code",
    "api_key",
    "otp_secret",
    "qr_uri",
    "reset_token",
)
FORM_SECRETS = ("password", "client_secret", "refresh_token", "device_code")
TOKENS = ("access_token", "refresh_token", "container_token")
LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost)(?::|%3A)\d+")
# Nothing else of a header is looked at, and most tell about the machine or the login.
KEPT_HEADERS = ("content-type", "total-count")
# How long a replay waits for an event that is due, in seconds.
EVENT_SECONDS = 2.0


@dataclass(frozen=True)
class Recorded:
    """What the tests know of the network that the cassettes come from."""

    port: int
    passwords: dict[str, str]


@dataclass(frozen=True)
class RecordedHq:
    """What the tests know of the network of version 5 that cassettes come from."""

    url: str
    auth_url: str
    client_secret: str
    passwords: dict[str, str]


class RecordedServer(ServerNetwork):
    """A server whose first organization has the recorded key."""

    def generate_keys(self) -> list[Future[RSAPrivateKey]]:
        _, *others = super().generate_keys() or ()
        first = Future[RSAPrivateKey]()
        first.set_result(keys.load_private_key(RECORDED_KEY.read_bytes()))
        return [first, *others]


class EncryptedNetwork(LocalNetwork):
    """A network in which the first organization has a key that is known, so that replays can read.

    What others encrypt for it is the same for all cassettes, whenever they are recorded.
    """

    def __init__(self, *, blob_store: bool = False) -> None:
        super().__init__(encrypted=True, blob_store=blob_store)

    def start(self) -> "EncryptedNetwork":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("vantage6.localnet._network.ServerNetwork", RecordedServer)
            super().start()
        return self


@dataclass(frozen=True)
class Guarded:
    """What the tests know of the network that demands two-factor login and sends mail.

    Attributes
    ----------
    port : int
        Where it is.
    root : tuple of (str, str, callable)
        Name and password of who may do all, and what supplies the code.
    code : callable
        Gives what an authenticator app shows that has loaded an ``otpauth://`` address.
    token : callable
        Gives the token in the mail to a user with some subject.
    address : callable
        Gives the ``otpauth://`` address that the server sent; one without a secret for a cassette.
    """

    port: int
    root: tuple[str, str, Callable[[], str]]
    code: Callable[[str], str]
    token: Callable[[str, str], str]
    address: Callable[[str], str] = lambda uri: uri


def is_recording(request: pytest.FixtureRequest) -> bool:
    """Return whether cassettes are made; without that, any port and any secret will do."""
    return request.config.getoption("--record-mode") in ("rewrite", "all", "once", "new_episodes")


@contextlib.contextmanager
def recording(request: pytest.FixtureRequest, network: LocalNetwork) -> Iterator[Recorded]:
    """Start a network when cassettes are made."""
    if not is_recording(request):
        yield Recorded(1, dict.fromkeys(("root", "researcher", "viewer", "admin"), HIDDEN))
        return
    with network:
        users = network.users
        yield Recorded(network.port, {name: user.password for name, user in users.items()})


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Start the network that most cassettes come from, when they are made."""
    with recording(request, LocalNetwork(organizations=3, store=True, review=True)) as known:
        yield known


@pytest.fixture(scope="session")
def encrypted(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Start the network that encrypts, when cassettes are made."""
    with recording(request, EncryptedNetwork()) as known:
        yield known


@pytest.fixture(scope="session", params=[False, True], ids=["plain", "encrypted"])
def stored(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Start a network that keeps inputs and results in a blob store, when cassettes are made."""
    kind = EncryptedNetwork if request.param else LocalNetwork
    with recording(request, kind(blob_store=True)) as known:
        yield known


@pytest.fixture(scope="session")
def old(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Start a network of an older version, when cassettes are made."""
    with recording(request, LocalNetwork(organizations=1, version="4.7.1")) as known:
        yield known


@pytest.fixture(scope="session")
def hq_network(request: pytest.FixtureRequest) -> Iterator[RecordedHq]:
    """Start the network of version 5 when cassettes are made."""
    if not is_recording(request):
        here = "http://127.0.0.1:1"
        names = ("root", "researcher", "viewer", "admin")
        yield RecordedHq(here, here, HIDDEN, dict.fromkeys(names, HIDDEN))
        return
    with LocalNetwork(version="5.0.3", organizations=3, store=True, review=True) as network:
        account = network.service_account
        assert account
        passwords = {name: user.password for name, user in network.users.items()}
        secret = str(account.client_secret)
        yield RecordedHq(network.url, network.auth_url or "", secret, passwords)


@pytest.fixture
def recorded_hq(
    request: pytest.FixtureRequest, hq_network: RecordedHq, monkeypatch: pytest.MonkeyPatch
) -> RecordedHq:
    """Return what is known of HQ; what the client makes up is the same at each replay."""
    made = hashlib.sha256(request.node.name.encode()).hexdigest()[:8]
    for module in ("_backend.v5", "_async.tasks.frames", "_sync.tasks.frames"):
        monkeypatch.setattr(f"vantage6.client.{module}.token_hex", lambda _: made)
    return hq_network


@pytest.fixture(scope="session")
def guarded(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    """Start the network that demands two-factor login when cassettes are made."""
    if not is_recording(request):
        yield Guarded(
            1,
            ("root", HIDDEN, lambda: HIDDEN),
            lambda _: HIDDEN,
            lambda *_: HIDDEN,
            lambda _: "otpauth://totp/vantage6:grace",
        )
        return
    with (
        MailSink() as mail_sink,
        LocalNetwork(organizations=1, two_factor=True, smtp=mail_sink.address) as network,
    ):
        root = network.users["root"]
        yield Guarded(
            network.port,
            (root.username, root.password, lambda: root.code or ""),
            lambda uri: pyotp.TOTP(pyotp.parse_uri(uri).secret).now(),
            mail_sink.token_for,
        )


@pytest.fixture(autouse=True)
def without_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable events, which are not on cassettes: waits poll the API."""
    monkeypatch.setattr("vantage6.client._events.socket.can_connect", lambda: False)


@pytest.fixture
def tape() -> list[RecordedEvent]:
    """Return what the network has announced so far, when cassettes are made."""
    return []


@pytest.fixture
def announced(
    request: pytest.FixtureRequest,
    vcr: Cassette,
    vcr_cassette_dir: str,
    recorded: Recorded,
    tape: list[RecordedEvent],
    without_events: None,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Recorded]:
    """Enable events: record those of the network, or replay them."""
    monkeypatch.setattr(sockets, "can_connect", lambda: True)
    file = Path(vcr_cassette_dir) / f"{request.node.name}.events.json"
    parse = V4.parse_event
    if not is_recording(request):
        recorded_events = json.loads(file.read_text())
        seen: list[str] = []

        def count(backend: V4, name: str, data: object) -> Any:
            seen.append(name)
            return parse(backend, name, data)

        def is_due() -> bool:
            """Return whether an event has not arrived yet that had, before the next request."""
            after = [at for at, name, _ in recorded_events if name != CUT][len(seen) :]
            return bool(after) and after[0] <= vcr.play_count

        monkeypatch.setattr(V4, "parse_event", count)
        hear_all_before_polls(monkeypatch, is_due)
        with event_server(recorded_events, lambda: vcr.play_count) as port:
            yield replace(recorded, port=port)
        return

    def heard(backend: V4, name: str, data: object) -> Any:
        tape.append((len(vcr), name, clean(data)))
        return parse(backend, name, data)

    monkeypatch.setattr(V4, "parse_event", heard)
    yield recorded
    file.parent.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(announcement) for announcement in tape)
    file.write_text(f"[\n{lines}\n]\n")


def hear_all_before_polls(monkeypatch: pytest.MonkeyPatch, is_due: Callable[[], bool]) -> None:
    """Let waits hear the events that were recorded before a request, before they send it."""
    get, get_async = events.Subscription.get, async_events.Subscription.get

    def patient(self: Any, seconds: float) -> Any:
        until = time.monotonic() + EVENT_SECONDS
        while is_due() and time.monotonic() < until:
            if event := get(self, 0.01):
                return event
        return get(self, seconds)

    async def patient_async(self: Any, seconds: float) -> Any:
        until = time.monotonic() + EVENT_SECONDS
        while is_due() and time.monotonic() < until:
            if event := await get_async(self, 0.01):
                return event
        return await get_async(self, seconds)

    monkeypatch.setattr(events.Subscription, "get", patient)
    monkeypatch.setattr(async_events.Subscription, "get", patient_async)


@pytest.fixture
def cut_line(
    request: pytest.FixtureRequest,
    vcr: Cassette,
    announced: Recorded,
    tape: list[RecordedEvent],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], None]:
    """Return what breaks the connection; where that is on the tape already, it does nothing."""
    if not is_recording(request):
        return lambda: None
    made: list[Any] = []
    make = sockets._SocketThread._connect

    def keep(line: Any) -> Any:
        made.append(make(line))
        return made[-1]

    def cut() -> None:
        tape.append((len(vcr), CUT, None))
        made[-1].abort()

    monkeypatch.setattr(sockets._SocketThread, "_connect", keep)
    return cut


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return the private key of the first organization where there is encryption."""
    return private_copy(RECORDED_KEY, tmp_path)


@pytest.fixture
def other_key_file(tmp_path: Path) -> Path:
    """Return another private key."""
    return private_copy(VECTORS_KEY, tmp_path)


def private_copy(key: Path, folder: Path) -> Path:
    """Copy a key to where only its owner can read it, as those who keep keys do."""
    file = folder / f"{key.parent.name}-{key.name}"
    file.touch(0o600)
    file.write_bytes(key.read_bytes())
    return file


@pytest.fixture(autouse=True)
def _nobody_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the keys of other cassettes: their servers are not the same, though so called."""
    monkeypatch.setenv("VANTAGE6_KNOWN_ORGANIZATIONS", str(tmp_path / "known-organizations"))


@pytest.fixture(autouse=True)
def _time_flies(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing where the answers are here already."""
    if not is_recording(request):
        sleep = asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", lambda _: sleep(0))
        monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture(autouse=True)
def _keys_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make keys at once: how long they are is no matter of what is sent."""
    monkeypatch.setattr(keys, "generate_private_key", partial(keys.generate_private_key, 2048))


class RecordedTransport(pools.Transport):
    """Replays and records the requests of a `Client`; vcrpy 9 knows those of httpx only."""

    cassette: Any = None  # set by vcrpy

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        real, played = pools.Transport.handle_request, dict(self.cassette.play_counts)
        response = httpx_stubs.vcr_handle_request(self.cassette, real, httpx)(self, request)
        check_order(self.cassette, played)
        return response


class RecordedAsyncTransport(async_pools.AsyncTransport):
    """Replays and records the requests of an `AsyncClient`."""

    cassette: Any = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        real, played = (
            async_pools.AsyncTransport.handle_async_request,
            dict(self.cassette.play_counts),
        )
        send = httpx_stubs.vcr_handle_async_request(self.cassette, real, httpx)
        response = await send(self, request)
        check_order(self.cassette, played)
        return response


PATCHES = (
    (pools.Pools, "transport", RecordedTransport),
    (async_pools.AsyncPools, "transport", RecordedAsyncTransport),
)


def pytest_recording_configure(config: pytest.Config, vcr: Any) -> None:
    """Match what vcrpy leaves out: empty values of a query, and bodies by what they say."""

    def whole_query(one: Request, other: Request) -> None:
        assert query_of(one) == query_of(other)

    def whole_body(one: Request, other: Request) -> None:
        assert body_of(one) == body_of(other)

    vcr.register_matcher("whole_query", whole_query)
    vcr.register_matcher("whole_body", whole_body)


def query_of(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a query, empty ones too."""
    return sorted(parse_qsl(urlsplit(request.uri).query, keep_blank_values=True))


def body_of(request: Request) -> object:
    """Return what the body of a request says; what is encrypted is another text each time."""
    body = request.body
    if not body:
        return None
    body = body.encode() if isinstance(body, str) else bytes(body)
    if body.count(b"$", 0, 2**13) >= 2 and not body.startswith(b"{"):
        return HIDDEN  # a blob
    try:
        return sealed(json.loads(body))
    except ValueError:
        return body


def sealed(value: Any) -> Any:
    """Hide each text that is encrypted, and each public key: both are made anew each time."""
    if isinstance(value, list):
        return [sealed(item) for item in value]
    if isinstance(value, dict):
        return {key: sealed(item) for key, item in value.items()}
    if isinstance(value, str) and (value.count("$") == 2 or value.startswith(PUBLIC_KEY)):
        return HIDDEN
    return value


class ReplayOrderError(AssertionError):
    """A request was sent before, or after, one that changes what it is answered."""


def check_order(cassette: Any, played: Mapping[int, int]) -> None:
    """Check that each change that was recorded before a request was sent before it, too."""
    (index,) = [i for i, count in cassette.play_counts.items() if count > played.get(i, 0)] or [-1]
    for before in range(index):
        request = cassette.requests[before]
        if request.method != "GET" and not cassette.play_counts[before]:
            raise ReplayOrderError(
                f"{cassette.requests[index].method} {cassette.requests[index].uri} was recorded "
                f"after {request.method} {request.uri}, and was sent before it"
            )


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """Match requests on what they mean, and keep no secret."""
    return {
        # vcrpy 8, for Python 3.10, replaces the pools of httpcore.
        "custom_patches": PATCHES if hasattr(httpx_stubs, "vcr_handle_request") else (),
        "match_on": ["method", "host", "path", "whole_query", "whole_body"],
        "before_record_request": clean_request,
        "before_record_response": clean_response,
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Share a cassette between a test and its derived twin."""
    name = request.module.__name__.rsplit(".", 1)[-1].removeprefix("test_")
    return str(CASSETTES / name)


def clean_request(request: Request) -> Request | None:
    """Remove secrets and paths from a request; drop requests of the network's own nodes."""
    if request.headers.get("user-agent", USER_AGENT) != USER_AGENT:
        return None
    name = "localstore" if TO_STORE in request.headers else "localnet"
    request.uri = LOOPBACK.sub(name, request.uri)
    request.headers = {}
    if request.body:
        with contextlib.suppress(ValueError):  # inputs go to a blob store as they are
            request.body = json.dumps(clean(json.loads(request.body))).encode()
        if "/protocol/openid-connect/" in request.uri:
            fields = parse_qsl(bytes(request.body).decode())
            form = [(key, HIDDEN if key in FORM_SECRETS else text) for key, text in fields]
            request.body = urlencode(form).encode()
    return request


def clean_response(response: dict[str, Any]) -> dict[str, Any]:
    """Remove secrets and paths from a response."""
    body = response["body"]["string"]
    kept = {key: text for key, text in response["headers"].items() if key.lower() in KEPT_HEADERS}
    with contextlib.suppress(ValueError):  # not every refusal is JSON
        body = json.dumps(clean(json.loads(body))).encode()
    return {**response, "headers": kept, "body": {"string": body}}


def clean(value: Any) -> Any:
    """Hide each secret, wherever it stands."""
    if isinstance(value, list):
        return [clean(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: hide(key, item) for key, item in value.items()}


def hide(key: str, value: Any) -> Any:
    """Hide a value if its key says that it is secret; of a token, keep whom it is for."""
    if isinstance(value, str):
        value = LOOPBACK.sub("localhost:1", value)  # where replayed requests may still go
    if key == "allowed_servers" and isinstance(value, list):
        value = [LOOPBACK.sub("localhost:1", address) for address in cast("list[str]", value)]
    if key in SECRETS and isinstance(value, str):  # of such a field, there may be reasons, too
        return HIDDEN
    if key == "log" and value:
        return re.sub(r"/(?:[\w.@+-]+/)+", "…/", value)  # where the recording machine has its files
    if key in TOKENS:
        payload = json.dumps({"sub": claims(value).get("sub")}).encode()
        return f"{HIDDEN}.{base64.urlsafe_b64encode(payload).decode()}.{HIDDEN}"
    return clean(value)
