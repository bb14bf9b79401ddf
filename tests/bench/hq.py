"""Logins and calls at HQ 5.0.3, on a local network with the stand-in for its Keycloak.

Bare is an `httpx.Client` that sends the same requests: the secret of a service account to the
realm, then `user/me` and the user's organization, as each login does, and the organizations. Both
begin without a connection. The candidates take turns, and a number is the median of their turns.
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
        for what, function, count in (
            ("login to first response", "login", 1),
            ("an organization", "call", CALLS),
            ("HQ's version", "version", CALLS),
        ):
            found = compare(function, login, count=count)
            yield Row(what, **{who: each / count for who, each in found.items()}, at_most_bare=1.15)


def compare(function: str, login: dict[str, object], **more: object) -> dict[str, float]:
    """Let both take turns; return medians."""
    with ExitStack() as stack:
        contestants = {
            who: stack.enter_context(Contestant("hq", f"{who}_{function}", **more, **login))
            for who in ("ours", "bare")
        }
        found = race(25, [lambda each=each: each.turn()[0] for each in contestants.values()])
    return dict(zip(contestants, map(statistics.median, found), strict=True))
