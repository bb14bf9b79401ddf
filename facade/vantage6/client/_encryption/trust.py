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
    """Check how far a client is to go by what the server says."""
    if trust not in get_args(TrustMode):
        modes = ", ".join(map(repr, get_args(TrustMode)))
        raise ConfigurationError(f"trust must be one of {modes}, not {trust!r}")
    return cast("TrustMode", trust)


# ---- the decisions -------------------------------------------------------------------------------


def check_key(trust: TrustMode, known: Known, now: Pin) -> Pin | None:
    """Decide whether to encrypt with the public key that the server gives for an organization."""
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
    """Decide whether results may be encrypted with what the server gives as the user's own key."""
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
    """Decide whether to go by what the server says of the encryption of a collaboration."""
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


KNOWN_VARIABLE = "VANTAGE6_KNOWN_ORGANIZATIONS"


def fingerprint_of(row: Organization) -> str:
    """Return the fingerprint of an organization's public key."""
    from .keys import fingerprint

    who = f"organization {row['id']} ({row.get('name')})"
    key = row.get("public_key")
    if not key:
        raise InvalidKeyError(f"{who} has no public key on the server yet")
    try:
        return fingerprint(key)
    except InvalidKeyError as error:
        raise InvalidKeyError(f"the public key of {who}: {error}") from None


# ---- what is known -------------------------------------------------------------------------------


class Trust:
    """How far a client goes by what its server says, and what it remembers of it."""

    def __init__(self, url: str, mode: TrustMode, path: Path | None) -> None:
        self._server = canonical_url(url)
        self._mode: TrustMode = mode
        self._path = path
        self._warned: set[int] = set()

    @property
    def path(self) -> Path:
        """The file of what is known."""
        if self._path:
            return self._path
        if chosen := os.environ.get(KNOWN_VARIABLE):
            return Path(chosen)
        from platformdirs import user_data_path

        return user_data_path("vantage6-sdk", appauthor=False) / "known_organizations"

    def allows_plain(self, row: Collaboration, *, has_key: bool) -> bool:
        """Decide whether input for a collaboration goes unencrypted."""
        self._check([_encryption_pin(row)], check_encryption)
        is_plain = not row["encrypted"]
        if is_plain and has_key and row["id"] not in self._warned:
            self._warned.add(row["id"])
            LOGGER.warning(
                "Collaboration %s (id %s) is not encrypted, says the server: it can read what you "
                "send there",
                row.get("name"),
                row["id"],
            )
        return is_plain

    def check_keys(
        self, ids: Iterable[int], members: Iterable[Organization], own: tuple[int, str]
    ) -> None:
        """Decide whether to encrypt with the public keys that the server gives."""
        from .keys import fingerprint

        own_id, own_key = own
        if self._mode == "off":
            return
        wanted = {*ids, own_id}
        rows = [row for row in members if row["id"] in wanted and row.get("public_key")]
        pins = [_key_pin(row) for row in rows]
        mine = Pin("organization", own_id, fingerprint(own_key), "")
        for pin in pins:
            if pin.id_ == own_id:
                check_own_key(self._mode, mine, pin)
        self._check([pin for pin in pins if pin.id_ != own_id], check_key)

    def accept_key(self, row: Organization, expected: str | None) -> str:
        """Remember the public key of an organization, in place of what was known of it."""
        now = _key_pin(row)
        if expected is not None and expected != now.value:
            raise KeyMismatchError(
                f"the public key that the server gives for organization {now.id_} ({now.name}) is "
                "not the one that you trust, so nothing is trusted now",
                local=expected,
                server=now.value,
            )
        self._remember(lambda _: [now])
        return now.value

    def accept_encryption(self, row: Collaboration) -> bool:
        """Remember whether a collaboration is encrypted, in place of what was known of it."""
        now = _encryption_pin(row)
        self._remember(lambda _: [now])
        return now.value == ENCRYPTED

    def _check(self, now: list[Pin], decide: Callable[[TrustMode, Known, Pin], Pin | None]) -> None:
        """Decide on what the server says, and remember what is new."""

        def news(known: Known) -> list[Pin]:
            found = [decide(self._mode, known, pin) for pin in now]
            return [pin for pin in found if pin]

        if self._mode == "off" or not news(self._known(read_text(self.path))):
            return
        for pin in self._remember(news):
            LOGGER.info("Trusting on first use: %s %s: %s", pin.kind, pin.id_, pin.value)

    def _remember(self, decide: Callable[[Known], list[Pin]]) -> list[Pin]:
        """Decide again while no other process can write, and write what came of it, all or none."""
        path = self.path.resolve()  # what a link points to is to be replaced, not the link
        try:
            with file_lock(path):
                text = read_text(path)
                pins = decide(self._known(text))
                with atomic_write(path) as file:
                    file.write(update_text(text, self._server, pins).encode())
        except OSError as error:
            raise ConfigurationError(
                f"the public keys of other organizations cannot be remembered in {path}: "
                f"{error.strerror}; give the client another file as known_organizations, or in the "
                f"environment variable {KNOWN_VARIABLE}"
            ) from None
        return pins

    def _known(self, text: str) -> Known:
        return parse_known(text, self._server, str(self.path))


def _encryption_pin(row: Collaboration) -> Pin:
    value = ENCRYPTED if row["encrypted"] else PLAIN
    return Pin("collaboration", row["id"], value, row.get("name") or "")


def _key_pin(row: Organization) -> Pin:
    return Pin("organization", row["id"], fingerprint_of(row), row.get("name") or "")
