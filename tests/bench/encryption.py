"""100 MiB of JSON, to and from the form in which an encrypted input or result travels.

The bare primitives are AES-256-CTR of `cryptography` and base64 of `pybase64`, which uses SIMD.
Memory is what a process's peak rises by; its bare value is the size of the output alone.
"""

from collections.abc import Iterator

from harness import MIB, Row, measure

TITLE = "Encryption"
SIZE = 100 * MIB
TEXT_SIZE = SIZE / 3 * 4


def rows() -> Iterator[Row]:
    for what, output, faster in ("encrypt", TEXT_SIZE, None), ("decrypt", SIZE, 3.0):
        ours = measure("encryption", f"ours_{what}", size=SIZE)
        bare = measure("encryption", f"bare_{what}", size=SIZE)
        theirs = measure("encryption", f"official_{what}", size=SIZE, official=True)
        yield Row(
            what,
            ours.seconds,
            theirs.seconds,
            bare.seconds,
            at_most_bare=1.3,
            less_than_official=faster,
        )
        yield Row(
            f"{what}: extra memory",
            ours.memory / MIB,
            theirs.memory / MIB,
            output / MIB,
            unit="MiB",
            at_most_bare=1.6,
        )
