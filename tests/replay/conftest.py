"""Cassettes: recorded from a local network, replayed to both clients with no network at all."""

import base64
import contextlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest
from postbox import Postbox
from vcr.request import Request

from vantage6.client._identity import claims
from vantage6.localnet import LocalNetwork

CASSETTES = Path(__file__).with_name("cassettes")
# Apart, since they hold the answers of two APIs, the server's and the store's.
STORE_CASSETTES = Path(__file__).with_name("store_cassettes")
HIDDEN = "hidden"
SECRETS = ("password", "mfa_code", "api_key", "otp_secret", "qr_uri", "reset_token")
TOKENS = ("access_token", "refresh_token", "container_token")
LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost)(?::|%3A)\d+")
# Nothing else of a header is looked at, and most tell about the machine or the login.
KEPT_HEADERS = ("content-type", "total-count")


@dataclass(frozen=True)
class Recorded:
    """What the tests know of the network that the cassettes come from."""

    port: int
    passwords: dict[str, str]


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
    """

    port: int
    root: tuple[str, str, Callable[[], str]]
    code: Callable[[str], str]
    token: Callable[[str, str], str]


def is_recording(request: pytest.FixtureRequest) -> bool:
    """Tell whether cassettes are made; without that, any port and any secret will do."""
    return request.config.getoption("--record-mode") in ("rewrite", "all", "once", "new_episodes")


@pytest.fixture(scope="session")
def recorded(request: pytest.FixtureRequest) -> Iterator[Recorded]:
    """Start the network when cassettes are made."""
    if not is_recording(request):
        yield Recorded(1, dict.fromkeys(("root", "researcher", "viewer", "admin"), HIDDEN))
        return
    with LocalNetwork(organizations=3, store=True, review=True) as network:
        users = network.users
        yield Recorded(network.port, {name: user.password for name, user in users.items()})


@pytest.fixture(scope="session")
def guarded(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    """Start the network that demands two-factor login when cassettes are made."""
    if not is_recording(request):
        yield Guarded(1, ("root", HIDDEN, lambda: HIDDEN), lambda _: HIDDEN, lambda *_: HIDDEN)
        return
    with (
        Postbox() as postbox,
        LocalNetwork(organizations=1, two_factor=True, smtp=postbox.address) as network,
    ):
        root = network.users["root"]
        yield Guarded(
            network.port,
            (root.username, root.password, lambda: root.code or ""),
            lambda uri: pyotp.TOTP(pyotp.parse_uri(uri).secret).now(),
            postbox.token_for,
        )


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    """Match requests on what they mean, and keep no secret."""
    return {
        "match_on": ["method", "path", "query"],
        "before_record_request": clean_request,
        "before_record_response": clean_response,
    }


@pytest.fixture(scope="module")
def vcr_cassette_dir(request: pytest.FixtureRequest) -> str:
    """Let a test and its derived twin share a cassette."""
    name = request.module.__name__.rsplit(".", 1)[-1].removeprefix("test_")
    return str((STORE_CASSETTES if name == "store" else CASSETTES) / name)


def clean_request(request: Request) -> Request:
    """Take secrets and the machine out of a request."""
    request.uri = LOOPBACK.sub("localnet", request.uri)
    request.headers = {}
    if request.body:
        request.body = json.dumps(clean(json.loads(request.body))).encode()
    return request


def clean_response(response: dict[str, Any]) -> dict[str, Any]:
    """Take secrets and the machine out of an answer."""
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
    if key in SECRETS and isinstance(value, str):  # of such a field, there may be reasons, too
        return HIDDEN
    if key == "log" and value:
        return re.sub(r"/(?:[\w.@+-]+/)+", "…/", value)  # where the recording machine has its files
    if key in TOKENS:
        payload = json.dumps({"sub": claims(value).get("sub")}).encode()
        return f"{HIDDEN}.{base64.urlsafe_b64encode(payload).decode()}.{HIDDEN}"
    return clean(value)
