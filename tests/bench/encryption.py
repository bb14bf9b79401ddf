"""100 MiB of JSON, to and from the form in which an encrypted input or result travels.

The bare primitives are AES-256-CTR of `cryptography` and base64 of `pybase64`, which uses SIMD and
which ours uses too where the extra `fast` is installed. Durations of messages are processor time:
all three keep one core busy. Memory is what a process's peak rises by; its bare value is the size
of the output alone. The tasks go to 20 organizations of an encrypted collaboration on a local
network, with a small input.
"""

from collections.abc import Iterator

from harness import MIB, Row, measure

from vantage6.localnet import LocalNetwork

TITLE = "Encryption"
SIZE = 100 * MIB
TEXT_SIZE = SIZE / 3 * 4
ORGANIZATIONS = 20


def rows() -> Iterator[Row]:
    for what, output, faster in ("encrypt", TEXT_SIZE, None), ("decrypt", SIZE, 3.0):
        yield from messages(what, output, faster)
    yield from tasks()


def messages(what: str, output: float, faster: float | None) -> Iterator[Row]:
    ours = measure("encryption", f"ours_{what}", size=SIZE)
    bare = measure("encryption", f"bare_{what}", size=SIZE)
    theirs = measure("encryption", f"official_{what}", size=SIZE, official=True)
    yield Row(
        what,
        ours.busy,
        theirs.busy,
        bare.busy,
        at_most_bare=1.3,
        less_than_official=faster,
    )
    plain = measure("encryption", f"ours_{what}", size=SIZE, fast=False)
    yield Row(f"{what}, without pybase64", plain.busy, theirs.busy, bare.busy)
    yield Row(
        f"{what}: extra memory",
        ours.memory / MIB,
        theirs.memory / MIB,
        output / MIB,
        unit="MiB",
        at_most_bare=1.6,
    )


def tasks() -> Iterator[Row]:
    with LocalNetwork(organizations=ORGANIZATIONS, encrypted=True) as network:
        user = network.users["researcher"]
        key = network.private_keys[network.client().whoami.organization_id]
        arguments = {
            "port": network.port,
            "username": user.username,
            "password": user.password,
            "key": str(key),
            "organizations": [organization.id for organization in network.organizations],
        }
        ours = measure("encryption", "ours_task", repeats=3, **arguments)
        theirs = measure("encryption", "official_task", repeats=3, official=True, **arguments)
    requests = [float(str(each.value)) for each in (ours, theirs)]
    what = f"a task to {ORGANIZATIONS} organizations"
    yield Row(f"{what}: requests", *requests, unit="", at_most=4)
    yield Row(what, ours.seconds, theirs.seconds)
