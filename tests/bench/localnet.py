"""From nothing, and from what is installed already, to a network that computes.

The first line is that of the README without the installation of this package: the demo, with empty
caches of this package, uv and pip. The start is that of three organizations until all nodes are
online, the fastest of three.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from harness import EARLIER, Row, surroundings

TITLE = "The local network"
ROUNDS = 3
START = """
import sys, time
from vantage6.localnet import LocalNetwork
began = time.monotonic()
with LocalNetwork(version=sys.argv[1]) as network:
    print(time.monotonic() - began)
"""


def rows() -> Iterator[Row]:
    """Measure the first line and the start of both generations."""
    for version, line, start in (("4.15.2", None, None), ("5.0.3", 60, 15)):
        # Earlier revisions have no network of version 5.
        earlier = EARLIER is not None and version.startswith("4.")
        yield Row(
            f"first line, {version}",
            ours=first_line("ours", version),
            earlier=first_line("earlier", version) if earlier else None,
            at_most=line,
        )
        yield Row(
            f"start, {version}",
            ours=start_of("ours", version),
            earlier=start_of("earlier", version) if earlier else None,
            at_most=start,
        )


def first_line(who: str, version: str) -> float:
    """Return the seconds of the demo with empty caches."""
    with tempfile.TemporaryDirectory() as folder:
        caches = {
            "VANTAGE6_LOCALNET_CACHE": f"{folder}/localnet",
            "UV_CACHE_DIR": f"{folder}/uv",
            "PIP_NO_CACHE_DIR": "1",
        }
        proxies = {name: os.environ[name] for name in os.environ if "_proxy" in name.lower()}
        command = [sys.executable, "-m", "vantage6.localnet", "demo", "--version", version]
        began = time.monotonic()
        env = {**surroundings(who), **proxies, **caches}
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began


def start_of(who: str, version: str) -> float:
    """Return the seconds of a start of what is installed."""
    command = [sys.executable, "-c", START, version]
    return min(
        float(
            subprocess.run(
                command, env=surroundings(who), check=True, stdout=subprocess.PIPE
            ).stdout
        )
        for _ in range(ROUNDS)
    )
