"""What each subject of the benchmark uses: contestants in processes of their own, and a table.

A subject is a module beside this one with a `TITLE` and a function `rows()` that yields `Row`s.
Its contestants are functions in the file of the same name in `contestants/`; what such a function
returns is measured, see `probe.py`. Ours and the bare primitive run in this environment, the
official client in the local network's, where it is a part of what algorithms use. An earlier
revision of ours, `--against REVISION`, runs in this environment from a folder of its own.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from vantage6.localnet._environment import environment_python

OFFICIAL_VERSION = "4.15.2"
# The versions of the official client by contestant.
OFFICIAL = {"official": OFFICIAL_VERSION, "official-5": "5.0.3"}
HERE = Path(__file__).parent
MIB = 2**20
# The sources of an earlier revision of ours, to compare with.
EARLIER = Path(folder) if (folder := os.environ.get("VANTAGE6_BENCH_EARLIER")) else None
CANDIDATES = ["ours", "official", *(["earlier"] if EARLIER else [])]

T = TypeVar("T")


class Contestant:
    """A function in `contestants/<subject>.py`, in a process of its own, which runs it when told.

    Attributes
    ----------
    memory : float
        Extra bytes that its first run took.
    value : object
        What that returned.
    """

    def __init__(
        self, subject: str, function: str, *, who: str = "ours", **arguments: object
    ) -> None:
        file = Path("contestants", f"{subject}.py")
        bench = EARLIER / "tests" / "bench" if who == "earlier" and EARLIER else HERE
        bench = bench if (bench / file).exists() else HERE  # the subject may be newer
        self._name = f"{subject}.{function}"
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed on leaving
        self._process = subprocess.Popen(
            [python_of(who), bench / "probe.py", bench / file, function, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=surroundings(who),
        )
        self.memory, self.value = self._answer()

    def __enter__(self) -> "Contestant":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._errors.close()

    def turn(self) -> tuple[float, float]:
        """Run it once more; give the seconds that took, and those of processor time."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        seconds, busy = self._answer()
        return seconds, busy

    def _answer(self) -> list:
        line = self._process.stdout.readline()
        if not line:
            self._process.communicate()
            self._errors.seek(0)
            raise SystemExit(f"{self._name} failed:\n{self._errors.read()}")
        return json.loads(line)


def python_of(who: str) -> str:
    """Return the Python of a contestant."""
    return str(environment_python(OFFICIAL[who])) if who in OFFICIAL else sys.executable


def surroundings(who: str) -> dict[str, str]:
    """Return the environment variables for a contestant.

    No connection goes through a proxy, and what is imported is compiled but once, as for a user
    who installs the package.
    """
    kept = {name: value for name, value in os.environ.items() if "_proxy" not in name.lower()}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept.pop("PYTHONPATH", None)  # it may lead to ours
    if who == "earlier" and EARLIER:  # comes before the sources that are installed
        kept["PYTHONPATH"] = os.pathsep.join(
            str(EARLIER / part) for part in ("facade", "generated")
        )
    return kept


def value_of(subject: str, function: str, **arguments: Any) -> object:
    """Run a contestant once by itself, and return what its function returned."""
    with Contestant(subject, function, **arguments) as contestant:
        return contestant.value


@dataclass(frozen=True)
class Measured:
    """The median of a contestant's seconds; the memory and the value of its first run."""

    seconds: float
    memory: float
    value: object


def measure(
    subject: str,
    functions: Mapping[str, str],
    rounds: int,
    whose: Mapping[str, str] | None = None,
    **arguments: Any,
) -> dict[str, Measured]:
    """Let functions take turns, by default of who they are named for; each runs once before."""
    found = dict[str, Measured]()
    with ExitStack() as stack:
        contestants = {
            name: stack.enter_context(
                Contestant(subject, function, who=whose[name] if whose else name, **arguments)
            )
            for name, function in functions.items()
        }
        turns = race(rounds, [each.turn for each in contestants.values()])
        for (name, each), taken in zip(contestants.items(), turns, strict=True):
            seconds = statistics.median(wall for wall, _ in taken) if taken else math.nan
            found[name] = Measured(seconds, each.memory, each.value)
    return found


def race(rounds: int, turns: Iterable[Callable[[], T]]) -> list[list[T]]:
    """Let several take turns, round after round, so that none has the machine at a better time.

    What each turn gave is in the list of whose turn it was.
    """
    contestants = list(turns)
    found: list[list[T]] = [[] for _ in contestants]
    for number in range(rounds):
        # Nobody always comes after the same one.
        for index in range(len(contestants)):
            whose = (index + number) % len(contestants)
            found[whose].append(contestants[whose]())
    return found


@dataclass(frozen=True)
class Row:
    """A line of the table; numbers are in `unit`, and the limits stand beside what they limit."""

    what: str
    ours: float
    official: float | None = None
    bare: float | None = None
    earlier: float | None = None
    unit: str = "s"
    # Ours is to be ...
    at_most: float | None = None  # ... this, in the unit
    at_most_bare: float | None = None  # ... this many times the bare primitive
    less_than_official: float | None = None  # ... this many times less than the official's

    def cells(self) -> list[str]:
        """Give the cells of the line."""
        bare = self.ours / self.bare if self.bare else None
        official = self.official / self.ours if self.official and self.ours else None
        verdicts = [
            self.at_most is None or self.ours <= self.at_most,
            self.at_most_bare is None or (bare or math.inf) <= self.at_most_bare,
            self.less_than_official is None or (official or 0) >= self.less_than_official,
        ]
        limits = (self.at_most, self.at_most_bare, self.less_than_official)
        return [
            self.what,
            _limited(_number(self.ours, self.unit), "≤", self.at_most),
            _number(self.official, self.unit),
            _number(self.bare, self.unit),
            _limited(_number(bare, "x"), "≤", self.at_most_bare),
            _limited(_number(official, "x"), "≥", self.less_than_official),
            "" if limits == (None, None, None) else "holds" if all(verdicts) else "**missed**",
            *([_number(self.earlier, self.unit), _number(self._slower(), "x")] if EARLIER else []),
        ]

    def _slower(self) -> float | None:
        return self.ours / self.earlier if self.earlier else None


def _number(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "s" and value < 1:
        value, unit = value * 1000, "ms"
    return f"{value:.0f} {unit}".strip() if value >= 100 else f"{value:.3g} {unit}".strip()


def _limited(cell: str, sign: str, limit: float | None) -> str:
    return cell if limit is None else f"{cell} ({sign} {limit:g})"


HEADINGS = ["", "ours", "official", "bare", "ours / bare", "official / ours", ""]
if EARLIER:
    HEADINGS += ["earlier", "ours / earlier"]


def table(rows: Iterable[Row]) -> str:
    """Write the rows as a table in Markdown, its columns aligned for whoever reads it raw."""
    cells = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
