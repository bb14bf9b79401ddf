"""Key files, and the file of what is known of other organizations' keys."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from vantage6.bindings.secret import SecretBytes

from ._files import locked, replacing, text_of, warn_if_shared
from ._pins import (
    ENCRYPTED,
    PLAIN,
    Known,
    Pin,
    TrustMode,
    check_encryption,
    check_key,
    check_own_key,
    read,
    server_name,
    write,
)
from ._settings import LOGGER
from .errors import ConfigurationError, InvalidKeyError, KeyMismatchError

if TYPE_CHECKING:
    from vantage6.bindings.server.rows import Collaboration, Organization

KNOWN_VARIABLE = "VANTAGE6_KNOWN_ORGANIZATIONS"


# ---- key files -----------------------------------------------------------------------------------


def write_private_key(path: Path, pem: bytes) -> None:
    """Write a private key to a new file that nobody else can read.

    Parameters
    ----------
    path : Path
        The file.
    pem : bytes
        The key.

    Raises
    ------
    FileExistsError
        When there is such a file already.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise key_file_is_there(path) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(descriptor)  # the server is about to be told of it
    except BaseException:  # a part of a key is worth nothing, and would be in the way
        path.unlink()
        raise


def key_file_is_there(path: Path) -> FileExistsError:
    """Say that a key is not written over a file.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    FileExistsError
        The error to raise.
    """
    return FileExistsError(
        f"{path} is there already, and a key is never overwritten: choose another name"
    )


def read_private_key(path: Path) -> bytes:
    """Read a key file, and warn when others can read it too.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    bytes
        Its content.
    """
    with path.open("rb") as file:
        warn_if_shared(file.fileno(), f"the private key {path}")
        return SecretBytes(file.read())


def fingerprint_of(row: Organization) -> str:
    """Give the fingerprint of an organization's public key.

    Parameters
    ----------
    row : Organization
        What the server says of it.

    Returns
    -------
    str
        The fingerprint.

    Raises
    ------
    InvalidKeyError
        When it has no key, or none that can be read.
    """
    from ._crypto import fingerprint

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
    """How far a client goes by what its server says, and what it remembers of it.

    Parameters
    ----------
    url : str
        The address of the server's API.
    mode : {"first-use", "strict", "off"}
        How far to go by what the server says.
    path : Path or None
        The file of what is known; None for that of the environment, or else the user's own.
    """

    def __init__(self, url: str, mode: TrustMode, path: Path | None) -> None:
        self._server = server_name(url)
        self._mode: TrustMode = mode
        self._path = path
        self._told: set[int] = set()

    @property
    def path(self) -> Path:
        """The file of what is known."""
        if self._path:
            return self._path
        if chosen := os.environ.get(KNOWN_VARIABLE):
            return Path(chosen)
        from platformdirs import user_data_path

        return user_data_path("vantage6-sdk", appauthor=False) / "known_organizations"

    def may_be_plain(self, row: Collaboration, *, has_key: bool) -> bool:
        """Decide whether input for a collaboration goes unencrypted.

        Parameters
        ----------
        row : Collaboration
            What the server says of it.
        has_key : bool
            Whether the user has set up encryption.

        Returns
        -------
        bool
            Whether it does.

        Raises
        ------
        NotEncryptedError
            When the server says that it may, and that is not to be believed.
        """
        self._check([_encryption_pin(row)], check_encryption)
        is_plain = not row["encrypted"]
        if is_plain and has_key and row["id"] not in self._told:
            self._told.add(row["id"])
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
        """Decide whether to encrypt with the public keys that the server gives.

        Parameters
        ----------
        ids : iterable of int
            The organizations to encrypt for.
        members : iterable of Organization
            What the server says of these and others.
        own : tuple of int and str
            The user's organization and its public key, which is known for sure. It is looked at in
            any case, since results are encrypted with it.

        Raises
        ------
        PublicKeyChangedError
            When another key is known of an organization.
        UntrustedKeyError
            When nothing is known of one, and that is not enough.
        InvalidKeyError
            When a key cannot be read.
        """
        from ._crypto import fingerprint

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
        """Remember the public key of an organization, in place of what was known of it.

        Parameters
        ----------
        row : Organization
            What the server says of it.
        expected : str or None
            The fingerprint that the key is to have, if the user knows.

        Returns
        -------
        str
            The fingerprint of the key.

        Raises
        ------
        InvalidKeyError
            When there is no key, or it cannot be read.
        KeyMismatchError
            When it has another fingerprint.
        """
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
        """Remember whether a collaboration is encrypted, in place of what was known of it.

        Parameters
        ----------
        row : Collaboration
            What the server says of it.

        Returns
        -------
        bool
            Whether it is.
        """
        now = _encryption_pin(row)
        self._remember(lambda _: [now])
        return now.value == ENCRYPTED

    def _check(self, now: list[Pin], decide: Callable[[TrustMode, Known, Pin], Pin | None]) -> None:
        """Decide on what the server says, and remember what is new."""

        def news(known: Known) -> list[Pin]:
            found = [decide(self._mode, known, pin) for pin in now]
            return [pin for pin in found if pin]

        if self._mode == "off" or not news(self._known(text_of(self.path))):
            return
        for pin in self._remember(news):
            LOGGER.info("Trusting on first use: %s %s: %s", pin.kind, pin.id_, pin.value)

    def _remember(self, decide: Callable[[Known], list[Pin]]) -> list[Pin]:
        """Decide again while no other process can write, and write what came of it, all or none."""
        path = self.path.resolve()  # what a link points to is to be replaced, not the link
        try:
            with locked(path):
                text = text_of(path)
                pins = decide(self._known(text))
                with replacing(path) as file:
                    file.write(write(text, self._server, pins).encode())
        except OSError as error:
            raise ConfigurationError(
                f"the public keys of other organizations cannot be remembered in {path}: "
                f"{error.strerror}; give the client another file as known_organizations, or in the "
                f"environment variable {KNOWN_VARIABLE}"
            ) from None
        return pins

    def _known(self, text: str) -> Known:
        return read(text, self._server, str(self.path))


def _encryption_pin(row: Collaboration) -> Pin:
    value = ENCRYPTED if row["encrypted"] else PLAIN
    return Pin("collaboration", row["id"], value, row.get("name") or "")


def _key_pin(row: Organization) -> Pin:
    return Pin("organization", row["id"], fingerprint_of(row), row.get("name") or "")
