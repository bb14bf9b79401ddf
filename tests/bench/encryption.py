"""100 MiB of JSON, converted to and from the format in which an encrypted input or result is sent.

The bare primitives are AES-256-CTR of `cryptography` and base64 of `pybase64`, which uses SIMD and
which our client also uses if the extra `fast` is installed. The candidates take turns, and a
duration is the median of their turns: in wall time, and in CPU time alone, which other programs
disturb less. Memory is the increase of a process's peak; the bare value is the size of the output
alone. The tasks go to 20 organizations of an encrypted collaboration on a local network, with a
small input; the nodes are offline.
"""

import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from harness import CANDIDATES, MIB, Contestant, Row, race

from vantage6.localnet import LocalNetwork

TITLE = "Encryption"
SIZE = 100 * MIB
TEXT_SIZE = SIZE / 3 * 4
ORGANIZATIONS = 20
ROUNDS = 9


def rows() -> Iterator[Row]:
    for what, output, faster in ("encrypt", TEXT_SIZE, None), ("decrypt", SIZE, 3.0):
        yield from messages(what, output, faster)
    yield from tasks()


def messages(what: str, output: float, faster: float | None) -> Iterator[Row]:
    with ExitStack() as stack:

        def enter(who: str, **more: object) -> Contestant:
            function = f"{'ours' if who == 'earlier' else who}_{what}"
            return stack.enter_context(
                Contestant("encryption", function, who=who, size=SIZE, **more)
            )

        contestants = {who: enter(who) for who in (*CANDIDATES, "bare")}
        contestants["plain"] = enter("ours", fast=False)
        found = race(ROUNDS, [each.turn for each in contestants.values()])
        memory = {who: contestants[who].memory / MIB for who in CANDIDATES}
    clock, busy = (
        {
            who: statistics.median(turn[which] for turn in turns)
            for who, turns in zip(contestants, found, strict=True)
        }
        for which in (0, 1)
    )
    plain, _ = clock.pop("plain"), busy.pop("plain")
    for name, seconds in (f"{what}, wall time", clock), (f"{what}, CPU time", busy):
        yield Row(name, **seconds, at_most_bare=1.3, less_than_official=faster)
    yield Row(f"{what}, without pybase64, wall time", plain, clock["official"], clock["bare"])
    yield Row(f"{what}: extra memory", **memory, bare=output / MIB, unit="MiB", at_most_bare=1.6)


def tasks() -> Iterator[Row]:
    with LocalNetwork(organizations=ORGANIZATIONS, encrypted=True) as network:
        for organization in network.organizations:
            network.disconnect_node(organization.id)  # what runs there takes the processor
        user = network.users["researcher"]
        key = network.private_keys[network.client().whoami.organization_id]
        arguments = {
            "port": network.port,
            "username": user.username,
            "password": user.password,
            "key": str(key),
            "organizations": [organization.id for organization in network.organizations],
        }
        functions = {
            who: f"{'official' if who == 'official' else 'ours'}_task" for who in CANDIDATES
        }
        with ExitStack() as stack:
            contestants = {
                who: stack.enter_context(Contestant("encryption", function, who=who, **arguments))
                for who, function in functions.items()
            }
            turns = race(ROUNDS, [each.turn for each in contestants.values()])
    requests = {who: float(str(each.value)) for who, each in contestants.items()}
    seconds = {
        who: statistics.median(wall for wall, _ in each)
        for who, each in zip(contestants, turns, strict=True)
    }
    what = f"a task to {ORGANIZATIONS} organizations"
    yield Row(f"{what}: requests", **requests, unit="", at_most=4)
    yield Row(what, **seconds)
