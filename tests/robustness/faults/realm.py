"""The exchanges with the realm of HQ, broken in the same ways, and what has to come of each."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.browser import enter
from vantage6.localnet import LocalNetwork
from vantage6.localnet._v5 import network as _network
from vantage6.localnet._v5.realm import Lifetimes

from .breaking_proxy import Exchange, parts
from .cases import ANY, EVER, RECOVERED, WAYS, Kind, Way, exactly, fails, recovers, too_short
from .runner import Found, run_all
from .shared_network import SharedNetwork

OIDC = "POST /realms/vantage6/protocol/openid-connect"
# A code is valid for so many seconds. The user has entered it after the first request for tokens,
# which comes a second after it, and before the second one.
CODE, ENTERED = 12, 2.0
SKIPPED = {"an HTML page with 504, once", "an HTML page with 504, each time"}


@dataclass
class SharedRealm(SharedNetwork):
    """The network of HQ, and how a kind of user logs in."""

    logins: tuple[Callable[[Any], Any], ...] = ()

    def connect(self, make: type, port: int, limits: Any) -> Any:
        """Make a client that reaches the realm through a proxy, and HQ without one."""
        assert self.network
        return make(self.network.url, auth_url=f"http://127.0.0.1:{port}", log_level=None, **limits)

    @property
    def port(self) -> int:
        """The port of the realm."""
        assert self.network
        return urlsplit(self.network.auth_url).port or 0


def as_page(exchange: Exchange) -> None:
    """Return the realm's own response, declared as a page."""
    head, body = parts(exchange.ask())
    exchange.send(head.replace(b"application/json", b"text/html") + body)


def refuse(exchange: Exchange) -> None:
    exchange.say(400, b'{"error": "invalid_grant", "error_description": "no"}')


def cut_short(exchange: Exchange) -> None:
    """Close the connection too: what is left on it would answer the next case."""
    too_short(exchange)
    exchange.close()


def _at_realm(way: Way) -> Way:
    """Return what has to come of a way: nothing is repeated, but polls go on."""
    polled = recovers(ANY, CODE)
    special = {}
    if way.unsafe.outcome == RECOVERED:  # then the user enters the code
        special["code"] = recovers(1, CODE)
    if way.refused == EVER or way.to_connections:
        polled = way.unsafe  # there is no code then
    elif way.times > 1 and way.fault:
        polled = fails(way.unsafe.outcome, ANY, CODE + way.unsafe.seconds)
    fault = cut_short if way.fault is too_short else way.fault
    return replace(way, fault=fault, special={**special, "poll": polled})


def _is_of_a_realm(way: Way) -> bool:
    return not way.name.startswith("expired token") and way.name not in SKIPPED


FAILED, EXPIRED = fails("LoginFailedError"), fails("LoginExpiredError")
REALM_WAYS = [
    *[_at_realm(way) for way in WAYS if _is_of_a_realm(way)],
    Way(
        "JSON declared as HTML",
        as_page,
        recovers(1),
        recovers(1),
        {"code": recovers(1, CODE), "poll": recovers(ANY, CODE)},
    ),
    Way("refused by the realm", refuse, FAILED, FAILED, {"renewal": EXPIRED}),
]


def enter_code(client: Any, shared: SharedNetwork) -> Any:
    """Log in by a code, which is entered in a browser after a while."""
    assert shared.network
    show = enter(shared.network, "researcher", seconds=ENTERED)
    return client.authenticate(show=show, open_browser=False)


def _kind(name: str, title: str, endpoint: str, act: Callable[[Any, Any], Any]) -> Kind:
    return Kind(
        name,
        title,
        exactly(f"{OIDC}/{endpoint}"),
        act,
        lambda value, shared: value is None,
        is_safe=name == "poll",
    )


PEOPLE = [
    _kind("code", "`authenticate`, its code", "auth/device", enter_code),
    _kind("poll", "`authenticate`, while the code is entered", "token", enter_code),
    _kind("renewal", "`refresh_token`", "token", lambda client, shared: client.refresh_token()),
]
PROGRAMS = [
    _kind(
        "program",
        "`authenticate_service_account`",
        "token",
        lambda client, shared: client.authenticate_service_account(),
    )
]
REALM_KINDS = [*PEOPLE, *PROGRAMS]


@contextmanager
def shared_realm() -> Iterator[tuple[SharedRealm, SharedRealm]]:
    """Start a network of version 5; return it for people and for programs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_network, "Lifetimes", partial(Lifetimes, device=CODE, poll=1))
        with LocalNetwork(version="5.0.3", organizations=1) as network:
            client, account = network.client(), network.service_account
            ids = [row["id"] for row in client.organization.list(field="id")]
            person = partial(enter_code, shared=SharedRealm("", client, 0, ids, network))
            people = SharedRealm("", client, 0, ids, network, logins=(person,))
            secret = account.client_secret, account.username
            program = (
                lambda client: client.initialize_service_account(*secret),
                lambda client: client.authenticate_service_account(),
            )
            yield people, replace(people, logins=program)


def run_at_realm(lanes: int = 6) -> list[Found]:
    """Run all cases at the realm."""
    with shared_realm() as (people, programs), ThreadPoolExecutor() as pool:
        runs = [
            pool.submit(run_all, people, REALM_WAYS, PEOPLE, lanes),
            pool.submit(run_all, programs, REALM_WAYS, PROGRAMS, 2),
        ]
        return [one for run in runs for one in run.result()]
