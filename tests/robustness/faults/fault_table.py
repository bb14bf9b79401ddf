"""Write the outcomes of all cases as a table into docs/faults.md."""

import re
from collections.abc import Iterable

from tests.support.paths import ROOT

from .cases import ANY, KINDS, RECOVERED, STORE_KINDS, WRONG, Kind
from .realm import REALM_KINDS
from .runner import Found

PAGE = ROOT / "docs" / "faults.md"
START, END = "<!-- faults: table -->\n", "<!-- end: table -->\n"
BETWEEN = re.compile(f"(?<={re.escape(START)}).*?(?={re.escape(END)})", re.DOTALL)


def tables(found: Iterable[Found]) -> str:
    """Write what was found as tables: of the server's own things, of its stores, and of a realm."""
    found = list(found)
    return "\n".join(_table(found, kinds) for kinds in (KINDS, STORE_KINDS, REALM_KINDS))


def _table(found: Iterable[Found], kinds: list[Kind]) -> str:
    """Write what was found of some exchanges: a line for each way to break things.

    Where the two clients differ, both are told.
    """
    cells: dict[str, dict[str, list[str]]] = {}
    for one in (one for one in found if one.kind in kinds):
        forms = cells.setdefault(one.way.name, {}).setdefault(one.kind.name, [])
        if (cell := _cell(one)) not in forms:
            forms.append(cell)
    heads = ["", *(kind.title for kind in kinds)]
    lines = [heads, ["---"] * len(heads)]
    for way, of_kinds in cells.items():
        lines.append([way, *("; ".join(of_kinds[kind.name]) for kind in kinds)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(one: Found) -> str:
    outcome = one.outcome if one.outcome in (RECOVERED, WRONG) else f"`{one.outcome}`"
    tries = f", {one.requests} tries" if one.requests > 1 and one.expected.requests != ANY else ""
    return f"{outcome}{tries}, < {one.expected.seconds:g} s"


def written() -> str:
    """Return the table that stands on the page."""
    match = BETWEEN.search(PAGE.read_text())
    return match[0] if match else ""


def write_down(text: str) -> None:
    """Write a table into the page."""
    PAGE.write_text(BETWEEN.sub(lambda _: text, PAGE.read_text()))
