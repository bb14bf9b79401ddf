"""Tasks whose collaboration and organizations are given by name, on a local network.

Requests are counted for one `task.create`, to three organizations. The official client does not
support names: there, a script lists collaborations and organizations and picks the identifiers.
"""

from collections.abc import Iterator

from harness import EARLIER, Row, measure

from vantage6.localnet import LocalNetwork

TITLE = "Names"
MANY = 5000


def rows() -> Iterator[Row]:
    ours = ["ours", *(["earlier"] if EARLIER else [])]
    for what, function, repeats, limit in (
        ("find one name among", "ours_find", 2000, 5),
        ("learn", "ours_learn", 25, None),
    ):
        found = {
            who: measure("names", function, who=who, repeats=repeats, count=MANY).seconds * 1000
            for who in ours
        }
        many = f"{MANY:,}" + " names" * (what == "learn")
        yield Row(f"{what} {many}", **found, unit="ms", at_most=limit)
    with LocalNetwork(organizations=3) as network:
        user = network.users["researcher"]
        login = {"port": network.port, "username": user.username, "password": user.password}
        ids, first, later = (
            {
                who: int(
                    str(
                        measure(
                            "names", "ours_requests", who=who, repeats=0, how=how, **login
                        ).value
                    )
                )
                for who in ours
            }
            for how in ("ids", "first", "later")
        )
        theirs = measure("names", "official_requests", who="official", repeats=0, **login)
    yield Row("requests with identifiers", **ids, unit="")
    yield Row(
        "requests with names, the first time",
        **first,
        official=float(str(theirs.value)),
        unit="",
        at_most=ids["ours"] + 2,  # a listing for each of two kinds
    )
    yield Row("requests with names, afterwards", **later, unit="", at_most=ids["ours"])
