"""Logins and calls at HQ 5.0.3, on a local network with the stand-in for its Keycloak.

Bare is an `httpx.Client` that sends the same requests: the secret of a service account to the
realm, then `user/me` and the user's organization, as each login does, and the organizations. Both
begin without a connection. The candidates take turns, and a number is the median of their turns.
HQ returns its version in a millisecond or two: without TLS and without a distance, that row is the
time of the clients themselves, and has no limit.
"""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from harness import Contestant, Row, race

from vantage6.localnet import LocalNetwork

TITLE = "HQ"
CALLS = 20  # in a turn


def rows() -> Iterator[Row]:
    with LocalNetwork(version="5.0.3", organizations=3) as network:
        account = network.service_account
        assert account
        login = {
            "url": network.url,
            "auth_url": network.auth_url,
            "username": account.username,
            "secret": account.client_secret,
        }
        for what, function, count, limit in (
            ("login to first response", "login", 1, 1.15),
            ("an organization", "call", CALLS, 1.15),
            ("HQ's version", "version", CALLS, None),
        ):
            found = compare(function, login, count=count)
            seconds = {who: each / count for who, each in found.items()}
            yield Row(what, **seconds, at_most_bare=limit)


def compare(function: str, login: dict[str, object], **more: object) -> dict[str, float]:
    """Let both take turns; return medians."""
    with ExitStack() as stack:
        contestants = {
            who: stack.enter_context(Contestant("hq", f"{who}_{function}", **more, **login))
            for who in ("ours", "bare")
        }
        found = race(25, [lambda each=each: each.turn()[0] for each in contestants.values()])
    return dict(zip(contestants, map(statistics.median, found), strict=True))
