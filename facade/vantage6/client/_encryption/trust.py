"""Decide whether to trust the keys and encryption settings that a server reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, cast, get_args

from .._storage.files import atomic_write, file_lock, read_text
from .._storage.known_keys import ENCRYPTED, PLAIN, Known, Pin, parse_known, update_text
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
    from vantage6.bindings.server.rows import Collaboration, Organization

TrustMode: TypeAlias = Literal["first-use", "strict", "off"]


def trust_mode(trust: str) -> TrustMode:
    """Check a trust mode."""
    if trust not in get_args(TrustMode):
        modes = ", ".join(map(repr, get_args(TrustMode)))
        raise ConfigurationError(f"trust: expected one of {modes}, got {trust!r}")
    return cast("TrustMode", trust)


# ---- decisions -----------------------------------------------------------------------------------


def check_key(trust: TrustMode, known: Known, current: Pin) -> Pin | None:
    """Decide whether to encrypt with the server's key of an organization; return a new pin."""
    if trust == "off":
        return None
    previous = known.get((current.kind, current.id_))
    if previous and previous.value == current.value:
        return None
    previous = previous or _namesake(known, current)
    subject = f"public key of organization {current.id_} ({current.name})"
    hint = (
        "Nothing was sent. Ask the organization for the fingerprint of its key, for example by "
        "telephone, but not through the server. If it matches the server's key, accept it with "
        f"client.organization.trust({current.id_}, {current.value!r})."
    )
    if previous:
        is_same = previous.id_ == current.id_
        origin = "" if is_same else f", previously organization {previous.id_}"
        raise PublicKeyChangedError(
            f"{subject}{origin}: expected the known key {previous.value}, got {current.value} from "
            f"the server. {hint}",
            organization_id=current.id_,
            known=previous.value,
            server=current.value,
        )
    if trust == "strict":
        raise UntrustedKeyError(
            f"{subject}: expected an accepted key, got {current.value}, which has not been "
            f"accepted yet. {hint}",
            organization_id=current.id_,
            server=current.value,
        )
    return current


def check_own_key(trust: TrustMode, own: Pin, current: Pin) -> None:
    """Check that the server's key of the user's organization belongs to the private key in use."""
    if trust != "off" and current.value != own.value:
        raise PublicKeyChangedError(
            f"public key of your own organization {current.id_} ({current.name}): expected "
            f"{own.value}, the key of the private key in use, got {current.value} from the server. "
            "Results would be encrypted with it, so nothing was sent. If a colleague has replaced "
            "the key, call setup_encryption() with the new private key.",
            organization_id=current.id_,
            known=own.value,
            server=current.value,
        )


def check_encryption(trust: TrustMode, known: Known, current: Pin) -> Pin | None:
    """Decide whether to believe the server about a collaboration's encryption; return a new pin."""
    if trust == "off":
        return None
    previous = known.get((current.kind, current.id_))
    if current.value == ENCRYPTED:  # safe, regardless of the known value
        return None if previous == current else current
    if previous and previous.value == PLAIN:
        return None
    if previous or _namesake(known, current):
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


def _namesake(known: Known, current: Pin) -> Pin | None:
    """Find a pin with the same name, but a different value, under another identifier."""
    for pin in known.values():
        is_same_name = pin.kind == current.kind and pin.name == current.name != ""
        if is_same_name and pin.value != current.value:
            return pin
    return None


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
        self._mode: TrustMode = mode
        self._path = path
        self._warned: set[int] = set()

    @property
    def path(self) -> Path:
        """The file of known values."""
        if self._path:
            return self._path
        if chosen := os.environ.get(KNOWN_VARIABLE):
            return Path(chosen)
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
        if self._mode == "off":
            return
        recipients = {*ids, own_id}
        rows = [row for row in members if row["id"] in recipients and row.get("public_key")]
        pins = [_key_pin(row) for row in rows]
        own_pin = Pin("organization", own_id, fingerprint(own_key), "")
        for pin in pins:
            if pin.id_ == own_id:
                check_own_key(self._mode, own_pin, pin)
        self._check([pin for pin in pins if pin.id_ != own_id], check_key)

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
            decisions = [decide(self._mode, known, pin) for pin in current]
            return [pin for pin in decisions if pin]

        if self._mode == "off" or not new_pins(self._known(read_text(self.path))):
            return
        for pin in self._store(new_pins):
            LOGGER.info("Trusting on first use: %s %s: %s", pin.kind, pin.id_, pin.value)

    def _store(self, decide: Callable[[Known], list[Pin]]) -> list[Pin]:
        """Decide under a lock against other processes, and write all of the new pins or none."""
        path = self.path.resolve()  # replace the target of a link, not the link
        try:
            with file_lock(path):
                text = read_text(path)
                pins = decide(self._known(text))
                with atomic_write(path) as file:
                    file.write(update_text(text, self._server, pins).encode())
        except OSError as error:
            raise ConfigurationError(
                f"{path}: the public keys of other organizations cannot be stored here: "
                f"{error.strerror}. Pass another file as known_organizations, or set the "
                f"environment variable {KNOWN_VARIABLE}."
            ) from None
        return pins

    def _known(self, text: str) -> Known:
        return parse_known(text, self._server, str(self.path))


def _encryption_pin(row: Collaboration) -> Pin:
    value = ENCRYPTED if row["encrypted"] else PLAIN
    return Pin("collaboration", row["id"], value, row.get("name") or "")


def _key_pin(row: Organization) -> Pin:
    return Pin("organization", row["id"], fingerprint_of(row), row.get("name") or "")
