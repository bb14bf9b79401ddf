"""The file of known public keys, encryption settings and stores, one line each.

The server supplies the public keys that inputs are encrypted with, and reports which collaborations
are encrypted. It could lie about both. The client therefore stores the first values that it
receives in a text file that people can read and edit::

    https://server.example/api organization 3 SHA256:hVDV… Maastro
    https://server.example/api collaboration 1 encrypted demo

HQ also names the algorithm stores, which receive your login: the origin of each is known, too::

    https://hq.example/hq store 1 https://store.example Central store

The name at the end reveals a known name under another identifier. After a change of name, there is
a line for each name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, cast

from .._utils.text import fold_name
from ..errors import ConfigurationError

Kind: TypeAlias = Literal["organization", "collaboration", "store"]
ENCRYPTED: Final = "encrypted"
PLAIN: Final = "plain"
HEADER = """\
# Public keys of organizations, whether collaborations are encrypted, and addresses of algorithm
# stores, as vantage6 servers first reported. You can edit or remove lines; the client learns a
# removed value again.
"""
SHAPES = {
    "organization": "SERVER organization ID SHA256:FINGERPRINT NAME",
    "collaboration": f"SERVER collaboration ID {ENCRYPTED} (or {PLAIN}) NAME",
    "store": "SERVER store ID https://HOST NAME",
}


@dataclass(frozen=True)
class Pin:
    """The known value of one organization, collaboration or store."""

    kind: Kind
    id_: int
    value: str
    name: str
    # The form in which names are compared, here as in `Directory`.
    folded_name: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The server chose the name; it must not add lines to the file.
        printable = "".join(c if c.isprintable() else " " for c in self.name)
        object.__setattr__(self, "name", " ".join(printable.split()))
        object.__setattr__(self, "folded_name", fold_name(self.name))

    @property
    def key(self) -> tuple[Kind, int]:
        """What the value belongs to."""
        return self.kind, self.id_


Known: TypeAlias = Sequence[Pin]


# ---- the file ------------------------------------------------------------------------------------


def parse_known(text: str, server: str, source: str) -> Known:
    """Parse the lines of one server."""
    known: list[Pin] = []
    values: dict[tuple[Kind, int], str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        line_server, pin = _parse(line, f"{source}, line {number}")
        if line_server != server:
            continue
        if values.setdefault(pin.key, pin.value) != pin.value:
            raise ConfigurationError(
                f"{source}, line {number}: another line has a different value for {pin.kind} "
                f"{pin.id_}. Remove the wrong line."
            )
        known.append(pin)
    return known


def server_with(text: str, pin: Pin, source: str, besides: str) -> str | None:
    """Return another server where an organization of the same name is known with the same key."""
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            server, other = _parse(line, f"{source}, line {number}")
            same_name = pin.name and other.folded_name == pin.folded_name
            if (
                server != besides
                and same_name
                and (other.kind, other.value) == (pin.kind, pin.value)
            ):
                return server
    return None


def update_text(text: str, server: str, pins: Iterable[Pin]) -> str:
    """Return the text of the file with these pins, and everything else unchanged."""
    # Earlier names stay known: the names of an organization must not become free for another one.
    pending = {(server, pin.kind, str(pin.id_)): pin for pin in pins}
    named: set[Pin] = set()
    lines: list[str] = []
    for line in (text or HEADER).splitlines():
        parts = line.split(maxsplit=4)
        pin = pending.get((parts[0], cast("Kind", parts[1]), parts[2])) if parts[3:] else None
        if pin:
            written = replace(pin, name="".join(parts[4:]))
            if written.folded_name == pin.folded_name:
                named.add(pin)
            line = line if written.value == parts[3] else _line(server, written)
        lines.append(line)
    lines += (_line(server, pin) for pin in pending.values() if pin not in named)
    return "".join(f"{line}\n" for line in lines)


def _line(server: str, pin: Pin) -> str:
    return f"{server} {pin.kind} {pin.id_} {pin.value} {pin.name}".rstrip()


def _parse(line: str, location: str) -> tuple[str, Pin]:
    parts = line.split(maxsplit=4)
    shape = SHAPES.get(parts[1]) if len(parts) > 3 else None
    if shape is None or not parts[2].isdecimal() or not _is_value(parts[1], parts[3]):
        expected = shape or ", or ".join(SHAPES.values())
        raise ConfigurationError(
            f"{location}: expected {expected}, got another format. Correct or remove the line."
        )
    return parts[0], Pin(cast("Kind", parts[1]), int(parts[2]), parts[3], "".join(parts[4:]))


def _is_value(kind: str, value: str) -> bool:
    if kind == "organization":
        return value.startswith("SHA256:")
    if kind == "store":
        return "://" in value
    return value in (ENCRYPTED, PLAIN)
