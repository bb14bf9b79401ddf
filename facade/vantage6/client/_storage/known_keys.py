"""The file of known public keys and encryption settings, one line each.

The server hands out the public keys that inputs are encrypted with, and says which collaborations
are encrypted. It could lie about both. So what it said first is remembered, a line each, in a text
file that people can read and edit::

    https://server.example/api organization 3 SHA256:hVDV… Maastro
    https://server.example/api collaboration 1 encrypted demo

The name at the end is for people, and shows when a known name turns up under another identifier.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from ..errors import ConfigurationError

Kind: TypeAlias = Literal["organization", "collaboration"]
ENCRYPTED: Final = "encrypted"
PLAIN: Final = "plain"
HEADER = """\
# Public keys of organizations, and whether collaborations are encrypted, as vantage6 servers first
# said. Lines can be edited or removed; what is removed is learned anew.
"""
SHAPES = {
    "organization": "SERVER organization ID SHA256:FINGERPRINT NAME",
    "collaboration": f"SERVER collaboration ID {ENCRYPTED} (or {PLAIN}) NAME",
}


@dataclass(frozen=True)
class Pin:
    """What is known of one organization or collaboration."""

    kind: Kind
    id_: int
    value: str
    name: str

    def __post_init__(self) -> None:
        # The server chose the name: it must not become more than the end of a line.
        tidy = "".join(c if c.isprintable() else " " for c in self.name)
        object.__setattr__(self, "name", " ".join(tidy.split()))


Known: TypeAlias = Mapping["tuple[Kind, int]", Pin]


# ---- the file ------------------------------------------------------------------------------------


def parse_known(text: str, server: str, source: str) -> Known:
    """Read what is known of a server."""
    known: dict[tuple[Kind, int], Pin] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        of_server, pin = _parse(line, f"{source}, line {number}")
        if of_server != server:
            continue
        place = (pin.kind, pin.id_)
        if place in known and known[place].value != pin.value:
            raise ConfigurationError(
                f"{source}, line {number}: another line says otherwise of {pin.kind} {pin.id_}: "
                "remove the wrong one"
            )
        known[place] = pin
    return known


def update_text(text: str, server: str, pins: Iterable[Pin]) -> str:
    """Return the text of the file with these pins in it, and everything else unchanged."""
    left = {(server, pin.kind, str(pin.id_)): pin for pin in pins}
    lines: list[str] = []
    for line in (text or HEADER).splitlines():
        words = line.split(maxsplit=3)
        pin = left.pop((words[0], cast("Kind", words[1]), words[2]), None) if words[3:] else None
        lines.append(_line(server, pin) if pin else line)
    lines += (_line(server, pin) for pin in left.values())
    return "".join(f"{line}\n" for line in lines)


def _line(server: str, pin: Pin) -> str:
    return f"{server} {pin.kind} {pin.id_} {pin.value} {pin.name}".rstrip()


def _parse(line: str, place: str) -> tuple[str, Pin]:
    words = line.split(maxsplit=4)
    shape = SHAPES.get(words[1]) if len(words) > 3 else None
    if shape is None or not words[2].isdecimal() or not _is_value(words[1], words[3]):
        wanted = shape or f"{SHAPES['organization']}, or {SHAPES['collaboration']}"
        raise ConfigurationError(f"{place}: this is not {wanted}; mend or remove the line")
    return words[0], Pin(cast("Kind", words[1]), int(words[2]), words[3], "".join(words[4:]))


def _is_value(kind: str, value: str) -> bool:
    if kind == "organization":
        return value.startswith("SHA256:")
    return value in (ENCRYPTED, PLAIN)
