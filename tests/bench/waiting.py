"""Jobs of three organizations: from the end of the last run to the return of `wait_for_results`.

The end is what the node says of itself, before it sends the result: what the server takes to store
that is in these times. Both clients wait at the same time, each for a job of its own. Requests are
those of the wait, processor time the share of one processor while it lasts.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from harness import Row, measure

from vantage6.localnet import LocalNetwork

TITLE = "Waiting"
SECONDS = (5, 30, 120)


def rows() -> Iterator[Row]:
    with LocalNetwork(organizations=3) as network, ThreadPoolExecutor() as pool:
        user = network.users["researcher"]
        login = {"port": network.port, "username": user.username, "password": user.password}

        def wait(function: str, seconds: int) -> dict[str, float]:
            found = measure(
                "waiting",
                function,
                repeats=0,
                official=function == "official",
                seconds=seconds,
                **login,
            )
            assert isinstance(found.value, dict)
            return found.value

        for seconds in SECONDS:
            both = [pool.submit(wait, function, seconds) for function in ("ours", "official")]
            ours, theirs = (job.result() for job in both)
            yield Row(f"{seconds} s: late by", ours["late"], theirs["late"], at_most=0.2)
            limit = 3 + seconds // 60
            yield Row(
                f"{seconds} s: requests",
                ours["requests"],
                theirs["requests"],
                unit="",
                at_most=limit,
            )
            yield Row(
                f"{seconds} s: processor",
                100 * ours["cpu"],
                100 * theirs["cpu"],
                unit="%",
                at_most=1,
            )
