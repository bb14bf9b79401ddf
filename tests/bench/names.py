"""Tasks whose collaboration and organizations are given by name, on a local network.

Requests are counted for one `task.create`, to three organizations. The official client does not
support names: there, a script lists collaborations and organizations and picks the identifiers.
"""

from collections.abc import Iterator

from harness import Row, measure

from vantage6.localnet import LocalNetwork

TITLE = "Names"
MANY = 5000


def rows() -> Iterator[Row]:
    find = measure("names", "ours_find", repeats=2000, count=MANY)
    yield Row(f"find one name among {MANY:,}", find.seconds * 1000, unit="ms", at_most=5)
    learn = measure("names", "ours_learn", count=MANY)
    yield Row(f"learn {MANY:,} names", learn.seconds * 1000, unit="ms")
    with LocalNetwork(organizations=3) as network:
        user = network.users["researcher"]
        login = {"port": network.port, "username": user.username, "password": user.password}
        ids, first, later = (
            int(str(measure("names", "ours_requests", repeats=0, how=how, **login).value))
            for how in ("ids", "first", "later")
        )
        theirs = measure("names", "official_requests", repeats=0, official=True, **login)
    yield Row("requests with identifiers", ids, unit="")
    yield Row(
        "requests with names, the first time",
        first,
        float(str(theirs.value)),
        unit="",
        at_most=ids + 2,  # a listing for each of two kinds
    )
    yield Row("requests with names, afterwards", later, unit="", at_most=ids)
