"""The benchmark: `nox -s bench [-- SUBJECT …]` measures, prints tables, and writes them down.

`--against REVISION` also measures an earlier revision, and only prints.
"""

import importlib
import os
import platform
import re
import sys
from pathlib import Path

from harness import EARLIER, OFFICIAL_VERSION, table

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "benchmarks.md"
# In the order of the page: each is a module here, and a pair of marks there.
SUBJECTS = [
    "encryption",
    "large",
    "curves",
    "names",
    "waiting",
    "calls",
    "start",
    "hq",
    "hq_tasks",
    "localnet",
]


def section(subject: str) -> str:
    """Measure a subject, and write its section of the page."""
    print(f"{subject}: measuring …", file=sys.stderr, flush=True)
    module = importlib.import_module(subject)
    conditions = (
        f"`nox -s bench -- {subject}`, Python {platform.python_version()}, {os.cpu_count()} cores; "
        f"vantage6-client {OFFICIAL_VERSION}."
    )
    rows = []
    for row in module.rows():
        print("  " + " | ".join(row.cells()), file=sys.stderr, flush=True)
        rows.append(row)
    return f"## {module.TITLE}\n\n{module.__doc__}\n{conditions}\n\n{table(rows)}\n"


def write_down(subject: str, text: str) -> None:
    """Put a section between its marks on the page."""
    start, end = f"<!-- bench: {subject} -->\n", f"<!-- end: {subject} -->\n"
    between = re.compile(f"(?<={re.escape(start)}).*?(?={re.escape(end)})", re.DOTALL)
    page, found = between.subn(lambda _: text, PAGE.read_text())
    if found != 1:
        raise SystemExit(f"{PAGE.name} has no place for {subject}: add the lines\n{start}{end}")
    PAGE.write_text(page)


def main(chosen: list[str]) -> None:
    """Measure the chosen subjects, or all."""
    if unknown := set(chosen) - set(SUBJECTS):
        raise SystemExit(f"no subject {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    for subject in chosen or SUBJECTS:
        text = section(subject)
        print(text, flush=True)
        if not EARLIER:
            write_down(subject, text)


main(sys.argv[1:])
