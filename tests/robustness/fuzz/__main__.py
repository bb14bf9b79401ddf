"""The fuzzer: `nox -s fuzz [-- SECONDS [TARGET …]]` gives each target so long, by default 20.

What it finds is printed as bytes: add them to `SEEDS`, where the unit tests try them ever after.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["vantage6.client"]):
    from tests.robustness.fuzz.targets import TARGETS

from tests.robustness.fuzz.seeds import SEEDS

SECONDS = 20


def fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Try one target; libFuzzer ends the process."""
    for number, seed in enumerate(SEEDS[name]):
        (corpus / str(number)).write_bytes(seed)
    limits = [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={corpus}/", str(corpus)], TARGETS[name])
    atheris.Fuzz()


def main(seconds: int, names: list[str]) -> int:
    """Try targets one after the other, each in a process of its own."""
    failed: list[str] = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", __package__, "--one", name, str(seconds), folder]
            )
            if done.returncode:
                failed.append(name)
                for found in Path(folder).glob("*-*"):
                    print(f"{name}: {found.read_bytes()!r}")
        print(f"{name}: {'FAILED' if name in failed else 'nothing found'}", flush=True)
    return len(failed)


if sys.argv[1:2] == ["--one"]:
    fuzz(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
else:
    sys.exit(main(int((sys.argv[1:2] or [SECONDS])[0]), sys.argv[2:] or list(TARGETS)))
