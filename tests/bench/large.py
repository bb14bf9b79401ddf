"""Inputs and results of many MiB for many organizations of an encrypted collaboration.

Sending is one `task.create`; receiving is one `result.from_task`, and saving one `result.save`.
Memory is the increase of a process's peak beyond what it held before, the user's own input
included. A task to 3 and to 10 organizations goes to a real server, on a local network without
nodes. A server that is built from the contract takes the place of a real one for 100 organizations
and for all results: it discards inputs, and its results are all the same. The bare primitives are
AES-256-CTR and base64, in one thread; to encrypt is to make the body of the request, without
sending it.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness import CANDIDATES, HERE, MIB, Row, measure

from vantage6.localnet import LocalNetwork

TITLE = "Large inputs and results"
INPUT, RESULT = 16 * MIB, 24 * MIB
OURS = [who for who in CANDIDATES if who != "official"]


@contextmanager
def stand_in(**facts: object) -> Iterator[int]:
    """Run the server that is built from the contract; yield its port."""
    command = [sys.executable, HERE / "stand_in.py", json.dumps(facts)]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.communicate()


def rows() -> Iterator[Row]:
    for organizations in (3, 10):
        with LocalNetwork(organizations=organizations, encrypted=True) as network:
            user = network.users["researcher"]
            login = {
                "port": network.port,
                "username": user.username,
                "password": user.password,
                "key": str(network.private_keys[network.client().whoami.organization_id]),
            }
            ids = [organization.id for organization in network.organizations]
            for id_ in ids:  # nodes would fetch and run the tasks meanwhile
                network.disconnect_node(id_)
            yield from sent(CANDIDATES, ids, login, 3)
    with TemporaryDirectory() as folder:
        key, public_key = written_key(Path(folder))
        who = {"username": "ada", "password": "secret", "key": key}
        with stand_in(organizations=100, public_key=public_key) as port:
            yield from sent(OURS, list(range(1, 101)), {"port": port, **who}, 1)
        for organizations, candidates in (4, CANDIDATES), (100, OURS):
            facts = {"organizations": organizations, "public_key": public_key, "result": RESULT}
            with stand_in(**facts) as port:
                yield from received(candidates, organizations, {"port": port, **who})
        with stand_in(organizations=1, public_key=public_key, result=20 * RESULT) as port:
            found = measure("large", dict.fromkeys(OURS, "ours_save"), 0, port=port, **who)
        memory = {each: one.memory / MIB for each, one in found.items()}
        yield Row(
            f"save a result of {20 * RESULT // MIB} MiB: extra memory",
            **memory,
            unit="MiB",
            at_most=32,
        )
    yield from encrypted()


def written_key(folder: Path) -> tuple[str, str]:
    """Write a private key; return its path and the public key."""
    from vantage6.client._encryption.key_files import write_private_key
    from vantage6.client._encryption.keys import (
        generate_private_key,
        private_key_to_pem,
        public_key_of,
    )

    key = generate_private_key()
    write_private_key(folder / "key.pem", private_key_to_pem(key))
    return str(folder / "key.pem"), public_key_of(key)


def named(candidates: list[str], what: str) -> dict[str, str]:
    """Return the functions of contestants."""
    return {who: f"{'official' if who == 'official' else 'ours'}_{what}" for who in candidates}


def sent(
    candidates: list[str], ids: list[int], login: dict[str, object], rounds: int
) -> Iterator[Row]:
    arguments = {"organizations": ids, "size": INPUT, **login}
    found = measure("large", named(candidates, "send"), rounds, **arguments)
    what = f"send {INPUT // MIB} MiB to {len(ids)} organizations"
    memory = {who: each.memory / MIB for who, each in found.items()}
    yield Row(f"{what}: extra memory", **memory, unit="MiB", at_most=48)
    faster = 1.25 if "official" in candidates else None
    yield Row(what, **{who: each.seconds for who, each in found.items()}, less_than_official=faster)


def received(candidates: list[str], organizations: int, login: dict[str, object]) -> Iterator[Row]:
    found = measure("large", named(candidates, "receive"), 2, **login)
    what = f"receive {RESULT // MIB} MiB from {organizations} organizations"
    decoded = organizations * RESULT / MIB
    memory = {who: each.memory / MIB for who, each in found.items()}
    yield Row(
        f"{what}: extra memory", **memory, bare=decoded, unit="MiB", at_most=1.3 * decoded + 16
    )
    yield Row(what, **{who: each.seconds for who, each in found.items()})


def encrypted() -> Iterator[Row]:
    functions = {who: f"{who}_encrypt" for who in ("ours", "bare")}
    found = measure("large", functions, 5, organizations=8, size=100 * MIB)
    seconds = {who: each.seconds for who, each in found.items()}
    what = "encrypt 100 MiB for 8 organizations"
    yield Row(what, **seconds, at_most_bare=0.6)
    yield Row(f"{what}: extra memory", found["ours"].memory / MIB, unit="MiB", at_most=48)
