"""Saved logins: their file format, and reading, writing and finding the files."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from vantage6.bindings.secret import Secret, SecretBytes, conceal

from .._storage.files import atomic_write, create_private_folder, file_lock
from .._storage.permissions import check_access
from .._utils.logging import LOGGER
from .._utils.urls import canonical_url
from ..errors import ConfigurationError
from .tokens import Tokens, claims

if TYPE_CHECKING:
    from .realm import Realm

# Version 1 has logins of servers 4.x, version 2 those of HQ.
FORMATS = (1, 2)


@dataclass(frozen=True)
class Account:
    """Whose login it is: a user at a server, and the realm where users of HQ log in."""

    url: str
    username: str
    realm: Realm | None

    @property
    def file_name(self) -> str:
        """The name of the file for a login of this account."""
        from hashlib import sha256  # slow to load

        name = canonical_url(self.url)
        host = urlsplit(name).hostname
        plain = re.sub(r"[^\w.-]+", "_", f"{host}-{self.username}", flags=re.ASCII)[:80]
        realm = f" {self.realm.url} {self.realm.client}" if self.realm else ""
        # A username may contain lone surrogates, which UTF-8 cannot encode.
        exact = f"{name} {self.username}{realm}".encode(errors="surrogatepass")
        return f"{plain}-{sha256(exact).hexdigest()[:8]}.json"


@dataclass(frozen=True)
class StoredLogin:
    """The content of a saved login file."""

    server: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    saved_at: float
    renew_in: float | None
    auth_url: str | None = None
    auth_client: str | None = None

    @classmethod
    def of(cls, account: Account, tokens: Tokens, clock: float, now: float) -> StoredLogin:
        """Create the content from a login; `clock` is monotonic time, `now` the date."""
        left = tokens.renew_at - clock
        renew_in = None if left == float("inf") else left
        realm = account.realm
        return cls(
            canonical_url(account.url),
            account.username,
            tokens.access,
            tokens.refresh,
            now,
            renew_in,
            realm.url if realm else None,
            realm.client if realm else None,
        )

    @property
    def realm(self) -> Realm | None:
        """The realm of a login at HQ."""
        if not self.auth_url:
            return None
        from .realm import Realm  # not at the top: clients of servers 4.x start without it

        return Realm.parse(self.auth_url, None, self.auth_client)

    def tokens(self, clock: float, now: float) -> Tokens:
        """Return the tokens with their renewal time on the current clock."""
        age = now - self.saved_at
        left = float("inf") if self.renew_in is None else self.renew_in - age
        return Tokens(
            Secret(self.access_token), Secret(self.refresh_token), clock + (left if age >= 0 else 0)
        )

    def is_of(self, url: str | None, username: str | None) -> bool:
        """Return whether this is a login of a user at a server; None matches any."""
        return (url is None or canonical_url(url) == self.server) and username in (
            None,
            self.username,
        )

    def is_login_of(self, account: Account) -> bool:
        """Return whether this is a login of an account, at the same realm if it has one."""
        return self.is_of(account.url, account.username) and self.realm == account.realm

    def written(self) -> bytes:
        """Return the login as the bytes of its file."""
        content = {"format": FORMATS[bool(self.auth_url)], **asdict(self)}
        if not self.auth_url:
            del content["auth_url"], content["auth_client"]
        return json.dumps(content, indent=1).encode()


def parse_login(content: bytes, source: Path) -> StoredLogin:
    """Parse the content of a saved login file."""
    with suppress(ValueError, KeyError, TypeError, RecursionError):
        found = conceal(cast("dict[str, object]", json.loads(content)))
        is_hq = FORMATS.index(cast("int", found["format"])) == 1
        strings = ("server", "username", "access_token", "refresh_token")
        texts = (*strings, "auth_url", "auth_client") if is_hq else strings
        numbers = ("saved_at", "renew_in")
        is_typed = all(isinstance(found[name], str) for name in texts) and all(
            isinstance(found[name], int | float | None) for name in numbers
        )
        if is_typed and found["saved_at"] is not None and (is_hq or _has_user(found)):
            return StoredLogin(**{name: cast("Any", found[name]) for name in (*texts, *numbers)})
    # Raised outside the block above, so that it is not chained to an error that holds the tokens.
    raise ConfigurationError(
        f"{source}: expected a saved login of this version, got something else. "
        "Log in again and save the login again."
    )


def _has_user(found: dict[str, object]) -> bool:
    return isinstance(claims(str(found["access_token"])).get("sub"), int)


def find_login(
    all_saved: Iterable[tuple[Path, StoredLogin]],
    url: str | None,
    username: str | None,
    realm: Realm | None = None,
) -> tuple[Path, StoredLogin] | None:
    """Return the saved login of a user at a server, and at a realm; None matches any."""
    found = [(path, saved) for path, saved in all_saved if saved.is_of(url, username)]
    if realm:
        others, found = found, [each for each in found if each[1].realm == realm]
        if others and not found:  # its refresh token must not go to another realm
            path, saved = others[0]
            own = saved.realm
            raise ConfigurationError(
                f"auth_url, auth_client: expected {own.url if own else 'none'} and "
                f"{own.client if own else 'none'}, where the login in {path} is from, got "
                f"{realm.url} and {realm.client}. Log in again with 'v6c login' or login='code' if "
                "this change is correct, or delete the file."
            )
    if len(found) > 1:
        several = ", ".join(f"{saved.username} at {saved.server} ({path})" for path, saved in found)
        raise ConfigurationError(
            f"saved login: expected one, got several. Specify server and username: {several}"
        )
    return found[0] if found else None


def check_owner(saved: StoredLogin, source: Path, url: str | None, username: str | None) -> None:
    """Reject a saved login of a different server or user."""
    if not saved.is_of(url, username):
        expected = " at ".join(part for part in (username, url) if part)
        raise ConfigurationError(
            f"{source}: expected the login of {expected}, "
            f"got the login of {saved.username} at {saved.server}"
        )


# ---- files --------------------------------------------------------------------------------------


def check_folder() -> None:
    """Raise ConfigurationError if a login cannot be saved in the default folder."""
    folder = logins_folder()
    try:
        create_private_folder(folder)
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(1 << 14))
            file.flush()
    except OSError as error:
        raise ConfigurationError(f"cannot save a login in {folder}: {error.strerror}") from None


def logins_folder() -> Path:
    """Return the default folder of saved logins."""
    from platformdirs import user_state_path

    return user_state_path("vantage6", appauthor=False) / "sessions"


def write_login(saved: StoredLogin, path: Path) -> None:
    """Write a login to a file that only its owner can read, replacing an existing link."""
    try:
        if path.parent == logins_folder():
            create_private_folder(path.parent)
            path.parent.chmod(0o700)
        with atomic_write(path) as file:
            file.write(saved.written())
    except OSError as error:
        raise ConfigurationError(f"cannot save the login to {path}: {error.strerror}") from None


def read_login(path: Path) -> StoredLogin:
    """Read a login from a file; refuse it if other users can read or write it."""
    try:
        # Links are not followed: another user could plant one that points to a login of their own.
        # O_NONBLOCK: do not wait for a writer if the path is a pipe.
        flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(path, os.O_RDONLY | flags)
    except OSError as error:
        reason = "it is a link" if path.is_symlink() else error.strerror
        raise ConfigurationError(f"cannot read a saved login from {path}: {reason}") from None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or (os.name == "posix" and facts.st_uid != os.geteuid()):
        os.close(descriptor)
        raise ConfigurationError(
            f"cannot read a saved login from {path}: it is not a regular file that you own"
        )
    with os.fdopen(descriptor, "rb") as file:
        check_access(path, f"the login in {path}", is_secret=True, is_private=True)
        return parse_login(SecretBytes(file.read()), path)


def saved_logins() -> Iterator[tuple[Path, StoredLogin]]:
    """Read the logins in the default folder; log a warning for each file that cannot be read."""
    for path in sorted(logins_folder().glob("*.json")):
        try:
            yield path, read_login(path)
        except ConfigurationError as error:
            LOGGER.warning("%s", error)


def delete_login(path: Path) -> bool:
    """Delete the file of a saved login; return whether there was one."""
    if not path.exists():
        return False
    with file_lock(path):  # else a renewal in another program could write it again
        try:
            path.unlink()
        except FileNotFoundError:
            return False
    return True
