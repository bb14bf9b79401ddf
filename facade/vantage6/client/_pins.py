"""What is known of the organizations on a server, and whether to go by what it says now (pure).

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
from typing import Final, Literal, TypeAlias, cast, get_args
from urllib.parse import quote, urlsplit

from .errors import ConfigurationError, NotEncryptedError, PublicKeyChangedError, UntrustedKeyError

TrustMode: TypeAlias = Literal["first-use", "strict", "off"]
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
OWN_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Pin:
    """What is known of one organization or collaboration.

    Attributes
    ----------
    kind : {"organization", "collaboration"}
        What it is about.
    id_ : int
        Its identifier on the server.
    value : str
        The fingerprint of the organization's public key; whether the collaboration is encrypted.
    name : str
        What it was called.
    """

    kind: Kind
    id_: int
    value: str
    name: str

    def __post_init__(self) -> None:
        # The server chose the name: it must not become more than the end of a line.
        tidy = "".join(c if c.isprintable() else " " for c in self.name)
        object.__setattr__(self, "name", " ".join(tidy.split()))


Known: TypeAlias = Mapping["tuple[Kind, int]", Pin]


def trust_mode(trust: str) -> TrustMode:
    """Check how far a client is to go by what the server says.

    Parameters
    ----------
    trust : str
        What the caller gave.

    Returns
    -------
    {"first-use", "strict", "off"}
        The same.

    Raises
    ------
    ConfigurationError
        When it is something else.
    """
    if trust not in get_args(TrustMode):
        modes = ", ".join(map(repr, get_args(TrustMode)))
        raise ConfigurationError(f"trust must be one of {modes}, not {trust!r}")
    return cast("TrustMode", trust)


def server_name(url: str) -> str:
    """Give the name of a server in the file: its address, written in one way only.

    Parameters
    ----------
    url : str
        The address of its API.

    Returns
    -------
    str
        The address without the scheme's own port, and without spaces.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port and parts.port != OWN_PORTS.get(parts.scheme) else ""
    return quote(f"{parts.scheme}://{host}{port}{parts.path}", safe=":/[]%")


# ---- the file ------------------------------------------------------------------------------------


def read(text: str, server: str, source: str) -> Known:
    """Read what is known of a server.

    Parameters
    ----------
    text : str
        The text of the file.
    server : str
        The server's name in it.
    source : str
        The file, for the message of an error.

    Returns
    -------
    Mapping of (kind, int) to Pin
        What is known, by what it is about.

    Raises
    ------
    ConfigurationError
        When a line cannot be read, or contradicts another: what is unclear is not guessed.
    """
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


def write(text: str, server: str, pins: Iterable[Pin]) -> str:
    """Put what is known now into the text of the file, and leave everything else in it alone.

    Parameters
    ----------
    text : str
        The text so far.
    server : str
        The server's name in it.
    pins : iterable of Pin
        What is known now; each takes the place of what was known of the same thing.

    Returns
    -------
    str
        The new text.
    """
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


# ---- the decisions -------------------------------------------------------------------------------


def check_key(trust: TrustMode, known: Known, now: Pin) -> Pin | None:
    """Decide whether to encrypt with the public key that the server gives for an organization.

    Parameters
    ----------
    trust : {"first-use", "strict", "off"}
        How far to go by what the server says.
    known : Mapping of (kind, int) to Pin
        What is known of the server.
    now : Pin
        What the server says now.

    Returns
    -------
    Pin or None
        What is to be remembered before the key is used; None if nothing is.

    Raises
    ------
    PublicKeyChangedError
        When another key is known of the organization, or of one by its name.
    UntrustedKeyError
        When nothing is known, and that is not enough.
    """
    if trust == "off":
        return None
    before = known.get((now.kind, now.id_))
    if before and before.value == now.value:
        return None
    before = before or _namesake(known, now)
    who = f"organization {now.id_} ({now.name})"
    accept = (
        f"Ask them for the fingerprint of their key, by telephone say and not by way of the "
        f"server; if it is the new one, accept it with client.organization.trust({now.id_}, "
        f"{now.value!r})"
    )
    if before:
        was = "" if before.id_ == now.id_ else f", which was organization {before.id_} so far,"
        raise PublicKeyChangedError(
            f"the server gives another public key for {who}{was} than before: {now.value}, not "
            f"{before.value}. Nothing was sent. {accept}",
            organization_id=now.id_,
            known=before.value,
            server=now.value,
        )
    if trust == "strict":
        raise UntrustedKeyError(
            f"nobody has trusted the public key of {who} yet: {now.value}. Nothing was sent. "
            f"{accept}",
            organization_id=now.id_,
            server=now.value,
        )
    return now


def check_own_key(trust: TrustMode, own: Pin, now: Pin) -> None:
    """Decide whether results may be encrypted with what the server gives as the user's own key.

    Parameters
    ----------
    trust : {"first-use", "strict", "off"}
        How far to go by what the server says.
    own : Pin
        The organization of the user, with the key that the client was given.
    now : Pin
        What the server says now.

    Raises
    ------
    PublicKeyChangedError
        When it is another key.
    """
    if trust != "off" and now.value != own.value:
        raise PublicKeyChangedError(
            f"the server gives another public key for your own organization {now.id_} ({now.name}) "
            f"than that of the private key in use: {now.value}, not {own.value}. Results would be "
            "encrypted with it, so nothing was sent. If a colleague has replaced it, give "
            "setup_encryption() the new private key",
            organization_id=now.id_,
            known=own.value,
            server=now.value,
        )


def check_encryption(trust: TrustMode, known: Known, now: Pin) -> Pin | None:
    """Decide whether to go by what the server says of the encryption of a collaboration.

    Parameters
    ----------
    trust : {"first-use", "strict", "off"}
        How far to go by what the server says.
    known : Mapping of (kind, int) to Pin
        What is known of the server.
    now : Pin
        What the server says now.

    Returns
    -------
    Pin or None
        What is to be remembered before anything is sent; None if nothing is.

    Raises
    ------
    NotEncryptedError
        When the collaboration, or one by its name, is known as encrypted, or nothing is known and
        that is not enough.
    """
    if trust == "off":
        return None
    before = known.get((now.kind, now.id_))
    if now.value == ENCRYPTED:  # whatever was known, this is safe
        return None if before == now else now
    if before and before.value == PLAIN:
        return None
    what = f"collaboration {now.id_} ({now.name})"
    accept = (
        f"If that is right, accept it with client.collaboration.trust({now.id_}): the server can "
        "then read what you send"
    )
    if before or _namesake(known, now):
        raise NotEncryptedError(
            f"the server says that {what} is not encrypted, and it was before. Nothing was sent. "
            f"{accept}",
            collaboration_id=now.id_,
        )
    if trust == "strict":
        raise NotEncryptedError(
            f"the server says that {what} is not encrypted, and nobody has accepted that yet. "
            f"Nothing was sent. {accept}",
            collaboration_id=now.id_,
        )
    return None


def _namesake(known: Known, now: Pin) -> Pin | None:
    """Find what has the same name under another identifier, and is not the same otherwise."""
    for pin in known.values():
        if pin.kind == now.kind and pin.name == now.name != "" and pin.value != now.value:
            return pin
    return None
