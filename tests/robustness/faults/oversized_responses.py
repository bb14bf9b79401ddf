"""Runs the cases with too much in an answer, in a process of its own, and tells its memory.

    python -m tests.robustness.faults.oversized_responses PORT PASSWORD FORM

Prints a line of JSON for each case: what was found, and by how many bytes the peak of the process
has risen.
"""

import json
import resource
import sys

from vantage6.client import Client

from .breaking_proxy import breaking_proxy
from .cases import FLOODS, KINDS, packed_zeros
from .runner import AsyncLane, Lane
from .shared_network import SharedNetwork


def peak() -> int:
    """Return the most memory that this process has had so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(port: int, password: str, form: str) -> None:
    """Run the cases."""
    make = {"sync": Lane, "async": AsyncLane}[form]
    direct = Client("http://127.0.0.1", port, log_level=None)
    direct.authenticate("root", password)
    ids = [row["id"] for row in direct.organization.list(field="id")]
    shared = SharedNetwork(password, direct, 1, ids)
    with breaking_proxy(port) as proxy, direct:
        lane = make(shared, proxy)
        packed_zeros()
        for way in FLOODS:
            for kind in KINDS:
                before = peak()
                found = lane.run(way, kind)
                facts = {**vars(found), "way": way.name, "kind": kind.name}
                print(json.dumps({**facts, "rise": peak() - before}), flush=True)
        lane.close()


main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
