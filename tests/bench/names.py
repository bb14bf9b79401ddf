"""Tasks whose collaboration and organizations are given by name, on a local network.

Requests are counted for one `task.create`, to three organizations. The official client does not
support names: there, a script lists collaborations and organizations and picks the identifiers.
"""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from harness import EARLIER, Contestant, Row, race, value_of

from vantage6.localnet import LocalNetwork

TITLE = "Names"
MANY = 5000


def rows() -> Iterator[Row]:
    ours = ["ours", *(["earlier"] if EARLIER else [])]
    for what, function, count, limit in (
        ("find one name among", "ours_find", 2000, 5),
        ("learn", "ours_learn", 25, None),
    ):
        with ExitStack() as stack:
            contestants = [
                stack.enter_context(Contestant("names", function, who=who, count=MANY))
                for who in ours
            ]
            seconds = race(count, [each.turn for each in contestants])
        found = {
            who: 1000 * statistics.median(wall for wall, _ in turns)
            for who, turns in zip(ours, seconds, strict=True)
        }
        many = f"{MANY:,}" + " names" * (what == "learn")
        yield Row(f"{what} {many}", **found, unit="ms", at_most=limit)
    with LocalNetwork(organizations=3) as network:
        user = network.users["researcher"]
        login = {"port": network.port, "username": user.username, "password": user.password}
        ids, first, later = (
            {
                who: int(str(value_of("names", "ours_requests", who=who, how=how, **login)))
                for who in ours
            }
            for how in ("ids", "first", "later")
        )
        theirs = value_of("names", "official_requests", who="official", **login)
    yield Row("requests with identifiers", **ids, unit="")
    yield Row(
        "requests with names, the first time",
        **first,
        official=float(str(theirs)),
        unit="",
        at_most=ids["ours"] + 2,  # a listing for each of two kinds
    )
    yield Row("requests with names, afterwards", **later, unit="", at_most=ids["ours"])
