"""Decide whether to trust the keys and encryption settings that a server reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args
from urllib.parse import urlsplit

from .._storage.files import atomic_write, file_lock, file_path, read_text
from .._storage.known_keys import (
    ENCRYPTED,
    PLAIN,
    Known,
    Pin,
    parse_known,
    server_with,
    update_text,
)
from .._utils.logging import LOGGER
from .._utils.urls import canonical_url
from ..errors import (
    ConfigurationError,
    InvalidKeyError,
    KeyMismatchError,
    NotEncryptedError,
    PublicKeyChangedError,
    UntrustedKeyError,
)

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import AlgorithmStore, Collaboration, Organization

    from .._rows.names import AnyRow
    from .._storage.known_keys import Kind

TrustMode: TypeAlias = Literal["first-use", "strict", "off"]


def trust_mode(trust: str, source: str = "trust") -> TrustMode:
    """Check a trust mode."""
    if trust not in get_args(TrustMode):
        modes = ", ".join(map(repr, get_args(TrustMode)))
        raise ConfigurationError(f"{source}: expected one of {modes}, got {trust!r}")
    return cast("TrustMode", trust)


def strictest(
    *given: TrustMode | None, environ: Mapping[str, str] = os.environ
) -> TrustMode | None:
    """Return the strictest of these trust modes and that of the environment; None without any."""
    variable = environ.get(TRUST_VARIABLE)
    modes = [*given, trust_mode(variable, TRUST_VARIABLE) if variable else None]
    return next((mode for mode in ("strict", "first-use", "off") if mode in modes), None)


# ---- decisions -----------------------------------------------------------------------------------


def check_key(
    trust: TrustMode, known: Known, current: Pin, elsewhere: str | None = None
) -> Pin | None:
    """Decide whether to encrypt with the server's key of an organization; return a new pin."""
    if trust == "off":
        return None
    pins = [pin for pin in known if pin.key == current.key]
    names = {pin.folded_name for pin in pins}
    if pins and pins[0].value != current.value:
        raise PublicKeyChangedError(
            f"{_subject(current)}: expected the known key {pins[0].value}, got {current.value} "
            f"from the server. {_hint(current)}",
            organization_id=current.id_,
            known=pins[0].value,
            server=current.value,
        )
    check_name(trust, known, current)
    if current.folded_name in names or (pins and not current.name):
        return None
    if trust == "strict" and "" not in names:  # a line without a name is of any name
        what = "name" if pins else "key"
        same = f" You know this key of {current.name} from {elsewhere}." if elsewhere else ""
        raise UntrustedKeyError(
            f"{_subject(current)}: expected an accepted {what}, got "
            f"{current.name if pins else current.value}, which has not been accepted yet. "
            f"{_hint(current)}{same}",
            organization_id=current.id_,
            server=current.value,
        )
    return current


def check_name(trust: TrustMode, known: Known, current: Pin) -> None:
    """Check that a name is not known as that of another organization or collaboration."""
    owner = _other_owner(known, current)
    if trust == "off" or owner is None:
        return
    if current.kind == "collaboration":
        raise NotEncryptedError(
            f"name {current.name!r}: expected collaboration {owner.id_}, which had this name "
            f"before and was encrypted, got collaboration {current.id_} from the server. Nothing "
            f"was sent. If this is correct, accept it with client.collaboration.trust({current.id_}"
            ").",
            collaboration_id=current.id_,
        )
    key = f" with the key {current.value}" if current.value else ""
    raise PublicKeyChangedError(
        f"name {current.name!r}: expected organization {owner.id_}, which had this name before and "
        f"the key {owner.value}, got organization {current.id_}{key} from the server. "
        f"{_hint(current)}",
        organization_id=current.id_,
        known=owner.value,
        server=current.value,
    )


def check_own_key(trust: TrustMode, own: Pin, current: Pin | None) -> None:
    """Check that the server's key of the user's organization belongs to the private key in use."""
    if trust != "off" and (current is None or current.value != own.value):
        server = current.value if current else ""
        raise PublicKeyChangedError(
            f"public key of your own organization {own.id_}: expected {own.value}, the key of the "
            f"private key in use, got {server or 'none'} from the server among the members of the "
            "collaboration. Results would be encrypted with the server's key, so nothing was sent. "
            "If a colleague has replaced the key, call setup_encryption() with the new private "
            "key.",
            organization_id=own.id_,
            known=own.value,
            server=server,
        )


def check_encryption(trust: TrustMode, known: Known, current: Pin) -> Pin | None:
    """Decide whether to believe the server about a collaboration's encryption; return a new pin."""
    if trust == "off":
        return None
    pins = [pin for pin in known if pin.key == current.key]
    if current.value == ENCRYPTED:  # safe, regardless of the known value
        check_name(trust, known, current)
        is_known = any(pin.value == ENCRYPTED and _has_name_of(pin, current) for pin in pins)
        return None if is_known else current
    owner = _other_owner(known, current)
    names = {pin.folded_name for pin in pins}
    if pins and pins[0].value == PLAIN and not owner:
        if trust != "strict" or names & {current.folded_name, ""}:  # "": a line without a name
            return None
        reason = "this has not been accepted for that name yet"
    elif pins or owner:
        reason = "it was encrypted before"
    elif trust == "strict":
        reason = "this has not been accepted yet"
    else:
        return None
    raise NotEncryptedError(
        f"collaboration {current.id_} ({current.name}): expected an encrypted collaboration, got "
        f"one that is not encrypted, according to the server; {reason}. Nothing was sent. If this "
        f"is correct, accept it with client.collaboration.trust({current.id_}); the server can "
        "then read what you send.",
        collaboration_id=current.id_,
    )


def check_store(trust: TrustMode, known: Known, current: Pin) -> Pin | None:
    """Decide whether to send the login to a store that the server names; return a new pin."""
    if trust == "off":
        return None
    value = next((pin.value for pin in known if pin.key == current.key), None)
    if value == current.value:
        return None
    owner = _other_owner(known, current)  # of the same name
    if value is None and owner and owner.value != current.value:
        value = owner.value
    if value is None and trust != "strict":
        return current
    raise ConfigurationError(
        f"algorithm store {current.id_} ({current.name}): expected "
        f"{value or 'an address that you have accepted'}, got {current.value} from the server. "
        "Your login was not sent there. If this is correct, accept it with "
        f"client.store.set({current.id_}, trust=True)."
    )


def _other_owner(known: Known, current: Pin) -> Pin | None:
    """Find a pin of the same name under another identifier, unless the name is known for both."""
    owners = [pin for pin in known if current.name and _has_name_of(pin, current)]
    if any(pin.id_ == current.id_ for pin in owners):
        return None
    return next((pin for pin in owners if pin.value != PLAIN), None)


def _has_name_of(pin: Pin, other: Pin) -> bool:
    return (pin.kind, pin.folded_name) == (other.kind, other.folded_name)


def _check_has_name(pin: Pin) -> None:
    """Refuse a value without a name, because its line would stand for any name."""
    if pin.folded_name:
        return
    message = (
        f"{pin.kind} {pin.id_}: expected a name, got none from the server. Nothing was sent or "
        "accepted."
    )
    if pin.kind == "collaboration":
        raise NotEncryptedError(message, collaboration_id=pin.id_)
    raise UntrustedKeyError(message, organization_id=pin.id_, server=pin.value)


def _subject(pin: Pin) -> str:
    return f"public key of organization {pin.id_} ({pin.name})"


def _hint(pin: Pin) -> str:
    return (
        "Nothing was sent. Ask the organization for the fingerprint of its key, for example by "
        "telephone, but not through the server. If it matches the server's key, accept it with "
        f"client.organization.trust({pin.id_}, {pin.value or 'fingerprint'!r})."
    )


TRUST_VARIABLE = "VANTAGE6_TRUST"
KNOWN_VARIABLE = "VANTAGE6_KNOWN_ORGANIZATIONS"


def fingerprint_of(row: Organization) -> str:
    """Return the fingerprint of an organization's public key."""
    from .keys import fingerprint

    owner = f"organization {row['id']} ({row.get('name')})"
    key = row.get("public_key")
    if not key:
        raise InvalidKeyError(f"{owner}: no public key on the server yet")
    try:
        return fingerprint(key)
    except InvalidKeyError as error:
        raise InvalidKeyError(f"{owner}: {error}") from None


# ---- known values --------------------------------------------------------------------------------


class Trust:
    """The trust of a client in its server, with the file of known keys and encryption settings."""

    def __init__(self, url: str, mode: TrustMode, path: Path | None) -> None:
        self._server = canonical_url(url)
        self.mode: TrustMode = mode
        self._path = path
        self._warned: set[int] = set()

    @property
    def path(self) -> Path:
        """The file of known values."""
        if self._path:
            return self._path
        if chosen := os.environ.get(KNOWN_VARIABLE):
            return file_path(chosen, KNOWN_VARIABLE)
        from platformdirs import user_data_path

        return user_data_path("vantage6-sdk", appauthor=False) / "known_organizations"

    def allows_plain(self, row: Collaboration, *, has_key: bool) -> bool:
        """Return whether input for a collaboration is sent unencrypted; warn once if it is."""
        self._check([_encryption_pin(row)], check_encryption)
        is_plain = not row["encrypted"]
        if is_plain and has_key and row["id"] not in self._warned:
            self._warned.add(row["id"])
            LOGGER.warning(
                "According to the server, collaboration %s (id %s) is not encrypted: the server "
                "can read what you send to it",
                row.get("name"),
                row["id"],
            )
        return is_plain

    def check_keys(
        self, ids: Iterable[int], members: Iterable[Organization], own: tuple[int, str]
    ) -> None:
        """Decide whether to encrypt with the public keys from the server."""
        from .keys import fingerprint

        own_id, own_key = own
        if self.mode == "off":
            return
        recipients = {*ids, own_id}
        rows = [row for row in members if row["id"] in recipients and row.get("public_key")]
        pins = {row["id"]: _key_pin(row) for row in rows}
        own_pin = Pin("organization", own_id, fingerprint(own_key), "")
        check_own_key(self.mode, own_pin, pins.get(own_id))

        def decide(trust: TrustMode, known: Known, pin: Pin) -> Pin | None:
            if pin.id_ != own_id:
                return check_key(trust, known, pin, self._elsewhere(pin))
            check_name(trust, known, pin)  # its key was just compared with the private key
            return None if pin in known else pin

        self._check([*pins.values()], decide)

    def encrypted_collaborations(self) -> set[int]:
        """Return the collaborations that are known to be encrypted."""
        if self.mode == "off":
            return set()
        known = self._known(read_text(self.path))
        return {pin.id_ for pin in known if pin.value == ENCRYPTED}

    def check_name(self, kind: Kind, row: AnyRow) -> None:
        """Check that the name of a row, by which it was found, still means what it meant."""
        if self.mode != "off":
            pin = Pin(kind, row["id"], "", row.get("name") or "")
            check_name(self.mode, self._known(read_text(self.path)), pin)

    def accept_store(self, row: AlgorithmStore, url: str, *, trusted: bool) -> None:
        """Check the origin of an algorithm store, which receives the login, or accept it."""
        parts = urlsplit(canonical_url(url))
        origin = f"{parts.scheme}://{parts.netloc}"
        pin = Pin("store", row["id"], origin, row.get("name") or "algorithm store")
        if trusted:
            self._store(lambda _: [pin])
        else:
            self._check([pin], check_store)

    def accept_key(self, row: Organization, expected: str | None) -> str:
        """Store the public key of an organization in place of the known one."""
        pin = _key_pin(row)
        if expected is not None and expected != pin.value:
            raise KeyMismatchError(
                f"public key of organization {pin.id_} ({pin.name}): expected the one that you "
                "trust, got another from the server, so nothing was accepted",
                local=expected,
                server=pin.value,
            )
        self._store(lambda _: [pin])
        return pin.value

    def accept_encryption(self, row: Collaboration) -> bool:
        """Store whether a collaboration is encrypted in place of the known value."""
        pin = _encryption_pin(row)
        self._store(lambda _: [pin])
        return pin.value == ENCRYPTED

    def _check(
        self, current: list[Pin], decide: Callable[[TrustMode, Known, Pin], Pin | None]
    ) -> None:
        """Decide on the server's values, and store new ones."""

        def new_pins(known: Known) -> list[Pin]:
            decisions = [decide(self.mode, known, pin) for pin in current]
            return [pin for pin in decisions if pin]

        if self.mode == "off" or not new_pins(self._known(read_text(self.path))):
            return
        for pin in self._store(new_pins):
            server = self._elsewhere(pin)
            how = f"Known from {server}" if server else "Trusting on first use"
            LOGGER.info("%s: %s %s: %s", how, pin.kind, pin.id_, pin.value)

    def _store(self, decide: Callable[[Known], list[Pin]]) -> list[Pin]:
        """Decide under a lock against other processes, and write all of the new pins or none."""
        path = self.path.resolve()  # replace the target of a link, not the link
        try:
            with file_lock(path):
                text = read_text(path)
                pins = decide(self._known(text))
                for pin in pins:
                    _check_has_name(pin)
                with atomic_write(path) as file:
                    file.write(update_text(text, self._server, pins).encode())
        except OSError as error:
            raise ConfigurationError(
                f"{path}: the public keys of other organizations cannot be stored here: "
                f"{error.strerror}. Pass another file as known_organizations, or set the "
                f"environment variable {KNOWN_VARIABLE}."
            ) from None
        return pins

    def _elsewhere(self, pin: Pin) -> str | None:
        """Return another server where the key of an organization of this name is known."""
        if pin.kind != "organization":
            return None
        return server_with(read_text(self.path), pin, str(self.path), self._server)

    def _known(self, text: str) -> Known:
        return parse_known(text, self._server, str(self.path))


def _encryption_pin(row: Collaboration) -> Pin:
    value = ENCRYPTED if row["encrypted"] else PLAIN
    return Pin("collaboration", row["id"], value, row.get("name") or "")


def _key_pin(row: Organization) -> Pin:
    return Pin("organization", row["id"], fingerprint_of(row), row.get("name") or "")
